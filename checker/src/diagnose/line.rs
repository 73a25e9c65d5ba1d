//! The lines of a log as their writers wrote them: without colours, time stamps and the wrappings of log collectors.

use std::borrow::Cow;

use serde_json::Value;

/// Longest part of a line that is looked at.
const WIDTH: usize = 4000;

/// One line.
pub(super) struct Line<'l> {
    /// One-based number.
    pub(super) number: usize,
    /// What was written.
    pub(super) text: Cow<'l, str>,
    /// Its level, where the writer says so.
    pub(super) level: Option<&'static str>,
}

/// Splits a log.
pub(super) fn lines(log: &str) -> Vec<Line<'_>> {
    log.lines().enumerate().map(|(at, line)| read(at + 1, line)).collect()
}

fn read(number: usize, line: &str) -> Line<'_> {
    let cut = line.char_indices().nth(WIDTH).map_or(line, |(at, _)| &line[..at]);
    let plain = without_colours(cut);
    if let Some((text, level)) = from_json(plain.trim()) {
        return Line { number, text: Cow::Owned(without_colours(&text).into_owned()), level };
    }
    let text = match plain {
        Cow::Borrowed(text) => Cow::Borrowed(without_stamps(text)),
        Cow::Owned(text) => Cow::Owned(without_stamps(&text).to_owned()),
    };
    let level =
        [" INFO ", " DEBUG ", "[INFO]", "[DEBUG]"].iter().any(|word| text.contains(word)).then_some("info");
    Line { number, text, level }
}

/// Drops ANSI escape sequences and carriage returns.
fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains(['\u{1b}', '\r']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => {
                if chars.next() == Some('[') {
                    let _ = chars.by_ref().find(|char| ('@'..='~').contains(char));
                }
            }
            '\r' => {}
            char => out.push(char),
        }
    }
    Cow::Owned(out)
}

/// Drops what collectors put before a line: a time stamp of RFC 3339, `[inf]`, BuildKit's `#12 3.456`.
fn without_stamps(text: &str) -> &str {
    let mut rest = text;
    if let Some((stamp, after)) = rest.split_once(' ')
        && stamp.len() >= 20
        && stamp.ends_with('Z')
        && stamp.as_bytes().get(10) == Some(&b'T')
    {
        rest = after.trim_start();
    }
    for mark in ["[inf]", "[err]", "[warn]", "[dbg]"] {
        rest = rest.strip_prefix(mark).map_or(rest, str::trim_start);
    }
    if let Some(after) = rest.strip_prefix('#')
        && let Some((step, after)) = after.split_once(' ')
        && !step.is_empty()
        && step.bytes().all(|byte| byte.is_ascii_digit())
    {
        rest = after;
        if let Some((seconds, after)) = rest.split_once(' ')
            && seconds.parse::<f64>().is_ok()
        {
            rest = after;
        }
    }
    rest
}

/// The message and level of a line that is a JSON object, with its error.
fn from_json(text: &str) -> Option<(String, Option<&'static str>)> {
    if !text.starts_with('{') || !text.ends_with('}') {
        return None;
    }
    let object: Value = serde_json::from_str(text).ok()?;
    let level = object.get("level").or_else(|| object.get("severity")).and_then(Value::as_str);
    let level = level.and_then(|level| {
        ["info", "debug", "warn", "error", "fatal"]
            .into_iter()
            .find(|known| level.to_ascii_lowercase().starts_with(known))
    });
    let message = ["message", "msg", "event", "text"].iter().find_map(|key| object.get(*key)?.as_str())?;
    let error =
        ["error", "err", "exception", "stack", "exc_info"].iter().find_map(|key| match object.get(*key)? {
            Value::String(text) => Some(text.clone()),
            Value::Object(inner) => inner.get("message").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        });
    let text =
        error.map_or_else(|| message.to_owned(), |error| format!("{message} {}", error.replace('\n', " ")));
    Some((text, level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappings_come_off() {
        for (line, text) in [
            ("2026-11-25T09:14:02.118304421Z [err]  dockerfile invalid", "dockerfile invalid"),
            ("#12 3.456 npm error code", "npm error code"),
            ("#7 [2/4] RUN x", "[2/4] RUN x"),
            ("\u{1b}[91m/bin/sh: pip: not found\u{1b}[0m", "/bin/sh: pip: not found"),
            ("{\"level\":\"error\",\"msg\":\"boom\",\"err\":{\"message\":\"why\"}}", "boom why"),
            ("# a comment", "# a comment"),
            ("{not json}", "{not json}"),
        ] {
            assert_eq!(read(1, line).text, text);
        }
    }
}

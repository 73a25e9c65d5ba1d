//! Words, quotes, JSON arrays and flags inside one logical line.

use std::ops::Range;

use super::lines::Logical;
use super::{Flag, Spanned};

/// Splits at white space outside quotes; quotes and escapes stay in the word, as BuildKit's name-value parser has it.
pub(super) fn quoted_words(text: &str, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        if quote.is_none() && char.is_whitespace() {
            if let Some(start) = start.take() {
                words.push(start..at);
            }
            continue;
        }
        start.get_or_insert(at);
        match (quote, char) {
            (_, char) if char == escape && quote != Some('\'') => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), char) if open == char => quote = None,
            _ => {}
        }
    }
    words.extend(start.map(|start| start..text.len()));
    words
}

/// Splits at white space, quotes or not.
pub(super) fn plain_words(text: &str) -> Vec<Range<usize>> {
    let base = text.as_ptr() as usize;
    text.split_whitespace()
        .map(|word| (word.as_ptr() as usize - base, word.len()))
        .map(|(at, len)| at..at + len)
        .collect()
}

/// Drops one level of quotes and escapes: `"a b"` is `a b`.
pub(super) fn unquote(word: &str, escape: char) -> String {
    let mut out = String::with_capacity(word.len());
    let mut quote = None;
    let mut chars = word.chars().peekable();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), char) if open == char => quote = None,
            (quote, char) if char == escape && quote != Some('\'') => match chars.next() {
                Some('$') => out.extend([escape, '$']),
                Some(next) if quote.is_none() || matches!(next, '"') || next == escape => out.push(next),
                Some(next) => out.extend([char, next]),
                None => out.push(char),
            },
            _ => out.push(char),
        }
    }
    out
}

/// Reads a JSON array of strings that fills the whole text; `None` when it is anything else.
pub(super) fn json_array(line: &Logical) -> Option<Vec<Spanned<String>>> {
    let trimmed = line.trimmed();
    if !trimmed.text.starts_with('[') {
        return None;
    }
    let values: Vec<String> = serde_json::from_str(&trimmed.text).ok()?;
    let places = string_places(&trimmed.text);
    let spanned =
        values.into_iter().zip(places).map(|(value, place)| Spanned { value, span: trimmed.span(place) });
    Some(spanned.collect())
}

/// Places of the string literals of valid JSON, quotes included.
fn string_places(json: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut start = None;
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate() {
        match (start, byte) {
            (_, _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (None, b'"') => start = Some(at),
            (Some(from), b'"') => {
                places.push(from..at + 1);
                start = None;
            }
            _ => {}
        }
    }
    places
}

/// Takes the leading `--name[=value]` words off; what is left is the rest of the line.
pub(super) fn flags(line: &Logical, escape: char) -> (Vec<Flag>, Logical) {
    let mut flags = Vec::new();
    let mut rest = 0;
    for range in quoted_words(&line.text, escape) {
        let word = &line.text[range.clone()];
        let Some(body) = word.strip_prefix("--") else { break };
        rest = range.end;
        if body.is_empty() {
            break;
        }
        let body = unquote(body, escape);
        let (name, value) = match body.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (body, None),
        };
        flags.push(Flag { name, value, span: line.span(range) });
    }
    (flags, line.slice(rest..line.text.len()).trimmed())
}

/// A heredoc opened on a line: delimiter, `-` form, quoted or not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// Delimiter without quotes.
    pub(super) name: String,
    /// `<<-`: leading tabs are dropped.
    pub(super) strip_tabs: bool,
    /// Unquoted, so that variables expand.
    pub(super) expands: bool,
    /// `<< EOF` with a blank, which only newer BuildKit reads as a heredoc.
    pub(super) spaced: bool,
    /// The words it takes up.
    pub(super) place: Range<usize>,
}

/// The heredocs that a line opens, in order.
pub(super) fn heredocs(text: &str, escape: char) -> Vec<Opening> {
    let words = quoted_words(text, escape);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(range) = words.get(at) {
        at += 1;
        let Some((strip_tabs, raw)) = heredoc_word(&text[range.clone()]) else { continue };
        if !raw.is_empty() {
            found.extend(opening(raw, strip_tabs, false, range.clone(), escape));
        } else if let Some(next) = words.get(at) {
            let place = range.start..next.end;
            let name = &text[next.clone()];
            at += 1;
            found.extend(opening(name, strip_tabs, true, place, escape));
        }
    }
    found
}

fn opening(raw: &str, strip_tabs: bool, spaced: bool, place: Range<usize>, escape: char) -> Option<Opening> {
    let raw = raw.trim_end_matches(';');
    let name = unquote(raw, escape);
    let expands = name == raw;
    let usable = !name.is_empty() && !name.contains(['<', '(', ')', '$', '`', '\n']);
    usable.then_some(Opening { name, strip_tabs, expands, spaced, place })
}

/// `<<EOF`, `3<<-EOF` or a bare `<<`: the strip flag and the delimiter as written.
fn heredoc_word(word: &str) -> Option<(bool, &str)> {
    let rest = word.trim_start_matches(|char: char| char.is_ascii_digit()).strip_prefix("<<")?;
    let (strip_tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    (!rest.contains('<')).then_some((strip_tabs, rest))
}

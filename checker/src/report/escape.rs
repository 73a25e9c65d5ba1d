//! Makes text of unknown origin inert: control characters for every output, markup for Markdown.

use std::fmt::Write;

/// Replaces control characters (tab becomes four spaces), and those that reorder or hide text, with visible escapes.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\t' => out.push_str("    "),
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' => {
                let _ = write!(out, "\\u{{{:x}}}", char as u32);
            }
            char if char.is_control() => {
                let _ = write!(out, "\\x{:02x}", char as u32);
            }
            char => out.push(char),
        }
    }
    out
}

/// Cuts `text` to at most `max` characters, with an ellipsis where something was lost.
pub(super) fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Text as HTML inside Markdown, safe in a table cell: no markup, mention, reference or link comes of it.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let printable = printable(text);
    let mut chars = printable.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '&' | '<' | '>' | '"' | '\'' | '`' | '*' | '_' | '|' | '[' | ']' | '(' | ')' | '\\' | '~'
            | '$' | '!' | '{' | '}' => {
                let _ = write!(out, "&#{};", char as u32);
            }
            // A zero-width space keeps GitHub from linking mentions, references and addresses.
            '@' | '#' => {
                let _ = write!(out, "&#{};&#8203;", char as u32);
            }
            ':' if chars.peek() == Some(&'/') => out.push_str(":&#8203;"),
            'w' | 'W' if chars.peek().is_some_and(|next| next.eq_ignore_ascii_case(&'w')) => {
                out.push(char);
                out.push_str("&#8203;");
            }
            char => out.push(char),
        }
    }
    out
}

/// A path as part of an address: everything but unreserved characters and `/` is percent-encoded.
pub(super) fn percent(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Inline code holding `text`.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", html(text))
}

/// A sentence of ours in which backticks mark code; everything else is inert.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('`').enumerate() {
        out.push_str(&if at % 2 == 1 { code(part) } else { html(part) });
    }
    out
}

/// With a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|char| char.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

/// A fenced block of `body` with everything in it made visible.
pub(super) fn fenced(language: &str, body: &str) -> String {
    let body: String = body.lines().map(|line| printable(line) + "\n").collect();
    fenced_raw(language, &body)
}

/// A fenced block of whole lines as they are; its fence is longer than any run of backticks inside.
pub(super) fn fenced_raw(language: &str, body: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for char in body.chars() {
        run = if char == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{body}{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_file_name_becomes_markup() {
        let hostile = "</details>|`x`|@team #1 [a](b) http://x \u{1b}[31m\n::error::";
        let shown = html(hostile);
        for markup in ["</details>", "`", "|", "@team", "#1 ", "](", "://", "\u{1b}", "\n"] {
            assert!(!shown.contains(markup), "{markup:?} in {shown}");
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert!(fenced("", "````\nx").starts_with("`````\n"));
    }

    #[test]
    fn text_is_cut_at_characters() {
        assert_eq!(shortened("aéb", 3), "aéb");
        assert_eq!(shortened("aébc", 3), "aé…");
    }
}

//! Patterns whose classes are of ASCII, because the checker carries no Unicode tables.

use std::sync::OnceLock;

use regex::{Captures, Match, Regex, bytes};

/// A pattern in which `\s`, `\d`, `\w` and `\b` stand for ASCII. To build one takes longer than most rules do, so it is
/// built at the first text that may match.
pub struct Pattern {
    source: &'static str,
    word: &'static str,
    built: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// `word` is in every text that matches `source`, as it is written; empty when no word is.
    pub const fn new(source: &'static str, word: &'static str) -> Self {
        Self { source, word, built: OnceLock::new() }
    }

    fn may_match(&self, text: &str) -> Option<&Regex> {
        if !text.contains(self.word) {
            return None;
        }
        self.built.get_or_init(|| Regex::new(&ascii(self.source)).ok()).as_ref()
    }

    /// Whether it matches somewhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.may_match(text).is_some_and(|built| built.is_match(text))
    }

    /// The first match in `text`.
    pub fn find<'t>(&self, text: &'t str) -> Option<Match<'t>> {
        self.may_match(text)?.find(text)
    }

    /// The groups of the first match in `text`.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.may_match(text)?.captures(text)
    }

    /// The groups of every match in `text`.
    pub fn captures_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
        self.may_match(text).into_iter().flat_map(move |built| built.captures_iter(text))
    }
}

/// Builds `text` for bytes: ASCII throughout, and without regard to case.
pub fn caseless(text: &str) -> Option<bytes::Regex> {
    bytes::RegexBuilder::new(text).unicode(false).case_insensitive(true).build().ok()
}

/// All of `texts` as `caseless`, to find in one pass which of them match.
pub fn caseless_set(texts: &[&str]) -> Option<bytes::RegexSet> {
    bytes::RegexSetBuilder::new(texts).unicode(false).case_insensitive(true).build().ok()
}

fn ascii(text: &str) -> String {
    let (mut out, mut inside) = (String::with_capacity(text.len() * 2), false);
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        let escaped = (char == '\\').then(|| chars.next()).flatten();
        let class = match escaped {
            Some('s') => Some(" \\t\\r\\n"),
            Some('d') => Some("0-9"),
            Some('w') => Some("A-Za-z0-9_"),
            _ => None,
        };
        match (class, escaped) {
            (Some(class), _) if inside => out.push_str(class),
            (Some(class), _) => out.extend(["[", class, "]"]),
            (None, Some('b')) => out.push_str("(?-u:\\b)"),
            (None, Some(other)) => out.extend(['\\', other]),
            (None, None) => {
                inside = if inside { char != ']' } else { char == '[' };
                out.push(char);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_spelled_out() {
        assert_eq!(ascii(r"\bx\s*[\w.]\[\d"), r"(?-u:\b)x[ \t\r\n]*[A-Za-z0-9_.]\[[0-9]");
        let listen = Pattern::new(r"(?m)^\s*listen\s+([^;]+);", "listen");
        assert!(listen.is_match("\n  listen 80;") && !listen.is_match("listens;"));
    }

    #[test]
    fn it_is_built_for_a_text_with_its_word() {
        let number = Pattern::new(r"port (\d+)", "port");
        assert!(!number.is_match("host 1") && number.built.get().is_none());
        assert_eq!(number.captures_iter("port 1, port 22").count(), 2);
        assert_eq!(number.find("a port 3").map(|found| found.start()), Some(2));
    }
}

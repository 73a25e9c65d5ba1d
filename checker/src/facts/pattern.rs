//! Patterns whose classes are of ASCII, because the checker carries no Unicode tables.

use regex::{Regex, bytes};

/// Builds `text`, in which `\s`, `\d`, `\w` and `\b` stand for ASCII; `None` when it is no pattern.
pub fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&ascii(text)).ok()
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
        assert!(
            pattern(r"(?m)^\s*listen\s+([^;]+);").is_some_and(|pattern| pattern.is_match("\n  listen 80;"))
        );
        assert!(pattern("(").is_none());
    }
}

//! Physical lines folded into logical ones, each byte remembering where it came from.

use std::ops::Range;

use crate::span::Span;

/// One instruction's text with continuations folded and inner comments dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Logical {
    /// The folded text.
    pub(super) text: String,
    /// Offset in the file of every byte of `text`, and one past the last.
    map: Vec<usize>,
}

impl Logical {
    fn push(&mut self, text: &str, offset: usize) {
        self.text.push_str(text);
        self.map.extend(offset..offset + text.len());
    }

    /// The bytes in the file of `range` of the folded text.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let last = self.map.last().map_or(0, |last| last + 1);
        let start = self.map.get(range.start).copied().unwrap_or(last);
        let end = match range.end.checked_sub(1).filter(|_| range.end > range.start) {
            Some(end) => self.map.get(end).map_or(last, |end| end + 1),
            None => start,
        };
        Span::new(start, end)
    }

    /// The bytes in the file of the whole text.
    pub(super) fn whole(&self) -> Span {
        self.span(0..self.text.len())
    }

    /// The part `range`, keeping its places.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        let text = self.text.get(range.clone()).unwrap_or("").to_owned();
        let map = self.map.get(range).map(<[usize]>::to_vec).unwrap_or_default();
        Self { text, map }
    }

    /// The text without white space at both ends.
    pub(super) fn trimmed(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        let end = self.text.trim_end().len();
        self.slice(start..end.max(start))
    }
}

/// Walks the physical lines of a Dockerfile.
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
    escape: char,
}

impl<'t> Lines<'t> {
    /// Starts at byte `at` of `text`.
    pub(super) fn new(text: &'t str, at: usize, escape: char) -> Self {
        Self { text, at, escape }
    }

    /// Offset of the next unread byte.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The next physical line without its ending, and its offset.
    pub(super) fn physical(&mut self) -> Option<(&'t str, usize)> {
        if self.at >= self.text.len() {
            return None;
        }
        let start = self.at;
        let rest = &self.text[start..];
        let end = rest.find('\n').unwrap_or(rest.len());
        self.at = (start + end + 1).min(self.text.len());
        let line = &rest[..end];
        Some((line.strip_suffix('\r').unwrap_or(line), start))
    }

    /// The next logical line; blank lines and comments between instructions are passed over.
    pub(super) fn logical(&mut self) -> Option<Logical> {
        let mut logical = Logical::default();
        let mut continued = false;
        while let Some((line, offset)) = self.physical() {
            let body = line.trim_start();
            if body.starts_with('#') || (body.is_empty() && (continued || logical.text.is_empty())) {
                continue;
            }
            let indent = if continued { 0 } else { line.len() - body.len() };
            let (kept, goes_on) = self.without_continuation(&line[indent..]);
            logical.push(kept, offset + indent);
            if !goes_on {
                return Some(logical);
            }
            continued = true;
        }
        (!logical.text.is_empty()).then_some(logical)
    }

    /// Cuts the escape character that continues a line, with the blanks behind it. A doubled one does not continue.
    fn without_continuation<'l>(&self, line: &'l str) -> (&'l str, bool) {
        let Some(kept) = line.trim_end_matches([' ', '\t']).strip_suffix(self.escape) else {
            return (line, false);
        };
        if kept.ends_with(self.escape) { (line, false) } else { (kept, true) }
    }

    /// Reads a heredoc body up to the line that is `name`; `None` when the file ends first, and nothing is consumed.
    pub(super) fn heredoc(&mut self, name: &str, strip_tabs: bool) -> Option<(String, Span)> {
        let begin = self.at;
        let mut body = String::new();
        while let Some((line, offset)) = self.physical() {
            let shown = if strip_tabs { line.trim_start_matches('\t') } else { line };
            if shown == name {
                return Some((body, Span::new(begin, offset)));
            }
            body.push_str(shown);
            body.push('\n');
        }
        self.at = begin;
        None
    }
}

//! YAML as the same tree: anchors and merge keys laid out, the first document of a file.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marks};

use super::{DEPTH, Member, Node, NodeKind};
use crate::facts::dockerfile::Spanned;
use crate::span::Span;

/// How many values aliases may lay out in one file; what comes after becomes null.
const ALIAS_LIMIT: usize = 20_000;

/// Reads YAML. Plain words are null, truth values, numbers or strings, as in the core schema.
pub fn yaml(text: &str) -> Result<Node, Spanned<String>> {
    let mut builder = Builder {
        text,
        offsets: Offsets::new(text),
        frames: Vec::new(),
        skipped: 0,
        anchors: HashMap::new(),
        budget: ALIAS_LIMIT,
        root: None,
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((Event::DocumentEnd, _)) => break,
            Ok((event, marks)) => builder.take(event, marks),
            Err(error) => {
                let at = builder.offsets.byte(error.marker().index());
                return Err(Spanned { value: super::sentence(error.info()), span: Span::new(at, at) });
            }
        }
    }
    builder.root.ok_or_else(|| Spanned { value: "the file is empty".into(), span: Span::START })
}

/// The byte at which each character begins; nothing is kept for a text of single bytes.
struct Offsets {
    bytes: Vec<usize>,
    len: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let bytes =
            if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { bytes, len: text.len() }
    }

    fn byte(&self, char: usize) -> usize {
        if self.bytes.is_empty() {
            char.min(self.len)
        } else {
            self.bytes.get(char).copied().unwrap_or(self.len)
        }
    }

    fn span(&self, marks: Marks) -> Span {
        Span::new(self.byte(marks.start.index()), self.byte(marks.end.index()))
    }
}

/// A list or map that is not closed yet.
struct Frame {
    anchor: usize,
    start: usize,
    list: Vec<Node>,
    /// The members and the key that waits for its value; `None` for a list.
    map: Option<(Vec<Member>, Option<Spanned<String>>)>,
}

struct Builder<'t> {
    text: &'t str,
    offsets: Offsets,
    frames: Vec<Frame>,
    /// How many lists and maps are open below the deepest level that is read.
    skipped: usize,
    anchors: HashMap<usize, Node>,
    budget: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, marks: Marks) {
        let span = self.offsets.span(marks);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let kind = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => NodeKind::Text(text.into_owned()),
                };
                let end = scalar_end(self.text, span);
                self.put(Node { span: Span::new(span.start, end), kind }, anchor);
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let cost = node.as_ref().map_or(1, size);
                self.budget = self.budget.saturating_sub(cost);
                let kind = node.filter(|_| self.budget > 0).map_or(NodeKind::Null, |node| node.kind);
                self.put(Node { span, kind }, 0);
            }
            Event::SequenceStart(anchor, _) => self.open(anchor, span.start, None),
            Event::MappingStart(anchor, _) => self.open(anchor, span.start, Some((Vec::new(), None))),
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end),
            _ => {}
        }
    }

    fn open(&mut self, anchor: usize, start: usize, map: Option<(Vec<Member>, Option<Spanned<String>>)>) {
        if self.frames.len() >= DEPTH {
            self.skipped += 1;
        } else {
            self.frames.push(Frame { anchor, start, list: Vec::new(), map });
        }
    }

    fn close(&mut self, end: usize) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some(frame) = self.frames.pop() else { return };
        let kind = match frame.map {
            Some((members, _)) => NodeKind::Map(members),
            None => NodeKind::List(frame.list),
        };
        self.put(Node { span: Span::new(frame.start, end), kind }, frame.anchor);
    }

    fn put(&mut self, node: Node, anchor: usize) {
        if self.skipped > 0 {
            return;
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut frame.map {
            None => frame.list.push(node),
            Some((members, key)) => match key.take() {
                None => *key = Some(Spanned { value: key_text(&node.kind), span: node.span }),
                Some(key) if key.value == "<<" => merge(members, node),
                Some(key) => {
                    members.retain(|member| {
                        member.key.value != key.value || member.key.span.start > key.span.start
                    });
                    members.push(Member { key, value: node });
                }
            },
        }
    }
}

/// Where a scalar really ends: the parser counts blanks and a comment behind it as part of it.
fn scalar_end(text: &str, span: Span) -> usize {
    let written = span.of(text);
    let mut bytes = written.bytes().enumerate().skip(1).peekable();
    let quote = written.as_bytes().first().copied();
    if !matches!(quote, Some(b'"' | b'\'')) {
        return span.start + written.trim_end().len();
    }
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if quote == Some(b'"') => {
                bytes.next();
            }
            b'\'' if quote == Some(b'\'') && bytes.next_if(|(_, next)| *next == b'\'').is_some() => {}
            _ if Some(byte) == quote => return span.start + at + 1,
            _ => {}
        }
    }
    span.end
}

/// Adds what `<<` names and the map does not say itself.
fn merge(members: &mut Vec<Member>, node: Node) {
    let maps = match node.kind {
        NodeKind::List(items) => items,
        _ => vec![node],
    };
    for map in maps {
        let NodeKind::Map(inner) = map.kind else { continue };
        for member in inner {
            if members.iter().all(|known| known.key.value != member.key.value) {
                members.push(member);
            }
        }
    }
}

fn size(node: &Node) -> usize {
    let inner = match &node.kind {
        NodeKind::List(items) => items.iter().map(size).sum(),
        NodeKind::Map(members) => members.iter().map(|member| size(&member.value)).sum(),
        _ => 0,
    };
    1 + inner
}

fn plain(text: &str) -> NodeKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeKind::Null,
        "true" | "True" | "TRUE" => NodeKind::Bool(true),
        "false" | "False" | "FALSE" => NodeKind::Bool(false),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => NodeKind::Integer(number),
            (_, Ok(number))
                if text.starts_with(|char: char| char.is_ascii_digit() || "+-.".contains(char)) =>
            {
                NodeKind::Float(number)
            }
            _ => NodeKind::Text(text.to_owned()),
        },
    }
}

fn key_text(kind: &NodeKind) -> String {
    match kind {
        NodeKind::Text(text) => text.clone(),
        NodeKind::Integer(number) => number.to_string(),
        NodeKind::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_places_in_bytes() {
        let text = "é: 1\nservices:\n  web:\n    image: \"nginx\" # x\n    ports: [80, '81:82']\n";
        let node = yaml(text).unwrap();
        let web = node.at(&["services", "web"]).unwrap();
        assert_eq!(web.get("image").unwrap().span.of(text), "\"nginx\"");
        let quoted = "a: 'it''s' # x\nb: x y  # z\nc: \"\\\"\"\n";
        let node = yaml(quoted).unwrap();
        let written: Vec<&str> = node.members().iter().map(|member| member.value.span.of(quoted)).collect();
        assert_eq!(written, ["'it''s'", "x y", "\"\\\"\""]);
        assert_eq!(web.member("ports").unwrap().key.span.of(text), "ports");
        assert_eq!(web.get("ports").unwrap().items()[0].kind, NodeKind::Integer(80));
        assert_eq!(web.get("ports").unwrap().items()[1].text(), Some("81:82"));
    }

    #[test]
    fn anchors_and_merge_keys_are_laid_out() {
        let node = yaml("base: &b {a: 1, c: 2}\nx:\n  <<: *b\n  a: 3\ny: *b\n").unwrap();
        assert_eq!(node.at(&["x", "a"]).unwrap().kind, NodeKind::Integer(3));
        assert_eq!(node.at(&["x", "c"]).unwrap().kind, NodeKind::Integer(2));
        assert_eq!(node.at(&["y", "c"]).unwrap().kind, NodeKind::Integer(2));
    }

    #[test]
    fn hostile_depth_and_aliases_end() {
        assert!(yaml(&"[".repeat(5_000)).is_err());
        assert!(yaml(&format!("{}{}", "[".repeat(100), "]".repeat(100))).is_ok());
        let mut bomb = String::from("a0: &a0 [x, x]\n");
        for level in 1..40 {
            let below = level - 1;
            bomb.push_str(&format!("a{level}: &a{level} [*a{below}, *a{below}]\n"));
        }
        assert!(size(&yaml(&bomb).unwrap()) < 10 * ALIAS_LIMIT);
    }

    #[test]
    fn an_error_has_its_place() {
        let error = yaml("a: 1\nb: [1, 2\nc: }\n").unwrap_err();
        assert!(error.span.start > 5, "{error:?}");
    }
}

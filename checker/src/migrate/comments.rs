//! The comments of a TOML file, each with the setting it speaks of.

use std::collections::BTreeMap;

use crate::facts::document::{Node, NodeKind};
use crate::facts::railway_config::RailwayConfig;
use crate::order;
use crate::span::Span;

/// Comments by the first byte of the value they belong to; what follows the last setting is under `usize::MAX`.
pub(super) type Comments = BTreeMap<usize, Vec<String>>;

/// Reads the comments of `config`, whose text is `text`. JSON has none.
pub(super) fn of(config: &RailwayConfig, text: &str) -> Comments {
    let mut comments = Comments::new();
    let Some(root) = config.root.as_ref().filter(|_| !config.path.ends_with(".json")) else {
        return comments;
    };
    let mut strings = Vec::new();
    spans(root, &mut strings);
    let known = |settings: &BTreeMap<_, crate::facts::settings::Setting>| -> Vec<Span> {
        settings.values().map(|setting| setting.site.span).collect()
    };
    let mut values: Vec<Span> = known(&config.base);
    values.extend(config.environments.values().flat_map(known));
    values.extend(config.unknown.iter().map(|unknown| unknown.value.span));
    order::sort_by_key(&mut values, |span| span.start);
    for (at, _) in text.match_indices('#') {
        let inside = |span: &Span| span.start <= at && at < span.end;
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let earlier = comment_start(&text[line..at], line, &strings);
        if strings.iter().any(inside) || earlier {
            continue;
        }
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        let words = text[at..end].trim_start_matches('#').trim();
        if words.is_empty() {
            continue;
        }
        // On the line of a value, or inside a list, it belongs to that value; otherwise to the next one.
        let own = values.iter().find(|span| inside(span) || (span.end <= at && span.end > line));
        let owner = own.or_else(|| values.iter().find(|span| span.start >= at));
        let key = owner.map_or(usize::MAX, |span| span.start);
        comments.entry(key).or_default().push(words.to_owned());
    }
    comments
}

/// True when a comment has begun already in `before`, a piece of one line that starts at `offset`.
fn comment_start(before: &str, offset: usize, strings: &[Span]) -> bool {
    before.match_indices('#').any(|(at, _)| {
        let at = offset + at;
        !strings.iter().any(|span| span.start <= at && at < span.end)
    })
}

/// The places of every string and key, where `#` begins no comment.
fn spans(node: &Node, out: &mut Vec<Span>) {
    match &node.kind {
        NodeKind::Text(_) => out.push(node.span),
        NodeKind::List(items) => items.iter().for_each(|item| spans(item, out)),
        NodeKind::Map(members) => {
            for member in members {
                out.push(member.key.span);
                spans(&member.value, out);
            }
        }
        _ => {}
    }
}

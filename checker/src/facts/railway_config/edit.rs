//! Edits of a config file that keep everything else as it is written.

use super::RailwayConfig;
use crate::facts::document::{Member, Node};
use crate::facts::settings::Key;
use crate::finding::{Edit, Site};
use crate::span::Span;

impl RailwayConfig {
    /// The edit that takes out the setting whose value lies at `value`, with its key and what separates it.
    pub fn without(&self, text: &str, value: Span) -> Option<Edit> {
        let (members, at) = find(self.root.as_ref()?, value)?;
        let span =
            if self.is_json() { json_member(text, members, at) } else { toml_line(text, &members[at])? };
        Some(Edit { site: Site::new(self.path.clone(), span), text: String::new() })
    }

    /// The edit that adds the setting `key` with `literal`, a number, truth value or quoted string.
    pub fn with(&self, text: &str, key: Key, literal: &str) -> Option<Edit> {
        let root = self.root.as_ref()?;
        let (span, text) = if self.is_json() {
            json_insertion(text, root, key, literal)?
        } else {
            toml_insertion(text, root, key, literal)?
        };
        Some(Edit { site: Site::new(self.path.clone(), span), text })
    }

    fn is_json(&self) -> bool {
        self.path.ends_with(".json")
    }
}

/// The members among which the value at `value` is, and its number.
fn find(node: &Node, value: Span) -> Option<(&[Member], usize)> {
    let members = node.members();
    if let Some(at) = members.iter().position(|member| member.value.span == value) {
        return Some((members, at));
    }
    members.iter().find_map(|member| find(&member.value, value))
}

/// The member and the comma that goes with it.
fn json_member(text: &str, members: &[Member], at: usize) -> Span {
    let own = Span::new(members[at].key.span.start, members[at].value.span.end);
    match (at.checked_sub(1).and_then(|before| members.get(before)), members.get(at + 1)) {
        (_, Some(next)) => Span::new(own.start, next.key.span.start),
        (Some(before), None) => Span::new(before.value.span.end, own.end),
        (None, None) => {
            let rest = text.get(own.end..).unwrap_or("");
            Span::new(own.start, own.end + rest.len() - rest.trim_start().len())
        }
    }
}

/// The whole line; nothing when the member shares it with others.
fn toml_line(text: &str, member: &Member) -> Option<Span> {
    let start = text.get(..member.key.span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(start..member.key.span.start)?;
    let rest = text.get(member.value.span.end..)?;
    let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let after = rest.get(..end)?.trim();
    let alone = before.trim().is_empty() && (after.is_empty() || after.starts_with('#'));
    alone.then(|| Span::new(start, member.value.span.end + end))
}

fn json_insertion(text: &str, root: &Node, key: Key, literal: &str) -> Option<(Span, String)> {
    let entry = format!("\"{}\": {literal}", key.name());
    if let Some(section) = root.get(key.section()) {
        let first = section.members().first()?.key.span.start;
        return Some((Span::new(first, first), format!("{entry},{}", gap(text, first))));
    }
    let first = root.members().first()?.key.span.start;
    let section = format!("\"{}\": {{ {entry} }},{}", key.section(), gap(text, first));
    Some((Span::new(first, first), section))
}

/// What stands between the members: a new line with its indentation, or a blank.
fn gap(text: &str, first: usize) -> String {
    let before = text.get(..first).unwrap_or("");
    let blank = before.len() - before.trim_end().len();
    let gap = &before[before.len() - blank..];
    gap.rfind('\n').map_or_else(|| " ".to_owned(), |at| gap[at..].to_owned())
}

fn toml_insertion(text: &str, root: &Node, key: Key, literal: &str) -> Option<(Span, String)> {
    let entry = format!("{} = {literal}", key.name());
    let Some(section) = root.member(key.section()) else {
        let line = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let added = format!("{line}\n[{}]\n{entry}\n", key.section());
        return Some((Span::new(text.len(), text.len()), added));
    };
    // A table that a header opens has the header's place.
    let end = section.value.span.end;
    let is_header = section.value.span.of(text).trim_start().starts_with('[');
    let line_end = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at);
    is_header.then(|| (Span::new(line_end, line_end), format!("\n{entry}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Snapshot, Trigger};

    fn edited(path: &str, text: &str, edit: impl Fn(&RailwayConfig, &str) -> Option<Edit>) -> Option<String> {
        let tree = MemoryTree::default().with(path, text);
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
        let config = super::super::read(&snapshot, path)?;
        let edit = edit(&config, text)?;
        let span = edit.site.span;
        Some(format!("{}{}{}", &text[..span.start], edit.text, &text[span.end..]))
    }

    fn without(path: &str, text: &str, key: Key) -> Option<String> {
        edited(path, text, |config, text| config.without(text, config.base[&key].site.span))
    }

    #[test]
    fn a_setting_goes_with_its_comma_or_its_line() {
        let json = "{\"deploy\": {\"a\": 1, \"numReplicas\": 2, \"region\": \"x\"}}";
        assert_eq!(
            without("railway.json", json, Key::NumReplicas).as_deref(),
            Some("{\"deploy\": {\"a\": 1, \"region\": \"x\"}}")
        );
        assert_eq!(
            without("railway.json", json, Key::Region).as_deref(),
            Some("{\"deploy\": {\"a\": 1, \"numReplicas\": 2}}")
        );
        assert_eq!(
            without("railway.json", "{\"deploy\": { \"region\": \"x\" }}", Key::Region).as_deref(),
            Some("{\"deploy\": { }}")
        );
        assert_eq!(
            without("railway.toml", "[deploy]\nregion = \"x\" # y\nnumReplicas = 1\n", Key::Region)
                .as_deref(),
            Some("[deploy]\nnumReplicas = 1\n")
        );
        assert_eq!(
            without("railway.toml", "deploy = { region = \"x\", numReplicas = 1 }\n", Key::Region),
            None
        );
    }

    #[test]
    fn a_setting_is_added_where_its_section_begins() {
        let with = |path: &str, text: &str| {
            edited(path, text, |config, text| config.with(text, Key::DrainingSeconds, "30"))
        };
        assert_eq!(
            with("railway.json", "{\n  \"deploy\": {\n    \"region\": \"x\"\n  }\n}\n").as_deref(),
            Some("{\n  \"deploy\": {\n    \"drainingSeconds\": 30,\n    \"region\": \"x\"\n  }\n}\n")
        );
        assert_eq!(
            with("railway.json", "{\"build\": {}}").as_deref(),
            Some("{\"deploy\": { \"drainingSeconds\": 30 }, \"build\": {}}")
        );
        assert_eq!(
            with("railway.toml", "[deploy]\nregion = \"x\"\n").as_deref(),
            Some("[deploy]\ndrainingSeconds = 30\nregion = \"x\"\n")
        );
        assert_eq!(
            with("railway.toml", "[build]").as_deref(),
            Some("[build]\n\n[deploy]\ndrainingSeconds = 30\n")
        );
    }
}

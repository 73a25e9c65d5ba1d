//! Variables of ARG and ENV.

use std::collections::BTreeMap;

/// Names with their values where those are known.
pub(super) type Env = BTreeMap<String, Option<String>>;

/// `text` with its variables replaced; `None` when one is not known.
pub(super) fn expand(text: &str, env: &Env) -> Option<String> {
    let out = expand_known(text, env);
    (!out.contains('$')).then_some(out)
}

/// `text` with those variables replaced that are known.
pub(super) fn expand_known(text: &str, env: &Env) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let (name, default, len) = variable(&rest[at..]);
        let value = env.get(name).cloned().flatten().or_else(|| default.map(str::to_owned));
        match value.filter(|_| len > 1) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[at..at + len]),
        }
        rest = &rest[at + len..];
    }
    out.push_str(rest);
    out
}

/// The variable at the start of `text`: its name, its default, and how many bytes it takes.
fn variable(text: &str) -> (&str, Option<&str>, usize) {
    if let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner)
    {
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        return (name, default, inner.len() + 3);
    }
    let name = text[1..]
        .split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        .next()
        .unwrap_or_default();
    (name, None, 1 + name.len())
}

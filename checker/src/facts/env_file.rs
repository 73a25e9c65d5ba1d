//! `.env` files: the names they set, never the values.

use std::collections::BTreeMap;

use crate::facts::dockerfile::Spanned;
use crate::snapshot::Snapshot;
use crate::span::Span;

/// One `.env`, `.env.example` or their like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// Path in the tree.
    pub path: String,
    /// The names it sets in file order, each with its place.
    pub names: Vec<Spanned<String>>,
    /// True when it is a template without secrets, by its name.
    pub is_example: bool,
}

/// Reads every env file of the tree, by path.
pub fn gather(snapshot: &Snapshot<'_>) -> BTreeMap<String, EnvFile> {
    let named = snapshot.entries().iter().filter(|entry| is_env(&entry.path));
    named
        .filter_map(|entry| {
            let text = snapshot.text(&entry.path).ok()?;
            Some((entry.path.clone(), parse(&entry.path, &text.text)))
        })
        .collect()
}

/// Reads one env file.
pub fn parse(path: &str, text: &str) -> EnvFile {
    let mut names = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let body = trimmed.strip_prefix("export ").map_or(trimmed, str::trim_start);
        let at = start + line.len() - body.len();
        if let Some((name, _)) = body.split_once('=') {
            let name = name.trim_end();
            let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
            if !name.is_empty() && name.chars().all(word) {
                let span = Span::new(at, at + name.len());
                names.push(Spanned { value: name.to_owned(), span });
            }
        }
        start += line.len();
    }
    let lower = path.to_ascii_lowercase();
    let is_example = ["example", "sample", "template", "dist"].iter().any(|word| lower.contains(word));
    EnvFile { path: path.to_owned(), names, is_example }
}

fn is_env(path: &str) -> bool {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let named = name == ".env" || name.starts_with(".env.") || name == "env.example" || name == "example.env";
    named && !directories.split('/').any(|part| part == "node_modules")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_values_are_not() {
        let text = "# A=1\nA=secret\r\n export B = 'x'\nnot a line\nC=\n=x\n";
        let file = parse(".env.example", text);
        let names: Vec<&str> = file.names.iter().map(|name| name.span.of(text)).collect();
        assert_eq!(names, ["A", "B", "C"]);
        assert!(file.is_example && !parse(".env", "").is_example);
    }
}

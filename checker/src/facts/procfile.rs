//! `Procfile`: process types and their commands.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::snapshot::{Snapshot, Text, is_called};
use crate::span::Span;

/// One line `name: command`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Process type, such as `web`.
    pub name: String,
    /// The command behind the colon.
    pub command: String,
    /// The whole line.
    pub span: Span,
}

/// One `Procfile`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procfile {
    /// Path in the tree.
    pub path: String,
    /// Its processes in file order.
    pub processes: Vec<Process>,
}

/// Reads every file named `Procfile` of the tree. `Procfile.dev` and its kin are for other tools.
pub fn gather(snapshot: &Snapshot<'_>) -> BTreeMap<String, Rc<Procfile>> {
    let named = snapshot.entries().iter().filter(|entry| is_called(&entry.path, "Procfile"));
    named
        .filter_map(|entry| Some((entry.path.clone(), Rc::new(parse(&*snapshot.text(&entry.path).ok()?)))))
        .collect()
}

fn parse(text: &Text) -> Procfile {
    let lines = (1..=text.lines.count()).filter_map(|line| text.lines.line_span(&text.text, line));
    let processes = lines.filter_map(|span| {
        let line = span.of(&text.text);
        let (name, command) = line.split_once(':')?;
        let valid = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        valid.then(|| Process { name: name.to_owned(), command: command.trim().to_owned(), span })
    });
    Procfile { path: text.path.clone(), processes: processes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_nonsense_are_passed_over() {
        let file = parse(&Text::decode(
            "Procfile",
            b"# web: no\nweb: gunicorn app:app -b :$PORT\r\n\nhttp://x\nrelease : x\n",
        ));
        assert_eq!(file.processes.len(), 2);
        assert_eq!(file.processes[0].command, "gunicorn app:app -b :$PORT");
    }
}

//! What a command line holds that only a shell understands.

use std::ops::Range;

/// What was seen in one command line, as bytes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Words without quotes, as an exec-form splitter makes them.
    pub words: Vec<String>,
    /// `$NAME`, `${…}`, `$(…)` and backticks outside single quotes.
    pub expansions: Vec<Range<usize>>,
    /// `&&`, `||`, `;`, `|`, `&`, `<`, `>` outside quotes.
    pub operators: Vec<Range<usize>>,
}

/// Commands that exist only inside a shell.
const BUILTINS: [&str; 10] =
    ["cd", "export", "source", ".", "exec", "set", "ulimit", "umask", "alias", "eval"];

impl CommandLine {
    /// Reads `text`. Quotes that never close end with the text.
    pub fn read(text: &str) -> Self {
        let mut line = Self::default();
        let mut word: Option<String> = None;
        let mut quote = None;
        let mut chars = text.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            match (quote, char) {
                (None, ' ' | '\t' | '\n' | '\r') => line.words.extend(word.take()),
                (None, '\'' | '"') => {
                    quote = Some(char);
                    word.get_or_insert_default();
                }
                (Some(open), char) if open == char => quote = None,
                (None | Some('"'), '\\') => {
                    let next = chars.next().map_or('\\', |(_, next)| next);
                    word.get_or_insert_default().push(next);
                }
                (None | Some('"'), '$' | '`') => {
                    let end = expansion_end(text, at);
                    if end > at + 1 {
                        line.expansions.push(at..end);
                    }
                    word.get_or_insert_default().push(char);
                }
                (None, '&' | '|' | ';' | '<' | '>') => {
                    let twice = chars.next_if(|(_, next)| *next == char).is_some();
                    line.operators.push(at..at + 1 + usize::from(twice));
                    line.words.extend(word.take());
                    line.words.push(text[at..at + 1 + usize::from(twice)].to_owned());
                }
                (_, char) => word.get_or_insert_default().push(char),
            }
        }
        line.words.extend(word);
        line
    }

    /// The first word.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The script given to `sh -c` (or another shell), when the whole line is that.
    pub fn shell_script(&self) -> Option<&str> {
        let mut words = self
            .words
            .iter()
            .map(String::as_str)
            .skip_while(|word| matches!(*word, "env" | "tini" | "dumb-init" | "--"));
        let program = words.next()?.rsplit('/').next()?;
        if !matches!(program, "sh" | "bash" | "ash" | "dash" | "zsh") {
            return None;
        }
        let mut words = words.skip_while(|word| word.starts_with('-') && !is_command_flag(word));
        words.next().filter(|word| is_command_flag(word))?;
        words.next()
    }

    /// The first thing that needs a shell although the line does not start one: a builtin, an assignment before the
    /// program, or an operator.
    pub fn shell_syntax(&self) -> Option<&str> {
        if self.shell_script().is_some() {
            return None;
        }
        let program = self.program();
        let assignment = program.split_once('=').is_some_and(|(name, _)| is_name(name));
        if BUILTINS.contains(&program) || assignment {
            return Some(program);
        }
        let operator = self
            .words
            .iter()
            .find(|word| matches!(word.as_str(), "&&" | "||" | ";" | "|" | "&" | "<" | ">" | ">>"));
        operator.filter(|_| !self.operators.is_empty()).map(String::as_str)
    }
}

fn is_command_flag(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

fn is_name(name: &str) -> bool {
    let head = |char: char| char.is_ascii_alphabetic() || char == '_';
    name.starts_with(head) && name.chars().all(|char| head(char) || char.is_ascii_digit())
}

/// Where the expansion that begins at `at` ends; `at + 1` when it is a plain dollar.
fn expansion_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let closed = |close: char| {
        rest.char_indices()
            .skip(1)
            .find(|(_, char)| *char == close)
            .map_or(text.len(), |(end, _)| at + end + 1)
    };
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (Some('`'), _) => closed('`'),
        (_, Some('{')) => closed('}'),
        (_, Some('(')) => closed(')'),
        (_, Some(first)) if first.is_ascii_alphabetic() || first == '_' => {
            let name = rest[1..].find(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
            name.map_or(text.len(), |len| at + 1 + len)
        }
        (_, Some(first)) if first.is_ascii_digit() || "@*#?$!".contains(first) => at + 2,
        _ => at + 1,
    }
}

/// `command` as one line that starts a shell for it, or `None` when it cannot be quoted simply.
pub fn wrapped(command: &str) -> Option<String> {
    if command.contains(['\n', '\r']) {
        return None;
    }
    let line = CommandLine::read(command);
    let simple = line.operators.is_empty() && line.shell_syntax().is_none();
    let script = if simple { format!("exec {command}") } else { command.to_owned() };
    if !script.contains('\'') {
        return Some(format!("sh -c '{script}'"));
    }
    Some(format!("sh -c \"{}\"", script.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expansions(text: &str) -> Vec<&str> {
        CommandLine::read(text).expansions.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn variables_are_found_where_a_shell_would_expand_them() {
        assert_eq!(
            expansions("uvicorn a:b --port $PORT -h ${HOST:-x} \"$A\" '$B' \\$C $"),
            ["$PORT", "${HOST:-x}", "$A"]
        );
        assert_eq!(expansions("echo $(date) `id`"), ["$(date)", "`id`"]);
    }

    #[test]
    fn a_line_that_starts_a_shell_needs_none() {
        for text in [
            "sh -c 'cd x && y $PORT'",
            "/bin/bash -lc \"a; b\"",
            "bash -e -c 'a|b'",
            "tini -- sh -c 'a && b'",
        ] {
            let line = CommandLine::read(text);
            assert!(line.shell_script().is_some(), "{text}");
            assert_eq!(line.shell_syntax(), None, "{text}");
        }
        assert_eq!(CommandLine::read("bash start.sh").shell_script(), None);
    }

    #[test]
    fn builtins_assignments_and_operators_need_a_shell() {
        for (text, what) in [
            ("cd app && x", "cd"),
            ("A=1 node x", "A=1"),
            ("a && b", "&&"),
            ("a > f", ">"),
            ("a & b", "&"),
            ("exec x", "exec"),
        ] {
            assert_eq!(CommandLine::read(text).shell_syntax(), Some(what), "{text}");
        }
        for text in
            ["node x --a=b", "node -e 'a && b'", "python -m http.server 80", "curl \"http://x?a=1&b=2\""]
        {
            assert_eq!(CommandLine::read(text).shell_syntax(), None, "{text}");
        }
    }

    #[test]
    fn wrapping_keeps_the_command_and_hands_signals_on_where_it_can() {
        assert_eq!(wrapped("a --port $PORT").as_deref(), Some("sh -c 'exec a --port $PORT'"));
        assert_eq!(wrapped("cd x && a").as_deref(), Some("sh -c 'cd x && a'"));
        assert_eq!(wrapped("a 'b c' \"d\"").as_deref(), Some("sh -c \"exec a 'b c' \\\"d\\\"\""));
    }
}

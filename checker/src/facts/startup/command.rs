//! Command lines: a shell's words, and the program behind wrappers.

use std::borrow::Cow;

/// Splits one command as a shell does: quotes, escapes; operators are words of their own.
pub fn words(line: &str) -> Vec<String> {
    let (mut out, mut word, mut open, mut quote) = (Vec::new(), String::new(), false, None);
    let commands = without_documents(line);
    let mut chars = commands.chars().peekable();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(end), _) if char == end => quote = None,
            (Some('\''), _) => word.push(char),
            (_, '$') if chars.peek() == Some(&'(') => {
                word.push(char);
                substitution(&mut chars, &mut word);
                open = true;
            }
            (_, '\\') => {
                if let Some(next) = chars.next().filter(|next| *next != '\n') {
                    word.push(next);
                    open = true;
                }
            }
            (Some(_), _) => word.push(char),
            (None, '\'' | '"') => (quote, open) = (Some(char), true),
            (None, '#') if !open => {
                while chars.peek().is_some_and(|next| *next != '\n') {
                    chars.next();
                }
            }
            // `2>&1` and `&>file` redirect.
            (None, '&') if word.ends_with(['>', '<']) || chars.peek() == Some(&'>') => {
                word.push(char);
                open = true;
            }
            (None, '\n' | ';' | '&' | '|') => {
                finish(&mut out, &mut word, &mut open);
                let mut operator = if char == '\n' { String::from(";") } else { char.to_string() };
                if matches!(char, '&' | '|') && chars.peek() == Some(&char) {
                    chars.next();
                    operator.push(char);
                }
                out.push(operator);
            }
            (None, _) if char.is_whitespace() => finish(&mut out, &mut word, &mut open),
            (None, _) => {
                word.push(char);
                open = true;
            }
        }
    }
    finish(&mut out, &mut word, &mut open);
    out
}

/// Takes `(…)` behind a dollar sign as a part of the word: what it prints is not known, and it is no command of the line.
fn substitution(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) {
    let mut depth = 0_usize;
    for char in chars.by_ref() {
        word.push(char);
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
}

/// `script` without the bodies of its here-documents, which are data of a command and no commands.
fn without_documents(script: &str) -> Cow<'_, str> {
    if !script.contains("<<") {
        return Cow::Borrowed(script);
    }
    let mut out = String::with_capacity(script.len());
    let mut lines = script.split_inclusive('\n');
    while let Some(line) = lines.next() {
        out.push_str(line);
        for end in documents(line) {
            // Tabs before the delimiter only end a `<<-`, but no script means anything else by such a line.
            let _ = lines.by_ref().find(|body| body.trim_end().trim_start_matches('\t') == end);
        }
    }
    Cow::Owned(out)
}

/// The delimiters of the here-documents that `line` opens.
fn documents(line: &str) -> Vec<&str> {
    let opened = line.match_indices("<<").filter_map(|(at, _)| {
        let rest = &line[at + 2..];
        if rest.starts_with('<') || line[..at].ends_with('<') {
            return None;
        }
        let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start().trim_start_matches(['\'', '"', '\\']);
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
        rest.starts_with(|char: char| char.is_alphabetic() || char == '_').then_some(&rest[..end])
    });
    opened.collect()
}

fn finish(out: &mut Vec<String>, word: &mut String, open: &mut bool) {
    if std::mem::take(open) {
        out.push(std::mem::take(word));
    }
}

/// The last command of a script that a process stays in, and the directory that the script goes to before, empty when it
/// stays where it is; or why it cannot be told.
pub(super) fn last_command(script: &str) -> Result<(Vec<String>, String), &'static str> {
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    let (mut aside, mut executed, mut dir) = (false, None, String::new());
    for word in words(script) {
        match word.as_str() {
            ";" | "&&" => commands.push(Vec::new()),
            "||" => {
                // What follows runs only when the command before it fails.
                commands.push(vec!["||".into()]);
            }
            "&" => {
                aside = true;
                commands.push(Vec::new());
            }
            "|" => return Err("the command is a pipeline"),
            _ => {
                if let Some(last) = commands.last_mut() {
                    last.push(word);
                }
            }
        }
    }
    commands.retain(|command| !command.is_empty() && command.first().is_none_or(|word| word != "||"));
    let control =
        ["if", "then", "else", "elif", "fi", "case", "esac", "for", "while", "until", "do", "done", "}", "{"];
    for command in &commands {
        match command.first().map(String::as_str) {
            Some("exec") => executed = Some((command.clone(), dir.clone())),
            Some("cd") => dir = command.get(1).map_or(String::new(), |to| below(&dir, to)),
            _ => {}
        }
    }
    if aside {
        return Err("the command starts several programs");
    }
    let last = executed.or_else(|| commands.pop().map(|last| (last, dir))).ok_or("the command is empty")?;
    match last.0.first() {
        Some(word) if control.contains(&word.as_str()) => Err("the script decides what it starts"),
        _ => Ok(last),
    }
}

/// Where `to` leads from `dir`. What only the run tells leads nowhere else.
pub(super) fn below(dir: &str, to: &str) -> String {
    if to.contains(['$', '`', '*', '~']) || to.starts_with('-') {
        dir.to_owned()
    } else if to.starts_with('/') || dir.is_empty() {
        to.to_owned()
    } else {
        [dir, "/", to].concat()
    }
}

/// The commands of a script, whatever decides between them.
pub(super) fn commands(script: &str) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    for word in words(script) {
        let begins =
            matches!(word.as_str(), "then" | "else" | "elif" | "do" | "{" | "if" | "while" | "until");
        if begins || matches!(word.as_str(), ";" | "&&" | "||" | "|" | "&" | "fi" | "done" | "}") {
            found.push(Vec::new());
        } else if let Some(last) = found.last_mut() {
            last.push(word);
        }
    }
    found.retain(|command| !command.is_empty());
    found
}

/// Drops what stands before the program: assignments, init processes, environment managers.
pub(crate) fn unwrapped(words: &[String]) -> &[String] {
    let mut rest = words;
    for _ in 0..12 {
        let Some(first) = rest.first() else { break };
        let name = first.rsplit('/').next().unwrap_or(first);
        let second = rest.get(1).map(String::as_str);
        let skip = match (name, second) {
            ("exec" | "nohup" | "ddtrace-run" | "opentelemetry-instrument" | "npx" | "bunx" | "time", _) => 1,
            ("tini" | "dumb-init" | "catatonit" | "docker-init" | "env", _) => {
                1 + flags_before_program(rest.get(1..).unwrap_or_default(), &[])
            }
            ("uv" | "poetry" | "pipenv" | "pdm" | "hatch" | "rye", Some("run")) => {
                let takes = [
                    "--project",
                    "--directory",
                    "--with",
                    "--extra",
                    "--group",
                    "--env-file",
                    "-p",
                    "--python",
                ];
                2 + flags_before_program(rest.get(2..).unwrap_or_default(), &takes)
            }
            ("pnpm", Some("exec" | "dlx")) | ("newrelic-admin", Some("run-program")) => 2,
            ("doppler" | "infisical" | "dotenvx", Some("run")) => {
                2 + flags_before_program(rest.get(2..).unwrap_or_default(), &[])
            }
            _ if is_assignment(first) => 1,
            _ => 0,
        };
        if skip == 0 {
            break;
        }
        rest = rest.get(skip..).unwrap_or_default();
    }
    rest
}

fn flags_before_program(words: &[String], with_value: &[&str]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            return at + 1;
        }
        if with_value.contains(&word.as_str()) {
            at += 2;
        } else if word.starts_with('-') || is_assignment(word) {
            at += 1;
        } else {
            break;
        }
    }
    at
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
    })
}

/// The value of the flag called one of `names`: `--port 80`, `--port=80`, `-p 80`.
pub(crate) fn flag<'w>(words: &'w [String], names: &[&str]) -> Option<&'w str> {
    words.iter().enumerate().find_map(|(at, word)| {
        if names.contains(&word.as_str()) {
            return words.get(at + 1).map(String::as_str);
        }
        let (name, value) = word.split_once('=')?;
        names.contains(&name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        words(line)
    }

    #[test]
    fn quotes_escapes_comments_and_operators_are_those_of_a_shell() {
        assert_eq!(split(r#"a "b c" 'd "e' f\ g"#), ["a", "b c", "d \"e", "f g"]);
        assert_eq!(split("a && b # c\nd"), ["a", "&&", "b", ";", "d"]);
        assert_eq!(split("a '' b"), ["a", "", "b"]);
    }

    #[test]
    fn wrappers_are_dropped_and_programs_are_kept() {
        for line in [
            "exec python app.py",
            "tini -g -- python app.py",
            "A=1 B=2 uv run --no-dev python app.py",
            "poetry run python app.py",
            "dumb-init python app.py",
            "env A=b python app.py",
        ] {
            assert_eq!(unwrapped(&split(line)), ["python", "app.py"], "{line}");
        }
    }

    #[test]
    fn every_branch_of_a_script_has_its_commands() {
        let found = commands("if [ -z $A ]; then python a.py; else exec uvicorn b:c; fi");
        assert_eq!(found.last().unwrap(), &["exec", "uvicorn", "b:c"]);
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn the_last_command_is_the_one_the_process_stays_in() {
        assert_eq!(
            last_command("alembic upgrade head && exec uvicorn a:b").unwrap().0,
            ["exec", "uvicorn", "a:b"]
        );
        let (last, dir) = last_command("cd x; cd y && python a.py").unwrap();
        assert_eq!((last, dir.as_str()), (vec!["python".to_owned(), "a.py".to_owned()], "x/y"));
        assert!(last_command("python worker.py & python web.py").is_err());
        assert!(last_command("if true; then\n python a.py\nfi").is_err());
    }
}

//! A shell script as the simple commands it runs, each with the directory it runs in.

use crate::facts::startup::{join, words};

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simple {
    /// The program and its arguments; redirections are left in.
    pub words: Vec<String>,
    /// Directory of the image it runs in, without the first slash.
    pub dir: String,
    /// True when a condition, a loop or a `||` decides whether it runs.
    pub conditional: bool,
    /// True when its failure is passed over: `|| true`, or a script goes on without `set -e`.
    pub tolerated: bool,
    /// True when it is put behind `exec`.
    pub exec: bool,
}

impl Simple {
    /// The name of the program without its directory.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word))
    }

    /// The words that are no flags, the program left out.
    pub fn plain(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(1).map(String::as_str).filter(|word| !word.starts_with('-'))
    }

    /// True when one of the words is `word`.
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|each| each == word)
    }

    /// The path of the image that `written` means here; `None` when a variable or a pattern is in it.
    pub fn place(&self, written: &str) -> Option<String> {
        place(&self.dir, written)
    }
}

/// The path of the image that `written` means in `dir`; `None` when a variable or a pattern is in it.
pub fn place(dir: &str, written: &str) -> Option<String> {
    if written.contains(['$', '*', '?', '`', '~', '{']) {
        return None;
    }
    Some(if written.starts_with('/') { join("", written) } else { join(dir, written) })
}

/// The commands of `script`, run in `dir`. `stops` says that a failing command ends the script: a `RUN`, or `set -e`.
pub fn commands(script: &str, dir: &str, stops: bool) -> Vec<Simple> {
    let mut reader = Reader { dir: dir.to_owned(), depth: 0, stops, out: Vec::new() };
    let mut current = Vec::new();
    let mut before = ";".to_owned();
    for word in words(script) {
        if matches!(word.as_str(), ";" | "&&" | "||" | "|" | "&") {
            reader.finish(std::mem::take(&mut current), &before, &word);
            before = word;
        } else {
            current.push(word);
        }
    }
    reader.finish(current, &before, ";");
    reader.out
}

struct Reader {
    dir: String,
    depth: usize,
    stops: bool,
    out: Vec<Simple>,
}

impl Reader {
    fn finish(&mut self, mut words: Vec<String>, before: &str, after: &str) {
        self.open(&mut words);
        if words.is_empty() {
            return;
        }
        match words[0].as_str() {
            "cd" | "pushd" => {
                if let Some(dir) = words.get(1).and_then(|dir| place(&self.dir, dir)) {
                    self.dir = dir;
                }
                return;
            }
            "set" => {
                self.stops |= words.iter().any(|word| word.starts_with('-') && word.contains('e'));
                return;
            }
            _ => {}
        }
        let tested = self.out.last().is_some_and(|last| {
            matches!(last.program(), "[" | "[[" | "test" | "command" | "which" | "grep" | "type")
        });
        let exec = words[0] == "exec";
        if exec {
            words.remove(0);
        }
        let conditional = self.depth > 0 || before == "||" || (before == "&&" && tested);
        let tolerated = after == "||" || after == "|" || after == "&" || (!self.stops && after == ";");
        if !words.is_empty() {
            self.out.push(Simple { words, dir: self.dir.clone(), conditional, tolerated, exec });
        }
    }

    /// Takes the words of control flow off and counts how deep it is.
    fn open(&mut self, words: &mut Vec<String>) {
        while let Some(first) = words.first().map(String::as_str) {
            match first {
                "if" | "while" | "until" | "case" | "for" => {
                    self.depth += 1;
                    if matches!(first, "case" | "for") {
                        words.clear();
                        return;
                    }
                }
                "fi" | "done" | "esac" => self.depth = self.depth.saturating_sub(1),
                "then" | "else" | "elif" | "do" | "{" | "}" | "!" | "(" => {}
                word if self.depth > 0 && word.ends_with(')') && !word.contains('(') => {}
                word if word.starts_with('(') && word.len() > 1 => {
                    words[0] = word.trim_start_matches('(').to_owned();
                    if let Some(last) = words.last_mut() {
                        *last = last.trim_end_matches(')').to_owned();
                    }
                    continue;
                }
                word if word.contains('=') && is_assignment(word) => {}
                word if word.ends_with("()") => self.depth += 1,
                _ => return,
            }
            words.remove(0);
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
            && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(script: &str) -> Vec<String> {
        let mark = |each: Simple| {
            let marks = format!(
                "{}{}",
                if each.conditional { "?" } else { "" },
                if each.tolerated { "~" } else { "" }
            );
            format!("{marks}{}: {}", each.dir, each.words.join(" "))
        };
        commands(script, "app", true).into_iter().map(mark).collect()
    }

    #[test]
    fn directories_conditions_and_tolerance_are_kept() {
        assert_eq!(
            spelled(
                "cd web && npm ci; cd /srv; A=1 make || true\nif [ -f x ]; then\n  ./x.sh\nfi\nexec node a.js"
            ),
            [
                "app/web: npm ci",
                "~srv: make",
                "?srv: true",
                "?srv: [ -f x ]",
                "?srv: ./x.sh",
                "srv: node a.js"
            ]
        );
        assert_eq!(spelled("[ -f a ] && b\n(c)"), ["app: [ -f a ]", "?app: b", "app: c"]);
    }
}

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
    let hidden = written.contains(['$', '*', '?', '[', '`', '~', '{', '(']);
    if hidden || (is_unknown(dir) && !written.starts_with('/')) {
        return None;
    }
    Some(if written.starts_with('/') { join("", written) } else { join(dir, written) })
}

/// What stands in a directory for a name that is not known.
pub const UNKNOWN: &str = "?";

/// True when a name in `dir` is not known.
pub fn is_unknown(dir: &str) -> bool {
    dir.split('/').any(|part| part == UNKNOWN)
}

/// The commands of `script`, run in `dir`. `stops` says that a failing command ends the script: a `RUN`, or `set -e`.
pub fn commands(script: &str, dir: &str, stops: bool) -> Vec<Simple> {
    let mut reader = Reader { dir: dir.to_owned(), outer: Vec::new(), depth: 0, stops, out: Vec::new() };
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
    /// Where the shells around this one are, outermost first.
    outer: Vec<String>,
    depth: usize,
    stops: bool,
    out: Vec<Simple>,
}

impl Reader {
    fn finish(&mut self, mut words: Vec<String>, before: &str, after: &str) {
        let closed = self.shells(&words);
        self.open(&mut words);
        if closed > 0
            && let Some(last) = words.last_mut()
        {
            last.truncate(
                last.len() - last.bytes().rev().take_while(|byte| *byte == b')').count().min(closed),
            );
        }
        words.retain(|word| !word.is_empty());
        self.simple(words, before, after);
        for _ in 0..closed {
            self.dir = self.outer.pop().unwrap_or_else(|| std::mem::take(&mut self.dir));
        }
    }

    /// Remembers the directory for every shell that a command opens; gives how many it closes.
    fn shells(&mut self, words: &[String]) -> usize {
        let count = |char: char| words.iter().map(|word| word.matches(char).count()).sum::<usize>();
        let leading = words.first().map_or(0, |word| word.bytes().take_while(|byte| *byte == b'(').count());
        let (inner, closes) = (count('(') - leading, count(')'));
        let opens = leading + inner.saturating_sub(closes);
        self.outer.extend(std::iter::repeat_n(self.dir.clone(), opens));
        closes.saturating_sub(inner).min(self.outer.len())
    }

    fn simple(&mut self, mut words: Vec<String>, before: &str, after: &str) {
        let Some(first) = words.first() else { return };
        let tested = self.out.last().is_some_and(|last| {
            matches!(last.program(), "[" | "[[" | "test" | "command" | "which" | "grep" | "type")
        });
        let conditional = self.depth > 0 || before == "||" || (before == "&&" && tested);
        match first.as_str() {
            "cd" | "pushd" | "popd" => {
                let to = words.get(1).filter(|to| first != "popd" && *to != "-" && !conditional);
                let unknown = || UNKNOWN.to_owned();
                self.dir = to.and_then(|to| place(&self.dir, to)).unwrap_or_else(unknown);
                return;
            }
            "set" => {
                self.stops |= words.iter().any(|word| word.starts_with('-') && word.contains('e'));
                return;
            }
            _ => {}
        }
        let exec = first == "exec";
        if exec {
            words.remove(0);
        }
        let tolerated = after == "||" || after == "|" || after == "&" || (!self.stops && after == ";");
        if !words.is_empty() {
            self.out.push(Simple { words, dir: self.dir.clone(), conditional, tolerated, exec });
        }
    }

    /// Takes the words of control flow off and counts how deep it is.
    fn open(&mut self, words: &mut Vec<String>) {
        let mut taken = 0;
        while let Some(first) = words.get(taken).map(String::as_str) {
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
                    let inner = word.trim_start_matches('(').to_owned();
                    let only = words.len() == taken + 1;
                    words[taken] = if only { inner.trim_end_matches(')').to_owned() } else { inner };
                    continue;
                }
                word if word.contains('=') && is_assignment(word) => {}
                word if word.ends_with("()") => self.depth += 1,
                _ => break,
            }
            taken += 1;
        }
        words.drain(..taken);
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
        assert_eq!(spelled("(cd web && a) && b; (cd x); c $(d)"), ["app/web: a", "app: b", "app: c $(d)"]);
        assert_eq!(
            spelled("V=$(node -p \"x('a b')\" | cut -d, -f1) && corepack use pnpm@$V"),
            ["app: corepack use pnpm@$V"]
        );
        assert_eq!(spelled("cd a && cd - && b; cd $X; c; cd /y && d"), ["?: b", "?: c", "y: d"]);
        assert_eq!(spelled("[ -d a ] && cd a; b"), ["app: [ -d a ]", "?: b"]);
    }
}

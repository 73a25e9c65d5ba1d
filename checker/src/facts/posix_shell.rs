//! What a script for Bash holds that `sh` ends at: `dash` on Debian and Ubuntu, BusyBox's `ash` on Alpine.
//!
//! Only what ends the script for certain is told: syntax that does not parse, wherever it stands; substitutions and
//! options that end the shell, and commands that are not there, where nothing decides whether they are reached. Each was
//! tried with dash 0.5.12 and BusyBox 1.35.

use std::ops::Range;

/// What `sh` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posix {
    /// Of Debian and Ubuntu.
    Dash,
    /// Of Alpine.
    Ash,
}

impl Posix {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dash => "dash",
            Self::Ash => "BusyBox ash",
        }
    }
}

/// The first thing that ends a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Where, as bytes of the script.
    pub at: Range<usize>,
    /// What the shell says, in short.
    pub says: &'static str,
}

/// Commands of Bash that dash has not.
const BUILTINS: [&str; 10] =
    ["source", "[[", "pushd", "popd", "declare", "typeset", "shopt", "mapfile", "readarray", "let"];
/// Of these, what BusyBox's shell has.
const IN_ASH: [&str; 3] = ["source", "[[", "let"];

const NOT_FOUND: &str = "not found";
const REDIRECTION: &str = "Syntax error: redirection unexpected";
const PARENTHESIS: &str = "Syntax error: \"(\" unexpected";
const SUBSTITUTION: &str = "Bad substitution";

/// The first thing in `script` that ends `shell`.
pub fn foreign(script: &str, shell: Posix) -> Option<Foreign> {
    let chain = !script.trim().contains([';', '\n']) && !script.contains("||");
    let stops = script.lines().next().is_some_and(|line| line.starts_with("#!") && line.contains(" -e"));
    let mut reader = Reader {
        text: script,
        shell,
        chain,
        stops,
        at: 0,
        depth: 0,
        starts: true,
        joined: false,
        test: false,
        open: Vec::new(),
        documents: Vec::new(),
        pending: None,
    };
    while reader.at < script.len() {
        match reader.step() {
            Step::On => {}
            Step::Found(found) => return Some(found),
            Step::End => return None,
        }
    }
    reader.close(true)
}

enum Step {
    On,
    Found(Foreign),
    End,
}

/// What is open around the place that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Quotes,
    Substitution,
    Shell,
}

#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the place that is read")]
struct Reader<'t> {
    text: &'t str,
    shell: Posix,
    /// True when the whole script is commands joined by `&&`: each has to succeed.
    chain: bool,
    /// True under `set -e`.
    stops: bool,
    at: usize,
    /// Compound commands that are open.
    depth: usize,
    /// True where a command begins.
    starts: bool,
    /// True behind `&&` or `||`.
    joined: bool,
    /// True between `[[` and `]]`.
    test: bool,
    open: Vec<Open>,
    /// Ends of here-documents whose bodies follow the line.
    documents: Vec<(String, bool)>,
    /// A command that is not there.
    pending: Option<Range<usize>>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn found(&self, len: usize, says: &'static str) -> Step {
        let end = (self.at + len..=self.text.len()).find(|at| self.text.is_char_boundary(*at));
        Step::Found(Foreign { at: self.at..end.unwrap_or(self.text.len()), says })
    }

    /// True where nothing decides whether this is reached.
    fn is_certain(&self) -> bool {
        self.depth == 0 && !self.open.iter().any(|open| *open != Open::Quotes) && (self.chain || !self.joined)
    }

    fn skip(&mut self, len: usize) -> Step {
        // A backslash may be the last character.
        self.at = (self.at + len).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        Step::On
    }

    /// The end of a command: one that is not there ends the script under `set -e`.
    fn close(&mut self, plain: bool) -> Option<Foreign> {
        self.starts = true;
        self.test = false;
        let at = self.pending.take()?;
        (self.chain || (plain && self.stops)).then_some(Foreign { at, says: NOT_FOUND })
    }

    fn step(&mut self) -> Step {
        let rest = self.rest();
        let Some(char) = rest.chars().next() else { return Step::End };
        if char == '\\' {
            return self.skip(2);
        }
        if rest.starts_with("$((") {
            let len = rest.find("))").map_or(rest.len(), |end| end + 2);
            self.starts = false;
            return self.skip(len);
        }
        if rest.starts_with("$(") {
            self.open.push(Open::Substitution);
            self.starts = true;
            return self.skip(2);
        }
        if rest.starts_with("${") {
            return self.parameter();
        }
        if self.open.last() == Some(&Open::Quotes) {
            if char == '"' {
                self.open.pop();
            }
            return self.skip(1);
        }
        match char {
            '\'' => {
                let len = rest[1..].find('\'').map_or(rest.len(), |end| end + 2);
                self.starts = false;
                self.skip(len)
            }
            '"' => {
                self.open.push(Open::Quotes);
                self.starts = false;
                self.skip(1)
            }
            '#' if self.is_word_start() => {
                let len = rest.find('\n').unwrap_or(rest.len());
                self.skip(len)
            }
            '\n' => self.line(),
            ' ' | '\t' | '\r' => self.skip(1),
            '<' | '>' => self.redirection(),
            '|' | '&' | ';' => self.operator(),
            '(' | ')' => self.parenthesis(char),
            _ => self.word(),
        }
    }

    fn is_word_start(&self) -> bool {
        let before = self.text[..self.at].chars().next_back();
        before.is_none_or(|char| char.is_whitespace() || ";&|(".contains(char))
    }

    fn line(&mut self) -> Step {
        if let Some(found) = self.close(true) {
            return Step::Found(found);
        }
        self.joined = false;
        self.at += 1;
        for (end, tabs) in std::mem::take(&mut self.documents) {
            while self.at < self.text.len() {
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at += line.len() + 1;
                let line = if tabs { line.trim_start_matches('\t') } else { line };
                if line == end {
                    break;
                }
            }
        }
        self.at = self.at.min(self.text.len());
        Step::On
    }

    fn redirection(&mut self) -> Step {
        let rest = self.rest();
        if self.test {
            return self.skip(1);
        }
        if rest.starts_with("<<<") {
            return self.found(3, REDIRECTION);
        }
        if (rest.starts_with("<(") || rest.starts_with(">(")) && self.shell == Posix::Dash {
            let says = if self.text[..self.at].trim_end().ends_with('<') { REDIRECTION } else { PARENTHESIS };
            return self.found(2, says);
        }
        if let Some(body) = rest.strip_prefix("<<") {
            let tabs = body.starts_with('-');
            let word = body.trim_start_matches('-').trim_start_matches([' ', '\t']);
            let word = word.split([' ', '\t', '\n', ';', '&', '|', ')', '>', '<']).next().unwrap_or_default();
            let end: String = word.chars().filter(|char| !"'\"\\".contains(*char)).collect();
            let len = 2 + body.find(word).unwrap_or(0) + word.len();
            if !end.is_empty() {
                self.documents.push((end, tabs));
            }
            return self.skip(len);
        }
        let len = if rest.starts_with("<(") || rest.starts_with(">(") {
            self.open.push(Open::Shell);
            2
        } else {
            rest.find(|char| !"<>&-".contains(char)).unwrap_or(rest.len()).max(1)
        };
        self.skip(len)
    }

    fn operator(&mut self) -> Step {
        let rest = self.rest();
        if self.test {
            return self.skip(1);
        }
        if rest.starts_with("|&") {
            return self.found(2, "Syntax error: \"&\" unexpected");
        }
        if rest.starts_with("&>") {
            return self.skip(1);
        }
        let (len, plain) = match rest {
            _ if rest.starts_with("&&") || rest.starts_with("||") => (2, false),
            _ if rest.starts_with(";;") => (2, true),
            _ => (1, rest.starts_with(';')),
        };
        let joined = len == 2 && !plain;
        if let Some(found) = self.close(plain) {
            return Step::Found(found);
        }
        self.joined = joined || (self.joined && rest.starts_with('|'));
        self.skip(len)
    }

    fn parenthesis(&mut self, char: char) -> Step {
        let rest = self.rest();
        if char == ')' {
            if matches!(self.open.last(), Some(Open::Substitution | Open::Shell)) {
                self.open.pop();
                self.starts = false;
            } else {
                // A pattern of `case`, or the end of a function's head.
                self.starts = true;
            }
            return self.skip(1);
        }
        if self.test {
            return self.found(1, PARENTHESIS);
        }
        if rest.starts_with("((") && self.starts {
            let len = rest.find("))").map_or(rest.len(), |end| end + 2);
            return self.skip(len);
        }
        if rest.starts_with("()") {
            self.starts = true;
            return self.skip(2);
        }
        self.open.push(Open::Shell);
        self.starts = true;
        self.skip(1)
    }

    /// `${…}`: the name and what is done to it.
    fn parameter(&mut self) -> Step {
        let inner = &self.rest()[2..];
        let name = inner.trim_start_matches(['!', '#']);
        let len =
            name.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).unwrap_or(name.len());
        let (before, after) = (&inner[..inner.len() - name.len()], &name[len..]);
        let digit = |char: char| char.is_ascii_digit() || char == '$';
        let both = len > 0 && (before == "!" || after.starts_with(['^', ',', '[', '@']));
        let dash = len > 0
            && before.is_empty()
            && (after.starts_with('/')
                || after.strip_prefix(':').is_some_and(|rest| rest.starts_with(digit)));
        if (both || (dash && self.shell == Posix::Dash)) && self.is_certain() {
            return self.found(2 + before.len() + len, SUBSTITUTION);
        }
        self.starts = false;
        // What stands behind `:-` is read on; the brace that closes is an ordinary character.
        let skipped = 2
            + before.len()
            + len
            + after.chars().next().map_or(0, |char| if char == '}' { 1 } else { char.len_utf8() });
        self.skip(skipped)
    }

    fn word(&mut self) -> Step {
        let rest = self.rest();
        let len = rest
            .find(|char: char| char.is_whitespace() || ";&|()<>'\"\\".contains(char) || char == '$')
            .unwrap_or(rest.len());
        if len == 0 {
            return self.skip(1);
        }
        let (word, after) = (&rest[..len], &rest[len..]);
        let begins = self.is_word_start();
        if begins
            && after.starts_with('(')
            && word.strip_suffix('=').is_some_and(|name| is_name(name.trim_end_matches('+')))
        {
            return self.found(len + 1, PARENTHESIS);
        }
        if self.test {
            self.test = word != "]]";
            return self.skip(len);
        }
        if !self.starts || !begins {
            return self.skip(len);
        }
        self.starts = false;
        let next = after.trim_start_matches([' ', '\t']);
        match word {
            "if" | "while" | "until" | "case" | "select" | "{" => {
                self.depth += 1;
                self.starts = word != "case" && word != "select";
            }
            "for" if next.starts_with("((") => {
                return self.found(len, "Syntax error: Bad for loop variable");
            }
            "for" => self.depth += 1,
            "then" | "else" | "elif" | "do" | "!" => self.starts = true,
            "fi" | "done" | "esac" | "}" => self.depth = self.depth.saturating_sub(1),
            "function"
                if self.shell == Posix::Dash
                    && after.starts_with([' ', '\t'])
                    && next.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_') =>
            {
                let says = if next.lines().next().is_some_and(|line| line.contains("()")) {
                    PARENTHESIS
                } else {
                    "Syntax error: \"}\" unexpected"
                };
                return self.found(len, says);
            }
            "exec" if self.is_certain() && !next.starts_with(['>', '<', '&', '1', '2', '3', '\n']) => {
                return Step::End;
            }
            "exit" if self.is_certain() => return Step::End,
            "set" if self.is_certain() => {
                let line = next.split(['\n', ';', '&', '|']).next().unwrap_or_default();
                let first = line.split_whitespace().next().unwrap_or_default();
                if line.contains("pipefail") && first.starts_with('-') && self.shell == Posix::Dash {
                    return self.found(len, "set: Illegal option -o pipefail");
                }
                self.stops |= first.starts_with('-') && first.contains('e');
            }
            "[[" => {
                self.test = true;
                self.note(word);
            }
            _ if is_name_assigned(word) => self.starts = true,
            _ => self.note(word),
        }
        self.skip(len)
    }

    /// Remembers a command that is not there.
    fn note(&mut self, word: &str) {
        let there = !BUILTINS.contains(&word) || (self.shell == Posix::Ash && IN_ASH.contains(&word));
        if !there && self.is_certain() {
            self.pending = Some(self.at..self.at + word.len());
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && word.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

fn is_name_assigned(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(script: &str, shell: Posix) -> Option<&str> {
        foreign(script, shell).map(|found| &script[found.at])
    }

    #[test]
    fn what_ends_both_shells() {
        for (script, what) in [
            ("cat <<< \"x\"", "<<<"),
            ("read a b <<<\"1 2\"\necho", "<<<"),
            ("if true; then\n  x=(a b)\nfi", "x=("),
            ("declare -a x=(1)", "x=("),
            ("for ((i=0;i<2;i++)); do :; done", "for"),
            ("a |& b", "|&"),
            ("echo \"${x^^}\"", "${x"),
            ("echo ${!x}", "${!x"),
            ("D=${BASH_SOURCE[0]}", "${BASH_SOURCE"),
            ("if [[ $a =~ ^(x|y)$ ]]; then :; fi", "("),
            ("pushd /x && make", "pushd"),
            ("set -e\nshopt -s nullglob\n", "shopt"),
        ] {
            assert_eq!(seen(script, Posix::Dash), Some(what), "dash: {script}");
            assert_eq!(seen(script, Posix::Ash), Some(what), "ash: {script}");
        }
    }

    #[test]
    fn what_ends_dash_alone() {
        for (script, what) in [
            ("source a && b", "source"),
            ("#!/bin/sh -e\nsource ./x\n", "source"),
            ("set -euo pipefail\necho", "set"),
            ("set -o pipefail && a | b", "set"),
            ("[[ -f x ]] && y", "[["),
            ("function f { a; }", "function"),
            ("function f() {\n a\n}", "function"),
            ("done < <(a)", "<("),
            ("x=ab\necho ${x//a/b}", "${x"),
            ("echo ${x:0:1}", "${x"),
        ] {
            assert_eq!(seen(script, Posix::Dash), Some(what), "dash: {script}");
            assert_eq!(seen(script, Posix::Ash), None, "ash: {script}");
        }
    }

    #[test]
    fn what_both_shells_take() {
        for script in [
            "#!/bin/sh\nset -e\nif [ -f x ]; then\n  . ./x\nfi\nexec \"$@\"\n",
            "exec node a.js\ncat <<< x",
            "exit 0\nx=(a)",
            "cat <<EOF\nx=(a)\n${x^^} <<< |&\nEOF\necho done",
            "cat > f <<-'END'\n\tfunction x {\n\tEND\necho",
            "# x=(a) <<<\necho 'x=(a) <<<' \"<<< x=(a)\" a\\<<b",
            "source ./x || . ./x",
            "source ./x; echo",
            "if [[ -f x ]]; then echo; fi",
            "echo ${x:-a} ${x%/*} ${x##*/} ${#x} ${x:+(b)} ${1:-} $((1 + (2))) $(a)",
            "case $x in a) b;; (c|d) e;; *) exit 1;; esac",
            "f() { local x=$1; echo \"$x\"; }\nf a",
            "if command -v bash >/dev/null; then echo \"${BASH_SOURCE[0]}\"; fi",
            "[ -n \"$BASH\" ] && set -o pipefail\necho",
            "(set -o pipefail 2>/dev/null) && set -o pipefail\necho",
            "x=\"$(echo \"${y^^}\")\"",
            "find . -name '*.sh' -exec chmod +x {} \\; && a >/dev/null 2>&1",
            "(a; b) && { c; }",
            "a &> /dev/null; b",
            "set -e\nfunction_name=1\nsource_dir=/x\necho $source_dir",
            "PYTHONPATH=. python -c \"x = [i for i in (1, 2)]\"",
            "awk '{print $1}' <f >g",
            "echo a\\",
            "echo ${x",
        ] {
            assert_eq!(seen(script, Posix::Dash), None, "dash: {script}");
            assert_eq!(seen(script, Posix::Ash), None, "ash: {script}");
        }
    }
}

//! Patterns in gitignore syntax: `.gitignore`, `.railwayignore` and Railway's watch patterns.

/// An ordered list of patterns that count from one directory.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    negated: bool,
    directories_only: bool,
    /// Parts between slashes; a pattern without an inner slash begins with `**`.
    parts: Vec<String>,
}

impl Patterns {
    /// Reads the lines of a file.
    pub fn parse(text: &str) -> Self {
        Self { patterns: text.lines().filter_map(Pattern::parse).collect() }
    }

    /// `Some(true)` when the last matching pattern ignores `path`, `Some(false)` when it takes it back, `None` when no
    /// pattern matches. Only the path itself is judged, not its parents.
    pub fn judge(&self, path: &str, is_directory: bool) -> Option<bool> {
        let parts: Vec<&str> = path.split('/').collect();
        let last = self.patterns.iter().rev().find(|pattern| {
            (is_directory || !pattern.directories_only) && parts_match(&pattern.parts, &parts)
        });
        last.map(|pattern| !pattern.negated)
    }

    /// True when `path` or a directory above it is ignored; what lies in an ignored directory cannot come back.
    pub fn ignores(&self, path: &str) -> bool {
        let directories = path.match_indices('/').map(|(at, _)| &path[..at]);
        for directory in directories {
            if self.judge(directory, true) == Some(true) {
                return true;
            }
        }
        self.judge(path, false) == Some(true)
    }

    /// True when there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

impl Pattern {
    fn parse(line: &str) -> Option<Self> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.starts_with('#') {
            return None;
        }
        let line = without_trailing_blanks(line);
        let (negated, line) = line.strip_prefix('!').map_or((false, line), |line| (true, line));
        let (directories_only, line) = line.strip_suffix('/').map_or((false, line), |line| (true, line));
        if line.is_empty() {
            return None;
        }
        let anchored = line.contains('/');
        let line = line.strip_prefix('/').unwrap_or(line);
        let mut parts: Vec<String> = line.split('/').map(str::to_owned).collect();
        if !anchored {
            parts.insert(0, "**".into());
        }
        Some(Self { negated, directories_only, parts })
    }
}

/// Blanks at the end go, unless the last one is escaped.
fn without_trailing_blanks(line: &str) -> &str {
    let trimmed = line.trim_end_matches(' ');
    let escaped = trimmed.ends_with('\\') && trimmed.len() < line.len();
    if escaped { &line[..=trimmed.len()] } else { trimmed }
}

/// Matches part by part; `**` stands for any number of parts, but at the end for at least one.
fn parts_match(pattern: &[String], path: &[&str]) -> bool {
    if let ([any, name], Some(last)) = (pattern, path.last())
        && any == "**"
        && name != "**"
    {
        return part_matches(name, last);
    }
    let mut reach = vec![false; path.len() + 1];
    reach[0] = true;
    for (number, part) in pattern.iter().enumerate() {
        let mut next = vec![false; path.len() + 1];
        let last = number + 1 == pattern.len();
        for at in (0..=path.len()).filter(|at| reach[*at]) {
            if part == "**" {
                let from = if last && number > 0 { at + 1 } else { at };
                next[from.min(path.len() + 1)..].iter_mut().for_each(|state| *state = true);
            } else if at < path.len() && part_matches(part, path[at]) {
                next[at + 1] = true;
            }
        }
        reach = next;
    }
    reach[path.len()]
}

/// Matches one part with `*`, `?`, `[…]` and escapes.
pub(crate) fn part_matches(pattern: &str, text: &str) -> bool {
    const WILD: [char; 4] = ['*', '?', '[', '\\'];
    if !pattern.contains(WILD) {
        return pattern == text;
    }
    if let Some(tail) = pattern.strip_prefix('*').filter(|tail| !tail.contains(WILD)) {
        return text.ends_with(tail);
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let mut states = vec![false; pattern.len() + 1];
    open(&pattern, &mut states, 0);
    for char in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for at in (0..pattern.len()).filter(|at| states[*at]) {
            match step(&pattern, at, char) {
                Some(to) if to == at => open(&pattern, &mut next, at),
                Some(to) => open(&pattern, &mut next, to),
                None => {}
            }
        }
        states = next;
    }
    states[pattern.len()]
}

fn open(pattern: &[char], states: &mut [bool], at: usize) {
    let mut at = at;
    loop {
        states[at] = true;
        if pattern.get(at) != Some(&'*') {
            return;
        }
        at += 1;
    }
}

/// Where `char` leads from state `at`.
fn step(pattern: &[char], at: usize, char: char) -> Option<usize> {
    match pattern[at] {
        '*' => Some(at),
        '?' => Some(at + 1),
        '\\' if at + 1 < pattern.len() => (pattern[at + 1] == char).then_some(at + 2),
        '[' => match class(pattern, at) {
            Some((end, negated, ranges)) => {
                let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&char));
                (inside != negated).then_some(end)
            }
            None => None,
        },
        own => (own == char).then_some(at + 1),
    }
}

/// A class: where it ends, whether it is negated, its ranges.
type Class = (usize, bool, Vec<(char, char)>);

/// The class that opens at `at`; `None` when it never closes.
fn class(pattern: &[char], at: usize) -> Option<Class> {
    let mut at = at + 1;
    let negated = matches!(pattern.get(at), Some('!' | '^'));
    at += usize::from(negated);
    let first = at;
    let mut ranges = Vec::new();
    loop {
        let mut low = *pattern.get(at)?;
        if low == ']' && at > first {
            return Some((at + 1, negated, ranges));
        }
        if low == '\\' {
            at += 1;
            low = *pattern.get(at)?;
        }
        let is_range =
            pattern.get(at + 1) == Some(&'-') && pattern.get(at + 2).is_some_and(|next| *next != ']');
        if is_range {
            ranges.push((low, pattern[at + 2]));
            at += 3;
        } else {
            ranges.push((low, low));
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_at_any_depth_and_a_path_from_the_root() {
        let patterns = Patterns::parse("node_modules/\n*.log\n/dist\nsrc/gen\n!keep.log\n");
        for path in ["a/node_modules/b", "x/y.log", "dist/a", "src/gen/x"] {
            assert!(patterns.ignores(path), "{path}");
        }
        for path in ["a/dist", "x/src/gen", "keep.log", "a/node_modules_b"] {
            assert!(!patterns.ignores(path), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics_on_any_path(
            lines in proptest::collection::vec("\\PC{0,8}|[!*?a-c/.\\[\\]^\\\\ -]{0,8}", 0..6),
            path in "[a-cé*.]{1,3}(/[a-cé*.]{1,3}){0,3}",
        ) {
            let patterns = Patterns::parse(&lines.join("\n"));
            let above = path.rsplit_once('/').is_some_and(|(above, _)| patterns.judge(above, true) == Some(true));
            assert!(!above || patterns.ignores(&path));
        }
    }

    #[test]
    fn git_agrees() {
        use std::process::Command;
        let root = std::env::temp_dir().join(format!("preflight-gitignore-{}", std::process::id()));
        let lines = [
            "a", "/b", "c/", "d/*", "e/**", "**/f", "g/**/h", "*.x", "?y", "[k-m]n", "[!o]p", "\\!q", "r\\ ",
            "s  ", "!b/keep", "t*u", "**", "/**/v", "w/**/", "#z", "\\#z", "[]]x", "a[", "foo/bar", "!*.x",
        ];
        let paths = [
            "a",
            "x/a",
            "a/b",
            "b",
            "x/b",
            "b/keep",
            "c",
            "c/d",
            "x/c/d",
            "d/a",
            "d/a/b",
            "e/a/b",
            "e",
            "f",
            "a/b/f",
            "g/h",
            "g/a/b/h",
            "q.x",
            "z/q.x",
            "zy",
            "kn",
            "on",
            "op",
            "xp",
            "!q",
            "r ",
            "s",
            "tu",
            "t1u",
            "v",
            "a/v",
            "w/a/b",
            "#z",
            "]x",
            "a[",
            "foo/bar",
            "x/foo/bar",
        ];
        let git =
            |args: &[&str]| Command::new("git").arg("-C").arg(&root).args(args).output().expect("git runs");
        std::fs::create_dir_all(&root).expect("a directory for the test");
        git(&["init", "-q"]);
        let mut wrong = Vec::new();
        for line in lines {
            std::fs::create_dir_all(root.join(".git/info")).expect("git's own directory");
            put(&root.join(".git/info/exclude"), line);
            let patterns = Patterns::parse(line);
            for path in paths {
                let said = git(&["check-ignore", "-q", "--no-index", path]).status.success();
                if said != patterns.ignores(path) {
                    wrong.push(format!("{line:?} on {path:?}: git says {said}"));
                }
            }
        }
        std::fs::remove_dir_all(&root).expect("the test's directory goes");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[expect(clippy::disallowed_methods, reason = "the test writes the file that git reads")]
    fn put(path: &std::path::Path, line: &str) {
        std::fs::write(path, format!("{line}\n")).expect("the exclude file");
    }
}

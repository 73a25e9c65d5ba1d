//! `.dockerignore` with Docker's semantics: the pattern language and the order of decisions of moby's pattern matcher,
//! as BuildKit applies it to a walk of the context.

use crate::facts::dockerfile::Spanned;
use crate::snapshot::{Snapshot, Text};
use crate::span::Span;

/// One line of an ignore file.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The pattern as Docker cleans it, without `!` and a leading slash.
    pub cleaned: String,
    /// `!`: what it matches is sent after all.
    pub exclusion: bool,
    /// The line's bytes.
    pub span: Span,
    matcher: Matcher,
}

/// An ignore file.
#[derive(Debug, Clone, Default)]
pub struct Dockerignore {
    /// Path in the tree.
    pub path: String,
    /// Patterns in file order.
    pub patterns: Vec<Pattern>,
    /// Lines that make Docker refuse the build.
    pub errors: Vec<Spanned<String>>,
}

/// What the patterns said of one path; a child needs its parent's.
#[derive(Debug, Clone, Default)]
pub struct Matched {
    /// One flag a pattern.
    flags: Vec<bool>,
    /// The pattern that decided last, whether it ignores or re-includes.
    pub decided_by: Option<usize>,
    /// True when the path is not sent.
    pub ignored: bool,
}

impl Dockerignore {
    /// Reads the ignore file that counts for `dockerfile` in a context whose root is the directory `root` of the tree:
    /// `<Dockerfile>.dockerignore` beside it, else `.dockerignore` at the root.
    pub fn for_dockerfile(snapshot: &Snapshot<'_>, root: &str, dockerfile: &str) -> Option<Self> {
        let below =
            if root.is_empty() { ".dockerignore".to_owned() } else { format!("{root}/.dockerignore") };
        let own = snapshot.text(&format!("{dockerfile}.dockerignore"));
        own.or_else(|_| snapshot.text(&below)).ok().map(|text| Self::parse(&text))
    }

    /// Reads an ignore file; a bad pattern is kept as an error and passed over.
    pub fn parse(text: &Text) -> Self {
        let mut file = Self { path: text.path.clone(), ..Self::default() };
        for span in (1..=text.lines.count()).filter_map(|line| text.lines.line_span(&text.text, line)) {
            let line = span.of(&text.text);
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let line = line.trim();
            let (exclusion, body) = line.strip_prefix('!').map_or((false, line), |body| (true, body.trim()));
            let cleaned = clean(body);
            // Go cleans `!/` to `!`.
            if body.is_empty() || (exclusion && cleaned == "/") {
                file.errors.push(Spanned { value: "`!` alone is no pattern".into(), span });
                continue;
            }
            let cleaned =
                cleaned.strip_prefix('/').filter(|rest| !rest.is_empty()).unwrap_or(&cleaned).to_owned();
            match Matcher::compile(&cleaned) {
                Some(matcher) => file.patterns.push(Pattern { cleaned, exclusion, span, matcher }),
                None => file.errors.push(Spanned { value: format!("`{body}` is no valid pattern"), span }),
            }
        }
        file
    }

    /// Judges `path` (from the context's root), given what was said of its parent directory; `None` at the root.
    pub fn judge(&self, path: &str, parent: Option<&Matched>) -> Matched {
        let mut matched =
            Matched { flags: vec![false; self.patterns.len()], decided_by: None, ignored: false };
        for (at, pattern) in self.patterns.iter().enumerate() {
            let mut hit = parent.is_some_and(|parent| parent.flags[at]);
            if !hit {
                // What is already decided the way this pattern would decide it is not asked again.
                if pattern.exclusion != matched.ignored {
                    continue;
                }
                hit = pattern.matcher.matches(path);
            }
            matched.flags[at] = hit;
            if hit {
                matched.ignored = !pattern.exclusion;
                matched.decided_by = Some(at);
            }
        }
        matched
    }

    /// Judges a file, below which nothing is asked: `ignored` of [`Self::judge`] without its flags. Only the patterns `live`
    /// are asked.
    fn ignores(&self, path: &str, parent: Option<&Matched>, live: &[usize]) -> bool {
        live.iter().fold(false, |ignored, at| {
            let pattern = &self.patterns[*at];
            let above = parent.is_some_and(|parent| parent.flags[*at]);
            let hit = above || (pattern.exclusion == ignored && pattern.matcher.matches(path));
            if hit { !pattern.exclusion } else { ignored }
        })
    }

    /// Judges `path` from scratch: every parent directory first.
    pub fn decide(&self, path: &str) -> Matched {
        let mut parent: Option<Matched> = None;
        for (at, _) in path.match_indices('/') {
            parent = Some(self.judge(&path[..at], parent.as_ref()));
        }
        self.judge(path, parent.as_ref())
    }

    /// Says of many paths in tree order whether each is ignored; a directory is judged once.
    pub fn walk<'p>(&self, paths: impl Iterator<Item = &'p str>, mut each: impl FnMut(&'p str, bool)) {
        let all: Vec<usize> = (0..self.patterns.len()).collect();
        // Each directory with the patterns that can say something about what lies in it.
        let mut open: Vec<(&str, Matched, Vec<usize>)> = Vec::new();
        for path in paths {
            while open.last().is_some_and(|(directory, ..)| !is_below(path, directory)) {
                open.pop();
            }
            let mut from = open.last().map_or(0, |(directory, ..)| directory.len() + 1);
            while let Some(at) = path[from..].find('/') {
                let directory = &path[..from + at];
                let judged = self.judge(directory, open.last().map(|(_, matched, _)| matched));
                let above = open.last().map_or(&all, |(.., live)| live);
                let counts = |at: &&usize| {
                    judged.flags[**at] || self.patterns[**at].matcher.may_match_below(directory)
                };
                let live = above.iter().filter(counts).copied().collect();
                open.push((directory, judged, live));
                from += at + 1;
            }
            let (parent, live) = open.last().map_or((None, &all), |(_, matched, live)| (Some(matched), live));
            each(path, self.ignores(path, parent, live));
        }
    }
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// Go's `filepath.Clean`: `.`, `..`, doubled and trailing slashes go.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// A compiled pattern.
#[derive(Debug, Clone)]
enum Matcher {
    /// No wildcard at all.
    Exact(String),
    /// `name/**`: everything that begins so.
    Prefix(String),
    /// `**/name`: everything that ends so, and the name itself.
    Suffix(String),
    /// Anything else; a path that does not begin with `head` and end with `tail` needs no closer look.
    Tokens { tokens: Vec<Token>, head: String, tail: String },
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Char(char),
    /// `?`: any character but a slash.
    One,
    /// `*`: any characters but slashes.
    Star,
    /// `**` in the middle: nothing, or anything that ends with a slash.
    Directories,
    /// `**` at the end: anything.
    Rest,
    /// `[…]`; a negated one matches a slash too, as Go's regular expressions do.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Matcher {
    /// `None` for a pattern that Go's `filepath.Match` rejects.
    fn compile(pattern: &str) -> Option<Self> {
        if !is_valid(pattern) {
            return None;
        }
        let tokens = tokens(pattern)?;
        let literal = |tokens: &[Token]| {
            tokens
                .iter()
                .map(|token| if let Token::Char(char) = token { Some(*char) } else { None })
                .collect::<Option<String>>()
        };
        if let Some(text) = literal(&tokens) {
            return Some(Self::Exact(text));
        }
        if let Some(head) = tokens.strip_suffix(&[Token::Rest]).and_then(literal)
            && !pattern.starts_with("**")
        {
            return Some(Self::Prefix(head));
        }
        if let Some(tail) = tokens.strip_prefix(&[Token::Directories]).and_then(literal) {
            // `**name` without a slash matches the end of any name.
            let bare = !pattern.starts_with("**/");
            return Some(Self::Suffix(if bare { tail } else { format!("/{tail}") }));
        }
        let char = |token: &Token| if let Token::Char(char) = token { Some(*char) } else { None };
        let head = tokens.iter().map_while(char).collect();
        let mut tail: Vec<char> = tokens.iter().rev().map_while(char).collect();
        tail.reverse();
        Some(Self::Tokens { tail: tail.into_iter().collect(), head, tokens })
    }

    /// False when no path in `directory` can match.
    fn may_match_below(&self, directory: &str) -> bool {
        let head = match self {
            Self::Suffix(_) => return true,
            Self::Exact(head) | Self::Prefix(head) | Self::Tokens { head, .. } => head,
        };
        let common = head.len().min(directory.len());
        head.as_bytes()[..common] == directory.as_bytes()[..common]
            && head.as_bytes().get(directory.len()).is_none_or(|byte| *byte == b'/')
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(text) => path == text,
            Self::Prefix(head) => path.starts_with(head.as_str()),
            Self::Suffix(tail) => path.ends_with(tail.as_str()) || tail.strip_prefix('/') == Some(path),
            Self::Tokens { tokens, head, tail } => {
                path.starts_with(head.as_str()) && path.ends_with(tail.as_str()) && simulate(tokens, path)
            }
        }
    }
}

/// True when Go's `filepath.Match` would accept the pattern.
fn is_valid(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if chars.next().is_none() => return false,
            '[' => {
                chars.next_if_eq(&'^');
                let mut members = 0;
                loop {
                    match chars.next() {
                        Some(']') if members > 0 => break,
                        None | Some(']' | '-') => return false,
                        Some('\\') if chars.next().is_none() => return false,
                        Some(_) => {
                            members += 1;
                            if chars.next_if_eq(&'-').is_some() {
                                match chars.next() {
                                    None | Some(']' | '-') => return false,
                                    Some('\\') if chars.next().is_none() => return false,
                                    Some(_) => {}
                                }
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    true
}

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        tokens.push(match char {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_none() { Token::Rest } else { Token::Directories }
            }
            '*' => Token::Star,
            '?' => Token::One,
            '\\' => escaped(chars.next()?)?,
            '[' => {
                let negated = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while let Some(low) = chars.next().filter(|char| *char != ']') {
                    let low = member(low, &mut chars)?;
                    let high = match chars.next_if_eq(&'-') {
                        Some(_) => chars.next().and_then(|high| member(high, &mut chars))?,
                        None => low,
                    };
                    if low > high {
                        return None;
                    }
                    ranges.push((low, high));
                }
                Token::Class { negated, ranges }
            }
            char => Token::Char(char),
        });
    }
    Some(tokens)
}

/// What a backslash and `char` stand for. Docker hands both to Go's regular expressions, so `\n` is a line end and `\b` a
/// word boundary (which no path segment of an ignore file meets); a letter without a meaning there is an error.
fn escaped(char: char) -> Option<Token> {
    let class = |negated, ranges: &[(char, char)]| Token::Class { negated, ranges: ranges.to_vec() };
    Some(match char {
        'd' | 'D' => class(char == 'D', &[('0', '9')]),
        'w' | 'W' => class(char == 'W', &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        's' | 'S' => class(char == 'S', &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')]),
        'b' | 'B' | 'A' | 'z' | 'Q' | 'C' | 'x' | 'p' | 'P' | '0' => class(false, &[]),
        _ => Token::Char(literal(char)?),
    })
}

/// The character that a backslash and `char` stand for inside a class and out.
fn literal(char: char) -> Option<char> {
    match char {
        'a' => Some('\u{7}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        _ => (char.is_ascii() && !char.is_ascii_alphanumeric()).then_some(char),
    }
}

/// One member of a class, which `first` begins.
fn member(first: char, rest: &mut impl Iterator<Item = char>) -> Option<char> {
    if first == '\\' { rest.next().and_then(literal) } else { Some(first) }
}

/// Runs all ways through the tokens at once: time is linear in the path, whatever the pattern.
fn simulate(tokens: &[Token], path: &str) -> bool {
    let end = tokens.len();
    let mut states = vec![false; end + 1];
    let mut next = vec![false; end + 1];
    open(tokens, &mut states, 0);
    for char in path.chars() {
        next.fill(false);
        for at in (0..end).filter(|at| states[*at]) {
            match &tokens[at] {
                Token::Char(own) if *own == char => open(tokens, &mut next, at + 1),
                Token::One if char != '/' => open(tokens, &mut next, at + 1),
                Token::Star if char != '/' => open(tokens, &mut next, at),
                Token::Rest => open(tokens, &mut next, at),
                // The way out of `**/` opens behind a slash only.
                Token::Directories => {
                    next[at] = true;
                    if char == '/' {
                        open(tokens, &mut next, at + 1);
                    }
                }
                Token::Class { negated, ranges } => {
                    let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&char));
                    if inside != *negated {
                        open(tokens, &mut next, at + 1);
                    }
                }
                _ => {}
            }
        }
        std::mem::swap(&mut states, &mut next);
    }
    states[end]
}

/// Marks state `at` and every state that follows it without a character.
fn open(tokens: &[Token], states: &mut [bool], at: usize) {
    let mut at = at;
    loop {
        states[at] = true;
        match tokens.get(at) {
            Some(Token::Star | Token::Rest | Token::Directories) => at += 1,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(file: &str, path: &str) -> bool {
        Dockerignore::parse(&Text::decode(".dockerignore", file.as_bytes())).decide(path).ignored
    }

    #[test]
    fn patterns_are_anchored_at_the_root() {
        assert!(ignored("node_modules\n.env\n", "node_modules/a/b"));
        assert!(!ignored("node_modules\n.env\n", "sub/node_modules/a"));
        assert!(!ignored(".env\n", "a/.env"));
        assert!(ignored("**/.env\n", "a/.env"));
        assert!(ignored("**/.env\n", ".env"));
    }

    #[test]
    fn the_last_match_wins_and_children_of_an_ignored_directory_can_come_back() {
        let file = "*\n!src\nsrc/secret\n!src/secret/keep.txt\n";
        assert!(ignored(file, "a"));
        assert!(!ignored(file, "src/main.rs"));
        assert!(ignored(file, "src/secret/key"));
        assert!(!ignored(file, "src/secret/keep.txt"));
    }

    #[test]
    fn two_stars_span_directories_and_one_does_not() {
        assert!(ignored("a/**/z", "a/z"));
        assert!(ignored("a/**/z", "a/b/c/z"));
        assert!(!ignored("a/*/z", "a/b/c/z"));
        assert!(ignored("**/*.pyc", "x.pyc"));
        assert!(ignored("**/*.pyc", "a/b/x.pyc"));
        assert!(ignored("dir/**", "dir/a/b"));
        assert!(ignored("**", "anything/at/all"));
        assert!(ignored("te?t", "test"));
        assert!(!ignored("te?t", "te/t"));
        assert!(ignored("[a-c]x", "bx"));
        assert!(!ignored("[^a-c]x", "bx"));
    }

    #[test]
    fn blanks_comments_slashes_dots_and_a_byte_order_mark_are_cleaned_away() {
        for file in ["\u{feff}foo\n", "  foo  \n", "/foo\n", "foo/\n", "./foo\n", "a/../foo\r\n", "//foo\n"] {
            assert!(ignored(file, "foo/x"), "{file:?}");
        }
        assert!(!ignored("# foo\n", "# foo"));
        assert!(ignored(" # foo\n", "# foo"));
        assert!(ignored("foo\\*\n", "foo*"));
        assert!(!ignored("foo\\*\n", "foox"));
    }

    #[test]
    fn bad_patterns_are_errors_and_hide_nothing() {
        let file = Dockerignore::parse(&Text::decode(".dockerignore", b"[\n!\nfoo[]\na\\\nok\n"));
        assert_eq!(file.errors.len(), 4);
        assert!(file.decide("ok").ignored);
    }

    #[test]
    fn the_deciding_pattern_is_named() {
        let file = Dockerignore::parse(&Text::decode(".dockerignore", b"*.md\n!README.md\n"));
        assert_eq!(file.decide("a.md").decided_by, Some(0));
        assert_eq!(file.decide("README.md").decided_by, Some(1));
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let file = format!("{}b\n", "*a".repeat(60));
        assert!(!ignored(&file, &"a".repeat(5000)));
    }

    proptest::proptest! {
        #[test]
        fn a_walk_judges_as_each_path_alone_and_nothing_panics(
            lines in proptest::collection::vec("[!*?a-c/.\\[\\]^\\\\ -]{0,8}", 0..6),
            paths in proptest::collection::btree_set("[a-c.]{1,2}(/[a-c.]{1,2}){0,3}", 0..20),
        ) {
            let file = Dockerignore::parse(&Text::decode(".dockerignore", lines.join("\n").as_bytes()));
            file.walk(paths.iter().map(String::as_str), |path, ignored| {
                assert_eq!(ignored, file.decide(path).ignored, "{path}");
            });
        }
    }
}

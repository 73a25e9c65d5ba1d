//! Sources that the parser must not be given: it would stop the program on them, or take time that doubles with each bracket.

use crate::facts::program::too_deep;

/// Brackets inside each other that may begin the parameters of an arrow function. The parser tries each twice, so the time
/// doubles with each; real sources close such a bracket before they open the next.
const TRIES: usize = 20;

/// Why `text` is not parsed.
pub(super) fn refused(text: &str) -> Option<&'static str> {
    too_deep(text)
        .or_else(|| doubling(text).then_some("its brackets nest too deeply to be read safely"))
        .or_else(|| quoted_names(text).then_some("it imports or exports a quoted name with an escape"))
}

/// True when brackets such as `(a = (b, (c = (` are open inside each other.
fn doubling(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut open: Vec<bool> = Vec::new();
    let (mut tries, mut before) = (0, b';');
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => {
                // Behind a name or another bracket it is a call.
                let call =
                    before.is_ascii_alphanumeric() || matches!(before, b'_' | b'$' | b')' | b']' | b'>');
                let next = bytes[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
                let named =
                    next.is_some_and(|byte| !matches!(byte, b'(' | b')' | b'"' | b'\'' | b'`' | b'0'..=b'9'));
                open.push(!call && named);
                tries += usize::from(!call && named);
            }
            b')' => tries -= usize::from(open.pop().unwrap_or(false)),
            _ => {}
        }
        if tries > TRIES {
            return true;
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    false
}

/// True for `import { "a\u…" as b }`: oxc_parser 0.146 cuts such a name in the middle of a character.
fn quoted_names(text: &str) -> bool {
    ["import", "export"].iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let Some(inner) = names(blank(&text[at + word.len()..])) else { return false };
            let quoted = inner.split(|char: char| char.is_whitespace() || ",/".contains(char));
            inner.contains('\\') && quoted.into_iter().any(|part| part.starts_with(['"', '\'']))
        })
    })
}

/// What stands between the braces of an import or export, whose first word has been read.
fn names(mut rest: &str) -> Option<&str> {
    loop {
        if let Some(inner) = rest.strip_prefix('{') {
            return Some(inner.split_once('}').map_or(inner, |(inner, _)| inner));
        }
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_' && char != '$')?;
        let (word, after) = (&rest[..end], blank(&rest[end..]));
        // `import type {` and `import first, {`.
        rest = match after.strip_prefix(',') {
            Some(after) => blank(after),
            None if word == "type" => after,
            None => return None,
        };
    }
}

/// `text` without the blanks and comments before its first token.
fn blank(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let after = match (rest.strip_prefix("/*"), rest.strip_prefix("//")) {
            (Some(comment), _) => comment.split_once("*/").map_or("", |(_, after)| after),
            (_, Some(comment)) => comment.split_once('\n').map_or("", |(_, after)| after),
            _ => return rest,
        };
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_parser_cannot_read_are_refused() {
        assert!(refused("import { \"a\\\\u<\" as b } from 'c'").is_some());
        assert!(refused("import/* */ type {\n// x\n'\\\\u' as b } from 'c'").is_some());
        assert!(refused("export { a as \"\\\\ué\" }").is_some());
        for text in [
            "import { a } from '\\\\u'",
            "export class A { x = '\\\\u'; }",
            "export default { 'a': f('\\\\u') }",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }

    #[test]
    fn long_chains_are_refused() {
        for part in ["new ", "a ? b : ", "await ", "typeof ", "!"] {
            assert!(refused(&format!("x = {}y", part.repeat(5000))).is_some(), "{part}");
        }
        let plain = "if (a) { x = b ? await c() : typeof d } else { y = new E() }\n".repeat(1000);
        assert_eq!(refused(&plain), None);
    }

    #[test]
    fn brackets_that_double_the_time_are_refused() {
        assert!(refused(&"(a, b = c < ".repeat(TRIES + 1)).is_some());
        assert_eq!(refused(&"app.use((a, b) => { f(a, g(b, (c) => {".repeat(20)), None);
        assert_eq!(refused(&format!("{}x{}", "(a && ".repeat(TRIES), ")".repeat(TRIES))), None);
    }
}

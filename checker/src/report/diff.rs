//! Changes as a unified diff that `git apply` takes.

use std::fmt::Write;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput};

use super::escape;
use crate::finding::Fix;
use crate::fix;
use crate::snapshot::Snapshot;

/// Lines of context around a change, as `diff -u` has them.
const CONTEXT: usize = 3;

/// The diff of one file; `before` is `None` when the file is new. Empty when nothing changes.
pub fn unified(path: &str, before: Option<&str>, after: &str) -> String {
    let old: Vec<&str> = before.unwrap_or("").split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let changes: Vec<Hunk> = Diff::compute(Algorithm::Myers, &input).hunks().collect();
    if changes.is_empty() {
        return String::new();
    }
    let old_name = before.map_or_else(|| "/dev/null".to_owned(), |_| name("a/", path));
    let mut out = format!("--- {old_name}\n+++ {}\n", name("b/", path));
    // Changes whose context would touch stand in one hunk.
    let close = |one: &Hunk, next: &Hunk| (next.before.start - one.before.end) as usize <= 2 * CONTEXT;
    for changes in changes.chunk_by(close) {
        write_hunk(changes, &old, &new, &mut out);
    }
    out
}

/// A patch for a person at a terminal: in colour, with everything that a terminal would obey made visible.
pub fn coloured(patch: &str) -> String {
    let paint = |line: &str| {
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "1",
            [b'@', ..] => "36",
            [b'-', ..] => "31",
            [b'+', ..] => "32",
            _ => "",
        };
        format!("\u{1b}[{style}m{}\u{1b}[0m\n", escape::printable(line))
    };
    patch.split_terminator('\n').map(|line| paint(line.strip_suffix('\r').unwrap_or(line))).collect()
}

fn write_hunk(changes: &[Hunk], old: &[&str], new: &[&str], out: &mut String) {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return };
    let start = (first.before.start as usize).saturating_sub(CONTEXT);
    let end = (last.before.end as usize + CONTEXT).min(old.len());
    let leading = first.before.start as usize - start;
    let new_start = first.after.start as usize - leading;
    let new_end = last.after.end as usize + (end - last.before.end as usize);
    let side = |from: usize, to: usize| format!("{},{}", if to > from { from + 1 } else { from }, to - from);
    let _ = writeln!(out, "@@ -{} +{} @@", side(start, end), side(new_start, new_end));
    let mut write = |mark: char, lines: &[&str]| {
        for line in lines {
            out.push(mark);
            out.push_str(line);
            if !line.ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    };
    let mut at = start;
    for change in changes {
        write(' ', &old[at..change.before.start as usize]);
        write('-', &old[change.before.start as usize..change.before.end as usize]);
        write('+', &new[change.after.start as usize..change.after.end as usize]);
        at = change.before.end as usize;
    }
    write(' ', &old[at..end]);
}

/// The diff of a whole fix over the files of `snapshot`; the fix fits them.
pub(super) fn of_fix(snapshot: &Snapshot<'_>, fix: &Fix) -> Option<String> {
    let mut out = String::new();
    for (path, edits) in fix::by_path(&fix.edits) {
        let text = snapshot.text(path).ok();
        let after = fix::apply(text.as_ref().map_or("", |text| &text.text), &edits)?;
        let mark = if text.as_ref().is_some_and(|text| text.had_bom) { "\u{feff}" } else { "" };
        let before = text.as_ref().map(|text| format!("{mark}{}", text.text));
        out += &unified(path, before.as_deref(), &format!("{mark}{after}"));
    }
    Some(out)
}

/// A name of the header, quoted as git quotes it where it has to; a tab ends a name that holds blanks.
fn name(prefix: &str, path: &str) -> String {
    let special = |byte: u8| byte < b' ' || byte == 0x7f || byte == b'"' || byte == b'\\';
    if !path.bytes().any(special) {
        return format!("{prefix}{path}{}", if path.contains(' ') { "\t" } else { "" });
    }
    let mut out = format!("\"{prefix}");
    for char in path.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if u8::try_from(char).is_ok_and(special) => {
                let _ = write!(out, "\\{:03o}", char as u32);
            }
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_has_three_lines_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let diff = unified("a", Some(before), &before.replace('5', "five"));
        assert_eq!(diff, "--- a/a\n+++ b/a\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    }

    #[test]
    fn a_new_file_comes_from_nowhere() {
        assert_eq!(unified("new", None, "a\n"), "--- /dev/null\n+++ b/new\n@@ -0,0 +1,1 @@\n+a\n");
    }

    #[test]
    fn a_missing_final_newline_is_said() {
        let diff = unified("a", Some("x"), "y");
        assert!(
            diff.ends_with("-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n"),
            "{diff}"
        );
    }

    #[test]
    fn names_are_quoted_as_git_quotes_them() {
        assert_eq!(name("a/", "x y"), "a/x y\t");
        assert_eq!(name("a/", "x\n\"é"), "\"a/x\\012\\\"é\"");
    }
}

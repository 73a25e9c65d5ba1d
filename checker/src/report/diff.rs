//! A fix as a unified diff.

use std::fmt::Write;

use crate::finding::{Edit, Fix};
use crate::snapshot::Snapshot;

/// Lines of context around a change, as `diff -u` has them.
const CONTEXT: usize = 3;

/// The text of `path` after every edit of `fix` that concerns it; `None` when an edit does not fit the text.
pub fn apply(original: &str, path: &str, fix: &Fix) -> Option<String> {
    let mut edits: Vec<&Edit> = fix.edits.iter().filter(|edit| edit.site.path == path).collect();
    edits.sort_by_key(|edit| edit.site.span);
    let mut out = String::with_capacity(original.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(original.get(at..edit.site.span.start)?);
        out.push_str(&edit.text);
        at = edit.site.span.end;
    }
    out.push_str(original.get(at..)?);
    Some(out)
}

/// The unified diff of a whole fix over the files of `snapshot`; `None` when it does not apply.
pub(super) fn unified(snapshot: &Snapshot<'_>, fix: &Fix) -> Option<String> {
    let mut paths: Vec<&str> = fix.edits.iter().map(|edit| edit.site.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut out = String::new();
    for path in paths {
        let text = snapshot.text(path).ok();
        let before = text.as_ref().map_or("", |text| text.text.as_str());
        let after = apply(before, path, fix)?;
        let old_name = if text.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
        let _ = write!(out, "--- {old_name}\n+++ b/{path}\n");
        hunk(before, &after, &mut out);
    }
    Some(out)
}

/// One hunk from the first changed line to the last: fixes are small and in one place.
fn hunk(before: &str, after: &str, out: &mut String) {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let same_head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let most_tail = old.len().min(new.len()) - same_head;
    let same_tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(most_tail)
        .take_while(|(one, other)| one == other)
        .count();
    let from = same_head.saturating_sub(CONTEXT);
    let old_end = (old.len() - same_tail + CONTEXT).min(old.len());
    let new_end = (new.len() - same_tail + CONTEXT).min(new.len());
    let first = |count: usize| if count == 0 { from } else { from + 1 };
    let (old_count, new_count) = (old_end - from, new_end - from);
    let _ = writeln!(out, "@@ -{},{old_count} +{},{new_count} @@", first(old_count), first(new_count));
    let mut write = |mark: char, lines: &[&str]| {
        for line in lines {
            out.push(mark);
            out.push_str(line);
            if !line.ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    };
    write(' ', &old[from..same_head]);
    write('-', &old[same_head..old.len() - same_tail]);
    write('+', &new[same_head..new.len() - same_tail]);
    write(' ', &old[old.len() - same_tail..old_end]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Site;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Trigger};
    use crate::span::Span;

    const TODAY: Day = Day { year: 2026, month: 11, day: 24 };

    #[test]
    fn a_changed_line_has_three_lines_around_it() {
        let tree = MemoryTree::default().with("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        let snapshot = Snapshot::new(&tree, TODAY, Trigger::GitHub);
        let fix = Fix::edit("", Site::new("a", Span::new(8, 9)), "five");
        let diff = unified(&snapshot, &fix).unwrap();
        assert_eq!(diff, "--- a/a\n+++ b/a\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    }

    #[test]
    fn a_new_file_comes_from_nowhere() {
        let tree = MemoryTree::default();
        let snapshot = Snapshot::new(&tree, TODAY, Trigger::GitHub);
        let fix = Fix::edit("", Site::file("new"), "a\n");
        assert_eq!(unified(&snapshot, &fix).unwrap(), "--- /dev/null\n+++ b/new\n@@ -0,0 +1,1 @@\n+a\n");
    }

    #[test]
    fn an_edit_past_the_end_does_not_apply() {
        assert_eq!(apply("ab", "a", &Fix::edit("", Site::new("a", Span::new(9, 10)), "")), None);
    }
}

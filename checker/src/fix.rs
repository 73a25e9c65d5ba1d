//! Fits edits to the files they change, applies them, and goes on until nothing mechanical is left.

mod round;

pub use round::{Applied, Fixed, Left, Patched, all};

use std::collections::BTreeMap;

use crate::finding::{Edit, Fix};
use crate::order;
use crate::snapshot::{Snapshot, Text};
use crate::span::Span;

/// `fix` as it can be applied to the files of `snapshot`: line ends are those of the file, a missing final newline
/// stays missing. `None` when it does not fit: bytes that are not UTF-8, places outside the text, overlapping edits, or
/// no change at all.
pub(crate) fn fitted(snapshot: &Snapshot<'_>, fix: &Fix) -> Option<Fix> {
    let mut edits = Vec::with_capacity(fix.edits.len());
    for (path, of_path) in by_path(&fix.edits) {
        match snapshot.entry(path) {
            Some(_) => {
                let text = snapshot.text(path).ok().filter(|text| !text.lossy)?;
                edits.extend(of_path.iter().map(|edit| adapted(&text, edit)));
            }
            None if matches!(of_path[..], [edit] if edit.site.span == Span::START && !edit.text.is_empty()) =>
            {
                edits.push(of_path[0].clone());
            }
            None => return None,
        }
    }
    let fits = |(path, edits): (&str, Vec<&Edit>)| {
        let text = snapshot.text(path).ok();
        let before = text.as_ref().map_or("", |text| text.text.as_str());
        apply(before, &edits).is_some_and(|after| after != before)
    };
    let all_fit = by_path(&edits).into_iter().all(fits);
    all_fit.then(|| Fix { title: fix.title.clone(), edits })
}

/// `text` after `edits`; `None` when one lies outside it or two overlap.
pub fn apply(text: &str, edits: &[&Edit]) -> Option<String> {
    let mut edits = edits.to_vec();
    order::sort_by_key(&mut edits, |edit| edit.site.span);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.site.span.start)?);
        out.push_str(&edit.text);
        at = edit.site.span.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// The edits of each file.
pub(crate) fn by_path(edits: &[Edit]) -> BTreeMap<&str, Vec<&Edit>> {
    let mut found: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        found.entry(&edit.site.path).or_default().push(edit);
    }
    found
}

/// `edit` in the manner of the file.
fn adapted(text: &Text, edit: &Edit) -> Edit {
    let mut edit = edit.clone();
    let body = &text.text;
    let windows = body.find('\n').is_some_and(|at| body[..at].ends_with('\r'));
    if windows {
        edit.text = edit.text.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    let at_open_end = edit.site.span.end == body.len() && !body.is_empty() && !body.ends_with('\n');
    if at_open_end && edit.text.ends_with('\n') {
        let kept = edit.text.len() - if edit.text.ends_with("\r\n") { 2 } else { 1 };
        edit.text.truncate(kept);
    }
    edit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Site;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Trigger};

    fn fitted_in(content: &[u8], fix: &Fix) -> Option<String> {
        let tree = MemoryTree::default().with("f", content);
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
        let fix = fitted(&snapshot, fix)?;
        let text = snapshot.text("f").unwrap();
        apply(&text.text, &fix.edits.iter().collect::<Vec<_>>())
    }

    #[test]
    fn new_lines_end_as_the_lines_of_the_file_do() {
        let fix = Fix::edit("", Site::new("f", Span::new(3, 3)), "b\n");
        assert_eq!(fitted_in(b"a\r\nc\r\n", &fix).unwrap(), "a\r\nb\r\nc\r\n");
    }

    #[test]
    fn a_file_without_a_final_newline_stays_without() {
        let fix = Fix::edit("", Site::new("f", Span::new(1, 1)), "\nb\n");
        assert_eq!(fitted_in(b"a", &fix).unwrap(), "a\nb");
    }

    #[test]
    fn what_does_not_fit_is_no_fix() {
        let edit = |start, end, text: &str| Fix::edit("", Site::new("f", Span::new(start, end)), text);
        assert_eq!(fitted_in(b"ab", &edit(9, 10, "")), None, "past the end");
        assert_eq!(fitted_in("é".as_bytes(), &edit(1, 2, "")), None, "inside a character");
        assert_eq!(fitted_in(b"a\xff", &edit(0, 1, "")), None, "bytes that are not UTF-8");
        assert_eq!(fitted_in(b"ab", &edit(0, 1, "a")), None, "no change");
        let mut both = edit(0, 2, "x");
        both.edits.extend(edit(1, 2, "y").edits);
        assert_eq!(fitted_in(b"abc", &both), None, "overlapping");
        let elsewhere = Fix::edit("", Site::new("new", Span::new(1, 2)), "x");
        assert_eq!(fitted_in(b"abc", &elsewhere), None, "no such file");
    }
}

//! Fixes as suggestions of a review: whole lines of one file, with the lines they take the place of.

use serde::Serialize;

use super::markdown::Layout;
use super::{Report, Reported, escape};
use crate::finding::{Edit, Fix, Severity};
use crate::fix;
use crate::snapshot::{Snapshot, Text};
use crate::span::Span;

/// Most lines that a suggestion replaces or brings; longer changes are read better as a patch.
const LINES: usize = 40;

/// Lines `start` to `end` of `path` become `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// File.
    pub path: String,
    /// One-based first line.
    pub start: usize,
    /// One-based last line.
    pub end: usize,
    /// The lines that are there, without their ends.
    pub before: Vec<String>,
    /// The lines to come.
    pub after: Vec<String>,
}

/// A review for the host to post, as far as the pull request shows the lines.
#[derive(Debug, Serialize)]
pub struct Review {
    /// What it says before its comments.
    pub body: &'static str,
    /// One a fix, in the report's order.
    pub comments: Vec<Comment>,
}

/// A suggestion for the host to place.
#[derive(Debug, Serialize)]
pub struct Comment {
    /// File.
    pub path: String,
    /// One-based first line.
    pub start_line: usize,
    /// One-based last line.
    pub line: usize,
    /// The lines that must stand there, or the suggestion is not for this file.
    pub before: Vec<String>,
    /// Its text as Markdown.
    pub body: String,
}

/// Every new finding above a note whose fix can be suggested.
pub fn review(report: &Report, layout: &Layout) -> Review {
    let above_note = report.fresh().filter(|each| each.finding.severity != Severity::Note);
    let comments = above_note.filter_map(|each| comment(each, each.suggestion.as_ref()?, layout)).collect();
    Review {
        body: "Some findings of the report can be mended mechanically, on lines of this pull request.",
        comments,
    }
}

fn comment(each: &Reported, suggestion: &Suggestion, layout: &Layout) -> Option<Comment> {
    let finding = &each.finding;
    let fix = finding.fix.as_ref()?;
    let lines: String = suggestion.after.iter().map(|line| format!("{line}\n")).collect();
    let body = format!(
        "{} {}\n\n{}\n<sub>{}</sub>\n",
        escape::sentence(&escape::prose(&finding.message)),
        escape::sentence(&escape::prose(&fix.title)),
        escape::fenced_raw("suggestion", &lines),
        super::markdown::linked_rule(finding.rule, layout),
    );
    let (path, before) = (suggestion.path.clone(), suggestion.before.clone());
    Some(Comment { path, start_line: suggestion.start, line: suggestion.end, before, body })
}

/// `fix` as a suggestion: when it changes one place of one file, and every character of it can be seen.
pub(super) fn of_fix(snapshot: &Snapshot<'_>, fix: &Fix) -> Option<Suggestion> {
    let path = &fix.edits.first()?.site.path;
    let text = snapshot.text(path).ok()?;
    if fix.edits.iter().any(|edit| edit.site.path != *path) {
        return None;
    }
    let edits: Vec<&Edit> = fix.edits.iter().collect();
    let after = fix::apply(&text.text, &edits)?;
    let old = whole_lines(&text, &edits, &after)?;
    let new = Span::new(old.start, after.len() - (text.text.len() - old.end));
    let (before, after) = (lines(old.of(&text.text)), lines(new.of(&after)));
    let visible = |line: &String| escape::printable(line).chars().eq(line.replace('\t', "    ").chars());
    let short = before.len() <= LINES && after.len() <= LINES;
    let fits = short && !before.is_empty() && before.iter().chain(&after).all(visible);
    let start = text.position(old.start).line;
    let end = start + before.len() - usize::from(!before.is_empty());
    fits.then(|| Suggestion { path: path.clone(), start, end, before, after })
}

/// The bytes of the whole lines that `edits` change, with their ends; both before and after they end with a line.
fn whole_lines(text: &Text, edits: &[&Edit], after: &str) -> Option<Span> {
    let body = &text.text;
    let first = edits.iter().map(|edit| edit.site.span.start).min()?;
    let last = edits.iter().map(|edit| edit.site.span.end).max()?;
    let line_start = |at: usize| body[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = |at: usize| body[at..].find('\n').map_or(body.len(), |newline| at + newline + 1);
    // What is added behind the last line belongs to that line.
    let at_end = first == body.len() && body.ends_with('\n');
    let start = line_start(if at_end { first - 1 } else { first });
    let end = if last > start && line_start(last) == last { last } else { line_end(last) };
    let new_end = after.len().checked_sub(body.len() - end)?;
    let whole = new_end <= start || after[..new_end].ends_with('\n') || end == body.len();
    Some(Span::new(start, if whole { end } else { line_end(end) }))
}

fn lines(text: &str) -> Vec<String> {
    text.split_terminator('\n').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Site;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Trigger};

    fn suggested(text: &str, start: usize, end: usize, new: &str) -> Option<(usize, usize, Vec<String>)> {
        let tree = MemoryTree::default().with("f", text);
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
        let found = of_fix(&snapshot, &Fix::edit("", Site::new("f", Span::new(start, end)), new))?;
        Some((found.start, found.end, found.after))
    }

    fn to(start: usize, end: usize, lines: &[&str]) -> (usize, usize, Vec<String>) {
        (start, end, lines.iter().map(|line| (*line).to_owned()).collect())
    }

    #[test]
    fn a_suggestion_replaces_whole_lines() {
        assert_eq!(suggested("ab\ncd\nef\n", 4, 5, "x"), Some(to(2, 2, &["cx"])));
        assert_eq!(suggested("ab\ncd\nef\n", 1, 4, "x"), Some(to(1, 2, &["axd"])));
        assert_eq!(suggested("ab\ncd", 3, 5, ""), Some(to(2, 2, &[])));
    }

    #[test]
    fn a_deleted_line_becomes_nothing() {
        assert_eq!(suggested("ab\ncd\nef\n", 3, 6, ""), Some(to(2, 2, &[])));
    }

    #[test]
    fn lines_that_are_joined_are_both_replaced() {
        assert_eq!(suggested("ab\ncd\nef\n", 2, 3, " "), Some(to(1, 2, &["ab cd"])));
    }

    #[test]
    fn an_inserted_line_stands_with_the_line_it_is_put_before() {
        assert_eq!(suggested("ab\ncd\n", 3, 3, "new\n"), Some(to(2, 2, &["new", "cd"])));
        assert_eq!(suggested("ab\ncd\n", 6, 6, "new\n"), Some(to(2, 2, &["cd", "new"])));
        assert_eq!(suggested("ab\ncd", 5, 5, "\nnew"), Some(to(2, 2, &["cd", "new"])));
    }

    #[test]
    fn what_cannot_be_seen_is_not_suggested() {
        assert_eq!(suggested("ab\r\ncd\r\n", 0, 1, "x"), None);
        assert_eq!(suggested("ab \u{202e}\n", 0, 1, "x"), None);
    }
}

//! Rounds of fixing: choose fixes that do not meet, apply them, check again.

use std::collections::{BTreeMap, BTreeSet};

use super::{apply, by_path};
use crate::config::ConfigError;
use crate::finding::{Edit, Severity};
use crate::report::{Report, Reported};
use crate::snapshot::{Overlay, TEXT_LIMIT, Text, Tree};
use crate::{Options, check};

/// Most rounds before fixes that call for each other are given up.
const ROUNDS: usize = 10;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What became of the fixes of a tree.
#[derive(Debug, Default)]
pub struct Fixed {
    /// Changed and new files, by path.
    pub files: Vec<Patched>,
    /// Fixes that were applied, in order.
    pub applied: Vec<Applied>,
    /// Fixes that are still offered and were not applied.
    pub left: Vec<Left>,
    /// Errors that only the changed files have, each as `path:line: message`.
    pub new_errors: Vec<String>,
}

/// One file before and after.
#[derive(Debug, PartialEq, Eq)]
pub struct Patched {
    /// Path in the tree.
    pub path: String,
    /// Its bytes; `None` when the file is new.
    pub before: Option<Vec<u8>>,
    /// Its new bytes.
    pub after: Vec<u8>,
}

/// One fix that was applied.
#[derive(Debug)]
pub struct Applied {
    /// Rule of the finding.
    pub rule: &'static str,
    /// What the fix does.
    pub title: String,
    /// `path:line` of the finding when it was applied.
    pub place: String,
}

/// One fix that was not.
#[derive(Debug)]
pub struct Left {
    /// Rule of the finding.
    pub rule: &'static str,
    /// `path:line` of the finding.
    pub place: String,
    /// Why not.
    pub reason: String,
}

/// Applies the fixes of every finding whose rule `wanted` takes, checks again, and goes on until none is left. Each fix
/// is applied as a whole or not at all; of two that meet, the one of the worse finding comes first.
///
/// # Errors
/// Everything that is wrong with the configuration.
pub fn all(
    tree: &dyn Tree,
    options: &Options,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Fixed, Vec<ConfigError>> {
    let mut overlay = Overlay::new(tree);
    let mut fixed = Fixed::default();
    let mut seen = BTreeSet::new();
    let mut met: BTreeMap<String, String> = BTreeMap::new();
    let (first, _) = check(&overlay, options)?;
    let mut report = first.clone();
    for _ in 0..ROUNDS {
        let chosen = choose(&report, wanted, &mut met);
        if chosen.is_empty() || !seen.insert(overlay.changed().clone()) {
            break;
        }
        write(&mut overlay, &chosen);
        fixed.applied.extend(chosen.iter().map(|each| applied(each)));
        report = check(&overlay, options)?.0;
    }
    let left = report.findings.iter().filter(|each| each.finding.fix.is_some() && wanted(each.finding.rule));
    fixed.left = left.map(|each| left_over(each, &met)).collect();
    fixed.new_errors = new_errors(&first, &report);
    let before = |path: &str| tree.read(path, u64::MAX).ok();
    let patched = |(path, after): (&String, &Vec<u8>)| Patched {
        path: path.clone(),
        before: before(path),
        after: after.clone(),
    };
    let files = overlay.changed().iter().map(patched);
    fixed.files = files.filter(|file| file.before.as_ref() != Some(&file.after)).collect();
    Ok(fixed)
}

/// The findings whose fixes are applied in this round. `met` remembers which fix stood in the way of which.
fn choose<'r>(
    report: &'r Report,
    wanted: &dyn Fn(&str) -> bool,
    met: &mut BTreeMap<String, String>,
) -> Vec<&'r Reported> {
    let mut chosen: Vec<&Reported> = Vec::new();
    for each in report.findings.iter().filter(|each| wanted(each.finding.rule)) {
        let Some(fix) = &each.finding.fix else { continue };
        let in_the_way = chosen.iter().find(|other| {
            let taken = other.finding.fix.iter().flat_map(|fix| &fix.edits);
            taken.into_iter().any(|one| fix.edits.iter().any(|edit| meet(one, edit)))
        });
        match in_the_way {
            // The same change mends both.
            Some(other) if other.finding.fix.as_ref().is_some_and(|taken| taken.edits == fix.edits) => {}
            Some(other) => {
                met.insert(each.fingerprint.clone(), format!("{} at {}", other.finding.rule, place(other)));
            }
            None => chosen.push(each),
        }
    }
    chosen
}

/// True when two edits overlap or touch, so that their order would matter.
fn meet(one: &Edit, other: &Edit) -> bool {
    let (first, second) = (one.site.span, other.site.span);
    one.site.path == other.site.path && first.start <= second.end && second.start <= first.end
}

fn write(overlay: &mut Overlay<'_>, chosen: &[&Reported]) {
    let edits: Vec<Edit> = chosen
        .iter()
        .filter_map(|each| each.finding.fix.as_ref())
        .flat_map(|fix| fix.edits.clone())
        .collect();
    for (path, edits) in by_path(&edits) {
        let text = overlay.read(path, TEXT_LIMIT).ok().map(|bytes| Text::decode(path, &bytes));
        let (before, had_bom) = text.as_ref().map_or(("", false), |text| (text.text.as_str(), text.had_bom));
        if let Some(after) = apply(before, &edits) {
            let mark = if had_bom { BOM } else { b"" };
            overlay.put(path, [mark, after.as_bytes()].concat());
        }
    }
}

fn place(each: &Reported) -> String {
    format!("{}:{}", each.finding.site.path, each.start.line)
}

fn applied(each: &Reported) -> Applied {
    let title = each.finding.fix.as_ref().map_or(String::new(), |fix| fix.title.clone());
    Applied { rule: each.finding.rule, title, place: place(each) }
}

fn left_over(each: &Reported, met: &BTreeMap<String, String>) -> Left {
    let reason = match met.get(&each.fingerprint) {
        Some(other) => format!("it changes the same place as {other}"),
        None => "it was found again after its fix".to_owned(),
    };
    Left { rule: each.finding.rule, place: place(each), reason }
}

/// Errors of `after` beyond those of `before`, by rule and file.
fn new_errors(before: &Report, after: &Report) -> Vec<String> {
    let is_error = |each: &&Reported| each.finding.severity == Severity::Error;
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for each in before.findings.iter().filter(is_error) {
        *known.entry((each.finding.rule, &each.finding.site.path)).or_default() += 1;
    }
    let mut new = Vec::new();
    for each in after.findings.iter().filter(is_error) {
        match known.get_mut(&(each.finding.rule, each.finding.site.path.as_str())) {
            Some(count) if *count > 0 => *count -= 1,
            _ => new.push(format!("{}: {} [{}]", place(each), each.finding.message, each.finding.rule)),
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;
    use crate::snapshot::Day;

    fn fixed(tree: &MemoryTree) -> Fixed {
        let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
        all(tree, &options, &|_| true).unwrap()
    }

    #[test]
    fn fixes_in_one_file_are_applied_together_and_a_mark_at_its_beginning_stays() {
        let text = "\u{feff}FROM alpine\r\nVOLUME /a\r\nRUN x\r\nVOLUME /b\r\nCMD [\"true\"]\r\n";
        let done = fixed(&MemoryTree::default().with("Dockerfile", text).with(".dockerignore", ".git\n"));
        assert_eq!(done.files.len(), 1);
        let after = String::from_utf8(done.files[0].after.clone()).unwrap();
        assert_eq!(after, "\u{feff}FROM alpine\r\nRUN x\r\nCMD [\"true\"]\r\n");
        assert_eq!((done.applied.len(), done.left.len(), done.new_errors.len()), (2, 0, 0));
    }

    #[test]
    fn of_two_fixes_that_meet_the_worse_finding_comes_first_and_the_other_is_named() {
        let tree = MemoryTree::default()
            .with("Dockerfile", "FROM alpine\nCOPY . .\nCMD [\"true\"]\n")
            .with(".env", "A=1\n");
        let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
        let report = check(&tree, &options).unwrap().0;
        let mut met = BTreeMap::new();
        let chosen = choose(&report, &|_| true, &mut met);
        assert_eq!(chosen.len(), 1, "both want to create the file");
        assert_eq!(met.values().collect::<Vec<_>>(), ["dockerignore-secrets at Dockerfile:2"]);
        let done = fixed(&tree);
        assert_eq!(done.files.len(), 1);
        assert!(done.left.is_empty(), "{:?}", done.left);
    }

    #[test]
    fn a_rule_that_is_not_wanted_is_left_alone() {
        let tree = MemoryTree::default().with("Dockerfile", "FROM alpine\nVOLUME /a\nCMD [\"true\"]\n");
        let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
        let done = all(&tree, &options, &|rule| rule == "config-nixpacks").unwrap();
        assert!(done.files.is_empty() && done.applied.is_empty() && done.left.is_empty());
    }
}

//! Every mechanical change in the rules' examples is a patch that git applies, mends what it is for and touches nothing
//! else.
#![expect(clippy::disallowed_methods, reason = "tests write the trees that git patches")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use checker::facts::Facts;
use checker::finding::{Edit, Site};
use checker::fix::{self, Fixed};
use checker::fixture::MemoryTree;
use checker::report::diff;
use checker::rule::{Example, Rule};
use checker::snapshot::{Day, EntryKind, Snapshot, TEXT_LIMIT, Tree, Trigger};
use checker::span::Span;
use checker::{Options, config, rules};
use proptest::prelude::*;

const TODAY: Day = Day { year: 2026, month: 11, day: 24 };

fn options(example: &Example) -> Options {
    let today = example.words.iter().find_map(|word| Day::parse(word.strip_prefix("today=")?));
    Options { today: today.unwrap_or(TODAY), trigger: None, config: None }
}

/// Spellings of a tree: as written, with Windows line ends and a byte order mark, and without final newlines.
fn spellings(tree: &MemoryTree) -> Vec<(&'static str, MemoryTree)> {
    let each = |change: &dyn Fn(&str) -> String| {
        let mut out = tree.clone();
        for entry in tree.entries().iter().filter(|entry| entry.kind == EntryKind::File) {
            let content = tree.read(&entry.path, TEXT_LIMIT).unwrap();
            let configuration = entry.path.starts_with(".github/");
            if let (Ok(text), false) = (std::str::from_utf8(&content), content.is_empty() || configuration) {
                out.insert(entry.clone(), change(text).into_bytes());
            }
        }
        out
    };
    vec![
        ("as written", tree.clone()),
        ("windows", each(&|text| format!("\u{feff}{}", text.replace('\n', "\r\n")))),
        ("open end", each(&|text| text.trim_end_matches('\n').to_owned())),
    ]
}

fn put(root: &Path, tree: &dyn Tree) {
    for entry in tree.entries().iter().filter(|entry| entry.kind == EntryKind::File) {
        let path = root.join(&entry.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, tree.read(&entry.path, TEXT_LIMIT).unwrap()).unwrap();
    }
}

fn patch(fixed: &Fixed) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let of = |file: &fix::Patched| {
        diff::unified(&file.path, file.before.as_deref().map(text).as_deref(), &text(&file.after))
    };
    fixed.files.iter().map(of).collect()
}

/// Has git apply `patch` below `root`.
fn git_apply(root: &Path, patch: &str) {
    let file = root.join("../patch");
    fs::write(&file, patch).unwrap();
    let output = Command::new("git")
        .args(["apply", "--unsafe-paths", "--whitespace=nowarn"])
        .arg(&file)
        .current_dir(root)
        .env("GIT_CEILING_DIRECTORIES", root.parent().unwrap())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}\n{patch}", String::from_utf8_lossy(&output.stderr));
}

/// Every file below `root`.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// How many findings of `rule` offer a change, before it is known whether the change fits.
fn offered(rule: &Rule, tree: &dyn Tree, options: &Options) -> usize {
    let snapshot = Snapshot::new(tree, options.today, options.trigger.unwrap_or(Trigger::GitHub));
    let config = config::Config::of(&snapshot).unwrap();
    let facts = Facts::gather(&snapshot, &config);
    rule.run(&facts).iter().filter(|finding| finding.fix.is_some()).count()
}

fn judge(rule: &Rule, tree: &MemoryTree, options: &Options) -> Option<String> {
    let found = |tree: &dyn Tree| {
        let report = checker::check(tree, options).unwrap().0;
        let of_rule = report.findings.into_iter().filter(|each| each.finding.rule == rule.id);
        of_rule.map(|each| each.finding.fix.is_some()).collect::<Vec<bool>>()
    };
    let before = found(tree);
    if !before.contains(&true) {
        return (offered(rule, tree, options) > 0)
            .then(|| "a change is offered that does not fit".to_owned());
    }
    let fixed = fix::all(tree, options, &|id| id == rule.id).unwrap();
    let mut after = tree.clone();
    for file in &fixed.files {
        after = after.with(&file.path, file.after.clone());
    }
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("tree");
    fs::create_dir(&root).unwrap();
    put(&root, tree);
    git_apply(&root, &patch(&fixed));
    let mut expected = BTreeMap::new();
    for entry in after.entries().iter().filter(|entry| entry.kind == EntryKind::File) {
        expected.insert(entry.path.clone(), after.read(&entry.path, TEXT_LIMIT).unwrap());
    }
    let without_fix = before.iter().filter(|fixable| !**fixable).count();
    let problems = [
        (files(&root) != expected, "git writes something else".to_owned()),
        (!fixed.left.is_empty(), format!("left: {:?}", fixed.left)),
        (
            fixed.new_errors.iter().any(|error| error.contains("parse-error")),
            format!("new: {:?}", fixed.new_errors),
        ),
        (found(&after).len() > without_fix, format!("still found after\n{}", patch(&fixed))),
    ];
    problems.into_iter().find(|(wrong, _)| *wrong).map(|(_, what)| what)
}

#[test]
fn the_fixes_of_every_example_apply_and_mend() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for rule in rules::ALL {
        for (number, example) in rule.examples().iter().enumerate() {
            let (tree, options) = (MemoryTree::parse(&example.fixture), options(example));
            if offered(rule, &tree, &options) == 0 {
                continue;
            }
            for (spelling, tree) in spellings(&tree) {
                count += 1;
                if let Some(problem) = judge(rule, &tree, &options) {
                    wrong.push(format!("{} example {} ({spelling}): {problem}", rule.id, number + 1));
                }
            }
        }
    }
    assert!(count > 60, "only {count} trees were mended");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines of all kinds: ends of both systems, text beyond ASCII, blanks at the end, a lone carriage return.
fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[a-c é\u{1f600}\t\r]{0,6}",
        Just("\\ No newline".to_owned()),
        Just("--- a/x".to_owned())
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    (prop::collection::vec((line, end), 0..30), any::<bool>()).prop_map(|(lines, closed)| {
        let text: String = lines.into_iter().map(|(line, end)| line + end).collect();
        if closed { text } else { text.trim_end_matches('\n').to_owned() }
    })
}

/// Edits at random places, in any order, none of which touches another.
fn edits(text: &str, cuts: &[prop::sample::Index], news: &[String]) -> Vec<Edit> {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| places[cut.index(places.len())]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let pairs = cuts.chunks_exact(2).zip(news);
    let mut edits: Vec<Edit> = pairs
        .map(|(pair, new)| Edit { site: Site::new("f", Span::new(pair[0], pair[1])), text: new.clone() })
        .collect();
    edits.reverse();
    edits
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_outside_the_edits_changes(
        text in text(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 2..12),
        news in prop::collection::vec("[a-c\n]{0,8}", 6),
    ) {
        let edits = edits(&text, &cuts, &news);
        let after = fix::apply(&text, &edits.iter().collect::<Vec<_>>()).unwrap();
        let (mut old, mut new) = (0, 0);
        for edit in edits.iter().rev() {
            let kept = edit.site.span.start - old;
            prop_assert_eq!(&text[old..old + kept], &after[new..new + kept]);
            new += kept;
            prop_assert_eq!(&after[new..new + edit.text.len()], &edit.text);
            (old, new) = (edit.site.span.end, new + edit.text.len());
        }
        prop_assert_eq!(&text[old..], &after[new..]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn git_makes_of_a_patch_what_we_meant(before in text(), after in text(), name in "[a-b \"\\\\é]{1,5}x") {
        prop_assume!(before != after && !before.is_empty() && !after.is_empty());
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("tree");
        fs::create_dir(&root).unwrap();
        fs::write(root.join(&name), &before).unwrap();
        git_apply(&root, &diff::unified(&name, Some(&before), &after));
        prop_assert_eq!(fs::read_to_string(root.join(&name)).unwrap(), after);
    }
}

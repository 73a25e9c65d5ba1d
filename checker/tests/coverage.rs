//! `docs/rules-coverage.md` and the registry agree.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "the test reads the page from disk")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use checker::rules;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules-coverage.md")).unwrap()
}

#[test]
fn every_rule_is_on_the_page_and_every_name_is_a_rule() {
    let text = page();
    let named: BTreeSet<&str> = text
        .split("](rules/")
        .skip(1)
        .filter_map(|rest| rest.split_once(".md)"))
        .map(|(name, _)| name)
        .collect();
    let known: BTreeSet<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    let absent: Vec<_> = known.difference(&named).collect();
    let strange: Vec<_> = named.difference(&known).collect();
    assert!(absent.is_empty() && strange.is_empty(), "not on the page: {absent:?}; not a rule: {strange:?}");
}

#[test]
fn every_row_has_a_rule_or_a_reason() {
    let text = page();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| behaviour"));
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 3, "{row}");
        assert!(!cells[1].is_empty() || !cells[2].is_empty(), "{row}");
    }
}

#[test]
fn patterns_are_built_in_one_place_only() {
    let mut pending = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if !path.ends_with("facts/pattern.rs") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                !text.contains("Regex::new("),
                "{}: a class such as `\\s` needs Unicode tables there",
                path.display()
            );
        }
    }
}

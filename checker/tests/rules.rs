//! The registry is honest: every rule is registered, documented, and does what its examples say.
#![expect(clippy::disallowed_methods, reason = "tests read and, when asked, write the documentation")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use checker::finding::Severity;
use checker::fixture::MemoryTree;
use checker::observation::Observations;
use checker::report::Report;
use checker::rule::{Example, Rule};
use checker::snapshot::{Day, Tree};
use checker::{Options, rules};

const TODAY: Day = Day { year: 2026, month: 11, day: 24 };

fn judged(example: &Example) -> Report {
    let tree = MemoryTree::parse(&example.fixture);
    let today = example.words.iter().find_map(|word| Day::parse(word.strip_prefix("today=")?));
    let options = Options { today: today.unwrap_or(TODAY), trigger: None, config: None };
    let observations = observed(&tree);
    let (report, _) =
        checker::check_observed(&tree, &options, observations).expect("the example's configuration is valid");
    report
}

/// What an example says was seen in Docker: a file that no repository can have.
fn observed(tree: &MemoryTree) -> Option<Observations> {
    let bytes = tree.read("<observations>", u64::MAX).ok()?;
    Some(Observations::parse(&String::from_utf8_lossy(&bytes)).expect("the example's observations are valid"))
}

#[test]
fn every_example_does_what_its_tag_says() {
    let mut wrong = Vec::new();
    for rule in rules::ALL {
        for (number, example) in rule.examples().iter().enumerate() {
            let report = judged(example);
            let found: Vec<Severity> = report
                .findings
                .iter()
                .filter(|each| each.finding.rule == rule.id)
                .map(|each| each.finding.severity)
                .collect();
            let fires = example.words.iter().any(|word| word == "fires");
            let severity = example.words.iter().find_map(|word| Severity::parse(word));
            let right = match (fires, severity) {
                (false, None) => found.is_empty(),
                (false, Some(severity)) => !found.contains(&severity),
                (true, None) => found.contains(&rule.severity),
                (true, Some(severity)) => found.contains(&severity),
            };
            if !right {
                wrong.push(format!(
                    "{} example {} {:?}: found {found:?}",
                    rule.id,
                    number + 1,
                    example.words
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_examples_of_both_kinds_and_all_sections() {
    let mut wrong = Vec::new();
    for rule in rules::ALL {
        let examples = rule.examples();
        for tag in ["fires", "passes"] {
            if !examples.iter().any(|example| example.words.iter().any(|word| word == tag)) {
                wrong.push(format!("{} has no example that {tag}", rule.id));
            }
        }
        for section in ["## Why it matters", "## What to do", "## What it cannot know"] {
            if !rule.markdown().contains(section) {
                wrong.push(format!("{} has no section '{section}'", rule.id));
            }
        }
        if rule.summary().is_empty() || rule.sources.iter().any(|source| !source.starts_with("https://")) {
            wrong.push(format!("{} needs a summary and https sources", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_is_a_registered_rule_of_the_same_name_in_order() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> =
        names.map(|path| path.file_stem().unwrap().to_string_lossy().replace('_', "-")).collect();
    let ids: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(
        files.iter().map(String::as_str).collect::<Vec<_>>(),
        ids,
        "checker/src/rules.rs lists every file, sorted"
    );
}

/// The page of one rule.
fn page(rule: &Rule) -> String {
    let sources: String = rule.sources.iter().map(|source| format!("* <{source}>\n")).collect();
    let file = rule.id.replace('-', "_");
    format!(
        "<!-- Generated from checker/src/rules/{file}.rs by `cargo xtask gen`. -->\n# {}\n\n*{} · shows at: {} · since {}*\n\n{}\n\
         ## Sources\n\n{sources}\n## How to allow it\n\nOn the line, or right above it:\n\n```text\n# preflight: allow {} -- why it is right here\n```\n\n\
         or in `.github/preflight.toml`, see [configuration](../configuration.md).\n",
        rule.id,
        rule.severity.name(),
        rule.phase.name(),
        rule.since,
        rule.markdown().trim_start(),
        rule.id,
    )
}

fn index() -> String {
    let mut out = String::from(
        "<!-- Generated from checker/src/rules/ by `cargo xtask gen`. -->\n# Rules\n\n| rule | severity | shows at | what it finds |\n|---|---|---|---|\n",
    );
    for rule in rules::ALL {
        let summary = rule.summary().replace('|', "\\|");
        out += &format!(
            "| [{}](rules/{}.md) | {} | {} | {summary} |\n",
            rule.id,
            rule.id,
            rule.severity.name(),
            rule.phase.name()
        );
    }
    out
}

#[test]
fn the_pages_of_the_rules_are_fresh() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut pages: Vec<(PathBuf, String)> = rules::ALL
        .iter()
        .map(|rule| (docs.join("rules").join(format!("{}.md", rule.id)), page(rule)))
        .collect();
    pages.push((docs.join("rules.md"), index()));
    if env::var_os("UPDATE_DOCS").is_some() {
        let _ = fs::remove_dir_all(docs.join("rules"));
        fs::create_dir_all(docs.join("rules")).unwrap();
        for (path, text) in &pages {
            fs::write(path, text).unwrap();
        }
    }
    for (path, text) in &pages {
        let kept = fs::read_to_string(path).unwrap_or_default();
        assert_eq!(&kept, text, "{} is stale: run `cargo xtask gen`", path.display());
    }
    let count = fs::read_dir(docs.join("rules")).unwrap().count();
    assert_eq!(
        count,
        rules::ALL.len(),
        "docs/rules holds a page of a rule that is gone: run `cargo xtask gen`"
    );
}

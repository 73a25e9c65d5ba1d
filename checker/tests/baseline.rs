//! A baseline takes old findings out of the verdict, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use checker::finding::Severity;
use checker::fixture::MemoryTree;
use checker::report::{Report, Verdict, annotations, json, markdown, read, text};
use checker::snapshot::Day;
use checker::{Options, baseline};

const OLD: &str = "FROM alpine\nVOLUME /data\nCMD [\"true\"]\n";

fn tree(dockerfile: &str) -> MemoryTree {
    MemoryTree::default().with("Dockerfile", dockerfile)
}

fn judged(tree: &MemoryTree) -> Report {
    let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
    checker::check(tree, &options).unwrap().0
}

fn recorded() -> String {
    baseline::render(&judged(&tree(OLD)))
}

#[test]
fn what_is_recorded_fails_nothing_and_is_counted() {
    let report = judged(&tree(OLD).with(baseline::PATH, recorded()));
    assert_eq!((report.verdict, report.counts()), (Verdict::Clear, [0, 0, 0]));
    assert!(!report.reaches(Severity::Note));
    assert_eq!(report.baseline.unwrap().counts[0], 1);
    assert!(annotations::all(&report).is_empty());
    assert!(text::render(&report, false).contains("Accepted by the baseline: 1 error, 0 warnings"));
    let comment = markdown::render(&report, &markdown::Layout::default());
    assert!(comment.contains("<summary>The baseline accepts 1 error"), "{comment}");
    let document = json::document(&report);
    assert_eq!(document["baseline"]["error"], 1);
    assert!(document["findings"].as_array().unwrap().iter().all(|finding| finding["baseline"] == true));
}

#[test]
fn a_new_finding_fails_and_the_old_ones_are_told_apart_even_when_lines_move() {
    let text = OLD.replace("VOLUME /data", "RUN true\nVOLUME /data\nVOLUME /new");
    let report = judged(&tree(&text).with(baseline::PATH, recorded()));
    assert_eq!((report.verdict, report.counts()[0]), (Verdict::WillFail, 1));
    let new: Vec<usize> = report.fresh().map(|each| each.start.line).collect();
    assert_eq!(new, [4]);
    assert!(report.first.as_deref().unwrap().contains("Dockerfile:4"));
}

#[test]
fn an_entry_that_accepts_nothing_is_reported() {
    let report = judged(&tree("FROM alpine\nCMD [\"true\"]\n").with(baseline::PATH, recorded()));
    assert_eq!(report.baseline.unwrap().stale, 1);
    let stale: Vec<_> = report.findings.iter().filter(|each| each.finding.rule == "baseline-stale").collect();
    let line =
        recorded().lines().position(|line| line.contains("dockerfile-volume-instruction")).unwrap() + 1;
    assert_eq!((stale.len(), stale[0].start.line), (1, line));
    assert!(!report.reaches(Severity::Warning));
}

#[test]
fn a_finding_that_has_become_worse_is_new() {
    let recorded = recorded().replace("\"severity\":\"error\"", "\"severity\":\"warning\"");
    let report = judged(&tree(OLD).with(baseline::PATH, recorded));
    assert_eq!(report.verdict, Verdict::WillFail);
}

#[test]
fn recording_again_forgets_what_was_mended_and_is_the_same_twice() {
    let report = judged(&tree("FROM alpine\nCMD [\"true\"]\n").with(baseline::PATH, recorded()));
    let again = baseline::render(&report);
    assert!(!again.contains("dockerfile-volume-instruction") && !again.contains("baseline-stale"), "{again}");
    let report = judged(&tree("FROM alpine\nCMD [\"true\"]\n").with(baseline::PATH, again.clone()));
    assert_eq!(baseline::render(&report), again);
}

#[test]
fn a_baseline_that_cannot_be_read_is_an_error_with_its_place() {
    let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
    for (text, said) in [
        ("{", "preflight-baseline.json:1:1: "),
        ("{\"version\": \"2\"}", "no baseline of version 1"),
        ("{\"version\": \"1\", \"findings\": {}}", "a list `findings`"),
        ("{\"version\": \"1\",\n \"findings\": [{\"rule\": 1}]}", "preflight-baseline.json:2:15: an entry"),
    ] {
        let errors = checker::check(&tree(OLD).with(baseline::PATH, text), &options).unwrap_err();
        assert!(errors[0].message.contains(said), "{}", errors[0].message);
    }
}

#[test]
fn a_report_read_back_keeps_old_and_new_apart() {
    let report = judged(&tree(OLD).with(baseline::PATH, recorded()));
    let again = read::read(&json::render(&report)).unwrap();
    assert_eq!((again.verdict, again.baseline), (report.verdict, report.baseline));
    let forged = json::render(&report).replace("\"baseline\": true", "\"baseline\": false");
    assert!(read::read(&forged).is_err(), "the verdict no longer follows from the findings");
}

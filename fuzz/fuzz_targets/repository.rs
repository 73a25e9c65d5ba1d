//! A whole repository in the form of `checker::fixture`, every report of it, and its fixes.
#![no_main]

use checker::fixture::MemoryTree;
use checker::report::{annotations, json, markdown, read, sarif, suggestion, text};
use checker::snapshot::{Day, Trigger};
use checker::{Options, baseline, fix};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let tree = MemoryTree::parse(input);
    let triggers = [None, Some(Trigger::GitHub), Some(Trigger::RailwayUp), Some(Trigger::Local)];
    let options = Options {
        today: Day { year: 2026, month: 11, day: 24 },
        trigger: triggers[input.len() % 4],
        config: None,
    };
    let Ok((report, _)) = checker::check(&tree, &options) else { return };
    let layout = markdown::Layout { limit: 65_000, ..markdown::Layout::default() };
    let comment = markdown::render(&report, &layout);
    assert!(comment.len() <= layout.limit && !comment.contains('\u{1b}'));
    assert!(!text::render(&report, false).contains('\u{1b}'));
    for annotation in annotations::all(&report) {
        assert_eq!(annotation.command().matches(['\n', '\r']).count(), 1);
    }
    let _ = (
        sarif::render(&report, &sarif::Addresses::default()),
        suggestion::review(&report, &layout),
        baseline::render(&report),
    );
    let again = read::read(&json::render(&report)).expect("our own report can be read");
    assert_eq!(again.verdict, report.verdict);
    let _ = fix::all(&tree, &options, &|_| true);
});

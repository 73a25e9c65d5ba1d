//! A report that comes from anyone, and the comment that is made of it.
#![no_main]

use checker::report::{json, markdown, read, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &str| {
    let Ok(report) = read::read(document) else { return };
    let layout = markdown::Layout { limit: 65_000, ..markdown::Layout::default() };
    let comment = markdown::render(&report, &layout);
    assert!(comment.len() <= layout.limit && !comment.contains('\u{1b}'));
    assert!(!text::render(&report, false).contains('\u{1b}'));
    assert!(read::read(&json::render(&report)).is_ok(), "what was read once is read again");
});

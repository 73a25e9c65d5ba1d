//! Procfiles.
#![no_main]

use checker::facts::procfile;
use checker::fixture::MemoryTree;
use checker::snapshot::{Day, Snapshot, Trigger};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let tree = MemoryTree::default().with("Procfile", bytes);
    let _ = procfile::gather(&Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub));
});

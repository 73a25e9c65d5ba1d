//! Dockerfiles, with everything that is asked of one.
#![no_main]

use checker::facts::dockerfile;
use checker::fixture::MemoryTree;
use checker::snapshot::{Day, Snapshot, Trigger};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let tree = MemoryTree::default().with("Dockerfile", bytes);
    let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
    let Some(file) = dockerfile::read(&snapshot, "Dockerfile") else { return };
    for (_, instruction) in file.instructions() {
        let _ = instruction.span;
    }
    for run in file.runs() {
        let _ = run.mounts().count();
    }
    let _ = (file.needed_stages(), file.final_stage());
});

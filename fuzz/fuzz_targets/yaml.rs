//! Compose files and workflows.
#![no_main]

use checker::facts::{compose, workflow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (compose::parse("compose.yaml", text), workflow::parse(".github/workflows/ci.yml", text));
});

//! Python sources.
#![no_main]

use checker::facts::python_source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = python_source::parse("main.py", text);
});

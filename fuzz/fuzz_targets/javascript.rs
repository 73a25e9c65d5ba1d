//! JavaScript and TypeScript sources.
#![no_main]

use checker::facts::javascript_source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = javascript_source::parse("index.js", text);
    let _ = javascript_source::parse("index.ts", text);
});

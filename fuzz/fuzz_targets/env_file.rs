//! Environment files.
#![no_main]

use checker::facts::env_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = env_file::parse(".env", text);
});

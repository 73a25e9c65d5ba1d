//! `.github/preflight.toml`.
#![no_main]

use checker::config::{Config, DEFAULT_PATH};
use checker::snapshot::Text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Config::parse(&Text::decode(DEFAULT_PATH, bytes));
});

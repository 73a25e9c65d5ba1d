//! Scripts, read as `sh` reads them.
#![no_main]

use checker::facts::posix_shell::{Posix, foreign};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &str| {
    for shell in [Posix::Dash, Posix::Ash] {
        if let Some(found) = foreign(script, shell) {
            assert!(script.get(found.at).is_some(), "a place in the script");
        }
    }
});

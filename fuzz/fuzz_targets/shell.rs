//! Commands as a shell reads them.
#![no_main]

use checker::facts::shell::{self, CommandLine};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let command = CommandLine::read(text);
    let _ = (command.program(), command.shell_script(), command.shell_syntax(), shell::wrapped(text));
});

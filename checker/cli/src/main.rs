//! Command line of Preflight: walks a directory or a commit, hands it to the checker, prints what it says.

mod args;
mod diagnose;
mod fix;
mod migrate;
mod run;
mod tree;

use std::process::ExitCode;

use clap::Parser;

/// A check makes and drops very many small values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bad usage or an internal fault; `1` is kept for findings.
const FAULT: u8 = 2;

fn main() -> ExitCode {
    let args = args::Args::parse();
    match run::run(args) {
        Ok(code) => code,
        Err(message) => {
            anstream::eprintln!("preflight: {message}");
            ExitCode::from(FAULT)
        }
    }
}

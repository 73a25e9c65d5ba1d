//! `worker`: health before Redis, retry first, a replacement for `rq worker`. See `docs/worker.md`.

use std::process::ExitCode;

use clap::Parser as _;
use worker::cli::Cli;
use worker::{Call, Registry, handler};

fn main() -> ExitCode {
    // The smallest handler, to copy and to measure with; a worker of your own is `examples/native.rs`.
    let echo = handler(async |call: Call| Ok(call.args.into_iter().next().unwrap_or_default()));
    worker::run(Cli::parse(), Registry::new().with("preflight.echo", echo))
}
// one line more

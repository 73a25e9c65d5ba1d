//! The real binary beside a real Redis and the real `rq` package. Every test has servers and ports of its own.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test stops at what it did not expect, and tells what it measured"
)]

mod stand;

mod commands;
mod faults;
mod lifecycle;
mod scheduling;
mod start_up;
mod wire;

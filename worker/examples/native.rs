//! A whole worker with a handler of its own: `cargo run --example native -- run --python none`.
//!
//! A Python producer enqueues to it with
//! `Queue("default", serializer="json").enqueue("reports.word_count", "a b c")`.

use std::process::ExitCode;

use clap::Parser as _;
use worker::cli::Cli;
use worker::{Call, HandlerError, Registry, handler};

/// Counts words; long computations belong into `spawn_blocking`, so that heartbeats stay on time.
async fn word_count(call: Call) -> Result<serde_json::Value, HandlerError> {
    let text = call
        .args
        .first()
        .and_then(|text| text.as_str())
        .ok_or_else(|| HandlerError::new("the first argument must be a text"))?;
    let text = text.to_owned();
    let count = tokio::task::spawn_blocking(move || text.split_whitespace().count())
        .await
        .map_err(HandlerError::new)?;
    Ok(count.into())
}

fn main() -> ExitCode {
    worker::run(Cli::parse(), Registry::new().with("reports.word_count", handler(word_count)))
}

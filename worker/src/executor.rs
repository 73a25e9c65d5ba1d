//! What runs a job: a native handler of this process, or a child that runs Python.

pub mod child;
mod frame;
pub mod native;
mod output;
pub mod python;

pub use native::{Call, Handler, HandlerError, Registry, handler};

/// How a job ended, before anything is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It returned; nothing when it returned `None`.
    Finished(Option<Vec<u8>>),
    /// It returned a `Retry`.
    Retry {
        /// The `Retry`, serialized.
        value: Vec<u8>,
        /// Most retries.
        max: u64,
        /// Seconds before each.
        intervals: Vec<u64>,
        /// To the head of the queue.
        front: bool,
    },
    /// It raised, ran out of time or memory, or took its child down.
    Failed {
        /// Traceback or reason, as stored in the result.
        trace: String,
        /// For logs and metrics: `raised`, `timeout`, `memory`, `crashed`.
        reason: &'static str,
    },
    /// Stopped on request.
    Stopped,
    /// To be put back unharmed.
    Released,
    /// Not ours any more; nothing is to be written.
    Lost,
}

/// What a slot is told while it runs a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// `stop-job` and `stop-execution`.
    Stop,
    /// `kill-horse`.
    Kill,
    /// The job was given to someone else.
    Lost,
    /// The time to drain is over.
    Release,
}

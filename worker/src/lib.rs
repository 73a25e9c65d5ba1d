//! A worker for RQ that does not die when Redis is late.
//!
//! ```text
//! stage 1     stage 2     stage 3      stage 4    stage 5      stage 6
//! config ──▶  health ──▶  store::link ──▶ birth ──▶ cron ──▶   slots ⇄ store::scripts
//!                                                              │  executor (native, python)
//!                                          beside the slots: heartbeat, rescue, scheduler, commands, shutdown
//! ```
//!
//! Start at [`run`]. A slot takes one job at a time ([`slot`]); everything that changes a job's state is one Lua script
//! in `store/lua`, so that a job is in exactly one place at any moment. Nothing that answers a probe asks Redis.
//! To run native jobs, add a [`Handler`] to a [`Registry`] and call [`run`]; `examples/native.rs` is a whole worker.

pub mod backoff;
pub mod cli;
pub mod config;
pub mod executor;
pub mod exit;
pub mod health;
pub mod log;
pub mod memory;
pub mod stage;
pub mod store;
pub mod timestamp;

mod birth;
mod commands;
mod cron;
mod doorbell;
mod heartbeat;
mod inspect;
mod pickle;
mod rescue;
mod sample;
mod scheduler;
mod shared;
mod shutdown;
mod slot;
mod start;

pub use executor::{Call, Handler, HandlerError, Registry, handler};
pub use start::run;

/// Seconds a job may run when neither it nor its queue says, as in RQ.
pub const DEFAULT_TIMEOUT: i64 = 180;

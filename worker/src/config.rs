//! Stage 1: flags, environment and `worker.toml` become one checked configuration, or the list of everything wrong.

use std::time::Duration;

pub mod load;
pub mod redis_url;
mod sources;

pub use load::{Environment, load};
pub use redis_url::Server;

use crate::backoff;

/// Everything the worker was told, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where Redis is; none only for commands that never ask it.
    pub server: Option<Server>,
    /// Limit of one connection attempt.
    pub connect_timeout: Duration,
    /// Waits before the retries of the first connection.
    pub retries: backoff::Schedule,
    /// Name of the first slot; further slots append `-2`, `-3`, …
    pub name: String,
    /// In order of priority.
    pub queues: Vec<String>,
    /// Jobs at a time.
    pub concurrency: usize,
    /// Prefix of every key, `rq` unless changed.
    pub prefix: String,
    /// How job data is encoded.
    pub serializer: Serializer,
    /// Which queue is asked first.
    pub strategy: Strategy,
    /// Stop when the queues are empty.
    pub burst: bool,
    /// Stop after so many jobs.
    pub max_jobs: Option<u64>,
    /// Stop after so long without a job.
    pub max_idle: Option<Duration>,
    /// Seconds a result is kept when the job does not say.
    pub result_ttl: i64,
    /// Seconds an idle worker is remembered.
    pub worker_ttl: u64,
    /// Seconds that RQ's leases are computed with.
    pub monitoring_interval: u64,
    /// Seconds between two upkeeps.
    pub maintenance_interval: Duration,
    /// Whether scheduled jobs are moved to their queues here.
    pub scheduler: bool,
    /// What becomes of the job of a dead worker.
    pub abandoned: Abandoned,
    /// Runs that may die with their worker before the job is failed.
    pub max_rescues: u64,
    /// How long after its timeout a job's child is killed.
    pub kill_grace: Duration,
    /// How long jobs in flight get on SIGTERM.
    pub drain: Duration,
    /// The probes.
    pub health: Health,
    /// The Python executor; none when only native handlers are wanted.
    pub python: Option<Python>,
    /// Limits of one child, in megabytes; 0 asks the cgroup.
    pub memory: Memory,
    /// Recurring jobs.
    pub schedules: Vec<Schedule>,
    /// Things that work but may not be meant.
    pub warnings: Vec<String>,
}

/// How job data is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serializer {
    /// Each job's bytes tell: pickle or JSON.
    Auto,
    /// `pickle`, `json` or a dotted path, for every job.
    Named(String),
}

/// Which queue is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// In the order given.
    Default,
    /// Each in turn.
    RoundRobin,
    /// Any.
    Random,
}

/// What becomes of the job of a dead worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandoned {
    /// It runs again, up to a limit.
    Requeue,
    /// It fails, unless it has retries left, as in RQ.
    Fail,
}

/// What `/health` answers while Redis is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// 503 at once.
    Strict,
    /// 200 for the grace, then 503.
    Grace,
    /// Always 200.
    Lenient,
}

/// The probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Listened on for IPv6 and IPv4.
    pub port: u16,
    /// See [`Strictness`].
    pub strictness: Strictness,
    /// How long `degraded` is good enough.
    pub grace: Duration,
}

/// The Python executor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// Interpreter.
    pub program: String,
    /// Put first on `sys.path`.
    pub path: Vec<String>,
    /// Imported once when a child starts.
    pub preload: Vec<String>,
    /// What `worker smoke` resolves.
    pub functions: Vec<String>,
    /// Dotted paths, called as RQ calls its exception handlers.
    pub exception_handlers: Vec<String>,
    /// Dotted path of the Job class, when it is not RQ's.
    pub job_class: Option<String>,
    /// Jobs before a child is replaced; 0 means never.
    pub max_jobs: u64,
}

/// Limits of one child, in megabytes; 0 asks the cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Above it the child is replaced after its job.
    pub soft_mb: u64,
    /// Above it the job is failed and the child replaced.
    pub hard_mb: u64,
}

/// A recurring job.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Unique.
    pub name: String,
    /// As written.
    pub cron: String,
    /// As understood.
    pub pattern: croner::Cron,
    /// Dotted path, or name of a native handler.
    pub function: String,
    /// Positional arguments.
    pub args: Vec<serde_json::Value>,
    /// Keyword arguments.
    pub kwargs: serde_json::Map<String, serde_json::Value>,
    /// Where it is enqueued.
    pub queue: String,
    /// Seconds it may run.
    pub timeout: Option<i64>,
    /// Seconds its result is kept.
    pub result_ttl: Option<i64>,
    /// Written as JSON instead of pickle: for native handlers and JSON workers.
    pub json: bool,
}

impl Config {
    /// The RQ worker name of slot `index`, counted from 0.
    pub fn worker_name(&self, index: usize) -> String {
        if index == 0 { self.name.clone() } else { format!("{}-{}", self.name, index + 1) }
    }
}

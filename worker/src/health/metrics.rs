//! What `/metrics` counts. Names begin with `worker_`.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// A job's end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct JobLabels {
    /// Where it came from.
    pub queue: String,
    /// finished, failed, retried, stopped, released, lost.
    pub outcome: String,
}

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct QueueLabels {
    /// Its name.
    pub queue: String,
}

/// Why something happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabels {
    /// A word.
    pub reason: String,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    /// Start-up stage, 1 to 6.
    pub stage: Gauge,
    /// 1 while Redis answers.
    pub redis_up: Gauge,
    /// Slots with a job.
    pub busy: Gauge,
    /// Bytes in use.
    pub memory: Gauge,
    /// Queues whose schedule this process moves.
    pub scheduler_locks: Gauge,
    /// Seconds the latest scheduled job came late.
    pub scheduler_lag: Gauge<f64, AtomicU64>,
    /// Connections made after the first.
    pub reconnects: Counter,
    /// Lost connections by fault.
    pub faults: Family<ReasonLabels, Counter>,
    /// Jobs by end.
    pub jobs: Family<JobLabels, Counter>,
    /// Jobs waiting.
    pub depth: Family<QueueLabels, Gauge>,
    /// Jobs taken back from dead workers.
    pub rescued: Family<ReasonLabels, Counter>,
    /// Children that ended, by reason.
    pub children: Family<ReasonLabels, Counter>,
    /// Seconds from start to end.
    pub duration: Histogram,
    /// Seconds from enqueue to start.
    pub wait: Histogram,
    /// Seconds of one heartbeat's round trip.
    pub round_trip: Histogram,
}

impl Metrics {
    /// All zero.
    pub fn new() -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.001, 4.0, 10));
        let metrics = Self {
            registry: Registry::with_prefix("worker"),
            stage: Gauge::default(),
            redis_up: Gauge::default(),
            busy: Gauge::default(),
            memory: Gauge::default(),
            scheduler_locks: Gauge::default(),
            scheduler_lag: Gauge::default(),
            reconnects: Counter::default(),
            faults: Family::default(),
            jobs: Family::default(),
            depth: Family::default(),
            rescued: Family::default(),
            children: Family::default(),
            duration: seconds(),
            wait: seconds(),
            round_trip: seconds(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let r = &mut self.registry;
        r.register("stage", "Start-up stage, 6 when jobs are taken", self.stage.clone());
        r.register("redis_up", "Whether Redis answers", self.redis_up.clone());
        r.register("slots_busy", "Slots with a job", self.busy.clone());
        r.register("memory_bytes", "Memory in use", self.memory.clone());
        r.register(
            "scheduler_locks",
            "Queues whose schedule this process moves",
            self.scheduler_locks.clone(),
        );
        r.register(
            "scheduler_lag_seconds",
            "How late the latest scheduled job was",
            self.scheduler_lag.clone(),
        );
        r.register("redis_reconnects", "Connections made after the first", self.reconnects.clone());
        r.register("redis_faults", "Lost connections by fault", self.faults.clone());
        r.register("jobs", "Jobs by end", self.jobs.clone());
        r.register("queue_depth", "Jobs waiting", self.depth.clone());
        r.register("jobs_rescued", "Jobs taken back from dead workers", self.rescued.clone());
        r.register("executor_ends", "Children that ended", self.children.clone());
        r.register("job_duration_seconds", "Start to end", self.duration.clone());
        r.register("job_wait_seconds", "Enqueue to start", self.wait.clone());
        r.register("redis_round_trip_seconds", "One heartbeat", self.round_trip.clone());
        self
    }

    /// The text of the exposition format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

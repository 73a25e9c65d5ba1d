//! What the stages and slots write down and the probes read. Nothing here waits for anything but a short lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::metrics::Metrics;
use super::status::{Seen, Status};
use crate::config::{Health, Strictness};
use crate::memory::Limits;
use crate::stage::Stage;
use crate::timestamp;

/// What was read from Redis and `/proc` a moment ago.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Jobs waiting, by queue.
    pub depths: BTreeMap<String, u64>,
    /// Memory of the whole container, or of this process and its children without a limit.
    pub memory: u64,
}

struct Redis {
    connected: bool,
    since: Instant,
    fault: Option<String>,
    ever: bool,
}

/// Shared by every task.
pub struct Vitals {
    settings: Health,
    /// Limits of memory, in bytes.
    pub limits: Limits,
    /// Counters and gauges of `/metrics`.
    pub metrics: Metrics,
    slots: usize,
    born: Instant,
    stage: AtomicU8,
    draining: AtomicBool,
    attention: AtomicBool,
    busy: AtomicU64,
    beat: AtomicU64,
    redis: Mutex<Redis>,
    sample: Mutex<Sample>,
    last_job: Mutex<Option<(String, String)>>,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vitals {
    /// Of a process that was born just now.
    pub fn new(settings: Health, limits: Limits, slots: usize, born: Instant) -> Self {
        Self {
            settings,
            limits,
            metrics: Metrics::new(),
            slots,
            born,
            stage: AtomicU8::new(0),
            draining: AtomicBool::new(false),
            attention: AtomicBool::new(false),
            busy: AtomicU64::new(0),
            beat: AtomicU64::new(0),
            redis: Mutex::new(Redis { connected: false, since: born, fault: None, ever: false }),
            sample: Mutex::new(Sample::default()),
            last_job: Mutex::new(None),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// A stage has begun.
    pub fn enter(&self, stage: Stage) {
        self.stage.store(u8::try_from(stage.number()).unwrap_or(0), Ordering::Relaxed);
        self.metrics.stage.set(i64::try_from(stage.number()).unwrap_or(0));
    }

    fn stage(&self) -> Stage {
        Stage::ALL[usize::from(self.stage.load(Ordering::Relaxed)).saturating_sub(1).min(5)]
    }

    /// Redis answered.
    pub fn connected(&self) {
        let mut redis = held(&self.redis);
        if !redis.connected {
            *redis = Redis { connected: true, since: Instant::now(), fault: None, ever: true };
        }
        redis.fault = None;
        self.metrics.redis_up.set(1);
    }

    /// Redis did not answer, or not as it should.
    pub fn disconnected(&self, fault: String) {
        let mut redis = held(&self.redis);
        if redis.connected {
            redis.since = Instant::now();
        }
        redis.connected = false;
        redis.fault = Some(fault);
        self.metrics.redis_up.set(0);
    }

    /// Redis answers but refuses, such as writes without memory.
    pub fn refused(&self, fault: String) {
        held(&self.redis).fault = Some(fault);
    }

    /// Told to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether something needs attention.
    pub fn set_attention(&self, attention: bool) {
        self.attention.store(attention, Ordering::Relaxed);
    }

    /// The job loop turns.
    pub fn turn(&self) {
        self.beat.store(u64::try_from(self.born.elapsed().as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// How long the job loop has not turned.
    pub fn still_for(&self) -> Duration {
        self.born.elapsed().saturating_sub(Duration::from_millis(self.beat.load(Ordering::Relaxed)))
    }

    /// A slot took a job.
    pub fn job_started(&self) {
        let busy = self.busy.fetch_add(1, Ordering::Relaxed) + 1;
        self.metrics.busy.set(i64::try_from(busy).unwrap_or(0));
    }

    /// A slot is done with a job.
    pub fn job_ended(&self, id: &str, good: bool) {
        let busy = self.busy.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
        self.metrics.busy.set(i64::try_from(busy).unwrap_or(0));
        let counter = if good { &self.succeeded } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        *held(&self.last_job) = Some((timestamp::now().text(), id.to_owned()));
    }

    /// Jobs ended so far, well or badly.
    pub fn jobs(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed) + self.failed.load(Ordering::Relaxed)
    }

    /// What was read a moment ago.
    pub fn set_sample(&self, depths: BTreeMap<String, u64>) {
        held(&self.sample).depths = depths;
    }

    /// Memory in use.
    pub fn set_memory(&self, bytes: u64) {
        held(&self.sample).memory = bytes;
        self.metrics.memory.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    fn seen(&self) -> Seen {
        let redis = held(&self.redis);
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let memory =
            self.limits.container.map_or(0.0, |limit| held(&self.sample).memory as f64 / limit as f64);
        Seen {
            stage: self.stage(),
            connected: redis.connected,
            away: redis.since.elapsed(),
            draining: self.draining.load(Ordering::Relaxed),
            memory,
            attention: self.attention.load(Ordering::Relaxed),
        }
    }

    /// The word of the moment, and its code.
    pub fn status(&self) -> (Status, u16) {
        let status = Status::of(&self.seen(), self.settings.grace);
        (status, status.code(self.settings.strictness))
    }

    /// Whether the worker takes jobs now.
    pub fn ready(&self) -> bool {
        let seen = self.seen();
        seen.stage == Stage::Work && seen.connected && !seen.draining
    }

    /// The setting, for the body of `/health`.
    pub fn strictness(&self) -> &'static str {
        match self.settings.strictness {
            Strictness::Strict => "strict",
            Strictness::Grace => "grace",
            Strictness::Lenient => "lenient",
        }
    }

    /// The body of `/health`.
    pub fn body(&self) -> Value {
        let (status, _) = self.status();
        let sample = held(&self.sample).clone();
        let last_job = held(&self.last_job).clone();
        let redis = held(&self.redis);
        let megabytes = |bytes: u64| bytes / (1024 * 1024);
        json!({
            "status": status.word(),
            "redis_connected": redis.connected,
            "redis_ever_connected": redis.ever,
            "redis_error": redis.fault,
            "stage": self.stage().number(),
            "uptime_seconds": self.born.elapsed().as_secs(),
            "queue_depth": sample.depths.values().sum::<u64>(),
            "queues": sample.depths,
            "workers": self.slots,
            "busy": self.busy.load(Ordering::Relaxed),
            "last_job_at": last_job.as_ref().map(|(at, _)| at),
            "last_job_id": last_job.as_ref().map(|(_, id)| id),
            "jobs_succeeded": self.succeeded.load(Ordering::Relaxed),
            "jobs_failed": self.failed.load(Ordering::Relaxed),
            "memory": {
                "used_mb": megabytes(sample.memory),
                "limit_mb": self.limits.container.map(megabytes),
                "soft_mb": self.limits.soft.map(megabytes),
                "hard_mb": self.limits.hard.map(megabytes),
            },
            "strictness": self.strictness(),
            "version": env!("CARGO_PKG_VERSION"),
        })
    }
}

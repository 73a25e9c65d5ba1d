//! The six stages of start-up: their order is a type, and the markers in the log are computed from it.

use std::fmt;
use std::time::Instant;

use crate::health::Vitals;

/// One step of start-up; the order of the variants is the order of start-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Environment, flags and `worker.toml` become one configuration.
    Config,
    /// Probes are answered from here on.
    Health,
    /// The first connection, retried.
    Redis,
    /// Queues are opened and what a dead worker held is taken back.
    Queue,
    /// Schedules of `worker.toml` are registered.
    Schedule,
    /// Jobs are taken.
    Work,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 6] =
        [Self::Config, Self::Health, Self::Redis, Self::Queue, Self::Schedule, Self::Work];

    /// 1 to 6.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Config => "Loading environment...",
            Self::Health => "Starting health server...",
            Self::Redis => "Connecting to Redis",
            Self::Queue => "Creating job queue...",
            Self::Schedule => "Registering scheduled jobs...",
            Self::Work => "Starting worker loop...",
        }
    }

    /// Says in the log that the stage begins; the returned value says that it ended, and how long it took.
    pub fn begin(self, vitals: Option<&Vitals>) -> Running {
        if let Some(vitals) = vitals {
            vitals.enter(self);
        }
        // The third stage announces each attempt instead.
        if self != Self::Redis {
            tracing::info!(stage = self.number(), "{self}");
        }
        Running { stage: self, since: Instant::now() }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[STAGE {}/{}] {}", self.number(), Self::ALL.len(), self.doing())
    }
}

/// A stage that has begun.
pub struct Running {
    stage: Stage,
    since: Instant,
}

impl Running {
    /// The stage ended well.
    pub fn done(self, detail: &str) {
        let duration_ms = self.milliseconds();
        let (n, all) = (self.stage.number(), Stage::ALL.len());
        tracing::info!(stage = n, duration_ms, "[STAGE {n}/{all}] done: {detail}");
    }

    /// The stage ended the start-up: what happened, and what to do about it.
    pub fn failed(self, cause: &str, next_action: &str) {
        let duration_ms = self.milliseconds();
        let (n, all) = (self.stage.number(), Stage::ALL.len());
        tracing::error!(
            stage = n,
            duration_ms,
            error = cause,
            next_action,
            "[STAGE {n}/{all}] failed: {cause}. {next_action}"
        );
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_answered_before_redis_is_touched() {
        assert!(Stage::Health < Stage::Redis);
    }

    #[test]
    fn markers_are_those_of_the_plan() {
        assert_eq!(Stage::Config.to_string(), "[STAGE 1/6] Loading environment...");
        assert_eq!(Stage::Work.to_string(), "[STAGE 6/6] Starting worker loop...");
    }
}

//! How long to wait between attempts; arithmetic only, it neither sleeps nor reads a clock.
//!
//! The only module that knows the `backoff` crate (see `deny.toml`).

use std::time::Duration;

use backoff::backoff::Backoff as _;
use backoff::{ExponentialBackoff, SystemClock};

/// Longest wait of a worker that has been running: short, so that jobs flow soon after Redis answers again.
const LONGEST_RECONNECT: Duration = Duration::from_millis(1500);

/// The waits before each retry of the first connection, and their sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// One wait a retry.
    pub delays: Vec<Duration>,
}

impl Schedule {
    /// `retries` waits that start at `first` and double: 2, 4, 8, 16, 32 s for 5 retries from 2 s.
    pub fn doubling(first: Duration, retries: usize) -> Self {
        let mut waits = exponential(first, 2.0, Duration::MAX, 0.0);
        Self { delays: std::iter::from_fn(|| waits.next_backoff()).take(retries).collect() }
    }

    /// Attempts in all: the first one and every retry.
    pub fn attempts(&self) -> usize {
        self.delays.len() + 1
    }

    /// How long the worker waits in all before it gives up.
    pub fn budget(&self) -> Duration {
        self.delays.iter().sum()
    }
}

/// Endless waits for a worker that lost Redis after start-up: from 100 ms, capped, each drawn from ±25 %, so that
/// replicas do not return in step.
pub struct Reconnect(ExponentialBackoff);

impl Reconnect {
    /// A fresh series.
    pub fn new() -> Self {
        Self(exponential(Duration::from_millis(100), 1.6, LONGEST_RECONNECT, 0.25))
    }

    /// The next wait; there is always one.
    pub fn next_wait(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(LONGEST_RECONNECT)
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self::new()
    }
}

fn exponential(first: Duration, multiplier: f64, longest: Duration, jitter: f64) -> ExponentialBackoff {
    backoff::exponential::ExponentialBackoffBuilder::<SystemClock>::new()
        .with_initial_interval(first)
        .with_multiplier(multiplier)
        .with_max_interval(longest)
        .with_randomization_factor(jitter)
        .with_max_elapsed_time(None)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_retries_wait_62_seconds() {
        let schedule = Schedule::doubling(Duration::from_secs(2), 5);
        assert_eq!(schedule.delays, [2, 4, 8, 16, 32].map(Duration::from_secs));
        assert_eq!(schedule.budget(), Duration::from_secs(62));
        assert_eq!(schedule.attempts(), 6);
    }

    #[test]
    fn reconnecting_never_ends_and_never_waits_two_seconds() {
        let mut reconnect = Reconnect::new();
        for _ in 0..1000 {
            assert!(reconnect.next_wait() < Duration::from_secs(2));
        }
    }

    #[test]
    fn replicas_do_not_return_in_step() {
        let waits = || {
            let mut reconnect = Reconnect::new();
            (0..8).map(|_| reconnect.next_wait()).collect::<Vec<_>>()
        };
        assert_ne!(waits(), waits());
    }
}

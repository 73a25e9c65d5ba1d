//! How reliable deployments have been: from the history that Railway keeps.

use crate::order;
use serde::Deserialize;

/// One deployment, with times in milliseconds of the Unix clock.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Deployment {
    /// Commit it was made of.
    pub commit: Option<String>,
    /// Status as Railway names it.
    pub status: String,
    /// When it was made.
    pub created: i64,
    /// When its last step succeeded, by its events.
    pub healthy: Option<i64>,
    /// When a step failed, or the status says it did.
    pub failed: Option<i64>,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It came up.
    Up,
    /// It did not, or crashed.
    Down,
    /// It was skipped, aborted, or is not over.
    None,
}

impl Deployment {
    /// How it ended. One that was replaced later came up if its steps succeeded.
    pub fn end(&self) -> End {
        match self.status.as_str() {
            "SUCCESS" | "SLEEPING" => End::Up,
            "FAILED" | "CRASHED" => End::Down,
            "REMOVED" | "REMOVING" if self.failed.is_some() => End::Down,
            "REMOVED" | "REMOVING" if self.healthy.is_some() => End::Up,
            _ => End::None,
        }
    }
}

/// The figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Deployments that ended, newest first, and how.
    pub ends: Vec<End>,
    /// Seconds from the start to healthy, of those that came up; sorted.
    pub to_healthy: Vec<f64>,
    /// Seconds from each failure to the next deployment that was healthy; sorted.
    pub recoveries: Vec<f64>,
}

/// The plan's goals.
pub const SUCCESS_GOAL: f64 = 99.9;
/// Longest recovery the plan allows, in seconds.
pub const RECOVERY_GOAL: f64 = 30.0;

impl Record {
    /// Reads the history, in any order.
    pub fn of(history: &[Deployment]) -> Self {
        let mut ended: Vec<&Deployment> = history.iter().filter(|each| each.end() != End::None).collect();
        order::sort_by_key(&mut ended, |each| each.created);
        let seconds = |from: i64, to: i64| milliseconds((to - from).max(0)) / 1000.0;
        let mut to_healthy = Vec::new();
        let mut recoveries = Vec::new();
        let mut down_since: Option<i64> = None;
        for each in &ended {
            if each.end() == End::Down {
                down_since = down_since.or(each.failed).or(Some(each.created));
                continue;
            }
            if let Some(healthy) = each.healthy {
                to_healthy.push(seconds(each.created, healthy));
                if let Some(since) = down_since {
                    recoveries.push(seconds(since, healthy));
                }
            }
            down_since = None;
        }
        to_healthy.sort_by(f64::total_cmp);
        recoveries.sort_by(f64::total_cmp);
        Self { ends: ended.iter().rev().map(|each| each.end()).collect(), to_healthy, recoveries }
    }

    /// Per cent of deployments that came up.
    pub fn success(&self) -> Option<f64> {
        let up = self.ends.iter().filter(|end| **end == End::Up).count();
        (!self.ends.is_empty()).then(|| 100.0 * share(up, self.ends.len()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations of deployments are far below 2^52 milliseconds")]
fn milliseconds(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts of deployments are small")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// The middle of sorted figures.
pub fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(status: &str, created: i64, healthy: Option<i64>, failed: Option<i64>) -> Deployment {
        Deployment { commit: None, status: status.into(), created, healthy, failed }
    }

    #[test]
    fn success_time_and_recovery_come_from_the_history() {
        let record = Record::of(&[
            one("SUCCESS", 100_000, Some(120_000), None),
            one("SKIPPED", 90_000, None, None),
            one("CRASHED", 50_000, None, Some(60_000)),
            one("FAILED", 70_000, None, Some(80_000)),
            one("REMOVED", 10_000, Some(25_000), None),
            one("BUILDING", 130_000, None, None),
        ]);
        assert_eq!(record.ends, [End::Up, End::Down, End::Down, End::Up]);
        assert_eq!(record.success(), Some(50.0));
        assert_eq!(record.to_healthy, [15.0, 20.0]);
        assert_eq!(record.recoveries, [60.0]);
    }

    #[test]
    fn without_a_history_nothing_is_claimed() {
        let record = Record::of(&[]);
        assert_eq!((record.success(), median(&record.to_healthy)), (None, None));
    }
}

//! The Python executor of one slot: keeps a child warm, watches time and memory while it works, and turns what happens
//! into an outcome.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use super::child::{Child, StartError, describe};
use super::{Order, Outcome};
use crate::config::{Config, Python};
use crate::health::Vitals;
use crate::health::metrics::ReasonLabels;
use crate::memory;
use crate::store::Job;

const MEMORY_EVERY: Duration = Duration::from_millis(200);
/// RQ's callbacks have 60 s of their own.
const AFTER_WITHIN: Duration = Duration::from_secs(90);
/// Longer than anyone waits.
const NEVER: Duration = Duration::from_hours(8760);

/// One slot's children, one at a time.
pub struct PythonSlot {
    config: Arc<Config>,
    python: Python,
    vitals: Arc<Vitals>,
    worker: String,
    slot: usize,
    child: Option<Child>,
    weighed: Instant,
}

enum End {
    Answer(Value, Vec<u8>),
    Gone,
    Killed(Outcome),
}

impl PythonSlot {
    /// No child yet.
    pub fn new(
        config: Arc<Config>,
        python: Python,
        vitals: Arc<Vitals>,
        worker: String,
        slot: usize,
    ) -> Self {
        Self { config, python, vitals, worker, slot, child: None, weighed: Instant::now() }
    }

    async fn warm(&mut self) -> Result<&mut Child, StartError> {
        if self.child.is_none() {
            let begun = Instant::now();
            let child = Child::start(&self.config, &self.python, self.slot).await?;
            for problem in &child.problems {
                tracing::warn!(
                    slot = self.slot,
                    next_action = "jobs that need it will fail; run `worker smoke`",
                    "{problem}"
                );
            }
            let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(0);
            tracing::debug!(slot = self.slot, pid = child.pid, duration_ms = took, "Python child is warm");
            self.child = Some(child);
        }
        self.child.as_mut().ok_or_else(|| StartError::NotReady("it is gone".to_owned()))
    }

    /// Runs one job.
    ///
    /// # Errors
    /// No child can be started: the job is not to blame.
    pub async fn run(
        &mut self,
        job: &Job,
        serializer: &str,
        orders: &mut mpsc::UnboundedReceiver<Order>,
    ) -> Result<Outcome, StartError> {
        let kills_before = memory::kernel_kills();
        let limit = self.vitals.limits.hard;
        let seconds = job.timeout(crate::DEFAULT_TIMEOUT);
        let patience = match u64::try_from(seconds) {
            Ok(seconds) => Duration::from_secs(seconds) + self.config.kill_grace,
            Err(_) => NEVER,
        };
        let worker = self.worker.clone();
        let child = self.warm().await?;
        child.jobs += 1;
        let end = if child.send("run", job, &worker, serializer, json!({})).await.is_ok() {
            watch(child, Instant::now() + patience, seconds, limit, orders).await
        } else {
            End::Gone
        };
        Ok(match end {
            End::Answer(header, blob) => {
                self.recycle();
                outcome(&header, blob)
            }
            End::Gone => self.crashed(kills_before).await,
            End::Killed(outcome) => {
                self.put_down(reason(&outcome)).await;
                outcome
            }
        })
    }

    async fn crashed(&mut self, kills_before: u64) -> Outcome {
        let status = match self.child.as_mut() {
            Some(child) => child.ended().await,
            None => None,
        };
        let by_kernel = memory::kernel_kills() > kills_before;
        self.put_down(if by_kernel { "memory" } else { "crashed" }).await;
        let mut trace = format!("Work-horse terminated unexpectedly; {}; ", describe(status));
        if by_kernel {
            trace.push_str("the kernel killed it because the container is out of memory; ");
        }
        Outcome::Failed { trace, reason: if by_kernel { "memory" } else { "crashed" } }
    }

    async fn put_down(&mut self, reason: &str) {
        if let Some(mut child) = self.child.take() {
            child.kill().await;
        }
        self.count(reason);
    }

    fn count(&self, reason: &str) {
        self.vitals.metrics.children.get_or_create(&ReasonLabels { reason: reason.to_owned() }).inc();
    }

    /// Between jobs: replaces a child that has grown or has done enough.
    fn recycle(&mut self) {
        let Some(child) = &self.child else { return };
        // A process does not grow much between two jobs of a millisecond; looking costs as much as such a job.
        let look = self.vitals.limits.soft.is_some() && self.weighed.elapsed() >= MEMORY_EVERY;
        let resident = if look { memory::resident(child.pid).unwrap_or(0) } else { 0 };
        if look {
            self.weighed = Instant::now();
        }
        let grown = self.vitals.limits.soft.is_some_and(|soft| resident > soft);
        let done = self.python.max_jobs > 0 && child.jobs >= self.python.max_jobs;
        if !grown && !done {
            return;
        }
        if grown {
            tracing::warn!(
                slot = self.slot,
                resident_mb = resident / 1_048_576,
                "Python child is above the soft memory limit and is replaced"
            );
        }
        if let Some(child) = self.child.take() {
            tokio::spawn(child.retire());
        }
        self.count(if grown { "soft-memory" } else { "max-jobs" });
    }

    /// What RQ calls once a job is over: the stopped or abandoned callback, or its webhooks. A problem there is logged
    /// and changes nothing.
    pub async fn after(&mut self, what: &str, job: &Job, serializer: &str, trace: Option<&str>) {
        let worker = self.worker.clone();
        let work = async {
            let child = self.warm().await.map_err(|error| error.to_string())?;
            let header = json!({"what": what, "trace": trace});
            child.send("after", job, &worker, serializer, header).await.map_err(|error| error.to_string())?;
            let (answer, _) = child.receive().await.map_err(|error| error.to_string())?;
            match answer["problem"].as_str() {
                Some("") | None => Ok(()),
                Some(problem) => Err(problem.trim_end().to_owned()),
            }
        };
        let ended = timeout(AFTER_WITHIN, work).await;
        if ended.is_err() || matches!(&ended, Ok(Err(problem)) if !problem.starts_with("Traceback")) {
            self.put_down("crashed").await;
        }
        let problem = match ended {
            Ok(Ok(())) => return,
            Ok(Err(problem)) => problem,
            Err(_) => format!("no answer within {} s", AFTER_WITHIN.as_secs()),
        };
        tracing::warn!(job_id = job.id, error = problem, "the {what} callback or webhook of a job failed");
    }

    /// Ends the child.
    pub async fn close(&mut self) {
        if let Some(child) = self.child.take() {
            child.retire().await;
        }
    }
}

async fn watch(
    child: &mut Child,
    deadline: Instant,
    seconds: i64,
    limit: Option<u64>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) -> End {
    let pid = child.pid;
    let mut look = interval_at(Instant::now() + MEMORY_EVERY, MEMORY_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let answer = child.receive();
    tokio::pin!(answer);
    loop {
        tokio::select! {
            ended = &mut answer => return ended.map_or(End::Gone, |(header, blob)| End::Answer(header, blob)),
            Some(order) = orders.recv() => return match order {
                Order::Stop => End::Killed(Outcome::Stopped),
                Order::Lost => End::Killed(Outcome::Lost),
                Order::Release => End::Killed(Outcome::Released),
                Order::Kill => End::Killed(Outcome::Failed {
                    trace: "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); ".to_owned(),
                    reason: "crashed",
                }),
            },
            () = sleep_until(deadline) => return End::Killed(Outcome::Failed {
                trace: format!("rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value ({seconds} seconds); it did not react, so its process was killed\n"),
                reason: "timeout",
            }),
            _ = look.tick(), if limit.is_some() => {
                let resident = memory::resident(pid).unwrap_or(0);
                if let Some(limit) = limit && resident > limit {
                    let megabytes = |bytes: u64| bytes / 1_048_576;
                    return End::Killed(Outcome::Failed {
                        trace: format!("MemoryError: the job used {} MB, more than the hard limit of {} MB, and its process was killed\n", megabytes(resident), megabytes(limit)),
                        reason: "memory",
                    });
                }
            }
        }
    }
}

fn reason(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Failed { reason, .. } => reason,
        Outcome::Stopped => "stopped",
        Outcome::Lost => "lost",
        _ => "released",
    }
}

fn outcome(header: &Value, blob: Vec<u8>) -> Outcome {
    match header["kind"].as_str() {
        Some("finished") => Outcome::Finished((header["none"] != true).then_some(blob)),
        Some("retry") => Outcome::Retry {
            value: blob,
            max: header["max"].as_u64().unwrap_or(1),
            intervals: header["intervals"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .collect(),
            front: header["front"] == true,
        },
        Some("failed") => Outcome::Failed {
            trace: header["trace"].as_str().unwrap_or_default().to_owned(),
            reason: if header["timed_out"] == true { "timeout" } else { "raised" },
        },
        _ => Outcome::Failed {
            trace: "the Python child gave an answer that makes no sense\n".to_owned(),
            reason: "crashed",
        },
    }
}

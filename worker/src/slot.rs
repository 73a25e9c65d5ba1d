//! One slot: claims a job, runs it, writes how it ended, and claims the next in the same step.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use redis::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::config::Strategy;
use crate::executor::python::PythonSlot;
use crate::executor::{Order, Outcome, native};
use crate::health::metrics::JobLabels;
use crate::shared::{Shared, Slot};
use crate::store::Job;
use crate::store::scripts::{CLAIM, Invocation};
use crate::timestamp;

mod answer;
mod chatter;
mod ending;

use answer::{Claimed, claimed};
pub(crate) use chatter::Chatter;
use chatter::Line;
use ending::Ending;
pub(crate) use ending::packed;

/// How often a suspended worker asks whether it may go on.
const SUSPENDED: Duration = Duration::from_secs(1);
/// An idle slot asks anyway, should a ring be missed.
const ASK_ANYWAY: Duration = Duration::from_secs(10);

/// The loop of one slot.
pub(crate) struct Loop {
    shared: Arc<Shared>,
    index: usize,
    queues: Vec<String>,
    orders: mpsc::UnboundedReceiver<Order>,
    python: Option<PythonSlot>,
    idle_since: Instant,
    python_fails: u32,
}

impl Loop {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, orders: mpsc::UnboundedReceiver<Order>) -> Self {
        let config = Arc::clone(&shared.config);
        let python = config.python.clone().map(|python| {
            PythonSlot::new(
                Arc::clone(&config),
                python,
                Arc::clone(&shared.vitals),
                config.worker_name(index),
                index + 1,
            )
        });
        let queues = config.queues.clone();
        Self { shared, index, queues, orders, python, idle_since: Instant::now(), python_fails: 0 }
    }

    fn slot(&self) -> &Slot {
        &self.shared.slots[self.index]
    }

    /// Works until the process drains, or the queues are empty in burst mode.
    pub(crate) async fn work(mut self) {
        let mut next = None;
        loop {
            let job = match next.take() {
                Some(job) => job,
                None => match self.take().await {
                    Some(job) => job,
                    None => break,
                },
            };
            next = self.perform(job).await;
        }
        if let Some(python) = &mut self.python {
            python.close().await;
        }
    }

    /// Waits for a job; none when there is nothing more to do.
    async fn take(&mut self) -> Option<Job> {
        self.idle_since = Instant::now();
        loop {
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                _ = shared.link.live() => {}
                () = shared.until_draining() => return None,
            }
            if shared.draining() || self.enough() {
                return None;
            }
            let answer = shared.link.run::<Value>(&self.claim()).await.map(claimed);
            let pause = match answer {
                Ok(Claimed::Job(job)) => return Some(job),
                Ok(Claimed::Suspended) if shared.config.burst => return None,
                Ok(Claimed::Suspended) => SUSPENDED,
                Ok(Claimed::Nothing) if self.is_done() => return None,
                Ok(Claimed::Nothing) => self.patience(),
                // The answer may be lost and the job ours: the next claim finds it again.
                Err(_) => Duration::from_millis(100),
            };
            let wakes = matches!(answer, Ok(Claimed::Nothing));
            tokio::select! {
                () = shared.doorbell.rung(), if wakes => {}
                () = sleep(pause) => {}
                () = shared.until_draining() => {}
            }
        }
    }

    fn claim(&self) -> Invocation {
        let config = &self.shared.config;
        Invocation::new(&CLAIM, &config.prefix)
            .arg(&self.slot().worker)
            .arg(execution_id())
            .number(config.monitoring_interval)
            .args(&self.queues)
    }

    fn is_done(&self) -> bool {
        let config = &self.shared.config;
        config.burst || config.max_idle.is_some_and(|most| self.idle_since.elapsed() >= most)
    }

    fn patience(&self) -> Duration {
        let left = self.shared.config.max_idle.map(|most| most.saturating_sub(self.idle_since.elapsed()));
        left.map_or(ASK_ANYWAY, |left| left.clamp(Duration::from_millis(10), ASK_ANYWAY))
    }

    fn enough(&self) -> bool {
        self.shared.config.max_jobs.is_some_and(|most| self.shared.taken() >= most)
    }

    async fn perform(&mut self, job: Job) -> Option<Job> {
        // Claimed with the answer that told of the end of the one before, or while the signal came.
        let ran = !(self.shared.draining() || self.enough());
        self.reorder(&job.queue);
        while self.orders.try_recv().is_ok() {}
        self.slot().hold(&job);
        self.shared.vitals.job_started();
        let started = (Instant::now(), timestamp::now());
        let outcome = if ran {
            self.shared.took();
            self.observe_wait(&job);
            self.execute(&job).await
        } else {
            Outcome::Released
        };
        let ending = Ending {
            job: &job,
            outcome,
            started: started.1,
            ended: timestamp::now(),
            worked: started.0.elapsed(),
        };
        let next = self.end(&ending).await;
        self.slot().let_go();
        next
    }

    async fn execute(&mut self, job: &Job) -> Outcome {
        let config = Arc::clone(&self.shared.config);
        let serializer = job.serializer(&config.serializer);
        if serializer == "json"
            && let Some(call) = job.call()
            && let Some(handler) = self.shared.registry.find(&call.function)
        {
            let timeout = u64::try_from(job.timeout(crate::DEFAULT_TIMEOUT)).ok().map(Duration::from_secs);
            return native::run(handler.as_ref(), call, timeout, &mut self.orders).await;
        }
        let Some(python) = &mut self.python else {
            let trace = format!(
                "no native handler takes this job ({serializer} data) and no Python is configured: {}\n",
                job.description()
            );
            return Outcome::Failed { trace, reason: "raised" };
        };
        match python.run(job, &serializer, &mut self.orders).await {
            Ok(outcome) => {
                self.python_fails = 0;
                self.shared.vitals.set_attention(false);
                if outcome == Outcome::Stopped && job.text("stopped_callback_name").is_some() {
                    python.after("stopped", job, &serializer, None).await;
                }
                outcome
            }
            Err(error) => {
                self.python_fails += 1;
                // A service waits for its Python to be repaired; a burst would never end.
                if config.burst && self.python_fails >= 3 {
                    self.shared.break_off();
                }
                self.shared.vitals.set_attention(true);
                tracing::error!(job_id = job.id, error = %error, next_action = "check `python.program` and that rq is installed for it: worker smoke", "no Python child can be started; the job is put back");
                Outcome::Released
            }
        }
    }

    /// Writes the end, for as long as it takes, and answers with the next job.
    async fn end(&mut self, ending: &Ending<'_>) -> Option<Job> {
        let shared = Arc::clone(&self.shared);
        let attempts = AtomicU32::new(0);
        let answer = if ending.outcome == Outcome::Lost {
            Ok(Value::Array(vec![Value::SimpleString("lost:moved".to_owned()), Value::Nil]))
        } else {
            let go_on = self.python_fails == 0;
            let write = shared.link.write::<Value>(|| {
                attempts.fetch_add(1, Ordering::Relaxed);
                let next = if go_on && !shared.draining() && !self.enough() {
                    execution_id()
                } else {
                    String::new()
                };
                ending.invocation(&shared.config, &self.slot().worker, &self.queues, &next)
            });
            tokio::select! {
                answer = write => answer,
                () = shared.given_up() => {
                    tracing::error!(job_id = ending.job.id, next_action = "another worker takes the job back", "Redis did not answer before the deadline; the end of a job is not recorded");
                    shared.vitals.job_ended(&ending.job.id, false);
                    return None;
                }
            }
        };
        let (word, next) = match answer.map(answer::finished) {
            Ok(answer) => answer,
            Err(fault) => {
                tracing::error!(job_id = ending.job.id, error = %fault, "the end of a job cannot be recorded");
                ("unrecorded".to_owned(), Claimed::Nothing)
            }
        };
        // After an attempt whose answer was lost, "not ours any more" means that it was written.
        let word = if word.starts_with("lost:") && attempts.load(Ordering::Relaxed) > 1 {
            "recorded".to_owned()
        } else {
            word
        };
        self.tell(ending, &word);
        self.send_webhooks(ending, &word).await;
        if self.python_fails > 0 {
            let pause = Duration::from_secs(u64::from(self.python_fails).min(30));
            tokio::select! { () = sleep(pause) => {}, () = shared.until_draining() => {} }
        }
        match next {
            Claimed::Job(job) => Some(job),
            _ => None,
        }
    }

    async fn send_webhooks(&mut self, ending: &Ending<'_>, word: &str) {
        if !matches!(word, "finished" | "failed") || ending.job.text("webhooks").is_none() {
            return;
        }
        let serializer = ending.job.serializer(&self.shared.config.serializer);
        if let Some(python) = &mut self.python {
            python.after(word, ending.job, &serializer, ending.trace()).await;
        } else {
            tracing::warn!(
                job_id = ending.job.id,
                "webhooks are sent by the Python executor, which is not configured"
            );
        }
    }

    fn tell(&self, ending: &Ending<'_>, word: &str) {
        let vitals = &self.shared.vitals;
        let job = ending.job;
        let good = matches!(word, "finished" | "recorded");
        vitals.job_ended(&job.id, good);
        vitals
            .metrics
            .jobs
            .get_or_create(&JobLabels {
                queue: job.queue.clone(),
                outcome: word.split(':').next().unwrap_or(word).to_owned(),
            })
            .inc();
        vitals.metrics.duration.observe(ending.worked.as_secs_f64());
        let duration_ms = u64::try_from(ending.worked.as_millis()).unwrap_or(0);
        let (id, queue, function) = (&job.id, &job.queue, job.description());
        match &ending.outcome {
            Outcome::Failed { trace, reason } => {
                let last = trace.trim_end().lines().last().unwrap_or_default();
                tracing::warn!(
                    job_id = id,
                    queue,
                    function,
                    duration_ms,
                    outcome = word,
                    reason,
                    error = last,
                    "job failed"
                );
            }
            _ if word.starts_with("lost:") => {
                tracing::warn!(
                    job_id = id,
                    queue,
                    function,
                    duration_ms,
                    outcome = word,
                    "job was given to someone else or removed; its outcome is dropped"
                );
            }
            _ => {
                let Line::Say(left_out) = self.shared.chatter.line(ending.ended.unix()) else { return };
                if left_out > 0 {
                    tracing::info!(
                        left_out,
                        "more jobs went well than lines are written; /metrics counts them all"
                    );
                }
                tracing::info!(job_id = id, queue, function, duration_ms, outcome = word, "job {word}");
            }
        }
    }

    fn observe_wait(&self, job: &Job) {
        if let Some(enqueued) = job.text("enqueued_at").and_then(timestamp::Moment::parse) {
            let waited = timestamp::now().unix_fraction() - enqueued.unix_fraction();
            self.shared.vitals.metrics.wait.observe(waited.max(0.0));
        }
    }

    /// Which queue is asked first next time.
    fn reorder(&mut self, taken_from: &str) {
        match self.shared.config.strategy {
            Strategy::Default => {}
            Strategy::RoundRobin => {
                if let Some(place) = self.queues.iter().position(|queue| queue == taken_from) {
                    self.queues.rotate_left(place + 1);
                }
            }
            Strategy::Random => {
                // A random rotation and swap is random enough to be fair to every queue.
                let dice = uuid::Uuid::new_v4().as_u128();
                let count = self.queues.len() as u128;
                for place in (1..self.queues.len()).rev() {
                    let other = usize::try_from((dice >> (place * 4)) % (place as u128 + 1)).unwrap_or(0);
                    self.queues.swap(place, other);
                }
                self.queues.rotate_left(usize::try_from(dice % count).unwrap_or(0));
            }
        }
    }
}

fn execution_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

//! How a job's end is written: the arguments of the finish script.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::config::Config;
use crate::executor::Outcome;
use crate::store::Job;
use crate::store::scripts::{FINISH, Invocation};
use crate::timestamp::Moment;

/// A run that is over.
pub(super) struct Ending<'a> {
    pub(super) job: &'a Job,
    pub(super) outcome: Outcome,
    pub(super) started: Moment,
    pub(super) ended: Moment,
    pub(super) worked: Duration,
}

impl Ending<'_> {
    /// Traceback or reason, when it failed.
    pub(super) fn trace(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Failed { trace, .. } => Some(trace),
            _ => None,
        }
    }

    /// The call that writes it and claims the next job as `next`, or claims none when that is empty.
    pub(super) fn invocation(
        &self,
        config: &Config,
        worker: &str,
        queues: &[String],
        next: &str,
    ) -> Invocation {
        let (kind, argument) = self.kind();
        Invocation::new(&FINISH, &config.prefix)
            .arg(worker)
            .arg(&self.job.execution)
            .number(config.monitoring_interval)
            .arg(&self.job.id)
            .arg(&self.job.queue)
            .arg(kind)
            .number(format!("{:.6}", self.worked.as_secs_f64()))
            .number(config.result_ttl)
            .arg(argument)
            .arg(next)
            .number(queues.len())
            .args(queues)
            .args(self.result(worker))
    }

    fn kind(&self) -> (&'static str, String) {
        match &self.outcome {
            Outcome::Finished(_) => ("finished", String::new()),
            Outcome::Retry { max, intervals, front, .. } => {
                let count = self
                    .job
                    .number("number_of_retries")
                    .and_then(|count| usize::try_from(count).ok())
                    .unwrap_or(0);
                let interval =
                    intervals.get(count.min(intervals.len().saturating_sub(1))).copied().unwrap_or(0);
                ("returned-retry", format!("{interval}:{max}:{}", u8::from(*front)))
            }
            Outcome::Failed { .. } => ("failed", String::new()),
            Outcome::Stopped => ("stopped", String::new()),
            Outcome::Released | Outcome::Lost => ("released", String::new()),
        }
    }

    /// The entry of RQ's result stream, flat.
    fn result(&self, worker: &str) -> Vec<String> {
        let mut fields = vec!["type".to_owned(), "1".to_owned(), "worker_name".to_owned(), worker.to_owned()];
        let mut add = |name: &str, value: String| fields.extend([name.to_owned(), value]);
        match &self.outcome {
            Outcome::Finished(None) => {}
            Outcome::Finished(Some(value)) | Outcome::Retry { value, .. } => {
                add("return_value", STANDARD.encode(value));
            }
            Outcome::Failed { trace, .. } => add("exc_string", packed(trace)),
            Outcome::Stopped => add("exc_string", packed("Job stopped by user, work-horse terminated.")),
            Outcome::Released | Outcome::Lost => return Vec::new(),
        }
        add("execution_id", self.job.execution.clone());
        add("execution_started_at", self.started.seconds());
        add("execution_ended_at", self.ended.seconds());
        match self.outcome {
            Outcome::Retry { .. } => "4",
            Outcome::Failed { .. } | Outcome::Stopped => "2",
            _ => "1",
        }
        .clone_into(&mut fields[1]);
        fields
    }
}

/// As RQ stores text of failures: zlib, then base64.
pub(crate) fn packed(text: &str) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(text.as_bytes());
    STANDARD.encode(encoder.finish().unwrap_or_default())
}

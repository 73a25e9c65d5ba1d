//! Handlers written in Rust: a trait, a table of them, and how one is run.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::{Order, Outcome};

/// What a producer enqueued, read from JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Id of the job.
    pub job_id: String,
    /// Its queue.
    pub queue: String,
    /// Name of the handler.
    pub function: String,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Map<String, Value>,
}

/// Why a handler failed; stored as the job's result.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HandlerError(pub String);

impl HandlerError {
    /// From anything that can be shown.
    pub fn new(reason: impl std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// What a handler returns.
pub type HandlerResult = Result<Value, HandlerError>;

/// A native job. It runs on the worker's own thread: what computes for long belongs into `tokio::task::spawn_blocking`,
/// which keeps heartbeats on time.
pub trait Handler: Send + Sync + 'static {
    /// Runs one job. Dropped when the job is stopped or its time is over.
    fn run(&self, call: Call) -> Pin<Box<dyn Future<Output = HandlerResult> + Send>>;
}

struct FromFunction<F>(F);

impl<F, R> Handler for FromFunction<F>
where
    F: Fn(Call) -> R + Send + Sync + 'static,
    R: Future<Output = HandlerResult> + Send + 'static,
{
    fn run(&self, call: Call) -> Pin<Box<dyn Future<Output = HandlerResult> + Send>> {
        Box::pin((self.0)(call))
    }
}

/// A handler from an async function.
pub fn handler<F, R>(function: F) -> impl Handler
where
    F: Fn(Call) -> R + Send + Sync + 'static,
    R: Future<Output = HandlerResult> + Send + 'static,
{
    FromFunction(function)
}

/// The table of handlers, by the name producers enqueue.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<String, Arc<dyn Handler>>);

impl Registry {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler; a name that is taken is given to the new one.
    #[must_use]
    pub fn with(mut self, name: &str, handler: impl Handler) -> Self {
        self.0.insert(name.to_owned(), Arc::new(handler));
        self
    }

    /// The handler of a name.
    pub fn find(&self, name: &str) -> Option<Arc<dyn Handler>> {
        self.0.get(name).cloned()
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Runs a handler until it ends, its time is over, or an order comes. A panic costs the job, not the worker.
pub async fn run(
    handler: &dyn Handler,
    call: Call,
    timeout: Option<Duration>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) -> Outcome {
    let mut task = tokio::spawn(handler.run(call));
    let deadline = timeout.unwrap_or_else(|| Duration::from_hours(8760));
    let outcome = tokio::select! {
        biased;
        Some(order) = orders.recv() => match order {
            Order::Stop => Outcome::Stopped,
            Order::Lost => Outcome::Lost,
            Order::Release => Outcome::Released,
            Order::Kill => Outcome::Failed { trace: "Native handler ended by kill-horse".to_owned(), reason: "crashed" },
        },
        ended = &mut task => return of_task(ended),
        () = tokio::time::sleep(deadline) => Outcome::Failed {
            trace: format!("rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value ({} seconds)\n", deadline.as_secs()),
            reason: "timeout",
        },
    };
    task.abort();
    outcome
}

fn of_task(ended: Result<HandlerResult, tokio::task::JoinError>) -> Outcome {
    match ended {
        Ok(Ok(Value::Null)) => Outcome::Finished(None),
        Ok(Ok(value)) => Outcome::Finished(Some(value.to_string().into_bytes())),
        Ok(Err(error)) => Outcome::Failed { trace: format!("HandlerError: {error}\n"), reason: "raised" },
        Err(error) => {
            let panic = error.try_into_panic().map_or_else(
                |error| error.to_string(),
                |panic| {
                    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                    text.or_else(|| panic.downcast_ref::<String>().cloned())
                        .unwrap_or_else(|| "panic".to_owned())
                },
            );
            Outcome::Failed { trace: format!("Handler panicked: {panic}\n"), reason: "crashed" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call {
            job_id: "j".into(),
            queue: "q".into(),
            function: "f".into(),
            args: vec![7.into()],
            kwargs: Map::new(),
        }
    }

    async fn outcome(handler: impl Handler, order: Option<Order>, timeout: Option<Duration>) -> Outcome {
        let (sender, mut orders) = mpsc::unbounded_channel();
        if let Some(order) = order {
            sender.send(order).unwrap();
        }
        run(&handler, call(), timeout, &mut orders).await
    }

    #[tokio::test]
    async fn values_errors_and_panics_become_outcomes() {
        let echo = handler(async |call: Call| Ok(call.args[0].clone()));
        assert_eq!(outcome(echo, None, None).await, Outcome::Finished(Some(b"7".to_vec())));
        let fails = handler(async |_| Err(HandlerError::new("no")));
        assert!(matches!(outcome(fails, None, None).await, Outcome::Failed { reason: "raised", .. }));
        let panics = handler(async |_| panic!("boom"));
        let Outcome::Failed { trace, reason: "crashed" } = outcome(panics, None, None).await else {
            panic!()
        };
        assert!(trace.contains("boom"));
    }

    #[tokio::test(start_paused = true)]
    async fn time_and_orders_end_a_handler() {
        let sleeps = || {
            handler(async |_| {
                tokio::time::sleep(Duration::from_secs(1000)).await;
                Ok(Value::Null)
            })
        };
        let late = outcome(sleeps(), None, Some(Duration::from_secs(2))).await;
        assert!(matches!(late, Outcome::Failed { reason: "timeout", .. }));
        assert_eq!(outcome(sleeps(), Some(Order::Stop), None).await, Outcome::Stopped);
        assert_eq!(outcome(sleeps(), Some(Order::Release), None).await, Outcome::Released);
    }
}

//! RQ's remote commands: stop a job, kill its process, shut down.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::Msg;
use serde_json::Value;
use tokio::time::sleep;

use crate::backoff::Reconnect;
use crate::executor::Order;
use crate::shared::Shared;
use crate::store::Fault;

/// What to do when a message arrives.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Shutdown,
    Kill,
    StopJob(String),
    StopExecution(String),
}

fn parse(payload: &[u8]) -> Option<Command> {
    let message: Value = serde_json::from_slice(payload).ok()?;
    let text = |name: &str| message.get(name)?.as_str().map(str::to_owned);
    match message.get("command")?.as_str()? {
        "shutdown" => Some(Command::Shutdown),
        "kill-horse" => Some(Command::Kill),
        "stop-job" => text("job_id").map(Command::StopJob),
        "stop-execution" => text("execution_id").map(Command::StopExecution),
        _ => None,
    }
}

/// Listens on the channel of every slot, through outages of any length.
pub(crate) async fn listen(shared: Arc<Shared>) {
    let mut waits = Reconnect::new();
    loop {
        let live = shared.link.live().await;
        let begun = std::time::Instant::now();
        let ended = tokio::select! {
            ended = subscribed(&shared) => ended,
            () = shared.link.renewed(&live) => Ok(()),
        };
        if let Err(error) = ended {
            tracing::debug!(error = %Fault::of(&error), "listening for commands was interrupted");
        }
        if begun.elapsed() > Duration::from_secs(5) {
            waits = Reconnect::new();
        }
        sleep(waits.next_wait()).await;
    }
}

async fn subscribed(shared: &Shared) -> redis::RedisResult<()> {
    let limit = crate::store::link::ANSWER_WITHIN;
    let late = |_| redis::RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
    let open = async { shared.link.client().await?.get_async_pubsub().await };
    let pubsub = tokio::time::timeout(limit, open).await.map_err(late)??;
    let (mut sink, mut messages) = pubsub.split();
    for slot in &shared.slots {
        let channel = format!("{}:pubsub:{}", shared.config.prefix, slot.worker);
        tokio::time::timeout(limit, sink.subscribe(channel)).await.map_err(late)??;
    }
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => obey(shared, &message),
                None => return Ok(()),
            },
            // Nothing else is ever sent on this connection: ask whether it still lives.
            () = sleep(Duration::from_secs(15)) => {
                let _: redis::Value = tokio::time::timeout(limit, sink.ping()).await.map_err(late)??;
            }
        }
    }
}

fn obey(shared: &Shared, message: &Msg) {
    let channel = message.get_channel_name();
    let Some(slot) = shared.slots.iter().find(|slot| {
        channel.strip_suffix(slot.worker.as_str()).is_some_and(|rest| rest.ends_with(":pubsub:"))
    }) else {
        return;
    };
    let Some(command) = parse(message.get_payload_bytes()) else {
        tracing::warn!(worker = slot.worker, "a command that this worker does not know is ignored");
        return;
    };
    tracing::info!(worker = slot.worker, "command: {command:?}");
    let current = slot.current();
    match command {
        Command::Shutdown => shared.drain(),
        Command::Kill if current.is_some() => slot.order(Order::Kill),
        Command::StopJob(job) if current.as_ref().is_some_and(|run| run.job == job) => {
            slot.order(Order::Stop);
        }
        Command::StopExecution(id) if current.as_ref().is_some_and(|run| run.execution == id) => {
            slot.order(Order::Stop);
        }
        _ => tracing::warn!(worker = slot.worker, "this slot does not run that job; the command is ignored"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_rq() {
        assert_eq!(
            parse(br#"{"command": "stop-job", "job_id": "a", "created_at": 1}"#),
            Some(Command::StopJob("a".into()))
        );
        assert_eq!(
            parse(br#"{"command": "stop-execution", "job_id": "a", "execution_id": "e"}"#),
            Some(Command::StopExecution("e".into()))
        );
        assert_eq!(parse(br#"{"command": "shutdown"}"#), Some(Command::Shutdown));
        assert_eq!(parse(br#"{"command": "kill-horse"}"#), Some(Command::Kill));
        for nonsense in
            [&b"not json"[..], b"{}", br#"{"command": "rm -rf"}"#, br#"{"command": "stop-job"}"#, b"\xff"]
        {
            assert_eq!(parse(nonsense), None);
        }
    }
}

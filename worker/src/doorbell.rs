//! Waits for jobs without taking them.
//!
//! `BLMOVE q q LEFT LEFT` blocks until the queue has something and then moves its head to where it was: nothing leaves
//! the queue, so nothing is lost when the connection or the process dies at that moment, with any number of queues. The
//! slots that were waiting then claim in the usual single step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::backoff::Reconnect;
use crate::shared::Shared;
use crate::store::link::Live;

/// Short enough that a half-open connection is noticed soon.
const BLOCK: Duration = Duration::from_secs(5);
/// How often a server without BLMOVE is asked.
const POLL: Duration = Duration::from_millis(200);

/// Rings when a queue has something.
#[derive(Default)]
pub(crate) struct Doorbell {
    waiting: AtomicUsize,
    ring: Notify,
    wanted: Notify,
}

impl Doorbell {
    /// Returns when a queue may have something.
    pub(crate) async fn rung(&self) {
        let rung = self.ring.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.wanted.notify_waiters();
        rung.await;
    }

    fn ring(&self) {
        self.waiting.store(0, Ordering::Relaxed);
        self.ring.notify_waiters();
    }

    async fn wanted(&self) {
        loop {
            let wanted = self.wanted.notified();
            tokio::pin!(wanted);
            wanted.as_mut().enable();
            if self.waiting.load(Ordering::Relaxed) > 0 {
                return;
            }
            wanted.await;
        }
    }
}

/// Watches one queue for as long as the process lives.
pub(crate) async fn watch(shared: Arc<Shared>, queue: String, can_block: bool) {
    let key = format!("{}:queue:{queue}", shared.config.prefix);
    let mut waits = Reconnect::new();
    let mut connection = None;
    loop {
        shared.doorbell.wanted().await;
        if !can_block {
            sleep(POLL).await;
            shared.doorbell.ring();
            continue;
        }
        match block(&shared, &key, &mut connection).await {
            Ok(true) => {
                waits = Reconnect::new();
                shared.doorbell.ring();
            }
            Ok(false) => waits = Reconnect::new(),
            Err(error) => {
                tracing::debug!(queue, error = %crate::config::redis_url::mask(&error.to_string()), "waiting for jobs was interrupted");
                connection = None;
                sleep(waits.next_wait()).await;
                // Whatever came meanwhile was not seen.
                if shared.link.is_up() {
                    shared.doorbell.ring();
                }
            }
        }
    }
}

async fn block(
    shared: &Shared,
    key: &str,
    connection: &mut Option<(Live, MultiplexedConnection)>,
) -> redis::RedisResult<bool> {
    let (live, mut usable) = if let Some(usable) = connection.take() {
        usable
    } else {
        let live = shared.link.live().await;
        (live, shared.link.raw(BLOCK + crate::store::link::ANSWER_WITHIN).await?)
    };
    let mut command = redis::cmd("BLMOVE");
    command.arg(key).arg(key).arg("LEFT").arg("LEFT").arg(BLOCK.as_secs());
    let head: Option<Vec<u8>> = tokio::select! {
        head = command.query_async(&mut usable) => head?,
        // Whatever came meanwhile was not seen.
        () = shared.link.renewed(&live) => return Ok(true),
    };
    *connection = Some((live, usable));
    Ok(head.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ring_reaches_everyone_who_waits_and_is_then_forgotten() {
        let bell = Arc::new(Doorbell::default());
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                tokio::spawn({
                    let bell = Arc::clone(&bell);
                    async move { bell.rung().await }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        bell.wanted().await;
        bell.ring();
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert!(tokio::time::timeout(Duration::from_millis(20), bell.wanted()).await.is_err());
    }
}

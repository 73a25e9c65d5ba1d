//! Moves scheduled jobs to their queues when their time has come, under RQ's own lock a queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::birth::hostname;
use crate::shared::Shared;
use crate::store::scripts::{DUE, Invocation, RESIGN};
use crate::timestamp::{self, Moment};

const EVERY: Duration = Duration::from_secs(1);
/// RQ gives a lock 61 s; renewing it every second would cost writes for nothing.
const RENEW: Duration = Duration::from_secs(10);
const LOCK_TTL: u32 = 61;

/// One scheduler of this process.
pub(crate) struct Scheduler {
    shared: Arc<Shared>,
    name: String,
    created: Moment,
    renewed: Option<Instant>,
}

impl Scheduler {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            name: uuid::Uuid::new_v4().simple().to_string(),
            created: timestamp::now(),
            renewed: None,
        }
    }

    /// Ticks until the process drains, then gives the locks to the next.
    pub(crate) async fn keep(mut self) {
        loop {
            self.tick().await;
            tokio::select! {
                () = sleep(EVERY) => {}
                () = self.shared.until_draining() => break,
            }
        }
        self.resign().await;
    }

    /// Moves what is due.
    pub(crate) async fn tick(&mut self) {
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            _ = shared.link.live() => {}
            () = shared.until_draining() => return,
        }
        let renew = self.renewed.is_none_or(|renewed| renewed.elapsed() >= RENEW);
        let due = Invocation::new(&DUE, &shared.config.prefix)
            .arg(&self.name)
            .number(LOCK_TTL)
            .arg(hostname())
            .number(std::process::id())
            .arg(self.created.text())
            .number(u8::from(renew))
            .args(&shared.config.queues);
        let Ok((held, moved, late)) = shared.link.run::<(i64, i64, i64)>(&due).await else { return };
        if renew {
            self.renewed = Some(Instant::now());
        }
        let metrics = &shared.vitals.metrics;
        metrics.scheduler_locks.set(held);
        if moved > 0 {
            #[expect(clippy::cast_precision_loss, reason = "seconds")]
            metrics.scheduler_lag.set(late as f64);
            tracing::debug!(moved, late_seconds = late, "scheduled jobs are due");
        }
    }

    pub(crate) async fn resign(&self) {
        if self.shared.link.is_up() {
            let resign = Invocation::new(&RESIGN, &self.shared.config.prefix)
                .arg(&self.name)
                .args(&self.shared.config.queues);
            let _: Result<i64, _> = self.shared.link.run(&resign).await;
        }
    }
}

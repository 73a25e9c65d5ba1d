//! The first signal drains to a deadline, the second ends the process; jobs that are cut short go back unharmed.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::executor::Order;
use crate::exit;
use crate::shared::Shared;

/// How long handing jobs back and saying goodbye may take.
const GOODBYE: Duration = Duration::from_millis(900);

/// SIGTERM and SIGINT, from the start of the process.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// # Errors
    /// The system refuses handlers.
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Reacts to signals for as long as the process lives.
pub(crate) async fn obey(shared: Arc<Shared>, mut signals: Signals) {
    let name = signals.next().await;
    let drain = shared.config.drain;
    tracing::info!(busy = shared.busy(), drain_seconds = drain.as_secs(), "{name}: taking no more jobs");
    shared.drain();
    tokio::spawn(deadline(Arc::clone(&shared), drain));
    let name = signals.next().await;
    tracing::warn!(
        busy = shared.busy(),
        "{name} again: ending at once; jobs in flight are taken back by others"
    );
    exit::at_once(exit::SECOND_SIGNAL);
}

async fn deadline(shared: Arc<Shared>, drain: Duration) {
    sleep(drain).await;
    for slot in shared.slots.iter().filter(|slot| slot.current().is_some()) {
        slot.order(Order::Release);
    }
    sleep(GOODBYE).await;
    shared.give_up.send_replace(true);
}

/// What is left to do once every slot has ended, within its time.
pub(crate) async fn goodbye(work: impl Future<Output = ()>) {
    let _ = timeout(GOODBYE, work).await;
}

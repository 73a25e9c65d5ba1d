//! Reads now and then what the probes show: memory and queue depths; and says that the job loop turns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::health::Vitals;
use crate::health::metrics::QueueLabels;
use crate::memory;
use crate::shared::Shared;
use crate::store::Fault;

const EVERY: Duration = Duration::from_secs(1);
/// Redis is asked less often than `/proc`.
const DEPTHS_EVERY: Duration = Duration::from_secs(5);

/// Says from the first second on that the loop turns, and what it weighs; the health thread ends a process that stops
/// saying so.
pub(crate) async fn pulse(vitals: Arc<Vitals>) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        vitals.turn();
        vitals.set_memory(memory::used());
    }
}

/// Asks for queue depths as long as the process lives.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let mut tick = interval(DEPTHS_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if shared.link.is_up() {
            depths(&shared).await;
        }
    }
}

async fn depths(shared: &Shared) {
    let live = shared.link.live().await;
    let mut pipeline = redis::pipe();
    for queue in &shared.config.queues {
        pipeline.llen(format!("{}:queue:{queue}", shared.config.prefix));
    }
    match pipeline.query_async::<Vec<u64>>(&mut live.connection.clone()).await {
        Ok(lengths) => {
            let depths: BTreeMap<String, u64> = shared.config.queues.iter().cloned().zip(lengths).collect();
            for (queue, depth) in &depths {
                let gauge =
                    shared.vitals.metrics.depth.get_or_create(&QueueLabels { queue: queue.clone() }).clone();
                gauge.set(i64::try_from(*depth).unwrap_or(i64::MAX));
            }
            shared.vitals.set_sample(depths);
        }
        Err(error) => shared.link.report(&live, &Fault::of(&error)),
    }
}

//! Renews what says that this process lives: worker keys, executions, registry entries. Repairs what an outage took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::birth;
use crate::executor::Order;
use crate::shared::{Current, Shared};
use crate::store::scripts::{BEAT, Invocation};

/// RQ renews every 30 s; more often lets others see a death sooner.
const EVERY: Duration = Duration::from_secs(5);

/// Beats for as long as the process lives.
pub(crate) async fn beat(shared: Arc<Shared>, address: String) {
    loop {
        sleep(EVERY.min(Duration::from_secs(shared.config.monitoring_interval))).await;
        shared.link.live().await;
        let seen: Vec<Option<Current>> = shared.slots.iter().map(crate::shared::Slot::current).collect();
        let begun = Instant::now();
        // A failed beat was reported; the next one comes with the next connection.
        let Ok(lost) = shared.link.run::<Vec<String>>(&invocation(&shared, &seen)).await else { continue };
        shared.vitals.metrics.round_trip.observe(begun.elapsed().as_secs_f64());
        shared.vitals.connected();
        for what in lost {
            repair(&shared, &address, &seen, &what).await;
        }
    }
}

fn invocation(shared: &Shared, seen: &[Option<Current>]) -> Invocation {
    let config = &shared.config;
    let mut invocation = Invocation::new(&BEAT, &config.prefix)
        .number(config.monitoring_interval)
        .number(config.worker_ttl + 60);
    for (slot, current) in shared.slots.iter().zip(seen) {
        invocation = invocation.arg(&slot.worker);
        invocation = match current {
            Some(run) => invocation
                .args([&run.job, &run.execution, &run.origin])
                .number(format!("{:.3}", run.since.elapsed().as_secs_f64()))
                .number(run.timeout),
            None => invocation.args(["", "", "", "0", "0"]),
        };
    }
    invocation
}

async fn repair(shared: &Shared, address: &str, seen: &[Option<Current>], what: &str) {
    if let Some(worker) = what.strip_prefix("worker:") {
        tracing::warn!(worker, "Redis had lost this worker; it is registered again");
        let _: Result<i64, _> = shared.link.run(&birth::birth(shared, worker, address, true)).await;
    }
    let Some(job) = what.strip_prefix("job:") else { return };
    for (slot, was) in shared.slots.iter().zip(seen) {
        let same =
            |run: &Current| run.job == job && was.as_ref().is_some_and(|was| was.execution == run.execution);
        // A job that is being recorded right now is not ours any more either; its slot does not listen then.
        if slot.current().as_ref().is_some_and(same) {
            slot.order(Order::Lost);
        }
    }
}

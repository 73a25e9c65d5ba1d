//! Takes back jobs whose worker is gone: within seconds when this machine can tell, soon when Redis can, and by RQ's own
//! rule of expired leases for everyone else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::Value;
use tokio::time::sleep;

use crate::birth::{is_dead, same_machine};
use crate::config::Abandoned;
use crate::executor::python::PythonSlot;
use crate::health::metrics::ReasonLabels;
use crate::shared::Shared;
use crate::slot::packed;
use crate::store::scripts::{Invocation, RESCUE, SUSPECTS, SWEEP};
use crate::store::{Fault, Job};
use crate::timestamp::{self, Moment};

const EVERY: Duration = Duration::from_secs(4);
/// After an outage everyone's lease has run out; those who live renew it within this time.
const AFTER_OUTAGE: Duration = Duration::from_secs(12);
/// `rq worker` waits up to 60 s between two attempts to connect.
const AFTER_OUTAGE_FOREIGN: Duration = Duration::from_secs(75);
/// A worker of this kind beats every 5 s and holds a connection of its name.
const SILENT: f64 = 20.0;
/// Looks at which the connection was missing.
const MISSED_LOOKS: u32 = 2;

/// One job in the hands of a worker.
#[derive(Debug, Clone)]
struct Suspect {
    origin: String,
    job: String,
    execution: String,
    lease: f64,
    worker: String,
    beat: Option<f64>,
    process: String,
    client: String,
}

/// What there is to know besides Redis.
struct Witness<'a> {
    now: f64,
    up_for: Duration,
    connected: &'a [String],
    missed: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Alive,
    Missing,
    Dead,
}

fn judge(suspect: &Suspect, witness: &Witness<'_>) -> Verdict {
    let ours = !suspect.process.is_empty();
    if ours && same_machine(&suspect.process) {
        return if is_dead(&suspect.process) { Verdict::Dead } else { Verdict::Alive };
    }
    let patience = if ours { AFTER_OUTAGE } else { AFTER_OUTAGE_FOREIGN };
    // Right after start nothing was seen yet; right after an outage nobody had the time to renew.
    let expired = suspect.lease <= witness.now;
    if expired && (witness.up_for >= patience || suspect.beat.is_none_or(|beat| witness.now - beat > 600.0)) {
        return Verdict::Dead;
    }
    let silent = suspect.beat.is_none_or(|beat| witness.now - beat > SILENT);
    if ours && silent && !witness.connected.contains(&suspect.client) && witness.up_for >= AFTER_OUTAGE {
        return if witness.missed >= MISSED_LOOKS { Verdict::Dead } else { Verdict::Missing };
    }
    Verdict::Alive
}

/// Looks for the dead for as long as the process lives.
pub(crate) async fn watch(shared: Arc<Shared>, mut callbacks: Option<PythonSlot>) {
    let mut up_since = Instant::now();
    let mut number = None;
    let mut missed: HashMap<String, u32> = HashMap::new();
    let mut swept: Option<Instant> = None;
    loop {
        let live = shared.link.live().await;
        if number != Some(live.number()) {
            (number, up_since) = (Some(live.number()), Instant::now());
        }
        if let Err(fault) = look(&shared, up_since.elapsed(), &mut missed, &mut callbacks).await {
            tracing::debug!(error = %fault, "looking for abandoned jobs was interrupted");
        }
        if swept.is_none_or(|swept| swept.elapsed() >= shared.config.maintenance_interval) {
            swept = Some(Instant::now());
            sweep(&shared).await;
        }
        sleep(EVERY).await;
    }
}

/// Once, before the first job: what a process of this machine left when it was killed.
pub(crate) async fn at_start(shared: &Shared) -> usize {
    look(shared, Duration::ZERO, &mut HashMap::new(), &mut None).await.unwrap_or(0)
}

async fn look(
    shared: &Shared,
    up_for: Duration,
    missed: &mut HashMap<String, u32>,
    callbacks: &mut Option<PythonSlot>,
) -> Result<usize, Fault> {
    let own: Vec<&str> = shared.slots.iter().map(|slot| slot.worker.as_str()).collect();
    let suspects = Invocation::new(&SUSPECTS, &shared.config.prefix).args(&shared.config.queues);
    let found: Vec<Value> = shared.link.run(&suspects).await?;
    let suspects: Vec<Suspect> = found
        .into_iter()
        .filter_map(suspect)
        .filter(|suspect| !own.contains(&suspect.worker.as_str()) || up_for.is_zero())
        .collect();
    let now = timestamp::now().unix_fraction();
    let silent = suspects.iter().any(|suspect| suspect.beat.is_none_or(|beat| now - beat > SILENT));
    let connected = if silent { clients(shared).await? } else { Vec::new() };
    let mut rescued = 0;
    let mut still_missing = HashMap::new();
    for suspect in suspects {
        let looks = missed.get(&suspect.worker).copied().unwrap_or(0);
        match judge(&suspect, &Witness { now, up_for, connected: &connected, missed: looks }) {
            Verdict::Alive => {}
            Verdict::Missing => {
                still_missing.insert(suspect.worker.clone(), looks + 1);
            }
            Verdict::Dead => {
                rescue(shared, &suspect, callbacks).await?;
                rescued += 1;
            }
        }
    }
    *missed = still_missing;
    Ok(rescued)
}

async fn clients(shared: &Shared) -> Result<Vec<String>, Fault> {
    let mut connection = shared.link.live().await.connection;
    let list: String = redis::cmd("CLIENT")
        .arg("LIST")
        .query_async(&mut connection)
        .await
        .map_err(|error| Fault::of(&error))?;
    Ok(list
        .lines()
        .filter_map(|line| line.split(' ').find_map(|part| part.strip_prefix("name=")))
        .map(str::to_owned)
        .collect())
}

async fn rescue(shared: &Shared, suspect: &Suspect, callbacks: &mut Option<PythonSlot>) -> Result<(), Fault> {
    let config = &shared.config;
    let mode = if config.abandoned == Abandoned::Requeue { "requeue" } else { "fail" };
    let trace = format!(
        "Moved to FailedJobRegistry, due to AbandonedJobError, at {}; worker {} is gone",
        timestamp::now().text(),
        suspect.worker
    );
    let invocation = Invocation::new(&RESCUE, &config.prefix)
        .args([&suspect.origin, &suspect.job, &suspect.execution, &suspect.worker])
        .arg(mode)
        .number(config.max_rescues)
        .args(["type", "2", "worker_name", "", "exc_string", &packed(&trace)]);
    let word: String = shared.link.run(&invocation).await?;
    if matches!(word.as_str(), "gone" | "leftover") {
        return Ok(());
    }
    shared.vitals.metrics.rescued.get_or_create(&ReasonLabels { reason: word.clone() }).inc();
    tracing::warn!(
        job_id = suspect.job,
        queue = suspect.origin,
        worker = suspect.worker,
        outcome = word,
        "the worker of a job is gone: job {word}"
    );
    if matches!(word.as_str(), "failed" | "retried") {
        tell_job(shared, suspect, callbacks, &word, &trace).await;
    }
    Ok(())
}

/// Its failure callback and its webhooks, as RQ's clean-up does.
async fn tell_job(
    shared: &Shared,
    suspect: &Suspect,
    callbacks: &mut Option<PythonSlot>,
    word: &str,
    trace: &str,
) {
    let Some(python) = callbacks else { return };
    let mut connection = shared.link.live().await.connection;
    let key = format!("{}:job:{}", shared.config.prefix, suspect.job);
    let Ok(hash) =
        redis::cmd("HGETALL").arg(key).query_async::<Vec<(Vec<u8>, Vec<u8>)>>(&mut connection).await
    else {
        return;
    };
    let job = Job {
        id: suspect.job.clone(),
        queue: suspect.origin.clone(),
        execution: suspect.execution.clone(),
        hash,
    };
    let serializer = job.serializer(&shared.config.serializer);
    if job.text("failure_callback_name").is_some() {
        python.after("abandoned", &job, &serializer, None).await;
    }
    if word == "failed" && job.text("webhooks").is_some() {
        python.after("failed", &job, &serializer, Some(trace)).await;
    }
    python.close().await;
}

async fn sweep(shared: &Shared) {
    let sweep = Invocation::new(&SWEEP, &shared.config.prefix).number(30).args(&shared.config.queues);
    match shared.link.run::<Vec<String>>(&sweep).await {
        Ok(back) => {
            for job in back {
                shared
                    .vitals
                    .metrics
                    .rescued
                    .get_or_create(&ReasonLabels { reason: "never-started".to_owned() })
                    .inc();
                tracing::warn!(
                    job_id = job,
                    "a job was taken from its queue and never started; it is put back"
                );
            }
        }
        Err(fault) => tracing::debug!(error = %fault, "upkeep was interrupted"),
    }
}

fn suspect(value: Value) -> Option<Suspect> {
    let parts: Vec<String> = redis::from_redis_value(value).ok()?;
    let [origin, job, execution, lease, worker, beat, _hostname, _pid, process, _status, client] =
        <[String; 11]>::try_from(parts).ok()?;
    Some(Suspect {
        lease: lease.parse().unwrap_or(f64::INFINITY),
        beat: Moment::parse(&beat).map(Moment::unix_fraction),
        origin,
        job,
        execution,
        worker,
        process,
        client,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere(lease: f64, beat: f64) -> Suspect {
        Suspect {
            origin: "q".into(),
            job: "j".into(),
            execution: "e".into(),
            lease,
            worker: "w".into(),
            beat: Some(beat),
            process: "other-boot/pid:[1]/7/8".into(),
            client: "w".into(),
        }
    }

    fn verdict(suspect: &Suspect, up_for: u64, connected: bool, missed: u32) -> Verdict {
        let connected = if connected { vec!["w".to_owned()] } else { Vec::new() };
        judge(
            suspect,
            &Witness { now: 1000.0, up_for: Duration::from_secs(up_for), connected: &connected, missed },
        )
    }

    #[test]
    fn a_worker_elsewhere_is_dead_when_its_lease_ran_out_or_its_connection_is_gone() {
        assert_eq!(verdict(&elsewhere(1050.0, 999.0), 100, false, 0), Verdict::Alive);
        assert_eq!(
            verdict(&elsewhere(1050.0, 970.0), 100, true, 9),
            Verdict::Alive,
            "it is silent and still connected"
        );
        assert_eq!(verdict(&elsewhere(1050.0, 970.0), 100, false, 0), Verdict::Missing);
        assert_eq!(verdict(&elsewhere(1050.0, 970.0), 100, false, 2), Verdict::Dead);
        assert_eq!(verdict(&elsewhere(999.0, 930.0), 100, true, 0), Verdict::Dead);
    }

    #[test]
    fn right_after_an_outage_nobody_is_dead() {
        assert_eq!(verdict(&elsewhere(900.0, 930.0), 2, false, 9), Verdict::Alive);
        let foreign = Suspect { process: String::new(), ..elsewhere(900.0, 930.0) };
        assert_eq!(verdict(&foreign, 20, false, 9), Verdict::Alive, "rq worker may still be on its way back");
        assert_eq!(verdict(&foreign, 80, false, 9), Verdict::Dead);
    }

    #[test]
    fn this_machine_knows_its_own_dead_at_once() {
        let own = crate::birth::process_identity(std::process::id()).unwrap();
        let gone = format!("{}/1", own.rsplit_once('/').unwrap().0);
        assert_eq!(
            verdict(&Suspect { process: gone, ..elsewhere(1050.0, 999.0) }, 0, true, 0),
            Verdict::Dead
        );
        assert_eq!(verdict(&Suspect { process: own, ..elsewhere(0.0, 0.0) }, 100, false, 9), Verdict::Alive);
    }
}

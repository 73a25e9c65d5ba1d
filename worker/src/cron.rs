//! Stage 5: schedules of `worker.toml` as RQ cron entries. Every replica registers the same entries and asks for the same
//! runs; Redis lets each run happen once.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::birth::hostname;
use crate::config::{Config, Schedule};
use crate::pickle;
use crate::shared::Shared;
use crate::store::Fault;
use crate::store::scripts::{Invocation, TICK};
use crate::timestamp::{self, Moment};

/// RQ forgets a cron process after 120 s of silence.
const TTL: u32 = 120;
const RENEW: Duration = Duration::from_secs(45);
/// A run that fell into a deployment is made up for, if it is no older than this.
const MISSED_WITHIN: TimeDelta = TimeDelta::seconds(90);

/// Registers every schedule; the same call renews them.
pub(crate) async fn register(shared: &Shared) -> Result<(), Fault> {
    let config = &shared.config;
    if config.schedules.is_empty() {
        return Ok(());
    }
    let name = name(config);
    let key = format!("{}:cron_scheduler:{name}", config.prefix);
    let now = timestamp::now();
    let entries: Vec<Value> = config.schedules.iter().map(|schedule| entry(schedule, now)).collect();
    let live = shared.link.live().await;
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    pipeline
        .cmd("HSET")
        .arg(&key)
        .arg("hostname")
        .arg(hostname())
        .arg("pid")
        .arg(std::process::id())
        .arg("name")
        .arg(&name)
        .arg("config_file")
        .arg("worker.toml")
        .arg("cron_jobs")
        .arg(Value::Array(entries).to_string())
        .ignore();
    pipeline.cmd("HSETNX").arg(&key).arg("created_at").arg(now.text()).ignore();
    pipeline.cmd("EXPIRE").arg(&key).arg(TTL).ignore();
    pipeline
        .cmd("ZADD")
        .arg(format!("{}:cron_schedulers", config.prefix))
        .arg(now.seconds())
        .arg(&name)
        .ignore();
    pipeline.query_async(&mut live.connection.clone()).await.map_err(|error| {
        let fault = Fault::of(&error);
        shared.link.report(&live, &fault);
        fault
    })
}

/// The same for every replica of the same schedules.
fn name(config: &Config) -> String {
    let mut hasher = DefaultHasher::new();
    for schedule in &config.schedules {
        (&schedule.name, &schedule.cron, &schedule.function, &schedule.queue).hash(&mut hasher);
    }
    format!("worker-schedules-{:08x}", hasher.finish() >> 32)
}

/// As RQ's `CronJob.to_dict` writes it.
fn entry(schedule: &Schedule, now: Moment) -> Value {
    let next = next(schedule, now.utc()).map(|next| Moment::from(next).text());
    let some = |empty: bool, text: String| if empty { Value::Null } else { text.into() };
    let mut entry = json!({
        "func_name": schedule.function,
        "name": schedule.name,
        "queue_name": schedule.queue,
        "args": some(schedule.args.is_empty(), Value::Array(schedule.args.clone()).to_string()),
        "kwargs": some(schedule.kwargs.is_empty(), Value::Object(schedule.kwargs.clone()).to_string()),
        "interval": null,
        "cron": schedule.cron,
        "latest_enqueue_time": null,
        "next_enqueue_time": next,
        "result_ttl": schedule.result_ttl.unwrap_or(500),
    });
    if let (Some(timeout), Some(entry)) = (schedule.timeout, entry.as_object_mut()) {
        entry.insert("job_timeout".to_owned(), timeout.into());
    }
    entry
}

fn next(schedule: &Schedule, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    schedule.pattern.find_next_occurrence(&after, false).ok()
}

/// Keeps the entries alive and enqueues every run, until the process drains.
pub(crate) async fn keep(shared: Arc<Shared>) {
    if shared.config.schedules.is_empty() {
        return;
    }
    let mut from = timestamp::now().utc() - MISSED_WITHIN;
    let mut known = known_since(&shared).await;
    let mut renewed = std::time::Instant::now();
    loop {
        let now = timestamp::now().utc();
        for schedule in &shared.config.schedules {
            // A schedule that is new here has no past.
            let since = from.max(known.unwrap_or(now));
            for moment in occurrences(schedule, since, now) {
                run(&shared, schedule, moment).await;
            }
        }
        known = known.or(Some(now));
        from = now;
        if renewed.elapsed() >= RENEW {
            renewed = std::time::Instant::now();
            let _ = register(&shared).await;
        }
        let wait = (until_next(&shared.config, now)).min(Duration::from_secs(5));
        tokio::select! {
            () = sleep(wait) => {}
            () = shared.until_draining() => return,
        }
    }
}

/// When these schedules were first registered.
async fn known_since(shared: &Shared) -> Option<DateTime<Utc>> {
    let key = format!("{}:cron_scheduler:{}", shared.config.prefix, name(&shared.config));
    let mut connection = shared.link.live().await.connection;
    let text: Option<String> =
        redis::cmd("HGET").arg(key).arg("created_at").query_async(&mut connection).await.ok()?;
    Moment::parse(&text?).map(Moment::utc)
}

/// Every moment after `since` up to `now`; after a long sleep only the last.
fn occurrences(schedule: &Schedule, since: DateTime<Utc>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut moments = Vec::new();
    let mut at = since;
    while let Some(moment) = next(schedule, at).filter(|moment| *moment <= now) {
        if now - moment <= MISSED_WITHIN {
            moments.push(moment);
        }
        at = moment;
    }
    moments
}

fn until_next(config: &Config, now: DateTime<Utc>) -> Duration {
    let soonest = config.schedules.iter().filter_map(|schedule| next(schedule, now)).min();
    soonest.and_then(|moment| (moment - now).to_std().ok()).unwrap_or(Duration::from_secs(5))
}

async fn run(shared: &Shared, schedule: &Schedule, moment: DateTime<Utc>) {
    let tick = || tick(&shared.config, schedule, moment);
    let enqueued = tokio::select! {
        enqueued = shared.link.write::<i64>(tick) => enqueued,
        () = shared.until_draining() => return,
    };
    match enqueued {
        Ok(1) => tracing::info!(
            schedule = schedule.name,
            queue = schedule.queue,
            function = schedule.function,
            "scheduled run enqueued"
        ),
        Ok(_) => {}
        Err(fault) => {
            tracing::error!(schedule = schedule.name, error = %fault, "a scheduled run could not be enqueued");
        }
    }
}

fn tick(config: &Config, schedule: &Schedule, moment: DateTime<Utc>) -> Invocation {
    let id: String = schedule.name.chars().map(|c| if c == '.' { '-' } else { c }).collect();
    let id = format!("cron-{id}-{}", moment.timestamp());
    let data = if schedule.json {
        json!([schedule.function, null, schedule.args, schedule.kwargs]).to_string().into_bytes()
    } else {
        pickle::call(&schedule.function, &schedule.args, &schedule.kwargs)
    };
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let _ = encoder.write_all(&data);
    let mut tick = Invocation::new(&TICK, &config.prefix)
        .arg(&schedule.name)
        .number(moment.timestamp())
        .arg(&id)
        .arg(&schedule.queue)
        .args([
            "created_at",
            &timestamp::now().text(),
            "origin",
            &schedule.queue,
            "description",
            &description(schedule),
        ])
        .arg("data")
        .arg(encoder.finish().unwrap_or_default())
        .arg("timeout")
        .number(schedule.timeout.unwrap_or(crate::DEFAULT_TIMEOUT))
        .arg("result_ttl")
        .number(schedule.result_ttl.unwrap_or(config.result_ttl));
    for empty in [
        "success_callback_name",
        "failure_callback_name",
        "stopped_callback_name",
        "started_at",
        "ended_at",
        "last_heartbeat",
        "worker_name",
        "group_id",
    ] {
        tick = tick.args([empty, ""]);
    }
    tick
}

fn description(schedule: &Schedule) -> String {
    let args = schedule.args.iter().map(Value::to_string);
    let kwargs = schedule.kwargs.iter().map(|(key, value)| format!("{key}={value}"));
    format!("{}({})", schedule.function, args.chain(kwargs).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(cron: &str) -> Schedule {
        Schedule {
            name: "n".into(),
            cron: cron.into(),
            pattern: cron.parse().unwrap(),
            function: "m.f".into(),
            args: vec![1.into()],
            kwargs: serde_json::Map::new(),
            queue: "q".into(),
            timeout: None,
            result_ttl: None,
            json: false,
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_run_happens_at_its_minute_and_once() {
        let nightly = schedule("0 3 * * *");
        assert_eq!(
            occurrences(&nightly, at("2026-01-01T02:59:00Z"), at("2026-01-01T03:00:00Z")),
            [at("2026-01-01T03:00:00Z")]
        );
        assert!(occurrences(&nightly, at("2026-01-01T03:00:00Z"), at("2026-01-01T03:01:00Z")).is_empty());
    }

    #[test]
    fn what_was_missed_long_ago_stays_missed() {
        let minutely = schedule("* * * * *");
        assert_eq!(occurrences(&minutely, at("2026-01-01T00:00:00Z"), at("2026-01-01T12:00:00Z")).len(), 2);
    }

    #[test]
    fn the_entry_is_what_rq_reads() {
        let entry = entry(&schedule("0 3 * * *"), Moment::parse("2026-01-01T02:00:00Z").unwrap());
        assert_eq!(entry["next_enqueue_time"], "2026-01-01T03:00:00.000000Z");
        assert_eq!((&entry["args"], &entry["kwargs"]), (&json!("[1]"), &Value::Null));
        assert_eq!(description(&schedule("* * * * *")), "m.f(1)");
    }
}

//! Reads every setting once and collects every problem.

use std::time::Duration;

use croner::Cron;

use super::sources::Sources;
use super::{
    Abandoned, Config, Health, Memory, Python, Schedule, Serializer, Server, Strategy, Strictness, redis_url,
};
use crate::cli::Flags;
use crate::{backoff, log};

/// What surrounds the process; tests pass their own.
pub struct Environment<'a> {
    /// A variable, if it is set.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Name and text of `worker.toml`, if there is one.
    pub file: Option<(&'a str, &'a str)>,
    /// Name of this machine.
    pub hostname: &'a str,
    /// Whether Redis is needed: `run` needs it, `smoke` and `health` do not.
    pub needs_redis: bool,
}

/// The configuration, or every problem with it.
///
/// # Errors
/// One sentence a problem, without secrets.
pub fn load(flags: &Flags, environment: &Environment<'_>) -> Result<Config, Vec<String>> {
    let mut s = Sources::new(environment);
    let mut warnings = Vec::new();
    let server = server(&mut s, flags, environment, &mut warnings);
    let queues = queues(&mut s, flags);
    foreign(&mut s, flags, &mut warnings);
    let retries = s.delays(&["RETRY_DELAYS"], "redis.retry_delays");
    let config = Config {
        server,
        connect_timeout: s
            .seconds(None, &["CONNECT_TIMEOUT"], "redis.connect_timeout", 5.0)
            .max(Duration::from_millis(100)),
        retries: retries.map_or_else(
            || backoff::Schedule::doubling(Duration::from_secs(2), 5),
            |delays| backoff::Schedule { delays },
        ),
        name: name(&mut s, flags, environment),
        concurrency: s.number(flags.concurrency, &["CONCURRENCY"], "concurrency", (1, 256), 1),
        prefix: prefix(&mut s),
        serializer: serializer(&mut s, flags),
        strategy: s.choice(
            flags.dequeue_strategy.clone(),
            &["DEQUEUE_STRATEGY"],
            "dequeue_strategy",
            &[
                ("default", Strategy::Default),
                ("round_robin", Strategy::RoundRobin),
                ("random", Strategy::Random),
            ],
            Strategy::Default,
        ),
        burst: flags.burst,
        max_jobs: flags.max_jobs,
        max_idle: flags.max_idle_time.map(Duration::from_secs),
        result_ttl: s.number(
            flags.results_ttl,
            &["RESULT_TTL"],
            "result_ttl",
            (-1, i64::from(i32::MAX)),
            500,
        ),
        worker_ttl: s.number(flags.worker_ttl, &["WORKER_TTL"], "worker_ttl", (16, 86_400), 420),
        monitoring_interval: s.number(
            flags.job_monitoring_interval,
            &[],
            "job_monitoring_interval",
            (1, 3600),
            30,
        ),
        maintenance_interval: s
            .seconds(flags.maintenance_interval, &[], "maintenance_interval", 60.0)
            .max(Duration::from_secs(1)),
        scheduler: s.flag(
            if flags.no_scheduler { Some(false) } else { flags.with_scheduler.then_some(true) },
            &["SCHEDULER"],
            "scheduler",
            true,
        ),
        abandoned: s.choice(
            None,
            &["ABANDONED"],
            "abandoned",
            &[("requeue", Abandoned::Requeue), ("fail", Abandoned::Fail)],
            Abandoned::Requeue,
        ),
        max_rescues: s.number(None, &["MAX_RESCUES"], "max_rescues", (0, 1000), 3),
        kill_grace: s.seconds(None, &["JOB_KILL_GRACE"], "job_kill_grace", 15.0),
        drain: drain(&mut s, environment),
        health: health(&mut s, flags),
        python: python(&mut s, flags),
        memory: memory(&mut s),
        schedules: schedules(&mut s, &queues, &mut warnings),
        queues,
        warnings,
    };
    log_setting(&mut s, environment, "LOG_FORMAT", "auto, json or text", log::Format::from_name);
    log_setting(&mut s, environment, "LOG_LEVEL", "error, warn, info or debug", log::level_from_name);
    s.unknown_keys();
    if s.problems.is_empty() { Ok(config) } else { Err(s.problems) }
}

fn server(
    s: &mut Sources<'_>,
    flags: &Flags,
    environment: &Environment<'_>,
    warnings: &mut Vec<String>,
) -> Option<Server> {
    let ca_file = s.text(None, &["REDIS_CA_FILE"], "redis.ca_file");
    let Some(url) = s.text(flags.url.clone(), &["REDIS_URL", "RQ_REDIS_URL"], "redis.url") else {
        if environment.needs_redis {
            s.problem("REDIS_URL is not set; on Railway reference the Redis service: REDIS_URL=${{Redis.REDIS_URL}}".to_owned());
        }
        return None;
    };
    let mut server = redis_url::parse(&url).map_err(|problem| s.problem(problem)).ok()?;
    if on_railway(environment) && (url.contains("localhost") || url.contains("127.0.0.1")) {
        warnings.push(format!(
            "REDIS_URL points at this container ({}); on Railway Redis is another service",
            server.masked
        ));
    }
    if let Some(path) = ca_file {
        match std::fs::read(&path) {
            Ok(pem) => (server.ca, server.ca_file) = (Some(pem), Some(path)),
            Err(error) => s.problem(format!("redis.ca_file {path} cannot be read: {error}")),
        }
    }
    Some(server)
}

fn on_railway(environment: &Environment<'_>) -> bool {
    ["RAILWAY_ENVIRONMENT_NAME", "RAILWAY_ENVIRONMENT"]
        .iter()
        .any(|name| (environment.variable)(name).is_some())
}

fn queues(s: &mut Sources<'_>, flags: &Flags) -> Vec<String> {
    let queues =
        s.list(&flags.queues, &["QUEUES", "RQ_QUEUES"], "queues").filter(|queues| !queues.is_empty());
    let queues = queues.unwrap_or_else(|| vec!["default".to_owned()]);
    for (index, queue) in queues.iter().enumerate() {
        if queues[..index].contains(queue) {
            s.problem(format!("queue {queue:?} is listed twice"));
        }
        if queue.contains(char::is_whitespace) {
            s.problem(format!("queue {queue:?} contains a space; separate queues with commas"));
        }
    }
    queues
}

fn name(s: &mut Sources<'_>, flags: &Flags, environment: &Environment<'_>) -> String {
    let given = s.text(flags.name.clone(), &["WORKER_NAME"], "name");
    if let Some(name) = &given
        && name.contains(|c: char| c.is_whitespace() || c == ':')
    {
        s.problem(format!("worker name {name:?} must not contain spaces or colons"));
    }
    given.unwrap_or_else(|| {
        let replica = (environment.variable)("RAILWAY_REPLICA_ID").filter(|id| !id.is_empty());
        let unique = replica.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string()[..8].to_owned());
        let host: String = environment
            .hostname
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
            .collect();
        format!("{host}-{unique}")
    })
}

fn prefix(s: &mut Sources<'_>) -> String {
    let prefix = s.text(None, &["RQ_KEY_PREFIX"], "key_prefix").unwrap_or_else(|| "rq".to_owned());
    if !prefix.chars().all(|c| c.is_ascii_alphanumeric() || "_.:{}-".contains(c)) {
        s.problem(format!("RQ_KEY_PREFIX {prefix:?} may only contain letters, digits and _ . : {{ }} -"));
    }
    prefix
}

fn serializer(s: &mut Sources<'_>, flags: &Flags) -> Serializer {
    match s.text(flags.serializer.clone(), &["SERIALIZER"], "serializer").as_deref() {
        None | Some("auto") => Serializer::Auto,
        Some("rq.serializers.JSONSerializer") => Serializer::Named("json".to_owned()),
        Some("rq.serializers.PickleSerializer" | "rq.serializers.DefaultSerializer") => {
            Serializer::Named("pickle".to_owned())
        }
        Some(name) => {
            if !matches!(name, "json" | "pickle") && !is_dotted_path(name) {
                s.problem(format!("serializer {name:?} must be auto, pickle, json or a dotted path"));
            }
            Serializer::Named(name.to_owned())
        }
    }
}

/// One second of what the platform grants is kept for handing jobs back. Railway grants nothing unless told to; elsewhere
/// 10 s are usual, as with `docker stop`.
fn drain(s: &mut Sources<'_>, environment: &Environment<'_>) -> Duration {
    let usual = if on_railway(environment) { 0.0 } else { 10.0 };
    let granted = s.seconds(
        None,
        &["DRAIN_SECONDS", "RAILWAY_DEPLOYMENT_DRAINING_SECONDS"],
        "shutdown.drain_seconds",
        usual,
    );
    granted.saturating_sub(Duration::from_secs(1))
}

fn health(s: &mut Sources<'_>, flags: &Flags) -> Health {
    Health {
        port: s.number(
            flags.port.and_then(|port| u16::try_from(port).ok()),
            &["PORT"],
            "health.port",
            (1, u16::MAX),
            8082,
        ),
        strictness: s.choice(
            None,
            &["HEALTH_STRICTNESS"],
            "health.strictness",
            &[("grace", Strictness::Grace), ("strict", Strictness::Strict), ("lenient", Strictness::Lenient)],
            Strictness::Grace,
        ),
        grace: s.seconds(None, &["HEALTH_GRACE"], "health.grace", 45.0),
    }
}

fn python(s: &mut Sources<'_>, flags: &Flags) -> Option<Python> {
    let program =
        s.text(flags.python.clone(), &["PYTHON"], "python.program").unwrap_or_else(|| "python3".to_owned());
    let python = Python {
        path: s.list(&flags.path, &[], "python.path").unwrap_or_else(|| vec![".".to_owned()]),
        preload: s.list(&[], &["PRELOAD"], "python.preload").unwrap_or_default(),
        functions: s.list(&[], &[], "python.functions").unwrap_or_default(),
        exception_handlers: s
            .list(&flags.exception_handler, &["RQ_EXCEPTION_HANDLERS"], "python.exception_handlers")
            .unwrap_or_default(),
        job_class: s.text(flags.job_class.clone(), &["RQ_JOB_CLASS"], "python.job_class"),
        max_jobs: s.number(None, &["MAX_JOBS_PER_CHILD"], "python.max_jobs", (0, u64::from(u32::MAX)), 0),
        program,
    };
    for dotted in python
        .preload
        .iter()
        .chain(&python.functions)
        .chain(&python.exception_handlers)
        .chain(&python.job_class)
    {
        if !is_dotted_path(dotted) {
            s.problem(format!("{dotted:?} in the Python settings is not a dotted path"));
        }
    }
    (python.program != "none").then_some(python)
}

/// What `rq worker` takes and this worker does not do is never silently different.
fn foreign(s: &mut Sources<'_>, flags: &Flags, warnings: &mut Vec<String>) {
    let foreign = &flags.foreign;
    if let Some(class) = &foreign.worker_class
        && !class.starts_with("rq.")
    {
        s.problem(format!("--worker-class {class}: a worker class of your own cannot run here; its exception handlers can (--exception-handler)"));
    }
    if let Some(class) = &foreign.connection_class {
        s.problem(format!(
            "--connection-class {class} cannot be used here; TLS, Sentinel and sockets are part of REDIS_URL"
        ));
    }
    if foreign.disable_default_exception_handler {
        s.problem(
            "--disable-default-exception-handler cannot be honoured: every failure is recorded".to_owned(),
        );
    }
    if let Some(class) = &foreign.queue_class {
        warnings.push(format!("--queue-class {class} has no effect: queues are worked off by scripts"));
    }
}

fn is_dotted_path(path: &str) -> bool {
    path.split('.').all(|part| {
        !part.is_empty()
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

fn memory(s: &mut Sources<'_>) -> Memory {
    let most = 1024 * 1024;
    let memory = Memory {
        soft_mb: s.number(None, &["MEMORY_SOFT_MB"], "memory.soft_mb", (0, most), 0),
        hard_mb: s.number(None, &["MEMORY_HARD_MB"], "memory.hard_mb", (0, most), 0),
    };
    if memory.hard_mb > 0 && memory.soft_mb > memory.hard_mb {
        s.problem(format!(
            "memory.soft_mb ({}) must not be above memory.hard_mb ({})",
            memory.soft_mb, memory.hard_mb
        ));
    }
    memory
}

/// The log is set up before anything else is known, from these two alone; here they are only checked.
fn log_setting<T>(
    s: &mut Sources<'_>,
    environment: &Environment<'_>,
    variable: &str,
    choices: &str,
    read: impl Fn(&str) -> Option<T>,
) {
    let text = (environment.variable)(variable).unwrap_or_default();
    if read(&text).is_none() {
        s.problem(format!("{variable} must be {choices}, not {text:?}"));
    }
}

const SCHEDULE_KEYS: [&str; 9] =
    ["name", "cron", "function", "args", "kwargs", "queue", "timeout", "result_ttl", "serializer"];

fn schedules(s: &mut Sources<'_>, queues: &[String], warnings: &mut Vec<String>) -> Vec<Schedule> {
    let list = match s.in_file("schedule") {
        None => return Vec::new(),
        Some(toml::Value::Array(list)) => list,
        Some(_) => {
            s.problem("schedule must be written as [[schedule]]".to_owned());
            return Vec::new();
        }
    };
    let mut schedules: Vec<Schedule> = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let Some(schedule) = value.as_table().and_then(|table| schedule(s, table, index + 1, queues)) else {
            continue;
        };
        if schedules.iter().any(|other| other.name == schedule.name) {
            s.problem(format!("two schedules are named {:?}", schedule.name));
        }
        if !queues.contains(&schedule.queue) {
            warnings.push(format!(
                "schedule {:?} enqueues to {:?}, which this worker does not work off",
                schedule.name, schedule.queue
            ));
        }
        schedules.push(schedule);
    }
    schedules
}

fn schedule(s: &mut Sources<'_>, table: &toml::Table, number: usize, queues: &[String]) -> Option<Schedule> {
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let json = |key: &str| table.get(key).and_then(|value| serde_json::to_value(value).ok());
    let function = text("function").unwrap_or_default();
    let name = text("name").unwrap_or_else(|| function.clone());
    let place = format!("schedule {number} ({})", if name.is_empty() { "unnamed" } else { &name });
    for key in table.keys().filter(|key| !SCHEDULE_KEYS.contains(&key.as_str())) {
        s.problem(format!("{place}: {key} is not a key of a schedule"));
    }
    if !is_dotted_path(&function) {
        s.problem(format!("{place}: function {function:?} is not a dotted path"));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        s.problem(format!("{place}: a name may only contain letters, digits and - _ ."));
    }
    let cron = text("cron").unwrap_or_default();
    let pattern = cron.parse::<Cron>();
    if let Err(error) = &pattern {
        s.problem(format!("{place}: cron {cron:?} cannot be read: {error}"));
    }
    let args = json("args").unwrap_or_else(|| serde_json::json!([]));
    let kwargs = json("kwargs").unwrap_or_else(|| serde_json::json!({}));
    let (serde_json::Value::Array(args), serde_json::Value::Object(kwargs)) = (args, kwargs) else {
        s.problem(format!("{place}: args must be a list and kwargs a table"));
        return None;
    };
    Some(Schedule {
        pattern: pattern.ok()?,
        json: text("serializer").as_deref() == Some("json"),
        queue: text("queue").unwrap_or_else(|| queues[0].clone()),
        timeout: table.get("timeout").and_then(toml::Value::as_integer),
        result_ttl: table.get("result_ttl").and_then(toml::Value::as_integer),
        name,
        cron,
        function,
        args,
        kwargs,
    })
}

#[cfg(test)]
mod tests;

//! Redis clients: which calls wait for the server, and what happens when it does not answer.

use std::rc::Rc;

use super::arguments::Arguments;
use super::courses::Seen;
use super::value::{External, Value, Work};
use super::walk::{Flow, Leave, Walk};
use super::{Address, EventKind, RedisClient, calls};
use crate::finding::Site;

/// Seconds ioredis spends on the 20 retries it makes by default before a command fails: 50 ms more each time.
const IOREDIS_SECONDS: f64 = 10.5;
/// Attempts looked at of a strategy that is a function.
const STRATEGY_ATTEMPTS: u32 = 60;

/// Methods of redis-py clients that send nothing.
const LAZY: [&str; 14] = [
    "pipeline",
    "pubsub",
    "lock",
    "register_script",
    "close",
    "aclose",
    "from_url",
    "connection_pool",
    "monitor",
    "get_connection_kwargs",
    "client",
    "set_response_callback",
    "json",
    "ft",
];

impl Walk<'_> {
    /// Notes a client and its address.
    pub(super) fn redis_client(&mut self, library: &'static str, client: &External, site: &Site) {
        let address = address(client, site, library);
        let family = client.arguments.option("family").and_then(|family| family.as_number());
        let spelled =
            client.arguments.positional.iter().chain(client.arguments.option("url").as_ref()).find_map(
                |value| match value {
                    Value::Env(env) if env.default.is_none() => Some(Rc::clone(&env.around)),
                    value => value.as_text(),
                },
            );
        let in_url = spelled.and_then(|text| text.split_once("family=")?.1.get(..1)?.parse().ok());
        #[expect(clippy::cast_possible_truncation, reason = "0, 4 or 6")]
        let family = family.map(|number| number as i64).or(in_url);
        let known = RedisClient { site: site.clone(), library, address, family };
        Seen::note(&mut self.seen.borrow_mut().clients, known);
    }

    /// Calls `method` of a redis-py client.
    pub(super) fn call_redis_py(&mut self, client: &Rc<External>, method: &str, site: &Site) -> Flow<Value> {
        if LAZY.contains(&method) {
            return Ok(Value::External(Rc::new(External {
                path: format!("{}.{method}:lazy", client.path),
                arguments: Arguments::default(),
                owner: Some(Rc::clone(client)),
                site: site.clone(),
                notes: std::cell::RefCell::default(),
            })));
        }
        if client.path == "redis:async" {
            return Ok(Value::promise(Work::Redis(Rc::clone(client), method.to_owned(), site.clone())));
        }
        self.use_redis(client, method, site)
    }

    /// Uses a client in a way that waits for the server.
    pub(super) fn use_redis(&mut self, client: &Rc<External>, method: &str, site: &Site) -> Flow<Value> {
        self.record(EventKind::Connect { system: "redis", answered: self.answered }, site);
        if self.answered {
            // `PING` answers true; everything else is data.
            return Ok(if method == "ping" { Value::Bool(true) } else { Value::Unknown });
        }
        match client.path.as_str() {
            "ioredis:client" => self.ioredis_fails(client, method, site),
            "node-redis:client" => self.node_redis_fails(client, site),
            // Measured with versions 5.34 to 6.7: nothing is sent before the connection is ready, and it is tried for ever.
            "bullmq:worker" | "bullmq:queue" | "bullmq:events" => Err(Leave::Forever(site.clone())),
            _ => {
                self.clock += retry_seconds(client.arguments.named("retry"));
                Err(Leave::Raise(calls::redis_failure(site)))
            }
        }
    }

    fn ioredis_fails(&mut self, client: &Rc<External>, method: &str, site: &Site) -> Flow<Value> {
        let failure = || Err(Leave::Raise(calls::redis_failure(site)));
        if method == "connect" {
            return failure();
        }
        if let Some(Value::Bool(false)) = client.arguments.option("enableOfflineQueue") {
            return failure();
        }
        self.deferred_now()?;
        let strategy = client.arguments.option("retryStrategy");
        let seconds = match &strategy {
            None | Some(Value::Unknown) => Some(IOREDIS_SECONDS),
            Some(strategy) => self.strategy_seconds(strategy, 20)?,
        };
        match client.arguments.option("maxRetriesPerRequest") {
            Some(Value::Null) if seconds.is_none() || strategy.is_none() => Err(Leave::Forever(site.clone())),
            _ => {
                self.clock += seconds.unwrap_or(IOREDIS_SECONDS);
                failure()
            }
        }
    }

    fn node_redis_fails(&mut self, client: &Rc<External>, site: &Site) -> Flow<Value> {
        let failure = || Err(Leave::Raise(calls::redis_failure(site)));
        if !client.notes.borrow().contains_key("on error") {
            return failure();
        }
        self.deferred_now()?;
        let strategy = client.arguments.option("socket").and_then(|socket| match socket {
            Value::Map(socket) => socket.entries.borrow().get("reconnectStrategy").cloned(),
            _ => None,
        });
        let ends = match &strategy {
            None | Some(Value::Number(_) | Value::Unknown) => None,
            Some(Value::Bool(false)) => Some(0.0),
            Some(strategy) => self.strategy_seconds(strategy, STRATEGY_ATTEMPTS)?,
        };
        match ends {
            Some(seconds) => {
                self.clock += seconds;
                failure()
            }
            None => Err(Leave::Forever(site.clone())),
        }
    }

    /// Seconds until a strategy gives up; `None` when it does not within `attempts`.
    fn strategy_seconds(&mut self, strategy: &Value, attempts: u32) -> Flow<Option<f64>> {
        let mut seconds = 0.0;
        for attempt in 1..=attempts {
            match self.call_back(strategy, vec![Value::Number(f64::from(attempt)), Value::Unknown])? {
                Value::Number(wait) => seconds += wait / 1000.0,
                Value::Unknown => return Ok(None),
                _ => return Ok(Some(seconds)),
            }
        }
        Ok(None)
    }

    /// Handlers of connection errors are called while the main flow waits.
    fn deferred_now(&mut self) -> Flow {
        let deferred = std::mem::take(&mut self.deferred);
        for handler in deferred {
            self.call_aside(&handler)?;
        }
        Ok(())
    }

    /// An object of rq was given this connection.
    pub(super) fn rq_connection(&mut self, object: &External, site: &Site) {
        let given = object.arguments.named("connection").or_else(|| object.arguments.at(1)).cloned();
        if let Some(Value::External(client)) = given
            && matches!(client.arguments.option("decode_responses"), Some(Value::Bool(true)))
        {
            let what = if object.path == "rq:queue" { "Queue" } else { "Worker" };
            let message = format!("rq's {what} gets a Redis client that decodes responses");
            self.misuse("rq-decode-responses", site, message);
        }
    }

    /// A consumer of BullMQ was given this connection.
    pub(super) fn bullmq_connection(&mut self, object: &External, site: &Site) {
        let Some(Value::External(client)) = object.arguments.option("connection") else { return };
        if client.path != "ioredis:client" || client.arguments.is_open() {
            return;
        }
        let limit = client.arguments.option("maxRetriesPerRequest");
        if !matches!(limit, Some(Value::Null | Value::Unknown)) {
            let message = "BullMQ's Worker gets an ioredis client without `maxRetriesPerRequest: null`";
            self.misuse("bullmq-max-retries", site, message.to_owned());
        }
    }
}

fn address(client: &External, site: &Site, library: &'static str) -> Address {
    let arguments = &client.arguments;
    let in_socket = arguments.option("socket").and_then(|socket| match socket {
        Value::Map(socket) => socket.entries.borrow().get("host").cloned(),
        _ => None,
    });
    let first = arguments.at(0).filter(|value| !matches!(value, Value::Map(_))).cloned();
    let given = arguments.option("url").or_else(|| arguments.option("host")).or(in_socket).or(first);
    match given {
        Some(Value::Text(text)) => Address::Literal(text.to_string(), site.clone()),
        Some(Value::Number(_)) => Address::Literal("localhost".into(), site.clone()),
        Some(Value::Env(env)) => match env.default.as_ref().and_then(Value::as_text) {
            Some(default) => Address::Default(env.name.clone(), default.to_string(), env.site.clone()),
            None => Address::Variable(env.name.clone()),
        },
        None if !arguments.is_open()
            && arguments.option("connection_pool").is_none()
            && library != "pool" =>
        {
            Address::Literal("localhost".into(), site.clone())
        }
        _ => Address::Unknown,
    }
}

/// Seconds that redis-py's `Retry(backoff, retries)` waits in all.
fn retry_seconds(retry: Option<&Value>) -> f64 {
    let Some(Value::External(retry)) = retry else { return 0.0 };
    let retries =
        retry.arguments.get(1, "retries").and_then(Value::as_number).unwrap_or(0.0).clamp(0.0, 1000.0);
    let Some(Value::External(backoff)) = retry.arguments.get(0, "backoff") else { return 0.0 };
    let (given, name) = (&backoff.arguments, backoff.path.trim_end_matches("()"));
    if name.ends_with("ConstantBackoff") {
        return retries * given.get(0, "backoff").and_then(Value::as_number).unwrap_or(0.0);
    }
    // redis-py's exponential kinds default to cap 0.512 s and base 0.008 s.
    let cap = given.get(0, "cap").and_then(Value::as_number).unwrap_or(0.512);
    let base = given.get(1, "base").and_then(Value::as_number).unwrap_or(0.008);
    let (mut seconds, mut wait, mut left) = (0.0, base, retries);
    while left >= 1.0 {
        seconds += f64::min(wait, cap);
        wait *= 2.0;
        left -= 1.0;
    }
    seconds
}

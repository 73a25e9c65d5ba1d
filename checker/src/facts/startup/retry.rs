//! Decorators that call a function again: tenacity, backoff, retry.

use std::rc::Rc;

use super::arguments::Arguments;
use super::value::{External, Value};
use super::walk::{Flow, Leave, Walk};

/// Attempts after which a policy without an end counts as going on for ever.
const ENDLESS: usize = 60;

/// When a function is called again.
pub(super) struct Retry {
    /// Attempts in all; `None` goes on for ever.
    attempts: Option<usize>,
    /// Seconds after which no further attempt is made.
    seconds: Option<f64>,
    /// Seconds before the second attempt.
    first: f64,
    /// What each wait is multiplied by for the next.
    factor: f64,
    /// Shortest and longest wait.
    bounds: (f64, f64),
    /// Exception types it is for; `None` for all.
    types: Option<Value>,
}

/// The policy of a decorator, `None` when it is no retry.
pub(super) fn of_decorator(decorator: &Rc<External>) -> Option<Retry> {
    let arguments = &decorator.arguments;
    match decorator.path.trim_end_matches("()") {
        "tenacity.retry" => Some(tenacity(arguments)),
        "backoff.on_exception" => Some(backoff(arguments)),
        "retry.retry" | "retry.api.retry" => Some(plain(arguments)),
        _ => None,
    }
}

fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::as_number)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of attempts, clamped")]
fn count(value: Option<&Value>) -> Option<usize> {
    number(value).map(|count| count.clamp(0.0, 10_000.0) as usize)
}

fn tenacity(arguments: &Arguments) -> Retry {
    let mut policy = Retry {
        attempts: None,
        seconds: None,
        first: 0.0,
        factor: 1.0,
        bounds: (0.0, f64::MAX),
        types: None,
    };
    if let Some(Value::External(stop)) = arguments.named("stop") {
        if stop.path.ends_with("stop_after_attempt()") {
            policy.attempts = count(stop.arguments.get(0, "max_attempt_number")).or(Some(ENDLESS));
        } else if stop.path.ends_with("stop_after_delay()") {
            policy.seconds = number(stop.arguments.get(0, "max_delay"));
        }
    }
    if let Some(Value::External(wait)) = arguments.named("wait") {
        let given = &wait.arguments;
        if wait.path.ends_with("wait_fixed()") {
            policy.first = number(given.get(0, "wait")).unwrap_or(0.0);
        } else if wait.path.ends_with("exponential()") || wait.path.ends_with("exponential_jitter()") {
            policy.first =
                number(given.get(0, "multiplier")).or(number(given.named("initial"))).unwrap_or(1.0);
            policy.factor = number(given.named("exp_base")).unwrap_or(2.0);
            policy.bounds =
                (number(given.named("min")).unwrap_or(0.0), number(given.named("max")).unwrap_or(f64::MAX));
        }
    }
    if let Some(Value::External(types)) = arguments.named("retry")
        && types.path.ends_with("retry_if_exception_type()")
    {
        policy.types = types.arguments.get(0, "exception_types").cloned();
    }
    policy
}

fn backoff(arguments: &Arguments) -> Retry {
    let kind = if let Some(Value::External(kind)) = arguments.at(0) { kind.path.as_str() } else { "" };
    let constant = kind.ends_with("constant");
    Retry {
        attempts: count(arguments.named("max_tries")),
        seconds: number(arguments.named("max_time")),
        first: number(arguments.named(if constant { "interval" } else { "factor" })).unwrap_or(1.0),
        factor: if constant { 1.0 } else { number(arguments.named("base")).unwrap_or(2.0) },
        bounds: (0.0, number(arguments.named("max_value")).unwrap_or(f64::MAX)),
        types: arguments.get(1, "exception").cloned(),
    }
}

fn plain(arguments: &Arguments) -> Retry {
    let tries = number(arguments.get(1, "tries")).unwrap_or(-1.0);
    Retry {
        attempts: if tries < 0.0 { None } else { count(arguments.get(1, "tries")) },
        seconds: None,
        first: number(arguments.get(2, "delay")).unwrap_or(0.0),
        factor: number(arguments.get(4, "backoff")).unwrap_or(1.0),
        bounds: (0.0, number(arguments.get(3, "max_delay")).unwrap_or(f64::MAX)),
        types: arguments.get(0, "exceptions").cloned(),
    }
}

/// Calls `work` as often as `policy` says.
pub(super) fn run(
    walk: &mut Walk<'_>,
    policy: &Retry,
    mut work: impl FnMut(&mut Walk<'_>) -> Flow<Value>,
) -> Flow<Value> {
    let (started, mut wait) = (walk.clock, policy.first);
    for attempt in 1..=policy.attempts.unwrap_or(ENDLESS).min(ENDLESS) {
        let raised = match work(walk) {
            Err(Leave::Raise(raised)) if raised.kind != "SystemExit" => raised,
            other => return other,
        };
        let meant =
            policy.types.as_ref().is_none_or(|types| super::calls::catches(types, &raised) != Some(false));
        let last = policy.attempts.is_some_and(|attempts| attempt >= attempts)
            || policy.seconds.is_some_and(|seconds| walk.clock - started >= seconds);
        if !meant || last {
            return Err(Leave::Raise(raised));
        }
        let site = raised.site.clone();
        walk.wait(wait.clamp(policy.bounds.0, policy.bounds.1.max(policy.bounds.0)), &site);
        wait *= policy.factor;
        if attempt == ENDLESS {
            break;
        }
    }
    let site = walk.events.last().map(|event| event.site.clone());
    Err(site.map_or(Leave::Stop, Leave::Forever))
}

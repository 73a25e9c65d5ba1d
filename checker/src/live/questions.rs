//! The four questions that a stability plan leaves open and only Railway can answer.

use super::audit::shown;
use super::{Live, memory, stored};
use crate::facts::Facts;
use crate::facts::settings::Key;

pub(super) fn answers(facts: &Facts<'_>, live: &Live) -> Vec<(&'static str, String)> {
    vec![
        ("Is Redis shared, and does it keep its data?", redis(live)),
        ("How often is the service restarted?", restarts(live)),
        ("Does the code's memory limit fit the container's?", memory_fits(facts, live)),
        ("What is REDIS_URL?", url(live)),
    ]
}

fn redis(live: &Live) -> String {
    let Some(all) = &live.redis else { return not_known(live, "redis") };
    if all.is_empty() {
        return "No Redis service is in this environment.".into();
    }
    let each: Vec<String> = all
        .iter()
        .map(|redis| {
            let users = match redis.used_by.as_slice() {
                [] => "no service refers to it".to_owned(),
                [one] => format!("only {one} refers to it"),
                many => format!("shared by {}", many.join(", ")),
            };
            let volume = redis.volume.as_ref().map_or_else(
                || "no volume, so a restart loses its data".to_owned(),
                |place| format!("a volume at {place}"),
            );
            format!("{}: {users}; {volume}. Railway scales it up to its limit, not out.", redis.name)
        })
        .collect();
    each.join(" ")
}

fn restarts(live: &Live) -> String {
    let policy = stored::stored(live, Key::RestartPolicyType);
    let retries = stored::stored(live, Key::RestartPolicyMaxRetries);
    match (policy, retries) {
        (Ok(policy), Ok(retries)) => {
            let effective =
                stored::effective(live, Key::RestartPolicyMaxRetries).filter(|value| *value != retries);
            let running = effective
                .map(|value| format!("; the running deployment has {}", shown(&value)))
                .unwrap_or_default();
            format!("{} with {} retries{running}.", shown(&policy), shown(&retries))
        }
        (Err(reason), _) | (_, Err(reason)) => format!("Not known: {reason}."),
    }
}

fn memory_fits(facts: &Facts<'_>, live: &Live) -> String {
    let Some(container) = memory::container(live) else { return not_known(live, "limits") };
    match memory::in_code(facts) {
        None => format!("The container has {container} MB; the code sets itself no limit that can be read."),
        Some((code, name, place)) if code > container => {
            format!("No: {name} is {code} MB ({place}) and the container has {container} MB.")
        }
        Some((code, name, place)) => {
            format!("Yes: {name} is {code} MB ({place}) and the container has {container} MB.")
        }
    }
}

fn url(live: &Live) -> String {
    if let Some(url) = &live.redis_url {
        return format!("{url}.");
    }
    match &live.variables {
        None => not_known(live, "variables"),
        Some(set) => match set.iter().find(|variable| variable.name == "REDIS_URL") {
            None => "It is not set on this service.".into(),
            Some(variable) if variable.state == "sealed" => "It is sealed, so nobody can read it.".into(),
            Some(variable) => variable.references.first().map_or_else(
                || "It is set; its value was not read.".to_owned(),
                |reference| format!("It refers to {reference}."),
            ),
        },
    }
}

fn not_known(live: &Live, section: &str) -> String {
    format!("Not known: {}.", live.reason(section))
}

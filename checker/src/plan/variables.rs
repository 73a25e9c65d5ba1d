//! Variables of the container: dummies for what the program needs, the addresses of what is provided for it.

use std::collections::BTreeMap;

use super::Dependency;
use crate::config::prove::Prove;
use crate::facts::Facts;
use crate::facts::dockerfile::{Dockerfile, InstructionKind};
use crate::facts::service::Service;
use crate::facts::startup::{Address, Event, EventKind, Startup};

/// Libraries whose use means Redis.
const REDIS_LIBRARIES: [&str; 12] = [
    "redis",
    "rq",
    "ioredis",
    "bullmq",
    "bull",
    "bee-queue",
    "arq",
    "hiredis",
    "aioredis",
    "connect-redis",
    "django-redis",
    "flask-redis",
];

/// The systems that are provided for a service.
pub(super) fn dependencies(
    facts: &Facts<'_>,
    service: &Service,
    startup: &Startup,
    told: &Prove,
) -> Vec<Dependency> {
    let mut variables: BTreeMap<String, &'static str> = BTreeMap::new();
    let named = service.variables.iter().flatten().chain(told.variables.keys());
    let read = startup.variables.iter().map(|read| &read.name);
    for name in named.chain(read) {
        if let Some(part) = redis_part(name) {
            variables.insert(name.clone(), part);
        }
    }
    for client in &startup.clients {
        if let Address::Variable(name) | Address::Default(name, ..) = &client.address {
            variables.entry(name.clone()).or_insert_with(|| redis_part(name).unwrap_or("url"));
        }
    }
    let uses = told.redis.unwrap_or_else(|| {
        !variables.is_empty()
            || !startup.clients.is_empty()
            || matches!(startup.work_loop(), Some(("rq" | "bullmq", _)))
            || (startup.files.is_empty() && asks_for_redis(facts, service))
    });
    if !uses {
        return Vec::new();
    }
    variables.entry("REDIS_URL".to_owned()).or_insert("url");
    variables.retain(|name, _| !told.variables.contains_key(name));
    let tries = |event: &Event| {
        matches!(event.kind, EventKind::Connect { system: "redis", .. } | EventKind::WorkLoop(_))
    };
    let mut events = startup.up.iter().flat_map(|course| &course.events);
    let lazy = startup.complete && !startup.spawns && !startup.up.is_empty() && !events.any(tries);
    vec![Dependency { system: "redis", variables, connects: !lazy }]
}

/// What a variable of this name carries of Redis' address.
fn redis_part(name: &str) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split('_').collect();
    if !words.iter().any(|word| word.starts_with("REDIS")) {
        return None;
    }
    match words.last().copied()? {
        "URL" | "URI" | "DSN" => Some("url"),
        "HOST" | "REDISHOST" | "HOSTNAME" => Some("host"),
        "PORT" | "REDISPORT" => Some("port"),
        "PASSWORD" | "REDISPASSWORD" => Some("password"),
        _ => None,
    }
}

fn asks_for_redis(facts: &Facts<'_>, service: &Service) -> bool {
    service.roots.iter().any(|root| {
        let python = facts.python_projects().get(root);
        let node = facts.node_projects().get(root);
        REDIS_LIBRARIES.iter().any(|name| {
            python.is_some_and(|project| project.asks_for(name))
                || node.is_some_and(|project| project.asks_for(name))
        })
    })
}

/// Every variable but those of dependencies.
pub(super) fn dummies(
    service: &Service,
    startup: &Startup,
    told: &Prove,
    dependencies: &[Dependency],
) -> BTreeMap<String, String> {
    let provided = |name: &str| dependencies.iter().any(|each| each.variables.contains_key(name));
    let mut variables = BTreeMap::new();
    for (name, value) in [
        ("RAILWAY_ENVIRONMENT", "production"),
        ("RAILWAY_ENVIRONMENT_NAME", "production"),
        ("RAILWAY_PROJECT_NAME", "preflight"),
        ("RAILWAY_SERVICE_NAME", service.name.as_str()),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let required = startup.variables.iter().filter(|read| read.required).map(|read| &read.name);
    for name in required.chain(service.variables.iter().flatten()) {
        if name != "PORT" && !provided(name) && !name.starts_with("RAILWAY_") {
            variables.insert(name.clone(), dummy(name));
        }
    }
    variables.extend(
        told.variables
            .iter()
            .filter(|(name, _)| *name != "PORT")
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    variables
}

/// A value that parses as what the name asks for and opens no door. The top-level domain is reserved (RFC 2606).
fn dummy(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    let has = |words: &[&str]| upper.split('_').any(|part| words.contains(&part));
    let value = if has(&["DATABASE", "POSTGRES", "PG", "DB"]) && has(&["URL", "URI", "DSN"]) {
        "postgresql://preflight:preflight@postgres.invalid:5432/preflight"
    } else if has(&["MONGO", "MONGODB"]) {
        "mongodb://mongo.invalid:27017/preflight"
    } else if has(&["AMQP", "RABBITMQ", "CLOUDAMQP"]) {
        "amqp://preflight:preflight@rabbitmq.invalid:5672/"
    } else if has(&["DSN"]) {
        ""
    } else if has(&["URL", "URI", "ENDPOINT", "ORIGIN", "ORIGINS"]) {
        "https://preflight.invalid"
    } else if has(&["HOST", "HOSTNAME", "DOMAIN"]) {
        "preflight.invalid"
    } else if has(&["EMAIL", "FROM"]) {
        "preflight@preflight.invalid"
    } else if has(&["PORT", "COUNT", "LIMIT", "SECONDS", "TIMEOUT", "SIZE", "WORKERS", "CONCURRENCY", "MB"]) {
        "1"
    } else if has(&["DEBUG", "ENABLED", "ENABLE"]) {
        "false"
    } else if has(&["ID", "UUID"]) {
        "00000000-0000-4000-8000-000000000000"
    } else {
        "preflight-dummy-value-of-forty-characters"
    };
    value.to_owned()
}

/// Variables that the Dockerfile declares as build arguments.
pub(super) fn build_args(
    file: &Dockerfile,
    variables: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let inside = file.instructions().filter_map(|(_, each)| match &each.kind {
        InstructionKind::Arg(args) => Some(args),
        _ => None,
    });
    let declared = file.global_args.iter().chain(inside.flatten());
    declared
        .filter_map(|arg| Some((arg.name.value.clone(), variables.get(&arg.name.value)?.clone())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_redis_addresses_are_told_by_name() {
        assert_eq!(redis_part("REDIS_URL"), Some("url"));
        assert_eq!(redis_part("REDISHOST"), Some("host"));
        assert_eq!(redis_part("CACHE_REDIS_PORT"), Some("port"));
        assert_eq!(redis_part("REDIS_KEY_PREFIX"), None);
        assert_eq!(redis_part("PREDISPOSED_URL"), None);
    }

    #[test]
    fn a_dummy_parses_as_what_its_name_asks_for_and_leads_nowhere() {
        assert!(dummy("DATABASE_URL").starts_with("postgresql://"));
        assert!(dummy("SUPABASE_URL").contains(".invalid"));
        assert!(dummy("MAX_COUNT").parse::<u32>().is_ok());
        assert!(dummy("ANTHROPIC_API_KEY").len() >= 32);
    }
}

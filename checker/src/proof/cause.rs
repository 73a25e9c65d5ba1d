//! Causes that a log names: what lies in the container's surroundings, and what lies in the program.

use crate::facts::pattern::Pattern;

/// Lines shown of a log.
const LINES: usize = 15;

/// The program wants a variable. Word boundaries are those of ASCII: the regex engine carries no Unicode tables.
static VARIABLE: Pattern = Pattern::new(
    r"KeyError: '([A-Z][A-Z0-9_]{2,})'|(?-u:\b)([A-Z][A-Z0-9_]{2,})(?-u:\b)[^.]{0,30}(?-u:\b)(?:is not set|is required|must be set|is missing|not found in env|is undefined|environment variable)|(?:[Mm]issing|[Rr]equired|[Ss]et)[^.]{0,40}(?-u:\b)(?:environment )?variables?:? [`'\x22]?([A-Z][A-Z0-9_]{2,})(?-u:\b)",
    "",
);

/// Signs of a system that is not provided here.
const ELSEWHERE: [(&str, &str); 11] = [
    ("could not translate host name", "a database"),
    ("psycopg", "Postgres"),
    ("asyncpg", "Postgres"),
    ("prismaclientinitializationerror", "a database"),
    ("sqlalchemy.exc.operationalerror", "a database"),
    ("mongoserverselectionerror", "MongoDB"),
    ("serverselectiontimeouterror", "MongoDB"),
    ("postgres.invalid", "Postgres"),
    ("rabbitmq.invalid", "RabbitMQ"),
    ("preflight.invalid", "a service on the internet"),
    ("amqp", "RabbitMQ"),
];

/// Why a failure says nothing about the deployment: it wants what only the real surroundings have.
pub(super) fn of_environment<'l>(lines: impl Iterator<Item = &'l str>, service: &str) -> Option<String> {
    let lines: Vec<&str> = lines.collect();
    let variable = lines.iter().rev().find_map(|line| {
        let groups = VARIABLE.captures(line)?;
        let name = groups.iter().skip(1).flatten().next()?.as_str();
        (name.chars().all(|char| !char.is_ascii_lowercase()) && !name.contains("REDIS"))
            .then(|| name.to_owned())
    });
    if let Some(name) = variable {
        return Some(format!(
            "it wants the variable {name}; give it a dummy under `[prove.{service}.variables]`"
        ));
    }
    let text = lines.join("\n").to_lowercase();
    let (_, system) = ELSEWHERE.iter().find(|(sign, _)| text.contains(sign))?;
    Some(format!("it wants {system}, which is not provided"))
}

/// The lines that tell: from the last traceback on, else the last ones.
pub(super) fn excerpt(lines: &[String]) -> Vec<String> {
    let begin = |line: &String| {
        line.starts_with("Traceback")
            || line.contains("Error:")
            || line.contains("panicked at")
            || line.contains("Error [")
    };
    let from = lines.iter().rposition(begin).unwrap_or(0);
    let from = from.max(lines.len().saturating_sub(LINES)).min(lines.len().saturating_sub(1));
    let shown = lines.get(from.saturating_sub(4)..).unwrap_or_default();
    shown[shown.len().saturating_sub(LINES)..].to_vec()
}

/// True when `line` says that a password is wrong or wanted.
pub(super) fn names_password(line: &str) -> bool {
    let lower = line.to_lowercase();
    [
        "noauth",
        "wrongpass",
        "invalid username-password",
        "invalid password",
        "authentication",
        "auth failed",
        "auth ",
        "password",
    ]
    .iter()
    .any(|sign| lower.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wanted_variable_is_named_and_a_redis_address_is_not() {
        let told = |line: &str| of_environment(std::iter::once(line), "worker");
        assert!(told("KeyError: 'SUPABASE_URL'").is_some_and(|why| why.contains("SUPABASE_URL")));
        assert!(told("Error: OPENAI_API_KEY is not set").is_some());
        assert!(told("missing required environment variables: STRIPE_KEY").is_some());
        assert!(told("cannot connect to redis: Connection refused").is_none());
        assert!(told("KeyError: 'REDIS_URL'").is_none());
        assert!(told("KeyError: 'name'").is_none());
    }

    #[test]
    fn an_excerpt_ends_with_the_error() {
        let lines: Vec<String> =
            (0..40).map(|at| format!("line {at}")).chain(["ValueError: x".into()]).collect();
        let shown = excerpt(&lines);
        assert!(shown.len() <= LINES && shown.last().is_some_and(|line| line == "ValueError: x"));
    }
}

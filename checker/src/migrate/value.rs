//! Values as the new file writes them: enumerations in capitals, numbers as numbers, and JavaScript's own literals.

use crate::facts::settings::{Key, Value};

/// `value` of `key` in the form that Railway stores; null takes a setting back, so it becomes nothing.
pub(super) fn stored(key: Key, value: &Value) -> Option<Value> {
    Some(match (key, value) {
        (_, Value::Null) => return None,
        (Key::Builder | Key::RestartPolicyType | Key::BuildEnvironment, Value::Text(text)) => {
            Value::Text(text.trim().to_ascii_uppercase().replace('-', "_"))
        }
        (Key::PreDeployCommand, Value::Text(text)) => Value::List(vec![Value::Text(text.clone())]),
        (
            Key::OverlapSeconds
            | Key::DrainingSeconds
            | Key::HealthcheckTimeout
            | Key::RestartPolicyMaxRetries
            | Key::NumReplicas
            | Key::PreDeployTimeoutSeconds,
            Value::Text(text),
        ) => text.trim().parse().map_or_else(|_| value.clone(), Value::Integer),
        (_, value) => value.clone(),
    })
}

/// `value` as a literal; a list or map on one line.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::List(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Map(members) if members.is_empty() => "{}".into(),
        Value::Map(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", name_of(name), literal(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.json().to_string(),
    }
}

/// `name` as a property's name: in quotes where it is no plain word. `__proto__` would set the prototype.
pub(super) fn name_of(name: &str) -> String {
    let plain = name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '$'))
        && !name.starts_with(|char: char| char.is_ascii_digit())
        && !name.is_empty();
    match name {
        "__proto__" => "[\"__proto__\"]".into(),
        name if plain => name.into(),
        name => serde_json::Value::from(name).to_string(),
    }
}

/// The replicas of each region, as the SDK's `replicas` takes them; `None` when the value has another shape.
pub(super) fn regions(value: &Value) -> Option<Value> {
    let Value::Map(regions) = value else { return None };
    let one = |value: &Value| -> Option<Value> {
        let Value::Map(fields) = value else { return None };
        if fields.keys().any(|key| !matches!(key.as_str(), "numReplicas" | "stackerAssignment")) {
            return None;
        }
        let count = fields.get("numReplicas").filter(|count| **count != Value::Null)?;
        let stacker = fields.get("stackerAssignment").filter(|stacker| **stacker != Value::Null);
        Some(match stacker {
            None => count.clone(),
            Some(stacker) => Value::Map(
                [("count".to_owned(), count.clone()), ("stacker".to_owned(), stacker.clone())].into(),
            ),
        })
    };
    let mapped = regions.iter().map(|(region, value)| Some((region.clone(), one(value)?)));
    Some(Value::Map(mapped.collect::<Option<_>>()?))
}

//! The value of a setting as Railway has it, in one form whatever part of the API it comes from.

use serde_json::Value;

use super::Live;
use crate::facts::settings::Key;

/// What Railway stores for the service, a default where it stores nothing; `Err` says why it is not known.
pub(super) fn stored(live: &Live, key: Key) -> Result<Value, String> {
    if key == Key::RootDirectory {
        let from_config = live.config.as_ref().and_then(|config| config.pointer("/source/rootDirectory"));
        let value = from_config.or_else(|| live.stored.as_ref()?.get("rootDirectory"));
        return known(live, key, value);
    }
    let in_config = live.config.as_ref().and_then(|config| config.get(key.section())?.get(key.name()));
    let value = in_config.filter(|value| !value.is_null()).or_else(|| live.stored.as_ref()?.get(key.name()));
    known(live, key, value)
}

/// What the latest deployment runs with.
pub(super) fn effective(live: &Live, key: Key) -> Option<Value> {
    let manifest = live.manifest.as_ref()?;
    Some(plain(key, manifest.get(key.section())?.get(key.name()).unwrap_or(&Value::Null)))
}

fn known(live: &Live, key: Key, value: Option<&Value>) -> Result<Value, String> {
    // The API's own list of builders lacks Dockerfile, so only the configuration tells that one.
    if key == Key::Builder && live.config.is_none() {
        return Err(live.reason("config"));
    }
    if live.config.is_none() && live.stored.is_none() {
        return Err(live.reason("settings"));
    }
    Ok(plain(key, value.unwrap_or(&Value::Null)))
}

/// `value` with the default in place of nothing, enumerations in capitals, paths without a leading slash.
pub(super) fn plain(key: Key, value: &Value) -> Value {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if empty {
        return default(key);
    }
    match (key, value) {
        (Key::DockerfilePath | Key::RootDirectory, Value::String(text)) => {
            let bare = text.trim_start_matches("./").trim_start_matches('/');
            if bare.is_empty() { default(key) } else { bare.into() }
        }
        (Key::Builder | Key::RestartPolicyType, Value::String(text)) => {
            text.to_ascii_uppercase().replace('-', "_").into()
        }
        (Key::PreDeployCommand, Value::String(text)) => vec![Value::from(text.as_str())].into(),
        (Key::OverlapSeconds | Key::DrainingSeconds | Key::HealthcheckTimeout, Value::String(text)) => {
            text.trim().parse::<i64>().map_or_else(|_| value.clone(), Value::from)
        }
        _ => value.clone(),
    }
}

/// What Railway takes when nothing is stored.
fn default(key: Key) -> Value {
    match key {
        Key::Builder => "RAILPACK".into(),
        Key::DockerfilePath => "Dockerfile".into(),
        Key::HealthcheckTimeout => 300.into(),
        Key::RestartPolicyType => "ON_FAILURE".into(),
        Key::RestartPolicyMaxRetries => 10.into(),
        Key::NumReplicas => 1.into(),
        Key::OverlapSeconds | Key::DrainingSeconds => 0.into(),
        Key::SleepApplication => false.into(),
        _ => Value::Null,
    }
}

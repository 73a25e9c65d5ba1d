//! Settings that are not the same everywhere: repository, infrastructure as code, what Railway stores, what runs.

use serde_json::Value;

use super::audit::shown;
use super::{Live, expected, stored};
use crate::facts::Facts;
use crate::facts::service::Service;
use crate::facts::settings::{CONFIG_CUT_OFF, KEYS, Key};

/// One setting; an empty column is silent about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: &'static str,
    /// What `railway.toml` or `railway.json` says.
    pub file: String,
    /// What `.railway/railway.ts` says.
    pub iac: String,
    /// What Railway stores.
    pub live: String,
    /// What the latest deployment runs with.
    pub effective: String,
    /// What that means.
    pub verdict: String,
}

/// Every setting about which two columns disagree.
pub(super) fn rows(facts: &Facts<'_>, service: &Service, live: &Live) -> Vec<Row> {
    KEYS.iter().filter_map(|(key, ..)| row(facts, service, live, *key)).collect()
}

fn row(facts: &Facts<'_>, service: &Service, live: &Live, key: Key) -> Option<Row> {
    let file = expected::of_file(facts, service, key, &live.environment.name).map(|each| each.value);
    let iac = expected::of_iac(facts, service, key).map(|each| each.value);
    let held = stored::stored(live, key).ok();
    let runs = stored::effective(live, key);
    let verdict = verdict(facts, file.as_ref(), iac.as_ref(), held.as_ref(), runs.as_ref())?;
    let column = |value: Option<&Value>| value.map(shown).unwrap_or_default();
    Some(Row {
        key: key.name(),
        file: column(file.as_ref()),
        iac: column(iac.as_ref()),
        live: column(held.as_ref()),
        effective: column(runs.as_ref()),
        verdict,
    })
}

fn verdict(
    facts: &Facts<'_>,
    file: Option<&Value>,
    iac: Option<&Value>,
    held: Option<&Value>,
    runs: Option<&Value>,
) -> Option<String> {
    let differs = |one: Option<&Value>, other: Option<&Value>| matches!((one, other), (Some(one), Some(other)) if one != other);
    let past = facts.snapshot.today >= CONFIG_CUT_OFF;
    let said = if differs(file, iac) {
        "the file and the infrastructure as code disagree".to_owned()
    } else if past && differs(file, held) {
        "the file is no longer read: Railway's value holds".to_owned()
    } else if differs(iac, held) {
        "not applied: run `railway config apply`".to_owned()
    } else if differs(file, held) {
        format!("changes on {CONFIG_CUT_OFF}, when the file is no longer read")
    } else if differs(held, runs) && file.is_none() {
        "stored, and not yet deployed".to_owned()
    } else if !past && differs(file, runs) {
        "the next deployment takes the file's value".to_owned()
    } else {
        return None;
    };
    Some(said)
}

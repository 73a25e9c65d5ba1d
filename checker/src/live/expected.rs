//! What the repository expects of a setting, with the line that says so.

use serde_json::Value;

use super::stored::plain;
use crate::facts::Facts;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Setting, Source};

/// One expectation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    pub(super) value: Value,
    pub(super) source: Source,
    /// `path:line`.
    pub(super) place: String,
}

/// The value of `key` that the files of the repository end up with in `environment`.
pub(super) fn of(facts: &Facts<'_>, service: &Service, key: Key, environment: &str) -> Option<Expected> {
    read(facts, key, service.settings.in_environment(environment, key)?)
}

/// What `.railway/railway.ts` says of it.
pub(super) fn of_iac(facts: &Facts<'_>, service: &Service, key: Key) -> Option<Expected> {
    let iac = facts.iac.as_ref()?;
    let named = |name: &str| name.eq_ignore_ascii_case(&service.name);
    let declared = iac.services.iter().find(|each| each.name.yes().is_some_and(|name| named(name)))?;
    read(facts, key, declared.settings.get(&key)?)
}

/// What the config file says of it.
pub(super) fn of_file(facts: &Facts<'_>, service: &Service, key: Key, environment: &str) -> Option<Expected> {
    let config = facts.railway_configs.get(service.config.as_ref()?)?;
    let own = config.environments.get(environment).and_then(|block| block.get(&key));
    read(facts, key, own.or_else(|| config.base.get(&key))?)
}

fn read(facts: &Facts<'_>, key: Key, setting: &Setting) -> Option<Expected> {
    let value = plain(key, &setting.value.yes()?.json());
    let path = &setting.site.path;
    let text = facts.snapshot.text(path).ok()?;
    let line = text.position(setting.site.span.start).line;
    Some(Expected { value, source: setting.source, place: format!("{path}:{line}") })
}

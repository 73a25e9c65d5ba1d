//! Signs that what a config file says is not all that is deployed by it.

use crate::facts::Facts;
use crate::facts::document::Node;
use crate::facts::railway_config::RailwayConfig;
use crate::facts::settings::{Key, Settings};

/// True when the settings name a builder that is no Dockerfile's. Railway takes a Dockerfile that it finds all the same,
/// but where the root directory is not known it may not find the one beside the config file.
pub(super) fn asks_for_another_builder(settings: &Settings) -> bool {
    let named = settings.text(Key::Builder).map(|(name, _)| name.to_ascii_uppercase());
    matches!(named.as_deref(), Some("NIXPACKS" | "RAILPACK"))
}

/// True when the start command goes into `directory` first: then the root directory lies above it, and so does what is
/// built.
pub(super) fn enters(settings: &Settings, directory: &str) -> bool {
    let command = settings.text(Key::StartCommand).map_or("", |(command, _)| command).trim_start();
    let entered = command.strip_prefix("cd ").and_then(|rest| rest.split_whitespace().next());
    !directory.is_empty() && entered.is_some_and(|entered| entered.trim_matches(['.', '/', '"']) == directory)
}

/// The root directory that a key names which Railway does not read: whoever wrote it may have set it in the dashboard too.
pub(super) fn named_root(facts: &Facts<'_>, config: &RailwayConfig) -> Option<String> {
    let keys = ["root", "rootDirectory", "rootDir", "root_directory", "root_dir"];
    let own = config.unknown.iter().filter(|unknown| keys.contains(&unknown.key.value.as_str()));
    // `[service] rootDirectory` is an unknown table with the key in it.
    let inside =
        config.unknown.iter().flat_map(|unknown| keys.iter().filter_map(|key| unknown.value.get(key)));
    let paths = own.map(|unknown| &unknown.value).chain(inside).filter_map(Node::text);
    let mut paths = paths.map(|path| path.trim_start_matches("./").trim_matches('/').to_owned());
    paths.find(|path| !path.is_empty() && facts.snapshot.is_directory(path))
}

/// True when the directory of `config` has a config file that Railway finds by its name, so that one under another name
/// counts only if a service's settings name it.
pub(super) fn has_default_beside(facts: &Facts<'_>, config: &RailwayConfig) -> bool {
    facts
        .railway_configs
        .values()
        .any(|other| other.has_default_name() && other.directory() == config.directory())
}

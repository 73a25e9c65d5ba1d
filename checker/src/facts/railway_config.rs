//! `railway.toml` and `railway.json` as written, before anybody asks which value wins.

mod edit;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::facts::dockerfile::Spanned;
use crate::facts::document::{self, Node};
use crate::facts::settings::{Key, Setting, Source};
use crate::finding::Site;
use crate::known::Known;
use crate::snapshot::Snapshot;

/// A key that Railway does not know, and so does not read.
#[derive(Debug, Clone)]
pub struct UnknownKey {
    /// The keys down to it, itself included.
    pub path: Vec<String>,
    /// The key and its place.
    pub key: Spanned<String>,
    /// What stands there.
    pub value: Node,
}

/// One config file.
#[derive(Debug, Clone)]
pub struct RailwayConfig {
    /// Path in the tree.
    pub path: String,
    /// The whole document; `None` when it does not parse.
    pub root: Option<Node>,
    /// Why it does not parse.
    pub error: Option<Spanned<String>>,
    /// Settings of every environment.
    pub base: BTreeMap<Key, Setting>,
    /// Settings of `environments.<name>`.
    pub environments: BTreeMap<String, BTreeMap<Key, Setting>>,
    /// Keys that are not read.
    pub unknown: Vec<UnknownKey>,
}

impl RailwayConfig {
    /// The directory it lies in; `""` is the root.
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// True when it is named so that Railway finds it by itself.
    pub fn has_default_name(&self) -> bool {
        is_default_name(&self.path)
    }
}

/// Reads every Railway config file of the tree: `railway.toml`, `railway.json`, and files such as
/// `railway.worker.json` that a service may name, when their content is that of one.
pub fn gather(snapshot: &Snapshot<'_>) -> BTreeMap<String, Rc<RailwayConfig>> {
    let named = snapshot.entries().iter().filter(|entry| may_be_config(&entry.path));
    let read = named.filter_map(|entry| Some((entry.path.clone(), Rc::new(read(snapshot, &entry.path)?))));
    read.filter(|(path, config)| is_default_name(path) || config.looks_like_one()).collect()
}

/// Reads the config file at `path`, whatever its name; `None` when it has no text.
pub fn read(snapshot: &Snapshot<'_>, path: &str) -> Option<RailwayConfig> {
    let text = snapshot.text(path).ok()?;
    let parsed =
        if path.ends_with(".json") { document::json(&text.text) } else { document::toml(&text.text) };
    let mut config = RailwayConfig {
        path: path.to_owned(),
        root: None,
        error: None,
        base: BTreeMap::new(),
        environments: BTreeMap::new(),
        unknown: Vec::new(),
    };
    match parsed {
        Ok(root) => {
            config.fill(&root);
            config.root = Some(root);
        }
        Err(error) => config.error = Some(error),
    }
    Some(config)
}

impl RailwayConfig {
    fn fill(&mut self, root: &Node) {
        let path = self.path.clone();
        self.base = self.sections(&path, root, &[], &["$schema", "environments"]);
        for member in root.get("environments").map_or(&[][..], Node::members) {
            let name = &member.key.value;
            let settings = self.sections(&path, &member.value, &["environments", name], &[]);
            self.environments.insert(name.clone(), settings);
        }
    }

    /// The settings of the sections `build` and `deploy` of `node`; everything else that is not in `passed` is unknown.
    fn sections(
        &mut self,
        path: &str,
        node: &Node,
        above: &[&str],
        passed: &[&str],
    ) -> BTreeMap<Key, Setting> {
        let mut settings = BTreeMap::new();
        for member in node.members() {
            let section = member.key.value.as_str();
            if passed.contains(&section) {
                continue;
            }
            if !matches!(section, "build" | "deploy") {
                self.unknown(above, &[], member);
                continue;
            }
            for inner in member.value.members() {
                match Key::find(section, &inner.key.value) {
                    Some(key) => {
                        let site = Site::new(path, inner.value.span);
                        let value = Known::Yes(inner.value.value());
                        settings.insert(key, Setting { value, site, source: Source::ConfigFile });
                    }
                    None => self.unknown(above, &[section], inner),
                }
            }
        }
        settings
    }

    fn unknown(&mut self, above: &[&str], section: &[&str], member: &document::Member) {
        let keys = above.iter().chain(section).map(|key| (*key).to_owned());
        let path = keys.chain([member.key.value.clone()]).collect();
        self.unknown.push(UnknownKey { path, key: member.key.clone(), value: member.value.clone() });
    }

    fn looks_like_one(&self) -> bool {
        let Some(root) = &self.root else { return false };
        let schema = root.get("$schema").and_then(Node::text).is_some_and(|text| text.contains("railway"));
        schema || !self.base.is_empty() || self.environments.values().any(|block| !block.is_empty())
    }
}

fn is_default_name(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("railway.toml" | "railway.json"))
}

fn may_be_config(path: &str) -> bool {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_ascii_lowercase();
    let Some(stem) = name.strip_suffix(".toml").or_else(|| name.strip_suffix(".json")) else { return false };
    stem.split(['.', '-', '_']).any(|word| word == "railway")
        && !directories
            .split('/')
            .any(|directory| matches!(directory, "node_modules" | "vendor" | "site-packages"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Trigger};

    fn configs(fixture: &str) -> BTreeMap<String, Rc<RailwayConfig>> {
        let tree = MemoryTree::parse(fixture);
        gather(&Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub))
    }

    #[test]
    fn settings_come_with_their_places_and_strangers_are_kept_apart() {
        let text = "{\"build\": {\"builder\": \"DOCKERFILE\", \"dockerfile\": \"x\"}, \"services\": []}";
        let configs = configs(&format!("//- railway.json\n{text}\n"));
        let config = &configs["railway.json"];
        assert_eq!(config.base[&Key::Builder].site.span.of(text), "\"DOCKERFILE\"");
        let unknown: Vec<String> = config.unknown.iter().map(|key| key.path.join(".")).collect();
        assert_eq!(unknown, ["build.dockerfile", "services"]);
    }

    #[test]
    fn environments_have_settings_of_their_own() {
        let configs = configs(
            "//- a/railway.toml\n[environments.pr.deploy]\nnumReplicas = 1\n[environments.pr.variables]\nA = \"1\"\n",
        );
        let config = &configs["a/railway.toml"];
        assert!(config.environments["pr"].contains_key(&Key::NumReplicas));
        assert_eq!(config.unknown[0].path, ["environments", "pr", "variables"]);
    }

    #[test]
    fn other_names_count_when_their_content_is_that_of_a_config() {
        let found = configs(
            "//- railway.worker.json\n{\"deploy\": {\"startCommand\": \"x\"}}\n//- railway-lines.json\n{\"lines\": []}\n//- node_modules/railway/railway.json\n{}\n",
        );
        assert_eq!(found.keys().collect::<Vec<_>>(), ["railway.worker.json"]);
    }

    #[test]
    fn a_broken_file_is_kept_with_its_error() {
        let found = configs("//- railway.json\n<<<<<<< HEAD\n{}\n");
        assert!(found["railway.json"].error.is_some());
    }
}

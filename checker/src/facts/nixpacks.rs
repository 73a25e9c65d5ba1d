//! `nixpacks.toml` and the plan inside a Railway config file, for the builder before Railpack.

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::facts::dockerfile::Spanned;
use crate::facts::document::{self, Node};
use crate::facts::service::{Builder, Service};
use crate::facts::startup::join;
use crate::finding::{Severity, Site};
use crate::known::Known;
use crate::snapshot::{Snapshot, is_called};

/// One configuration of Nixpacks.
#[derive(Debug, Clone)]
pub struct Nixpacks {
    /// The file it is written in.
    pub path: String,
    /// Its values; an error when it does not parse.
    pub plan: Result<Node, Spanned<String>>,
}

/// Every configuration of the tree: files called `nixpacks.toml` or `nixpacks.json`, and `build.nixpacksPlan`.
pub fn gather(facts: &Facts<'_>) -> Vec<Nixpacks> {
    let mut found: BTreeMap<String, Nixpacks> = files(facts.snapshot);
    for (path, config) in &facts.railway_configs {
        let plan = config.root.as_ref().and_then(|root| root.at(&["build", "nixpacksPlan"]));
        if let Some(plan) = plan {
            found.insert(path.clone(), Nixpacks { path: path.clone(), plan: Ok(plan.clone()) });
        }
    }
    found.into_values().collect()
}

/// What `nixpacks.toml` puts in the place of the builder's own phases; `None` is the builder's own.
#[derive(Debug, Clone, Default)]
pub struct Phases {
    /// The commands that install.
    pub install: Option<Vec<(String, Site)>>,
    /// The commands that build.
    pub build: Option<Vec<(String, Site)>>,
}

/// The phases in the `nixpacks.toml` of the directory `root`; `None` without one, when it does not parse, and when it has
/// phases of its own (<https://nixpacks.com/docs/configuration/file>).
pub fn phases(facts: &Facts<'_>, root: &str) -> Option<Phases> {
    let path = join(root, "nixpacks.toml");
    let text = facts.snapshot.text(&path).ok()?;
    let plan = document::toml(&text.text).ok()?;
    let known = |name: &str| matches!(name, "setup" | "install" | "build");
    let phases = plan.get("phases").map_or(&[][..], Node::members);
    if !phases.iter().all(|phase| known(&phase.key.value)) {
        return None;
    }
    let of = |name: &str| {
        let list = plan.at(&["phases", name, "cmds"])?;
        let commands = list.items().iter().filter_map(|node| Some((node, node.text()?)));
        // `...` stands for the builder's own.
        let commands = commands.map(|(node, text)| {
            let text = if text == "..." && name == "install" { "npm ci" } else { text };
            (text.to_owned(), Site::new(path.clone(), node.span))
        });
        Some(commands.collect())
    };
    Some(Phases { install: of("install"), build: of("build") })
}

fn files(snapshot: &Snapshot<'_>) -> BTreeMap<String, Nixpacks> {
    let mut found = BTreeMap::new();
    for entry in snapshot.entries() {
        let named = ["nixpacks.toml", "nixpacks.json"].iter().any(|name| is_called(&entry.path, name));
        if !named || entry.path.contains("node_modules/") {
            continue;
        }
        found.extend(read(snapshot, &entry.path).map(|config| (entry.path.clone(), config)));
    }
    found
}

/// The configuration at `path`, when there is one.
pub fn read(snapshot: &Snapshot<'_>, path: &str) -> Option<Nixpacks> {
    let text = snapshot.text(path).ok()?;
    let plan = if path.ends_with(".json") { document::json(&text.text) } else { document::toml(&text.text) };
    Some(Nixpacks { path: path.to_owned(), plan })
}

impl Nixpacks {
    /// The directory it lies in; `""` is the root.
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// What becomes of a service that reads it: an error when a file says that Nixpacks builds it, a warning when nothing
    /// says what does, `None` when something else builds there. The service comes with it when there is one.
    pub fn reader<'f>(&self, facts: &'f Facts<'_>) -> Option<(Option<&'f Service>, Severity)> {
        let directory = self.directory();
        let here: Vec<&Service> = facts
            .services
            .iter()
            .filter(|service| {
                let own = service
                    .config
                    .as_deref()
                    .and_then(|path| path.rsplit_once('/'))
                    .map_or("", |(dir, _)| dir);
                // A Dockerfile of another folder, which no config file speaks of, makes a service of its own.
                let apart = service.config.is_none()
                    && service.dockerfile.yes().is_some_and(|choice| {
                        choice.path.rsplit_once('/').map_or("", |(folder, _)| folder) != directory
                    });
                service.config.as_deref() == Some(&self.path)
                    || own == directory && !apart
                    || (service.roots.len() == 1 && service.roots[0] == directory)
            })
            .collect();
        let built = |builder: Builder| here.iter().find(|service| service.builder == Known::Yes(builder));
        // A Railway config file is read by the service that names it and by no other.
        let own = here.iter().find(|service| service.config.as_deref() == Some(&self.path));
        let read = self.path.ends_with("nixpacks.toml") || own.is_some();
        if let Some(service) =
            own.filter(|own| own.builder == Known::Yes(Builder::Nixpacks)).or(built(Builder::Nixpacks))
        {
            // A file in a directory counts where that is the root directory.
            let certain = read && (directory.is_empty() || service.roots.len() == 1);
            return Some((Some(service), if certain { Severity::Error } else { Severity::Warning }));
        }
        let stated =
            |service: &&&Service| service.settings.base.contains_key(&crate::facts::settings::Key::Builder);
        match here.first() {
            Some(_) if built(Builder::Dockerfile).is_some() || here.iter().any(|each| stated(&each)) => None,
            Some(service) => Some((Some(service), Severity::Warning)),
            None => {
                let dockerfile = if directory.is_empty() {
                    "Dockerfile".to_owned()
                } else {
                    format!("{directory}/Dockerfile")
                };
                // Who writes a plan for Railpack is built by Railpack.
                let plan = crate::facts::startup::join(directory, "railpack.json");
                let other =
                    facts.dockerfiles.contains_key(&dockerfile) || facts.snapshot.entry(&plan).is_some();
                (!other).then_some((None, Severity::Warning))
            }
        }
    }

    /// The packages of the phase `setup`; nothing when the list only adds to the builder's own.
    pub fn packages(&self) -> &[Node] {
        self.plan
            .as_ref()
            .ok()
            .and_then(|plan| plan.at(&["phases", "setup", "nixPkgs"]))
            .map_or(&[], Node::items)
    }

    /// The Ubuntu packages of the phase `setup`.
    pub fn system_packages(&self) -> Vec<&str> {
        let list = self.plan.as_ref().ok().and_then(|plan| plan.at(&["phases", "setup", "aptPkgs"]));
        list.map_or(&[][..], Node::items).iter().filter_map(Node::text).collect()
    }

    /// The commands of every phase.
    pub fn commands(&self) -> Vec<&Node> {
        let phases = self.plan.as_ref().ok().and_then(|plan| plan.get("phases"));
        let phases = phases.map_or(&[][..], Node::members).iter();
        phases.flat_map(|phase| phase.value.get("cmds").map_or(&[][..], Node::items)).collect()
    }
}

//! The commands that files give to Railway's own builders, Railpack and Nixpacks.

use crate::facts::Facts;
use crate::facts::document::{self, Node};
use crate::facts::service::{Builder, Service};
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::finding::Site;
use crate::known::Known;

/// One command.
#[derive(Debug, Clone)]
pub struct Stated {
    /// As written.
    pub text: String,
    /// Where.
    pub site: Site,
    /// True for the command that starts the program, false for one of the build.
    pub start: bool,
}

/// True when one of Railway's builders makes the image of `service`.
pub fn is_built_by_railway(service: &Service) -> bool {
    matches!(service.builder, Known::Yes(Builder::Railpack | Builder::Nixpacks))
}

/// The build and start commands of `service`; none when a Dockerfile is built.
pub fn stated(facts: &Facts<'_>, service: &Service) -> Vec<Stated> {
    if !is_built_by_railway(service) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (key, start) in [(Key::BuildCommand, false), (Key::StartCommand, true)] {
        let own = service.settings.text(key).filter(|(text, _)| !text.trim().is_empty());
        found.extend(own.map(|(text, setting)| Stated {
            text: text.to_owned(),
            site: setting.site.clone(),
            start,
        }));
    }
    let (build, start) = (found.iter().any(|each| !each.start), found.iter().any(|each| each.start));
    if let [root] = service.roots.as_slice() {
        found.extend(plan(facts, root).into_iter().filter(|each| if each.start { !start } else { !build }));
        if !found.iter().any(|each| each.start) {
            found.extend(web(facts, root));
        }
    }
    found
}

/// `[phases.build]` and `[start]` of `nixpacks.toml` (<https://nixpacks.com/docs/configuration/file>).
fn plan(facts: &Facts<'_>, root: &str) -> Vec<Stated> {
    let path = join(root, "nixpacks.toml");
    let text = facts.snapshot.text(&path).ok();
    let Some(plan) = text.and_then(|text| document::toml(&text.text).ok()) else { return Vec::new() };
    let of = |node: &Node, start| {
        Some(Stated { text: node.text()?.to_owned(), site: Site::new(path.clone(), node.span), start })
    };
    let build = plan.at(&["phases", "build", "cmds"]).map_or(&[][..], Node::items).iter();
    let start = plan.at(&["start", "cmd"]).and_then(|node| of(node, true));
    build.filter_map(|node| of(node, false)).chain(start).collect()
}

/// The process `web` of the Procfile.
fn web(facts: &Facts<'_>, root: &str) -> Option<Stated> {
    let file = facts.procfiles.get(&join(root, "Procfile"))?;
    let process = file.processes.iter().find(|process| process.name == "web")?;
    let site = Site::new(file.path.clone(), process.span);
    Some(Stated { text: process.command.clone(), site, start: true })
}

/// True when a file of one of the root directories, or the config itself, says how dependencies are installed or which
/// languages there are.
pub fn has_own_plan(facts: &Facts<'_>, service: &Service) -> bool {
    let names = ["nixpacks.toml", "nixpacks.json", "railpack.json"];
    let file = |root: &String| names.iter().any(|name| facts.snapshot.entry(&join(root, name)).is_some());
    service.roots.iter().any(file)
        || [Key::NixpacksPlan, Key::NixpacksConfigPath]
            .iter()
            .any(|key| service.settings.base.contains_key(key))
}

//! Every command that the files give for an image.

use super::Program;
use super::follow::Follower;
use crate::facts::Facts;
use crate::facts::dockerfile::Command;
use crate::facts::document::{self, Node};
use crate::facts::image::shell::{Simple, commands};
use crate::facts::image::{Image, Stage};
use crate::facts::service::Service;
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::finding::Site;

/// One command.
struct Stated {
    text: String,
    site: Site,
    effective: bool,
}

/// The programs that are started in `image`.
pub(super) fn programs<'s>(facts: &Facts<'s>, service: &Service, image: &Image<'s>) -> Vec<Program> {
    let Some(stage) = image.last() else { return Vec::new() };
    let mut out = Vec::new();
    for stated in stated(facts, service, image, stage) {
        let list = commands(&stated.text, &stage.workdir, true);
        let roots = python_path(&stated.text, stage);
        let mut follower = Follower { facts, image, roots, effective: stated.effective, out: &mut out };
        follower.all(&list, &stated.site, true, &[], 0);
    }
    out
}

fn stated(facts: &Facts<'_>, service: &Service, image: &Image<'_>, stage: &Stage) -> Vec<Stated> {
    let own = |text: String, site: Site, effective| Stated { text, site, effective };
    let mut found = Vec::new();
    if let Some((text, setting)) = service.settings.text(Key::StartCommand) {
        found.push(own(text.to_owned(), setting.site.clone(), true));
    }
    let root = &image.context.root;
    if image.dockerfile.is_none() {
        found.extend(nixpacks(facts, root).map(|(text, site)| own(text, site, found.is_empty())));
        found.extend(procfile(facts, root).into_iter().map(|(text, site, first)| own(text, site, first)));
        let first = found.iter().position(|each| each.effective);
        for (at, each) in found.iter_mut().enumerate() {
            each.effective = Some(at) == first;
        }
        if found.is_empty() {
            found.extend(start_script(facts, root).map(|(text, site)| own(text, site, true)));
        }
    } else if let Some((text, site)) = image_command(stage) {
        found.push(own(text, site, found.is_empty()));
    }
    found.extend(services_table(facts, service).into_iter().map(|(text, site)| own(text, site, false)));
    found.extend(composed(facts, image).into_iter().map(|(text, site)| own(text, site, false)));
    found
}

/// ENTRYPOINT with CMD behind it; the shell form of ENTRYPOINT takes no CMD.
fn image_command(stage: &Stage) -> Option<(String, Site)> {
    match (&stage.entrypoint, &stage.command) {
        (Some((Command::Exec(first, _), site)), Some((rest, place))) => {
            let first: Vec<String> = first.iter().map(|word| quoted(&word.value)).collect();
            let is_init =
                first.first().is_some_and(|word| word.contains("tini") || word.contains("dumb-init"));
            let site = if is_init { place } else { site };
            Some((format!("{} {}", first.join(" "), spelled(rest)), site.clone()))
        }
        (Some((command, site)), _) | (None, Some((command, site))) => Some((spelled(command), site.clone())),
        (None, None) => None,
    }
}

fn spelled(command: &Command) -> String {
    match command {
        Command::Shell(text) => text.value.clone(),
        Command::Exec(words, _) => words.iter().map(|word| quoted(&word.value)).collect::<Vec<_>>().join(" "),
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// `[start] cmd` of `nixpacks.toml` (<https://nixpacks.com/docs/configuration/file>).
fn nixpacks(facts: &Facts<'_>, root: &str) -> Option<(String, Site)> {
    let path = join(root, "nixpacks.toml");
    let text = facts.snapshot.text(&path).ok()?;
    let document = document::toml(&text.text).ok()?;
    let node = document.at(&["start", "cmd"])?;
    Some((node.text()?.to_owned(), Site::new(path, node.span)))
}

/// The processes of the Procfile; true for the one that is started when nothing else is told.
fn procfile(facts: &Facts<'_>, root: &str) -> Vec<(String, Site, bool)> {
    let Some(file) = facts.procfiles.get(&join(root, "Procfile")) else { return Vec::new() };
    let processes = file.processes.iter().filter(|process| process.name != "release");
    let web = file.processes.iter().position(|process| process.name == "web").unwrap_or(0);
    let first = file.processes.get(web).map(|process| process.name.clone());
    processes
        .map(|process| {
            let site = Site::new(file.path.clone(), process.span);
            (process.command.clone(), site, Some(&process.name) == first.as_ref())
        })
        .collect()
}

fn start_script(facts: &Facts<'_>, root: &str) -> Option<(String, Site)> {
    let project = facts.node_projects().get(root)?;
    let script = project.script("start")?;
    Some((script.value.clone(), Site::new(project.path.clone(), script.span)))
}

/// `[[services]]` and `[services.x]` of a config file: Railway does not read them, but they say what is meant to run in
/// the same image.
fn services_table(facts: &Facts<'_>, service: &Service) -> Vec<(String, Site)> {
    let config = service.config.as_ref().and_then(|path| facts.railway_configs.get(path));
    let Some((path, root)) = config.and_then(|config| Some((&config.path, config.root.as_ref()?))) else {
        return Vec::new();
    };
    let Some(table) = root.get("services") else { return Vec::new() };
    let items = table.items().iter().chain(table.members().iter().map(|member| &member.value));
    let command = |item: &Node| {
        let node = item.at(&["deploy", "startCommand"]).or_else(|| item.get("startCommand"))?;
        Some((node.text()?.to_owned(), Site::new(path.clone(), node.span)))
    };
    items.filter_map(command).collect()
}

/// Commands that compose gives to services built from the same Dockerfile.
fn composed(facts: &Facts<'_>, image: &Image<'_>) -> Vec<(String, Site)> {
    let Some(file) = &image.dockerfile else { return Vec::new() };
    let mut found = Vec::new();
    for compose in facts.composes.values() {
        let builds = compose.services.iter().filter(|service| {
            service
                .build
                .as_ref()
                .is_some_and(|build| build.dockerfile.value == file.path && build.target.is_none())
        });
        found.extend(builds.filter_map(|service| {
            let command = service.command.as_ref()?;
            Some((command.value.clone(), Site::new(compose.path.clone(), command.span)))
        }));
    }
    found
}

/// Directories of `PYTHONPATH`, from ENV and from the command itself; `None` when a variable hides one.
fn python_path(text: &str, stage: &Stage) -> Option<Vec<String>> {
    let from_env = stage.env.get("PYTHONPATH").map_or(Some(String::new()), Clone::clone)?;
    let inline = text
        .split("PYTHONPATH=")
        .skip(1)
        .filter_map(|rest| rest.trim_start_matches(['"', '\'']).split([' ', '\'', '"', ';', '&']).next());
    let all: Vec<String> = inline.map(str::to_owned).chain([from_env]).collect();
    let own = |dir: &&str| {
        !dir.is_empty() && !matches!(dir.trim_matches(['$', '{', '}']), "PYTHONPATH" | "PYTHONPATH:-")
    };
    let placed = |dir: &str| {
        let dir = dir
            .strip_prefix("$PWD")
            .or_else(|| dir.strip_prefix("${PWD}"))
            .map_or(dir, |rest| if rest.is_empty() { "." } else { rest.trim_start_matches('/') });
        let known = !dir.contains(['$', '`']);
        known.then(|| if dir.starts_with('/') { join("", dir) } else { join(&stage.workdir, dir) })
    };
    all.iter().flat_map(|list| list.split(':')).filter(own).map(placed).collect()
}

/// The command `simple` without what stands before the program.
pub(super) fn bare(simple: &Simple) -> Vec<String> {
    crate::facts::startup::unwrapped(&simple.words).to_vec()
}

//! The distributions that an image has, as far as manifests and commands tell.

use std::collections::BTreeSet;

use super::Delivered;
use crate::facts::Facts;
use crate::facts::chain::names::brings;
use crate::facts::image::effects::{Effect, effects};
use crate::facts::python_project::normal;

/// What is installed.
#[derive(Debug, Clone, Default)]
pub struct Distributions {
    /// Every distribution that may be there, normalised.
    pub names: BTreeSet<String>,
    /// The manifest that a missing one would have to be added to.
    pub manifest: Option<String>,
    /// True when a lockfile lists everything.
    pub locked: bool,
    /// True when some command may install what is not listed.
    pub open: bool,
    /// True when some command installs distributions.
    pub ran: bool,
}

/// The distributions of the image of `delivered`: those of every manifest at or above the root directory's projects, and
/// those that commands name.
pub fn distributions(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Distributions {
    let mut found = Distributions::default();
    let commands = delivered.image.built_stages().into_iter().flat_map(|stage| delivered.image.runs(stage));
    let mut files: Vec<String> = Vec::new();
    for (view, _, list) in commands {
        for command in list {
            let pip = command.has("install") && (command.program().starts_with("pip") || command.has("pip"));
            let manager = matches!(command.program(), "uv" | "poetry" | "pipenv" | "pdm" | "conda" | "mamba");
            if !pip && !manager {
                found.open |= matches!(command.program(), "conda" | "mamba")
                    || effects(command).contains(&Effect::Anything);
                continue;
            }
            found.ran = true;
            for pair in
                command.words.windows(2).filter(|pair| matches!(pair[0].as_str(), "-r" | "--requirement"))
            {
                let source = command.place(&pair[1]).map(|place| delivered.image.presence(view, &place));
                match source.as_ref().and_then(|presence| presence.source()) {
                    Some(source) => files.push(source.to_owned()),
                    None => found.open = true,
                }
            }
            let bare = |word: &str| {
                normal(word.split(['=', '<', '>', '[', '~', '!', ';', '@']).next().unwrap_or(word))
            };
            found.names.extend(command.plain().map(bare));
            found.open |= manager
                || command
                    .words
                    .iter()
                    .any(|word| word.starts_with("git+") || word == "." || word.starts_with("-e"));
        }
    }
    manifests(facts, delivered, &files, &mut found);
    let brought: Vec<String> =
        found.names.iter().flat_map(|name| brings(name)).map(|name| (*name).to_owned()).collect();
    found.names.extend(brought);
    found
}

fn manifests(facts: &Facts<'_>, delivered: &Delivered<'_>, files: &[String], found: &mut Distributions) {
    let root = &delivered.image.context.root;
    let builder = delivered.image.dockerfile.is_none();
    for (directory, project) in facts.python_projects() {
        let own = builder && directory == root;
        let named = |path: &String| files.contains(path);
        for requirement in &project.requirements {
            let used =
                own || named(&requirement.site.path) || project.includes.contains(&requirement.site.path);
            if used || found.open {
                found.names.insert(requirement.name.clone());
            }
            if used && found.manifest.is_none() {
                found.manifest = Some(requirement.site.path.clone());
            }
        }
        if own || found.open || project.requirements.iter().any(|each| named(&each.site.path)) {
            found.names.extend(project.locked.iter().cloned());
            found.locked |= !project.locked.is_empty();
        }
    }
}

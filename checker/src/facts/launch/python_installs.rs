//! The distributions that an image has, as far as manifests and commands tell.

use std::collections::BTreeSet;

use super::Delivered;
use crate::facts::Facts;
use crate::facts::chain::names::brings;
use crate::facts::image::View;
use crate::facts::image::effects::{Effect, effects};
use crate::facts::image::shell::Simple;
use crate::facts::python_project::normal;
use crate::facts::startup::join;

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
    /// The requirements files that are installed from, in the tree.
    pub lists: Vec<String>,
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
                    || effects(command).contains(&Effect::Anything)
                        && !installs_nothing(facts, delivered, view, command);
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
    // What the start command installs is not followed.
    found.open |= delivered
        .programs
        .iter()
        .any(|program| program.words.iter().any(|word| matches!(word.as_str(), "install" | "sync")));
    manifests(facts, delivered, &files, &mut found);
    found.lists = files;
    let brought: Vec<String> =
        found.names.iter().flat_map(|name| brings(name)).map(|name| (*name).to_owned()).collect();
    found.names.extend(brought);
    found
}

/// True for a program of Python in the tree that starts nothing else.
fn installs_nothing(facts: &Facts<'_>, delivered: &Delivered<'_>, view: View, command: &Simple) -> bool {
    let file = command.plain().find(|word| word.ends_with(".py"));
    let place = file.and_then(|path| command.place(path));
    let text = place.and_then(|place| {
        let presence = delivered.image.presence(view, &place);
        facts.snapshot.text(presence.source()?).ok()
    });
    command.program().starts_with("python")
        && !command.has("-m")
        && text.is_some_and(|text| {
            !["pip", "subprocess", "os.system"].iter().any(|word| text.text.contains(word))
        })
}

fn manifests(facts: &Facts<'_>, delivered: &Delivered<'_>, files: &[String], found: &mut Distributions) {
    let root = &delivered.image.context.root;
    let builder = delivered.image.dockerfile.is_none();
    for (directory, project) in facts.python_projects() {
        let own = builder && directory == root;
        if own && project.is_empty_list(facts.snapshot) {
            found.manifest = Some(join(directory, "requirements.txt"));
        }
        let named = |path: &String| files.contains(path);
        for requirement in &project.requirements {
            let used =
                own || named(&requirement.site.path) || project.includes.contains(&requirement.site.path);
            if used || found.open {
                found.names.insert(requirement.name.clone());
            }
            // Railway's builders install from the list where there are both, and so does a command that names it.
            let path = &requirement.site.path;
            let first = found.manifest.as_ref().is_none_or(|manifest| {
                !named(manifest)
                    && !manifest.ends_with("requirements.txt")
                    && (named(path) || path.ends_with("requirements.txt"))
            });
            if used && first {
                found.manifest = Some(path.clone());
            }
        }
        if own || found.open || project.requirements.iter().any(|each| named(&each.site.path)) {
            found.names.extend(project.locked.iter().cloned());
            found.locked |= !project.locked.is_empty();
        }
    }
}

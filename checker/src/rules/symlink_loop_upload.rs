//! A link that leads back to where it came from.

use crate::facts::Facts;
use crate::facts::workflow::StepAction;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;
use crate::snapshot::{EntryKind, Trigger};

declare_rule! {
    /// A symbolic link points at a directory above itself, and `railway up` follows links.
    ///
    /// ## Why it matters
    /// `railway up` packs what a link points at in the link's place. A link to a directory above itself is packed again
    /// inside itself, until the upload is too large or the command gives up.
    ///
    /// ## What to do
    /// Delete the link, or list it in `.railwayignore`.
    ///
    /// ## What it cannot know
    /// Links that appear only on the machine that uploads. Deployments from GitHub are not concerned.
    ///
    /// ```repo,fires
    /// //- .github/workflows/deploy.yml
    /// on: push
    /// jobs:
    ///   up:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: railway up --ci
    /// //- packages/app/root symlink
    /// ../..
    /// //- Dockerfile
    /// FROM alpine
    /// ```
    ///
    /// ```repo,passes
    /// //- .github/workflows/deploy.yml
    /// on: push
    /// jobs:
    ///   up:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: railway up --ci
    /// //- packages/app/shared symlink
    /// ../shared
    /// //- Dockerfile
    /// FROM alpine
    /// ```
    ///
    /// ```repo,passes
    /// //- packages/app/root symlink
    /// ../..
    /// //- Dockerfile
    /// FROM alpine
    /// ```
    "symlink-loop-upload", Warning, Build, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli", "https://docs.railway.com/cli/up"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let deploys = |step: &crate::facts::workflow::Step| step.action == StepAction::Deploy;
    let uploads = facts.snapshot.trigger == Trigger::RailwayUp
        || facts.workflows().iter().flat_map(|workflow| &workflow.steps).any(deploys);
    if !uploads {
        return;
    }
    for entry in facts.snapshot.entries().iter().filter(|entry| entry.kind == EntryKind::Symlink) {
        let Some(target) = facts.snapshot.link_target(&entry.path) else { continue };
        let directory = entry.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let Some(place) = resolved(directory, &target) else { continue };
        let above = place.is_empty() || directory == place || directory.starts_with(&format!("{place}/"));
        if above {
            out.at(
                Site::file(entry.path.clone()),
                format!("this link leads to `{target}`, a directory that holds it"),
            )
            .help("Delete the link, or list it in `.railwayignore`");
        }
    }
}

/// Where `target` leads from `directory`; `None` when it leaves the repository.
fn resolved(directory: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

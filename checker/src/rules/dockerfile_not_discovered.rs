//! Dockerfiles where Railway does not look.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A Dockerfile lies where Railway finds it only when a setting names it.
    ///
    /// ## Why it matters
    /// Railway takes the file called `Dockerfile` in the service's root directory. A Dockerfile in a folder, or under another
    /// name, is passed over without a word: Railpack builds what it finds at the root, or the log says
    /// `Railpack could not determine how to build the app`.
    ///
    /// ## What to do
    /// Name it in `build.dockerfilePath` or in the variable `RAILWAY_DOCKERFILE_PATH`, or set the service's root directory to
    /// its folder.
    ///
    /// ## What it cannot know
    /// What the dashboard says, which is why it is a note, and one for the repository.
    ///
    /// ```repo,fires
    /// //- apps/api/Dockerfile
    /// FROM node:22
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {}
    /// ```
    ///
    /// The config beside it names another one:
    ///
    /// ```repo,fires
    /// //- backend/railway.json
    /// {"build": {"dockerfilePath": "Dockerfile.ollama"}}
    /// //- backend/Dockerfile
    /// FROM node:22
    /// CMD ["node", "a.js"]
    /// //- backend/Dockerfile.ollama
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    ///
    /// Found by its name, or named:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// CMD ["node", "a.js"]
    /// //- web/Dockerfile
    /// FROM node:22
    /// CMD ["node", "a.js"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"dockerfilePath": "apps/api/Dockerfile"}}
    /// //- apps/api/Dockerfile
    /// FROM node:22
    /// CMD ["node", "a.js"]
    /// ```
    ///
    /// Nothing here is deployed to Railway by a config of its own, and the file is for development:
    ///
    /// ```repo,passes
    /// //- .devcontainer/Dockerfile
    /// FROM node:22
    /// //- docker/Dockerfile.dev
    /// FROM node:22
    /// ```
    "dockerfile-not-discovered", Note, Config, since "0.3.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let at_root = |path: &str| !path.contains('/');
    if facts.iac.is_some()
        || facts.dockerfiles.contains_key("Dockerfile")
        || facts.railway_configs.keys().any(|path| at_root(path))
    {
        return;
    }
    // Services that nothing but the Dockerfile itself speaks for.
    let found: Vec<_> = facts
        .services
        .iter()
        .filter(|service| service.config.is_none() && !service.selected)
        .filter_map(|service| Some((service, service.dockerfile.yes()?)))
        .filter(|(service, choice)| choice.site.is_none() && service.origin.path == choice.path)
        .collect();
    let Some((service, first)) = found.first() else { return };
    let more = match found.len() {
        1 => String::new(),
        count => format!(", nor {} more", count - 1),
    };
    let message = format!(
        "no file names `{}`{more}, and Railway takes only a `Dockerfile` of the service's root directory",
        first.path
    );
    let finding = out.at(Site::file(first.path.clone()), message);
    finding.service(&service.name).help(format!(
        "Write `\"dockerfilePath\": \"{}\"` in a config file, or set the root directory",
        first.path
    ));
    for (_, other) in found.iter().skip(1).take(3) {
        finding.related(Site::file(other.path.clone()), "nor does any file name this one");
    }
}

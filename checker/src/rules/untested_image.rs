//! An image that is built for the first time by Railway.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// No workflow builds the image before Railway does.
    ///
    /// ## Why it matters
    /// A Dockerfile that does not build is found by the deployment, after the merge. A build on the pull request finds it
    /// before, and can start the image once as well.
    ///
    /// ## What to do
    /// Add a workflow with `docker build -f <Dockerfile> .`, or let Preflight build and start it.
    ///
    /// ## What it cannot know
    /// Builds outside of GitHub Actions, and those inside a called workflow or script.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {}
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD ["true"]
    /// //- .github/workflows/ci.yml
    /// on: push
    /// jobs:
    ///   test:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       # docker build would go here
    ///       - run: pytest
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {}
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD ["true"]
    /// //- .github/workflows/ci.yml
    /// on: push
    /// jobs:
    ///   image:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: docker build -t test .
    /// ```
    ///
    /// An image that nothing says is deployed is not judged:
    ///
    /// ```repo,passes
    /// //- tools/Dockerfile
    /// FROM python:3.12
    /// CMD ["true"]
    /// ```
    "untested-image", Note, Build, since "0.1.0",
    sources: ["https://docs.docker.com/build/ci/github-actions/"]
}

/// Words of a step that builds an image.
const BUILDS: [&str; 8] = [
    "docker build",
    "docker buildx",
    "docker/build-push-action",
    "docker/bake-action",
    "docker compose build",
    "docker-compose build",
    "docker compose up",
    "preflight",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    if facts.snapshot.under(".github/workflows").iter().any(|entry| builds(facts, &entry.path)) {
        return;
    }
    let mut seen = Vec::new();
    for (service, file) in facts.images().filter(|(service, _)| service.selected) {
        if seen.contains(&file.path) {
            continue;
        }
        seen.push(file.path.clone());
        out.at(
            Site::file(file.path.clone()),
            "no workflow builds this image, so Railway is the first to try",
        )
        .service(&service.name)
        .help(format!("Add a workflow step: `docker build -f {} .`", file.path));
    }
}

fn builds(facts: &Facts<'_>, path: &str) -> bool {
    let Ok(text) = facts.snapshot.text(path) else { return false };
    let code = text.text.lines().map(|line| line.split(" #").next().unwrap_or(line).trim_start());
    code.filter(|line| !line.starts_with('#')).any(|line| BUILDS.iter().any(|word| line.contains(word)))
}

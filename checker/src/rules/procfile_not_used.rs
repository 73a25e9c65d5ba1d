//! A Procfile beside a Dockerfile.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `Procfile` lies beside the Dockerfile that the service is built from.
    ///
    /// ## Why it matters
    /// Railway's documentation ties Procfiles to Railpack: in a Dockerfile build the `CMD` decides what runs. When the two
    /// differ, one is wrong and nobody knows which; when the builder changes, the other one takes over.
    ///
    /// ## What to do
    /// Delete the Procfile, or rename it, for instance to `Procfile.local`, when it is for development.
    ///
    /// ## What it cannot know
    /// Two field reports say that a Procfile's command reached a service built from a Dockerfile; another such case turned
    /// out to be a command set in the dashboard. So this is a note: verify on the live service.
    ///
    /// ```repo,fires
    /// //- worker/Procfile
    /// worker: python -m worker.main
    /// //- worker/Dockerfile
    /// FROM python:3.12
    /// CMD ["python", "-m", "worker.main"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Procfile
    /// web: gunicorn app:app
    /// ```
    ///
    /// ```repo,passes
    /// //- Procfile.dev
    /// web: gunicorn app:app
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD ["gunicorn", "app:app"]
    /// ```
    "procfile-not-used", Note, Start, since "0.1.0",
    sources: ["https://docs.railway.com/builds/build-configuration", "https://github.com/KonstantinMB/exploreyc/pull/44"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let beside = |directory: &str| {
            if directory.is_empty() { "Procfile".to_owned() } else { format!("{directory}/Procfile") }
        };
        let Some(procfile) = facts.procfiles.get(&beside(directory)) else { continue };
        let Some(first) = procfile.processes.first() else { continue };
        out.at(
            Site::new(procfile.path.clone(), first.span),
            "Railway runs the Dockerfile's command and not this one",
        )
        .service(&service.name)
        .related(Site::file(file.path.clone()), "the service is built from this file")
        .help("Delete the Procfile, or rename it if it is for development");
    }
}

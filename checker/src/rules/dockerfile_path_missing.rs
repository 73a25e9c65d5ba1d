//! The Dockerfile that is named does not exist.

use crate::facts::Facts;
use crate::facts::settings::Key;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The service is built from a Dockerfile that is not there.
    ///
    /// ## Why it matters
    /// The build stops with `failed to read Dockerfile at '…'`.
    ///
    /// ## What to do
    /// Correct `dockerfilePath`, or add the file. A file that git does not track is not there for Railway.
    ///
    /// ## What it cannot know
    /// Reports disagree whether the path counts from the repository or from the service's root directory, so an error is
    /// reported only when the file is found from neither, in no directory of the repository.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE", "dockerfilePath": "docker/Dockerfile.prod"}}
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.toml
    /// [build]
    /// builder = "dockerfile"
    /// //- src/main.py
    /// ```
    ///
    /// From the directory of the config file it is found:
    ///
    /// ```repo,passes
    /// //- worker/railway.json
    /// {"build": {"dockerfilePath": "Dockerfile.worker"}}
    /// //- worker/Dockerfile.worker
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    ///
    /// A leading slash or `./` makes no difference:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"dockerfilePath": "./docker/Dockerfile"}}
    /// //- docker/Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "dockerfile-path-missing", Error, Build, since "0.1.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        if let Some((stated, setting)) =
            service.settings.text(Key::DockerfilePath).filter(|(stated, _)| !stated.is_empty())
        {
            let path = service.dockerfile.yes().map_or(stated, |choice| choice.path.as_str());
            if facts.snapshot.deploys(path) {
                continue;
            }
            report_stated(facts, &service.name, stated, path, &setting.site, out);
        } else if let Some((name, setting)) = service.settings.text(Key::Builder) {
            let wants = name.eq_ignore_ascii_case("DOCKERFILE");
            let may_be_set_elsewhere = !facts.dockerfiles.is_empty();
            if wants && service.dockerfile.is_no() {
                let severity = if may_be_set_elsewhere { Severity::Warning } else { Severity::Error };
                let message = if may_be_set_elsewhere {
                    "the builder is DOCKERFILE, but no file says which and there is no `Dockerfile` here"
                } else {
                    "the builder is DOCKERFILE, but the repository has no Dockerfile"
                };
                out.at(setting.site.clone(), message)
                    .severity(severity)
                    .service(&service.name)
                    .help("Name the file in `build.dockerfilePath`");
            }
        }
    }
}

fn report_stated(
    facts: &Facts<'_>,
    service: &str,
    stated: &str,
    path: &str,
    site: &Site,
    out: &mut Findings,
) {
    let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let tail = format!("/{}", stated.trim_start_matches("./").trim_matches('/'));
    let under_another_root =
        facts.snapshot.entries().iter().any(|entry| entry.tracked && entry.path.ends_with(&tail));
    let untracked = facts.snapshot.entry(path).is_some();
    let message = if untracked {
        format!("`{path}` is not tracked by git, so Railway does not have it")
    } else {
        format!("there is no `{stated}` to build from")
    };
    let candidates: Vec<&String> =
        facts.dockerfiles.keys().filter(|known| file(known) == file(stated)).collect();
    let finding = out.at(site.clone(), message);
    finding.service(service).severity(if under_another_root && !untracked {
        Severity::Warning
    } else {
        Severity::Error
    });
    match candidates.as_slice() {
        [only] if !untracked => {
            finding.help(format!("Write `{only}`"));
            if site.path.ends_with(".json") || site.path.ends_with(".toml") {
                finding.fix(Fix::edit(
                    "Correct the path of the Dockerfile",
                    site.clone(),
                    format!("\"{only}\""),
                ));
            }
        }
        _ if untracked => {
            finding.help("Add the file to git");
        }
        _ => {
            finding.help("Correct the path, or add the file");
        }
    }
}

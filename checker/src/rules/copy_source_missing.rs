//! COPY of something the repository does not have.

use crate::facts::Facts;
use crate::facts::build_context::Absence;
use crate::facts::copies::{self, Missing};
use crate::facts::service::Service;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `COPY` or `ADD` takes a file that is not in the build context.
    ///
    /// ## Why it matters
    /// The build stops with `failed to calculate checksum of ref …: "/x": not found`.
    ///
    /// ## What to do
    /// Correct the path. It counts from the service's root directory, not from the Dockerfile.
    ///
    /// ## What it cannot know
    /// The root directory, unless a file states it: the error is reported only when some source is missing under every
    /// root directory that is possible. Sources with variables, addresses, other stages and patterns are passed over, for
    /// BuildKit lets a pattern match nothing.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// COPY start.sh /start.sh
    /// CMD ["/start.sh"]
    /// ```
    ///
    /// Two sources that want different root directories can never both be there:
    ///
    /// ```repo,fires
    /// //- svc/railway.json
    /// {"build": {"dockerfilePath": "svc/Dockerfile"}}
    /// //- svc/Dockerfile
    /// FROM alpine
    /// COPY requirements.txt .
    /// COPY svc/main.py .
    /// CMD ["true"]
    /// //- svc/requirements.txt
    /// rq
    /// //- svc/main.py
    /// import rq
    /// ```
    ///
    /// From its own directory everything is there:
    ///
    /// ```repo,passes
    /// //- svc/railway.json
    /// {"build": {"dockerfilePath": "Dockerfile"}}
    /// //- svc/Dockerfile
    /// FROM alpine
    /// COPY main.py .
    /// CMD ["true"]
    /// //- svc/main.py
    /// import rq
    /// ```
    ///
    /// Other stages, addresses, variables, heredocs and empty patterns are no files of the context; a stage nobody needs
    /// is not built:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine AS unused
    /// COPY nowhere /
    /// FROM alpine AS build
    /// ARG CONFIG
    /// ADD https://example.com/a.tar.gz /
    /// COPY $CONFIG /etc/app
    /// COPY pack*.json ./
    /// COPY <<EOF /etc/hello
    /// hi
    /// EOF
    /// FROM alpine
    /// COPY --from=build /etc/hello /etc/hello
    /// CMD ["true"]
    /// ```
    "copy-source-missing", Error, Build, since "0.1.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#copy", "https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Some((context, missing)) = copies::missing(facts, service, &file) else { continue };
        for each in missing {
            let Some(message) = message(service, &context.root, &each) else { continue };
            let finding = out.at(Site::new(file.path.clone(), each.source.span), message);
            finding.service(&service.name).help("Correct the path, or add the file");
            if let Some(near) = nearest(facts, &each.source.value) {
                finding.help(format!("Did you mean `{near}`? Correct the path, or add the file"));
            }
        }
    }
}

/// What is to be said of a missing source; `None` when another rule says it.
fn message(service: &Service, root: &str, missing: &Missing) -> Option<String> {
    let source = &missing.source.value;
    let place = if root.is_empty() { "the repository".to_owned() } else { format!("`{root}`") };
    match missing.absence {
        Absence::NotInTree => Some(format!("`{source}` is not in {place}, so the build stops here")),
        Absence::OutsideRoot if service.roots.len() > 1 => Some(format!(
            "`{source}` is not in {place}: from the repository's root it would be, but other sources would not"
        )),
        _ => None,
    }
}

/// The only tracked path that ends in the same name.
fn nearest(facts: &Facts<'_>, source: &str) -> Option<String> {
    let name =
        source.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty() && *name != ".")?;
    let tail = format!("/{name}");
    let mut found = facts
        .snapshot
        .entries()
        .iter()
        .filter(|entry| entry.tracked && (entry.path == name || entry.path.ends_with(&tail)));
    let first = found.next()?;
    found.next().is_none().then(|| first.path.clone())
}

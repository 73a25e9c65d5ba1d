//! Environment files that end up in the image.

use crate::facts::Facts;
use crate::facts::build_context::BuildContext;
use crate::facts::copies;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::snapshot::Entry;

declare_rule! {
    /// An environment file such as `.env` is tracked by git and copied into the image.
    ///
    /// ## Why it matters
    /// Everyone who can pull the image or read the repository has what it holds, and a program that loads it may prefer it
    /// to the variables that Railway sets.
    ///
    /// ## What to do
    /// Set the values as variables of the service, remove the file from git, and ignore it at any depth:
    /// `**/.env` in `.dockerignore`. Values that were ever pushed are known; replace them.
    ///
    /// ## What it cannot know
    /// Whether the values are secret: `.env.example` and its like, and the public defaults of a framework, are passed over
    /// by their names only. Files that git does not track never reach a build from GitHub.
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- .env
    /// TOKEN=hello
    /// ```
    ///
    /// A pattern without `**/` does not reach the nested one:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- .dockerignore
    /// .env
    /// //- api/.env.production
    /// TOKEN=hello
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- .dockerignore
    /// **/.env*
    /// //- .env
    /// TOKEN=hello
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- .env.example
    /// TOKEN=
    /// //- .env untracked
    /// TOKEN=hello
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY main.py .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// print("hello")
    /// //- .env
    /// TOKEN=hello
    /// ```
    "dockerignore-secrets", Warning, Build, since "0.1.0",
    sources: ["https://docs.railway.com/variables", "https://docs.docker.com/build/building/secrets/"]
}

/// Last parts of names of files that are made to be public.
const TEMPLATES: &[&str] = &["example", "sample", "template", "dist", "defaults", "schema", "test", "ci"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let sources = copies::context_sources(&file);
        // Only what every possible root directory sends is certain.
        let contexts: Vec<_> =
            service.roots.iter().map(|root| facts.build_context(root, &file.path)).collect();
        let Some(context) = contexts.first() else { continue };
        for entry in context.entries.iter().filter(|entry| entry.tracked && is_secret(&entry.path)) {
            let taken = sources
                .iter()
                .find(|(_, source)| contexts.iter().all(|each| sends(each, &source.value, entry)));
            let Some((_, source)) = taken else { continue };
            let message = format!("`{}` is copied into the image", entry.path);
            let finding = out.at(Site::new(file.path.clone(), source.span), message);
            finding
                .service(&service.name)
                .related(Site::file(entry.path.clone()), "the environment file")
                .help("Add `**/.env*` to `.dockerignore` and set the values as variables of the service")
                .fix(ignore_fix(facts, context));
        }
    }
}

fn sends(context: &BuildContext<'_>, source: &str, entry: &Entry) -> bool {
    let sent = context.entries.binary_search_by(|each| each.path.cmp(&entry.path)).is_ok();
    sent && BuildContext::takes(source, context.relative(entry))
}

fn is_secret(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some(rest) = name.strip_prefix(".env") else { return false };
    let last = rest.rsplit('.').next().unwrap_or(rest);
    (rest.is_empty() || rest.starts_with('.')) && !TEMPLATES.contains(&last)
}

fn ignore_fix(facts: &Facts<'_>, context: &BuildContext<'_>) -> Fix {
    let lines = "**/.env*\n!**/.env.example\n";
    let (at, lines) = match &context.ignore {
        Some(ignore) => {
            let text = facts.snapshot.text(&ignore.path).map(|text| text.text.clone()).unwrap_or_default();
            let glue = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            (Site::new(ignore.path.clone(), text.len()..text.len()), format!("{glue}{lines}"))
        }
        None if context.root.is_empty() => (Site::file(".dockerignore"), lines.to_owned()),
        None => (Site::file(format!("{}/.dockerignore", context.root)), lines.to_owned()),
    };
    Fix::edit("Ignore environment files at any depth", at, lines)
}

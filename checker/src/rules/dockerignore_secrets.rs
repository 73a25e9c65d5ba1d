//! Environment files that end up in the image.

use crate::facts::Facts;
use crate::facts::build_context::BuildContext;
use crate::facts::copies;
use crate::finding::{Findings, Fix, Severity, Site};
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
    /// Whether the values are secret. A file that gives no value to a name such as `…_KEY` or `…_TOKEN` is a note;
    /// `.env.example` and its like are passed over by their names. Files that git does not track never reach a build from GitHub.
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
    /// Settings that anybody may see are a note:
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM node:22
    /// COPY . .
    /// CMD ["node", "a.js"]
    /// //- .env.production
    /// VITE_API_KEY=public
    /// SECRET_KEY=change-me
    /// API_URL=https://example.com
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
const TEMPLATES: &[&str] =
    &["example", "exemple", "sample", "template", "dist", "defaults", "schema", "test", "ci"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let secrets: Vec<_> =
        facts.snapshot.entries().iter().filter(|entry| entry.tracked && is_secret(&entry.path)).collect();
    for (service, file) in facts.images() {
        let sources = copies::context_sources(&file);
        // Only what every possible root directory sends is certain.
        let contexts: Vec<_> =
            service.roots.iter().map(|root| facts.build_context(root, &file.path)).collect();
        let Some(context) = contexts.first() else { continue };
        let taken = secrets.iter().filter_map(|entry| {
            let sent = |source: &str| contexts.iter().all(|each| sends(each, source, entry));
            sources.iter().find(|(_, source)| sent(&source.value)).map(|(_, source)| (entry, source.span))
        });
        let taken: Vec<_> = taken.collect();
        // The one that holds secrets is told, and the others with it.
        let holding = taken.iter().find(|(entry, _)| holds_secrets(facts, &entry.path));
        let Some((entry, span)) = holding.or_else(|| taken.first()) else { continue };
        let more = match taken.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!("`{}`{more} is copied into the image", entry.path);
        let finding = out.at(Site::new(file.path.clone(), *span), message);
        for (entry, _) in &taken {
            finding.related(Site::file(entry.path.clone()), "the environment file");
        }
        finding
            .service(&service.name)
            .help("Add `**/.env*` to `.dockerignore` and set the values as variables of the service")
            .fix(ignore_fix(facts, context));
        if holding.is_none() {
            finding.severity(Severity::Note);
        }
    }
}

/// True when a line gives a value to a name of a secret.
fn holds_secrets(facts: &Facts<'_>, path: &str) -> bool {
    let Ok(text) = facts.snapshot.text(path) else { return false };
    text.text.lines().filter_map(|line| line.trim_start_matches("export ").split_once('=')).any(
        |(name, value)| {
            let public = ["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "EXPO_PUBLIC_", "NUXT_PUBLIC_", "#"];
            let secret = ["KEY", "SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL"];
            let value = value.trim().trim_matches(['"', '\'']);
            let filler = ["your", "xxx", "change", "<", "example", "placeholder", "..."];
            secret.iter().any(|word| name.contains(word))
                && !public.iter().any(|prefix| name.trim_start().starts_with(prefix))
                && !value.is_empty()
                && !filler.iter().any(|word| value.to_ascii_lowercase().contains(word))
        },
    )
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

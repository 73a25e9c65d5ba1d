//! Nothing trims the build context.

use crate::facts::Facts;
use crate::facts::copies;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The whole repository is copied into the image and no `.dockerignore` trims it.
    ///
    /// ## Why it matters
    /// Everything that travels is copied, hashed and kept in the image; a change to any file rebuilds the layer. From GitHub
    /// only tracked files travel, so `node_modules` and `.git` rarely do; with `railway up` or a local build they would.
    ///
    /// ## What to do
    /// Add a `.dockerignore`. Its patterns count from the root, so a name at any depth is written `**/name`.
    ///
    /// ## What it cannot know
    /// How long the build takes: a note, and a warning above 100 MB. Named paths, or an ignore file of the Dockerfile's own,
    /// are fine.
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// print("hello")
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- data.bin size=200000000
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- Dockerfile.dockerignore
    /// **/.env
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY main.py .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// print("hello")
    /// ```
    "missing-dockerignore", Note, Build, since "0.1.0",
    sources: ["https://docs.docker.com/build/concepts/context/#dockerignore-files", "https://docs.railway.com/deployments/troubleshooting/slow-deployments"]
}

/// Bytes above which the context is slow to send and to hash.
const LARGE: u64 = 100_000_000;

const STARTER: &str = "**/.git\n**/.env\n**/.env.*\n!**/.env.example\n**/node_modules\n**/__pycache__\n**/*.pyc\n**/.venv\n**/.pytest_cache\n**/.next\n**/*.log\n";

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let whole = copies::context_sources(&file)
            .into_iter()
            .find(|(_, source)| matches!(source.value.as_str(), "." | "./" | "/"));
        let Some((_, source)) = whole else { continue };
        let Some((context, _)) = copies::likely(facts, service, &file) else { continue };
        if context.ignore.is_some() {
            continue;
        }
        let largest: Vec<String> = context
            .contributors(2)
            .iter()
            .map(|each| format!("`{}` {}", each.path, size(each.bytes)))
            .collect();
        let message = format!(
            "no `.dockerignore` trims the build context: {} files, {} ({})",
            context.entries.len(),
            size(context.bytes),
            largest.join(", ")
        );
        let path = if context.root.is_empty() {
            ".dockerignore".to_owned()
        } else {
            format!("{}/.dockerignore", context.root)
        };
        let finding = out.at(Site::new(file.path.clone(), source.span), message);
        finding.service(&service.name).help(format!("Add `{path}`")).fix(Fix::edit(
            "Add a .dockerignore",
            Site::file(path),
            STARTER,
        ));
        if context.bytes > LARGE {
            finding.severity(Severity::Warning);
        }
    }
}

/// Bytes in decimal units, as builders print them.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

//! A change that does not deploy.

use crate::facts::Facts;
use crate::facts::copies::{context_sources, likely};
use crate::facts::gitignore::Patterns;
use crate::facts::settings::{Key, Source};
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The image takes files that no watch pattern covers.
    ///
    /// ## Why it matters
    /// Railway deploys a push only when a changed file matches a watch pattern. A change to a shared library, the lock file or
    /// the Dockerfile itself is merged and not deployed, and nobody is told but the build log: `No changed files matched
    /// patterns`.
    ///
    /// ## What to do
    /// Add a pattern for each path that the Dockerfile copies, and one for the Dockerfile.
    ///
    /// ## What it cannot know
    /// Whether the file is meant to be left out. `COPY . .` is not held against anybody; only paths that are named are.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"dockerfilePath": "api/Dockerfile", "watchPatterns": ["/api/**"]}}
    /// //- api/Dockerfile
    /// FROM python:3.12
    /// COPY shared shared
    /// COPY api api
    /// //- api/main.py
    /// print()
    /// //- shared/lib.py
    /// print()
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [build]
    /// dockerfilePath = "docker/Dockerfile"
    /// watchPatterns = ["src/**"]
    /// //- docker/Dockerfile
    /// FROM python:3.12
    /// COPY src src
    /// //- src/main.py
    /// print()
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"dockerfilePath": "api/Dockerfile", "watchPatterns": ["/api/**", "/shared/**"]}}
    /// //- api/Dockerfile
    /// FROM python:3.12
    /// COPY shared shared
    /// COPY api api
    /// COPY . .
    /// //- api/main.py
    /// print()
    /// //- shared/lib.py
    /// print()
    /// ```
    ///
    /// Without patterns every push is deployed:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"dockerfilePath": "api/Dockerfile"}}
    /// //- api/Dockerfile
    /// FROM python:3.12
    /// COPY api api
    /// //- api/main.py
    /// print()
    /// ```
    "watch-misses-dependency", Warning, Config, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/monorepo", "https://docs.railway.com/builds/build-configuration"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Some(setting) = service.settings.base.get(&Key::WatchPatterns) else { continue };
        let Some(written) = super::watch_no_match::patterns(setting) else { continue };
        let patterns = Patterns::parse(&written.join("\n"));
        let watches_any = facts.snapshot.entries().iter().any(|entry| patterns.ignores(&entry.path));
        let Some((context, missing)) = likely(facts, service, &file) else { continue };
        if !watches_any || !missing.is_empty() {
            continue;
        }
        let mut lost: Vec<(String, Span)> = Vec::new();
        if !patterns.ignores(&file.path) {
            lost.push((format!("/{}", file.path), Span::START));
        }
        for (_, source) in context_sources(&file) {
            let entries: Vec<&str> =
                context.matches(&source.value).map(|entry| entry.path.as_str()).collect();
            let whole = source.value.trim_matches(['.', '/', '*']).is_empty();
            if whole || entries.is_empty() || entries.iter().any(|path| patterns.ignores(path)) {
                continue;
            }
            let below = if context.root.is_empty() { String::new() } else { format!("{}/", context.root) };
            let path = format!("/{below}{}", source.value.trim_start_matches("./").trim_matches('/'));
            let is_directory = facts.snapshot.is_directory(path.trim_start_matches('/'));
            let pattern = if is_directory { format!("{path}/**") } else { path };
            if !lost.iter().any(|(known, _)| *known == pattern) {
                lost.push((pattern, source.span));
            }
        }
        let Some((first, span)) = lost.first() else { continue };
        let names: Vec<String> = lost.iter().take(4).map(|(pattern, _)| format!("`{pattern}`")).collect();
        let message = format!("no pattern covers {}, so a change there is not deployed", names.join(", "));
        let finding = out.at(setting.site.clone(), message);
        finding
            .service(&service.name)
            .related(Site::new(file.path.clone(), *span), format!("`{first}` is used here"))
            .help(format!("Add {}", names.join(", ")));
        let text = facts.snapshot.text(&setting.site.path);
        if let (Source::ConfigFile, Ok(text)) = (setting.source, text) {
            let value = setting.site.span;
            if value.of(&text.text).starts_with('[') {
                let more: String = lost.iter().map(|(pattern, _)| format!("\"{pattern}\", ")).collect();
                let start = Span::new(value.start + 1, value.start + 1);
                finding.fix(Fix::edit("Watch them, too", Site::new(setting.site.path.clone(), start), more));
            }
        }
    }
}

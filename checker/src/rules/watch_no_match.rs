//! Watch patterns that watch nothing.

use crate::facts::Facts;
use crate::facts::gitignore::Patterns;
use crate::facts::settings::{Key, Setting, Source, Value};
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A watch pattern matches no file of the repository.
    ///
    /// ## Why it matters
    /// Watch patterns always begin at the root of the repository, whatever the root directory is. When no changed file
    /// matches any of them, Railway skips the deployment: `No changed files matched patterns`.
    ///
    /// ## What to do
    /// Write the pattern as seen from the root of the repository: `/api/src/**`, not `src/**`.
    ///
    /// ## What it cannot know
    /// Files that are yet to be added. A pattern beside others that match is a note.
    ///
    /// ```repo,fires
    /// //- api/railway.json
    /// {"build": {"watchPatterns": ["/src/**"]}}
    /// //- api/src/main.py
    /// print()
    /// ```
    ///
    /// ```repo,fires,note
    /// //- railway.toml
    /// [build]
    /// watchPatterns = ["src/**", "*.rb"]
    /// //- src/main.py
    /// print()
    /// ```
    ///
    /// ```repo,passes
    /// //- api/railway.json
    /// {"build": {"watchPatterns": ["/api/src/**", "api/*.json", "!*.md"]}}
    /// //- api/src/main.py
    /// print()
    /// ```
    ///
    /// A pattern without an inner slash matches at every depth:
    ///
    /// ```repo,passes
    /// //- api/railway.json
    /// {"build": {"watchPatterns": ["*.py"]}}
    /// //- api/src/main.py
    /// print()
    /// ```
    "watch-no-match", Warning, Config, since "0.2.0",
    sources: ["https://docs.railway.com/builds/build-configuration", "https://docs.railway.com/deployments/monorepo"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::WatchPatterns) {
            let Some(patterns) = patterns(setting) else { continue };
            let dead: Vec<&str> = patterns
                .iter()
                .copied()
                .filter(|pattern| !pattern.starts_with('!') && !matches(facts, pattern))
                .collect();
            let all = dead.len() == patterns.iter().filter(|pattern| !pattern.starts_with('!')).count();
            for pattern in &dead {
                let site = place(facts, setting, pattern);
                let message = if all {
                    format!("`{pattern}` matches no file of the repository, so no push is deployed")
                } else {
                    format!("`{pattern}` matches no file of the repository")
                };
                let finding = out.at(site.clone(), message);
                finding
                    .service(&service.name)
                    .help("Write the pattern as seen from the root of the repository");
                if !all {
                    finding.severity(crate::finding::Severity::Note);
                }
                if let Some(meant) = prefixed(facts, service.config.as_deref(), pattern) {
                    finding.help(format!("Write `{meant}`"));
                    let whole = site.span != setting.site.span && setting.source == Source::ConfigFile;
                    if whole {
                        finding.fix(Fix::edit(
                            "Begin the pattern at the root of the repository",
                            site,
                            meant,
                        ));
                    }
                }
            }
        }
    }
}

/// The patterns of `setting`.
pub(super) fn patterns(setting: &Setting) -> Option<Vec<&str>> {
    let Value::List(items) = setting.value.yes()? else { return None };
    let texts: Option<Vec<&str>> = items.iter().map(Value::text).collect();
    texts.filter(|texts| texts.iter().any(|text| !text.trim().is_empty()))
}

/// Where `pattern` stands inside the value of `setting`, without its quotes.
fn place(facts: &Facts<'_>, setting: &Setting, pattern: &str) -> Site {
    let found = facts.snapshot.text(&setting.site.path).ok().and_then(|text| {
        let inside = setting.site.span.of(&text.text);
        let quoted = |quote: char| inside.find(&format!("{quote}{pattern}{quote}"));
        let start = quoted('"').or_else(|| quoted('\''))? + setting.site.span.start + 1;
        Some(Span::new(start, start + pattern.len()))
    });
    Site::new(setting.site.path.clone(), found.unwrap_or(setting.site.span))
}

fn matches(facts: &Facts<'_>, pattern: &str) -> bool {
    let patterns = Patterns::parse(pattern);
    facts.snapshot.entries().iter().any(|entry| entry.tracked && patterns.ignores(&entry.path))
}

/// The pattern with the directory of the config before it, where that matches something.
fn prefixed(facts: &Facts<'_>, config: Option<&str>, pattern: &str) -> Option<String> {
    let directory = config?.rsplit_once('/')?.0;
    let body = pattern.trim_start_matches("./").trim_start_matches('/');
    let meant = format!("/{directory}/{body}");
    matches(facts, &meant).then_some(meant)
}

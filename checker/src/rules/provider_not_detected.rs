//! Nothing tells the builder which language it builds.

use crate::facts::Facts;
use crate::facts::builder_commands::{has_own_plan, is_built_by_railway, stated};
use crate::facts::image::shell::commands;
use crate::facts::service::Service;
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The root directory has no file by which Railway's builder knows the language.
    ///
    /// ## Why it matters
    /// Railpack and Nixpacks look at the files of the root directory only. Without a `package.json`, `requirements.txt`,
    /// `go.mod` or another sign there, the log says `Railpack could not determine how to build the app`, or the image has no
    /// language at all and the build command ends with `npm: command not found`.
    ///
    /// ## What to do
    /// Set the service's root directory to the folder with the program, or name the language in `nixpacks.toml`
    /// (`providers = ["node"]`), or write a Dockerfile.
    ///
    /// ## What it cannot know
    /// The root directory that the dashboard may state. So this is a warning, and only where the commands go into a folder
    /// of their own (`cd backend && …`) or no folder has a program either.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [build]
    /// builder = "nixpacks"
    /// buildCommand = "cd backend && npm ci"
    /// [deploy]
    /// startCommand = "cd backend && npm start"
    /// //- backend/package.json
    /// {"scripts": {"start": "node index.js"}}
    /// ```
    ///
    /// The language is told, or the root directory may be set to the folder:
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [build]
    /// builder = "nixpacks"
    /// buildCommand = "cd backend && npm ci"
    /// //- nixpacks.toml
    /// providers = ["node"]
    /// //- backend/package.json
    /// {"scripts": {"start": "node index.js"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "npm start"}}
    /// //- backend/package.json
    /// {"scripts": {"start": "node index.js"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "cd src && python app.py"}}
    /// //- requirements.txt
    /// flask
    /// //- src/app.py
    /// print()
    /// ```
    "provider-not-detected", Warning, Build, since "0.3.0",
    sources: ["https://railpack.com/getting-started", "https://nixpacks.com/docs/providers/node"]
}

/// Files by which a builder knows a language, and endings that are such a sign.
const SIGNS: &[&str] = &[
    "package.json",
    "deno.json",
    "deno.jsonc",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "setup.py",
    "poetry.lock",
    "uv.lock",
    "environment.yml",
    "go.mod",
    "go.work",
    "Cargo.toml",
    "Gemfile",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "gradlew",
    "build.xml",
    "mix.exs",
    "pubspec.yaml",
    "gleam.toml",
    "CMakeLists.txt",
    "meson.build",
    "Staticfile",
    "index.html",
    "start.sh",
    "Package.swift",
    "shard.yml",
    "project.clj",
    "build.sbt",
    "stack.yaml",
    "package.yaml",
    "build.zig",
    "deps.edn",
    "Makefile",
    "bun.lockb",
    "bun.lock",
    "manage.py",
    "Dockerfile",
    "dockerfile",
    "artisan",
];
const ENDINGS: &[&str] =
    &["py", "csproj", "fsproj", "vbproj", "sln", "go", "cabal", "zig", "rkt", "cr", "php"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| is_built_by_railway(service)) {
        if has_own_plan(facts, service) || service.roots.iter().any(|root| has_sign(facts, root)) {
            continue;
        }
        let all = stated(facts, service);
        let entered = all.iter().find(|each| {
            commands(&each.text, "", true).iter().any(|command| {
                !command.dir.is_empty()
                    && service.roots.iter().any(|root| facts.snapshot.is_directory(&join(root, &command.dir)))
            })
        });
        let unread = || unread(facts, service);
        let entered = entered.map(|each| each.site.clone()).or_else(unread);
        let site = entered.clone().unwrap_or_else(|| Site::file(service.origin.path.clone()));
        let nowhere = !facts.snapshot.entries().iter().any(|entry| is_sign(&entry.path));
        if entered.is_none() && !nowhere {
            continue;
        }
        let place = match service.roots.first().map(String::as_str) {
            Some("") | None => "the root of the repository".to_owned(),
            Some(root) => format!("`{root}`"),
        };
        let message = format!("no file in {place} tells the builder which language this is");
        let finding = out.at(site, message);
        finding.service(&service.name);
        finding.help("Set the service's root directory to the folder with the program, or name the provider in `nixpacks.toml`");
    }
}

/// A command that goes into a folder, in a config file whose values could not be read.
fn unread(facts: &Facts<'_>, service: &Service) -> Option<Site> {
    let path = service.config.as_ref()?;
    let text = facts.snapshot.text(path).ok()?;
    let (at, folder) = text.text.match_indices("\"cd ").find_map(|(at, word)| {
        let folder = text.text[at + word.len()..].split_whitespace().next()?;
        Some((at, folder.trim_start_matches("./").trim_end_matches('/')))
    })?;
    let known = service.roots.iter().any(|root| facts.snapshot.is_directory(&join(root, folder)));
    (known && service.settings.base.is_empty()).then(|| Site::new(path.clone(), at..at + 3))
}

fn has_sign(facts: &Facts<'_>, root: &str) -> bool {
    let skip = if root.is_empty() { 0 } else { root.len() + 1 };
    let inside = facts.snapshot.under(root).iter();
    inside
        .filter(|entry| entry.path.len() > skip && !entry.path[skip..].contains('/'))
        .any(|entry| is_sign(&entry.path))
        || facts.snapshot.is_directory(&join(root, "public"))
}

fn is_sign(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    SIGNS.contains(&name) || name.rsplit_once('.').is_some_and(|(_, end)| ENDINGS.contains(&end))
}

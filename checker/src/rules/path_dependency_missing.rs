//! A dependency of the project lies outside of the repository.

use crate::facts::Facts;
use crate::facts::document::{self, Node, NodeKind};
use crate::facts::service::Service;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::snapshot::{EntryKind, Text};
use crate::span::Span;

declare_rule! {
    /// A manifest asks for a package at a path that the repository does not have.
    ///
    /// ## Why it matters
    /// On the developer's machine the other project lies next to this one. The builder has only the repository:
    /// `failed to read /multi-tool/Cargo.toml`, `replacement directory ../tool does not exist`, or from pip
    /// `../tool is not a valid editable requirement`.
    ///
    /// ## What to do
    /// Ask for it by its git address or from the registry, or move it into the repository.
    ///
    /// ## What it cannot know
    /// Which service needs the manifest when it does not lie in a service's root directory: that is a warning. So is a path of
    /// npm, which may leave a link that leads nowhere. Paths inside of the repository that are there are passed over.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- Cargo.toml
    /// [package]
    /// name = "web"
    /// [dependencies]
    /// cache = { version = "1", path = "../cache" }
    /// //- src/main.rs
    /// fn main() {}
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- go.mod
    /// module web
    /// require example.com/tool v1.0.0
    /// replace example.com/tool => ../tool
    /// //- main.go
    /// package main
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// -e ../shared
    /// //- main.py
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"dependencies": {"shared": "file:../shared"}}
    /// ```
    ///
    /// Packages of the repository, other sources, a vendored module, and a project that no service builds:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- Cargo.toml
    /// [package]
    /// name = "web"
    /// [dependencies]
    /// cache = { path = "crates/cache" }
    /// other = { git = "https://example.com/other" }
    /// [[bin]]
    /// name = "web"
    /// path = "../elsewhere.rs"
    /// //- crates/cache/Cargo.toml
    /// [package]
    /// name = "cache"
    /// [dependencies]
    /// web = { path = "../.." }
    /// //- go.mod
    /// module web
    /// replace example.com/tool => ../tool
    /// //- vendor/modules.txt
    /// # example.com/tool
    /// //- package.json
    /// {"dependencies": {"x": "file:./local", "y": "workspace:*"}}
    /// //- local/package.json
    /// {}
    /// ```
    "path-dependency-missing", Error, Build, since "0.3.0",
    sources: [
        "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html#specifying-path-dependencies",
        "https://go.dev/ref/mod#go-mod-file-replace",
        "https://docs.npmjs.com/cli/configuring-npm/package-json#local-paths",
    ]
}

/// A path that a manifest names.
struct Wanted {
    span: Span,
    path: String,
    /// True when the build certainly stops without it.
    certain: bool,
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    if facts.services.is_empty() {
        return;
    }
    let entries = facts.snapshot.entries().iter();
    for entry in entries.filter(|entry| entry.kind == EntryKind::File && facts.snapshot.travels(entry)) {
        let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let known =
            matches!(name, "Cargo.toml" | "go.mod" | "package.json" | "pyproject.toml" | "requirements.txt");
        if !known || entry.path.contains("node_modules/") {
            continue;
        }
        let Ok(text) = facts.snapshot.text(&entry.path) else { continue };
        if !text.text.contains("..") {
            continue;
        }
        let wanted = match name {
            "Cargo.toml" => cargo(&text),
            "go.mod" => go(facts, directory, &text),
            "package.json" => npm(&text),
            "pyproject.toml" => pyproject(&text),
            _ => requirements(&text),
        };
        for each in wanted.into_iter().filter(|each| is_outside(directory, &each.path)) {
            let message =
                format!("`{}` leads out of the repository, so the builder has nothing there", each.path);
            let builder = |service: &&Service| service.roots.len() == 1 && service.roots[0] == directory;
            let owner = facts.services.iter().find(builder);
            let finding = out.at(Site::new(entry.path.clone(), each.span), message);
            finding
                .help("Ask for it by its git address or from the registry, or move it into the repository");
            if let Some(service) = owner {
                finding.service(&service.name);
            }
            if !each.certain || !owner.is_some_and(|service| needs(facts, service, directory, name)) {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// True when the image of `service` certainly installs what the manifest `name` of its root directory asks for.
fn needs(facts: &Facts<'_>, service: &Service, directory: &str, name: &str) -> bool {
    const KINDS: [&[&str]; 6] = [
        &["Cargo.toml"],
        &["go.mod"],
        &["package.json"],
        &["requirements.txt", "pyproject.toml"],
        &["composer.json"],
        &["Gemfile"],
    ];
    let delivered =
        facts.delivered().iter().find(|each| each.service(facts).is_some_and(|own| own.name == service.name));
    let Some(image) = delivered.map(|each| &each.image).filter(|_| service.selected) else { return false };
    if image.dockerfile.is_none() {
        let there = |names: &&&[&str]| {
            names.iter().any(|name| facts.snapshot.entry(&join(directory, name)).is_some())
        };
        return KINDS.iter().filter(there).count() == 1;
    }
    let tool = match name {
        "Cargo.toml" => "cargo",
        "go.mod" => "go",
        _ => "pip",
    };
    let stages = image.built_stages().into_iter();
    let runs: Vec<_> =
        stages.flat_map(|stage| image.runs(stage)).flat_map(|(.., commands)| commands).collect();
    image.copies(&join(directory, name))
        && runs.iter().any(|command| command.program().starts_with(tool) && !command.tolerated)
        && !runs.iter().any(|command| {
            command.words.iter().any(|word| word.ends_with(name))
                && matches!(command.program(), "sed" | "perl")
        })
}

/// True when `path` from `directory` climbs out of the tree.
fn is_outside(directory: &str, path: &str) -> bool {
    let mut depth = directory.split('/').filter(|part| !part.is_empty()).count();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

fn cargo(text: &Text) -> Vec<Wanted> {
    let Ok(root) = document::toml(&text.text) else { return Vec::new() };
    let mut found = Vec::new();
    let tables = |node: &Node| {
        ["dependencies", "dev-dependencies", "build-dependencies"]
            .iter()
            .filter_map(|key| node.get(key))
            .cloned()
            .collect::<Vec<_>>()
    };
    let mut lists = tables(&root);
    lists.extend(root.get("workspace").map(&tables).unwrap_or_default());
    for target in root.get("target").map_or(&[][..], Node::members) {
        lists.extend(tables(&target.value));
    }
    lists.extend(root.get("patch").map_or(&[][..], Node::members).iter().map(|source| source.value.clone()));
    for member in lists.iter().flat_map(Node::members) {
        if let Some(node) = member.value.get("path")
            && let Some(path) = node.text()
        {
            found.push(Wanted { span: node.span, path: path.to_owned(), certain: true });
        }
    }
    found
}

fn go(facts: &Facts<'_>, directory: &str, text: &Text) -> Vec<Wanted> {
    // With a directory of all modules nothing is looked for.
    if facts.snapshot.entry(&join(directory, "vendor/modules.txt")).is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let code = line.split("//").next().unwrap_or_default();
        if let Some((_, path)) = code.split_once("=>")
            && let path = path.trim()
            && path.starts_with("..")
        {
            found.push(Wanted {
                span: Span::new(at, at + line.trim_end().len()),
                path: path.to_owned(),
                certain: true,
            });
        }
    }
    found
}

fn npm(text: &Text) -> Vec<Wanted> {
    let Ok(root) = document::json(&text.text) else { return Vec::new() };
    let lists =
        ["dependencies", "devDependencies", "optionalDependencies"].iter().filter_map(|key| root.get(key));
    let members = lists.flat_map(|list| list.members().to_vec()).collect::<Vec<_>>();
    let path = |member: &document::Member| {
        let text = member.value.text()?;
        let path = text.strip_prefix("file:").or_else(|| text.strip_prefix("link:"))?;
        Some(Wanted { span: member.value.span, path: path.to_owned(), certain: false })
    };
    members.iter().filter_map(path).collect()
}

fn pyproject(text: &Text) -> Vec<Wanted> {
    let Ok(root) = document::toml(&text.text) else { return Vec::new() };
    let uv = root.at(&["tool", "uv", "sources"]);
    let poetry = root.at(&["tool", "poetry", "dependencies"]);
    let members = [uv, poetry].into_iter().flatten().flat_map(Node::members);
    let path = |member: &document::Member| {
        let node =
            matches!(member.value.kind, NodeKind::Map(_)).then(|| member.value.get("path")).flatten()?;
        Some(Wanted { span: node.span, path: node.text()?.to_owned(), certain: true })
    };
    members.filter_map(path).collect()
}

fn requirements(text: &Text) -> Vec<Wanted> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let path = line
            .trim()
            .trim_start_matches("--editable")
            .trim_start_matches("-e")
            .trim_start_matches(['=', ' ']);
        if path.starts_with("../") {
            let path = path.split([' ', '[']).next().unwrap_or(path).to_owned();
            found.push(Wanted { span: Span::new(at, at + line.trim_end().len()), path, certain: true });
        }
    }
    found
}

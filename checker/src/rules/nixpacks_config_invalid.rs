//! A Nixpacks configuration that does not build.

use crate::facts::Facts;
use crate::facts::document::{Node, NodeKind};
use crate::facts::nixpacks::{self, Nixpacks};
use crate::facts::service::Builder;
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::known::Known;
use crate::rule::declare_rule;
use crate::snapshot::EntryKind;
use crate::span::Span;

declare_rule! {
    /// `nixpacks.toml` does not parse, has a value of the wrong kind, phases in a circle, or a tool that is not there.
    ///
    /// ## Why it matters
    /// A value of the wrong kind stops Nixpacks before it builds: `invalid type: map, expected a sequence`. A list `nixPkgs`
    /// takes the place of the packages that Nixpacks would choose: with `python311` alone there is no pip, and the step ends
    /// with `pip: command not found`; with Nix's own pip it ends with `error: externally-managed-environment`. Phases that wait
    /// for each other never begin, and a file called `.nixpacks` lies where Nixpacks makes a directory:
    /// `Is a directory (os error 21)`.
    ///
    /// ## What to do
    /// Write lists as lists. Keep the builder's own packages with `"..."` in `nixPkgs`, or call `python -m venv` and the pip
    /// inside it. Better, move to Railpack or a Dockerfile: Nixpacks is no longer developed.
    ///
    /// ## What it cannot know
    /// Which builder the dashboard holds. It is an error where a config file names Nixpacks, a warning where nothing names a
    /// builder.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [providers]
    /// python = true
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- api/nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python311", "gcc"]
    /// [phases.install]
    /// cmds = ["pip install -r requirements.txt"]
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["ffmpeg"]
    /// [phases.install]
    /// cmds = ["npm ci"]
    /// ```
    ///
    /// Pip outside a virtual environment, which Nix's Python does not have or does not allow:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python311", "python311Packages.pip"]
    /// [phases.install]
    /// cmds = ["pip install -r requirements.txt"]
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python311Full"]
    /// [phases.install]
    /// cmds = ["python -m pip install -r requirements.txt"]
    /// ```
    ///
    /// A Dockerfile in another folder is another service's:
    ///
    /// ```repo,fires,warning
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python311Full"]
    /// [phases.install]
    /// cmds = ["python -m pip install -r api/requirements.txt"]
    /// //- api/Dockerfile
    /// FROM python:3.12
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railpack.json
    /// {}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python311Full"]
    /// [phases.install]
    /// cmds = ["python -m pip install -r api/requirements.txt"]
    /// ```
    ///
    /// Phases in a circle, as `build` waits for `install` anyway; and a file in the way:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.install]
    /// dependsOn = ["build"]
    /// cmds = ["cp target/release/web ."]
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- .nixpacks
    /// providers = ["python"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python311", "python311Packages.pip"]
    /// [phases.install]
    /// cmds = ["pip install --break-system-packages -r requirements.txt"]
    /// [phases.assets]
    /// dependsOn = ["install"]
    /// cmds = ["true"]
    /// [phases.build]
    /// dependsOn = ["assets", "setup"]
    /// cmds = ["..."]
    /// //- .nixpacks/assets/x.txt
    /// x
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// providers = ["python"]
    /// [phases.setup]
    /// nixPkgs = ["...", "ffmpeg"]
    /// [phases.install]
    /// cmds = ["pip install -r requirements.txt"]
    /// [start]
    /// cmd = "python main.py"
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["pkgs.nodejs_20"]
    /// [phases.install]
    /// cmds = ["npm ci"]
    /// ```
    ///
    /// A pip of its own, and a directory that something else builds:
    ///
    /// ```repo,passes
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python311"]
    /// [phases.install]
    /// cmds = ["python -m venv /opt/venv && . /opt/venv/bin/activate && pip install -r requirements.txt"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// //- nixpacks.toml
    /// [providers]
    /// python = true
    /// ```
    /// The list takes the language away that the builder's own installation needs:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["poppler"]
    /// //- requirements.txt
    /// flask
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["...", "poppler"]
    /// aptPkgs = ["poppler-utils"]
    /// //- requirements.txt
    /// flask
    /// ```
    ///
    /// The values of variables are strings, also where they are numbers:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [variables]
    /// PORT = 3000
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// start = "npm start"
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.install]
    /// cmds = ["npm ci"]
    /// cacheDirectories = ["~/.npm"]
    /// [variables]
    /// PORT = "3000"
    /// [start]
    /// cmd = "npm start"
    /// ```
    "nixpacks-config-invalid", Error, Build, since "0.2.0",
    sources: [
        "https://nixpacks.com/docs/configuration/file",
        "https://github.com/railwayapp/nixpacks/blob/main/src/nixpacks/plan/mod.rs",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    in_the_way(facts, out);
    for config in nixpacks::gather(facts) {
        let Some((service, severity)) = config.reader(facts) else { continue };
        let Some((span, message, help)) = trouble(facts, &config) else { continue };
        let finding = out.at(Site::new(config.path.clone(), span), message);
        finding.severity(severity).help(help);
        if let Some(service) = service {
            finding.service(&service.name);
        }
    }
}

/// The first thing that stops the build.
fn trouble(facts: &Facts<'_>, config: &Nixpacks) -> Option<(Span, String, String)> {
    let plan = match &config.plan {
        Ok(plan) => plan,
        Err(error) => {
            let help = "Mend the syntax".to_owned();
            return Some((error.span, format!("Nixpacks cannot read this file: {}", error.value), help));
        }
    };
    wrong_kind(plan)
        .or_else(|| circle(plan))
        .or_else(|| without_tool(config))
        .or_else(|| without_language(facts, config))
        .or_else(|| refused_pip(config))
}

/// Phases that wait for each other: `install` waits for `setup`, and `build` for `install`, unless they say otherwise.
fn circle(plan: &Node) -> Option<(Span, String, String)> {
    let phases = plan.get("phases").map_or(&[][..], Node::members);
    let own = |name: &str| phases.iter().find(|phase| phase.key.value == name)?.value.get("dependsOn");
    let waits = |name: &str| -> Vec<String> {
        match own(name) {
            Some(list) => list.items().iter().filter_map(Node::text).map(str::to_owned).collect(),
            None if name == "build" => vec!["install".to_owned()],
            None if name == "install" => vec!["setup".to_owned()],
            None => Vec::new(),
        }
    };
    let found = phases.iter().find(|phase| {
        let (mut seen, mut open) = (Vec::new(), waits(&phase.key.value));
        while let Some(name) = open.pop().filter(|_| seen.len() < 100) {
            if name == phase.key.value {
                return true;
            }
            if !seen.contains(&name) {
                open.extend(waits(&name));
                seen.push(name);
            }
        }
        false
    });
    // The phase that says the unusual thing.
    let found = found?;
    let node =
        own(&found.key.value).or_else(|| phases.iter().find_map(|phase| phase.value.get("dependsOn")))?;
    let message = format!(
        "the phase `{}` waits for itself: the dependencies of the phases are a circle",
        found.key.value
    );
    Some((node.span, message, "Take one of the dependencies out".to_owned()))
}

/// The pip of Nix, which installs into no environment but a virtual one.
fn refused_pip(config: &Nixpacks) -> Option<(Span, String, String)> {
    let plan = config.plan.as_ref().ok()?;
    let nix_pip = config.packages().iter().filter_map(Node::text).any(|name| name.ends_with("Packages.pip"));
    let commands = config.commands();
    let text: String = commands.iter().filter_map(|command| command.text()).collect::<Vec<_>>().join("\n");
    let free =
        ["venv", "virtualenv", "--break-system-packages", "--target", "--prefix", " -t ", "...", "uv "];
    let allowed = plan.at(&["variables", "PIP_BREAK_SYSTEM_PACKAGES"]).is_some()
        || plan.at(&["phases", "setup", "nixpkgsArchive"]).is_some()
        || config.packages().iter().any(|node| node.text() == Some("..."));
    if !nix_pip || allowed || free.iter().any(|word| text.contains(word)) {
        return None;
    }
    let command = commands.into_iter().find(|command| {
        let line = command.text().unwrap_or_default();
        line.starts_with("pip install")
            || line.contains("&& pip install")
            || line.contains("-m pip install -r")
    })?;
    let message = "pip refuses to install here (`externally-managed-environment`): Nix's Python takes nothing outside a virtual environment";
    let help = "Begin with `python -m venv --copies /opt/venv && . /opt/venv/bin/activate`, or leave the phase to Nixpacks";
    Some((command.span, message.to_owned(), help.to_owned()))
}

/// A file that lies where Nixpacks makes its directory.
fn in_the_way(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| service.builder == Known::Yes(Builder::Nixpacks)) {
        let paths = service.roots.iter().map(|root| join(root, ".nixpacks"));
        let is_file = |path: &String| {
            facts
                .snapshot
                .entry(path)
                .is_some_and(|entry| entry.kind == EntryKind::File && facts.snapshot.travels(entry))
        };
        let found: Vec<String> = paths.filter(is_file).collect();
        if found.len() == service.roots.len()
            && let Some(path) = found.into_iter().next()
        {
            let finding = out.at(Site::file(path), "Nixpacks makes a directory of this name, so the build stops here: `Is a directory (os error 21)`");
            finding.service(&service.name).help("Delete the file; settings go into `nixpacks.toml`");
        }
    }
}

/// The first value that is not what Nixpacks reads there.
fn wrong_kind(plan: &Node) -> Option<(Span, String, String)> {
    let texts = |node: &Node| matches!(&node.kind, NodeKind::List(items) if items.iter().all(|item| item.text().is_some()));
    let complain = |node: &Node, name: &str, kind: &str| {
        (node.span, format!("`{name}` must be {kind}, so Nixpacks stops here"), format!("Write {kind}"))
    };
    if let Some(node) = plan.get("providers").filter(|node| !texts(node)) {
        return Some(complain(node, "providers", "a list of strings"));
    }
    let is_map = |node: &Node| matches!(node.kind, NodeKind::Map(_));
    for phase in plan.get("phases").map_or(&[][..], Node::members) {
        if !is_map(&phase.value) {
            return Some(complain(&phase.value, &format!("phases.{}", phase.key.value), "a table"));
        }
        for key in LISTS {
            let wrong =
                phase.value.get(key).filter(|node| !texts(node) && !matches!(node.kind, NodeKind::Null));
            if let Some(node) = wrong {
                return Some(complain(node, key, "a list of strings"));
            }
        }
    }
    let tables = ["variables", "staticAssets"].iter().filter_map(|table| plan.get(table));
    let value = tables.flat_map(Node::members).find(|member| member.value.text().is_none());
    if let Some(member) = value {
        return Some(complain(&member.value, &member.key.value, "a string"));
    }
    if let Some(start) = plan.get("start").filter(|start| !is_map(start)) {
        return Some(complain(start, "start", "a table with `cmd`"));
    }
    let command = plan.at(&["start", "cmd"]).filter(|node| node.text().is_none());
    command.map(|node| complain(node, "start.cmd", "a string"))
}

/// Keys of a phase that hold lists of strings.
const LISTS: [&str; 9] = [
    "cmds",
    "nixPkgs",
    "nixLibs",
    "nixOverlays",
    "aptPkgs",
    "dependsOn",
    "cacheDirectories",
    "onlyIncludeFiles",
    "paths",
];

/// Tools with the beginnings of packages that bring them, in Nix or in Ubuntu.
const TOOLS: [(&str, &[&str]); 14] = [
    ("npm", &["node", "npm"]),
    ("npx", &["node", "npm"]),
    ("node", &["node"]),
    ("yarn", &["yarn", "nodePackages.yarn", "corepack"]),
    ("pnpm", &["pnpm", "nodePackages.pnpm", "corepack"]),
    ("bun", &["bun"]),
    ("python", &["python"]),
    ("python3", &["python"]),
    ("go", &["go"]),
    ("cargo", &["cargo", "rustc", "rustup"]),
    ("bundle", &["ruby", "bundler"]),
    ("composer", &["php", "composer"]),
    ("poetry", &["poetry"]),
    ("uv", &["uv"]),
];

/// A command whose tool is in none of the listed packages.
fn without_tool(config: &Nixpacks) -> Option<(Span, String, String)> {
    let names = config.packages().iter().filter_map(Node::text);
    let packages: Vec<&str> = names.map(|name| name.trim_start_matches("pkgs.")).collect();
    let keeps = packages.is_empty() || packages.contains(&"...");
    if keeps || super::nixpacks_package_unknown::unknown(&packages).is_some() {
        return None;
    }
    let brings = |names: &[&str]| {
        packages
            .iter()
            .chain(&config.system_packages())
            .any(|package| names.iter().any(|name| package.starts_with(name)))
    };
    let commands = config.commands();
    let text: String = commands.iter().filter_map(|command| command.text()).collect::<Vec<_>>().join("\n");
    let installs = ["venv", "ensurepip", "get-pip", "virtualenv", "curl ", "corepack", "-g ", "pip install"];
    let help =
        |list: &str| format!("Add \"...\" to `{list}`, which keeps the packages that Nixpacks chooses");
    for command in &commands {
        let Some(line) = command.text() else { continue };
        for part in line.split(['&', ';', '|', '\n']) {
            let tool = part.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
            let tool = if tool.starts_with("python") && part.contains(" -m pip ") { "pip" } else { tool };
            let missing = match tool {
                "pip" | "pip3" => {
                    let python =
                        packages.iter().any(|name| name.starts_with("python3") && !name.contains('.'));
                    let own = packages.iter().any(|name| name.contains("pip"));
                    python && !own && !installs[..4].iter().any(|word| text.contains(word))
                }
                _ => {
                    let known = TOOLS.iter().find(|(name, _)| *name == tool);
                    known.is_some_and(|(_, names)| !brings(names))
                        && !installs[3..].iter().any(|word| text.contains(word))
                }
            };
            if missing {
                let names =
                    packages.iter().take(4).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let message =
                    format!("`{tool}` is not there: this list of `nixPkgs` ({names}) does not bring it");
                return Some((command.span, message, help("nixPkgs")));
            }
        }
    }
    None
}

/// A list of packages without the language whose installation Nixpacks puts behind it
/// (<https://nixpacks.com/docs/configuration/file>).
fn without_language(facts: &Facts<'_>, config: &Nixpacks) -> Option<(Span, String, String)> {
    let plan = config.plan.as_ref().ok()?;
    let names: Vec<&str> = config.packages().iter().filter_map(Node::text).collect();
    let own = ["providers", "staticAssets"].iter().any(|key| plan.get(key).is_some())
        || plan.at(&["phases", "install"]).is_some()
        || plan.at(&["phases", "setup", "cmds"]).is_some();
    if names.is_empty() || own || names.contains(&"...") {
        return None;
    }
    let there = |name: &str| facts.snapshot.entry(&join(config.directory(), name)).is_some();
    // What Nixpacks looks for before both of them.
    let others = [
        "go.mod",
        "Cargo.toml",
        "deno.json",
        "pom.xml",
        "build.gradle",
        "mix.exs",
        "composer.json",
        "Gemfile",
    ];
    let (language, parts): (&str, &[&str]) = if others.iter().any(|name| there(name)) {
        return None;
    } else if there("package.json") {
        ("npm", &["node", "npm", "bun", "yarn", "pnpm", "deno"])
    } else if there("requirements.txt") {
        ("python", &["python", "conda", "uv", "poetry"])
    } else {
        return None;
    };
    let mut all = names.iter().copied().chain(config.system_packages());
    if all.any(|name| parts.iter().any(|part| name.contains(part))) {
        return None;
    }
    let list = plan.at(&["phases", "setup", "nixPkgs"])?;
    let message = format!(
        "this list takes the place of the packages that Nixpacks chooses and does not bring `{language}`, so the installation stops"
    );
    let help = "Add \"...\" to `nixPkgs`, which keeps the packages that Nixpacks chooses".to_owned();
    Some((list.span, message, help))
}

//! A Nixpacks configuration that does not build.

use crate::facts::Facts;
use crate::facts::document::{Node, NodeKind};
use crate::facts::nixpacks::{self, Nixpacks};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// `nixpacks.toml` does not parse, has a value of the wrong kind, or calls a tool that its packages do not bring.
    ///
    /// ## Why it matters
    /// A value of the wrong kind stops Nixpacks before it builds: `invalid type: map, expected a sequence`. A list `nixPkgs`
    /// takes the place of the packages that Nixpacks would choose: with `python311` alone there is no pip, and the step ends
    /// with `pip: command not found`.
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
    "nixpacks-config-invalid", Error, Build, since "0.2.0",
    sources: ["https://nixpacks.com/docs/configuration/file"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for config in nixpacks::gather(facts) {
        let Some((service, severity)) = config.reader(facts) else { continue };
        let Some((span, message, help)) = trouble(&config) else { continue };
        let finding = out.at(Site::new(config.path.clone(), span), message);
        finding.severity(severity).help(help);
        if let Some(service) = service {
            finding.service(&service.name);
        }
    }
}

/// The first thing that stops the build.
fn trouble(config: &Nixpacks) -> Option<(Span, String, String)> {
    let plan = match &config.plan {
        Ok(plan) => plan,
        Err(error) => {
            let help = "Mend the syntax".to_owned();
            return Some((error.span, format!("Nixpacks cannot read this file: {}", error.value), help));
        }
    };
    wrong_kind(plan).or_else(|| without_pip(config))
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
    for phase in plan.get("phases").map_or(&[][..], Node::members) {
        for key in ["cmds", "nixPkgs", "nixLibs", "aptPkgs", "dependsOn"] {
            let wrong = phase.value.get(key).filter(|node| !texts(node) && !matches!(node.kind, NodeKind::Null));
            if let Some(node) = wrong {
                return Some(complain(node, key, "a list of strings"));
            }
        }
    }
    let command = plan.at(&["start", "cmd"]).filter(|node| node.text().is_none());
    command.map(|node| complain(node, "start.cmd", "a string"))
}

/// A bare `pip` beside a list of packages that brings Python without it.
fn without_pip(config: &Nixpacks) -> Option<(Span, String, String)> {
    let packages: Vec<&str> = config.packages().iter().filter_map(Node::text).collect();
    let python = packages.iter().find(|name| name.starts_with("python3") && !name.contains('.'))?;
    let brings = |name: &&str| *name == "..." || name.contains("pip") || *name == "uv" || *name == "poetry" || name.contains("Full");
    if packages.iter().any(|name| brings(name)) || super::nixpacks_package_unknown::unknown(&packages).is_some() {
        return None;
    }
    let commands = config.commands();
    let texts = || commands.iter().filter_map(|command| command.text());
    if texts().any(|text| ["venv", "ensurepip", "get-pip", "virtualenv"].iter().any(|word| text.contains(word))) {
        return None;
    }
    let bare = |text: &str| text.split(['&', ';', '|']).any(|part| part.trim_start().starts_with("pip ") || part.trim_start().starts_with("pip3 "));
    let command = commands.iter().find(|command| command.text().is_some_and(bare))?;
    let message = format!("`pip` is not there: this list of `nixPkgs` brings `{python}` without it");
    Some((command.span, message, "Add \"...\" to `nixPkgs`, or make an environment with `python -m venv` first".to_owned()))
}

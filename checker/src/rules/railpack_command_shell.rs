//! A command of a plan of Railpack that runs without a shell.

use crate::facts::Facts;
use crate::facts::document::{self, Node};
use crate::facts::service::Builder;
use crate::facts::shell::CommandLine;
use crate::facts::startup::join;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A step of `railpack.json` has a command with shell syntax in the form that runs without a shell.
    ///
    /// ## Why it matters
    /// Railpack puts a command that is a plain string into `sh -c`. One that is an object, `{"cmd": "…"}`, it runs as it is, word
    /// for word: `exec: "cd": executable file not found in $PATH`, or `&&` becomes an argument of the first program.
    ///
    /// ## What to do
    /// Write the command as a plain string.
    ///
    /// ## What it cannot know
    /// Which builder a service without settings has; it is an error where a file names Railpack or nothing names another one.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {}
    /// //- railpack.json
    /// {"steps": {"web": {"commands": [{"cmd": "cd web && npm ci", "customName": "install"}]}}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {}
    /// //- railpack.json
    /// {"steps": {"web": {"commands": ["cd web && npm ci", "...", {"cmd": "npm run build"}, {"cmd": "sh -c 'cd web && npm ci'"}, {"path": "/x/bin"}, {"src": ".", "dest": "."}]}}}
    /// ```
    "railpack-command-shell", Error, Build, since "0.3.0",
    sources: [
        "https://railpack.com/config/file",
        "https://github.com/railwayapp/railpack/blob/main/buildkit/build_llb/build_graph.go",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for entry in facts.snapshot.entries().iter().filter(|entry| entry.path.ends_with("railpack.json")) {
        let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let owner =
            facts.services.iter().find(|service| service.roots.len() == 1 && service.roots[0] == directory);
        let other = owner.is_some_and(|service| {
            matches!(service.builder, Known::Yes(Builder::Dockerfile | Builder::Nixpacks | Builder::Image))
        });
        if name != "railpack.json" || other || facts.dockerfiles.contains_key(&join(directory, "Dockerfile"))
        {
            continue;
        }
        let Some(document) =
            facts.snapshot.text(&entry.path).ok().and_then(|text| document::jsonc(&text.text).ok())
        else {
            continue;
        };
        let steps = document.get("steps").map_or(&[][..], Node::members);
        let commands = steps.iter().flat_map(|step| step.value.get("commands").map_or(&[][..], Node::items));
        for node in commands {
            let Some(text) = node.get("cmd").and_then(Node::text) else { continue };
            let line = CommandLine::read(text);
            let Some(syntax) = line.shell_syntax() else { continue };
            let message =
                format!("`{syntax}` needs a shell, and Railpack starts none for a command in this form");
            let site = Site::new(entry.path.clone(), node.span);
            let finding = out.at(site.clone(), message);
            finding.help("Write the command as a plain string");
            if let Some(service) = owner {
                finding.service(&service.name);
            }
            if node.members().len() == 1 && !text.contains('\'') {
                let written = serde_json::Value::String(text.to_owned()).to_string();
                finding.fix(Fix::edit("Write it as a plain string", site, written));
            }
            let built = owner.is_some_and(|service| service.builder == Known::Yes(Builder::Railpack));
            if line.program() != syntax || !built {
                finding.severity(Severity::Warning);
            }
        }
    }
}

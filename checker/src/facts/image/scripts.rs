//! Package scripts replaced by the commands they run.

use super::effects::value;
use super::lookup::glue;
use super::shell::{Simple, commands, place};
use super::{Image, Stage, View};
use crate::facts::Facts;

/// Package scripts inside package scripts.
const SCRIPT_DEPTH: usize = 5;

/// Replaces package scripts by the commands they run.
pub(super) struct Recipe<'r, 's> {
    /// All facts.
    pub(super) facts: &'r Facts<'s>,
    /// The image as far as it is known.
    pub(super) image: &'r Image<'s>,
    /// The stage that is being read, when it is not in the image yet.
    pub(super) stage: Option<&'r Stage>,
}

impl Recipe<'_, '_> {
    /// The commands that are run in the end.
    pub(super) fn flat(&self, list: Vec<Simple>, view: View, depth: usize) -> Vec<Simple> {
        let mut out = Vec::new();
        for command in list {
            let Some((dir, text)) = self.script(&command, view).filter(|_| depth < SCRIPT_DEPTH) else {
                let hooks = if depth < SCRIPT_DEPTH { self.hooks(&command, view) } else { Vec::new() };
                out.push(command);
                for (dir, text) in hooks {
                    out.extend(self.flat(commands(&text, &dir, true), view, SCRIPT_DEPTH - 1));
                }
                continue;
            };
            let mut inner = self.flat(commands(&text, &dir, true), view, depth + 1);
            for each in &mut inner {
                each.conditional |= command.conditional;
                each.tolerated |= command.tolerated;
            }
            out.extend(inner);
        }
        out
    }

    /// The package's own scripts that its installation runs.
    fn hooks(&self, command: &Simple, view: View) -> Vec<(String, String)> {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        if let Some(at) = words.iter().take(3).position(|word| *word == "turbo") {
            return self.tasks(&words[at + 1..], &command.dir, view);
        }
        let manager = matches!(command.program(), "npm" | "pnpm" | "yarn" | "bun");
        let installs = words.iter().skip(1).find(|word| !word.starts_with('-'));
        let installs = matches!(installs, Some(&("install" | "ci" | "i")))
            || (installs.is_none() && command.program() == "yarn");
        if !manager || !installs || words.contains(&"--ignore-scripts") {
            return Vec::new();
        }
        let to = value(&words, &["--prefix", "-C", "--cwd", "--dir"]);
        let dir = to.and_then(|to| place(&command.dir, to)).unwrap_or_else(|| command.dir.clone());
        let Some(project) =
            self.manifest(view, &dir).and_then(|source| self.facts.node_projects().get(&source))
        else {
            return Vec::new();
        };
        // Yarn leaves `prepare` out of a production installation.
        let production =
            words.iter().any(|word| matches!(*word, "--production" | "--production=true" | "--prod"))
                || self.stage.and_then(|stage| stage.env.get("NODE_ENV")).and_then(Option::as_deref)
                    == Some("production");
        let left_out = command.program() == "yarn" && production;
        let hooks = ["preinstall", "install", "postinstall", "prepare"].into_iter();
        let hooks = hooks.filter(|name| !left_out || *name != "prepare");
        hooks.filter_map(|name| Some((dir.clone(), project.script(name)?.value.clone()))).collect()
    }

    /// The scripts of the members that `turbo run build --filter=member` names, beside what it runs for what they need.
    fn tasks(&self, words: &[&str], dir: &str, view: View) -> Vec<(String, String)> {
        let task = words.iter().find(|word| **word != "run" && !word.starts_with('-'));
        let names = words.iter().filter_map(|word| word.strip_prefix("--filter="));
        let found = names.filter_map(|name| {
            let member = self.member(name.trim_end_matches("..."), dir, view)?;
            let project = self.facts.node_projects().get(&self.manifest(view, &member)?)?;
            Some((member, project.script(task?)?.value.clone()))
        });
        found.collect()
    }

    /// The text of the package script that `command` runs, and the directory of its manifest.
    fn script(&self, command: &Simple, view: View) -> Option<(String, String)> {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        if let (Some(shell), true) = (words.first(), words.len() > 2) {
            let flag = words[1].starts_with('-') && words[1].ends_with('c');
            if flag && matches!(shell.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash")) {
                return Some((command.dir.clone(), words[2].to_owned()));
            }
        }
        if let Some(text) = self.shell_script(&words, &command.dir, view) {
            return Some((command.dir.clone(), text));
        }
        let (dir, name) = match of_member(&words) {
            Some((member, name)) => (self.member(&member, &command.dir, view)?, name),
            None => package_script(&words, &command.dir)?,
        };
        let source = self.manifest(view, &dir)?;
        let project = self.facts.node_projects().get(&source)?;
        project.script(&name)?;
        // The scripts around it run too (<https://docs.npmjs.com/cli/using-npm/scripts#pre--post-scripts>).
        let around = [format!("pre{name}"), name.clone(), format!("post{name}")];
        let texts: Vec<&str> =
            around.iter().filter_map(|name| Some(project.script(name)?.value.as_str())).collect();
        Some((dir, texts.join(" && ")))
    }

    /// The directory of the image in which the member `name` of the workspace around `dir` lies.
    fn member(&self, name: &str, dir: &str, view: View) -> Option<String> {
        Some(glue(dir, below(self.facts, &self.manifest(view, dir)?, name)?))
    }

    /// The text of the shell script of the tree that a command runs.
    fn shell_script(&self, words: &[&str], dir: &str, view: View) -> Option<String> {
        let (first, rest) = words.split_first()?;
        let is_shell = matches!(first.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash"));
        let written = if is_shell { rest.iter().find(|word| !word.starts_with('-'))? } else { first };
        if !written.contains('/') && !is_shell {
            return None;
        }
        let source = self.copied(view, &place(dir, written)?)?;
        let text = &self.facts.snapshot.text(&source).ok()?.text;
        let first = text.lines().next().unwrap_or_default();
        let shell = if first.starts_with("#!") { first.contains("sh") } else { source.ends_with(".sh") };
        shell.then(|| text.clone())
    }

    /// The directory of the tree whose `package.json` lies in the directory `dir` of the image.
    fn manifest(&self, view: View, dir: &str) -> Option<String> {
        let source = self.copied(view, &glue(dir, "package.json"))?;
        Some(source.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned()))
    }

    /// The path in the tree of what was copied to `path`.
    fn copied(&self, view: View, path: &str) -> Option<String> {
        let found = match self.stage {
            Some(stage) => self.image.with(stage).presence(view, path),
            None => self.image.presence(view, path),
        };
        found.source().map(str::to_owned)
    }
}

/// The directory of the package `name` of the tree, counted from the directory `root`.
pub(in crate::facts) fn below<'f>(facts: &'f Facts<'_>, root: &str, name: &str) -> Option<&'f str> {
    let member = facts
        .node_projects()
        .values()
        .find(|project| project.name.as_ref().is_some_and(|own| own.value == name))?;
    match root {
        "" => Some(member.directory.as_str()),
        root => member.directory.strip_prefix(root)?.strip_prefix('/'),
    }
}

/// The member of a workspace and the package script of it that a command runs, where it names one member and no other:
/// `pnpm --filter a build`, `yarn workspace a build`, `npm run build -w a`.
pub(in crate::facts) fn of_member(words: &[&str]) -> Option<(String, String)> {
    let manager = words.first()?.rsplit('/').next()?;
    let named = match manager {
        "pnpm" => value(words, &["--filter", "-F"])?,
        "npm" => value(words, &["--workspace", "-w"])?,
        "yarn" => value(words, &["workspace"])?,
        _ => return None,
    };
    let plain = |char: char| char.is_ascii_alphanumeric() || "@/-_".contains(char);
    let several =
        words.iter().filter(|word| matches!(**word, "--filter" | "-F" | "--workspace" | "-w")).count();
    if several > 1
        || !named.chars().all(plain)
        || words.iter().any(|word| matches!(*word, "-r" | "--recursive"))
    {
        return None;
    }
    let mut rest =
        words[1..].iter().filter(|word| !word.starts_with('-') && **word != named && **word != "workspace");
    let name = match *rest.next()? {
        "run" | "run-script" => *rest.next()?,
        "install" | "ci" | "i" | "add" | "exec" | "dlx" | "deploy" => return None,
        "start" => "start",
        _ if manager == "npm" => return None,
        name => name,
    };
    Some((named.to_owned(), name.to_owned()))
}

/// The directory and the name of the package script that a command runs.
fn package_script(words: &[&str], dir: &str) -> Option<(String, String)> {
    let manager = words.first()?.rsplit('/').next()?;
    if !matches!(manager, "npm" | "pnpm" | "yarn" | "bun") {
        return None;
    }
    let to = value(words, &["--prefix", "-C", "--cwd", "--dir"]);
    let dir = to.map_or_else(|| Some(dir.to_owned()), |to| place(dir, to))?;
    if words.iter().any(|word| {
        matches!(
            *word,
            "--filter"
                | "-F"
                | "-r"
                | "--recursive"
                | "-w"
                | "--workspace"
                | "workspace"
                | "workspaces"
                | "--workspaces"
        ) || word.starts_with("--filter=")
            || word.starts_with("--workspace=")
    }) {
        return None;
    }
    let mut plain = words[1..].iter().filter(|word| !word.starts_with('-') && Some(**word) != to);
    let first = *plain.next()?;
    match first {
        "run" | "run-script" => Some((dir, (*plain.next()?).to_owned())),
        "install" | "ci" | "i" | "add" | "exec" | "dlx" | "x" | "remove" | "prune" | "cache" | "config"
        | "set" | "rebuild" | "deploy" | "fetch" | "store" | "dedupe" | "audit" | "init" | "pkg"
        | "version" | "create" => None,
        "start" | "test" | "stop" => Some((dir, first.to_owned())),
        _ if manager == "npm" => None,
        name => Some((dir, name.to_owned())),
    }
}

//! Installations in a Dockerfile: which package manager runs, and which lock files it can see.

use std::rc::Rc;

use crate::facts::Facts;
use crate::facts::build_context::BuildContext;
use crate::facts::copies;
use crate::facts::dockerfile::{Command, Copy, Dockerfile, Instruction, InstructionKind};
use crate::facts::service::Service;

/// One command that installs dependencies.
#[derive(Debug, Clone)]
pub struct Install<'d> {
    /// `npm`, `pnpm`, `yarn`, `bun`, `uv` or `pipenv`.
    pub manager: &'static str,
    /// The command as written.
    pub command: String,
    /// True when it stops without a fitting lock file.
    pub strict: bool,
    /// The instruction it belongs to.
    pub instruction: &'d Instruction,
    /// Number of its stage.
    pub stage: usize,
    /// The COPY and ADD instructions before it that take from the context.
    pub copies: Vec<&'d Copy>,
    /// True when files may also have come from elsewhere: another stage, an address, a mount.
    pub opaque: bool,
}

/// Lock files by package manager.
pub const LOCKS: [(&str, &[&str]); 6] = [
    ("npm", &["package-lock.json", "npm-shrinkwrap.json"]),
    ("pnpm", &["pnpm-lock.yaml"]),
    ("yarn", &["yarn.lock"]),
    ("bun", &["bun.lock", "bun.lockb"]),
    ("uv", &["uv.lock"]),
    ("pipenv", &["Pipfile.lock"]),
];

/// Commands with the words that make them an installation, and a word that makes it strict (empty: always).
const INSTALLS: [(&str, &str, &[&str]); 12] = [
    ("npm", "ci", &[]),
    ("npm", "clean-install", &[]),
    ("npm", "install", &["-"]),
    ("npm", "i", &["-"]),
    ("pnpm", "install", &["--frozen-lockfile"]),
    ("pnpm", "i", &["--frozen-lockfile"]),
    ("yarn", "install", &["--immutable", "--frozen-lockfile"]),
    ("yarn", "", &["--immutable", "--frozen-lockfile"]),
    ("bun", "install", &["--frozen-lockfile"]),
    ("uv", "sync", &["--frozen", "--locked"]),
    ("pipenv", "install", &["--deploy"]),
    ("pipenv", "sync", &[]),
];

/// True when a script brings files from elsewhere, among which a lock file may be.
fn fetches(script: &str) -> bool {
    script.split(['&', '|', ';', '\n']).any(|command| {
        let mut words = command.split_whitespace();
        let program = words.next().unwrap_or_default();
        matches!(program, "curl" | "wget" | "unzip" | "tar" | "degit")
            || (program == "git" && words.next() == Some("clone"))
            || (program == "npx" && words.next().is_some_and(|word| word.starts_with("degit")))
    })
}

/// The installations of `file` in the stages that are built, in order.
pub fn installs(file: &Dockerfile) -> Vec<Install<'_>> {
    let mut found = Vec::new();
    for number in file.needed_stages() {
        let mut stages = vec![number];
        while let Some(base) = file.base_stage(stages[stages.len() - 1]) {
            stages.push(base);
        }
        let (mut copies, mut opaque): (Vec<&Copy>, bool) = (Vec::new(), false);
        let before = stages.iter().skip(1).rev().flat_map(|stage| &file.stages[*stage].instructions);
        for (own, instruction) in before
            .map(|each| (false, each))
            .chain(file.stages[number].instructions.iter().map(|each| (true, each)))
        {
            match &instruction.kind {
                InstructionKind::Copy(copy) | InstructionKind::Add(copy) => {
                    opaque |= copy.flag("from").is_some()
                        || copy.sources.iter().any(|source| source.value.contains(['$', ':']));
                    if copy.flag("from").is_none() {
                        copies.push(copy);
                    }
                }
                InstructionKind::Run(run) if own => {
                    let Command::Shell(script) = &run.command else { continue };
                    opaque |= fetches(&script.value);
                    let mounted = run.mounts().any(|mount| mount.kind == "bind");
                    for (manager, command, strict) in of_script(&script.value) {
                        let copies = copies.clone();
                        let opaque = opaque || mounted;
                        found.push(Install {
                            manager,
                            command,
                            strict,
                            instruction,
                            stage: number,
                            copies,
                            opaque,
                        });
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The installations of a script whose failure stops it: manager, command, strict.
pub fn of_script(script: &str) -> Vec<(&'static str, String, bool)> {
    let guarded = script.contains("||") || script.contains("if ") || script.contains("[ -");
    let commands = script.split([';', '\n']).flat_map(|line| line.split("&&")).map(str::trim);
    commands
        .filter_map(|command| {
            let words: Vec<&str> = command.split_whitespace().skip_while(|word| word.contains('=')).collect();
            let (program, rest) = words.split_first()?;
            let verb = rest.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
            let (manager, _, flags) =
                INSTALLS.iter().find(|(manager, known, _)| program == manager && verb == *known)?;
            let global = rest.iter().any(|word| matches!(*word, "-g" | "--global" | "--help"));
            let named = rest.iter().filter(|word| !word.starts_with('-')).count() > 1;
            let never = flags.first() == Some(&"-");
            let strict =
                !guarded && !never && (flags.is_empty() || flags.iter().any(|flag| rest.contains(flag)));
            let other = global || (named && never);
            (!other).then(|| (*manager, command.to_owned(), strict))
        })
        .collect()
}

impl Install<'_> {
    /// Paths of the lock files that the command can see in `context`.
    pub fn locks(&self, context: &BuildContext<'_>) -> Vec<String> {
        let names =
            LOCKS.iter().find(|(manager, _)| *manager == self.manager).map_or(&[][..], |(_, names)| names);
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut locks: Vec<String> = Vec::new();
        for copy in &self.copies {
            // A file may get the name in the image only.
            let renamed = names.contains(&last(&copy.destination.value).as_str());
            let seen = copy.sources.iter().flat_map(|source| context.matches(&source.value));
            let taken = seen.filter(|entry| renamed || names.contains(&last(&entry.path).as_str()));
            locks.extend(taken.map(|entry| entry.path.clone()));
        }
        locks.sort();
        locks.dedup();
        locks
    }
}

/// The context that `file` is built in; `None` unless it is the only one of those that lack nothing, or the only one of
/// them with a `package.json`.
pub fn context<'s>(facts: &Facts<'s>, service: &Service, file: &Dockerfile) -> Option<Rc<BuildContext<'s>>> {
    let mut fitting = copies::fitting(facts, service, file);
    if fitting.len() > 1 {
        fitting.retain(|context| facts.node_projects().contains_key(&context.root));
    }
    fitting.pop().filter(|_| fitting.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installations_are_told_apart() {
        let found = |script: &str| {
            of_script(script).into_iter().map(|(manager, _, strict)| (manager, strict)).collect::<Vec<_>>()
        };
        assert_eq!(found("npm ci --omit=dev && npm run build"), [("npm", true)]);
        assert_eq!(found("npm install && yarn install --immutable"), [("npm", false), ("yarn", true)]);
        assert_eq!(found("npm install -g pnpm; npm i typescript; pnpm i"), [("pnpm", false)]);
        assert_eq!(found("npm ci || npm install"), [("npm", false)]);
        assert_eq!(found("yarn && yarn build"), [("yarn", false)]);
        assert_eq!(found("CI=1 pnpm install --filter a... --frozen-lockfile"), [("pnpm", true)]);
    }
}

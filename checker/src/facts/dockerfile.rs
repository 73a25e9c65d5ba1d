//! Dockerfiles as BuildKit reads them, with byte spans and recovery after a bad instruction.

mod lines;
mod parse;
#[cfg(test)]
mod tests;
mod variables;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub use parse::parse;
pub use variables::UnsetUse;

use crate::snapshot::Snapshot;
use crate::span::Span;

/// A text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Span,
}

/// A Dockerfile. One bad instruction never hides the rest.
#[derive(Debug, Clone, Default)]
pub struct Dockerfile {
    /// Path in the tree.
    pub path: String,
    /// `# syntax=` directive.
    pub syntax: Option<Spanned<String>>,
    /// Escape character: `\` unless the `# escape=` directive says otherwise.
    pub escape: char,
    /// ARG instructions before the first FROM.
    pub global_args: Vec<Arg>,
    /// Build stages in order; the last one is the image unless a target is named.
    pub stages: Vec<BuildStage>,
    /// What BuildKit would refuse to parse, in file order.
    pub errors: Vec<Spanned<String>>,
}

/// A `FROM` block.
#[derive(Debug, Clone)]
pub struct BuildStage {
    /// The whole FROM instruction.
    pub span: Span,
    /// Image reference or earlier stage name, before expansion.
    pub base: Spanned<String>,
    /// `AS name`, lower-cased as BuildKit does.
    pub name: Option<Spanned<String>>,
    /// `--platform=`.
    pub platform: Option<Spanned<String>>,
    /// Everything up to the next FROM.
    pub instructions: Vec<Instruction>,
}

/// One instruction inside a stage.
#[derive(Debug, Clone)]
pub struct Instruction {
    /// From the keyword to the end of its last line (heredoc bodies included).
    pub span: Span,
    /// The keyword as written.
    pub keyword: Spanned<String>,
    /// Its parts.
    pub kind: InstructionKind,
    /// True when it is the argument of ONBUILD.
    pub onbuild: bool,
}

/// The parts of an instruction.
#[derive(Debug, Clone)]
pub enum InstructionKind {
    /// `ARG name[=default] …`
    Arg(Vec<Arg>),
    /// `ENV name=value …`
    Env(Vec<(Spanned<String>, Spanned<String>)>),
    /// `COPY`
    Copy(Copy),
    /// `ADD`
    Add(Copy),
    /// `RUN`
    Run(Run),
    /// `CMD`
    Cmd(Command),
    /// `ENTRYPOINT`
    Entrypoint(Command),
    /// `WORKDIR`
    Workdir(Spanned<String>),
    /// `USER`
    User(Spanned<String>),
    /// `EXPOSE`, one item a port
    Expose(Vec<Spanned<String>>),
    /// `VOLUME`, one item a path
    Volume(Vec<Spanned<String>>),
    /// `HEALTHCHECK`; `None` is `HEALTHCHECK NONE`
    Healthcheck(Option<Command>),
    /// `SHELL`
    Shell(Vec<String>),
    /// `STOPSIGNAL`
    StopSignal(Spanned<String>),
    /// `LABEL`, `MAINTAINER`
    Label,
}

/// One `ARG` name with its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// Name.
    pub name: Spanned<String>,
    /// Default before expansion.
    pub default: Option<Spanned<String>>,
}

/// A flag `--name=value` or `--name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Name without dashes, as written.
    pub name: String,
    /// Value behind `=`.
    pub value: Option<String>,
    /// The whole flag.
    pub span: Span,
}

/// A heredoc of a COPY, ADD or RUN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// Delimiter, which is the file name for COPY and ADD.
    pub name: String,
    /// The lines between, with tabs stripped for `<<-`.
    pub body: String,
    /// The body's bytes in the file.
    pub span: Span,
    /// True when the delimiter is unquoted, so that variables expand.
    pub expands: bool,
}

/// `COPY` or `ADD`.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Flags in order: `--from`, `--chown`, `--chmod`, `--parents`, `--exclude`, `--link`, …
    pub flags: Vec<Flag>,
    /// Sources before expansion, heredocs excluded.
    pub sources: Vec<Spanned<String>>,
    /// Heredoc sources.
    pub heredocs: Vec<Heredoc>,
    /// Destination before expansion.
    pub destination: Spanned<String>,
}

impl Copy {
    /// The value of flag `name`.
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|flag| flag.name == name).map(|flag| flag.value.as_deref().unwrap_or(""))
    }
}

/// `RUN`.
#[derive(Debug, Clone)]
pub struct Run {
    /// Flags: `--mount`, `--network`, `--security`.
    pub flags: Vec<Flag>,
    /// What runs.
    pub command: Command,
    /// Heredocs on its line.
    pub heredocs: Vec<Heredoc>,
}

/// One `--mount` of a RUN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// `type=`, which is `bind` when it is left out.
    pub kind: String,
    /// `id=`.
    pub id: Option<String>,
    /// `target=`, `dst=` or `destination=`.
    pub target: Option<String>,
    /// The whole flag.
    pub span: Span,
}

impl Run {
    /// Its mounts; the order of a mount's options is free.
    pub fn mounts(&self) -> impl Iterator<Item = Mount> {
        self.flags.iter().filter(|flag| flag.name == "mount").map(|flag| {
            let options = flag.value.as_deref().unwrap_or("").split(',');
            let mut mount = Mount { kind: "bind".into(), id: None, target: None, span: flag.span };
            for (name, value) in options.filter_map(|option| option.split_once('=')) {
                match name.trim().to_ascii_lowercase().as_str() {
                    "type" => value.to_ascii_lowercase().clone_into(&mut mount.kind),
                    "id" => mount.id = Some(value.to_owned()),
                    "target" | "dst" | "destination" => mount.target = Some(value.to_owned()),
                    _ => {}
                }
            }
            mount
        })
    }
}

/// A command in shell or exec form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Run by the stage's shell; line continuations are folded, comment lines inside are dropped.
    Shell(Spanned<String>),
    /// JSON array: executed without a shell.
    Exec(Vec<Spanned<String>>, Span),
}

impl Command {
    /// Its bytes in the file.
    pub fn span(&self) -> Span {
        match self {
            Self::Shell(text) => text.span,
            Self::Exec(_, span) => *span,
        }
    }
}

impl Dockerfile {
    /// Every instruction of every stage, with the number of its stage.
    pub fn instructions(&self) -> impl Iterator<Item = (usize, &Instruction)> {
        self.stages
            .iter()
            .enumerate()
            .flat_map(|(at, stage)| stage.instructions.iter().map(move |each| (at, each)))
    }

    /// Every RUN of every stage.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.instructions().filter_map(|(_, each)| match &each.kind {
            InstructionKind::Run(run) => Some(run),
            _ => None,
        })
    }

    /// Numbers of the stages that BuildKit builds for the last one: those it is based on or copies from.
    pub fn needed_stages(&self) -> BTreeSet<usize> {
        let number = |name: &str| {
            let by_name =
                |stage: &BuildStage| stage.name.as_ref().is_some_and(|own| own.value == name.to_lowercase());
            self.stages
                .iter()
                .position(by_name)
                .or_else(|| name.parse().ok().filter(|at| *at < self.stages.len()))
        };
        let mut needed = BTreeSet::new();
        let mut pending: Vec<usize> = self.stages.len().checked_sub(1).into_iter().collect();
        while let Some(at) = pending.pop() {
            if !needed.insert(at) {
                continue;
            }
            let stage = &self.stages[at];
            pending.extend(number(&stage.base.value).filter(|base| *base < at));
            for instruction in &stage.instructions {
                match &instruction.kind {
                    InstructionKind::Copy(copy) | InstructionKind::Add(copy) => {
                        pending.extend(copy.flag("from").and_then(number));
                    }
                    InstructionKind::Run(run) => {
                        let mounts = run.flags.iter().filter(|flag| flag.name == "mount");
                        let options = mounts.flat_map(|flag| flag.value.as_deref().unwrap_or("").split(','));
                        pending.extend(
                            options.filter_map(|option| option.strip_prefix("from=")).filter_map(number),
                        );
                    }
                    _ => {}
                }
            }
        }
        needed
    }

    /// The stage that becomes the image.
    pub fn final_stage(&self) -> Option<&BuildStage> {
        self.stages.last()
    }
}

/// Reads every Dockerfile of the tree: `Dockerfile`, `Dockerfile.*`, `*.Dockerfile` and `Containerfile`, any case,
/// outside directories of installed packages.
pub fn gather(snapshot: &Snapshot<'_>) -> BTreeMap<String, Rc<Dockerfile>> {
    let named = snapshot.entries().iter().filter(|entry| is_dockerfile_name(&entry.path));
    let read = named.filter_map(|entry| Some((entry.path.clone(), Rc::new(read(snapshot, &entry.path)?))));
    // `dockerfile.rs` is a program: only the plain name makes a Dockerfile of a file without FROM.
    read.filter(|(path, file)| !file.stages.is_empty() || path.rsplit('/').next() == Some("Dockerfile"))
        .collect()
}

/// Reads the Dockerfile at `path`, whatever its name; `None` when it has no text.
pub fn read(snapshot: &Snapshot<'_>, path: &str) -> Option<Dockerfile> {
    let text = snapshot.text(path).ok()?;
    Some(parse(path, &text.text))
}

fn is_dockerfile_name(path: &str) -> bool {
    let (dirs, name) = path.rsplit_once('/').unwrap_or(("", path));
    let begins = |stem: &str| name.get(..stem.len()).is_some_and(|head| head.eq_ignore_ascii_case(stem));
    let plain =
        |stem: &str| begins(stem) && (name.len() == stem.len() || name[stem.len()..].starts_with(['.', '-']));
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    if !plain("dockerfile") && !plain("containerfile") && !end.eq_ignore_ascii_case("dockerfile") {
        return false;
    }
    let other = ["dockerignore", "md", "bak", "txt"].iter().any(|other| end.eq_ignore_ascii_case(other));
    let installed = |dir: &str| matches!(dir, "node_modules" | "vendor" | "site-packages" | ".venv" | "venv");
    !other && !dirs.split('/').any(installed)
}

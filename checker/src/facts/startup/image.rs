//! Where a path of the image lies in the repository, told by WORKDIR and COPY.

use crate::facts::dockerfile::{Command, Dockerfile, InstructionKind};
use crate::finding::Site;

use super::imports::join;

/// What an image says about the place of its files.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Working directory in the image, without the first slash.
    pub(super) workdir: String,
    /// Copies of the context: (source, destination), both normal; a destination has no first slash.
    copies: Vec<(String, String)>,
    /// Directories of `PYTHONPATH`, as in the image.
    python_path: Vec<String>,
    /// The entry point and the command with their place.
    pub(super) entrypoint: Option<(Command, Site)>,
    /// The same for CMD.
    pub(super) command: Option<(Command, Site)>,
}

/// Reads the layout of the image that `file` makes.
pub(super) fn layout(file: &Dockerfile) -> Layout {
    let mut layout = Layout::default();
    let mut chain = Vec::new();
    let mut stage = file.final_stage();
    while let Some(each) = stage {
        chain.push(each);
        let base = each.base.value.to_lowercase();
        // Only an earlier stage can be a base, so the chain ends.
        stage = file
            .stages
            .iter()
            .take_while(|other| other.span != each.span)
            .find(|other| other.name.as_ref().is_some_and(|name| name.value == base));
    }
    for stage in chain.iter().rev() {
        for instruction in stage.instructions.iter().filter(|each| !each.onbuild) {
            let site = || Site::new(file.path.clone(), instruction.span);
            match &instruction.kind {
                InstructionKind::Workdir(dir) => layout.workdir = inside(&layout.workdir, &dir.value),
                InstructionKind::Copy(copy) | InstructionKind::Add(copy) if copy.flag("from").is_none() => {
                    let mut to = inside(&layout.workdir, &copy.destination.value);
                    for source in &copy.sources {
                        let from = join("", &source.value);
                        let destination = copy.destination.value.as_str();
                        let several =
                            copy.sources.len() > 1 || destination.ends_with('/') || destination == ".";
                        if several && from.rsplit('/').next().is_some_and(|name| name.contains('.')) {
                            let name = from.rsplit('/').next().unwrap_or_default();
                            layout.copies.push((from.clone(), join(&to, name)));
                        } else {
                            layout.copies.push((from, to.clone()));
                        }
                    }
                    to.clear();
                }
                InstructionKind::Copy(copy) if copy.flag("from").is_some() => {
                    layout.take_from_stage(file, copy);
                }
                InstructionKind::Env(pairs) => {
                    for (name, value) in pairs {
                        if name.value == "PYTHONPATH" {
                            let dirs = value.value.split(':').filter(|dir| dir.starts_with('/'));
                            layout.python_path = dirs.map(|dir| join("", dir)).collect();
                        }
                    }
                }
                InstructionKind::Entrypoint(command) => {
                    layout.entrypoint = Some((command.clone(), site()));
                    layout.command = None;
                }
                InstructionKind::Cmd(command) => layout.command = Some((command.clone(), site())),
                _ => {}
            }
        }
    }
    layout
}

impl Layout {
    /// A copy out of another stage: what that stage copied from the context to the same place came along.
    fn take_from_stage(&mut self, file: &Dockerfile, copy: &crate::facts::dockerfile::Copy) {
        let from = copy.flag("from").unwrap_or_default().to_lowercase();
        let Some(at) = file.stages.iter().enumerate().find_map(|(at, stage)| {
            let named = stage.name.as_ref().is_some_and(|name| name.value == from) || from == at.to_string();
            named.then_some(at)
        }) else {
            return;
        };
        let mut cut = file.clone();
        cut.stages.truncate(at + 1);
        // Stages only refer to earlier ones, so this comes to an end.
        let inner = layout(&cut);
        let to = inside(&self.workdir, &copy.destination.value);
        for source in &copy.sources {
            let taken = join("", &source.value);
            for (context, place) in &inner.copies {
                if let Some(rest) = under(place, &taken) {
                    self.copies.push((context.clone(), join(&to, rest)));
                } else if let Some(rest) = under(&taken, place) {
                    self.copies.push((join(context, rest), to.clone()));
                }
            }
        }
    }

    /// Paths of the repository that `path`, absolute or relative to the working directory, may be; without the root.
    pub(super) fn candidates(&self, path: &str) -> Vec<String> {
        let place = inside(&self.workdir, path);
        let mut found = Vec::new();
        for (from, to) in self.copies.iter().rev() {
            if place == *to {
                found.push(from.clone());
            }
            if let Some(rest) = under(&place, to) {
                found.push(join(from, rest));
            }
        }
        found
    }

    /// Directories of the repository in which Python finds modules.
    pub(super) fn python_roots(&self) -> Vec<String> {
        let mut roots = self.candidates(".");
        for dir in &self.python_path {
            roots.extend(self.candidates(&format!("/{dir}")));
        }
        roots
    }
}

fn inside(workdir: &str, path: &str) -> String {
    if path.starts_with('/') { join("", path) } else { join(workdir, path) }
}

/// What follows `dir` in `path`.
fn under<'p>(path: &'p str, dir: &str) -> Option<&'p str> {
    if dir.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(dir)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

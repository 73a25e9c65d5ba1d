//! Where a path of the image lies in the repository, told by WORKDIR and COPY.

use std::collections::BTreeMap;

use crate::facts::dockerfile::{BuildStage, Command, Dockerfile, InstructionKind};
use crate::finding::Site;

use super::imports::join;

/// What an image says about the place of its files.
#[derive(Debug, Default, Clone)]
pub(super) struct Layout {
    /// Working directory in the image, without the first slash.
    pub(super) workdir: String,
    /// Copies of the context: (source, destination), both normal; a destination has no first slash.
    copies: Vec<(String, String)>,
    /// Variables that it sets to a plain text, and where.
    pub(super) variables: BTreeMap<String, (String, Site)>,
    /// Directories of `PYTHONPATH`, as in the image.
    python_path: Vec<String>,
    /// The entry point and the command with their place.
    pub(super) entrypoint: Option<(Command, Site)>,
    /// The same for CMD.
    pub(super) command: Option<(Command, Site)>,
}

/// Copies that are followed from stage to stage; stages that copy each other's whole content multiply them.
const COPIES_LIMIT: usize = 10_000;

/// Reads the layout of the image that `file` makes.
pub(super) fn layout(file: &Dockerfile) -> Layout {
    let mut stages: Vec<Layout> = Vec::with_capacity(file.stages.len());
    for stage in &file.stages {
        let base = earlier(file, &stages, &stage.base.value);
        let mut layout = base.cloned().unwrap_or_default();
        layout.run(file, stage, &stages);
        stages.push(layout);
    }
    stages.pop().unwrap_or_default()
}

/// The stage called `name` among those that are read already: only an earlier stage can be a base or a source.
fn earlier<'l>(file: &Dockerfile, stages: &'l [Layout], name: &str) -> Option<&'l Layout> {
    let name = name.to_lowercase();
    let named = |stage: &BuildStage| stage.name.as_ref().is_some_and(|own| own.value == name);
    let at = file.stages.iter().take(stages.len()).position(named);
    stages.get(at.or_else(|| name.parse().ok())?)
}

impl Layout {
    /// Takes in the instructions of `stage`.
    fn run(&mut self, file: &Dockerfile, stage: &BuildStage, stages: &[Layout]) {
        for instruction in stage.instructions.iter().filter(|each| !each.onbuild) {
            let site = || Site::new(file.path.clone(), instruction.span);
            match &instruction.kind {
                InstructionKind::Workdir(dir) => self.workdir = inside(&self.workdir, &dir.value),
                InstructionKind::Copy(copy) | InstructionKind::Add(copy) if copy.flag("from").is_none() => {
                    let to = inside(&self.workdir, &copy.destination.value);
                    for source in &copy.sources {
                        let from = join("", &source.value);
                        let destination = copy.destination.value.as_str();
                        let several =
                            copy.sources.len() > 1 || destination.ends_with('/') || destination == ".";
                        if several && from.rsplit('/').next().is_some_and(|name| name.contains('.')) {
                            let name = from.rsplit('/').next().unwrap_or_default();
                            self.copies.push((from.clone(), join(&to, name)));
                        } else {
                            self.copies.push((from, to.clone()));
                        }
                    }
                }
                InstructionKind::Copy(copy) if copy.flag("from").is_some() => {
                    if let Some(from) = earlier(file, stages, copy.flag("from").unwrap_or_default()) {
                        self.take_from_stage(from, copy);
                    }
                }
                InstructionKind::Env(pairs) => {
                    for (name, value) in pairs {
                        if value.value.contains('$') {
                            self.variables.remove(&name.value);
                        } else {
                            let place = Site::new(file.path.clone(), name.span);
                            self.variables.insert(name.value.clone(), (value.value.clone(), place));
                        }
                        if name.value == "PYTHONPATH" {
                            let dirs = value.value.split(':').filter(|dir| dir.starts_with('/'));
                            self.python_path = dirs.map(|dir| join("", dir)).collect();
                        }
                    }
                }
                InstructionKind::Entrypoint(command) => {
                    self.entrypoint = Some((command.clone(), site()));
                    self.command = None;
                }
                InstructionKind::Cmd(command) => self.command = Some((command.clone(), site())),
                _ => {}
            }
        }
    }

    /// A copy out of another stage: what that stage copied from the context to the same place came along.
    fn take_from_stage(&mut self, from: &Layout, copy: &crate::facts::dockerfile::Copy) {
        let to = inside(&self.workdir, &copy.destination.value);
        for source in &copy.sources {
            let taken = join("", &source.value);
            for (context, place) in from.copies.iter().take(COPIES_LIMIT.saturating_sub(self.copies.len())) {
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

    /// Directories of the repository in which Python finds modules, started in the directory `home` of the image.
    pub(super) fn python_roots(&self, home: &str) -> Vec<String> {
        let mut roots = self.candidates(if home.is_empty() { "." } else { home });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dockerfile;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Snapshot, Trigger};

    #[test]
    fn a_stage_that_copies_from_itself_or_a_later_one_comes_to_an_end() {
        let text = "FROM alpine AS a\nCOPY --from=a /x /y\nCOPY --from=b /x /y\nFROM a AS b\nCOPY --from=0 / /\nCMD [\"x\"]\n";
        let tree = MemoryTree::default().with("Dockerfile", text);
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
        let file = dockerfile::read(&snapshot, "Dockerfile").expect("it parses");
        assert!(layout(&file).command.is_some());
    }
}

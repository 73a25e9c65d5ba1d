//! Answers to "is this path there".

use super::base::Base;
use super::effects::Effect;
use super::{CopyMode, Image, Item, Layer, LayerKind, Origin, Presence, Source, View};
use crate::finding::Site;
use crate::snapshot::EntryKind;

/// Stages refer to earlier ones only, so this depth is never met; it guards against a mistake.
const DEPTH: usize = 64;

impl Image<'_> {
    /// Whether `path` (without the first slash) is there at `view`.
    pub fn presence(&self, view: View, path: &str) -> Presence {
        self.look(view, path, DEPTH, false)
    }

    /// The same, where commands whose effects are not known and outputs of builds are taken to bring no sources: what is
    /// likely, not what is certain.
    pub fn likely(&self, view: View, path: &str) -> Presence {
        self.look(view, path, DEPTH, true)
    }

    fn look(&self, view: View, path: &str, depth: usize, trusting: bool) -> Presence {
        let (Some(stage), Some(depth)) = (self.stages.get(view.stage), depth.checked_sub(1)) else {
            return Presence::Unknown(None);
        };
        let mut doubt: Option<Presence> = None;
        let mut executable = None;
        for layer in stage.layers.iter().take(view.layers).rev() {
            let found = match &layer.kind {
                LayerKind::Copy(items, mode) => self.copied(layer, items, *mode, path, (depth, trusting)),
                LayerKind::Run(_, effects) => ran(layer, effects, path, trusting, &mut executable),
            };
            match found {
                None => {}
                Some(Presence::Unknown(site)) => doubt = doubt.or(Some(Presence::Unknown(site))),
                // Removed: nothing below counts.
                Some(Presence::Absent) => return doubt.unwrap_or(Presence::Absent),
                Some(found) => return with_bit(found, executable),
            }
        }
        let below = match &stage.base {
            Origin::Stage(below) => {
                let layers = self.stages.get(*below).map_or(0, |stage| stage.layers.len());
                self.look(View { stage: *below, layers }, path, depth, trusting)
            }
            Origin::External(reference) => in_base(reference.as_deref(), path),
        };
        match below {
            Presence::File { .. } | Presence::Directory { .. } => with_bit(below, executable),
            below if is_workdir(&stage.workdir, path) && below.is_absent() => {
                Presence::Directory { source: None }
            }
            below => doubt.unwrap_or(below),
        }
    }

    fn copied(
        &self,
        layer: &Layer,
        items: &[Item],
        mode: CopyMode,
        path: &str,
        how: (usize, bool),
    ) -> Option<Presence> {
        let mut doubt = None;
        for item in items.iter().rev() {
            let Some(rest) = below(path, &item.to) else {
                if below(&item.to, path).is_some() {
                    doubt.get_or_insert(Presence::Directory { source: None });
                }
                continue;
            };
            let found = match &item.from {
                Source::Context(from) => self.in_context(layer, &glue(from, rest), mode),
                Source::Stage(stage, from) => {
                    let layers = self.stages.get(*stage).map_or(0, |stage| stage.layers.len());
                    let found = self.look(View { stage: *stage, layers }, &glue(from, rest), how.0, how.1);
                    Some(found).filter(|found| !found.is_absent()).map(|found| moded(found, mode))
                }
                Source::Pattern(stage, dir, pattern) => {
                    let first = rest.split('/').next().unwrap_or(rest);
                    let named = !first.is_empty() && crate::facts::gitignore::part_matches(pattern, first);
                    let layers = self.stages.get(*stage).map_or(0, |stage| stage.layers.len());
                    let found = named
                        .then(|| self.look(View { stage: *stage, layers }, &glue(dir, rest), how.0, how.1));
                    found.filter(|found| !found.is_absent()).map(|found| moded(found, mode))
                }
                Source::Text(_) if rest.is_empty() => Some(Presence::File {
                    site: layer.site.clone(),
                    source: None,
                    executable: Some(mode == CopyMode::Executable),
                }),
                Source::Text(_) => None,
                Source::Elsewhere => Some(Presence::Unknown(Some(layer.site.clone()))),
            };
            match found {
                Some(Presence::Unknown(site)) => doubt = Some(Presence::Unknown(site)),
                Some(found) => return Some(found),
                None => {}
            }
        }
        doubt
    }

    fn in_context(&self, layer: &Layer, path: &str, mode: CopyMode) -> Option<Presence> {
        let whole = glue(&self.context.root, path);
        if self.opaque.iter().any(|link| below(&whole, link).is_some()) {
            return Some(Presence::Unknown(Some(layer.site.clone())));
        }
        if let Some(entry) = self.context.file(path) {
            let kept = Some(entry.executable).filter(|_| entry.kind == EntryKind::File);
            let executable = match mode {
                CopyMode::Kept => kept,
                CopyMode::Executable => Some(true),
                CopyMode::Plain => Some(false),
            };
            return Some(Presence::File { site: layer.site.clone(), source: Some(whole), executable });
        }
        self.context.has(path).then_some(Presence::Directory { source: Some(whole) })
    }
}

/// What a RUN says of `path`; `None` is nothing.
fn ran(
    layer: &Layer,
    effects: &[Effect],
    path: &str,
    trusting: bool,
    executable: &mut Option<bool>,
) -> Option<Presence> {
    let mut found = None;
    for effect in effects.iter().rev() {
        match effect {
            Effect::Makes(made) if made == path => found = Some(written(layer)),
            Effect::Makes(made) if below(made, path).is_some() => {
                found = found.or(Some(Presence::Directory { source: None }));
            }
            Effect::Fills(dir) if below(path, dir).is_some() || below(dir, path).is_some() => {
                found = found.or(Some(Presence::Unknown(Some(layer.site.clone()))));
            }
            Effect::Builds(dir)
                if !(trusting && is_source(path))
                    && (below(path, dir).is_some() || below(dir, path).is_some()) =>
            {
                found = found.or(Some(Presence::Unknown(Some(layer.site.clone()))));
            }
            Effect::Anything if !trusting => {
                found = found.or(Some(Presence::Unknown(Some(layer.site.clone()))));
            }
            Effect::Removes(gone) if below(path, gone).is_some() => return found.or(Some(Presence::Absent)),
            Effect::Executable(place, all) if path == place || (*all && below(path, place).is_some()) => {
                executable.get_or_insert(true);
            }
            _ => {}
        }
    }
    found
}

/// True for sources that people write and compilers only read.
fn is_source(path: &str) -> bool {
    !path.ends_with(".d.ts") && matches!(path.rsplit('.').next(), Some("ts" | "tsx" | "py" | "sh"))
        || path.ends_with("tsconfig.json")
}

/// What `mkdir`, `touch` and `>` write; which of the two kinds it is does not matter to anybody who asks.
fn written(layer: &Layer) -> Presence {
    Presence::File { site: layer.site.clone(), source: None, executable: None }
}

fn in_base(reference: Option<&str>, path: &str) -> Presence {
    match reference.and_then(Base::of) {
        Some(base) if !base.may_hold(path) => Presence::Absent,
        _ => Presence::Unknown(None),
    }
}

fn with_bit(found: Presence, bit: Option<bool>) -> Presence {
    match (found, bit) {
        (Presence::File { site, source, .. }, Some(bit)) => {
            Presence::File { site, source, executable: Some(bit) }
        }
        (found, _) => found,
    }
}

fn moded(found: Presence, mode: CopyMode) -> Presence {
    with_bit(found, (mode != CopyMode::Kept).then_some(mode == CopyMode::Executable))
}

fn is_workdir(workdir: &str, path: &str) -> bool {
    below(workdir, path).is_some()
}

/// What follows `dir` in `path`; empty when they are the same.
pub(super) fn below<'p>(path: &'p str, dir: &str) -> Option<&'p str> {
    if dir.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(dir)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// `rest` inside `dir`, either of which may be empty.
pub(super) fn glue(dir: &str, rest: &str) -> String {
    match (dir.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (_, true) => dir.to_owned(),
        _ => format!("{dir}/{rest}"),
    }
}

/// The instruction that is to blame for a doubt.
impl Presence {
    /// The instruction because of which it is unknown.
    pub fn doubt(&self) -> Option<&Site> {
        match self {
            Self::Unknown(site) => site.as_ref(),
            _ => None,
        }
    }
}

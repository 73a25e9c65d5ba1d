//! Answers to "is this path there".

use super::base::Base;
use super::effects::Effect;
use super::file_tools::{covers, is};
use super::shell::is_unknown;
use super::{CopyMode, Image, Item, Layer, LayerKind, Origin, Presence, Source, View};
use crate::facts::gitignore::part_matches;
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
        if is_unknown(path) {
            return Presence::Unknown(None);
        }
        let mut said = Said::default();
        for layer in stage.layers.iter().take(view.layers).rev() {
            let found = match &layer.kind {
                LayerKind::Copy(items, mode) => self.copied(layer, items, *mode, path, (depth, trusting)),
                LayerKind::Run(_, effects) => ran(layer, effects, path, trusting, &mut said),
                LayerKind::Directory(made) => below(made, path).map(|_| Presence::Directory { source: None }),
            };
            match found {
                None => {}
                Some(unknown @ Presence::Unknown(_)) => {
                    said.doubt.get_or_insert(unknown);
                }
                // Removed: nothing below counts.
                Some(Presence::Absent) => return said.over(Presence::Absent),
                Some(found) => return said.over(found),
            }
        }
        let below = match &stage.base {
            Origin::Stage(below) => {
                let layers = self.stages.get(*below).map_or(0, |stage| stage.layers.len());
                self.look(View { stage: *below, layers }, path, depth, trusting)
            }
            Origin::External(reference) => in_base(reference.as_deref(), path),
        };
        said.over(below)
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
                    // A pattern may match nothing.
                    let perhaps = matches!(item.from, Source::Pattern(..));
                    let above = Presence::Directory { source: None };
                    doubt.get_or_insert(if perhaps { unknown(layer) } else { above });
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
                    self.matched(layer, (*stage, dir, pattern), rest, how).map(|found| moded(found, mode))
                }
                Source::Text(_) if rest.is_empty() => Some(Presence::File {
                    site: layer.site.clone(),
                    source: None,
                    executable: Some(mode == CopyMode::Executable),
                }),
                Source::Text(_) => None,
                Source::Elsewhere => Some(unknown(layer)),
            };
            match found {
                Some(Presence::Unknown(site)) => doubt = Some(Presence::Unknown(site)),
                Some(found) => return Some(found),
                None => {}
            }
        }
        doubt
    }

    /// What a pattern of an earlier stage brings to `rest` below its destination. A directory that it matches is unpacked
    /// there.
    fn matched(
        &self,
        layer: &Layer,
        (stage, dir, pattern): (usize, &str, &str),
        rest: &str,
        how: (usize, bool),
    ) -> Option<Presence> {
        let layers = self.stages.get(stage).map_or(0, |stage| stage.layers.len());
        let named = !rest.contains('/') && part_matches(pattern, rest);
        let found = named.then(|| self.look(View { stage, layers }, &glue(dir, rest), how.0, how.1));
        match found {
            Some(found @ Presence::File { .. }) => Some(found),
            Some(Presence::Unknown(_)) => Some(unknown(layer)),
            _ if rest.is_empty() || !pattern.contains('.') => Some(unknown(layer)),
            _ => None,
        }
    }

    fn in_context(&self, layer: &Layer, path: &str, mode: CopyMode) -> Option<Presence> {
        let whole = glue(&self.context.root, path);
        if self.opaque.iter().any(|link| below(&whole, link).is_some()) {
            return Some(unknown(layer));
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
        let there = self.context.has(path) || self.context.is_emptied(path);
        there.then_some(Presence::Directory { source: Some(whole) })
    }
}

/// What newer instructions say of a path, before it is known what the older ones brought.
#[derive(Default)]
struct Said {
    /// The instruction that may have made it.
    doubt: Option<Presence>,
    /// The instruction that may have removed it.
    gone: Option<Site>,
    /// True once the executable bit was changed.
    changed: bool,
    /// The executable bit, where it is known after a change.
    executable: Option<bool>,
}

impl Said {
    /// The answer, where the older instructions say `found`.
    fn over(self, found: Presence) -> Presence {
        match found {
            Presence::Absent | Presence::Unknown(_) => self.doubt.unwrap_or(found),
            _ if self.gone.is_some() => Presence::Unknown(self.gone),
            Presence::File { site, source, .. } if self.changed => {
                Presence::File { site, source, executable: self.executable }
            }
            Presence::File { .. } | Presence::Directory { .. } => found,
        }
    }
}

fn unknown(layer: &Layer) -> Presence {
    Presence::Unknown(Some(layer.site.clone()))
}

/// What a RUN says of `path`; `None` is nothing that settles it.
fn ran(layer: &Layer, effects: &[Effect], path: &str, trusting: bool, said: &mut Said) -> Option<Presence> {
    let near = |dir: &str| below(path, dir).is_some() || below(dir, path).is_some();
    for effect in effects.iter().rev() {
        let doubt = match effect {
            Effect::Makes(made) if made == path => {
                let (site, executable) = (layer.site.clone(), None);
                return Some(Presence::File { site, source: None, executable });
            }
            Effect::Makes(made) | Effect::Directory(made) if below(made, path).is_some() => {
                return Some(Presence::Directory { source: None });
            }
            Effect::Removes(gone) if covers(gone, path) => return Some(Presence::Absent),
            Effect::MayRemove(dir) => {
                if below(path, dir).is_some() && !trusting {
                    said.gone.get_or_insert_with(|| layer.site.clone());
                }
                false
            }
            Effect::Executable(place, all, bit) => {
                if is(place, path) || (*all && covers(place, path)) {
                    said.executable = if said.changed { said.executable } else { *bit };
                    said.changed = true;
                }
                false
            }
            Effect::Fills(dir) => near(dir) || in_modules(dir, path),
            Effect::Builds(dir) => !(trusting && is_source(path)) && near(dir),
            Effect::Anything => !trusting,
            _ => false,
        };
        if doubt {
            said.doubt.get_or_insert_with(|| unknown(layer));
        }
    }
    None
}

/// True for a path in some `node_modules` below the folder of the one at `dir`: the installation of a workspace fills those
/// of its members too.
fn in_modules(dir: &str, path: &str) -> bool {
    let home = dir.strip_suffix("node_modules").map(|home| home.trim_end_matches('/'));
    home.and_then(|home| below(path, home))
        .is_some_and(|rest| rest.split('/').any(|part| part == "node_modules"))
}

/// True for sources that people write and compilers only read.
fn is_source(path: &str) -> bool {
    !path.ends_with(".d.ts") && matches!(path.rsplit('.').next(), Some("ts" | "tsx" | "py" | "sh"))
        || path.ends_with("tsconfig.json")
}

fn in_base(reference: Option<&str>, path: &str) -> Presence {
    match reference.and_then(Base::of) {
        Some(base) if base.has_directory(path) => Presence::Directory { source: None },
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
        _ => [dir, "/", rest].concat(),
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

//! What the checker claims of a case, held against a listing.

use std::collections::BTreeSet;

use checker::config::Config;
use checker::facts::Facts;
use checker::facts::image::{Image, LayerKind, Presence, View};
use checker::snapshot::{Day, Snapshot, Text, Tree, Trigger};

use crate::case::{Case, Content, Data, in_memory};
use crate::listing::{Listing, Node, is_of_the_runtime};

/// How many paths were asked for, by what is said of them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) present: usize,
    pub(crate) absent: usize,
    /// Not known, and there.
    pub(crate) unknown: usize,
    /// Not known, and not there.
    pub(crate) doubted: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.present += other.present;
        self.absent += other.absent;
        self.unknown += other.unknown;
        self.doubted += other.doubted;
    }

    /// In per cent of the paths that are in the image: those of which nothing is known.
    pub(crate) fn unknown_share(&self) -> usize {
        100 * self.unknown / (self.unknown + self.present).max(1)
    }
}

/// Everything that the checker says wrongly of `case`, whose image is `real`; `own` is what it has beside its base.
pub(crate) fn compare(data: &Data, case: &Case, real: &Listing, own: &Listing) -> (Tally, Vec<String>) {
    let paths = data.paths(case);
    let tree = in_memory(&paths);
    let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::Local);
    let text = format!("[services.image]\nroot = \"\"\ndockerfile = \"{}\"\n", case.path);
    let config = Config::parse(&Text::decode("preflight.toml", text.as_bytes())).unwrap();
    let facts = Facts::gather(&snapshot, &config);
    let images = Image::of(&facts, &facts.services[0]);
    let image = &images[0];
    let view = view(image, case);
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for path in asked(image, &tree, own) {
        let claim = image.presence(view, &path);
        let node = real.at(&path);
        match &claim {
            Presence::Unknown(_) if own.0.contains_key(&path) => tally.unknown += 1,
            Presence::Unknown(_) => tally.doubted += 1,
            Presence::Absent => tally.absent += 1,
            _ => tally.present += 1,
        }
        if let Some(why) = refuted(&claim, node, &|source| paths.get(source)) {
            wrong.push(format!("{}: `{path}`: {why}", case.name));
        }
    }
    (tally, wrong)
}

/// The moment of the build that `case` asks for.
fn view(image: &Image<'_>, case: &Case) -> View {
    let Some(target) = &case.target else { return image.finished() };
    let stages = &image.dockerfile.as_ref().unwrap().stages;
    let stage = stages.iter().position(|stage| stage.name.as_ref().is_some_and(|name| name.value == *target));
    let stage = stage.unwrap();
    View { stage, layers: image.stages[stage].layers.len() }
}

/// Every path of `own`, and every place where a file of the tree might have landed.
fn asked(image: &Image<'_>, tree: &dyn Tree, own: &Listing) -> BTreeSet<String> {
    let mut dirs: BTreeSet<String> = [String::new()].into();
    for stage in &image.stages {
        dirs.insert(stage.workdir.clone());
        for layer in &stage.layers {
            let LayerKind::Copy(items, _) = &layer.kind else { continue };
            for item in items {
                dirs.insert(item.to.clone());
                dirs.insert(item.to.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned());
            }
        }
    }
    dirs.extend(own.0.iter().filter(|(_, node)| node.kind != 'f').map(|(path, _)| path.clone()));
    let mut tails: BTreeSet<&str> = ["packed", "packed/inner.txt"].into();
    for entry in tree.entries() {
        let ends = entry.path.match_indices('/').map(|(at, _)| at).chain([entry.path.len()]);
        for whole in ends.map(|end| &entry.path[..end]) {
            tails.extend(whole.match_indices('/').map(|(at, _)| &whole[at + 1..]).chain([whole]));
        }
    }
    let below = dirs.iter().flat_map(|dir| tails.iter().map(move |tail| format!("{dir}/{tail}")));
    let all = own.0.keys().cloned().chain(below).chain(dirs.iter().cloned());
    let all = all.map(|path| path.trim_start_matches('/').to_owned());
    all.filter(|path| !path.is_empty() && !path.contains('?') && !is_of_the_runtime(path)).collect()
}

/// Why `claim` is wrong of a path where `node` lies; `None` when it is right or claims nothing.
fn refuted<'p>(
    claim: &Presence,
    node: Option<&Node>,
    content: &dyn Fn(&str) -> Option<&'p Content>,
) -> Option<String> {
    let shown = node.map_or("nothing".to_owned(), ToString::to_string);
    match (claim, node) {
        (Presence::Unknown(_), _) | (Presence::Absent, None) => None,
        (Presence::Absent, Some(_)) => Some(format!("said to be absent, Docker has {shown}")),
        (Presence::Directory { .. }, Some(node)) if node.kind == 'd' => None,
        (Presence::File { source, executable, .. }, Some(node)) if node.kind == 'f' => {
            if executable.is_some_and(|bit| bit != (node.mode & 0o111 != 0)) {
                return Some(format!("executable {executable:?}, Docker has {shown}"));
            }
            match source.as_deref().map(|source| (source, content(source))) {
                Some((_, Some(Content::File(bytes, _)))) if *bytes == node.text.as_bytes() => None,
                // What is longer is not kept.
                Some((_, Some(Content::File(..)))) | None if node.text.is_empty() => None,
                None => None,
                Some((source, _)) => Some(format!("said to be `{source}`, Docker has {shown}")),
            }
        }
        (claim, _) => Some(format!("said to be {claim:?}, Docker has {shown}")),
    }
}

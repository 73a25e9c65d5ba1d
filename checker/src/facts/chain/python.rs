//! What a module name of Python means.

use super::names::comes_with_python;
use super::walk::{Found, Walk, dir};
use super::{Barred, Cause, Reached};
use crate::facts::image::effects::Effect;
use crate::facts::image::{LayerKind, Presence};
use crate::facts::startup::join;
use crate::finding::Site;

/// What a name may come from: an instruction, or the base image.
#[derive(PartialEq)]
struct Doubt(Option<Site>);

/// Where a dotted name leads.
enum Dotted {
    /// A file: path in the image and in the tree.
    File(String, String),
    /// A directory without `__init__.py`, or one that the build makes.
    Package(String),
    /// Not there.
    Nowhere,
    /// It cannot be told.
    Unknown(Option<Site>),
}

impl Walk<'_, '_> {
    pub(super) fn python(&self, from: &Reached, name: &str, level: u32, names: &[String]) -> Vec<Found> {
        if level > 0 {
            if self.start.plain && from.by.is_none() && !self.says(&from.source, "__package__") {
                let (source, why) = (from.source.clone(), Barred::NoPackage);
                return vec![Found::Broken(Cause::Barred { source, why }, None)];
            }
            let mut base = dir(&from.place).to_owned();
            for _ in 1..level {
                base = dir(&base).to_owned();
            }
            let found = self.below(&base, name);
            return self.resolved(from, found, &base, name, names);
        }
        let top = name.split('.').next().unwrap_or(name);
        if comes_with_python(top) {
            return Vec::new();
        }
        let mut doubt: Option<Doubt> = None;
        for root in &self.start.roots {
            match self.at(&join(root, top)) {
                Dotted::File(..) | Dotted::Package(_) => {
                    let found = self.below(root, name);
                    return self.resolved(from, found, root, name, names);
                }
                Dotted::Unknown(site) => {
                    doubt.get_or_insert(Doubt(site));
                }
                Dotted::Nowhere => {}
            }
        }
        vec![self.elsewhere(from, name, top, doubt)]
    }

    /// A top name that none of the directories on the path has.
    fn elsewhere(&self, from: &Reached, name: &str, top: &str, doubt: Option<Doubt>) -> Found {
        let dirs = self.tree_roots(from);
        for (root, place) in &dirs {
            let inner = name.replace('.', "/");
            let base = join(root, &inner);
            let top_here = [join(root, &format!("{top}.py")), join(root, &format!("{top}/__init__.py"))]
                .iter()
                .any(|path| self.is_file(path))
                || self.has_python(&join(root, top));
            if !top_here {
                continue;
            }
            let file = [
                format!("{base}.py"),
                format!("{base}/__init__.py"),
                join(root, &format!("{top}/__init__.py")),
                join(root, &format!("{top}.py")),
            ]
            .into_iter()
            .find(|path| self.is_file(path));
            let Some(source) = file else { continue };
            if self.installs_python(top) || self.declared_python(top) {
                return Found::Nothing;
            }
            let copied = place.as_ref().is_some_and(|place| {
                matches!(self.at(&join(place, top)), Dotted::File(..) | Dotted::Package(_))
            });
            return match (copied, place) {
                (true, Some(root)) => Found::Broken(
                    Cause::NotOnPath { source, root: root.clone() },
                    doubt.and_then(|doubt| doubt.0),
                ),
                _ if doubt == Some(Doubt(None)) => Found::Nothing,
                _ => {
                    let place = join(self.start.roots.first().map_or("", String::as_str), &source);
                    Found::Broken(Cause::NotInImage { source, place }, doubt.and_then(|doubt| doubt.0))
                }
            };
        }
        Found::Package(top.to_owned())
    }

    /// Directories of the tree where modules of the program may lie, with their place in the image: those on the path,
    /// and the working directory.
    fn tree_roots(&self, from: &Reached) -> Vec<(String, Option<String>)> {
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        let places = self.start.roots.iter().chain([&self.start.dir]);
        for place in places {
            if let Some(source) = self.source_dir(place) {
                found.push((source, Some(place.clone())));
            }
        }
        // The directory of the module, and the one above its packages, which lie as deep in the image.
        let working = Some(self.start.dir.clone());
        let (mut at, mut place) = (dir(&from.source), dir(&from.place));
        found.push((at.to_owned(), Some(place.to_owned())));
        while self.is_file(&join(at, "__init__.py")) && !at.is_empty() {
            (at, place) = (dir(at), dir(place));
        }
        found.push((at.to_owned(), Some(place.to_owned())));
        let root = &self.image.context.root;
        found.push((root.clone(), working));
        found.dedup_by(|one, other| one.0 == other.0);
        found
    }

    fn resolved(
        &self,
        from: &Reached,
        found: Dotted,
        root: &str,
        name: &str,
        names: &[String],
    ) -> Vec<Found> {
        match found {
            Dotted::File(place, source) => {
                let package = place.ends_with("/__init__.py").then(|| dir(&place).to_owned());
                let mut out = self.packages_above(root, name);
                out.extend(package.iter().flat_map(|package| self.inner(package, names)));
                out.extend(package.iter().flat_map(|package| self.lost_inner(package, &source, names)));
                out.extend(self.nameless(&source, package.as_deref(), names));
                out.insert(0, Found::Module(place, source));
                out
            }
            Dotted::Package(place) => {
                let mut out = self.packages_above(root, name);
                out.extend(self.inner(&place, names));
                out
            }
            Dotted::Unknown(_) => Vec::new(),
            Dotted::Nowhere => vec![self.broken(from, root, name)],
        }
    }

    /// The `__init__.py` files that run before `name`.
    fn packages_above(&self, root: &str, name: &str) -> Vec<Found> {
        let mut found = Vec::new();
        for (at, _) in name.match_indices('.') {
            let place = join(root, &name[..at].replace('.', "/"));
            if let Dotted::File(place, source) = self.at(&place) {
                found.push(Found::Module(place, source));
            }
        }
        found
    }

    /// Names taken from a package that are modules of it.
    fn inner(&self, package: &str, names: &[String]) -> Vec<Found> {
        let modules =
            names.iter().filter(|name| *name != "*").filter_map(|name| match self.at(&join(package, name)) {
                Dotted::File(place, source) => Some(Found::Module(place, source)),
                _ => None,
            });
        modules.collect()
    }

    /// Names taken from a package that can only be modules of it, and are not in the image. `source` is its `__init__`.
    fn lost_inner(&self, package: &str, source: &str, names: &[String]) -> Vec<Found> {
        let opens = names.iter().any(|name| name == "*")
            || self.says(source, "*")
            || self.says(source, "__getattr__");
        let lost = names.iter().filter(|name| !opens && !self.says(source, name)).filter_map(|name| {
            let spelled = [format!("{name}.py"), format!("{name}/__init__.py")];
            let kept = spelled.iter().map(|file| join(dir(source), file)).find(|file| self.is_file(file))?;
            let place = join(package, name);
            let absent = matches!(self.at(&place), Dotted::Nowhere);
            absent.then_some(Found::Broken(Cause::NotInImage { source: kept, place }, None))
        });
        lost.collect()
    }

    /// Names that the module at `source` does not have; `package` is its directory in the image when it is an `__init__`.
    fn nameless(&self, source: &str, package: Option<&str>, names: &[String]) -> Vec<Found> {
        let is_module = |name: &str| {
            package.is_some_and(|package| !matches!(self.at(&join(package, name)), Dotted::Nowhere))
                || (package.is_some() && self.has_module(&join(dir(source), name)))
        };
        if names.iter().any(|name| name == "*") {
            return Vec::new();
        }
        let asked = names.iter().filter(|name| !name.starts_with("__"));
        let asked: Vec<&String> = asked.filter(|name| !is_module(name)).collect();
        if asked.is_empty() {
            return Vec::new();
        }
        let Some(known) = self.facts.names(source) else { return Vec::new() };
        let made = |name: &str| package.is_some() && made_by_a_build(&join(dir(source), name));
        let missing = asked.into_iter().filter(|name| !known.contains(*name) && !made(name));
        missing.map(|name| Found::Nameless(source.to_owned(), name.clone())).collect()
    }

    /// True when the tree has a module or a directory in the place `source`, in git or not.
    fn has_module(&self, source: &str) -> bool {
        let entry = |ending: &str| self.facts.snapshot.entry(&format!("{source}{ending}")).is_some();
        entry("") || entry(".py") || entry(".pyi") || entry(".so") || self.facts.snapshot.is_directory(source)
    }

    /// True when `word` stands in the file at `source`.
    fn says(&self, source: &str, word: &str) -> bool {
        self.facts.snapshot.text(source).is_ok_and(|text| text.text.contains(word))
    }

    /// A name whose top is there, but not the rest.
    fn broken(&self, from: &Reached, root: &str, name: &str) -> Found {
        let place = join(root, &name.replace('.', "/"));
        let top = name.split('.').next().unwrap_or(name);
        // What the tree has in the place of the package that is there.
        let base = if name == top && root == dir(&from.place) {
            Some(dir(&from.source).to_owned())
        } else {
            let package = join(root, top);
            let seen = |place: &str| self.image.presence(self.start.view, place).source().map(str::to_owned);
            let whole =
                seen(&package).or_else(|| Some(dir(&seen(&join(&package, "__init__.py"))?).to_owned()));
            whole.map(|source| dir(&source).to_owned())
        };
        let base = base.or_else(|| (root == dir(&from.place)).then(|| dir(&from.source).to_owned()));
        let Some(base) = base else { return Found::Nothing };
        let source = join(&base, &name.replace('.', "/"));
        for tried in [format!("{source}.py"), format!("{source}/__init__.py")] {
            if self.is_file(&tried) {
                return Found::Broken(Cause::NotInImage { source: tried, place }, None);
            }
        }
        if self.has_python(&source) || made_by_a_build(&source) {
            return Found::Nothing;
        }
        Found::Broken(Cause::NotInTree { source: format!("{source}.py") }, None)
    }

    /// The module `name` below the directory `root` of the image.
    fn below(&self, root: &str, name: &str) -> Dotted {
        self.at(&join(root, &name.replace('.', "/")))
    }

    fn at(&self, place: &str) -> Dotted {
        let mut doubt = None;
        for tried in [[place, "/__init__.py"].concat(), [place, ".py"].concat()] {
            match self.image.presence(self.start.view, &tried) {
                Presence::File { source: Some(source), .. } => return Dotted::File(tried, source),
                Presence::File { .. } => return Dotted::Unknown(None),
                Presence::Unknown(site) => doubt = Some(site),
                _ => {}
            }
        }
        match self.image.presence(self.start.view, place) {
            Presence::Directory { source: Some(source) } if self.has_python(&source) => {
                Dotted::Package(place.to_owned())
            }
            Presence::Directory { source: None } if doubt.is_none() => Dotted::Package(place.to_owned()),
            _ => doubt.map_or(Dotted::Nowhere, Dotted::Unknown),
        }
    }

    /// True when the image may have installed the module `top` of the tree like any other distribution.
    fn installs_python(&self, top: &str) -> bool {
        let built = self.image.built_stages();
        let stages = built.iter().filter_map(|at| self.image.stages.get(*at));
        let effects = stages.flat_map(|stage| &stage.layers).filter_map(|layer| match &layer.kind {
            LayerKind::Run(_, effects) => Some(effects),
            LayerKind::Copy(..) | LayerKind::Directory(_) => None,
        });
        let installs = effects.flatten().any(|effect| matches!(effect, Effect::InstallsPython(_)));
        let root = &self.image.context.root;
        installs
            && self
                .facts
                .python_projects()
                .get(root)
                .and_then(|project| project.packages.as_ref())
                .is_none_or(|packages| packages.iter().any(|package| package == top))
    }

    /// True when some manifest of the tree asks for a distribution of that name.
    fn declared_python(&self, top: &str) -> bool {
        let (names, _) = super::names::distributions(top);
        let projects = self.facts.python_projects().values();
        let mut asked = projects
            .flat_map(|project| project.requirements.iter().map(|each| &each.name).chain(&project.locked));
        asked.any(|asked| names.contains(asked))
    }

    /// True when modules lie below the directory `source` of the tree.
    fn has_python(&self, source: &str) -> bool {
        let mut entries = self.facts.snapshot.under(source).iter();
        !source.is_empty()
            && entries.any(|entry| {
                entry.path.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "py" | "so" | "pyx"))
            })
    }
}

fn made_by_a_build(source: &str) -> bool {
    let name = source.rsplit('/').next().unwrap_or_default();
    name.ends_with("_pb2")
        || name.ends_with("_pb2_grpc")
        || name.contains("version")
        || source.contains("generated")
}

//! What a specifier of JavaScript or TypeScript means.

use super::names::comes_with_node;
use super::walk::{Found, Walk, climb, dir};
use super::{Barred, Cause, Loader, Reached};
use crate::facts::document::Node;
use crate::facts::gitignore::Patterns;
use crate::facts::image::Presence;
use crate::facts::startup::join;
use crate::finding::Site;

/// Endings that are tried behind a specifier, as Node, TypeScript and the bundlers do.
const ENDINGS: [&str; 20] = [
    "",
    ".ts",
    ".tsx",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".json",
    ".d.ts",
    "/index.ts",
    "/index.tsx",
    "/index.js",
    "/index.mjs",
    "/index.jsx",
    "/index.cjs",
    "/index.mts",
    "/index.cts",
    "/index.json",
];
/// Directories that people write sources in and that a `.gitignore` for something else often names.
const HIDDEN: [&str; 7] = ["lib", "data", "models", "logs", "env", "config", "downloads"];
/// Configurations that may hold the aliases of bundlers.
const CONFIG_DEPTH: usize = 4;

impl Walk<'_, '_> {
    pub(super) fn javascript(&self, from: &Reached, specifier: &str) -> Found {
        let bare = specifier.split(['?', '#']).next().unwrap_or(specifier);
        if specifier.starts_with('#')
            || specifier.contains(['!', '*', '$'])
            || specifier.starts_with("virtual:")
            || bare.is_empty()
        {
            return Found::Nothing;
        }
        if bare.starts_with('.') {
            let Some(source) = climb(dir(&from.source), bare) else { return Found::Nothing };
            let place = join(dir(&from.place), bare);
            let found = self.one_of(&[(place.clone(), source)], true);
            return match found {
                Found::Module(real, source) if real != place && self.is_exact(from) => {
                    Found::Broken(Cause::Barred { source, why: Barred::NoEnding }, None)
                }
                found => found,
            };
        }
        if bare.starts_with('/') || comes_with_node(bare) || bare.contains("://") {
            return Found::Nothing;
        }
        match self.alias(from, bare) {
            Found::Nothing => package(bare).map_or(Found::Nothing, Found::Package),
            found => found,
        }
    }

    /// Names that the ES module at `source`, which Node itself reads, has nowhere at its top.
    pub(super) fn not_exported(&self, from: &Reached, source: &str, names: &[String]) -> Vec<Found> {
        let asked: Vec<&String> =
            names.iter().filter(|name| !matches!(name.as_str(), "" | "*" | "default")).collect();
        if asked.is_empty() || !self.is_exact(from) || !self.is_ecmascript(source) {
            return Vec::new();
        }
        let exports =
            |source: &str| self.facts.snapshot.text(source).is_ok_and(|text| text.text.contains("export "));
        let Some(known) = self.facts.names(source).filter(|_| exports(source)) else { return Vec::new() };
        let missing = asked.into_iter().filter(|name| !known.contains(*name));
        missing.map(|name| Found::Nameless(source.to_owned(), name.clone())).collect()
    }

    /// True when Node reads `from` as an ES module, whose imports name files as they are.
    fn is_exact(&self, from: &Reached) -> bool {
        let text = self.facts.snapshot.text(&from.source);
        self.start.plain
            && self.is_ecmascript(&from.source)
            && text.is_ok_and(|text| !text.text.contains("createRequire"))
    }

    /// True when Node reads the file at `source` as an ES module.
    fn is_ecmascript(&self, source: &str) -> bool {
        let above = || {
            let mut at = dir(source);
            loop {
                if let Some(project) = self.facts.node_projects().get(at) {
                    return project.is_module;
                }
                if at.is_empty() {
                    return false;
                }
                at = dir(at);
            }
        };
        source.ends_with(".mjs") || (source.ends_with(".js") && above())
    }

    /// The first of `bases` (place in the image, path in the tree) that is there with some ending. `strict`: a specifier
    /// that nothing in the tree answers is broken too.
    fn one_of(&self, bases: &[(String, String)], strict: bool) -> Found {
        let mut doubt: Option<Option<Site>> = None;
        let mut missing = None;
        for (place, source) in bases {
            for (place, source) in self.spelled(place, source) {
                match self.image.presence(self.start.view, &place) {
                    Presence::File { source: Some(real), .. } => return Found::Module(place, real),
                    Presence::File { .. } => return Found::Nothing,
                    Presence::Unknown(site) => {
                        if self.is_file(&source) {
                            missing.get_or_insert((place, source));
                        }
                        doubt.get_or_insert(site);
                    }
                    _ if self.is_file(&source) => {
                        missing.get_or_insert((place, source));
                    }
                    _ => {}
                }
            }
        }
        match (missing, doubt) {
            (Some(_), Some(None)) => Found::Nothing,
            (Some((place, source)), doubt) => {
                Found::Broken(Cause::NotInImage { source, place }, doubt.flatten())
            }
            (None, None) if strict => match bases.first() {
                Some((_, source)) if !made_by_a_build(source) || self.is_hidden(source) => {
                    Found::Broken(Cause::NotInTree { source: source.clone() }, None)
                }
                _ => Found::Nothing,
            },
            // Only a build that ran before could have written it, and those write where sources do not lie.
            (None, Some(Some(site))) if strict && self.start.loader == Loader::Build => match bases.first() {
                Some((_, source)) if !made_by_a_build(source) => {
                    Found::Broken(Cause::NotInTree { source: source.clone() }, Some(site))
                }
                _ => Found::Nothing,
            },
            _ => Found::Nothing,
        }
    }

    fn spelled(&self, place: &str, source: &str) -> impl Iterator<Item = (String, String)> {
        spelled(place, source, self.start.loader == Loader::Build)
    }

    /// What `paths` and `baseUrl` of the nearest `tsconfig.json` make of a specifier.
    fn alias(&self, from: &Reached, specifier: &str) -> Found {
        let Some((config, root)) = self.config(&from.source) else { return Found::Nothing };
        let targets = self.facts.tsconfig_targets(&config, specifier);
        if targets.is_empty() {
            return Found::Nothing;
        }
        // The directory of the config in the image lies as deep above the module as it does in the tree.
        let rest = from.source.strip_prefix(root.as_str()).unwrap_or(&from.source).trim_start_matches('/');
        let Some(base) = from.place.strip_suffix(rest).map(|base| base.trim_end_matches('/')) else {
            return Found::Nothing;
        };
        let inside = |target: &String| {
            let source = climb("", target)?;
            let below = if root.is_empty() {
                Some(source.as_str())
            } else {
                source.strip_prefix(&format!("{root}/"))
            };
            Some((join(base, below?), source.clone()))
        };
        let bases: Vec<(String, String)> = targets.iter().filter_map(inside).collect();
        let in_tree = bases
            .iter()
            .any(|(place, source)| self.spelled(place, source).any(|(_, source)| self.is_file(&source)));
        if !in_tree {
            let hidden = bases.iter().find(|(_, source)| self.is_hidden(source));
            return hidden.map_or(Found::Nothing, |(_, source)| {
                Found::Broken(Cause::NotInTree { source: source.clone() }, None)
            });
        }
        if self.start.loader == Loader::Run {
            let place = join(base, config.rsplit('/').next().unwrap_or_default());
            let found = self.image.presence(self.start.view, &place);
            if !found.is_file() {
                return Found::Broken(Cause::NoConfig { source: config }, found.doubt().cloned());
            }
        }
        self.one_of(&bases, false)
    }

    /// True when a `.gitignore` that means other files, such as the one for Python with its `lib/`, keeps the source at `path`
    /// out of git.
    fn is_hidden(&self, path: &str) -> bool {
        if !path.split('/').any(|part| HIDDEN.contains(&part)) {
            return false;
        }
        let mut at = dir(path);
        loop {
            let text = self.facts.snapshot.text(&join(at, ".gitignore"));
            let inner = path[at.len()..].trim_start_matches('/');
            if text.is_ok_and(|text| Patterns::parse(&text.text).ignores(inner)) {
                return true;
            }
            if at.is_empty() {
                return false;
            }
            at = dir(at);
        }
    }

    /// The nearest `tsconfig.json` or `jsconfig.json` above a file of the tree, and its directory.
    fn config(&self, source: &str) -> Option<(String, String)> {
        let mut at = dir(source);
        loop {
            for name in ["tsconfig.json", "jsconfig.json"] {
                let path = join(at, name);
                if self.is_file(&path) {
                    return Some((path, at.to_owned()));
                }
            }
            if at.is_empty() {
                return None;
            }
            at = dir(at);
        }
    }
}

/// What is written as the first is found as the second too.
const COMPILED: [(&str, &str); 5] =
    [(".js", ".ts"), (".js", ".tsx"), (".jsx", ".tsx"), (".mjs", ".mts"), (".cjs", ".cts")];
/// The same, for who is content with the types.
const TYPED: [(&str, &str); 3] = [(".js", ".d.ts"), (".mjs", ".d.mts"), (".cjs", ".d.cts")];

/// Every spelling of a specifier: with its endings, and `x.js` for what is written `x.ts`. A compiler is content with the
/// types of `x.js` in `x.d.ts`.
fn spelled(place: &str, source: &str, compiled: bool) -> impl Iterator<Item = (String, String)> {
    let ended = ENDINGS.iter().map(move |ending| ([place, ending].concat(), [source, ending].concat()));
    let types = TYPED.iter().filter(move |_| compiled);
    let others = COMPILED.iter().chain(types).filter_map(move |(written, real)| {
        let (place, source) = (place.strip_suffix(written)?, source.strip_suffix(written)?);
        Some(([place, real].concat(), [source, real].concat()))
    });
    ended.chain(others)
}

/// The package that a specifier names; `None` for what is no package's name.
pub(crate) fn package(specifier: &str) -> Option<String> {
    let mut parts = specifier.split('/');
    let first = parts.next().filter(|first| !first.is_empty())?;
    if first == "@" || first == "~" {
        return None;
    }
    if first.starts_with('@') {
        return Some(format!("{first}/{}", parts.next()?));
    }
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    (first.chars().all(plain) && !first.starts_with('.')).then(|| first.to_owned())
}

/// True for paths that builds and generators write: no source is missed there.
fn made_by_a_build(source: &str) -> bool {
    let generated = |part: &str| {
        matches!(
            part,
            "dist"
                | "build"
                | "out"
                | "lib"
                | "node_modules"
                | "generated"
                | "__generated__"
                | "gen"
                | "_generated"
        ) || part.starts_with('.')
            || part.contains("generated")
            || part.contains(".gen")
            || part.contains("_pb")
    };
    let name = source.rsplit('/').next().unwrap_or_default();
    let asset = name
        .rsplit_once('.')
        .is_some_and(|(_, end)| !matches!(end, "js" | "ts" | "mjs" | "cjs" | "mts" | "jsx" | "tsx" | "cts"));
    source.split('/').any(generated) || (asset && name.matches('.').count() == 1 && is_asset(name))
}

fn is_asset(name: &str) -> bool {
    let end = name.rsplit('.').next().unwrap_or_default();
    matches!(
        end,
        "css"
            | "scss"
            | "sass"
            | "less"
            | "svg"
            | "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "webp"
            | "json"
            | "wasm"
            | "node"
            | "vue"
            | "svelte"
            | "md"
            | "mdx"
            | "html"
            | "txt"
            | "woff"
            | "woff2"
            | "graphql"
            | "gql"
            | "yaml"
            | "yml"
            | "astro"
    )
}

/// What the `paths` and the `baseUrl` of one config make of `specifier`, relative to the directory of the config; the
/// config that it extends is asked when it has neither.
pub(super) fn targets(
    read: &dyn Fn(&str) -> Option<std::rc::Rc<Node>>,
    config: &str,
    specifier: &str,
    depth: usize,
) -> Vec<String> {
    let (Some(root), true) = (read(config), depth < CONFIG_DEPTH) else { return Vec::new() };
    let here = dir(config);
    let base = root.at(&["compilerOptions", "baseUrl"]).and_then(Node::text);
    let from = join(here, base.unwrap_or("."));
    let mut found = Vec::new();
    let paths = root.at(&["compilerOptions", "paths"]);
    let mut best = 0;
    for member in paths.map_or(&[][..], Node::members) {
        let pattern = member.key.value.as_str();
        let (head, tail) = pattern.split_once('*').unwrap_or((pattern, ""));
        let matched = if pattern.contains('*') {
            specifier.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail))
        } else {
            (specifier == pattern).then_some("")
        };
        let Some(matched) = matched.filter(|_| head.len() >= best) else { continue };
        if head.len() > best {
            found.clear();
        }
        best = head.len();
        found.extend(
            member
                .value
                .items()
                .iter()
                .filter_map(Node::text)
                .map(|to| join(&from, &to.replace('*', matched))),
        );
    }
    if found.is_empty() && base.is_some() {
        found.push(join(&from, specifier));
    }
    if found.is_empty() && paths.is_none() && base.is_none() {
        let above = root.get("extends").and_then(Node::text).filter(|path| path.starts_with('.'));
        let path = above.map(|path| join(here, path));
        let path = path.map(|path| if path.ends_with(".json") { path } else { format!("{path}.json") });
        found = path.map(|path| targets(read, &path, specifier, depth + 1)).unwrap_or_default();
    }
    found
}

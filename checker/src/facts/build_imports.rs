//! Packages that compilers and bundlers of a build look for in vain.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::facts::chain::{self, Link, Loader, To, When};
use crate::facts::image::Presence;
use crate::facts::launch::node_packages::Packages;
use crate::facts::launch::{Delivered, Trace};
use crate::facts::node_project::NodeProject;
use crate::facts::pattern::Pattern;
use crate::facts::startup::join;
use crate::facts::typescript::{self, Compilation};
use crate::finding::Site;
use crate::span::Span;

/// A package that is not there.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its name.
    pub package: String,
    /// Where it is imported.
    pub site: Site,
    /// The instruction that needs it.
    pub built: Site,
    /// The program that stops.
    pub program: String,
    /// The directory of the manifest next to the module.
    pub home: String,
    /// True when the program certainly stops.
    pub firm: bool,
}

/// Programs that put modules together and do not look at types.
const BUNDLERS: [&str; 8] = ["vite", "esbuild", "tsup", "webpack", "rollup", "react-scripts", "swc", "ncc"];
/// What frameworks bring under a name of their own.
const BUILT_IN: [&str; 7] = ["server-only", "client-only", "styled-jsx", "next", "nuxt", "astro", "vite"];

/// Every package that a build certainly looks for and that no installation brings.
pub fn wanted<'s>(facts: &Facts<'s>, delivered: &Delivered<'s>, packages: &Packages<'_, 's>) -> Vec<Wanted> {
    let mut search = Search { facts, packages, known: BTreeMap::new(), out: Vec::new() };
    for trace in delivered.traces.iter().filter(|trace| trace.build && trace.loader == Loader::Build) {
        let program = trace.words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
        let typed = !BUNDLERS.contains(&program);
        let sources: BTreeSet<&str> = trace
            .chain
            .packages
            .iter()
            .filter_map(|package| trace.chain.modules.get(package.module))
            .filter(|reached| {
                let above = |at: &str| at.rsplit_once('/').map(|(above, _)| above.to_owned());
                let mut dir = above(&reached.place);
                // A `node_modules` that was copied may hold anything.
                let mut copied = false;
                while let Some(at) = dir {
                    let found = delivered.image.presence(trace.view, &join(&at, "node_modules"));
                    copied |= matches!(found, Presence::Directory { source: Some(_) });
                    dir = above(&at);
                }
                !copied
            })
            .map(|reached| reached.source.as_str())
            .collect();
        if program == "vite" {
            search.minifier(trace);
        }
        for source in sources {
            search.file(source, program, &trace.site, typed, trace.firm);
        }
    }
    for compilation in typescript::compilations(facts, delivered) {
        search.compilation(delivered, &compilation);
    }
    search.out
}

static TERSER: Pattern = Pattern::new(r#"\bminify\s*:\s*["']terser["']"#, "terser");

struct Search<'r, 'f, 's> {
    facts: &'r Facts<'s>,
    packages: &'r Packages<'f, 's>,
    known: BTreeMap<(String, String), bool>,
    out: Vec<Wanted>,
}

impl Search<'_, '_, '_> {
    /// Terser, which Vite has left to the project since version 3 (<https://vite.dev/config/build-options#build-minify>).
    fn minifier(&mut self, trace: &Trace) {
        let is_config =
            |source: &str| source.rsplit('/').next().is_some_and(|name| name.starts_with("vite.config."));
        for reached in trace.chain.modules.iter().filter(|reached| is_config(&reached.source)) {
            let Ok(text) = self.facts.snapshot.text(&reached.source) else { continue };
            let Some(found) = TERSER.find(&text.text) else { continue };
            let line = text.text[..found.start()].rsplit('\n').next().unwrap_or_default();
            let project = self.facts.nearest_project(&reached.source);
            // Other packages bring it, and the old Vite did.
            let brought = project.is_none_or(|project| {
                project.dependencies.iter().any(|each| {
                    let name = each.name.value.as_str();
                    ["pwa", "workbox", "terser", "webpack"].iter().any(|part| name.contains(part))
                        || (name == "vite" && each.version.trim_start_matches(['^', '~']).starts_with("2."))
                })
            });
            if brought || line.contains("//") || self.packages.brings("terser", &reached.source) {
                continue;
            }
            self.out.push(Wanted {
                package: "terser".to_owned(),
                site: Site::new(reached.source.clone(), found.range()),
                built: trace.site.clone(),
                program: "vite".to_owned(),
                home: home(self.facts, &reached.source),
                firm: trace.firm,
            });
        }
    }

    fn compilation(&mut self, delivered: &Delivered<'_>, compilation: &Compilation) {
        let Some(inputs) = compilation.inputs(self.facts, delivered) else { return };
        for source in inputs {
            let Ok(text) = self.facts.snapshot.text(&source) else { continue };
            // A text is parsed only where a name that nothing brings stands in it.
            if specifiers(&text.text).any(|name| !self.is_there(&name, &source)) {
                self.file(&source, &compilation.program, &compilation.site, true, compilation.firm);
            }
        }
    }

    fn is_there(&mut self, name: &str, source: &str) -> bool {
        let home = home(self.facts, source);
        let key = (name.to_owned(), home.clone());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // What its own manifest asks for is declared; that it is not installed is another defect.
        let asks = |project: &NodeProject| project.dependencies.iter().any(|each| each.name.value == name);
        let there = BUILT_IN.contains(&name)
            || self.facts.nearest_project(source).is_some_and(asks)
            || self.packages.brings(name, source)
            || is_aliased(self.facts, &home, name)
            || is_directory(self.facts, &home, name);
        self.known.insert(key, there);
        there
    }

    fn file(&mut self, source: &str, program: &str, built: &Site, typed: bool, firm: bool) {
        let (Some(links), Ok(text)) = (self.facts.links(source), self.facts.snapshot.text(source)) else {
            return;
        };
        if typed && text.text.contains("@ts-nocheck") {
            return;
        }
        // A compiler takes JavaScript as it is, unless it is told to check it.
        let script = [".js", ".jsx", ".mjs", ".cjs"].iter().any(|end| source.ends_with(end));
        let compiler = matches!(program, "tsc" | "nest" | "vue-tsc" | "tsc-alias");
        if script && compiler && !text.text.contains("@ts-check") {
            return;
        }
        let needed =
            links.iter().filter(|link| link.when != When::Guarded && (typed || link.when != When::Types));
        let needed = needed.filter_map(|link| Some((package_of(link)?, link.span)));
        let for_types = typed.then(|| type_imports(&text.text)).into_iter().flatten();
        for (package, span) in needed.chain(for_types) {
            // To the compiler, what `require` gives is anything.
            let required = text.text.get(span.start..).is_some_and(|rest| rest.starts_with("require"));
            if (typed && required && !has_js_end(source))
                || self.is_there(&package, source)
                || (typed && self.has_types(&package, source))
                || is_passed_over(&text.text, span, typed)
            {
                continue;
            }
            let site = Site::new(source, span);
            let home = home(self.facts, source);
            let (program, built) = (program.to_owned(), built.clone());
            self.out.push(Wanted { package, site, built, program, home, firm });
        }
    }

    /// True when the types of a package are there without itself: installed, or declared by the project.
    fn has_types(&self, package: &str, source: &str) -> bool {
        let plain = package.trim_start_matches('@').replace('/', "__");
        let typed = format!("@types/{plain}");
        let asked = self
            .facts
            .node_projects()
            .values()
            .any(|project| project.dependencies.iter().any(|each| each.name.value == typed));
        let home = home(self.facts, source);
        let declares = |text: &str| {
            text.match_indices("declare module").any(|(at, word)| {
                let rest = text[at + word.len()..].trim_start().trim_start_matches(['"', '\'']);
                let named = rest.split(['"', '\'']).next().unwrap_or_default();
                named == package
                    || named.starts_with(&format!("{package}/"))
                    || named.split_once('*').is_some_and(|(head, _)| package.starts_with(head))
            })
        };
        let declarations =
            self.facts.snapshot.under(&home).iter().filter(|entry| entry.path.ends_with(".d.ts"));
        asked
            || self.packages.holds(&typed)
            || declarations
                .take(100)
                .filter_map(|entry| self.facts.snapshot.text(&entry.path).ok())
                .any(|text| declares(&text.text))
    }
}

fn has_js_end(source: &str) -> bool {
    source.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "js" | "jsx" | "mjs" | "cjs"))
}

/// The directory of the nearest manifest above `source`.
fn home(facts: &Facts<'_>, source: &str) -> String {
    facts.nearest_project(source).map_or(String::new(), |project| project.directory.clone())
}

fn package_of(link: &Link) -> Option<String> {
    let To::Module { name, .. } = &link.to else { return None };
    bare(name)
}

/// The package that a specifier names, when it is one of others.
fn bare(specifier: &str) -> Option<String> {
    let special = |char: char| "#!*$:?~".contains(char);
    let style =
        [".css", ".scss", ".less", ".svg", ".png", ".json"].iter().any(|end| specifier.ends_with(end));
    if specifier.starts_with(['.', '/'])
        || specifier.contains(special)
        || chain::names::comes_with_node(specifier)
    {
        return None;
    }
    let package = chain::package(specifier)?;
    (!style || specifier.len() > package.len()).then_some(package)
}

/// The packages of `import type` statements, which leave nothing behind in the program, and their places.
fn type_imports(text: &str) -> impl Iterator<Item = (String, Span)> {
    text.match_indices("import type ").filter_map(|(at, word)| {
        let first = text[..at].rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
        let rest = &text[at + word.len()..];
        let (names, after) = rest.split_once("from ").filter(|_| first)?;
        let plain = |char: char| char.is_ascii_alphanumeric() || " \t\r\n,{}*_$".contains(char);
        let quote = after.chars().next().filter(|char| matches!(char, '"' | '\''))?;
        let module = after[1..].split(quote).next().filter(|_| names.chars().all(plain))?;
        let end = at + word.len() + names.len() + "from ".len() + module.len() + 2;
        Some((bare(module)?, Span::new(at, end)))
    })
}

/// The packages that the import statements of a text name, found without parsing it.
fn specifiers(text: &str) -> impl Iterator<Item = String> {
    let after = ["from ", "require(", "import ", "import("];
    after.into_iter().flat_map(move |word| {
        text.match_indices(word).filter_map(move |(at, _)| {
            let rest = text[at + word.len()..].trim_start();
            let quote = rest.chars().next().filter(|char| matches!(char, '"' | '\''))?;
            bare(rest[1..].split(quote).next()?)
        })
    })
}

/// True when a comment before the import tells the compiler or the bundler to leave it alone.
fn is_passed_over(text: &str, span: Span, typed: bool) -> bool {
    let start = span.start.min(text.len());
    let line = text[..start].rfind('\n').unwrap_or(0);
    let before = text[..line].rfind('\n').unwrap_or(0);
    let end = text.len().min(span.end + 1);
    let around = text.get(before..end).unwrap_or_default();
    let words: &[&str] = if typed {
        &["@ts-ignore", "@ts-expect-error", "gnore:"]
    } else {
        &["@vite-ignore", "webpackIgnore"]
    };
    words.iter().any(|word| around.contains(word))
}

/// True when a configuration beside the project gives the name, or its scope, a meaning of its own.
fn is_aliased(facts: &Facts<'_>, home: &str, name: &str) -> bool {
    let token = name.split('/').next().unwrap_or(name);
    let beside = |directory: &str| {
        let inner = if directory.is_empty() { 0 } else { directory.len() + 1 };
        let files = facts.snapshot.under(directory).iter().filter(move |entry| {
            let file = &entry.path[inner..];
            !file.contains('/')
                && (file.starts_with("tsconfig") || file.starts_with("jsconfig") || file.contains(".config."))
        });
        files.filter_map(|entry| facts.snapshot.text(&entry.path).ok()).any(|text| gives(&text.text, token))
    };
    beside(home) || (!home.is_empty() && beside(""))
}

/// True when `token` stands at the beginning of a quoted text that is not what an import names.
fn gives(text: &str, token: &str) -> bool {
    text.match_indices(token).any(|(at, _)| {
        let head = &text[..at];
        let quoted = head.ends_with(['"', '\'', '`', '^', '/']);
        let head = head.trim_end_matches(['"', '\'', '`']).trim_end();
        let ends = text[at + token.len()..].starts_with(['"', '\'', '`', '/', '*', '$']);
        quoted && ends && !["from", "import", "require(", "import("].iter().any(|word| head.ends_with(word))
    })
}

/// True when the first part of the name is a directory of the project, so that a base directory may lead to it.
fn is_directory(facts: &Facts<'_>, home: &str, name: &str) -> bool {
    let first = name.split('/').next().unwrap_or(name);
    ["", "src", "app"].iter().any(|below| {
        let path = join(&join(home, below), first);
        facts.snapshot.is_directory(&path)
    })
}

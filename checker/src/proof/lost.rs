//! From a complaint about a missing file or module to the COPY, the ignore pattern or the requirement that lost it.

use super::Case;
use crate::facts::build_context::Absence;
use crate::facts::dockerfile::InstructionKind;
use crate::facts::pattern::Pattern;
use crate::finding::Site;
use crate::snapshot::{Entry, Trigger};

/// What a program says it cannot find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// A source of COPY or ADD.
    Source(String),
    /// A Python module by its dotted name.
    Python(String),
    /// What JavaScript imports: a path or the name of a package.
    Node(String),
    /// A file or directory by its path in the image.
    File(String),
    /// A Go package by its import path.
    Go(String),
    /// A module of a Rust crate.
    Rust(String),
}

/// Where it was lost.
pub(super) struct Lost {
    /// Path in the repository, or the name of a module that the repository does not have.
    pub(super) path: String,
    /// What became of it.
    pub(super) seen: String,
    /// What to change.
    pub(super) help: String,
    /// The place to change, when it is not where it failed.
    pub(super) site: Option<Site>,
}

/// What a complaint's parts say is missing.
type Make = fn(&[&str]) -> Missing;
type Reading = (Pattern, Make);

static READINGS: [Reading; 17] = [
    (Pattern::new(r"No module named '?([A-Za-z0-9_.]+)'?", ""), |found| Missing::Python(found[0].to_owned())),
    (Pattern::new(r"cannot import name '([A-Za-z0-9_]+)' from '([A-Za-z0-9_.]+)'", ""), |found| {
        Missing::Python(format!("{}.{}", found[1], found[0]))
    }),
    (Pattern::new(r"Cannot find (?:module|package) '([^']+)'", ""), |found| {
        Missing::Node(found[0].to_owned())
    }),
    (Pattern::new(r"ENOENT: no such file or directory, [a-z]+ '([^']+)'", ""), |found| {
        Missing::File(found[0].to_owned())
    }),
    (Pattern::new(r"No such file or directory: '([^']+)'", ""), |found| Missing::File(found[0].to_owned())),
    (Pattern::new(r"can't open file '([^']+)'", ""), |found| Missing::File(found[0].to_owned())),
    (Pattern::new(r"package ([A-Za-z0-9_./-]+) is not in (?:GOROOT|std)", ""), |found| {
        Missing::Go(found[0].to_owned())
    }),
    (Pattern::new(r"cannot find package [^A-Za-z0-9]?([A-Za-z0-9_./-]+)[^A-Za-z0-9]?", ""), |found| {
        Missing::Go(found[0].to_owned())
    }),
    (Pattern::new(r"no required module provides package ([A-Za-z0-9_./-]+)", ""), |found| {
        Missing::Go(found[0].to_owned())
    }),
    (Pattern::new(r"([A-Za-z0-9_]*go\.mod) file not found", ""), |_| Missing::File("go.mod".to_owned())),
    (Pattern::new(r"stat ([^: ]+): (?:directory not found|no such file)", ""), |found| {
        Missing::File(found[0].to_owned())
    }),
    (Pattern::new(r"pattern ([^: ]+): no matching files found", ""), |found| {
        Missing::File(found[0].to_owned())
    }),
    (Pattern::new(r"file not found for module `([A-Za-z0-9_]+)`", ""), |found| {
        Missing::Rust(found[0].to_owned())
    }),
    (Pattern::new(r"couldn't read `?([^:`]+)`?: No such file", ""), |found| {
        Missing::File(found[0].to_owned())
    }),
    (Pattern::new(r"failed to read `([^`]+)`", ""), |found| Missing::File(found[0].to_owned())),
    (
        Pattern::new(r"(?:could not find `(Cargo\.toml)`|can't find [^`]*`[^`]*` at path `([^`]+)`)", ""),
        |found| Missing::File(found[0].to_owned()),
    ),
    (
        Pattern::new(
            r"(?:sh|bash): (?:[0-9]+: |line [0-9]+: )?(?:cannot open )?(\.{0,2}/?[A-Za-z0-9_./-]+\.[A-Za-z0-9_]+): (?:not found|No such file)",
            "",
        ),
        |found| Missing::File(found[0].to_owned()),
    ),
];

/// The first thing that `lines` say is missing.
pub(super) fn named(lines: &[String]) -> Option<Missing> {
    lines.iter().find_map(|line| {
        READINGS.iter().find_map(|(pattern, make)| {
            let groups = pattern.captures(line)?;
            let found: Vec<&str> = groups.iter().skip(1).flatten().map(|group| group.as_str()).collect();
            (!found.is_empty()).then(|| make(&found))
        })
    })
}

impl Case<'_, '_> {
    /// What became of `missing`.
    pub(super) fn explain(&self, missing: &Missing) -> Lost {
        let (shown, candidates) = match missing {
            Missing::Source(path) => {
                let inside = join(&self.plan.root, path);
                let own = self.below(&inside).map(|entry| entry.path.clone());
                return self.of_source(path, own.as_deref().unwrap_or(&inside));
            }
            Missing::Python(module) => {
                let path = module.replace('.', "/");
                (module.clone(), vec![format!("{path}.py"), format!("{path}/__init__.py"), path])
            }
            Missing::Node(name) => {
                let path = name.trim_start_matches("./").trim_start_matches("../").to_owned();
                let ends = ["", ".js", ".mjs", ".cjs", ".ts", ".json", "/index.js", "/index.ts"];
                let relative = name.starts_with(['.', '/']);
                (
                    name.clone(),
                    if relative {
                        ends.iter().map(|end| format!("{path}{end}")).collect()
                    } else {
                        Vec::new()
                    },
                )
            }
            Missing::Go(package) => (package.clone(), vec![package.clone()]),
            Missing::Rust(module) => {
                (module.clone(), vec![format!("{module}.rs"), format!("{module}/mod.rs")])
            }
            Missing::File(path) => (path.clone(), vec![path.clone()]),
        };
        match candidates.iter().find_map(|path| self.in_tree(path)) {
            Some(path) => self.of_file(&shown, &path),
            None => self.of_package(missing, &shown),
        }
    }

    /// The path of the repository that a path of the image most probably comes from: the longest ending of it that is
    /// there below the root directory, else the only one anywhere.
    fn in_tree(&self, path: &str) -> Option<String> {
        let clean = path.trim_start_matches("./").trim_matches('/');
        let mut rest = Some(clean);
        while let Some(ending) = rest {
            let inside = join(&self.plan.root, ending);
            if self.below(&inside).is_some() {
                return Some(inside);
            }
            let tail = format!("/{ending}");
            let here =
                |entry: &&Entry| entry.path.ends_with(&tail) || entry.path.contains(&format!("{tail}/"));
            let mut anywhere = self.facts.snapshot.entries().iter().filter(here);
            if let (Some(first), None) = (anywhere.next(), anywhere.next()) {
                let end = first.path.find(&tail).map_or(first.path.len(), |at| at + tail.len());
                return Some(first.path[..end].to_owned());
            }
            rest = ending.split_once('/').map(|(_, rest)| rest);
        }
        None
    }

    /// The entry at `path`, or one below it.
    fn below(&self, path: &str) -> Option<&Entry> {
        let snapshot = self.facts.snapshot;
        let mut under = snapshot.under(path).iter();
        snapshot
            .entry(path)
            .or_else(|| under.find(|entry| entry.tracked))
            .or_else(|| snapshot.under(path).first())
    }

    fn of_source(&self, source: &str, inside: &str) -> Lost {
        let relative = strip(&self.plan.root, inside);
        let lost = self.absence(source, &relative);
        Lost { path: source.to_owned(), ..lost }
    }

    fn of_file(&self, shown: &str, path: &str) -> Lost {
        let Some(relative) = path.strip_prefix(&self.plan.root).map(|rest| rest.trim_start_matches('/'))
        else {
            return Lost {
                path: path.to_owned(),
                seen: format!(
                    "`{shown}` is `{path}` of the repository, outside the root directory `{}`",
                    self.plan.root
                ),
                help: "Set the root directory so that it holds everything the service needs".into(),
                site: None,
            };
        };
        let context = self.facts.build_context(&self.plan.root, &self.plan.dockerfile);
        if !context.has(relative) {
            return Lost { path: path.to_owned(), ..self.absence(shown, relative) };
        }
        let (_, file) = self.facts.images().find(|(service, _)| service.name == self.service.name).unzip();
        let last = file.and_then(|file| {
            let mut copies = file
                .final_stage()?
                .instructions
                .iter()
                .filter(|each| matches!(each.kind, InstructionKind::Copy(_)));
            copies.next_back().map(|each| Site::new(file.path.clone(), each.span))
        });
        Lost {
            path: path.to_owned(),
            seen: format!(
                "`{shown}` is `{path}` of the repository, but no COPY brings it into the image at that place"
            ),
            help: format!("Copy `{relative}` into the image"),
            site: last.or_else(|| Some(Site::file(self.plan.dockerfile.clone()))),
        }
    }

    /// Why `relative` is not in the context.
    fn absence(&self, shown: &str, relative: &str) -> Lost {
        let context = self.facts.build_context(&self.plan.root, &self.plan.dockerfile);
        let (seen, help, site) = match context.why_absent(relative) {
            Absence::Ignored { site, pattern } => (
                format!(
                    "`{shown}` is dropped from the context by the pattern `{pattern}` of `{}`",
                    site.path
                ),
                format!("Add `!{relative}` below the pattern, or narrow it"),
                Some(site),
            ),
            Absence::NotTracked if self.facts.snapshot.trigger == Trigger::GitHub => (
                format!("`{shown}` is not in git, so a deployment does not have it"),
                format!("Commit `{relative}`, or make it during the build"),
                None,
            ),
            Absence::OutsideRoot => (
                format!("`{shown}` lies outside the root directory `{}`", self.plan.root),
                "Set the root directory so that it holds everything the service needs".to_owned(),
                None,
            ),
            Absence::NotUploaded | Absence::NotTracked => (
                format!("`{shown}` is not uploaded"),
                "Take it out of .gitignore or .railwayignore".to_owned(),
                None,
            ),
            Absence::NotInTree => (
                format!("`{shown}` is not in the repository"),
                "Correct the path, or add the file".to_owned(),
                None,
            ),
        };
        Lost { path: relative.to_owned(), seen, help, site }
    }

    /// Something the repository does not have: a dependency, or a file that nobody wrote.
    fn of_package(&self, missing: &Missing, shown: &str) -> Lost {
        let (path, manifest) = match missing {
            Missing::Python(module) => {
                (module.split('.').next().unwrap_or(module).to_owned(), self.python_manifest())
            }
            Missing::Node(name) if !name.starts_with(['.', '/']) => {
                let parts = if name.starts_with('@') { 2 } else { 1 };
                (name.split('/').take(parts).collect::<Vec<_>>().join("/"), self.node_manifest())
            }
            _ => {
                return Lost {
                    path: shown.to_owned(),
                    seen: format!("`{shown}` is not in the image, and not in the repository either"),
                    help: "Add the file, or correct its path".into(),
                    site: None,
                };
            }
        };
        let listed = manifest.as_ref().is_some_and(|(_, listed)| listed.contains(&path));
        let place = manifest.as_ref().map_or("the requirements", |(site, _)| site.path.as_str());
        let (seen, help) = if listed {
            (
                format!("`{path}` is asked for in `{place}`, but it is not in the image"),
                format!("Install `{place}` in the stage that becomes the image"),
            )
        } else {
            (
                format!("`{path}` is not in the image: `{place}` does not ask for it"),
                format!("Add the package of `{path}` to `{place}`"),
            )
        };
        Lost { path, seen, help, site: manifest.map(|(site, _)| site) }
    }

    /// The Python manifest of the service and what it asks for.
    fn python_manifest(&self) -> Option<(Site, Vec<String>)> {
        let project = self.nearest(|directory| self.facts.python_projects().get(directory))?;
        let site = project.requirements.first().map(|first| Site::file(first.site.path.clone()))?;
        let names = project.requirements.iter().filter(|each| !each.optional);
        Some((site, names.map(|each| each.name.replace('-', "_")).collect()))
    }

    /// The same for `package.json`.
    fn node_manifest(&self) -> Option<(Site, Vec<String>)> {
        let project = self.nearest(|directory| self.facts.node_projects().get(directory))?;
        let names = project.dependencies.iter().filter(|each| !each.dev).map(|each| each.name.value.clone());
        Some((Site::file(project.path.clone()), names.collect()))
    }

    /// What `find` has for the Dockerfile's directory, or one above it.
    fn nearest<'p, T>(&self, find: impl Fn(&str) -> Option<&'p T>) -> Option<&'p T> {
        let mut directory = self.plan.dockerfile.rsplit_once('/').map_or("", |(directory, _)| directory);
        loop {
            if let Some(found) = find(directory) {
                return Some(found);
            }
            if directory.is_empty() {
                return None;
            }
            directory = directory.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
}

fn join(root: &str, path: &str) -> String {
    let path = path.trim_start_matches("./").trim_matches('/');
    if root.is_empty() { path.to_owned() } else { format!("{root}/{path}") }
}

fn strip(root: &str, path: &str) -> String {
    path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_of_many_programs_are_understood() {
        let cases = [
            (
                "ModuleNotFoundError: No module named 'backend.worker.guard'",
                Missing::Python("backend.worker.guard".into()),
            ),
            (
                "ImportError: cannot import name 'tasks' from 'app' (/app/__init__.py)",
                Missing::Python("app.tasks".into()),
            ),
            ("Error: Cannot find module './lib/queue'", Missing::Node("./lib/queue".into())),
            (
                "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'bullmq' imported from /app/a.js",
                Missing::Node("bullmq".into()),
            ),
            (
                "npm ERR! enoent ENOENT: no such file or directory, open '/app/package.json'",
                Missing::File("/app/package.json".into()),
            ),
            (
                "main.go:4:2: package app/internal/store is not in GOROOT (/usr/lib/go-1.19/src/app)",
                Missing::Go("app/internal/store".into()),
            ),
            ("error[E0583]: file not found for module `store`", Missing::Rust("store".into())),
            (
                "python: can't open file '/app/main.py': [Errno 2] No such file or directory",
                Missing::File("/app/main.py".into()),
            ),
            ("/bin/sh: 1: ./start.sh: not found", Missing::File("./start.sh".into())),
        ];
        for (line, wanted) in &cases {
            assert_eq!(named(&[(*line).to_owned()]).as_ref(), Some(wanted), "{line}");
        }
        assert_eq!(named(&["all is well".to_owned()]), None);
    }
}

//! Which Node packages an image has: what its installations ask for, and what those bring along.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Delivered;
use super::installs::{Install, installs};
use crate::facts::Facts;
use crate::facts::document::{self, Node};
use crate::facts::image::{LayerKind, Origin, Presence, Source};
use crate::facts::node_project::{LOCKFILES, NodeProject};
use crate::facts::startup::join;

/// Packages that others bring along and that npm puts where every program finds them, by those others; from the
/// `dependencies` of each on <https://www.npmjs.com>.
const COMPANIONS: &[(&str, &[&str])] = &[
    (
        "express",
        &[
            "body-parser",
            "qs",
            "debug",
            "cookie",
            "send",
            "serve-static",
            "mime",
            "accepts",
            "ms",
            "path-to-regexp",
        ],
    ),
    ("mongoose", &["mongodb", "bson", "kareem"]),
    ("mongodb", &["bson"]),
    ("react-router-dom", &["react-router", "history"]),
    ("react-dom", &["scheduler"]),
    (
        "discord.js",
        &[
            "@discordjs/rest",
            "@discordjs/builders",
            "@discordjs/collection",
            "@discordjs/ws",
            "discord-api-types",
            "undici",
            "ws",
        ],
    ),
    ("socket.io", &["ws", "engine.io", "socket.io-parser", "socket.io-adapter", "debug"]),
    ("@nestjs/platform-express", &["express", "cors", "multer", "body-parser"]),
    ("@nestjs/core", &["fast-safe-stringify", "path-to-regexp", "uid", "iterare"]),
    ("@nestjs/jwt", &["jsonwebtoken"]),
    ("axios", &["form-data", "follow-redirects", "proxy-from-env"]),
    ("next", &["postcss", "styled-jsx", "sharp", "caniuse-lite"]),
    ("vite", &["esbuild", "rollup", "postcss"]),
    ("prisma", &["@prisma/engines", "@prisma/config"]),
    ("bullmq", &["ioredis", "cron-parser", "msgpackr"]),
    ("googleapis", &["google-auth-library", "gaxios", "googleapis-common"]),
    (
        "firebase-admin",
        &["@google-cloud/firestore", "@google-cloud/storage", "jsonwebtoken", "google-auth-library"],
    ),
    ("pg", &["pg-pool", "pg-types", "pg-protocol"]),
    ("viem", &["abitype", "ws"]),
    ("ethers", &["ws"]),
    ("winston", &["logform", "winston-transport"]),
    ("jsonwebtoken", &["ms", "jws", "semver"]),
    ("fastify", &["pino", "ajv", "find-my-way", "fast-json-stringify"]),
    ("apollo-server-express", &["express", "body-parser", "cors"]),
    ("@remix-run/node", &["@remix-run/server-runtime"]),
    ("@remix-run/react", &["react-router-dom", "react-router"]),
    ("puppeteer", &["puppeteer-core"]),
    ("playwright", &["playwright-core"]),
    ("@playwright/test", &["playwright", "playwright-core"]),
    ("telegraf", &["node-fetch"]),
    ("openai", &["node-fetch", "form-data"]),
    (
        "@supabase/supabase-js",
        &["@supabase/auth-js", "@supabase/postgrest-js", "@supabase/realtime-js", "@supabase/storage-js"],
    ),
    ("@tanstack/react-query", &["@tanstack/query-core"]),
    ("recharts", &["lodash", "d3-shape", "d3-scale"]),
    ("@trpc/react-query", &["@trpc/client"]),
    ("react-scripts", &["webpack", "jest", "babel-jest", "eslint", "postcss"]),
];

/// The packages of one image.
pub struct Packages<'f, 's> {
    facts: &'f Facts<'s>,
    /// Its installations.
    pub installs: Vec<Install>,
    built: bool,
    /// What lies beside a manifest for a package manager.
    locked: BTreeMap<(String, String), Locked>,
    /// The installations after which a program finds what its own manifest asks for and nothing else.
    strict: BTreeSet<(usize, usize, usize)>,
}

/// What the lock file beside a manifest holds.
enum Locked {
    /// Nothing: there is none.
    Absent,
    /// It cannot be read.
    Closed,
    /// The names that an installation brings, with and without those for development, and its text, in which more may stand.
    Names { all: BTreeSet<String>, production: BTreeSet<String>, text: String },
    /// Its text, of another format.
    Text(String),
}

impl<'f, 's> Packages<'f, 's> {
    /// Those that some stage of the build of `delivered` has.
    pub fn of(facts: &'f Facts<'s>, delivered: &Delivered<'s>) -> Self {
        Self::by(facts, delivered, installs(&delivered.image))
    }

    /// Those that the finished image of `delivered` has.
    pub fn finished(facts: &'f Facts<'s>, delivered: &Delivered<'s>) -> Self {
        Self::by(facts, delivered, kept(delivered))
    }

    fn by(facts: &'f Facts<'s>, delivered: &Delivered<'s>, installs: Vec<Install>) -> Self {
        let mut locked = BTreeMap::new();
        let mut strict = BTreeSet::new();
        for install in &installs {
            if let Some(directory) = &install.manifest {
                let key = (directory.clone(), install.manager.clone());
                locked.entry(key).or_insert_with(|| read(facts, directory, &install.manager));
            }
            if is_strict(facts, delivered, install) {
                strict.insert(number(install));
            }
        }
        Self { facts, installs, built: delivered.image.dockerfile.is_some(), locked, strict }
    }

    /// True when an installation, or the workspace, brings the package `name` to the module at `source` of the tree.
    pub fn brings(&self, name: &str, source: &str) -> bool {
        let projects = self.facts.node_projects();
        let own = projects.values().any(|project| project.name.as_ref().is_some_and(|own| own.value == name));
        if name.starts_with("@types/") || (!self.built && self.installs.is_empty()) {
            return true;
        }
        if own && !self.installs.iter().any(|install| self.is_strict(install)) {
            return true;
        }
        self.installs.iter().any(|install| self.installed(install, name, source, own))
    }

    fn installed(&self, install: &Install, name: &str, source: &str, own: bool) -> bool {
        let asks = |project: &NodeProject| {
            let mut found = project.dependencies.iter().filter(|each| each.name.value == name);
            found.any(|each| !(each.dev && install.without_dev))
        };
        if install.named.iter().any(|named| named == name) {
            return true;
        }
        let project =
            install.manifest.as_ref().and_then(|directory| self.facts.node_projects().get(directory));
        let Some(project) = project else { return install.named.is_empty() };
        if project.error.is_some() || asks(project) {
            return true;
        }
        let strict = self.is_strict(install);
        let workspace = !project.workspaces.is_empty();
        if strict {
            // pnpm gives a program what its own manifest and those above it ask for, and its own name.
            return workspace
                && above(source).any(|directory| {
                    let project = self.facts.node_projects().get(directory);
                    project.is_some_and(|project| {
                        asks(project)
                            || project.error.is_some()
                            || (own && project.name.as_ref().is_some_and(|own| own.value == name))
                    })
                });
        }
        let anywhere = || self.facts.node_projects().values().any(asks);
        if workspace && anywhere() {
            return true;
        }
        match self.lock(install) {
            Some(Locked::Names { production, .. }) if install.without_dev => production.contains(name),
            Some(Locked::Names { all, .. }) => all.contains(name),
            Some(Locked::Text(text)) => in_lockfile(text, name),
            Some(Locked::Closed) => true,
            Some(Locked::Absent) | None => {
                COMPANIONS.iter().any(|(owner, brought)| brought.contains(&name) && project.asks_for(owner))
            }
        }
    }

    /// True when some lock file holds `name`, or cannot be read.
    pub fn holds(&self, name: &str) -> bool {
        self.locked.values().any(|locked| match locked {
            Locked::Absent => false,
            Locked::Closed => true,
            Locked::Names { text, .. } | Locked::Text(text) => in_lockfile(text, name),
        })
    }

    /// True where a lock file that can be read lies beside the manifest of `install`.
    pub fn is_locked(&self, install: &Install) -> bool {
        matches!(self.lock(install), Some(Locked::Names { .. } | Locked::Text(_)))
    }

    fn lock(&self, install: &Install) -> Option<&Locked> {
        self.locked.get(&(install.manifest.clone()?, install.manager.clone()))
    }

    /// True where pnpm gives a program nothing but what its own manifest asks for (<https://pnpm.io/settings#hoist>).
    pub fn is_strict(&self, install: &Install) -> bool {
        self.strict.contains(&number(install))
    }
}

/// The installations whose packages are in the finished image: its own ones, unless it takes packages from another stage.
fn kept(delivered: &Delivered<'_>) -> Vec<Install> {
    let image = &delivered.image;
    let all = installs(image);
    let mut chain = vec![image.finished().stage];
    while let Some(Origin::Stage(below)) =
        chain.last().and_then(|at| image.stages.get(*at)).map(|stage| &stage.base)
    {
        chain.push(*below);
    }
    let own: Vec<Install> =
        all.iter().filter(|install| chain.contains(&install.view.stage)).cloned().collect();
    let items =
        chain.iter().filter_map(|at| image.stages.get(*at)).flat_map(|stage| &stage.layers).filter_map(
            |layer| match &layer.kind {
                LayerKind::Copy(items, _) => Some(items),
                LayerKind::Run(..) | LayerKind::Directory(_) => None,
            },
        );
    let takes = items.flatten().any(|item| match &item.from {
        Source::Stage(_, from) => {
            from.split('/').any(|part| part == "node_modules")
                || all.iter().any(|install| {
                    from.is_empty() || install.dir == *from || install.dir.starts_with(&format!("{from}/"))
                })
        }
        Source::Pattern(..) | Source::Elsewhere => true,
        Source::Context(_) | Source::Text(_) => false,
    });
    if own.is_empty() || takes { all } else { own }
}

fn number(install: &Install) -> (usize, usize, usize) {
    (install.view.stage, install.view.layers, install.at)
}

fn is_strict(facts: &Facts<'_>, delivered: &Delivered<'_>, install: &Install) -> bool {
    let Some(directory) = &install.manifest else { return false };
    let there = |name: &str| facts.snapshot.entry(&join(directory, name)).is_some();
    let image = &delivered.image;
    let loose = [".npmrc", "pnpm-workspace.yaml", "package.json"].iter().any(|name| {
        let copied = match image.presence(install.view, &join(&install.dir, name)) {
            Presence::File { .. } | Presence::Unknown(Some(_)) => true,
            Presence::Directory { .. } | Presence::Absent | Presence::Unknown(None) => false,
        };
        let text = facts.snapshot.text(&join(directory, name)).ok().filter(|_| copied);
        text.is_some_and(|text| {
            ["hoisted", "shamefully", "hoist-pattern", "HoistPattern"]
                .iter()
                .any(|word| text.text.contains(word))
        })
    });
    let pnpm = there("pnpm-lock.yaml") && !there("package-lock.json") && !there("yarn.lock");
    // Railway's builders install with the manager whose lock file there is.
    pnpm && (install.manager == "pnpm" || image.dockerfile.is_none()) && !loose
}

/// The directories above `path`, innermost first; the root is `""`.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(directory, _)| directory))
    })
    .skip(1)
}

fn read(facts: &Facts<'_>, directory: &str, by: &str) -> Locked {
    let there: Vec<(String, &str)> = LOCKFILES
        .iter()
        .map(|(name, manager)| (join(directory, name), *manager))
        .filter(|(path, _)| facts.snapshot.entry(path).is_some())
        .collect();
    let Some((path, manager)) = there.iter().find(|(_, manager)| *manager == by).or(there.first()).cloned()
    else {
        return Locked::Absent;
    };
    let Ok(text) = facts.snapshot.text(&path) else { return Locked::Closed };
    let project = facts.node_projects().get(directory);
    let single = project.filter(|project| manager == "npm" && project.workspaces.is_empty());
    let both = single.and_then(|project| {
        Some((reachable(&text.text, project, true)?, reachable(&text.text, project, false)?))
    });
    match both {
        Some((all, production)) => Locked::Names { all, production, text: text.text.clone() },
        None => Locked::Text(text.text.clone()),
    }
}

/// Names that npm installs for `project` by this lock file: what nothing of the project leads to any more, it leaves out.
fn reachable(lock: &str, project: &NodeProject, dev: bool) -> Option<BTreeSet<String>> {
    let root = document::json(lock).ok()?;
    let mut table: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for member in root.get("packages")?.members() {
        if let Some((_, name)) = member.key.value.rsplit_once("node_modules/") {
            table.entry(name).or_default().push(&member.value);
        }
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    let asked = project.dependencies.iter().filter(|each| dev || !each.dev);
    let mut open: VecDeque<String> = asked.map(|each| each.name.value.clone()).collect();
    while let Some(name) = open.pop_front() {
        let Some(packages) = table.get(name.as_str()).filter(|_| !names.contains(&name)) else { continue };
        for package in packages {
            for kind in ["dependencies", "optionalDependencies", "peerDependencies"] {
                let members = package.get(kind).map_or(&[][..], Node::members);
                open.extend(members.iter().map(|member| member.key.value.clone()));
            }
        }
        names.insert(name);
    }
    Some(names)
}

fn in_lockfile(text: &str, name: &str) -> bool {
    [
        format!("node_modules/{name}\""),
        format!("\n{name}@"),
        format!("\"{name}@"),
        format!("/{name}@"),
        format!("'{name}@"),
        format!(" {name}@"),
        format!(" {name}:"),
        format!("\"{name}\""),
    ]
    .iter()
    .any(|key| text.contains(key.as_str()))
}

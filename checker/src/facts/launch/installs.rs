//! Installations of Node packages while an image is built.

use crate::facts::Facts;
use crate::facts::image::effects::value;
use crate::facts::image::shell::{Simple, place};
use crate::facts::image::{Image, Layer, View};
use crate::facts::node_project::NodeProject;
use crate::facts::startup::join;
use crate::finding::Site;

/// One installation.
#[derive(Debug, Clone)]
pub struct Install {
    /// The package manager.
    pub manager: String,
    /// Its words.
    pub words: Vec<String>,
    /// Directory of the image whose manifest is installed.
    pub dir: String,
    /// Directory it is run in.
    pub from: String,
    /// The manifest's directory in the tree, when a copy of it is there.
    pub manifest: Option<String>,
    /// Packages that the command names itself.
    pub named: Vec<String>,
    /// True when development dependencies are left out.
    pub without_dev: bool,
    /// True when packages' own scripts do not run.
    pub without_scripts: bool,
    /// True when the build may leave it out, or goes on when it fails.
    pub tolerated: bool,
    /// The moment before it.
    pub view: View,
    /// The instruction.
    pub site: Site,
    /// Number of the command in its instruction.
    pub at: usize,
}

/// Every installation in the stages that are built, in order.
pub fn installs(image: &Image<'_>) -> Vec<Install> {
    let mut found = Vec::new();
    for stage in image.built_stages() {
        for (view, layer, commands) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage)
        {
            let read = commands
                .iter()
                .enumerate()
                .filter_map(|(at, command)| install(image, view, layer, command, at));
            found.extend(read);
        }
    }
    found
}

fn install(image: &Image<'_>, view: View, layer: &Layer, command: &Simple, at: usize) -> Option<Install> {
    let manager = command.program();
    if !matches!(manager, "npm" | "pnpm" | "yarn" | "bun") {
        return None;
    }
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let to = value(&words, &["--prefix", "-C", "--cwd", "--dir"]);
    let filter = value(&words, &["--filter", "-F"]);
    let mut plain = command.plain().filter(|word| Some(*word) != to && Some(*word) != filter);
    match plain.next() {
        Some("install" | "ci" | "i" | "add") => {}
        None if manager == "yarn" => {}
        _ => return None,
    }
    if words.iter().any(|word| matches!(*word, "-g" | "--global" | "global")) {
        return None;
    }
    let named: Vec<String> = plain.map(bare_name).collect();
    let dir = to.map_or(Some(command.dir.clone()), |to| place(&command.dir, to))?;
    let source = image.presence(view, &join(&dir, "package.json")).source().map(str::to_owned);
    let manifest = source.map(|path| path.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned()));
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    // Bun does not ask it.
    let production =
        manager != "bun" && layer.env.get("NODE_ENV").cloned().flatten().as_deref() == Some("production");
    let with_dev = has(&["--include=dev", "--production=false", "--prod=false", "--include", "--dev"]);
    // Yarn 2 and later ask neither `NODE_ENV` nor an option: they leave out nothing.
    let berry = manager == "yarn"
        && (has(&["--immutable"]) || image.presence(view, &join(&dir, ".yarnrc.yml")).is_file());
    let without_dev = !berry
        && (has(&[
            "--omit=dev",
            "--production",
            "--prod",
            "-P",
            "--only=production",
            "--only=prod",
            "--omit",
        ]) || production)
        && !with_dev;
    Some(Install {
        manager: manager.to_owned(),
        words: command.words.clone(),
        dir,
        from: command.dir.clone(),
        manifest,
        named,
        without_dev,
        without_scripts: has(&["--ignore-scripts"]),
        tolerated: command.tolerated || command.conditional,
        view,
        site: layer.site.clone(),
        at,
    })
}

/// A package's name without its version.
fn bare_name(word: &str) -> String {
    match word.rfind('@') {
        Some(at) if at > 0 => word[..at].to_owned(),
        _ => word.to_owned(),
    }
}

/// The members of the workspace whose root manifest lies in the directory `root` of the tree.
pub fn members<'f>(facts: &'f Facts<'_>, root: &str) -> Vec<&'f NodeProject> {
    let Some(project) = facts.node_projects().get(root) else { return Vec::new() };
    let inside = |directory: &str| {
        let inner =
            if root.is_empty() { Some(directory) } else { directory.strip_prefix(&format!("{root}/")) };
        inner.is_some_and(|inner| {
            let mut taken = false;
            for pattern in &project.workspaces {
                let (negated, pattern) = pattern
                    .value
                    .strip_prefix('!')
                    .map_or((false, pattern.value.as_str()), |rest| (true, rest));
                if glob_matches(pattern.trim_start_matches("./").trim_end_matches('/'), inner) {
                    taken = !negated;
                }
            }
            taken
        })
    };
    facts
        .node_projects()
        .values()
        .filter(|member| !member.directory.is_empty() && inside(&member.directory))
        .collect()
}

/// True when `pattern`, in which `**` stands for any directories, matches the whole of `path`.
pub fn glob_matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    parts_match(&pattern, &path)
}

fn parts_match(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skip| parts_match(rest, &path[skip..])),
        (Some((first, rest)), Some((name, more))) => {
            crate::facts::gitignore::part_matches(first, name) && parts_match(rest, more)
        }
        _ => false,
    }
}

/// The package that brings the program `name` of Node, where its name is another one; from the `bin` of each package on
/// <https://www.npmjs.com>.
const PROGRAMS: &[(&str, &str)] = &[
    ("tsc", "typescript"),
    ("nest", "@nestjs/cli"),
    ("babel", "@babel/cli"),
    ("babel-node", "@babel/node"),
    ("webpack", "webpack-cli"),
    ("ng", "@angular/cli"),
    ("remix", "@remix-run/dev"),
    ("react-router", "@react-router/dev"),
    ("svelte-kit", "@sveltejs/kit"),
    ("swc", "@swc/cli"),
    ("vue-cli-service", "@vue/cli-service"),
    ("graphql-codegen", "@graphql-codegen/cli"),
    ("pm2-runtime", "pm2"),
    ("tailwindcss", "@tailwindcss/cli"),
    ("medusa", "@medusajs/cli"),
    ("strapi", "@strapi/strapi"),
    ("payload", "payload"),
    ("wait-on", "wait-on"),
];

/// Programs of Node packages that have the package's own name.
const OWN_NAMES: &[&str] = &[
    "vite",
    "next",
    "tsup",
    "esbuild",
    "rollup",
    "rimraf",
    "prisma",
    "tsx",
    "ts-node",
    "nodemon",
    "cross-env",
    "concurrently",
    "turbo",
    "nx",
    "nuxt",
    "astro",
    "react-scripts",
    "tsc-alias",
    "copyfiles",
    "cpx",
    "shx",
    "serve",
    "http-server",
    "pm2",
    "drizzle-kit",
    "typeorm",
    "sequelize-cli",
    "env-cmd",
    "dotenv-cli",
    "postcss",
    "sass",
    "parcel",
    "ncp",
    "del-cli",
    "husky",
    "tsconfig-paths",
    "ts-node-dev",
    "tsc-watch",
    "mikro-orm",
    "knex",
    "wrangler",
];

/// The package that brings the program `name`.
pub fn package_of(name: &str) -> Option<&str> {
    let other = PROGRAMS.iter().find(|(program, _)| *program == name).map(|(_, package)| *package);
    other.or_else(|| OWN_NAMES.iter().find(|own| **own == name).copied())
}

//! The image that Railway's own builders make of a root directory.

use super::effects::effects;
use super::lookup::glue;
use super::scripts::Recipe;
use super::shell::commands;
use super::variables::Env;
use super::{CopyMode, Image, Item, LayerKind, Origin, Source, Stage, View};
use crate::facts::service::Service;
use crate::facts::settings::Key;
use crate::facts::{Facts, nixpacks};
use crate::finding::Site;

/// What Railpack and Nixpacks make: the root directory in `/app`, dependencies installed, the build command run.
pub(super) fn image<'s>(facts: &Facts<'s>, service: &Service, root: &str) -> Image<'s> {
    let context = facts.build_context(root, &glue(root, "Dockerfile"));
    let mut image =
        Image { context, dockerfile: None, stages: Vec::new(), opaque: super::layers::opaque(facts) };
    let site = service.origin.clone();
    let mut stage = Stage {
        base: Origin::External(Some("debian".to_owned())),
        layers: Vec::new(),
        workdir: "app".to_owned(),
        env: Env::new(),
        args: Env::new(),
        entrypoint: None,
        command: None,
        shell: None,
        user: None,
    };
    let item = Item { from: Source::Context(String::new()), to: "app".to_owned() };
    stage.push(site.clone(), LayerKind::Copy(vec![item], CopyMode::Kept), Env::new());
    for (script, site) in recipes(facts, service, root) {
        let recipe = Recipe { facts, image: &image, stage: Some(&stage) };
        let view = View { stage: 0, layers: stage.layers.len() };
        let list = recipe.flat(commands(&script, "app", true), view, 0);
        let found = list.iter().flat_map(effects).collect();
        stage.push(site.unwrap_or_else(|| service.origin.clone()), LayerKind::Run(list, found), Env::new());
    }
    image.stages.push(stage);
    image
}

/// The installation and build commands of Railway's builders
/// (<https://railpack.com/languages/node>, <https://railpack.com/languages/python>).
fn recipes(facts: &Facts<'_>, service: &Service, root: &str) -> Vec<(String, Option<Site>)> {
    let mut found = Vec::new();
    let compiled = [
        "go.mod",
        "Cargo.toml",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "mix.exs",
        "composer.json",
        "Gemfile",
        "deno.json",
        "pubspec.yaml",
        "CMakeLists.txt",
    ];
    let there = |name: &str| facts.snapshot.entry(&glue(root, name)).is_some();
    let plan = nixpacks::phases(facts, root);
    let unread = ["nixpacks.json", "railpack.json"].iter().any(|name| there(name))
        || (there("nixpacks.toml") && plan.is_none());
    if unread || compiled.iter().any(|name| there(name)) {
        // What these builders write, nobody says in the tree.
        found.push(("railway-builder".to_owned(), None));
    }
    let plan = plan.unwrap_or_default();
    match plan.install {
        Some(commands) => found.extend(commands.into_iter().map(|(text, site)| (text, Some(site)))),
        None if facts.node_projects().contains_key(root) => found.push(("npm ci".to_owned(), None)),
        None => {}
    }
    if let Some((text, setting)) = service.settings.text(Key::BuildCommand) {
        found.push((text.to_owned(), Some(setting.site.clone())));
    } else if let Some(commands) = plan.build {
        found.extend(commands.into_iter().map(|(text, site)| (text, Some(site))));
    } else if let Some(script) = facts.node_projects().get(root).and_then(|project| project.script("build")) {
        let site = Site::new(glue(root, "package.json"), script.span);
        found.push(("npm run build".to_owned(), Some(site)));
    }
    found
}

//! Corepack in an image of Node that does not bring it.

use crate::facts::Facts;
use crate::facts::distribution::official_tag;
use crate::facts::image::shell::Simple;
use crate::facts::image::{Image, View};
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The build calls `corepack` in an image of Node 25 or later.
    ///
    /// ## Why it matters
    /// Node comes without Corepack since version 25: `RUN corepack enable` ends with `/bin/sh: corepack: not found`, exit code
    /// 127. A tag that moves, such as `node:latest`, breaks a build that worked before.
    ///
    /// ## What to do
    /// `RUN npm install -g pnpm@10`, or install Corepack itself first: `RUN npm install -g corepack`.
    ///
    /// ## What it cannot know
    /// Which version `node:lts` was when the image was last pulled: there it is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:26-alpine AS base
    /// FROM base
    /// RUN corepack enable && corepack prepare pnpm@10 --activate
    /// CMD ["node", "server.js"]
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:slim
    /// RUN corepack enable
    /// CMD ["node", "server.js"]
    /// ```
    ///
    /// An older version, Corepack installed before, or no Node image:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24-alpine AS one
    /// RUN corepack enable
    /// FROM node:26 AS two
    /// RUN npm install -g corepack@latest
    /// RUN corepack enable
    /// FROM oven/bun:1 AS three
    /// RUN corepack enable || true
    /// FROM node:26
    /// COPY --from=one /x /x
    /// COPY --from=two /x /y
    /// COPY --from=three /x /z
    /// RUN npm i -g corepack && corepack enable
    /// CMD ["node", "server.js"]
    /// ```
    "corepack-missing", Error, Build, since "0.3.0",
    sources: ["https://nodejs.org/docs/latest-v25.x/api/corepack.html", "https://github.com/nodejs/corepack#readme"]
}

/// The first major version of Node without Corepack.
const GONE: u32 = 25;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        let image = &delivered.image;
        for stage in image.built_stages() {
            let Some(certain) = image.reference(stage).and_then(is_without) else { continue };
            let runs = image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
            for (view, layer, list) in runs {
                let Some(at) = list.iter().position(|command| {
                    command.program() == "corepack" && !command.conditional && !command.tolerated
                }) else {
                    continue;
                };
                if is_installed(image, view, list.get(..at).unwrap_or_default()) {
                    continue;
                }
                let reference = image.reference(stage).unwrap_or_default();
                let message = format!("`{reference}` brings no `corepack`, so the build stops here");
                let finding = out.at(layer.site.clone(), message);
                finding.service(&service.name).help(
                    "Install the package manager with `npm install -g`, or `npm install -g corepack` first",
                );
                if !certain {
                    finding.severity(Severity::Warning);
                }
                break;
            }
        }
    }
}

/// True when the image of Node `reference` certainly has no Corepack, false when it very likely has none; `None` when it
/// has, or is another image.
fn is_without(reference: &str) -> Option<bool> {
    let tag = official_tag(reference, "node")?;
    let first = tag.split('-').next().unwrap_or_default();
    let version = first.split('.').next().unwrap_or_default().parse::<u32>();
    match version {
        Ok(major) => (major >= GONE).then_some(true),
        Err(_) if first == "lts" => Some(false),
        Err(_) => {
            let moving = ["latest", "current", "slim", "alpine", "trixie", "bookworm", "bullseye"];
            moving.iter().any(|word| first.starts_with(word)).then_some(true)
        }
    }
}

/// True when a command before may have installed Corepack, or Node of another version.
fn is_installed(image: &Image<'_>, view: View, own: &[Simple]) -> bool {
    let brings = |command: &Simple| {
        let named = command.words.iter().skip(1).any(|word| word.contains("corepack"));
        let other = command.words.iter().any(|word| {
            ["nvm", "volta", "fnm", "n", "mise", "asdf"].contains(&word.as_str()) || word.contains("://")
        });
        (named && command.program() != "corepack") || other
    };
    let before = image
        .runs(view.stage)
        .into_iter()
        .filter(|(moment, ..)| moment.stage != view.stage || moment.layers < view.layers);
    own.iter().any(brings) || before.into_iter().any(|(_, _, list)| list.iter().any(brings))
}

//! A build step that only root may take, behind `USER`.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::facts::image::base::Base;
use crate::facts::image::effects::Effect;
use crate::facts::image::shell::Simple;
use crate::facts::image::{Image, Item, LayerKind, Presence, Source, View};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `RUN` behind `USER` does what only root may do.
    ///
    /// ## Why it matters
    /// `COPY` gives files to root whatever `USER` says, so that `RUN chmod +x start.sh` ends with
    /// `chmod: changing permissions of 'start.sh': Operation not permitted`, and the build with it. Package managers of the
    /// system end with `Permission denied` or `Unable to lock database`, `npm install -g` and `corepack enable` with `EACCES`.
    ///
    /// ## What to do
    /// Put the step before `USER`, or copy with `COPY --chmod=755` and `COPY --chown=…`.
    ///
    /// ## What it cannot know
    /// The user of a base image without a `USER` of its own, and owners that unknown scripts set: then it is silent.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// RUN useradd app
    /// WORKDIR /app
    /// USER app
    /// COPY start.sh /app/start.sh
    /// RUN chmod +x /app/start.sh
    /// CMD ["/app/start.sh"]
    /// //- start.sh
    /// #!/bin/sh
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// USER 1000:1000
    /// RUN chown -R node:node /app
    /// CMD ["node", "server.js"]
    /// //- server.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// USER nobody
    /// RUN apt-get update && apt-get install -y curl
    /// CMD ["python", "-m", "http.server"]
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// USER node
    /// RUN npm install -g pm2
    /// CMD ["pm2-runtime", "server.js"]
    /// //- server.js
    /// ```
    ///
    /// Before `USER`, back to root, files of the user, or a failure that is borne:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// RUN useradd app
    /// WORKDIR /app
    /// COPY a.sh b.sh ./
    /// RUN chmod +x a.sh
    /// USER app
    /// COPY --chown=app c.sh ./
    /// RUN chmod +x c.sh; chmod +x b.sh || true
    /// USER root
    /// RUN apt-get update && apt-get install -y curl && chmod +x b.sh
    /// USER app
    /// CMD ["./a.sh"]
    /// //- a.sh
    /// #!/bin/sh
    /// //- b.sh
    /// #!/bin/sh
    /// //- c.sh
    /// #!/bin/sh
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// ENV NPM_CONFIG_PREFIX=/home/node/.npm-global
    /// WORKDIR /app
    /// COPY . .
    /// RUN chown -R node:node /app
    /// USER node
    /// RUN chmod +x start.sh && npm install -g serve && sudo apt-get update
    /// RUN mkdir made && chmod 700 made
    /// CMD ["./start.sh"]
    /// //- start.sh
    /// #!/bin/sh
    /// ```
    "build-step-needs-root", Error, Build, since "0.3.0",
    sources: [
        "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod",
        "https://docs.docker.com/reference/dockerfile/#user",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        let image = &delivered.image;
        let mut told = BTreeSet::new();
        for stage in image.built_stages() {
            for (view, layer, list) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage)
            {
                let Some(user) = layer.user.as_deref().and_then(common) else { continue };
                let certain = list.iter().filter(|command| !command.conditional && !command.tolerated);
                let Some((what, help)) =
                    certain.into_iter().find_map(|command| refused(image, view, command))
                else {
                    continue;
                };
                if told.insert(layer.site.clone()) {
                    out.at(layer.site.clone(), format!("{what}, and `USER` says `{user}` here"))
                        .service(&service.name)
                        .help(help);
                }
            }
        }
    }
}

/// The name of a user who is certainly not root.
pub(super) fn common(user: &str) -> Option<&str> {
    let name = user.split(':').next()?;
    (!matches!(name, "" | "root" | "0") && !name.contains('$')).then_some(name)
}

/// Why only root may run `command`, and what to do about it.
fn refused(image: &Image<'_>, view: View, command: &Simple) -> Option<(String, &'static str)> {
    const BEFORE: &str = "Put this step before `USER`";
    let program = command.program();
    let verb = command.plain().next().unwrap_or_default();
    let global = command.words.iter().any(|word| matches!(word.as_str(), "-g" | "--global"));
    match program {
        "apt-get" | "apt" if matches!(verb, "update" | "install" | "upgrade" | "dist-upgrade") => {}
        "apk" if matches!(verb, "add" | "update" | "upgrade" | "del") => {}
        "groupadd" | "useradd" | "usermod" | "addgroup" | "adduser" => {}
        "npm" if matches!(verb, "install" | "i" | "add") && global && is_closed(image, view) => {
            return Some(("only root may write to `/usr/local/lib/node_modules`".to_owned(), BEFORE));
        }
        "corepack" if verb == "enable" && is_closed(image, view) => {
            let elsewhere = command.words.iter().any(|word| word.starts_with("--install-directory"));
            return (!elsewhere).then(|| ("only root may write to `/usr/local/bin`".to_owned(), BEFORE));
        }
        "chmod" | "chown" | "chgrp" => {
            let all = command
                .words
                .iter()
                .any(|word| word == "--recursive" || (word.starts_with('-') && word.contains('R')));
            let place = command.plain().filter_map(|written| command.place(written));
            let place = place.into_iter().find(|place| is_roots(image, view, place, all))?;
            let what = format!("only root may `{program}` `/{place}`, which `COPY` gave to root");
            return Some((what, "Put this step before `USER`, or use `COPY --chmod` and `COPY --chown`"));
        }
        _ => return None,
    }
    Some((format!("only root may run `{program}`"), BEFORE))
}

/// True when global packages of Node lie where root alone may write.
fn is_closed(image: &Image<'_>, view: View) -> bool {
    let node = image.reference(view.stage).and_then(Base::of).is_some_and(|base| base.has("npm"));
    let moved = image.stages.get(view.stage).is_none_or(|stage| {
        stage.env.keys().any(|name| name.to_ascii_lowercase().ends_with("_prefix") || name == "PNPM_HOME")
    });
    let opened = image.runs(view.stage).into_iter().any(|(_, _, list)| {
        list.iter().any(|command| {
            command.has("prefix")
                || command.words.iter().any(|word| word.starts_with("--prefix"))
                || (matches!(command.program(), "chown" | "chmod" | "chgrp")
                    && command.words.iter().any(|word| word.starts_with("/usr")))
        })
    });
    node && !moved && !opened
}

/// True when `place`, or with `all` something below it, certainly belongs to root: a copy of a file of the context without
/// `--chown`, and nothing has changed owners since.
fn is_roots(image: &Image<'_>, view: View, place: &str, all: bool) -> bool {
    let Some(stage) = image.stages.get(view.stage) else { return false };
    let site = match image.presence(view, place) {
        Presence::File { site, source: Some(_), .. } => Some(site),
        _ if all => {
            let below = |item: &Item| {
                matches!(item.from, Source::Context(_))
                    && (item.to == place || item.to.starts_with(&format!("{place}/")))
            };
            let mut copies =
                stage.layers.iter().take(view.layers).filter(
                    |layer| matches!(&layer.kind, LayerKind::Copy(items, _) if items.iter().any(below)),
                );
            copies.next_back().map(|layer| layer.site.clone())
        }
        _ => None,
    };
    site.is_some_and(|site| is_given_to_root(image, &site) && !is_handed_over(image, view, &site))
}

/// True when the COPY at `site` takes from the context and names no owner.
fn is_given_to_root(image: &Image<'_>, site: &Site) -> bool {
    image.instruction(site).is_some_and(|each| match &each.kind {
        InstructionKind::Copy(copy) | InstructionKind::Add(copy) => {
            copy.flag("chown").is_none() && copy.flag("from").is_none()
        }
        _ => false,
    })
}

/// True when a command after the COPY at `site` may have changed its owner.
fn is_handed_over(image: &Image<'_>, view: View, site: &Site) -> bool {
    let later = |at: &Site| at.span.start > site.span.start;
    let runs = image.runs(view.stage).into_iter();
    let before = runs.filter(|(own, layer, _)| {
        (own.stage != view.stage || own.layers < view.layers)
            && later(&layer.site)
            && layer.user.as_deref().and_then(common).is_none()
    });
    before.into_iter().any(|(_, layer, list)| {
        let anything =
            matches!(&layer.kind, LayerKind::Run(_, effects) if effects.contains(&Effect::Anything));
        anything
            || list
                .iter()
                .any(|command| matches!(command.program(), "chown" | "chgrp" | "install" | "cp" | "mv"))
    })
}

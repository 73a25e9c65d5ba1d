//! COPY of something the repository does not have.

use crate::facts::Facts;
use crate::facts::build_context::Absence;
use crate::facts::copies::{self, Missing};
use crate::facts::image::effects::Effect;
use crate::facts::image::{Image, LayerKind, Origin, Source, View};
use crate::facts::launch::Delivered;
use crate::facts::launch::installs::installs;
use crate::facts::service::Service;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `COPY` or `ADD` takes a file that is not in the build context, or not in the stage it is taken from.
    ///
    /// ## Why it matters
    /// The build stops with `failed to calculate checksum of ref …: "/x": not found`.
    ///
    /// ## What to do
    /// Correct the path. It counts from the service's root directory, not from the Dockerfile.
    ///
    /// ## What it cannot know
    /// The root directory, unless a file states it: the error is reported only when some source is missing under every
    /// root directory that is possible. Sources with variables, addresses and patterns are passed over, for BuildKit lets a
    /// pattern match nothing. What a build writes is known for usual tools only: a path of another stage is an error where
    /// nothing there could have made it, and a warning where only a command that is not known could have written a file that
    /// people write, such as `next.config.js`.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// COPY start.sh /start.sh
    /// CMD ["/start.sh"]
    /// ```
    ///
    /// Two sources that want different root directories can never both be there:
    ///
    /// ```repo,fires
    /// //- svc/railway.json
    /// {"build": {"dockerfilePath": "svc/Dockerfile"}}
    /// //- svc/Dockerfile
    /// FROM alpine
    /// COPY requirements.txt .
    /// COPY svc/main.py .
    /// CMD ["true"]
    /// //- svc/requirements.txt
    /// rq
    /// //- svc/main.py
    /// import rq
    /// ```
    ///
    /// From its own directory everything is there:
    ///
    /// ```repo,passes
    /// //- svc/railway.json
    /// {"build": {"dockerfilePath": "Dockerfile"}}
    /// //- svc/Dockerfile
    /// FROM alpine
    /// COPY main.py .
    /// CMD ["true"]
    /// //- svc/main.py
    /// import rq
    /// ```
    ///
    /// Other stages, addresses, variables, heredocs and empty patterns are no files of the context; a stage nobody needs
    /// is not built:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine AS unused
    /// COPY nowhere /
    /// FROM alpine AS build
    /// ARG CONFIG
    /// ADD https://example.com/a.tar.gz /
    /// COPY $CONFIG /etc/app
    /// COPY pack*.json ./
    /// COPY <<EOF /etc/hello
    /// hi
    /// EOF
    /// FROM alpine
    /// COPY --from=build /etc/hello /etc/hello
    /// CMD ["true"]
    /// ```
    /// Paths of another stage: a file that has another ending there, a folder that is nowhere, and the client of Prisma, which
    /// pnpm keeps below `node_modules/.pnpm`:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install && pnpm --filter web build
    /// FROM node:22
    /// COPY --from=build /app/next.config.js ./
    /// CMD ["true"]
    /// //- package.json
    /// {}
    /// //- next.config.mjs
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY web .
    /// RUN npm install && npx next build
    /// FROM node:22
    /// COPY --from=build /app/.next ./.next
    /// COPY --from=build /app/public ./public
    /// CMD ["true"]
    /// //- web/package.json
    /// {}
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install && pnpm exec prisma generate
    /// FROM node:22
    /// COPY --from=build /app/node_modules/.prisma ./node_modules/.prisma
    /// CMD ["true"]
    /// //- package.json
    /// {"dependencies": {"@prisma/client": "6", "prisma": "6"}}
    /// //- pnpm-lock.yaml
    /// //- prisma/schema.prisma
    /// ```
    ///
    /// A build may write where its configuration says, and packages may be hoisted:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install && pnpm exec prisma generate && npx vite build && mkdir -p data && ./make.sh
    /// FROM node:22
    /// COPY --from=build /app/public ./public
    /// COPY --from=build /app/server/static ./static
    /// COPY --from=build /app/data ./data
    /// COPY --from=build /app/node_modules/.prisma ./node_modules/.prisma
    /// COPY --from=nginx:alpine /etc/nginx/mime.types /etc/mime.types
    /// CMD ["true"]
    /// //- package.json
    /// {"dependencies": {"@prisma/client": "6", "prisma": "6"}}
    /// //- .npmrc
    /// node-linker=hoisted
    /// //- make.sh executable
    /// #!/bin/sh
    /// ```
    "copy-source-missing", Error, Build, since "0.1.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#copy", "https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Some((context, missing)) = copies::missing(facts, service, &file) else { continue };
        for each in missing {
            let Some(message) = message(service, &context.root, &each) else { continue };
            let finding = out.at(Site::new(file.path.clone(), each.source.span), message);
            finding.service(&service.name).help("Correct the path, or add the file");
            if let Some(near) = nearest(facts, &each.source.value) {
                finding.help(format!("Did you mean `{near}`? Correct the path, or add the file"));
            }
        }
    }
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        staged(facts, delivered, out);
    }
}

/// Paths that another stage does not have.
fn staged(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else { return };
    // Where a file of the context is missing, the wrong root directory may have been taken.
    let fitting = copies::fitting(facts, service, file);
    let image = &delivered.image;
    let built = image.built_stages().into_iter().filter_map(|at| image.stages.get(at));
    for layer in built.flat_map(|stage| &stage.layers).filter(|_| !fitting.is_empty()) {
        let LayerKind::Copy(items, _) = &layer.kind else { continue };
        for (stage, path) in items.iter().filter_map(|item| match &item.from {
            Source::Stage(stage, path) if !path.is_empty() => Some((*stage, path)),
            _ => None,
        }) {
            let Some(certain) = lacks(facts, image, stage, path) else { continue };
            let name = file.stages.get(stage).and_then(|stage| stage.name.as_ref());
            let name = name.map_or_else(|| stage.to_string(), |name| name.value.clone());
            let message = format!("the stage `{name}` has no `/{path}`, so the build stops here");
            let finding = out.at(layer.site.clone(), message);
            finding.service(&service.name).help("Correct the path, or leave the line out");
            if !certain || fitting.len() > 1 {
                finding.severity(Severity::Warning);
            }
            break;
        }
    }
}

/// True when the finished stage certainly has no `path`, false when it very likely has not; `None` when it may have it.
fn lacks(facts: &Facts<'_>, image: &Image<'_>, stage: usize, path: &str) -> Option<bool> {
    let view = View { stage, layers: image.stages.get(stage)?.layers.len() };
    if path.contains("node_modules") {
        return is_kept_by_pnpm(facts, image, stage, path).then_some(true);
    }
    let tools = tools(image, stage);
    let name = path.rsplit('/').next().unwrap_or(path);
    let hand = is_written_by_hand(name);
    // Most tools write where their configuration says.
    let next = name == "public"
        && tools.iter().any(|tool| tool == "next")
        && tools.iter().all(|tool| matches!(tool.as_str(), "next" | "prisma" | "tsc" | "nest"));
    if !tools.is_empty() && !hand && !next {
        return None;
    }
    if image.presence(view, path).is_absent() {
        return Some(true);
    }
    let elsewhere = || image.context.entries.iter().any(|entry| entry.path.ends_with(&format!("/{name}")));
    (hand && image.likely(view, path).is_absent() && !elsewhere()).then_some(false)
}

/// The tools that write outputs in `stage` or the stages below it.
fn tools(image: &Image<'_>, stage: usize) -> Vec<String> {
    let builds = image.runs(stage).into_iter().filter_map(|(_, layer, list)| match &layer.kind {
        LayerKind::Run(_, effects) if effects.iter().any(|each| matches!(each, Effect::Builds(_))) => {
            Some(list)
        }
        _ => None,
    });
    let names = builds.flatten().filter_map(|command| {
        let effects = crate::facts::image::effects::effects(command);
        let program = command.words.iter().find(|word| {
            !matches!(word.as_str(), "npx" | "pnpm" | "yarn" | "bunx" | "exec" | "dlx" | "npm" | "bun" | "x")
        });
        effects.iter().any(|each| matches!(each, Effect::Builds(_))).then(|| program.cloned()).flatten()
    });
    names.collect()
}

/// True for the name of a file that people write and no build does.
fn is_written_by_hand(name: &str) -> bool {
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    (stem.ends_with(".config") && matches!(end, "js" | "mjs" | "cjs" | "ts" | "mts"))
        || matches!(
            name,
            "requirements.txt" | "tsconfig.json" | "schema.prisma" | "alembic.ini" | "manage.py"
        )
}

/// True for a part of Prisma's client that pnpm keeps below `node_modules/.pnpm`, when nothing hoists it.
fn is_kept_by_pnpm(facts: &Facts<'_>, image: &Image<'_>, stage: usize, path: &str) -> bool {
    let Some(dir) = path
        .strip_suffix("node_modules/.prisma")
        .or_else(|| path.strip_suffix("node_modules/.prisma/client"))
    else {
        return false;
    };
    let mut own = vec![stage];
    while let Some(Origin::Stage(below)) =
        own.last().and_then(|at| image.stages.get(*at)).map(|stage| &stage.base)
    {
        own.push(*below);
    }
    let all = installs(image);
    let mut here = all.iter().filter(|install| own.contains(&install.view.stage)).peekable();
    let by_pnpm = here.peek().is_some() && here.all(|install| install.manager == "pnpm");
    let hoists = |text: &str| ["hoist", "node-linker", "nodeLinker"].iter().any(|word| text.contains(word));
    let read = |path: &str| facts.snapshot.text(path).is_ok_and(|text| hoists(&text.text));
    let root = &image.context.root;
    let hoisted = [".npmrc", "pnpm-workspace.yaml"].iter().any(|name| read(name) || read(&join(root, name)));
    let commands = image
        .runs(stage)
        .into_iter()
        .flat_map(|(_, _, list)| list)
        .any(|command| command.words.iter().any(|word| hoists(word) || word.contains(".prisma")));
    // A client that is copied in, or written there because the schema says so.
    let moved = image.context.entries.iter().any(|entry| {
        entry.path.ends_with(".prisma")
            && facts.snapshot.text(&entry.path).is_ok_and(|text| text.text.contains("node_modules/.prisma"))
    });
    let copied = own.iter().filter_map(|at| image.stages.get(*at)).flat_map(|stage| &stage.layers).any(|layer| {
        matches!(&layer.kind, LayerKind::Copy(items, _) if items.iter().any(|item| !matches!(item.from, Source::Context(_)) && item.to.starts_with(dir.trim_end_matches('/')) && item.to.contains("node_modules")))
    });
    by_pnpm && !hoisted && !commands && !moved && !copied
}

/// What is to be said of a missing source; `None` when another rule says it.
fn message(service: &Service, root: &str, missing: &Missing) -> Option<String> {
    let source = &missing.source.value;
    let place = if root.is_empty() { "the repository".to_owned() } else { format!("`{root}`") };
    match missing.absence {
        Absence::NotInTree => Some(format!("`{source}` is not in {place}, so the build stops here")),
        Absence::OutsideRoot if service.roots.len() > 1 => Some(format!(
            "`{source}` is not in {place}: from the repository's root it would be, but other sources would not"
        )),
        _ => None,
    }
}

/// The only tracked path that ends in the same name.
fn nearest(facts: &Facts<'_>, source: &str) -> Option<String> {
    let name =
        source.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty() && *name != ".")?;
    let tail = format!("/{name}");
    let mut found = facts
        .snapshot
        .entries()
        .iter()
        .filter(|entry| entry.tracked && (entry.path == name || entry.path.ends_with(&tail)));
    let first = found.next()?;
    found.next().is_none().then(|| first.path.clone())
}

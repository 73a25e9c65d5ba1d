//! A variable that the build does not get.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::Delivered;
use crate::facts::startup::join;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A build step uses a variable of the service that its stage does not declare with `ARG`.
    ///
    /// ## Why it matters
    /// Railway hands the service's variables to a Dockerfile build as build arguments. A stage that does not declare one sees
    /// the empty string: the commit in the version is missing, the address in the bundle is `undefined`.
    ///
    /// ## What to do
    /// Write `ARG NAME` in the stage, before the step.
    ///
    /// ## What it cannot know
    /// Variables of the base image, and names that only the dashboard knows. Names that Railway gives, names that frameworks
    /// write into the bundle, and names that your files say are set are judged.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// RUN echo "$RAILWAY_GIT_COMMIT_SHA" > version.txt
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// ARG VITE_TITLE
    /// ENV VITE_API_URL=$VITE_API_URL
    /// FROM nginx:1.27
    /// COPY --from=build /app /usr/share/nginx/html
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// ARG RAILWAY_GIT_COMMIT_SHA
    /// RUN echo "$RAILWAY_GIT_COMMIT_SHA" > version.txt
    /// ```
    ///
    /// A shell's own names, defaults, and what runs later are no variables of the build:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN for f in *.txt; do echo $f; done && echo ${RAILWAY_GIT_COMMIT_SHA:-none} && echo '$RAILWAY_PROJECT_ID'
    /// CMD echo $RAILWAY_SERVICE_NAME
    /// ```
    ///
    /// Prisma 7 evaluates its settings for every command, and their `env()` ends it when the variable is not there:
    /// `PrismaConfigEnvError: Missing required environment variable: DATABASE_URL`. A placeholder is enough.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx prisma generate
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"dependencies": {"@prisma/client": "^7.0.0"}, "devDependencies": {"prisma": "^7.0.0"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {}, "node_modules/@prisma/client": {}, "node_modules/prisma": {"version": "7.0.0"}}}
    /// //- prisma.config.ts
    /// import { defineConfig, env } from "prisma/config";
    /// export default defineConfig({ datasource: { url: env("DATABASE_URL") } });
    /// //- index.js
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npx turbo run build --filter=api
    /// CMD ["node", "apps/api/dist/index.js"]
    /// //- package.json
    /// {"workspaces": ["apps/*"]}
    /// //- apps/api/package.json
    /// {"name": "api", "scripts": {"build": "prisma generate && tsc"}, "dependencies": {"prisma": "7.1.0"}}
    /// //- apps/api/prisma.config.ts
    /// import { defineConfig, env } from "prisma/config";
    /// export default defineConfig({ datasource: { url: env("DATABASE_URL") } });
    /// ```
    ///
    /// A placeholder in the command, an argument, a file, and Railway's builders, which hand the variables on:
    ///
    /// ```repo,passes
    /// //- a/Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && DATABASE_URL=postgresql://x npx prisma generate
    /// CMD ["node", "index.js"]
    /// //- a/package.json
    /// {"dependencies": {"prisma": "^7.0.0"}}
    /// //- a/prisma.config.ts
    /// import { defineConfig, env } from "prisma/config";
    /// export default defineConfig({ datasource: { url: env("DATABASE_URL") } });
    /// //- a/index.js
    /// //- b/Dockerfile
    /// FROM node:24
    /// ARG DATABASE_URL
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npx prisma generate
    /// CMD ["node", "index.js"]
    /// //- b/package.json
    /// {"dependencies": {"prisma": "^7.0.0"}}
    /// //- b/prisma.config.ts
    /// import { defineConfig, env } from "prisma/config";
    /// export default defineConfig({ datasource: { url: env("DATABASE_URL") } });
    /// //- b/index.js
    /// //- c/railway.json
    /// {"build": {"builder": "RAILPACK", "buildCommand": "npx prisma generate"}}
    /// //- c/package.json
    /// {"dependencies": {"prisma": "^7.0.0"}, "scripts": {"start": "node index.js"}}
    /// //- c/prisma.config.ts
    /// import { defineConfig, env } from "prisma/config";
    /// export default defineConfig({ datasource: { url: env("DATABASE_URL") } });
    /// //- c/index.js
    /// //- d/Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npx prisma generate
    /// CMD ["node", "index.js"]
    /// //- d/package.json
    /// {"dependencies": {"prisma": "^7.0.0"}}
    /// //- d/prisma.config.ts
    /// import { defineConfig } from "prisma/config";
    /// export default defineConfig({ datasource: { url: process.env.DATABASE_URL } });
    /// //- d/index.js
    /// ```
    "arg-missing-for-build-var", Warning, Build, since "0.2.0",
    sources: ["https://docs.railway.com/builds/dockerfiles", "https://www.prisma.io/docs/orm/reference/prisma-config-reference"]
}

/// Beginnings of names that Railway gives or that a framework's build reads.
pub(super) const PREFIXES: [&str; 8] = [
    "RAILWAY_",
    "NEXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "NUXT_PUBLIC_",
    "EXPO_PUBLIC_",
    "GATSBY_",
    "VUE_APP_",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let mut told = BTreeSet::new();
        for unset in file.unset_uses() {
            let name = &unset.name;
            let stated = service.variables.as_ref().is_some_and(|names| names.contains(name));
            let global = file.global_args.iter().any(|arg| arg.name.value == *name);
            let judged = stated || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            if !judged || global || !told.insert((unset.stage, name.clone())) {
                continue;
            }
            let at = unset.instruction.span.start;
            out.at(
                Site::new(file.path.clone(), unset.instruction.span),
                format!("`${name}` is empty here: the stage does not declare it"),
            )
            .service(&service.name)
            .help(format!("Write `ARG {name}` before this instruction"))
            .fix(Fix::edit(
                format!("Declare {name} in the stage"),
                Site::new(file.path.clone(), Span::new(at, at)),
                format!("ARG {name}\n"),
            ));
        }
    }
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        prisma(facts, delivered, out);
    }
}

/// Settings of Prisma that ask for a variable which the step that generates the client does not have.
fn prisma(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    let image = &delivered.image;
    for (view, layer, commands) in image.built_stages().into_iter().flat_map(|stage| image.runs(stage)) {
        for command in commands {
            let words = command.words.join(" ");
            if !words.contains("prisma generate") || words.contains("--config") {
                continue;
            }
            let presence = image.presence(view, &join(&command.dir, "prisma.config.ts"));
            let Some(path) = presence.source() else { continue };
            let Ok(text) = facts.snapshot.text(path) else { continue };
            let Some(project) = facts.nearest_project(path) else { continue };
            let seven = project.dependencies.iter().any(|each| {
                each.name.value == "prisma" && each.version.trim_start_matches(['^', '~']).starts_with('7')
            });
            let Some((name, at)) = demanded(&text.text).filter(|_| seven) else { continue };
            let file = facts.snapshot.text(&layer.site.path);
            let written = file.is_ok_and(|file| layer.site.span.of(&file.text).contains(name));
            if written
                || layer.env.contains_key(name)
                || project.scripts.iter().any(|(_, script)| script.value.contains(name))
                || !image.presence(view, &join(&command.dir, ".env")).is_absent()
            {
                continue;
            }
            let message = format!(
                "`prisma generate` ends here: `{path}` asks for `{name}`, which this stage does not have"
            );
            let finding = out.at(layer.site.clone(), message);
            finding.service(&service.name).related(Site::new(path, text.line_at(at)), "it is asked for here");
            finding.help(format!("Write `ARG {name}` before it, or `process.env.{name}` in the settings"));
            let firm = !command.conditional && !command.tolerated;
            finding.severity(if firm { Severity::Error } else { Severity::Warning });
            return;
        }
    }
}

/// The variable that Prisma's settings cannot do without, and where it is asked for.
fn demanded(text: &str) -> Option<(&str, usize)> {
    if !text.contains("prisma/config") || text.contains("process.env") || text.contains(".env") {
        return None;
    }
    text.match_indices("env(").find_map(|(at, call)| {
        let rest = text[at + call.len()..].trim_start().strip_prefix(['"', '\''])?;
        let free = !text[..at].ends_with(|char: char| char.is_alphanumeric() || ".$_".contains(char));
        Some((rest.split(['"', '\'']).next().filter(|_| free)?, at))
    })
}

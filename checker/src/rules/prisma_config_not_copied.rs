//! Prisma's settings stay out of the image.

use crate::facts::Facts;
use crate::facts::image::LayerKind;
use crate::facts::launch::Delivered;
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The image runs Prisma's command line and does not have `prisma.config.ts`.
    ///
    /// ## Why it matters
    /// Since version 7 Prisma reads the address of the database from `prisma.config.ts` alone. Without it `prisma migrate deploy`
    /// ends with `The datasource.url property is required in your Prisma config file`, and the container with it.
    ///
    /// ## What to do
    /// Copy `prisma.config.ts` beside the schema into the last stage.
    ///
    /// ## What it cannot know
    /// Whether the command is given another file; so this is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx prisma generate
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app/prisma ./prisma
    /// COPY --from=build /app/dist ./dist
    /// RUN npm install prisma@7
    /// CMD ["sh", "-c", "npx prisma migrate deploy && node dist/main.js"]
    /// //- package.json
    /// {"dependencies": {"@prisma/client": "^7.3.0", "prisma": "^7.3.0"}}
    /// //- prisma.config.ts
    /// export default {};
    /// //- prisma/schema.prisma
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx prisma generate
    /// CMD ["sh", "-c", "npx prisma migrate deploy && node dist/main.js"]
    /// //- package.json
    /// {"dependencies": {"@prisma/client": "^7.3.0", "prisma": "^7.3.0"}}
    /// //- prisma.config.ts
    /// export default {};
    /// //- prisma/schema.prisma
    /// ```
    ///
    /// Version 6 reads the schema:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY prisma ./prisma
    /// CMD ["sh", "-c", "npx prisma migrate deploy"]
    /// //- package.json
    /// {"dependencies": {"@prisma/client": "^6.3.0"}}
    /// //- prisma.config.ts
    /// export default {};
    /// //- prisma/schema.prisma
    /// ```
    "prisma-config-not-copied", Warning, Start, since "0.3.0",
    sources: ["https://www.prisma.io/docs/orm/reference/prisma-config-reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        let root = &delivered.image.context.root;
        let config =
            ["prisma.config.ts", "prisma.config.mjs", "prisma.config.js"].iter().map(|name| join(root, name));
        let Some(config) = config.into_iter().find(|path| facts.snapshot.entry(path).is_some()) else {
            continue;
        };
        let name = config.rsplit('/').next().unwrap_or(&config);
        let finished = delivered.image.finished();
        let workdir = delivered.image.last().map_or("", |stage| stage.workdir.as_str());
        let absent = delivered.image.likely(finished, &join(workdir, name)).is_absent();
        let recent = facts.node_projects().get(root).is_some_and(|project| {
            project.dependencies.iter().any(|each| {
                matches!(each.name.value.as_str(), "prisma" | "@prisma/client")
                    && each.version.trim_start_matches(['^', '~', '=']).starts_with('7')
            })
        });
        let Some(site) = schema(delivered).filter(|_| absent && recent) else { continue };
        let message =
            format!("`{name}`, from which Prisma reads the address of the database, is not in the image");
        out.at(site, message)
            .service(&service.name)
            .related(Site::file(config.clone()), "these settings")
            .help(format!("Copy `{name}` beside the schema"));
    }
}

/// The COPY that brings the schema into the last stage, where the command line is of use.
fn schema(delivered: &Delivered<'_>) -> Option<Site> {
    let layers = delivered.image.last()?.layers.iter();
    let mut copies = layers.filter(|layer| match &layer.kind {
        LayerKind::Copy(items, _) => {
            items.iter().any(|item| item.to.contains("prisma") && !item.to.contains("node_modules"))
        }
        LayerKind::Run(..) | LayerKind::Directory(_) => false,
    });
    copies.next().map(|layer| layer.site.clone())
}

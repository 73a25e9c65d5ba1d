//! The Prisma client is never generated.

use crate::facts::Facts;
use crate::facts::image::effects::{Effect, effects};
use crate::facts::image::shell::Simple;
use crate::facts::launch::Delivered;
use crate::facts::launch::installs::{Install, installs};
use crate::facts::node_project::NodeProject;
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// A service uses Prisma, and nothing in its build generates the client.
    ///
    /// ## Why it matters
    /// The program ends with `@prisma/client did not initialize yet. Please run "prisma generate"`, or the compiler misses
    /// the types. `@prisma/client` generates itself when it is installed, but only where it finds the schema from the
    /// directory that the installation was started in: not when manifests are copied and installed before the schema, not
    /// with `--ignore-scripts`, and not with `npm --prefix`.
    ///
    /// ## What to do
    /// Run `npx prisma generate` behind the copy of the schema, or make it the `postinstall` script and copy `prisma/` first.
    ///
    /// ## What it cannot know
    /// What scripts of your own do: where the build runs one, the rule is silent. Version 7 generates nothing by itself; the
    /// rule does not rely on it.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci
    /// COPY . .
    /// RUN npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}, "dependencies": {"@prisma/client": "5"}, "devDependencies": {"prisma": "5"}}
    /// //- prisma/schema.prisma
    /// model A { id Int @id }
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.toml
    /// [build]
    /// builder = "RAILPACK"
    /// buildCommand = "npm --prefix backend ci --include=dev && npm --prefix backend run build"
    /// [deploy]
    /// startCommand = "node backend/dist/main.js"
    /// //- backend/package.json
    /// {"scripts": {"build": "tsc"}, "dependencies": {"@prisma/client": "5"}, "devDependencies": {"prisma": "5"}}
    /// //- backend/prisma/schema.prisma
    /// model A { id Int @id }
    /// ```
    ///
    /// Generated when it is installed, by a script, or by the program that is started:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}, "dependencies": {"@prisma/client": "5"}, "devDependencies": {"prisma": "5"}}
    /// //- prisma/schema.prisma
    /// model A { id Int @id }
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci --ignore-scripts
    /// COPY . .
    /// RUN npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "prisma generate && tsc"}, "dependencies": {"@prisma/client": "5"}, "devDependencies": {"prisma": "5"}}
    /// //- prisma/schema.prisma
    /// model A { id Int @id }
    /// ```
    "prisma-generate-missing", Error, Build, since "0.2.0",
    sources: [
        "https://www.prisma.io/docs/orm/prisma-client/setup-and-configuration/generating-prisma-client",
        "https://www.prisma.io/docs/orm/reference/prisma-cli-reference#generate",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let all: Vec<Simple> = delivered
            .image
            .built_stages()
            .iter()
            .flat_map(|stage| delivered.image.runs(*stage))
            .flat_map(|(.., list)| list.to_vec())
            .collect();
        let started = delivered.programs.iter().any(|program| {
            let script = delivered.copied(program).and_then(|(source, _)| facts.snapshot.text(&source).ok());
            program.words.join(" ").contains("prisma generate")
                || script.is_some_and(|text| text.text.contains("prisma generate"))
        });
        if started || all.iter().any(generates) {
            continue;
        }
        let installs = installs(&delivered.image);
        let using = |install: &&Install| {
            let project = install.manifest.as_ref().and_then(|dir| facts.node_projects().get(dir));
            project.is_some_and(|project| project.asks_for("@prisma/client") && has_schema(facts, project))
        };
        let Some(install) = installs.iter().rfind(using) else { continue };
        if installs.iter().filter(using).any(|install| by_itself(delivered, install)) || opaque(&all) {
            continue;
        }
        let site = match service.settings.text(Key::BuildCommand) {
            Some((_, setting)) if delivered.image.dockerfile.is_none() => setting.site.clone(),
            _ => install.site.clone(),
        };
        let message = "no command generates the Prisma client, and this installation does not see the schema";
        let finding = out.at(site, message);
        finding.service(&service.name).help("Run `npx prisma generate` once the schema is there");
        if delivered.image.dockerfile.is_none() {
            finding.severity(Severity::Warning);
        }
    }
}

fn generates(command: &Simple) -> bool {
    let words = command.words.join(" ");
    words.contains("prisma")
        && ["generate", "db push", "migrate dev", "postinstall"].iter().any(|word| words.contains(word))
}

fn has_schema(facts: &Facts<'_>, project: &NodeProject) -> bool {
    facts.snapshot.entry(&join(&project.directory, "prisma/schema.prisma")).is_some()
}

/// True when the package's own installation generates the client.
fn by_itself(delivered: &Delivered<'_>, install: &Install) -> bool {
    let seen = ["prisma/schema.prisma", "schema.prisma"]
        .iter()
        .any(|path| !delivered.image.presence(install.view, &join(&install.from, path)).is_absent());
    !install.without_scripts && seen
}

/// True when some command is not known, so that it may generate the client.
fn opaque(all: &[Simple]) -> bool {
    all.iter().any(|command| effects(command).contains(&Effect::Anything))
}

//! A Prisma schema that its generator refuses.

use crate::facts::Facts;
use crate::facts::pattern::Pattern;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A block of the Prisma schema has several members on one line.
    ///
    /// ## Why it matters
    /// Prisma reads one field or value a line. `prisma generate` ends with `P1012`: `error: Error validating: This line is not an
    /// enum value definition` or `This line is not a valid field or attribute definition`, and so does the build.
    ///
    /// ## What to do
    /// Write each member on a line of its own; `prisma format` does not mend this.
    ///
    /// ## What it cannot know
    /// Anything else that is wrong with a schema. Where no command of the build generates it is a warning.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx prisma generate
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"prisma": "^6.0.0"}}
    /// //- main.js
    /// //- prisma/schema.prisma
    /// enum Role { ADMIN USER }
    /// model User {
    ///   id Int @id
    /// }
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx prisma generate
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"prisma": "^6.0.0"}}
    /// //- main.js
    /// //- prisma/schema.prisma
    /// // enum Role { ADMIN USER }
    /// enum Role {
    ///   ADMIN
    ///   USER
    /// }
    /// model User {
    ///   id Int @id
    ///   meta Json @default("{ \"a\": 1 }")
    /// }
    /// ```
    "prisma-schema-invalid", Error, Build, since "0.3.0",
    sources: ["https://www.prisma.io/docs/orm/prisma-schema/overview"]
}

static ONE_LINE: Pattern =
    Pattern::new(r"(?m)^[ \t]*(?:enum|model|type)[ \t]+\w+[ \t]*\{[ \t]*\w+[ \t]+\w[^\n{}]*\}", "{");

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let schemas = facts.snapshot.entries().iter().filter(|entry| {
        entry.path.ends_with(".prisma")
            && facts.snapshot.travels(entry)
            && !entry.path.contains("node_modules/")
    });
    for entry in schemas {
        let Ok(text) = facts.snapshot.text(&entry.path) else { continue };
        let Some(block) = ONE_LINE.find(&text.text) else { continue };
        let generates = facts.delivered().iter().find(|delivered| {
            let image = &delivered.image;
            let mut runs = image.built_stages().into_iter().flat_map(|stage| image.runs(stage));
            runs.any(|(.., list)| {
                list.iter().any(|command| {
                    !command.tolerated
                        && command.has("generate")
                        && command.words.iter().any(|word| word == "prisma")
                })
            })
        });
        let service = generates.and_then(|delivered| delivered.service(facts));
        let site = Site::new(entry.path.clone(), block.start()..block.end());
        let finding = out.at(site, "Prisma takes one member a line, so `prisma generate` stops here");
        finding.help("Write each member on a line of its own");
        match service {
            Some(service) => {
                finding.service(&service.name);
            }
            None => {
                finding.severity(Severity::Warning);
            }
        }
        // Of several schemas of one repository the first is enough to tell.
        return;
    }
}

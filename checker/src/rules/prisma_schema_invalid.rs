//! A Prisma schema that its generator refuses.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::facts::Facts;
use crate::facts::pattern::Pattern;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The Prisma schema has several members on one line, or two blocks of one name.
    ///
    /// ## Why it matters
    /// Prisma reads one field or value a line. `prisma generate` ends with `P1012`: `error: Error validating: This line is not an
    /// enum value definition` or `This line is not a valid field or attribute definition`, and so does the build. Of two models,
    /// enums or types with one name it says `The model "X" cannot be defined because a model with that name already exists`.
    ///
    /// ## What to do
    /// Write each member on a line of its own; `prisma format` does not mend this. Take the second block out.
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
    /// model Gateway {
    ///   id Int @id
    /// }
    /// model User {
    ///   id Int @id
    /// }
    /// model Gateway {
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
    /// /*
    /// model User {
    /// }
    /// */
    /// // model User {
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

static BLOCK: Pattern = Pattern::new(r"(?m)^[ \t]*(?:enum|model|type|view)[ \t]+(\w+)[ \t]*\{", "{");

/// The first thing that Prisma refuses: where, what is said, what helps.
fn trouble(text: &str) -> Option<(Range<usize>, String, &'static str)> {
    let one = ONE_LINE.find(text).map(|block| {
        let message = "Prisma takes one member a line, so `prisma generate` stops here".to_owned();
        (block.range(), message, "Write each member on a line of its own")
    });
    let mut known = BTreeSet::new();
    let twice = || {
        let names = BLOCK.captures_iter(text).filter_map(|caught| caught.get(1));
        // A comment of several lines.
        let open = |at: usize| text[..at].rfind("/*") > text[..at].rfind("*/");
        names.filter(|name| !open(name.start())).find(|name| !known.insert(name.as_str())).map(|name| {
            let message = format!("`{}` is defined twice, so `prisma generate` stops here", name.as_str());
            (name.range(), message, "Take one of the two out")
        })
    };
    one.or_else(twice)
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let schemas = facts.snapshot.entries().iter().filter(|entry| {
        entry.path.ends_with(".prisma")
            && facts.snapshot.travels(entry)
            && !entry.path.contains("node_modules/")
    });
    for entry in schemas {
        let Ok(text) = facts.snapshot.text(&entry.path) else { continue };
        let Some((range, message, help)) = trouble(&text.text) else { continue };
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
        let site = Site::new(entry.path.clone(), range);
        let finding = out.at(site, message);
        finding.help(help);
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

//! A tool whose newest version is installed while the manifest asks for an older one.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::node_project::NodeProject;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// A Dockerfile installs the newest version of a tool that the manifest asks for in an older one.
    ///
    /// ## Why it matters
    /// `npm install -g prisma` takes whatever is newest on the day of the build. A new major version reads other settings and
    /// does not fit the client that was generated: the image builds one day and fails the next, without a change.
    ///
    /// ## What to do
    /// Write the version of the manifest: `npm install -g prisma@6.14.0`.
    ///
    /// ## What it cannot know
    /// Which version is the newest; so this is a warning for Prisma, whose versions have to match, and a note for the rest.
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// RUN npm install -g prisma
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"prisma": "6.14.0"}}
    /// //- main.js
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// ARG PRISMA_VERSION="6.19.0"
    /// RUN npm install prisma@${PRISMA_VERSION}
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"@prisma/client": "^7.3.0"}}
    /// //- main.js
    /// ```
    ///
    /// With a version, or for no manifest, or the package manager itself:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// RUN npm install -g prisma@6 pm2 pnpm
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"prisma": "6.14.0", "pnpm": "10.0.0"}}
    /// //- main.js
    /// ```
    "unpinned-tool-version", Warning, Build, since "0.3.0",
    sources: ["https://docs.npmjs.com/cli/v11/commands/npm-install", "https://www.prisma.io/docs/orm/more/upgrade-guides"]
}

const MANAGERS: [&str; 5] = ["npm", "pnpm", "yarn", "corepack", "bun"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        for stage in delivered.image.built_stages() {
            let runs = delivered.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
            for (_, layer, list) in runs {
                for command in list {
                    let global = command.has("-g") || command.has("--global") || command.has("global");
                    let installs = command.plain().any(|word| matches!(word, "install" | "i" | "add"));
                    let manager = matches!(command.program(), "npm" | "pnpm" | "yarn" | "bun");
                    let prisma = command.words.iter().any(|word| word.starts_with("prisma@"));
                    if !manager || !installs || !(global || prisma) {
                        continue;
                    }
                    for whole in
                        command.plain().filter(|word| !matches!(*word, "install" | "i" | "add" | "global"))
                    {
                        let (word, fixed) = whole
                            .rsplit_once('@')
                            .filter(|(name, _)| !name.is_empty())
                            .unwrap_or((whole, ""));
                        let Some((project, version)) = asked(facts, word) else { continue };
                        if !fixed.is_empty() && (word != "prisma" || same_major(fixed, version)) {
                            continue;
                        }
                        if (!global && word != "prisma")
                            || MANAGERS.contains(&word)
                            || !told.insert((layer.site.clone(), word.to_owned()))
                        {
                            continue;
                        }
                        let what = if fixed.is_empty() { "the newest " } else { "" };
                        let message = format!(
                            "this installs {what}`{whole}`, and `{}` asks for `{version}`",
                            project.path
                        );
                        let finding = out.at(layer.site.clone(), message);
                        finding
                            .service(&service.name)
                            .help(format!("Write `{word}@{}`", version.trim_start_matches(['^', '~'])));
                        if word != "prisma" {
                            finding.severity(Severity::Note);
                        }
                    }
                }
            }
        }
    }
}

/// True when both begin with the same number, or one has none.
fn same_major(one: &str, other: &str) -> bool {
    let major = |version: &str| {
        let digits = version.trim_start_matches(['^', '~', '=', 'v']);
        digits.split('.').next().and_then(|number| number.parse::<u32>().ok())
    };
    match (major(one), major(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// The manifest that asks for `name`, or for Prisma's client, in a version that is told.
fn asked<'f>(facts: &'f Facts<'_>, name: &str) -> Option<(&'f NodeProject, &'f str)> {
    let fits = |own: &str| own == name || (name == "prisma" && own == "@prisma/client");
    facts.node_projects().values().find_map(|project| {
        let each = project.dependencies.iter().find(|each| fits(&each.name.value))?;
        let told = each
            .version
            .trim_start_matches(['^', '~', '=', 'v'])
            .starts_with(|char: char| char.is_ascii_digit());
        told.then_some((project, each.version.as_str()))
    })
}

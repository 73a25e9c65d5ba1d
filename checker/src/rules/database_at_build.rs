//! A build that wants the database.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::builder_commands::stated;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::facts::node_project::NodeProject;
use crate::facts::settings::{Key, Value};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A build step migrates the database.
    ///
    /// ## Why it matters
    /// The private network is not there during the build, so a database at `*.railway.internal` cannot be reached: `P1001: Can't
    /// reach database server`. With a public address the migration runs before the build is known to succeed.
    ///
    /// ## What to do
    /// Migrate in `preDeployCommand`, which runs after the build and before the new version starts.
    ///
    /// ## What it cannot know
    /// The database's address, or whether it is a file in the image. So this is a warning. A script of `package.json` counts
    /// when its name says that it builds.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// RUN npm ci && npx prisma migrate deploy && npm run build
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"buildCommand": "pip install -r requirements.txt && alembic upgrade head"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "node dist/main.js"}}
    /// //- package.json
    /// {"scripts": {"build": "tsc && npm run db:deploy", "db:deploy": "prisma migrate deploy"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"buildCommand": "npx prisma generate && npm run build"}, "deploy": {"preDeployCommand": ["npx prisma migrate deploy"]}}
    /// //- package.json
    /// {"scripts": {"build": "tsc", "start": "prisma migrate deploy && node dist/main.js"}}
    /// ```
    ///
    /// What the container runs later, and what may fail:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// RUN python manage.py migrate || true
    /// CMD python manage.py migrate && gunicorn app.wsgi
    /// ```
    ///
    /// A script that is called by its name, whose file says what it does:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"buildCommand": "npm install && npm run migrate"}, "deploy": {"startCommand": "node index.js"}}
    /// //- package.json
    /// {"scripts": {"migrate": "node src/utils/migrate.js"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"buildCommand": "npm install && npm run build && npm run migrate || true"}, "deploy": {"preDeployCommand": "npm run migrate"}}
    /// //- package.json
    /// {"scripts": {"migrate": "node src/utils/migrate.js", "build": "tsc && cp src/migrate.js dist/"}}
    /// ```
    "database-at-build", Warning, Build, since "0.2.0",
    sources: [
        "https://docs.railway.com/networking/private-networking/how-it-works",
        "https://docs.railway.com/deployments/pre-deploy-command",
    ]
}

/// Commands that change a database.
const MIGRATIONS: [&str; 16] = [
    "prisma migrate deploy",
    "prisma migrate dev",
    "prisma db push",
    "alembic upgrade",
    "manage.py migrate",
    "flask db upgrade",
    "knex migrate:latest",
    "sequelize db:migrate",
    "sequelize-cli db:migrate",
    "typeorm migration:run",
    "drizzle-kit migrate",
    "drizzle-kit push",
    "rails db:migrate",
    "rake db:migrate",
    "artisan migrate",
    "mikro-orm migration:up",
];
/// Files that change a database, and what runs them.
const FILES: [&str; 4] = ["migrate.js", "migrate.mjs", "migrate.cjs", "migrate.ts"];
const RUNNERS: [&str; 5] = ["node", "tsx", "ts-node", "bun", "npx"];
/// Scripts that are followed, one inside the other.
const DEPTH: usize = 8;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let needed = file.needed_stages();
        for (_, instruction) in file.instructions().filter(|(stage, _)| needed.contains(stage)) {
            let InstructionKind::Run(run) = &instruction.kind else { continue };
            let Command::Shell(script) = &run.command else { continue };
            if let Some(word) = migrates(&script.value) {
                report(Some(&service.name), Site::new(file.path.clone(), instruction.span), word, out);
            }
        }
    }
    for service in facts.services.iter().filter(|service| service.dockerfile.yes().is_none()) {
        for setting in service.settings.every(Key::BuildCommand) {
            let Some(text) = setting.value.yes().and_then(Value::text) else { continue };
            let projects = service.roots.iter().filter_map(|root| facts.node_projects().get(root));
            let word = migrates(text).or_else(|| {
                projects
                    .into_iter()
                    .find_map(|project| followed(facts, project, text, &mut BTreeSet::new(), DEPTH))
            });
            if let Some(word) = word {
                report(Some(&service.name), setting.site.clone(), word, out);
            }
        }
        for each in stated(facts, service)
            .iter()
            .filter(|each| !each.start && each.site.path.ends_with("nixpacks.toml"))
        {
            if let Some(word) = migrates(&each.text) {
                report(Some(&service.name), each.site.clone(), word, out);
            }
        }
    }
    if facts.services.is_empty() {
        return;
    }
    for project in facts.node_projects().values() {
        let builds = |name: &str| {
            name == "build"
                || name.starts_with("build:")
                || matches!(name, "prebuild" | "postbuild" | "postinstall")
        };
        for (name, script) in project.scripts.iter().filter(|(name, _)| builds(name)) {
            let mut seen = BTreeSet::new();
            if let Some(word) = through(facts, project, name, &mut seen, DEPTH) {
                report(None, Site::new(project.path.clone(), script.span), word, out);
                break;
            }
        }
    }
}

fn report(service: Option<&str>, site: Site, word: &str, out: &mut Findings) {
    let finding =
        out.at(site, format!("`{word}` runs in the build, which the private network does not reach"));
    finding.help("Migrate in `preDeployCommand`");
    if let Some(service) = service {
        finding.service(service);
    }
}

/// The migration that a script runs and whose failure it takes.
fn migrates(script: &str) -> Option<&'static str> {
    let lines = script.split([';', '\n']).filter(|line| !line.contains("||"));
    lines
        .flat_map(|line| line.split("&&"))
        .filter(|command| !command.trim_start().starts_with("echo "))
        .find_map(|command| {
            let known = MIGRATIONS.iter().find(|word| command.contains(**word));
            let runs = |word: &str| RUNNERS.contains(&word.rsplit('/').next().unwrap_or(word));
            let file = FILES.iter().filter(|_| command.split_whitespace().take(2).any(runs));
            known.or_else(|| {
                file.into_iter().find(|word| {
                    command.split_whitespace().any(|part| part.rsplit('/').next() == Some(**word))
                })
            })
        })
        .copied()
}

/// The migration that script `name` of `project` comes to, through the scripts it calls.
fn through(
    facts: &Facts<'_>,
    project: &NodeProject,
    name: &str,
    seen: &mut BTreeSet<(String, String)>,
    depth: usize,
) -> Option<&'static str> {
    if depth == 0 || !seen.insert((project.directory.clone(), name.to_owned())) {
        return None;
    }
    let script = &project.script(name)?.value;
    migrates(script).or_else(|| followed(facts, project, script, seen, depth))
}

/// The migration that the package scripts come to which the commands of `script` call.
fn followed(
    facts: &Facts<'_>,
    project: &NodeProject,
    script: &str,
    seen: &mut BTreeSet<(String, String)>,
    depth: usize,
) -> Option<&'static str> {
    script
        .split([';', '\n'])
        .flat_map(|line| line.split("&&"))
        .filter(|command| !command.contains("||"))
        .find_map(|command| {
            let (package, called) = called(command)?;
            let other = match package {
                Some(package) => facts
                    .node_projects()
                    .values()
                    .find(|each| each.name.as_ref().is_some_and(|name| name.value == package))?,
                None => project,
            };
            through(facts, other, called, seen, depth - 1)
        })
}

/// The package and the script that `npm run x` or `pnpm --filter package x` calls.
fn called(command: &str) -> Option<(Option<&str>, &str)> {
    let mut words = command.split_whitespace().skip_while(|word| word.contains('='));
    words.next().filter(|word| matches!(*word, "npm" | "pnpm" | "yarn" | "bun"))?;
    let mut package = None;
    while let Some(word) = words.next() {
        match word {
            "--filter" | "-F" | "workspace" | "-w" | "--workspace" => package = words.next(),
            "run" | "run-script" => {}
            _ if word.starts_with("--filter=") => package = word.split_once('=').map(|(_, name)| name),
            _ if word.starts_with('-') => {}
            _ => return Some((package, word)),
        }
    }
    None
}

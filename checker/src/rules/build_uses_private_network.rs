//! A build step that calls another service.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::facts::settings::{Key, Value};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A build step connects to a host of the private network.
    ///
    /// ## Why it matters
    /// `*.railway.internal` exists only while a container runs. During the build the name does not resolve, and the step fails:
    /// `getaddrinfo ENOTFOUND`, `Could not resolve host`.
    ///
    /// ## What to do
    /// Move the step to the pre-deploy command or to the start of the program.
    ///
    /// ## What it cannot know
    /// What a script does that the step calls. A host that is only written into a file is not a connection.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// RUN curl -f http://api.railway.internal:8080/schema.json -o schema.json
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"buildCommand": "psql -h postgres.railway.internal -f schema.sql && npm run build"}}
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM nginx:1.27
    /// RUN echo "proxy_pass http://api.railway.internal:8080;" > /etc/nginx/proxy.conf
    /// RUN sed -i 's/localhost/api.railway.internal/' /etc/nginx/nginx.conf
    /// ```
    ///
    /// What may fail does not stop the build:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN curl -f http://api.railway.internal:8080/schema.json -o schema.json || true
    /// ```
    "build-uses-private-network", Error, Build, since "0.2.0",
    sources: ["https://docs.railway.com/networking/private-networking/how-it-works"]
}

const HOST: &str = ".railway.internal";
/// Programs whose argument is a host they connect to.
const CLIENTS: [&str; 13] = [
    "curl",
    "wget",
    "nc",
    "psql",
    "pg_isready",
    "pg_dump",
    "mysql",
    "mongosh",
    "redis-cli",
    "wait-for-it.sh",
    "wait-for",
    "dockerize",
    "http",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let needed = file.needed_stages();
        for (_, instruction) in file.instructions().filter(|(stage, _)| needed.contains(stage)) {
            let InstructionKind::Run(run) = &instruction.kind else { continue };
            let script = match &run.command {
                Command::Shell(text) => text.value.clone(),
                Command::Exec(words, _) => {
                    words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" ")
                }
            };
            let bodies = run.heredocs.iter().map(|heredoc| heredoc.body.as_str());
            if let Some(client) = std::iter::once(script.as_str()).chain(bodies).find_map(connects) {
                report(&service.name, Site::new(file.path.clone(), instruction.span), client, out);
            }
        }
    }
    for service in facts.services.iter().filter(|service| service.dockerfile.yes().is_none()) {
        for setting in service.settings.every(Key::BuildCommand) {
            if let Some(client) = setting.value.yes().and_then(Value::text).and_then(connects) {
                report(&service.name, setting.site.clone(), client, out);
            }
        }
    }
}

fn report(service: &str, site: Site, client: &str, out: &mut Findings) {
    out.at(site, format!("`{client}` calls the private network, which the build cannot reach"))
        .service(service)
        .help("Move it to the pre-deploy command or to the start of the program");
}

/// The client that a command of `script` connects with; nothing when its failure is taken.
fn connects(script: &str) -> Option<&str> {
    if !script.contains(HOST) {
        return None;
    }
    script.split(['\n', ';']).filter(|line| !line.contains("||")).flat_map(|line| line.split("&&")).find_map(
        |command| {
            let program = command.split_whitespace().find(|word| !word.contains('='))?;
            let name = program.rsplit('/').next()?;
            (command.contains(HOST) && CLIENTS.contains(&name)).then_some(name)
        },
    )
}

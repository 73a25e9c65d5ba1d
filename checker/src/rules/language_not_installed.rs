//! A command of a language that the builder does not install.

use crate::facts::Facts;
use crate::facts::builder_commands::{Stated, has_own_plan, is_built_by_railway, stated};
use crate::facts::image::shell::commands;
use crate::facts::service::{Builder, Service};
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A command wants Python, and the builder takes the repository for Node, or the other way round.
    ///
    /// ## Why it matters
    /// Railpack and Nixpacks look at the files of the root directory, take the first language of their list that has one there, and
    /// install that one alone. Nixpacks asks for `package.json` before `requirements.txt`, Railpack the other way round. A
    /// `package.json` that some tool left at the root is enough: the log says `python: command not found` or
    /// `pip: command not found`, and with Railpack `npm: command not found`.
    ///
    /// ## What to do
    /// Name both in `nixpacks.toml` (`providers = ["node", "python"]`), or the other one under `packages` of `railpack.json`; or set the
    /// root directory to the folder with the program, or write a Dockerfile.
    ///
    /// ## What it cannot know
    /// Variables of the service such as `RAILPACK_PACKAGES` and the root directory that the dashboard may state; so it is a warning. Of
    /// commands only those that files give are judged, and where another language comes first in both lists, nothing is said.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [build]
    /// builder = "NIXPACKS"
    /// //- Procfile
    /// worker: python -u main.py
    /// //- package.json
    /// {"scripts": {"deploy": "vercel --prod"}}
    /// //- requirements.txt
    /// requests
    /// //- main.py
    /// print()
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "npm start"}}
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}}
    /// //- requirements.txt
    /// requests
    /// //- index.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// The program lies in a folder, and what lies at the root is for something else:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS", "buildCommand": "cd backend && pip install -r requirements.txt"}}
    /// //- package.json
    /// {"private": true}
    /// //- backend/requirements.txt
    /// flask
    /// ```
    ///
    /// The builder takes the language that is wanted, both are named, or a command brings the other one:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- package.json
    /// {"private": true}
    /// //- requirements.txt
    /// flask
    /// //- main.py
    /// print()
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "python main.py"}}
    /// //- nixpacks.toml
    /// providers = ["node", "python"]
    /// //- package.json
    /// {"private": true}
    /// //- requirements.txt
    /// flask
    /// //- main.py
    /// print()
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS", "buildCommand": "apt-get update && apt-get install -y python3-pip && pip install flask"}}
    /// //- package.json
    /// {"private": true}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "npm start"}}
    /// //- mise.toml
    /// [tools]
    /// node = "22"
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}}
    /// //- requirements.txt
    /// requests
    /// ```
    "language-not-installed", Warning, Build, since "0.3.0",
    sources: ["https://github.com/railwayapp/nixpacks/blob/main/src/lib.rs", "https://github.com/railwayapp/railpack/blob/main/core/providers/provider.go"]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Node,
    Python,
}

/// Programs that only an installation of the language brings.
const OF_PYTHON: [&str; 14] = [
    "python",
    "python3",
    "pip",
    "pip3",
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "flask",
    "fastapi",
    "celery",
    "streamlit",
    "alembic",
    "poetry",
    "pipenv",
];
const OF_NODE: [&str; 7] = ["node", "npm", "npx", "yarn", "pnpm", "next", "tsx"];
/// Signs of languages that come before one of the two in one of the lists.
const OTHERS: [&str; 16] = [
    "composer.json",
    "index.php",
    "go.mod",
    "main.go",
    "Gemfile",
    "mix.exs",
    "pom.xml",
    "gradlew",
    "build.gradle",
    "build.gradle.kts",
    "Cargo.toml",
    "deno.json",
    "deno.jsonc",
    "gleam.toml",
    "stack.yaml",
    "shard.yml",
];
const BOTH_PYTHON: [&str; 4] = ["main.py", "requirements.txt", "pyproject.toml", "Pipfile"];
const RAILPACK_PYTHON: [&str; 5] = ["app.py", "start.py", "bot.py", "hello.py", "server.py"];
/// Files of a version manager, which install what they name.
const MANAGED: [&str; 5] = ["mise.toml", ".mise.toml", ".tool-versions", "Aptfile", "Dockerfile"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| is_built_by_railway(service)) {
        let ([root], false) = (service.roots.as_slice(), has_own_plan(facts, service)) else { continue };
        let Some((taken, sign)) = taken(facts, service, root) else { continue };
        let mut all = stated(facts, service);
        if !all.iter().any(|each| each.start) {
            all.extend(process(facts, root));
        }
        if all.iter().any(|each| brings(&each.text)) {
            continue;
        }
        let Some((wanted, program, site)) = all.iter().find_map(|each| other(each, taken)) else { continue };
        let (builder, have, lack) = (name(service), said(taken), said(wanted));
        let message = format!(
            "{builder} takes this for {have}, because of `{sign}`, and installs no {lack} for `{program}`"
        );
        let finding = out.at(site, message);
        finding.service(&service.name).related(Site::file(sign), "by this file");
        finding.help(if service.builder == Known::Yes(Builder::Nixpacks) {
            "Name both in `nixpacks.toml`, as `providers = [\"node\", \"python\"]`, or set the root directory to the folder with the program"
        } else {
            "Name it under `packages` in `railpack.json`, or set the root directory to the folder with the program"
        });
    }
}

/// The language that the builder takes, when it is one of the two, and the file that says so.
fn taken(facts: &Facts<'_>, service: &Service, root: &str) -> Option<(Language, String)> {
    let find = |names: &[&str]| {
        let mut paths = names.iter().map(|name| join(root, name));
        paths.find(|path| facts.snapshot.entry(path).is_some())
    };
    if find(&OTHERS).is_some() || find(&MANAGED).is_some() {
        return None;
    }
    let node = find(&["package.json"]).map(|path| (Language::Node, path));
    let python = find(&BOTH_PYTHON);
    if service.builder == Known::Yes(Builder::Nixpacks) {
        return node.or(python.map(|path| (Language::Python, path)));
    }
    python.or_else(|| find(&RAILPACK_PYTHON)).map(|path| (Language::Python, path)).or(node)
}

/// The first program of a command that belongs to the other language.
fn other(stated: &Stated, taken: Language) -> Option<(Language, String, Site)> {
    let (wanted, programs) = match taken {
        Language::Node => (Language::Python, &OF_PYTHON[..]),
        Language::Python => (Language::Node, &OF_NODE[..]),
    };
    let all = commands(&stated.text, "", true);
    let found = all.iter().filter(|command| !command.conditional && !command.tolerated).find(|command| {
        // The image that builds has a Python of its own, without `pip`.
        programs.contains(&command.program()) && (stated.start || !command.program().starts_with("python"))
    })?;
    Some((wanted, found.program().to_owned(), stated.site.clone()))
}

/// The process of the Procfile that both builders take where there is no `web`.
fn process(facts: &Facts<'_>, root: &str) -> Option<Stated> {
    let file = facts.procfiles.get(&join(root, "Procfile"))?;
    let mut all = file.processes.iter().filter(|process| process.name != "release");
    let process = all.clone().find(|process| process.name == "worker").or_else(|| all.next())?;
    let site = Site::new(file.path.clone(), process.span);
    Some(Stated { text: process.command.clone(), site, start: true })
}

/// True for a command that may install a language by itself.
fn brings(text: &str) -> bool {
    ["apt", "nix", "curl", "wget", "mise", "pyenv", "nvm", "conda", "uv "]
        .iter()
        .any(|word| text.contains(word))
}

fn name(service: &Service) -> &'static str {
    if service.builder == Known::Yes(Builder::Nixpacks) { "Nixpacks" } else { "Railpack" }
}

fn said(language: Language) -> &'static str {
    match language {
        Language::Node => "Node",
        Language::Python => "Python",
    }
}

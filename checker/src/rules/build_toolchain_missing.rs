//! A package is compiled where there is no compiler.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::Delivered;
use crate::facts::launch::installs::installs;
use crate::facts::launch::python_installs::distributions;
use crate::facts::node_project::LOCKFILES;
use crate::facts::startup::join;
use crate::facts::system_packages::{COMPILERS, Flavour, Installed, flavour};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A package has to be compiled, and the image has no compiler for it.
    ///
    /// ## Why it matters
    /// Some packages come as sources: `psycopg2` ends with `Error: pg_config executable not found`, `mysqlclient` with
    /// `Exception: Can not find valid pkg-config name`, packages of Node with `gyp ERR! find Python`. The variants `-slim` and
    /// `-alpine` of the official images have no compiler.
    ///
    /// ## What to do
    /// Install the tools in the stage that installs packages (`apt-get install -y build-essential libpq-dev`,
    /// `apk add python3 make g++`), take the package that comes built (`psycopg2-binary`), or take a base with the tools.
    ///
    /// ## What it cannot know
    /// For which platform and version a package comes built today; so this is a warning, and a note for packages that only
    /// lack a build for some platforms. Commands that may install anything make it silent.
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY requirements.txt .
    /// RUN apt-get update && apt-get install -y curl
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// flask
    /// psycopg2==2.9.9
    /// //- main.py
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// WORKDIR /app
    /// COPY package.json package-lock.json ./
    /// RUN npm ci
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"canvas": "2"}}
    /// //- package-lock.json
    /// {"packages": {"node_modules/canvas": {}}}
    /// //- main.js
    /// ```
    ///
    /// The tools are there, the package comes built, scripts do not run, or the base has everything:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY requirements.txt .
    /// RUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// psycopg2
    /// //- main.py
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// psycopg2
    /// //- main.py
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// WORKDIR /app
    /// COPY package.json package-lock.json ./
    /// RUN npm ci --ignore-scripts
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"canvas": "2"}}
    /// //- package-lock.json
    /// {"packages": {"node_modules/canvas": {}}}
    /// //- main.js
    /// ```
    "build-toolchain-missing", Warning, Build, since "0.3.0",
    sources: [
        "https://www.psycopg.org/docs/install.html#build-prerequisites",
        "https://github.com/nodejs/node-gyp#installation",
    ]
}

/// Distributions that PyPI has as sources only, and what their build needs (the files of each on <https://pypi.org>).
const PYTHON: &[(&str, &str)] = &[
    ("psycopg2", "libpq-dev"),
    ("psycopg-c", "libpq-dev"),
    ("mysqlclient", "default-libmysqlclient-dev"),
    ("uwsgi", "build-essential"),
    ("python-ldap", "libldap2-dev"),
    ("pygraphviz", "graphviz-dev"),
    ("pycairo", "libcairo2-dev"),
    ("pyaudio", "portaudio19-dev"),
    ("dlib", "cmake"),
    ("annoy", "build-essential"),
    ("pycups", "libcups2-dev"),
    ("dbus-python", "libdbus-1-dev"),
    ("fasttext", "build-essential"),
    ("netifaces", "build-essential"),
    ("gmpy", "libgmp-dev"),
    ("pyjnius", "default-jdk"),
    ("llama-cpp-python", "build-essential cmake"),
];
/// Packages of Node that compile at every installation.
const NODE: &[&str] = &[
    "node-rdkafka",
    "node-expat",
    "robotjs",
    "pg-native",
    "libpq",
    "microtime",
    "gc-stats",
    "deasync",
    "node-pty",
    "node-libcurl",
    "heapdump",
    "node-sass",
    "integer",
    "ibm_db",
    "modern-syslog",
    "unix-dgram",
    "raw-socket",
    "node-webcrypto-ossl",
];
/// Packages of Node that come built for Debian and compile on Alpine.
const ON_ALPINE: &[&str] = &[
    "canvas",
    "mozjpeg",
    "gifsicle",
    "pngquant-bin",
    "optipng-bin",
    "jpegtran-bin",
    "cwebp-bin",
    "zeromq",
    "isolated-vm",
    "re2",
    "grpc",
    "tree-sitter",
];
/// Helpers that compile where no build fits; what uses them does without.
const HELPERS: &[&str] = &["bufferutil", "utf-8-validate", "cpu-features"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        python(facts, delivered, out);
        node(facts, delivered, out);
    }
}

fn python(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    let image = &delivered.image;
    let mut told = BTreeSet::new();
    for stage in image.built_stages() {
        let Some(("python", kind @ (Flavour::Slim | Flavour::Alpine))) =
            image.reference(stage).and_then(flavour)
        else {
            continue;
        };
        for (view, layer, list) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage) {
            let installs = list.iter().any(|command| {
                (command.has("install")
                    && command.words.iter().any(|word| word.ends_with(".txt") || word == "."))
                    && command.words.iter().any(|word| word.contains("pip"))
                    || command.program() == "uv" && command.has("sync")
                    || command.program() == "poetry" && command.has("install")
            });
            let system = Installed::before(image, view);
            if !installs || (system.may_have(COMPILERS) || system.may_have(&["make"])) {
                continue;
            }
            let wanted = distributions(facts, delivered).names;
            let found = PYTHON.iter().find(|(name, _)| wanted.contains(*name));
            let Some((name, package)) = found.filter(|(name, _)| told.insert(*name)) else { continue };
            let base = if kind == Flavour::Alpine { "alpine" } else { "slim" };
            let message = format!("`{name}` is compiled here, and this `{base}` image has no compiler");
            let finding = out.at(layer.site.clone(), message);
            finding.service(&service.name);
            if let Some(site) = asked(facts, name) {
                finding.related(site, "it is asked for here");
            }
            finding.help(if *name == "psycopg2" {
                "Ask for `psycopg2-binary`, or install `gcc` and `libpq-dev` before".to_owned()
            } else {
                format!("Install `build-essential` and `{package}` before")
            });
        }
    }
}

fn asked(facts: &Facts<'_>, name: &str) -> Option<Site> {
    let all = facts.python_projects().values().flat_map(|project| &project.requirements);
    all.into_iter().find(|requirement| requirement.name == name).map(|requirement| requirement.site.clone())
}

fn node(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    let image = &delivered.image;
    let mut told = BTreeSet::new();
    for install in installs(image).iter().filter(|install| !install.without_scripts) {
        let (Some(("node", kind @ (Flavour::Slim | Flavour::Alpine))), Some(directory)) =
            (image.reference(install.view.stage).and_then(flavour), &install.manifest)
        else {
            continue;
        };
        let system = Installed::before(image, install.view);
        if system.may_have(COMPILERS) || system.may_have(&["make"]) {
            continue;
        }
        let text = LOCKFILES.iter().find_map(|(name, _)| facts.snapshot.text(&join(directory, name)).ok());
        let project = facts.node_projects().get(directory);
        let has = |name: &str| {
            let direct = project.is_some_and(|project| {
                project
                    .dependencies
                    .iter()
                    .any(|each| each.name.value == name && !(each.dev && install.without_dev))
            });
            direct || text.as_ref().is_some_and(|text| locked(&text.text, name))
        };
        let alpine = if kind == Flavour::Alpine { ON_ALPINE } else { &[] };
        let hard = NODE.iter().chain(alpine).find(|name| has(name));
        let soft = HELPERS.iter().find(|name| kind == Flavour::Alpine && has(name));
        let Some(name) = hard.or(soft).filter(|name| told.insert(**name)) else { continue };
        let base = if kind == Flavour::Alpine { "alpine" } else { "slim" };
        let message = if hard.is_some() {
            format!("`{name}` is compiled here, and this `{base}` image has neither Python nor a compiler")
        } else {
            format!(
                "`{name}` is compiled here where no build of it fits, and this `{base}` image has no compiler"
            )
        };
        let tools = if kind == Flavour::Alpine {
            "apk add python3 make g++"
        } else {
            "apt-get install -y python3 make g++"
        };
        let finding = out.at(install.site.clone(), message);
        finding
            .service(&service.name)
            .help(format!("Run `{tools}` before, or install with `--ignore-scripts`"));
        if hard.is_none() {
            finding.severity(Severity::Note);
        }
    }
}

/// True when the lock file has the package `name`.
fn locked(text: &str, name: &str) -> bool {
    [
        format!("node_modules/{name}\""),
        format!("\n  {name}@"),
        format!("\n  /{name}@"),
        format!("\n{name}@"),
        format!("\n  /{name}/"),
    ]
    .iter()
    .any(|key| text.contains(key.as_str()))
}

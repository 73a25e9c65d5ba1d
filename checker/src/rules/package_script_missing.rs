//! A build runs a script that the manifest does not have.

use crate::facts::Facts;
use crate::facts::builder_commands::stated;
use crate::facts::copies;
use crate::facts::image::shell::{Simple, commands, place};
use crate::facts::launch::Delivered;
use crate::facts::node_project::NodeProject;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The build runs a script that `package.json` does not have.
    ///
    /// ## Why it matters
    /// `npm run build` without such a script ends with `npm error Missing script: "build"`, and the build stops.
    ///
    /// ## What to do
    /// Add the script, or take the command out of the build.
    ///
    /// ## What it cannot know
    /// Which directory is built, where several have a `package.json`. So this is an error only when none of the repository
    /// has the script, or a Dockerfile copies the manifest. `yarn` and `bun` run programs by the same words: only the names
    /// `build` and `start` are looked at there, and that is a warning.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS", "buildCommand": "npm install && npm run build"}}
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}}
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"buildCommand": "npm run build"}}
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}}
    /// //- web/package.json
    /// {"scripts": {"build": "vite build"}}
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json .
    /// RUN npm install && npm run compile
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// ```
    ///
    /// `--if-present` and workspaces, a script of another directory, and what npm brings itself:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"buildCommand": "npm run build --if-present && npm run build -w web && cd web && npm run build && npm run env"}}
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}}
    /// //- web/package.json
    /// {"scripts": {"build": "vite build"}}
    /// ```
    ///
    /// The script is written while the image is built, or its absence is borne:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json .
    /// RUN npm pkg set scripts.compile=tsc && npm run compile
    /// RUN npm run lint || true
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// ```
    "package-script-missing", Error, Build, since "0.3.0",
    sources: ["https://docs.npmjs.com/cli/v11/commands/npm-run"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    of_builders(facts, out);
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        of_image(facts, delivered, out);
    }
}

/// A script that a command asks for by name, and whether its absence certainly ends the command.
fn asked(command: &Simple) -> Option<(String, bool)> {
    let manager = command.program();
    let lenient =
        ["--if-present", "--workspaces", "-ws", "--workspace", "-w", "-r", "--recursive", "--filter", "-F"];
    let passed =
        command.words.iter().any(|word| lenient.contains(&word.split('=').next().unwrap_or_default()));
    if passed
        || command.conditional
        || command.tolerated
        || command.words.iter().any(|word| word.contains('$'))
    {
        return None;
    }
    let mut plain = command.plain();
    let name = match (manager, plain.next()?) {
        ("npm" | "pnpm" | "yarn" | "bun", "run" | "run-script") => plain.next()?,
        ("yarn", name @ "build") => name,
        _ => return None,
    };
    let own = ["env", "start", "restart", "stop", "test", "install"];
    let strict = matches!(manager, "npm" | "pnpm");
    let known = strict || matches!(name, "build" | "start");
    (known && !own.contains(&name)).then(|| (name.to_owned(), strict))
}

/// The directory below the root in which the command looks for its manifest.
fn manifest_dir(command: &Simple) -> Option<String> {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    match crate::facts::image::effects::value(&words, &["--prefix", "-C", "--cwd", "--dir"]) {
        Some(to) => place(&command.dir, to),
        None => Some(command.dir.clone()),
    }
}

fn lacks(project: &NodeProject, name: &str) -> bool {
    project.error.is_none() && project.script(name).is_none()
}

fn of_builders(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for stated in stated(facts, service).into_iter().filter(|each| !each.start) {
            for command in commands(&stated.text, "", true) {
                let (Some((name, strict)), Some(dir)) = (asked(&command), manifest_dir(&command)) else {
                    continue;
                };
                let here: Vec<&NodeProject> = service
                    .roots
                    .iter()
                    .filter_map(|root| facts.node_projects().get(&join(root, &dir)))
                    .collect();
                if here.is_empty() || !here.iter().all(|project| lacks(project, &name)) {
                    continue;
                }
                let nowhere = facts.node_projects().values().all(|project| lacks(project, &name));
                let message = format!("`{}` has no script `{name}`, so the build stops here", here[0].path);
                let finding = out.at(stated.site.clone(), message);
                finding.service(&service.name).help("Add the script, or take the command out");
                if !nowhere || !strict {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

fn of_image(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else { return };
    let certain = service.roots.len() == 1 || copies::fitting(facts, service, file).len() == 1;
    for stage in delivered.image.built_stages() {
        let runs = delivered.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
        for (view, layer, list) in runs {
            let writes = list.iter().any(|command| command.has("pkg") || command.has("init"));
            for command in list.iter().filter(|_| !writes) {
                let (Some((name, strict)), Some(dir)) = (asked(command), manifest_dir(command)) else {
                    continue;
                };
                let presence = delivered.image.presence(view, &join(&dir, "package.json"));
                let manifest = presence.source().filter(|_| presence.is_file());
                let directory = manifest.map(|path| path.rsplit_once('/').map_or("", |(dir, _)| dir));
                let Some(project) = directory.and_then(|dir| facts.node_projects().get(dir)) else {
                    continue;
                };
                // Where several contexts are possible, the script has to be nowhere.
                let nowhere = || facts.node_projects().values().all(|project| lacks(project, &name));
                if !lacks(project, &name) || !(certain || nowhere()) {
                    continue;
                }
                let message = format!("`{}` has no script `{name}`, so the build stops here", project.path);
                let finding = out.at(Site::new(file.path.clone(), layer.site.span), message);
                finding.service(&service.name).help("Add the script, or take the command out");
                if !strict || !certain || !service.selected {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

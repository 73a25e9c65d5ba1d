//! An installation needs files that are not there yet.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::document::Node;
use crate::facts::image::Image;
use crate::facts::image::shell::{Simple, commands};
use crate::facts::launch::Delivered;
use crate::facts::launch::installs::{Install, installs, members, package_of};
use crate::facts::node_project::NodeProject;
use crate::facts::startup::{join, unwrapped};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// Packages are installed before the files are copied that the installation needs.
    ///
    /// ## Why it matters
    /// A Dockerfile that copies the manifests first and the sources later runs `preinstall`, `postinstall` and `prepare` in
    /// between. `node scripts/postinstall.js` ends with `Cannot find module`, `prisma generate` with
    /// `Could not find Prisma Schema`, `tsc` without its settings. Patches and `file:` packages have to be there as well.
    ///
    /// ## What to do
    /// Copy what the script needs before the installation, or install with `--ignore-scripts` and run the script later.
    ///
    /// ## What it cannot know
    /// What a script does that it does not read. A missing `file:` package is a warning: npm makes a link that leads nowhere.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci
    /// COPY . .
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"scripts": {"postinstall": "node scripts/setup.js"}}
    /// //- package-lock.json
    /// {}
    /// //- scripts/setup.js
    /// //- server.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
    /// COPY packages/client/package.json ./packages/client/
    /// RUN pnpm install --frozen-lockfile
    /// COPY . .
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"pnpm": {"patchedDependencies": {"hono": "patches/hono.patch"}}}
    /// //- pnpm-workspace.yaml
    /// packages: ["packages/*"]
    /// //- pnpm-lock.yaml
    /// //- patches/hono.patch
    /// //- packages/client/package.json
    /// {"name": "client", "scripts": {"prepare": "tsc"}, "devDependencies": {"typescript": "5"}}
    /// //- packages/client/tsconfig.json
    /// {}
    /// //- server.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// RUN npm install
    /// COPY . .
    /// RUN npx prisma migrate status || true
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"scripts": {"postinstall": "prisma generate"}, "dependencies": {"prisma": "6", "@prisma/client": "6", "core": "file:../core"}}
    /// //- prisma/schema.prisma
    /// //- server.js
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
    /// COPY apps/api/package.json apps/api/
    /// COPY packages/db/package.json packages/db/
    /// RUN pnpm install --filter '@x/api...'
    /// COPY . .
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {}
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*", "packages/*"]
    /// //- pnpm-lock.yaml
    /// //- apps/api/package.json
    /// {"name": "@x/api", "dependencies": {"@x/db": "workspace:*"}}
    /// //- packages/db/package.json
    /// {"name": "@x/db", "scripts": {"postinstall": "prisma generate"}, "dependencies": {"prisma": "6"}}
    /// //- packages/db/prisma/schema.prisma
    /// //- server.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
    /// COPY apps/api/package.json apps/api/
    /// COPY packages/db/package.json packages/db/
    /// RUN pnpm install --filter @x/api
    /// COPY . .
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"scripts": {"postinstall": "node scripts/setup.js"}}
    /// //- scripts/setup.js
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*", "packages/*"]
    /// //- pnpm-lock.yaml
    /// //- apps/api/package.json
    /// {"name": "@x/api", "dependencies": {"@x/db": "workspace:*"}}
    /// //- packages/db/package.json
    /// {"name": "@x/db", "scripts": {"postinstall": "prisma generate"}, "dependencies": {"prisma": "6"}}
    /// //- packages/db/prisma/schema.prisma
    /// //- server.js
    /// ```
    ///
    /// Copied before, scripts left out, or a failure that is borne:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// COPY scripts ./scripts
    /// COPY prisma ./prisma
    /// RUN npm ci
    /// COPY . .
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"scripts": {"preinstall": "npx only-allow npm", "postinstall": "node scripts/setup.js && prisma generate", "prepare": "husky || true"}, "dependencies": {"prisma": "6"}}
    /// //- prisma/schema.prisma
    /// //- scripts/setup.js
    /// //- server.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci --ignore-scripts
    /// COPY . .
    /// RUN node scripts/setup.js
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"scripts": {"postinstall": "node scripts/setup.js"}}
    /// //- scripts/setup.js
    /// //- server.js
    /// ```
    /// A list of pip names another one, which it reads at once:
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM python:3.13-slim
    /// WORKDIR /app
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// //- requirements.txt
    /// -r backend/requirements.txt
    /// //- backend/requirements.txt
    /// fastapi
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.13-slim
    /// WORKDIR /app
    /// COPY requirements ./requirements
    /// RUN pip install -r requirements/prod.txt
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// //- requirements/prod.txt
    /// # -r old.txt
    /// -r base.txt
    /// -c https://example.com/constraints.txt
    /// //- requirements/base.txt
    /// fastapi
    /// ```
    "install-input-missing", Error, Build, since "0.3.0",
    sources: ["https://docs.npmjs.com/cli/v11/using-npm/scripts", "https://pnpm.io/cli/install"]
}

/// Scripts that an installation runs (<https://docs.npmjs.com/cli/v11/using-npm/scripts#npm-install>).
const HOOKS: [&str; 4] = ["preinstall", "install", "postinstall", "prepare"];
/// Scripts inside scripts that are followed.
const DEPTH: usize = 3;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        lists(facts, delivered, out);
        let mut told = BTreeSet::new();
        for install in installs(&delivered.image).iter().filter(|install| install.named.is_empty()) {
            let Some(root) = install.manifest.as_ref().and_then(|dir| facts.node_projects().get(dir)) else {
                continue;
            };
            let scene = Scene { facts, image: &delivered.image, install, root };
            for lack in scene.lacks() {
                if !told.insert((lack.message.clone(), install.site.clone())) {
                    continue;
                }
                let finding = out.at(install.site.clone(), lack.message);
                finding.service(&service.name).related(lack.site, "it is asked for here").help(lack.help);
                if !lack.certain || !service.selected {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// The lists that a list of pip names and that are not in the image yet.
fn lists(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let image = &delivered.image;
    let Some(service) = delivered.service(facts) else { return };
    for stage in image.built_stages() {
        for (view, layer, commands) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage)
        {
            let pip = commands.iter().filter(|command| {
                command.has("install")
                    && command.words.iter().take(4).any(|word| matches!(word.as_str(), "pip" | "pip3"))
                    && !command.conditional
                    && !command.tolerated
            });
            let named = pip.flat_map(|command| {
                let pairs = command.words.windows(2);
                let named = pairs.filter(|pair| matches!(pair[0].as_str(), "-r" | "--requirement"));
                named.filter_map(|pair| command.place(&pair[1]))
            });
            for list in named {
                let presence = image.presence(view, &list);
                let Some(text) = presence.source().and_then(|source| facts.snapshot.text(source).ok()) else {
                    continue;
                };
                let above = list.rsplit_once('/').map_or("", |(above, _)| above);
                let Some((span, inner)) = nested(&text.text)
                    .into_iter()
                    .find(|(_, inner)| image.presence(view, &join(above, inner)).is_absent())
                else {
                    continue;
                };
                let message =
                    format!("`{}` names `{inner}`, which is not copied yet, so pip stops here", text.path);
                let finding = out.at(layer.site.clone(), message);
                finding
                    .service(&service.name)
                    .related(Site::new(text.path.clone(), span), "it is asked for here");
                finding.help("Copy every list before the installation");
                if !service.selected {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// The lists that a list names, and where.
fn nested(text: &str) -> Vec<(Span, &str)> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').filter_map(|line| {
        let start = at;
        at += line.len();
        let options = ["-r", "--requirement", "-c", "--constraint"];
        let (option, rest) = line.trim_end().split_once([' ', '='])?;
        let inner = rest.split(" #").next().unwrap_or(rest).trim();
        (options.contains(&option) && !inner.contains([':', '$']) && !inner.starts_with('/'))
            .then(|| (Span::new(start, start + line.trim_end().len()), inner))
    });
    lines.collect()
}

struct Scene<'c, 's> {
    facts: &'c Facts<'s>,
    image: &'c Image<'s>,
    install: &'c Install,
    root: &'c NodeProject,
}

struct Lack {
    site: Site,
    message: String,
    help: &'static str,
    certain: bool,
}

const COPY: &str =
    "Copy it before the installation, or install with `--ignore-scripts` and run the script later";

impl Scene<'_, '_> {
    fn lacks(&self) -> Vec<Lack> {
        let mut found: Vec<Lack> = self.patches().into_iter().chain(self.linked()).collect();
        if !self.install.without_scripts {
            let filters = self.filters();
            if filters.is_empty() {
                found.extend(self.hooks(self.root, &self.install.dir, true));
            }
            if self.install.manager != "npm" {
                for member in self.members(&filters) {
                    let inner =
                        member.directory.strip_prefix(&self.root.directory).unwrap_or(&member.directory);
                    let dir = join(&self.install.dir, inner.trim_start_matches('/'));
                    if self.there(&join(&dir, "package.json")) {
                        found.extend(self.hooks(member, &dir, false));
                    }
                }
            }
        }
        found
    }

    /// What the installation is limited to.
    fn filters(&self) -> Vec<&str> {
        let words = &self.install.words;
        let behind = words.windows(2).filter(|pair| matches!(pair[0].as_str(), "--filter" | "-F"));
        let joined = words.iter().filter_map(|word| word.strip_prefix("--filter="));
        behind.map(|pair| pair[1].as_str()).chain(joined).collect()
    }

    /// The members of the workspace that are installed: those that a filter names, with `...` those that they ask for too.
    fn members(&self, filters: &[&str]) -> Vec<&NodeProject> {
        let all = members(self.facts, &self.root.directory);
        if filters.is_empty() {
            return all;
        }
        let named = |name: &str| {
            all.iter().copied().find(|each| each.name.as_ref().is_some_and(|own| own.value == name))
        };
        let mut found: Vec<&NodeProject> = Vec::new();
        for filter in filters {
            let (name, more) = filter.strip_suffix("...").map_or((*filter, false), |name| (name, true));
            let mut pending: Vec<&NodeProject> = named(name).into_iter().collect();
            while let Some(next) = pending.pop() {
                if found.iter().any(|each| each.path == next.path) {
                    continue;
                }
                found.push(next);
                if more {
                    pending.extend(next.dependencies.iter().filter_map(|each| named(&each.name.value)));
                }
            }
        }
        found
    }

    fn there(&self, path: &str) -> bool {
        self.image.presence(self.install.view, path).is_file()
    }

    fn absent(&self, path: &str) -> bool {
        self.image.presence(self.install.view, path).is_absent()
    }

    /// What the scripts of `project`, whose manifest lies in `dir`, lack.
    fn hooks(&self, project: &NodeProject, dir: &str, own: bool) -> Option<Lack> {
        // Yarn leaves `prepare` out of a production installation.
        let left_out = self.install.manager == "yarn" && self.install.without_dev;
        HOOKS.iter().filter(|hook| !left_out || **hook != "prepare").find_map(|hook| {
            let script = project.script(hook)?;
            let list = flat(project, commands(&script.value, dir, true), 0);
            let site = Site::new(project.path.clone(), script.span);
            list.iter().filter(|command| !command.conditional && !command.tolerated).find_map(|command| {
                let (what, certain) = self.lacked(project, command, own)?;
                let message = format!("`{hook}` of `{}` runs here, {what}", project.path);
                Some(Lack { site: site.clone(), message, help: COPY, certain })
            })
        })
    }

    /// What `command` lacks at this moment, and whether it certainly fails by it.
    fn lacked(&self, project: &NodeProject, command: &Simple, own: bool) -> Option<(String, bool)> {
        let words = unwrapped(&command.words);
        let program = words.first()?.rsplit('/').next()?;
        let file = match program {
            "node" | "sh" | "bash" | "tsx" | "ts-node" | "python" | "python3" => {
                words.get(1).filter(|word| !word.starts_with('-') && word.contains('.'))
            }
            _ => words.first().filter(|word| word.starts_with("./") || word.starts_with("scripts/")),
        };
        if let Some(file) = file {
            let place = command.place(file)?;
            let js =
                [String::new(), ".js".to_owned()].iter().all(|end| self.absent(&format!("{place}{end}")));
            return js.then(|| (format!("and `{}` is not copied yet", file.trim_start_matches("./")), true));
        }
        let dev = self.is_dev_only(project, program) && !self.is_global(program);
        if self.install.without_dev && dev && !(own && package_of(program).is_some()) {
            return Some((
                format!("and `{program}` is a development dependency, which this installation leaves out"),
                true,
            ));
        }
        match program {
            "prisma" if words.get(1).is_some_and(|word| word == "generate") => {
                let named = crate::facts::startup::flag(&words[1..], &["--schema"]);
                let places: Vec<&str> = named.map_or_else(
                    || vec!["prisma/schema.prisma", "schema.prisma", "prisma/schema", "prisma.config.ts"],
                    |named| vec![named],
                );
                let gone =
                    places.iter().all(|path| command.place(path).is_some_and(|place| self.absent(&place)));
                let text = self.facts.snapshot.text(&project.path).ok();
                let elsewhere = named.is_none() && text.is_some_and(|text| text.text.contains("\"schema\""));
                (gone && !elsewhere).then(|| ("and the Prisma schema is not copied yet".to_owned(), true))
            }
            "tsc" => {
                let named = crate::facts::startup::flag(&words[1..], &["-p", "--project", "-b", "--build"])
                    .unwrap_or("tsconfig.json");
                let named =
                    if named.contains(".json") { named.to_owned() } else { join(named, "tsconfig.json") };
                let files = words[1..]
                    .iter()
                    .any(|word| word.ends_with(".ts") || word == "--version" || word == "--help");
                (!files && self.absent(&command.place(&named)?))
                    .then(|| (format!("and `{named}` is not copied yet"), true))
            }
            _ => None,
        }
    }

    /// True when an earlier command installs the program for every directory.
    fn is_global(&self, program: &str) -> bool {
        let package = package_of(program).unwrap_or(program);
        let runs = self.image.runs(self.install.view.stage).into_iter();
        let before = runs.filter(|(view, ..)| {
            view.stage != self.install.view.stage || view.layers <= self.install.view.layers
        });
        before.flat_map(|(.., list)| list).any(|command| {
            let global = command.has("-g") || command.has("--global") || command.has("global");
            global
                && command
                    .words
                    .iter()
                    .any(|word| word == package || word.starts_with(&format!("{package}@")))
        })
    }

    fn is_dev_only(&self, project: &NodeProject, program: &str) -> bool {
        let package = package_of(program).unwrap_or(program);
        let asks = |project: &NodeProject, dev: bool| {
            project.dependencies.iter().any(|each| each.name.value == package && each.dev == dev)
        };
        (asks(project, true) || asks(self.root, true)) && !asks(project, false) && !asks(self.root, false)
    }

    /// Patches that the package manager applies (<https://pnpm.io/settings#patcheddependencies>).
    fn patches(&self) -> Vec<Lack> {
        let manifest = self.facts.config_document(&self.root.path);
        let list = manifest.as_ref().and_then(|root| {
            root.at(&["pnpm", "patchedDependencies"]).or_else(|| root.get("patchedDependencies"))
        });
        let missing = list.map_or(&[][..], Node::members).iter().find(|member| {
            member.value.text().is_some_and(|path| self.absent(&join(&self.install.dir, path)))
        });
        let lack =
            missing.filter(|_| matches!(self.install.manager.as_str(), "pnpm" | "bun")).map(|member| Lack {
                site: Site::new(self.root.path.clone(), member.key.span),
                message: format!(
                    "the patch `{}` is not copied before this installation",
                    member.value.text().unwrap_or_default()
                ),
                help: "Copy the patches before the installation",
                certain: true,
            });
        lack.into_iter().collect()
    }

    /// Packages of the tree that the manifest names by their path.
    fn linked(&self) -> Option<Lack> {
        self.root.dependencies.iter().filter(|each| !(each.dev && self.install.without_dev)).find_map(
            |each| {
                let path = each.version.strip_prefix("file:")?;
                let place = join(&self.install.dir, path);
                let lost = self.absent(&place) && self.absent(&join(&place, "package.json"));
                (lost && !path.is_empty()).then(|| Lack {
                    site: Site::new(self.root.path.clone(), each.name.span),
                    message: format!(
                        "`{}` is `{}`, which is not in the image",
                        each.name.value, each.version
                    ),
                    help: "Copy the package before the installation, from a root directory that has it",
                    certain: false,
                })
            },
        )
    }
}

/// The commands of a script, other scripts of the package replaced by what they run.
fn flat(project: &NodeProject, list: Vec<Simple>, depth: usize) -> Vec<Simple> {
    let mut out = Vec::new();
    for command in list {
        let name = match (command.program(), command.words.get(1).map(String::as_str), command.words.get(2)) {
            ("npm" | "pnpm" | "yarn" | "bun", Some("run"), Some(name)) => Some(name.as_str()),
            ("pnpm" | "yarn", Some(name), _) => Some(name),
            _ => None,
        };
        match name.and_then(|name| project.script(name)).filter(|_| depth < DEPTH) {
            Some(script) => {
                let inner = commands(&script.value, &command.dir, true);
                let mut inner = flat(project, inner, depth + 1);
                for each in &mut inner {
                    each.conditional |= command.conditional;
                    each.tolerated |= command.tolerated;
                }
                out.extend(inner);
            }
            None => out.push(command),
        }
    }
    out
}

//! The start command names a file or module that the image does not have.

use crate::facts::Facts;
use crate::facts::chain::names;
use crate::facts::image::{LayerKind, Source, View};
use crate::facts::launch::{Delivered, Program, Target};
use crate::facts::node_project::LOCKFILES;
use crate::facts::python_project::normal;
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::facts::typescript::{misplaced, unwritten};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// What the start command runs is not in the image.
    ///
    /// ## Why it matters
    /// The container ends at once: `can't open file`, `Cannot find module`, `Error loading ASGI app`, or
    /// `exec ./start.sh: no such file or directory`.
    ///
    /// ## What to do
    /// Correct the path, or copy the file. Paths count from the working directory of the image, modules from there too.
    ///
    /// ## What it cannot know
    /// What the build writes: a target that some build command may have made is passed over. Commands that the files give
    /// for the same image but that may not be the one in effect (an overridden `CMD`, another process of the Procfile, the
    /// command of a compose service) are warnings; so is a command that runs under a condition, and a Python module that lies
    /// elsewhere in the image, because `PYTHONPATH` may be set on the service.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY src ./src
    /// CMD ["uvicorn", "app.main:app"]
    /// //- src/main.py
    /// app = 1
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN chmod +x start.sh || true
    /// CMD ["./start.sh"]
    /// //- main.py
    /// print(1)
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "node dist/index.js"}}
    /// //- package.json
    /// {"dependencies": {"express": "4"}}
    /// //- src/index.ts
    /// console.log(1);
    /// ```
    ///
    /// A worker that the files start in the same image is a warning:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY src ./src
    /// CMD ["node", "src/main.js"]
    /// //- docker-compose.yml
    /// services:
    ///   worker:
    ///     build: .
    ///     command: node workers/sync.js
    /// //- src/main.js
    /// //- workers/sync.js
    /// ```
    ///
    /// Built files, installed modules, modules of Python itself, variables, scripts that are there:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// FROM node:22
    /// WORKDIR /srv
    /// COPY --from=build /app/dist ./dist
    /// COPY docker/entry.sh /usr/local/bin/
    /// ENTRYPOINT ["sh", "/usr/local/bin/entry.sh"]
    /// CMD ["node", "dist/main.js"]
    /// //- docker/entry.sh
    /// exec "$@"
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["sh", "-c", "python -m http.server $PORT & exec uvicorn mlflow.server:app"]
    /// //- requirements.txt
    /// mlflow
    /// uvicorn
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app/server
    /// COPY server .
    /// RUN if [ -f extra.py ]; then python extra.py; fi
    /// CMD gunicorn --chdir /app/server wsgi:application
    /// //- server/wsgi.py
    /// application = 1
    /// ```
    /// A here-document is data:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["sh", "start.sh"]
    /// //- start.sh
    /// cat > config.json <<EOF
    /// node missing.js
    /// python missing.py
    /// EOF
    /// exec python main.py
    /// //- main.py
    /// print(1)
    /// ```
    ///
    /// Railway's builders write a Go program to `./out`:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "./bin/server"}}
    /// //- go.mod
    /// module x
    /// //- main.go
    /// package main
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"buildCommand": "go build -o bin/server ."}, "deploy": {"startCommand": "./bin/server"}}
    /// //- go.mod
    /// module x
    /// //- main.go
    /// package main
    /// ```
    ///
    /// A linked directory, and a configuration of Gunicorn that names another one:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// RUN ln -s src/service service
    /// CMD gunicorn wsgi:app & exec uvicorn service.main:app
    /// //- gunicorn.conf.py
    /// chdir = "src"
    /// //- src/wsgi.py
    /// app = 1
    /// //- src/service/main.py
    /// app = 1
    /// ```
    ///
    /// A module that lies elsewhere in the image: `PYTHONPATH` may be a variable of the service, so that this is a warning:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["uvicorn", "service.main:app"]
    /// //- src/service/main.py
    /// app = 1
    /// ```
    ///
    /// A config file at the root may belong to a service whose root directory is another one:
    ///
    /// ```repo,fires,warning
    /// //- railway.toml
    /// [build]
    /// builder = "nixpacks"
    /// [deploy]
    /// startCommand = "node dist/main.js"
    /// //- package.json
    /// {"scripts": {"build": "npm --prefix backend run build"}}
    /// //- backend/package.json
    /// {"scripts": {"build": "nest build"}}
    /// ```
    /// The compiler keeps what lies below the common directory of its files: `prisma/` beside `src/` makes `dist/src/`.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "nest build"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "./dist", "baseUrl": "./"}}
    /// //- src/main.ts
    /// export {};
    /// //- prisma/seed.ts
    /// export {};
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "node dist/server.js"}}
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "dist", "rootDir": "."}, "include": ["src"]}
    /// //- src/server.ts
    /// export {};
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "./dist"}, "exclude": ["prisma"]}
    /// //- src/main.ts
    /// export {};
    /// //- prisma/seed.ts
    /// export {};
    /// ```
    ///
    /// Another command may move what the compiler wrote:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx tsc && mv dist/src/* dist/
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "./dist", "rootDir": "."}}
    /// //- src/main.ts
    /// export {};
    /// ```
    /// The standalone output of Next keeps the package's place in the workspace:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && cd web && npx next build
    /// FROM node:24
    /// WORKDIR /app
    /// COPY --from=build /app/web/.next/standalone ./
    /// COPY --from=build /app/web/.next/static ./.next/static
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"workspaces": ["web"]}
    /// //- package-lock.json
    /// {}
    /// //- web/package.json
    /// {"dependencies": {"next": "15"}}
    /// //- web/next.config.js
    /// module.exports = { output: "standalone" };
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// WORKDIR /app
    /// COPY web .
    /// RUN npm ci && npx next build
    /// FROM node:24
    /// WORKDIR /app
    /// COPY --from=build /app/.next/standalone ./
    /// CMD ["node", "server.js"]
    /// //- web/package.json
    /// {"dependencies": {"next": "15"}}
    /// //- web/package-lock.json
    /// {}
    /// //- web/next.config.js
    /// module.exports = { output: "standalone" };
    /// ```
    ///
    /// A compiler that only checks:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "node dist/index.js"}}
    /// //- package.json
    /// {"scripts": {"build": "tsc"}, "devDependencies": {"typescript": "^5.0.0"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "./dist", "rootDir": "./src", "noEmit": true}, "include": ["src"]}
    /// //- src/index.ts
    /// console.log(1);
    /// ```
    ///
    /// ```repo,passes
    /// //- a/railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "node dist/index.js"}}
    /// //- a/package.json
    /// {"scripts": {"build": "tsc && esbuild src/index.ts --bundle --platform=node --outdir=dist"}, "devDependencies": {"typescript": "^5.0.0", "esbuild": "^0.25.0"}}
    /// //- a/tsconfig.json
    /// {"compilerOptions": {"noEmit": true}, "include": ["src"]}
    /// //- a/src/index.ts
    /// console.log(1);
    /// //- b/railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "node dist/index.js"}}
    /// //- b/package.json
    /// {"scripts": {"build": "tsc --noEmit false"}, "devDependencies": {"typescript": "^5.0.0"}}
    /// //- b/tsconfig.json
    /// {"compilerOptions": {"outDir": "./dist", "rootDir": "./src", "noEmit": true}, "include": ["src"]}
    /// //- b/src/index.ts
    /// console.log(1);
    /// ```
    "start-target-missing", Error, Start, since "0.2.0",
    sources: [
        "https://docs.railway.com/deployments/start-command",
        "https://docs.docker.com/reference/dockerfile/#cmd",
        "https://www.typescriptlang.org/tsconfig/#rootDir",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for program in &delivered.programs {
            let certain = delivered.lacks(program);
            if !certain && !delivered.likely_lacks(program) {
                if let Some(found) = misplaced(facts, delivered, program) {
                    let message = format!(
                        "the compiler writes `{}` to `{}/{}`, and this command runs another path",
                        found.source, found.out, found.written
                    );
                    let finding = out.at(program.site.clone(), message);
                    finding
                        .service(&service.name)
                        .related(Site::file(found.config), "`rootDir`, or the files it takes in, decide that")
                        .help(format!(
                            "Start `{}/{}`, or set `rootDir` and `include` to `src`",
                            found.out, found.written
                        ));
                    if !found.certain || !program.firm {
                        finding.severity(Severity::Warning);
                    }
                } else if let Some((config, certain)) = unwritten(facts, delivered, program) {
                    let message = "the compiler only checks and writes nothing, so nothing makes what this command runs";
                    let finding = out.at(program.site.clone(), message);
                    finding.service(&service.name).related(Site::file(config), "`noEmit` is set for it");
                    finding.help("Take `noEmit` out of the configuration that the build compiles");
                    if !certain || !program.firm {
                        finding.severity(Severity::Warning);
                    }
                } else if let Some((wanted, copy)) = standalone(facts, delivered, program) {
                    let message = format!(
                        "Next puts the server of a workspace's package at `{wanted}` of `.next/standalone`, and this command \
                         runs another path"
                    );
                    let finding = out.at(program.site.clone(), message);
                    finding
                        .service(&service.name)
                        .severity(Severity::Warning)
                        .related(copy, "it is copied here");
                    finding.help(format!("Start `{wanted}`, and copy `.next/static` and `public` beside it"));
                } else if let Some(message) = other_output(facts, delivered, program) {
                    let finding = out.at(program.site.clone(), message);
                    finding.service(&service.name).severity(Severity::Warning);
                    finding.help("Start `./out`, or write the program there in a build command");
                }
                continue;
            }
            let Some((message, help)) = told(facts, delivered, program) else { continue };
            // Where the context has the file, the copy is at fault and not the command.
            let copy = uncopied(delivered, program);
            let finding = out.at(copy.clone().unwrap_or_else(|| program.site.clone()), message);
            finding.service(&service.name).help(help);
            if copy.is_some() {
                finding.related(program.site.clone(), "the command");
            }
            if !program.firm
                || !certain
                || delivered.has_elsewhere(program)
                || in_other_root(facts, delivered, program)
            {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// Where the server of Next's standalone output lies below the directory it was copied to, when the package that was built
/// lies below the directory of the lock file and the command runs `server.js` itself
/// (<https://nextjs.org/docs/app/api-reference/config/next-config-js/output>).
fn standalone(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program) -> Option<(String, Site)> {
    let Target::File { place, .. } = &program.target else { return None };
    let image = &delivered.image;
    let directory = place.strip_suffix("server.js")?.trim_end_matches('/');
    let copies = image.last()?.layers.iter().filter_map(|layer| match &layer.kind {
        LayerKind::Copy(items, _) => Some((layer, items)),
        LayerKind::Run(..) | LayerKind::Directory(_) => None,
    });
    let mut found = copies.flat_map(|(layer, items)| items.iter().map(move |item| (layer, item)));
    let (layer, stage, home) = found.find_map(|(layer, item)| match &item.from {
        Source::Stage(stage, from) if item.to == directory => {
            Some((layer, *stage, from.strip_suffix("/.next/standalone")?.to_owned()))
        }
        _ => None,
    })?;
    let layers = image.stages.get(stage)?.layers.len();
    let view = View { stage, layers };
    let has_lock =
        |dir: &str| LOCKFILES.iter().any(|(name, _)| image.presence(view, &join(dir, name)).is_file());
    let mut root = home.as_str();
    while !has_lock(root) {
        root = root.rsplit_once('/')?.0;
    }
    let inner = home.strip_prefix(root)?.trim_start_matches('/');
    let manifest = image.presence(view, &join(&home, "package.json"));
    let project = manifest.source().and_then(|path| facts.nearest_project(path))?;
    let configs =
        ["js", "mjs", "ts", "cjs"].map(|end| join(&project.directory, &format!("next.config.{end}")));
    let traced = configs
        .iter()
        .filter_map(|path| facts.snapshot.text(path).ok())
        .any(|text| text.text.contains("TracingRoot") || text.text.contains("turbopack"));
    (!inner.is_empty() && !traced).then(|| (format!("{inner}/server.js"), layer.site.clone()))
}

/// What is wrong when Railway's builders compile a Go program to another place than the command starts
/// (<https://nixpacks.com/docs/providers/go>, <https://railpack.com/languages/golang>).
fn other_output(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program) -> Option<String> {
    let service = delivered.service(facts)?;
    let (Target::File { place, written, by }, None) = (&program.target, &delivered.image.dockerfile) else {
        return None;
    };
    let root = &delivered.image.context.root;
    let there = |name: &str| facts.snapshot.entry(&join(root, name)).is_some();
    let plain = by.is_empty() && place.starts_with("app/") && place != "app/out";
    let compiled = there("go.mod")
        && !["nixpacks.toml", "nixpacks.json", "railpack.json"].iter().any(|name| there(name));
    let own = service.settings.base.contains_key(&Key::BuildCommand);
    let inner = place.strip_prefix("app/")?;
    (plain && compiled && !own && program.effective && delivered.image.context.file(inner).is_none())
        .then(|| format!("the builder writes a Go program to `./out`, and nothing makes `{written}`"))
}

/// True when Railway's builder works and another directory with a manifest of its own would have the target: the root
/// directory may be set to it, and the config file still lie at the root.
fn in_other_root(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program) -> bool {
    let told = delivered
        .service(facts)
        .is_none_or(|service| service.settings.base.contains_key(&Key::RootDirectory));
    if delivered.image.dockerfile.is_some() || told || !facts.config.services.is_empty() {
        return false;
    }
    let root = &delivered.image.context.root;
    let directories = facts.node_projects().keys().chain(facts.python_projects().keys());
    directories.filter(|directory| *directory != root).any(|directory| match &program.target {
        Target::File { place, .. } => place.strip_prefix("app/").is_some_and(|inner| {
            let first = inner.split('/').next().unwrap_or(inner);
            let built = matches!(first, "dist" | "build" | "out" | "lib" | ".next" | ".output");
            let builds =
                facts.node_projects().get(directory).is_some_and(|project| project.script("build").is_some());
            facts.snapshot.entry(&join(directory, inner)).is_some() || (built && builds)
        }),
        Target::Module { name, .. } => {
            let inner = join(directory, &name.replace('.', "/"));
            [".py", "/__init__.py", "/__main__.py"]
                .iter()
                .any(|end| facts.snapshot.entry(&format!("{inner}{end}")).is_some())
        }
        Target::NoScript { name, .. } => {
            facts.node_projects().get(directory).is_some_and(|project| project.script(name).is_some())
        }
        Target::Other => false,
    })
}

/// The last COPY of the image, when the file that the program runs lies in the context at the same place below the
/// working directory.
fn uncopied(delivered: &Delivered<'_>, program: &Program) -> Option<Site> {
    let (Target::File { place, .. }, Some(_)) = (&program.target, &delivered.image.dockerfile) else {
        return None;
    };
    let inner = place.strip_prefix(program.dir.as_str())?.trim_start_matches('/');
    delivered.image.context.file(inner)?;
    let layers = delivered.image.last()?.layers.iter().rev();
    let mut copies = layers.filter(|layer| matches!(layer.kind, LayerKind::Copy(..)));
    copies.next().map(|layer| layer.site.clone())
}

fn told(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program) -> Option<(String, String)> {
    match &program.target {
        Target::File { place, written, .. } => {
            // Named by a flag or an old layout: the file that is meant may lie elsewhere in the tree.
            let name = written.rsplit('/').next().unwrap_or(written);
            let near = facts
                .snapshot
                .entries()
                .iter()
                .find(|entry| entry.tracked && entry.path.rsplit('/').next() == Some(name));
            let help = near.map_or_else(
                || format!("The repository has no file called `{name}`; correct the command"),
                |entry| format!("Copy `{}` to `/{place}`, or correct the command", entry.path),
            );
            Some((format!("the image has no `/{place}`, which this command runs"), help))
        }
        Target::Module { name, roots, by } => {
            let top = name.split('.').next().unwrap_or(name);
            if names::comes_with_python(top) || installed(facts, delivered, top) {
                return None;
            }
            let first = roots.first().map_or("", String::as_str);
            let message = format!("`{by}` finds no module `{name}` in `/{first}`");
            Some((message, "Correct the module's name, or copy its package into the image".to_owned()))
        }
        Target::NoScript { name, manifest } => Some((
            format!("`{manifest}` has no script `{name}`"),
            "Add the script, or start the program itself".to_owned(),
        )),
        Target::Other => None,
    }
}

/// True when a distribution may bring the module `top`.
fn installed(facts: &Facts<'_>, delivered: &Delivered<'_>, top: &str) -> bool {
    let (wanted, _) = names::distributions(top);
    let root = &delivered.image.context.root;
    let projects = facts.python_projects();
    let asked = projects
        .values()
        .flat_map(|project| project.requirements.iter().map(|each| &each.name).chain(&project.locked));
    let known =
        asked.into_iter().any(|name| wanted.contains(name) || name.starts_with(&format!("{}-", normal(top))));
    let explicit =
        delivered.image.stages.iter().flat_map(|stage| &stage.layers).any(|layer| match &layer.kind {
            LayerKind::Run(commands, effects) => {
                let named = commands.iter().filter(|command| command.has("install")).any(|command| {
                    command.words.iter().any(|word| {
                        normal(word.split(['=', '<', '>', '[', '~']).next().unwrap_or(word)) == normal(top)
                    })
                });
                let own = effects
                    .iter()
                    .any(|effect| matches!(effect, crate::facts::image::effects::Effect::InstallsPython(_)));
                let listed = projects.get(root).and_then(|project| project.packages.as_ref());
                named || (own && listed.is_none_or(|packages| packages.contains(top)))
            }
            LayerKind::Copy(..) | LayerKind::Directory(_) => false,
        });
    known || explicit
}

//! A name is taken from a module that does not have it.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::chain::{Reached, When, language};
use crate::facts::launch::{Delivered, Trace, attribute};
use crate::facts::program::{Language, StepKind, Unbound};
use crate::finding::{Finding, Findings, Severity, Site};
use crate::order;
use crate::rule::declare_rule;

declare_rule! {
    /// The program uses a name that no module of its own defines.
    ///
    /// ## Why it matters
    /// Python looks the name up while it starts: `ImportError: cannot import name 'X' from 'Y'`, or from a server
    /// `Error loading ASGI app. Attribute "app" not found in module "main".` The build was green, and the deployment ends as
    /// `CRASHED`. So it is with a name that a module uses while it is loaded and neither binds nor imports: `NameError: name
    /// 'List' is not defined`, and with `UnboundLocalError` where a function that is called then binds it further down, as with
    /// an `import os` in a branch. Node says of an ES module `SyntaxError: The requested module './x.js' does not provide an export
    /// named 'y'`.
    ///
    /// ## What to do
    /// Define the name in that module, import it from where it is, or start the application by the name that it has.
    ///
    /// ## What it cannot know
    /// Modules that make names while they run: with `import *`, `__getattr__`, `globals()` or `match` at the top they are passed
    /// over, and a name that is bound under any condition counts as there. Python 3.14 does not evaluate annotations at once, so that
    /// a name in one is an error only where the image has an older Python. A name or an import inside a function or under a condition is a
    /// warning; one whose failure is caught is passed over.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// from limits.quota import QuotaGuard
    /// //- limits/__init__.py
    /// //- limits/quota.py
    /// def quota(): ...
    /// ```
    ///
    /// What the server is told to load; a name inside a function is none of the module:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["uvicorn", "api.main:app"]
    /// //- api/main.py
    /// def create_app():
    ///     app = object()
    ///     return app
    /// ```
    ///
    /// Gunicorn takes `application` where nothing else is told:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn site.wsgi:application"}}
    /// //- requirements.txt
    /// gunicorn
    /// //- site/wsgi.py
    /// app = object()
    /// ```
    ///
    /// A package that has neither the name nor the module, and an import that a call makes:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "-m", "app.main"]
    /// //- app/__init__.py
    /// //- app/main.py
    /// def load():
    ///     from app import models
    ///     return models
    /// //- app/other.py
    /// ```
    ///
    /// Modules of a package, names that a module hands on, makes or binds under a condition, and imports that are caught:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["uvicorn", "app.main:app"]
    /// //- app/__init__.py
    /// //- app/main.py
    /// from typing import TYPE_CHECKING
    /// from app import jobs, data
    /// from app.jobs import one, two, three
    /// from app.stars import anything
    /// from app.lazy import made
    /// from app.late import four
    /// from app import __version__
    /// from app import api_pb2
    /// if TYPE_CHECKING:
    ///     from app.jobs import Row
    /// try:
    ///     from app.jobs import five
    /// except ImportError:
    ///     five = None
    /// app = one
    /// //- app/data/x.json
    /// {}
    /// //- app/jobs.py
    /// from .late import four as one
    /// if one:
    ///     two = 1
    /// else:
    ///     import os as three
    /// //- app/stars.py
    /// from .jobs import *
    /// //- app/lazy.py
    /// def __getattr__(name):
    ///     return name
    /// //- app/late.py
    /// def fill():
    ///     global four
    ///     four = 4
    /// fill()
    /// ```
    ///
    /// Used, but bound nowhere:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["uvicorn", "app.main:app"]
    /// //- app/main.py
    /// from app.models import Row
    /// app = Row()
    /// //- app/models.py
    /// from typing import Optional
    /// class Row:
    ///     keys: Optional[List[str]] = None
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// def run(value: Any): ...
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// from __future__ import annotations
    /// import other
    /// def run(value: Any):
    ///     return undefined
    /// try:
    ///     unicode
    /// except NameError:
    ///     pass
    /// //- other.py
    /// from typing import *
    /// keys: List[str] = []
    /// ```
    ///
    /// Under a condition, and in a function that makes the name its own further down:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn shop.wsgi"}}
    /// //- requirements.txt
    /// django
    /// //- shop/wsgi.py
    /// import os
    /// os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    /// application = object()
    /// //- shop/settings.py
    /// import os
    /// DATABASES = {}
    /// if os.environ.get("DATABASE_URL"):
    ///     DATABASES["default"] = dj_database_url.config()
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn wsgi:app"}}
    /// //- requirements.txt
    /// flask
    /// //- wsgi.py
    /// from shop import create_app
    /// app = create_app()
    /// //- shop/__init__.py
    /// import os
    /// def create_app():
    ///     url = os.environ["REDIS_URL"]
    ///     if url:
    ///         import os
    ///         os.makedirs("/tmp/x")
    ///     return url
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn wsgi:app"}}
    /// //- requirements.txt
    /// flask
    /// //- wsgi.py
    /// from shop import create_app
    /// app = create_app()
    /// if __name__ == "__main__":
    ///     debug.run(app)
    /// //- shop/__init__.py
    /// import os
    /// from typing import TYPE_CHECKING
    /// if TYPE_CHECKING:
    ///     row: Row
    /// def create_app():
    ///     if os.environ.get("A"):
    ///         from os import path
    ///         return path
    ///     return os
    /// def command():
    ///     print(os)
    ///     import os
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "src/main.js"]
    /// //- package.json
    /// {"type": "module"}
    /// //- src/main.js
    /// import { ask, build } from "./ai.js";
    /// build(ask);
    /// //- src/ai.js
    /// export function build() {}
    /// ```
    ///
    /// Exports of every kind, and CommonJS, whose names Node finds out:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "src/main.js"]
    /// //- package.json
    /// {"type": "module"}
    /// //- src/main.js
    /// import first, { a, b, c, d, e, f as g } from "./ai.js";
    /// import * as all from "./ai.js";
    /// import { other } from "./all.js";
    /// import { old } from "./old.cjs";
    /// first(a, b, c, d, e, g, all, other, old);
    /// //- src/ai.js
    /// export const { a, inner: { b } } = process.env, [c] = [];
    /// export class d {}
    /// const own = 1;
    /// export { own as e };
    /// export { x as f } from "./x.js";
    /// export default () => {};
    /// //- src/x.js
    /// export let x;
    /// //- src/all.js
    /// export * from "./x.js";
    /// //- src/old.cjs
    /// module.exports = { old: 1 };
    /// ```
    ///
    /// A configuration of the same command, a factory, and an application inside an object:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn 'app:create_app()'"}}
    /// //- requirements.txt
    /// gunicorn
    /// //- Procfile
    /// web: gunicorn -c gunicorn.conf.py app:server.wsgi
    /// //- gunicorn.conf.py
    /// workers = 2
    /// //- app.py
    /// def create_app(): ...
    /// server = create_app()
    /// ```
    "name-not-defined", Error, Start, since "0.3.0",
    sources: [
        "https://docs.python.org/3/reference/simple_stmts.html#import",
        "https://uvicorn.dev/settings/",
        "https://docs.gunicorn.org/en/stable/run.html",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    let all = facts.delivered().iter().flat_map(|delivered| {
        delivered.traces.iter().filter(|trace| trace.stated).map(move |trace| (delivered, trace))
    });
    let mut all: Vec<(&Delivered<'_>, &Trace)> = all.collect();
    // What several services load is told of the one that certainly loads it.
    order::sort_by_key(&mut all, |(delivered, trace)| !is_certain(facts, delivered, trace));
    for (delivered, trace) in all {
        started(facts, delivered, trace, &mut told, out);
        let loaded = trace.chain.nameless.iter().filter(|each| each.when < When::Named);
        for nameless in loaded {
            if !told.insert((nameless.site.clone(), nameless.name.clone())) {
                continue;
            }
            let python = language(&nameless.source) == Some(Language::Python);
            let verb = if python { "define" } else { "export" };
            let message = format!("`{}` does not {verb} `{}`", nameless.source, nameless.name);
            let finding = out.at(nameless.site.clone(), message);
            settle(facts, delivered, trace, nameless.when == When::Always && !nameless.doubt, finding);
            finding.related(Site::file(nameless.source.clone()), "the module");
        }
        unbound(facts, delivered, trace, &mut told, out);
    }
}

/// Names that a module looks up while it is loaded and that nothing in it binds; one of each module is enough.
fn unbound(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    trace: &Trace,
    told: &mut BTreeSet<(Site, String)>,
    out: &mut Findings,
) {
    let loaded = trace.chain.modules.iter().filter(|each| each.when < When::Named);
    for reached in loaded.filter(|each| language(&each.source) == Some(Language::Python)) {
        let Some(module) = facts.module(&reached.source) else { continue };
        let felt = |name: &&Unbound| {
            name.function.as_ref().is_none_or(|function| is_called(facts, trace, reached, function))
        };
        let names = module.unbound.iter().filter(felt);
        let Some(name) = names.min_by_key(|name| (name.sometimes, name.annotation)) else { continue };
        let site = Site::new(reached.source.clone(), name.span);
        if !told.insert((site.clone(), name.name.clone())) {
            continue;
        }
        let message = match &name.function {
            Some(function) => format!(
                "`{function}` binds `{}` further down, so that it is none of the module's here",
                name.name
            ),
            None if name.sometimes => format!(
                "nothing defines `{}`, which this module uses under a condition while it is loaded",
                name.name
            ),
            None => format!("nothing defines `{}`, which this module uses while it is loaded", name.name),
        };
        let finding = out.at(site, message);
        let image = &delivered.image;
        let stage = image.stages.len().saturating_sub(1);
        let at_once = !name.annotation
            || image
                .reference(stage)
                .and_then(super::python_wheel_missing::minor)
                .is_some_and(|minor| minor < 14);
        settle(facts, delivered, trace, reached.when == When::Always && at_once && !name.sometimes, finding);
        finding.help(match &name.function {
            Some(_) => format!("Bind `{}` before, or under another name", name.name),
            None => format!("Import `{}`, or define it above", name.name),
        });
    }
}

/// True when the function of `module` is called while the program is loaded.
pub(super) fn is_called(facts: &Facts<'_>, trace: &Trace, module: &Reached, function: &str) -> bool {
    let stem = module.source.trim_end_matches(".py").trim_end_matches("/__init__");
    let stem = stem.rsplit('/').next().unwrap_or(stem);
    let factory = trace
        .words
        .iter()
        .any(|word| word.rsplit_once(':').is_some_and(|(_, name)| name.trim_end_matches("()") == function));
    let calls = |caller: &Reached| {
        let Some(own) = facts.module(&caller.source) else { return false };
        let imports = || {
            own.body.iter().any(|step| match &step.kind {
                StepKind::Import(import) => {
                    import.names.iter().any(|(inner, _)| inner == function)
                        && (import.module.is_empty() || import.module.rsplit('.').next() == Some(stem))
                }
                _ => false,
            })
        };
        let run = caller.by.is_none() && trace.words.iter().any(|word| word.ends_with(".py") || word == "-m");
        own.called.iter().any(|(name, main)| name == function && (!main || run))
            && (caller.source == module.source || imports())
    };
    factory || trace.chain.modules.iter().filter(|each| each.when < When::Named).any(calls)
}

/// True when what is loaded at once ends the deployment where it fails.
fn is_certain(facts: &Facts<'_>, delivered: &Delivered<'_>, trace: &Trace) -> bool {
    trace.firm && !trace.build && delivered.service(facts).is_some_and(|service| service.selected)
}

/// The name that a server is told to take from the module it loads.
fn started(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    trace: &Trace,
    told: &mut BTreeSet<(Site, String)>,
    out: &mut Findings,
) {
    let (Some((module, name)), Some(first)) = (attribute(&trace.words), trace.chain.modules.first()) else {
        return;
    };
    let inner = module.replace('.', "/");
    // A configuration that the same command names is loaded before the application.
    let own = [format!("{inner}.py"), format!("{inner}/__init__.py")].iter().any(|end| {
        first.source.strip_suffix(end.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    });
    let Some(names) = facts.names(&first.source).filter(|_| own && !trace.build) else { return };
    if names.contains(&name) || !told.insert((trace.site.clone(), name.clone())) {
        return;
    }
    let message = format!("`{}` does not define `{name}`, which this command loads", first.source);
    let finding = out.at(trace.site.clone(), message);
    settle(facts, delivered, trace, true, finding);
    finding.related(Site::file(first.source.clone()), "the module");
}

fn settle(facts: &Facts<'_>, delivered: &Delivered<'_>, trace: &Trace, certain: bool, finding: &mut Finding) {
    finding.help("Define the name there, or take it from the module that has it");
    if let Some(service) = delivered.service(facts) {
        finding.service(&service.name);
    }
    if !certain || !is_certain(facts, delivered, trace) {
        finding.severity(Severity::Warning);
    }
}

//! A program that does not answer to the probe's host name.

use crate::facts::Facts;
use crate::facts::launch::Program;
use crate::facts::pattern::Pattern;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Value};
use crate::facts::startup::join;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;
use crate::snapshot::Text;
use crate::span::Span;

declare_rule! {
    /// The program answers only to host names among which the probe's is not.
    ///
    /// ## Why it matters
    /// Railway probes with `Host: healthcheck.railway.app`. Django answers 400 (`Invalid HTTP_HOST header`), Starlette's
    /// `TrustedHostMiddleware` 400, Rails 403 (`Blocked hosts`), Flask with a `SERVER_NAME` 404, and the deployment is given up
    /// although the program runs.
    ///
    /// ## What to do
    /// Add `healthcheck.railway.app` to the list.
    ///
    /// ## What it cannot know
    /// Lists that are computed, and what a variable holds: the list that stands in for it is a warning, as is a list in one
    /// settings file of several. `SERVER_NAME` is a warning, and only where Flask is pinned to a version before 3.1, which answers to
    /// every name.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- manage.py
    /// import os
    /// os.environ.setdefault("DJANGO_SETTINGS_MODULE", "app.settings")
    /// //- app/settings.py
    /// ALLOWED_HOSTS = ["example.com", "www.example.com"]
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// from starlette.middleware.trustedhost import TrustedHostMiddleware
    /// app = FastAPI()
    /// app.add_middleware(TrustedHostMiddleware, allowed_hosts=["example.com", "*.example.com"])
    /// ```
    ///
    /// The service's own domain is another name than the probe's:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// ALLOWED_HOSTS = ["localhost", "shop-production.up.railway.app"]
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// import os
    /// ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1").split(",")
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,passes
    /// //- .github/preflight.toml
    /// [services.web]
    /// healthcheck-path = "/"
    /// start-command = "gunicorn app.wsgi"
    /// variables = ["DJANGO_HOSTS"]
    /// //- app/settings.py
    /// from decouple import Csv, config
    /// ALLOWED_HOSTS = config("DJANGO_HOSTS", default="localhost", cast=Csv())
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost"])
    /// ALLOWED_HOSTS += ["healthcheck.railway.app"]
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt
    /// CMD ["gunicorn", "app:app"]
    /// //- requirements.txt
    /// Flask==2.3.3
    /// gunicorn
    /// //- app.py
    /// from flask import Flask
    /// app = Flask(__name__)
    /// app.config["SERVER_NAME"] = "example.com"
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt
    /// CMD ["gunicorn", "app:app"]
    /// //- requirements.txt
    /// Flask==3.1.0
    /// gunicorn
    /// //- app.py
    /// from flask import Flask
    /// app = Flask(__name__)
    /// app.config["SERVER_NAME"] = "example.com"
    /// ```
    ///
    /// A wildcard, the domain above it, and a list from a variable let the probe in:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// import os
    /// ALLOWED_HOSTS = ["example.com", ".railway.app"]
    /// //- app/settings_local.py
    /// ALLOWED_HOSTS = ["*"]
    /// //- app/settings_prod.py
    /// ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// Without a health path nothing is probed:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// ALLOWED_HOSTS = ["example.com"]
    /// //- requirements.txt
    /// django
    /// ```
    /// Vite's own servers know `localhost` only, unless `allowedHosts` says more:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "npx vite preview --host --port $PORT", "healthcheckPath": "/"}}
    /// //- package.json
    /// {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "^6.2.0"}}
    /// //- vite.config.js
    /// export default { build: { outDir: "dist" } };
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "npx vite preview --host --port $PORT", "healthcheckPath": "/"}}
    /// //- package.json
    /// {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "^6.2.0"}}
    /// //- vite.config.js
    /// export default { preview: { allowedHosts: [".up.railway.app", "healthcheck.railway.app"] } };
    /// ```
    /// The script of one member of a workspace:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "yarn workspace web preview --host 0.0.0.0", "healthcheckPath": "/"}}
    /// //- package.json
    /// {"private": true, "workspaces": ["frontend"]}
    /// //- frontend/package.json
    /// {"name": "web", "scripts": {"preview": "vite preview"}, "devDependencies": {"vite": "^6.0.0"}}
    /// ```
    /// A star is none of Django's signs:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// ALLOWED_HOSTS = ["localhost", "*.railway.app"]
    /// //- requirements.txt
    /// django
    /// ```
    "healthcheck-host-rejected", Error, Health, since "0.2.0",
    sources: [
        "https://docs.railway.com/deployments/healthchecks",
        "https://github.com/railwayapp/docs/pull/616",
        "https://vite.dev/config/preview-options#preview-allowedhosts",
    ]
}

/// The name in the probe's `Host` header.
const PROBE: &str = "healthcheck.railway.app";
/// Django's list from a variable, with what is taken without it.
static FROM_VARIABLE: Pattern = Pattern::new(
    r#"(?m)^ALLOWED_HOSTS\s*(?::[^=\n]+)?=[^\n]*(?:environ\.get|getenv|config|env|env\.\w+|get_list)\(\s*['"](\w+)['"]\s*,\s*(?:default\s*=\s*)?(\[[^\]]*\]|['"][^'"\n]+['"])"#,
    "ALLOWED_HOSTS",
);
/// How a list is changed later.
const CHANGED: [&str; 6] = [
    "ALLOWED_HOSTS +=",
    "ALLOWED_HOSTS.append",
    "ALLOWED_HOSTS.extend",
    "hosts.clear",
    "hosts <<",
    "host_authorization",
];

/// A literal list of hosts: what it is, and how it is written.
static LISTS: [(&str, Pattern); 3] = [
    ("Django", Pattern::new(r"(?m)^ALLOWED_HOSTS\s*(?::[^=\n]+)?=\s*(\[[^\]]*\])", "ALLOWED_HOSTS")),
    (
        "`TrustedHostMiddleware`",
        Pattern::new(
            r"TrustedHostMiddleware\s*,\s*allowed_hosts\s*=\s*(\[[^\]]*\])",
            "TrustedHostMiddleware",
        ),
    ),
    ("Rails", Pattern::new(r"(?m)^\s*config\.hosts\s*=\s*(\[[^\]]*\])", "config.hosts")),
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    vite(facts, out);
    let mut told: Vec<Site> = Vec::new();
    for service in facts.services.iter().filter(|service| probed(service)) {
        flask(facts, service, &mut told, out);
        let texts = candidates(facts, service);
        from_variable(service, &texts, out);
        for (what, pattern) in &LISTS {
            let lists: Vec<(&std::rc::Rc<Text>, Span, bool)> = texts
                .iter()
                .flat_map(|text| {
                    lists(text, pattern, *what == "Django")
                        .into_iter()
                        .map(move |(span, open)| (text, span, open))
                })
                .collect();
            if lists.iter().any(|(_, _, open)| *open) {
                continue;
            }
            for (text, span, _) in &lists {
                let site = Site::new(text.path.clone(), *span);
                if told.contains(&site) {
                    continue;
                }
                let finding =
                    out.at(site.clone(), format!("{what} refuses Railway's probe, which asks for `{PROBE}`"));
                finding.service(&service.name).help(format!("Add \"{PROBE}\" to the list"));
                if lists.len() > 1 {
                    finding.severity(Severity::Warning);
                }
                let start = Span::new(span.start + 1, span.start + 1);
                let separator =
                    if span.of(&text.text).trim_matches(['[', ']']).trim().is_empty() { "" } else { ", " };
                finding.fix(Fix::edit(
                    "Let the probe in",
                    Site::new(text.path.clone(), start),
                    format!("\"{PROBE}\"{separator}"),
                ));
                told.push(site);
            }
        }
    }
}

/// Django's hosts come from a variable that no file sets, and what is taken without it keeps the probe out.
fn from_variable(service: &Service, texts: &[std::rc::Rc<Text>], out: &mut Findings) {
    if texts.iter().any(|text| CHANGED.iter().any(|form| text.text.contains(form))) {
        return;
    }
    for text in texts {
        let mut all = FROM_VARIABLE.captures_iter(&text.text);
        let Some(caught) = all.next().filter(|_| text.text.matches("ALLOWED_HOSTS =").count() == 1) else {
            continue;
        };
        let (Some(name), Some(list)) = (caught.get(1), caught.get(2)) else { continue };
        let set =
            service.variables.as_ref().is_some_and(|names| names.iter().any(|own| own == name.as_str()));
        if set || lets_in(list.as_str(), true) || list.as_str() == "[]" {
            continue;
        }
        let message =
            format!("without `{}` Django refuses Railway's probe, which asks for `{PROBE}`", name.as_str());
        out.at(Site::new(text.path.clone(), Span::new(list.start(), list.end())), message)
            .severity(Severity::Warning)
            .service(&service.name)
            .help(format!("Set `{}` on the service, with `{PROBE}` in it", name.as_str()));
    }
}

/// Flask before 3.1 answers 404 to every other name than `SERVER_NAME`
/// (<https://flask.palletsprojects.com/en/stable/changes/>).
fn flask(facts: &Facts<'_>, service: &Service, told: &mut Vec<Site>, out: &mut Findings) {
    static SET: Pattern = Pattern::new(
        r"(?m)^[ \t]*(?:\w+\.config\[['\x22]SERVER_NAME['\x22]\]|SERVER_NAME)[ \t]*=[ \t]*(['\x22][^'\x22\n]+['\x22]|os\.(?:getenv|environ)[^\n]*SERVER_NAME[^\n]*)",
        "SERVER_NAME",
    );
    let old = facts.python_projects().values().flat_map(|project| &project.requirements).any(|requirement| {
        let text = facts.snapshot.text(&requirement.site.path);
        requirement.name == "flask"
            && text.is_ok_and(|text| pinned_before(requirement.site.span.of(&text.text), (3, 1)))
    });
    if !old {
        return;
    }
    for text in candidates(facts, service).iter().filter(|text| text.path.ends_with(".py")) {
        let Some(found) = SET.captures(&text.text).filter(|_| !text.text.contains("host_matching")) else {
            continue;
        };
        let (Some(whole), Some(value)) = (found.get(0), found.get(1)) else { continue };
        let site = Site::new(text.path.clone(), Span::new(value.start(), value.end()));
        if value.as_str().contains(PROBE) || whole.as_str().contains("None") || told.contains(&site) {
            continue;
        }
        let message = format!(
            "with a `SERVER_NAME` this Flask answers 404 to Railway's probe, which asks for `{PROBE}`"
        );
        let finding = out.at(site.clone(), message);
        finding.service(&service.name).severity(Severity::Warning);
        finding.help("Take `SERVER_NAME` out, or use Flask 3.1 or newer, which answers to every name");
        told.push(site);
    }
}

/// True when the requirement `written` takes one version alone, and that is older than `limit`.
fn pinned_before(written: &str, limit: (u32, u32)) -> bool {
    let version = written.split_once("==").map(|(_, version)| version.trim());
    let mut parts = version.unwrap_or_default().split('.').map(|part| part.trim().parse::<u32>());
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < limit,
        _ => false,
    }
}

/// Programs of Vite that answer to known names only: `vite preview`, and the development server
/// (<https://vite.dev/config/preview-options#preview-allowedhosts>).
fn vite(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let started = |program: &&Program| {
            let word = program.words.get(1).map_or("dev", String::as_str);
            let serves = matches!(word, "preview" | "dev" | "serve") || word.starts_with('-');
            program.effective && program.words.first().is_some_and(|word| word == "vite") && serves
        };
        let Some(program) = delivered.programs.iter().find(started) else { continue };
        let image = &delivered.image;
        let manifest = image.presence(image.finished(), &join(&program.dir, "package.json"));
        let Some(project) = manifest.source().and_then(|path| facts.nearest_project(path)) else { continue };
        let asked = project.dependencies.iter().find(|each| each.name.value == "vite");
        let newest = |version: &str| matches!(version, "latest" | "*").then_some(u32::MAX);
        let major = asked.and_then(|each| {
            let plain = each.version.trim_start_matches(['^', '~', '=', 'v']);
            plain.split('.').next()?.parse::<u32>().ok().or_else(|| newest(&each.version))
        });
        let Some(major) = major.filter(|major| *major >= 5) else { continue };
        let configs = ["ts", "js", "mjs", "mts", "cjs"]
            .map(|end| join(&project.directory, &format!("vite.config.{end}")));
        let text = configs.iter().find_map(|path| facts.snapshot.text(path).ok());
        // A configuration that is put together elsewhere may say it there.
        let open = ["allowedHosts", "mergeConfig", "from './", "from \"./", "from '../", "from \"../"];
        let set =
            image.last().is_some_and(|stage| stage.env.keys().any(|name| name.contains("ALLOWED_HOSTS")));
        let said = |text: &std::rc::Rc<Text>| open.iter().any(|word| text.text.contains(word));
        let named = program.words.iter().any(|word| word.starts_with("--config") || word == "-c");
        if set || named || text.as_ref().is_some_and(said) {
            continue;
        }
        let message = format!(
            "Vite answers 403 to `{PROBE}` and to the domain of the service: `allowedHosts` names neither"
        );
        let finding = out.at(program.site.clone(), message);
        finding
            .service(&service.name)
            .related(Site::file(text.map_or_else(|| project.path.clone(), |text| text.path.clone())), "the configuration")
            .help("Set `preview.allowedHosts` (and `server.allowedHosts` for `vite` itself) to `true`, or serve `dist` with a server for production");
        if !probed(service) || major < 6 || !program.firm {
            finding.severity(Severity::Warning);
        }
    }
}

pub(super) fn probed(service: &Service) -> bool {
    let paths = service.settings.every(Key::HealthcheckPath);
    paths
        .into_iter()
        .any(|setting| setting.value.yes().and_then(Value::text).is_some_and(|path| !path.is_empty()))
}

/// Files that may hold such a list: settings below the root directories, and what the program loads.
pub(super) fn candidates(facts: &Facts<'_>, service: &Service) -> Vec<std::rc::Rc<Text>> {
    let startup = facts.startup(service);
    let below = |path: &str| {
        service.roots.iter().any(|root| root.is_empty() || path.starts_with(&format!("{root}/")))
    };
    let settings = facts.snapshot.entries().iter().filter(|entry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        let django =
            name.ends_with(".py") && (name.starts_with("settings") || entry.path.contains("/settings/"));
        let rails = entry.path.ends_with("config/environments/production.rb")
            || entry.path.ends_with("config/application.rb");
        let apart = ["local", "dev", "test", "ci"].iter().any(|word| name.contains(word))
            || entry.path.contains("tests/");
        below(&entry.path) && (django || rails) && !apart
    });
    let mut paths: Vec<String> = settings.map(|entry| entry.path.clone()).collect();
    // Of several root directories the innermost that has some is the likely one.
    let inner =
        service.roots.iter().max_by_key(|root| root.len()).map_or(String::new(), |root| format!("{root}/"));
    if service.roots.len() > 1 && paths.iter().any(|path| path.starts_with(&inner)) {
        paths.retain(|path| path.starts_with(&inner));
    }
    paths.extend(startup.files.iter().cloned());
    paths.sort();
    paths.dedup();
    paths.iter().filter_map(|path| facts.snapshot.text(path).ok()).collect()
}

/// True when one of the names written in `list` is the probe's, or stands for it too.
///
/// Django takes `*.railway.app` for a name; its own way to write that is `.railway.app`.
fn lets_in(list: &str, django: bool) -> bool {
    let mut names = list.split(|char: char| "[](), '\"".contains(char));
    names.any(|name| matches!(name, "*" | PROBE | ".railway.app") || (name == "*.railway.app" && !django))
}

/// The lists in `text`, and whether each lets the probe in or may be changed later.
fn lists(text: &Text, pattern: &Pattern, django: bool) -> Vec<(Span, bool)> {
    let later = CHANGED.iter().any(|form| text.text.contains(form));
    let assigned =
        text.text.matches("ALLOWED_HOSTS").count() > 1 && text.text.matches("ALLOWED_HOSTS =").count() > 1;
    let found = pattern.captures_iter(&text.text).filter_map(|caught| {
        let list = caught.get(1)?;
        let inside = list.as_str();
        let lets_in = lets_in(inside, django);
        let computed =
            inside.contains(['(', '*', '$', '{', '/']) && !inside.contains("\"*.") && !inside.contains("'*.");
        let names = inside.trim_matches(['[', ']']).split(',').map(str::trim).filter(|name| !name.is_empty());
        let literal = names.into_iter().all(|name| name.starts_with(['"', '\'']));
        Some((Span::new(list.start(), list.end()), lets_in || computed || !literal || later || assigned))
    });
    found.collect()
}

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
    /// Lists that are computed or come from variables. A list in one settings file of several is a warning.
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
    "healthcheck-host-rejected", Error, Health, since "0.2.0",
    sources: [
        "https://docs.railway.com/deployments/healthchecks",
        "https://github.com/railwayapp/docs/pull/616",
        "https://vite.dev/config/preview-options#preview-allowedhosts",
    ]
}

/// The name in the probe's `Host` header.
const PROBE: &str = "healthcheck.railway.app";

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
        let texts = candidates(facts, service);
        for (what, pattern) in &LISTS {
            let lists: Vec<(&std::rc::Rc<Text>, Span, bool)> = texts
                .iter()
                .flat_map(|text| lists(text, pattern).into_iter().map(move |(span, open)| (text, span, open)))
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
    let paths = settings.map(|entry| entry.path.clone()).chain(startup.files.iter().cloned());
    let mut paths: Vec<String> = paths.collect();
    paths.sort();
    paths.dedup();
    paths.iter().filter_map(|path| facts.snapshot.text(path).ok()).collect()
}

/// The lists in `text`, and whether each lets the probe in or may be changed later.
fn lists(text: &Text, pattern: &Pattern) -> Vec<(Span, bool)> {
    let changed = [
        "ALLOWED_HOSTS +=",
        "ALLOWED_HOSTS.append",
        "ALLOWED_HOSTS.extend",
        "hosts.clear",
        "hosts <<",
        "host_authorization",
    ];
    let later = changed.iter().any(|form| text.text.contains(form));
    let assigned =
        text.text.matches("ALLOWED_HOSTS").count() > 1 && text.text.matches("ALLOWED_HOSTS =").count() > 1;
    let found = pattern.captures_iter(&text.text).filter_map(|caught| {
        let list = caught.get(1)?;
        let inside = list.as_str();
        let lets_in =
            ["\"*\"", "'*'", "railway.app\"", "railway.app'"].iter().any(|form| inside.contains(form));
        let computed =
            inside.contains(['(', '*', '$', '{', '/']) && !inside.contains("\"*.") && !inside.contains("'*.");
        let names = inside.trim_matches(['[', ']']).split(',').map(str::trim).filter(|name| !name.is_empty());
        let literal = names.into_iter().all(|name| name.starts_with(['"', '\'']));
        Some((Span::new(list.start(), list.end()), lets_in || computed || !literal || later || assigned))
    });
    found.collect()
}

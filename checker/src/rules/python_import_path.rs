//! Python looks for modules in another directory.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::chain::{Barred, When};
use crate::facts::launch::{How, Loss, attribute, losses};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A Python program imports a module that lies in the image, but not where Python looks.
    ///
    /// ## Why it matters
    /// `python scripts/run.py` looks in `scripts/` and not in the working directory, so that `import scripts.jobs` ends with
    /// `ModuleNotFoundError: No module named 'scripts'`. Tests pass, because they run from the root.
    ///
    /// ## What to do
    /// Start it as a module, `python -m scripts.run`, or set `PYTHONPATH` to the directory above.
    ///
    /// ## What it cannot know
    /// Whether `PYTHONPATH` is a variable of the service, which is why it warns and never errs. A program that changes
    /// `sys.path` itself is passed over.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "python scripts/run.py"
    /// //- requirements.txt
    /// rq
    /// //- scripts/run.py
    /// from scripts.jobs import go
    /// go()
    /// //- scripts/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "python -m scripts.run"
    /// //- requirements.txt
    /// rq
    /// //- scripts/run.py
    /// from scripts.jobs import go
    /// go()
    /// //- scripts/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// ENV PYTHONPATH=/app
    /// COPY . .
    /// CMD ["python", "scripts/run.py"]
    /// //- scripts/run.py
    /// from scripts.jobs import go
    /// go()
    /// //- scripts/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// A program that is run by its path belongs to no package:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /srv
    /// COPY . .
    /// CMD ["python", "app/main.py"]
    /// //- app/__init__.py
    /// //- app/main.py
    /// from .jobs import go
    /// //- app/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "uvicorn app.main:app --host 0.0.0.0"}}
    /// //- requirements.txt
    /// uvicorn
    /// //- app/__init__.py
    /// //- app/main.py
    /// from app import routes
    /// app = routes
    /// //- app/routes.py
    /// from jobs import go
    /// go()
    /// //- app/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "cd app && uvicorn main:app --host 0.0.0.0"}}
    /// //- requirements.txt
    /// uvicorn
    /// //- app/main.py
    /// from jobs import go
    /// app = go
    /// //- app/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "python scripts/run.py"
    /// //- scripts/run.py
    /// import sys, os
    /// sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    /// from scripts.jobs import go
    /// go()
    /// //- scripts/jobs.py
    /// def go(): pass
    /// ```
    "python-import-path", Warning, Start, since "0.2.0",
    sources: ["https://docs.python.org/3/library/sys_path_init.html"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for loss in losses(facts).iter().filter(|loss| !loss.trace.build) {
        let Some(service) = loss.delivered.service(facts) else { continue };
        if let How::Barred { source, why: Barred::NoPackage } = &loss.how
            && told.insert((service.name.clone(), loss.trace.site.clone()))
        {
            let message = format!(
                "`{source}` is run by its path, so that its relative import `{}` has no package",
                loss.broken.written
            );
            let finding = out.at(loss.trace.site.clone(), message);
            finding.service(&service.name).related(loss.broken.site.clone(), "the import");
            finding.help("Start it with `python -m` and the dotted name of its module");
            continue;
        }
        let How::OffPath { source, root } = &loss.how else { continue };
        let changes = loss.trace.chain.modules.iter().any(|reached| {
            facts.snapshot.text(&reached.source).is_ok_and(|text| text.text.contains("sys.path"))
        });
        if changes {
            continue;
        }
        if let Some(package) = package_at(loss, root) {
            without_package(facts, loss, &package, &mut told, out);
            continue;
        }
        if !told.insert((service.name.clone(), loss.trace.site.clone())) {
            continue;
        }
        let name = &loss.broken.written;
        let message = format!(
            "Python does not look in `/{root}` for `{name}` (`{source}`), which {} imports",
            loss.trail()
        );
        let finding = out.at(loss.trace.site.clone(), message);
        finding
            .service(&service.name)
            .severity(Severity::Warning)
            .related(loss.broken.site.clone(), "the import");
        finding.help(format!("Start it with `python -m`, or set `PYTHONPATH` to `/{root}`"));
    }
}

/// Reports a module of a package that a module of the same package imports as if it stood alone.
fn without_package(
    facts: &Facts<'_>,
    loss: &Loss<'_, '_>,
    package: &str,
    told: &mut BTreeSet<(String, Site)>,
    out: &mut Findings,
) {
    let (name, site) = (&loss.broken.written, &loss.broken.site);
    if !told.insert((String::new(), site.clone())) {
        return;
    }
    let message =
        format!("`{name}` lies in the package `{package}`, and Python looks for it beside the package");
    let finding = out.at(site.clone(), message);
    finding.related(loss.trace.site.clone(), "the start").help(format!("Import `{package}.{name}`"));
    if let Some(service) = loss.delivered.service(facts) {
        finding.service(&service.name);
    }
    // Within a function it fails when that is called.
    if loss.broken.when > When::Sometimes {
        finding.severity(Severity::Note);
    }
    let Ok(text) = facts.snapshot.text(&site.path) else { return };
    let begin = format!("from {name} ");
    if site.span.of(&text.text).starts_with(&begin) {
        let at = site.span.start + "from ".len();
        let place = Site::new(site.path.clone(), Span::new(at, at + name.len()));
        finding.fix(Fix::edit("Name the package", place, format!("{package}.{name}")));
    }
}

/// The package in the directory `root` of the image, when the program was started as one of its modules: started as
/// `app.main`, it finds what lies in `app` under `app.` only.
fn package_at<'l>(loss: &'l Loss<'_, '_>, root: &'l str) -> Option<String> {
    let words = &loss.trace.words;
    let dotted = attribute(words).map(|(module, _)| module).or_else(|| {
        let at = words.iter().position(|word| word == "-m")?;
        words.get(at + 1).cloned()
    })?;
    let first = loss.trace.chain.modules.iter().find_map(|reached| {
        let place = reached.place.trim_end_matches(".py").trim_end_matches("/__main__");
        place.strip_suffix(&dotted.replace('.', "/"))
    })?;
    let package = root.strip_prefix(first)?.replace('/', ".");
    (dotted.starts_with(&format!("{package}."))).then_some(package)
}

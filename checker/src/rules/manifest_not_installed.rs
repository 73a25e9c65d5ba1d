//! Dependencies that Railway's builder does not install.

use crate::facts::Facts;
use crate::facts::builder_commands::{has_own_plan, stated};
use crate::facts::service::Builder;
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// Railpack installs nothing, because the dependencies stand only in a `pyproject.toml` without a lock file.
    ///
    /// ## Why it matters
    /// Railpack installs Python packages from `requirements.txt`, or from `pyproject.toml` or `Pipfile` together with the lock
    /// file of uv, Poetry, PDM or Pipenv, which tells it the tool. With the bare `pyproject.toml` the image has no packages, and the
    /// program ends with `uvicorn: command not found` or `ModuleNotFoundError`.
    ///
    /// ## What to do
    /// Commit the lock file (`uv lock`, `poetry lock`), or write a `requirements.txt`.
    ///
    /// ## What it cannot know
    /// What later versions of Railpack do; so this is a warning. A build command that installs makes it silent.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [build]
    /// builder = "RAILPACK"
    /// [deploy]
    /// startCommand = "uvicorn app.main:app --host 0.0.0.0 --port $PORT"
    /// //- pyproject.toml
    /// [project]
    /// name = "app"
    /// dependencies = ["fastapi", "uvicorn"]
    /// //- app/main.py
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [build]
    /// builder = "RAILPACK"
    /// //- pyproject.toml
    /// [project]
    /// name = "app"
    /// dependencies = ["fastapi", "uvicorn"]
    /// //- uv.lock
    /// version = 1
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [build]
    /// buildCommand = "pip install ."
    /// //- pyproject.toml
    /// [project]
    /// name = "app"
    /// dependencies = ["fastapi", "uvicorn"]
    /// ```
    "manifest-not-installed", Warning, Build, since "0.3.0",
    sources: ["https://railpack.com/languages/python"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| service.builder == Known::Yes(Builder::Railpack)) {
        let [root] = service.roots.as_slice() else { continue };
        let there = |name: &str| facts.snapshot.entry(&join(root, name)).is_some();
        let told = ["requirements.txt", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile", "package.json"];
        let commands = stated(facts, service);
        let installs = commands.iter().any(|each| {
            each.text.contains("install") || each.text.contains("uv ") || each.text.contains("poetry ")
        });
        if !there("pyproject.toml")
            || told.iter().any(|name| there(name))
            || installs
            || has_own_plan(facts, service)
        {
            continue;
        }
        let path = join(root, "pyproject.toml");
        let asks = facts.python_projects().get(root).is_some_and(|project| {
            project.requirements.iter().any(|each| !each.optional && each.site.path == path)
        });
        if !asks {
            continue;
        }
        let start = commands.iter().find(|each| each.start);
        let site = start.map_or_else(|| Site::file(path.clone()), |each| each.site.clone());
        let finding =
            out.at(site, format!("Railpack installs nothing of `{path}`, which has no lock file beside it"));
        finding
            .service(&service.name)
            .help("Commit `uv.lock` or `poetry.lock`, or write a `requirements.txt`");
        if start.is_some() {
            finding.related(Site::file(path), "these are not installed");
        }
    }
}

//! A console script that is nowhere on PATH.

use crate::facts::Facts;
use crate::facts::dockerfile::{Copy, InstructionKind};
use crate::facts::document::{self, Node};
use crate::facts::image::base::Base;
use crate::facts::image::shell::Simple;
use crate::facts::launch::{Delivered, Program, Target};
use crate::facts::startup::join;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The start command is a console script of Python that is not on `PATH`: it lies in a virtual environment, or the project
    /// declares no script of that name.
    ///
    /// ## Why it matters
    /// `uv sync` installs into `.venv`, which is not on `PATH` by itself. The container ends with
    /// ``The executable `gunicorn` could not be found.``, and so it does for a script that `pyproject.toml` calls otherwise.
    ///
    /// ## What to do
    /// Write `ENV PATH="/app/.venv/bin:$PATH"`, or start it with `uv run`; or correct the script's name.
    ///
    /// ## What it cannot know
    /// Scripts of dependencies under any name. A name is judged against the project's own scripts only when it is close to one
    /// of them, and then it is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// COPY --from=ghcr.io/astral-sh/uv:latest /uv /uvx /bin/
    /// WORKDIR /app
    /// COPY . .
    /// RUN uv sync --frozen --no-dev
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "gunicorn main:app"
    /// //- pyproject.toml
    /// [project]
    /// name = "a"
    /// dependencies = ["gunicorn", "flask"]
    /// //- main.py
    /// app = 1
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install .
    /// ENTRYPOINT ["notes-mcp"]
    /// //- pyproject.toml
    /// [project]
    /// name = "notes-mcp-server"
    /// [project.scripts]
    /// notes-mcp-server = "notes.main:run"
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install uv && uv sync --frozen
    /// ENV PATH="/app/.venv/bin:$PATH"
    /// CMD ["gunicorn", "main:app"]
    /// //- pyproject.toml
    /// [project]
    /// name = "a"
    /// dependencies = ["gunicorn"]
    /// //- main.py
    /// app = 1
    /// ```
    ///
    /// Started through `uv`, another environment, an activated one, installed for the system too:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// COPY --from=ghcr.io/astral-sh/uv /uv /bin/
    /// ENV UV_PROJECT_ENVIRONMENT=/usr/local
    /// WORKDIR /app
    /// COPY . .
    /// RUN uv sync
    /// CMD ["gunicorn", "main:app"]
    /// //- web.Dockerfile
    /// FROM python:3.12-slim
    /// COPY --from=ghcr.io/astral-sh/uv /uv /bin/
    /// WORKDIR /app
    /// COPY . .
    /// RUN uv sync
    /// CMD . .venv/bin/activate && exec gunicorn main:app
    /// //- run.Dockerfile
    /// FROM python:3.12-slim
    /// COPY --from=ghcr.io/astral-sh/uv /uv /bin/
    /// WORKDIR /app
    /// COPY . .
    /// RUN uv sync && uv pip install --system gunicorn
    /// CMD gunicorn main:app & exec uv run celery worker
    /// //- pyproject.toml
    /// [project]
    /// name = "a"
    /// dependencies = ["gunicorn", "celery"]
    /// //- main.py
    /// app = 1
    /// ```
    "console-script-missing", Error, Start, since "0.3.0",
    sources: [
        "https://docs.astral.sh/uv/guides/integration/docker/#using-the-environment",
        "https://packaging.python.org/en/latest/specifications/entry-points/",
    ]
}

/// Console scripts of well-known distributions that are started as a service.
const PROGRAMS: [&str; 8] =
    ["gunicorn", "uvicorn", "hypercorn", "daphne", "celery", "streamlit", "granian", "dramatiq"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let by_script = delivered
            .programs
            .iter()
            .any(|each| matches!(&each.target, Target::File { by, .. } if by.is_empty() || by == "sh"));
        if by_script || !on_python(delivered) {
            continue;
        }
        let bare = delivered.programs.iter().filter(|program| is_bare(program));
        let found = bare
            .filter(|program| !mentions(facts, program, "activate") && !mentions(facts, program, "venv"))
            .find_map(|program| Some((program, judge(facts, delivered, program)?)));
        let Some((program, (severity, message, help))) = found else { continue };
        let severity = if program.firm { severity } else { Severity::Warning };
        out.at(program.site.clone(), message).service(&service.name).help(help).severity(severity);
    }
}

/// How bad it is that `program` is started by its name, what will happen, and what to do.
fn judge(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    program: &Program,
) -> Option<(Severity, String, String)> {
    let name = program.words.first()?.as_str();
    if PROGRAMS.contains(&name) {
        let message = format!("`{name}` is not on `PATH`: `uv sync` installs it into `.venv`");
        let help = "Write `ENV PATH=\"/app/.venv/bin:$PATH\"` with the project's directory, or start it with `uv run`";
        return in_environment_only(delivered).then(|| (Severity::Error, message, help.to_owned()));
    }
    let (declared, path) = misnamed(facts, delivered, name)?;
    let message = format!("`{path}` declares no script `{name}`, but `{declared}`");
    Some((Severity::Warning, message, format!("Start `{declared}`")))
}

fn is_bare(program: &Program) -> bool {
    program.effective
        && program.via.is_empty()
        && program.words.first().is_some_and(|word| !word.contains('/'))
}

fn mentions(facts: &Facts<'_>, program: &Program, word: &str) -> bool {
    let text = facts.snapshot.text(&program.site.path);
    text.is_ok_and(|text| program.site.span.of(&text.text).contains(word))
}

/// True for an image made from the official one of Python.
fn on_python(delivered: &Delivered<'_>) -> bool {
    let image = &delivered.image;
    let reference = image.stages.len().checked_sub(1).and_then(|stage| image.reference(stage));
    let base = reference.and_then(Base::of);
    image.dockerfile.is_some() && base.is_some_and(|base| base.has("python"))
}

/// True when `uv sync` alone installs what the project asks for, and its environment is not on `PATH`.
fn in_environment_only(delivered: &Delivered<'_>) -> bool {
    let image = &delivered.image;
    let Some(last) = image.last() else { return false };
    let moved = ["UV_PROJECT_ENVIRONMENT", "UV_SYSTEM_PYTHON", "VIRTUAL_ENV"]
        .iter()
        .any(|name| last.env.contains_key(*name));
    let path =
        last.env.get("PATH").is_some_and(|path| path.as_deref().is_none_or(|path| path.contains("venv")));
    let built = image.built_stages();
    let commands: Vec<&Simple> =
        built.iter().flat_map(|stage| image.runs(*stage)).flat_map(|(.., commands)| commands).collect();
    let syncs = commands.iter().any(|command| command.program() == "uv" && command.has("sync"));
    let uv_only = |command: &Simple| {
        command.plain().all(|word| {
            matches!(
                word.split(['=', '<', '>']).next(),
                Some("pip" | "install" | "uv" | "setuptools" | "wheel")
            )
        })
    };
    let others = commands.iter().any(|command| {
        let pip = command.program().starts_with("pip")
            || command.has("pip")
            || command.has("tool")
            || command.has("export");
        pip && !uv_only(command)
            || matches!(command.program(), "poetry" | "pipenv" | "pdm" | "conda" | "mamba" | "ln" | "cp")
    });
    syncs && !moved && !path && !others && !brings_programs(delivered)
}

/// True when a COPY brings programs other than `uv` itself into directories of the system.
fn brings_programs(delivered: &Delivered<'_>) -> bool {
    let Some(file) = &delivered.image.dockerfile else { return true };
    let programs = |copy: &Copy| {
        let to = copy.destination.value.trim_start_matches('/');
        let system =
            to.is_empty() || ["bin", "usr", "opt", "root", "home", "$"].iter().any(|dir| to.starts_with(dir));
        let own =
            copy.sources.iter().all(|source| matches!(source.value.rsplit('/').next(), Some("uv" | "uvx")));
        system && !own && copy.flag("from").is_some()
    };
    file.instructions().any(|(_, each)| matches!(&each.kind, InstructionKind::Copy(copy) if programs(copy)))
}

/// The script that the project declares under a name close to `name`, and the manifest.
fn misnamed(facts: &Facts<'_>, delivered: &Delivered<'_>, name: &str) -> Option<(String, String)> {
    let path = join(&delivered.image.context.root, "pyproject.toml");
    let document = document::toml(&facts.snapshot.text(&path).ok()?.text).ok()?;
    let tables = [document.at(&["project", "scripts"]), document.at(&["tool", "poetry", "scripts"])];
    let names: Vec<&str> = tables
        .into_iter()
        .flatten()
        .flat_map(Node::members)
        .map(|member| member.key.value.as_str())
        .collect();
    let near = names.iter().find(|own| {
        own.strip_prefix(name)
            .or_else(|| name.strip_prefix(**own))
            .is_some_and(|rest| rest.starts_with(['-', '_']))
    });
    let projects = facts.python_projects().values();
    let mut asked = projects
        .flat_map(|project| project.requirements.iter().map(|each| &each.name).chain(&project.locked));
    let other = names.contains(&name) || asked.any(|asked| asked == name);
    near.filter(|_| !other).map(|own| ((*own).to_owned(), path))
}

//! Packages in root's home, and a program that runs as somebody else.

use crate::facts::Facts;
use crate::facts::distribution::Family;
use crate::facts::image::shell::Simple;
use crate::facts::image::{Image, LayerKind};
use crate::facts::launch::Delivered;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// Python packages are installed into `/root/.local`, and the container runs as another user.
    ///
    /// ## Why it matters
    /// `pip install --user` as root writes below `/root`, which nobody else may enter, whoever owns what lies inside. The
    /// program is not found or not allowed: `exec: "gunicorn": permission denied`, `The executable "gunicorn" could not be
    /// found`, or `ModuleNotFoundError`.
    ///
    /// ## What to do
    /// Install into a virtual environment such as `/venv`, or copy to the user's home:
    /// `COPY --from=build --chown=app /root/.local /home/app/.local` with `ENV PATH=/home/app/.local/bin:$PATH`.
    ///
    /// ## What it cannot know
    /// Whether a script needs any package; so it is a warning where `python` itself is started.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12 AS build
    /// COPY requirements.txt .
    /// RUN pip install --user -r requirements.txt
    /// FROM python:3.12-slim
    /// RUN useradd -m app
    /// COPY --from=build --chown=app /root/.local /root/.local
    /// ENV PATH=/root/.local/bin:$PATH
    /// WORKDIR /app
    /// COPY . .
    /// USER app
    /// CMD ["gunicorn", "main:app"]
    /// //- requirements.txt
    /// gunicorn
    /// //- main.py
    /// app = 1
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install --user -r requirements.txt
    /// USER nobody
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// redis
    /// //- main.py
    /// import redis
    /// ```
    ///
    /// The user's own home, a home that is opened, or root itself:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12 AS build
    /// COPY requirements.txt .
    /// RUN pip install --user -r requirements.txt
    /// FROM python:3.12-slim
    /// RUN useradd -m app
    /// COPY --from=build /root/.local /home/app/.local
    /// ENV PATH=/home/app/.local/bin:$PATH
    /// WORKDIR /app
    /// COPY . .
    /// USER app
    /// CMD ["gunicorn", "main:app"]
    /// //- requirements.txt
    /// gunicorn
    /// //- main.py
    /// app = 1
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install --user -r requirements.txt && chmod 755 /root
    /// USER nobody
    /// CMD ["gunicorn", "main:app"]
    /// //- requirements.txt
    /// gunicorn
    /// //- main.py
    /// app = 1
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install --user -r requirements.txt
    /// CMD ["gunicorn", "main:app"]
    /// //- requirements.txt
    /// gunicorn
    /// //- main.py
    /// app = 1
    /// ```
    "root-home-unreadable", Error, Start, since "0.3.0",
    sources: [
        "https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-user",
        "https://docs.docker.com/reference/dockerfile/#user",
    ]
}

/// Where `pip install --user` writes for root, without the first slash.
const HOME: &str = "root/.local";
/// Programs of Python packages that are started by their name.
const PROGRAMS: [&str; 12] = [
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "daphne",
    "celery",
    "flask",
    "fastapi",
    "streamlit",
    "rq",
    "alembic",
    "django-admin",
    "chainlit",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let (Some(service), Some(last)) = (delivered.service(facts), delivered.image.last()) else {
            continue;
        };
        let user = last.user.as_deref().and_then(super::build_step_needs_root::common);
        let stage = delivered.image.stages.len() - 1;
        let known = delivered.image.reference(stage).and_then(Family::of_image).is_some();
        let (Some(user), true) = (user, known) else { continue };
        let Some(site) = filled(&delivered.image, stage) else { continue };
        let Some((program, certain)) = started(delivered) else { continue };
        let message =
            format!("`{program}` runs as `{user}`, who may not enter `/root`, where its packages lie");
        let finding = out.at(site, message);
        finding.service(&service.name).help("Install into `/venv`, or copy to the user's own home");
        if !certain {
            finding.severity(Severity::Warning);
        }
    }
}

/// The instruction that puts packages into root's home, when that is the only place for them and stays closed.
fn filled(image: &Image<'_>, stage: usize) -> Option<Site> {
    let runs = image.runs(stage);
    let all = || runs.iter().flat_map(|(_, layer, list)| list.iter().map(move |command| (*layer, command)));
    // Owners of what lies below do not matter: root's home itself is closed.
    let opened = all().any(|(_, command)| {
        let moves = matches!(command.program(), "cp" | "mv" | "ln" | "setfacl");
        let opens = matches!(command.program(), "chmod" | "chown" | "usermod");
        command.words.iter().any(|word| {
            let path = word.trim_end_matches('/');
            (opens && matches!(path, "/root" | "~" | "$HOME")) || (moves && word.contains("/root"))
        })
    });
    let elsewhere = all().any(|(_, command)| installs(command) && !command.has("--user"));
    if opened || elsewhere {
        return None;
    }
    let copies = image.stages.get(stage)?.layers.iter().filter_map(|layer| match &layer.kind {
        LayerKind::Copy(items, _) => Some((layer, items)),
        _ => None,
    });
    let mut site = None;
    for (layer, items) in copies {
        for item in items {
            if item.to == HOME {
                site = Some(layer.site.clone());
            } else if item.to.ends_with(".local")
                || item.to.contains("site-packages")
                || item.to.contains("venv")
            {
                return None;
            }
        }
    }
    let by_root =
        |user: Option<&str>| user.is_none_or(|user| super::build_step_needs_root::common(user).is_none());
    site.or_else(|| {
        let mut by_pip = all().filter(|(layer, command)| {
            installs(command) && command.has("--user") && by_root(layer.user.as_deref())
        });
        by_pip.next().map(|(layer, _)| layer.site.clone())
    })
}

/// True for an installation of packages, pip itself aside.
fn installs(command: &Simple) -> bool {
    let tools = ["pip", "setuptools", "wheel", "install", "-m"];
    match command.program() {
        "pip" | "pip3" | "python" | "python3" | "uv" => {
            command.has("install")
                && (command.program().starts_with("pip") || command.has("pip"))
                && command.words.iter().skip(1).any(|word| {
                    word.starts_with("-r") || (!word.starts_with('-') && !tools.contains(&word.as_str()))
                })
        }
        "poetry" | "pipenv" | "pdm" | "conda" => true,
        _ => command.has("sync"),
    }
}

/// The program of Python that is started, and whether it certainly needs a package.
fn started(delivered: &Delivered<'_>) -> Option<(String, bool)> {
    delivered.programs.iter().filter(|program| program.effective).find_map(|program| {
        let name = program.words.first()?.rsplit('/').next()?.to_owned();
        let module = program.words.get(1).is_some_and(|word| word == "-m")
            && program.words.get(2).is_some_and(|name| PROGRAMS.contains(&name.as_str()));
        let own = PROGRAMS.contains(&name.as_str()) || module;
        (own || matches!(name.as_str(), "python" | "python3")).then_some((name, own && program.firm))
    })
}

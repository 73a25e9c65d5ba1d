//! What the programs of Python load.

use super::Target;
use crate::facts::image::shell::place;
use crate::facts::startup::flag;

/// Servers and workers that load an application by its name.
const LOADERS: [&str; 14] = [
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "daphne",
    "granian",
    "celery",
    "flask",
    "streamlit",
    "dramatiq",
    "arq",
    "taskiq",
    "huey_consumer",
    "fastapi",
    "alembic",
];

/// True when `name` is Python itself or one of its servers and workers.
pub(super) fn loads(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|rest| rest.chars().all(|char| char.is_ascii_digit() || char == '.'))
        || LOADERS.contains(&name)
}

/// What the program `name` with the words `rest` loads, run in `dir` with `roots` on its path.
pub(super) fn targets(name: &str, rest: &[String], dir: &str, roots: &[String]) -> Vec<Target> {
    let with = |first: &str| {
        let mut all = vec![first.to_owned()];
        all.extend(roots.iter().cloned());
        all
    };
    let module = |written: &str, first: &str| Target::Module {
        name: written.split([':', '(']).next().unwrap_or(written).to_owned(),
        roots: with(first),
        by: name.to_owned(),
    };
    let file = |written: &str| {
        place(dir, written).map(|place| Target::File {
            place,
            written: written.to_owned(),
            by: name.to_owned(),
        })
    };
    match name {
        "uvicorn" | "hypercorn" | "daphne" | "granian" | "gunicorn" => {
            let moved = flag(rest, &["--app-dir", "--chdir", "--working-dir"]);
            let Some(first) = moved.map_or(Some(dir.to_owned()), |to| place(dir, to)) else {
                return Vec::new();
            };
            let config = (name == "gunicorn").then(|| flag(rest, &["-c", "--config"])).flatten();
            let config = config.filter(|path| !path.starts_with("python:")).and_then(file);
            let target = application(rest);
            config.into_iter().chain(target.map(|target| module(target, &first))).collect()
        }
        "celery" => {
            let moved = flag(rest, &["--workdir"]);
            let Some(first) = moved.map_or(Some(dir.to_owned()), |to| place(dir, to)) else {
                return Vec::new();
            };
            flag(rest, &["-A", "--app"]).map(|app| module(app, &first)).into_iter().collect()
        }
        "flask" => {
            let app = flag(rest, &["--app", "-A"]).filter(|app| !app.contains('/') && !app.contains(".py"));
            app.map(|app| module(app, dir)).into_iter().collect()
        }
        "dramatiq" | "taskiq" => {
            let named = rest
                .iter()
                .find(|word| !word.starts_with('-') && !matches!(word.as_str(), "worker" | "scheduler"));
            named.map(|app| module(app, dir)).into_iter().collect()
        }
        "arq" => {
            let named =
                rest.iter().find(|word| !word.starts_with('-')).and_then(|word| word.rsplit_once('.'));
            named.map(|(app, _)| module(app, dir)).into_iter().collect()
        }
        "streamlit" | "fastapi" => {
            let path = rest.iter().skip(1).find(|word| !word.starts_with('-') && word.contains(".py"));
            path.and_then(|path| file(path)).into_iter().collect()
        }
        "alembic" => vec![file(flag(rest, &["-c", "--config"]).unwrap_or("alembic.ini"))]
            .into_iter()
            .flatten()
            .collect(),
        "huey_consumer" => Vec::new(),
        _ => interpreter(rest, dir, &with, &file),
    }
}

fn interpreter(
    rest: &[String],
    dir: &str,
    with: &dyn Fn(&str) -> Vec<String>,
    file: &dyn Fn(&str) -> Option<Target>,
) -> Vec<Target> {
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        match word.as_str() {
            "-m" => {
                let Some(name) = rest.get(at + 1) else { return Vec::new() };
                return vec![Target::Module {
                    name: name.clone(),
                    roots: with(dir),
                    by: "python".to_owned(),
                }];
            }
            "-c" | "-V" | "--version" => return Vec::new(),
            "-X" | "-W" => at += 2,
            _ if word.starts_with('-') => at += 1,
            _ => break,
        }
    }
    rest.get(at).and_then(|path| file(path)).into_iter().collect()
}

/// The word that names an application: `package.module:name`, or for Gunicorn a dotted module alone.
fn application(rest: &[String]) -> Option<&str> {
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '.' | '(' | ')'))
    };
    let named = rest.iter().find(|word| {
        !word.starts_with('-')
            && word.split_once(':').is_some_and(|(module, app)| {
                plain(module)
                    && plain(app)
                    && app.starts_with(|char: char| char.is_alphabetic() || char == '_')
            })
    });
    named.map(String::as_str)
}

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

/// What the program `name` with the words `rest` loads, run in `dir` with `roots` on its path; `None` when they are not
/// known.
pub(super) fn targets(name: &str, rest: &[String], dir: &str, roots: Option<&[String]>) -> Vec<Target> {
    let with = |first: &str| {
        let mut all = vec![first.to_owned()];
        all.extend(roots?.iter().cloned());
        Some(all)
    };
    let module = |written: &str, first: &str| {
        with(first).map_or(Target::Other, |roots| Target::Module {
            name: written.split([':', '(']).next().unwrap_or(written).to_owned(),
            roots,
            by: name.to_owned(),
        })
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
            let target = application(rest).map(|target| added(module(target, &first), rest, dir));
            config.into_iter().chain(target).collect()
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

/// `target` with the directories of Gunicorn's `--pythonpath` before its own.
fn added(mut target: Target, rest: &[String], dir: &str) -> Target {
    if let (Target::Module { roots, .. }, Some(more)) = (&mut target, flag(rest, &["--pythonpath"])) {
        let more: Option<Vec<String>> = more.split(',').map(|path| place(dir, path)).collect();
        let Some(more) = more else { return Target::Other };
        roots.splice(0..0, more);
    }
    target
}

fn interpreter(
    rest: &[String],
    dir: &str,
    with: &dyn Fn(&str) -> Option<Vec<String>>,
    file: &dyn Fn(&str) -> Option<Target>,
) -> Vec<Target> {
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        match word.as_str() {
            "-m" => {
                let Some(name) = rest.get(at + 1) else { return Vec::new() };
                let module = |roots| Target::Module { name: name.clone(), roots, by: "python".to_owned() };
                return vec![with(dir).map_or(Target::Other, module)];
            }
            "-c" | "-V" | "--version" => return Vec::new(),
            "-X" | "-W" => at += 2,
            _ if word.starts_with('-') => at += 1,
            _ => break,
        }
    }
    rest.get(at).and_then(|path| file(path)).into_iter().collect()
}

/// The module that the program `words` loads, and the name that it takes from it; `None` when it takes none or looks for
/// one.
pub fn attribute(words: &[String]) -> Option<(String, String)> {
    let name = words.iter().position(|word| loads(word.rsplit('/').next().unwrap_or(word)))?;
    let program = words[name].rsplit('/').next().unwrap_or_default();
    if !matches!(program, "uvicorn" | "hypercorn" | "daphne" | "granian" | "gunicorn") {
        return None;
    }
    let written = application(&words[name + 1..])?;
    let (module, after) = written.split_once(':').unwrap_or((written, "application"));
    let first = after.split(['.', '(']).next().unwrap_or(after);
    Some((module.to_owned(), first.to_owned()))
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
    // Gunicorn takes a module alone, as Django's projects have it.
    let alone = |word: &&String| {
        [".wsgi", ".asgi"]
            .iter()
            .any(|end| word.strip_suffix(end).is_some_and(|rest| rest.split('.').all(plain)))
    };
    named.or_else(|| rest.iter().find(alone)).map(String::as_str)
}

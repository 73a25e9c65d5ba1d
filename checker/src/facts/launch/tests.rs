//! What is started in an image.

use super::Target;
use crate::config::Config;
use crate::facts::Facts;
use crate::fixture::MemoryTree;
use crate::snapshot::{Day, Snapshot, Trigger};

/// Every program of the first service: a star when it is not certain, and what it loads.
fn started(fixture: &str) -> Vec<String> {
    let tree = MemoryTree::parse(fixture);
    let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
    let config = Config::of(&snapshot).expect("the configuration of the test is valid");
    let facts = Facts::gather(&snapshot, &config);
    let programs = facts.delivered()[0].programs.iter().filter(|program| program.target != Target::Other);
    let spelled = programs.map(|program| {
        let star = if program.firm { "" } else { "*" };
        match &program.target {
            Target::File { place, by, .. } => format!("{star}{by} /{place}"),
            Target::Module { name, roots, by } => format!("{star}{by} {name} in /{}", roots.join(":/")),
            Target::NoScript { name, .. } => format!("{star}no script {name}"),
            Target::Other => String::new(),
        }
    });
    spelled.collect()
}

#[test]
fn scripts_shells_and_managers_are_followed() {
    let fixture = "//- Dockerfile\nFROM python:3.12\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./entry.sh\"]\nCMD [\"web\"]\n\
                   //- entry.sh\n#!/bin/sh -e\nif [ \"$1\" = x ]; then\n  python x.py\nfi\nalembic upgrade head\nexec uv run uvicorn app.main:app --port $PORT\n";
    assert_eq!(
        started(fixture),
        [" /app/entry.sh", "*python /app/x.py", "alembic /app/alembic.ini", "uvicorn app.main in /app"]
    );
}

#[test]
fn the_command_in_effect_is_told_from_the_others() {
    let fixture = "//- railway.json\n{\"deploy\": {\"startCommand\": \"python -m jobs.main\"}}\n//- Dockerfile\nFROM python:3.12\nENV PYTHONPATH=/lib/own\nCMD [\"python\", \"web.py\"]\n\
                   //- compose.yaml\nservices:\n  w:\n    build: .\n    command: celery -A jobs.queue worker\n";
    assert_eq!(
        started(fixture),
        ["python jobs.main in /:/lib/own", "*python /web.py", "*celery jobs.queue in /:/lib/own"]
    );
}

#[test]
fn package_scripts_supervisors_and_procfiles_are_read() {
    let fixture = "//- Dockerfile\nFROM node:22\nWORKDIR /app\nCOPY . .\nCMD supervisord -c /app/s.conf\n//- s.conf\n[supervisord]\nnodaemon=true\n[program:a]\ndirectory=/app/web\ncommand=npm run start:prod -- --x\n[program:b]\ncommand=gunicorn -c conf.py wsgi:app\n\
                   //- web/package.json\n{\"scripts\": {\"start:prod\": \"node -r dotenv/config dist/a.js\"}}\n";
    assert_eq!(
        started(fixture),
        [
            "supervisord /app/s.conf",
            "*node /app/web/dist/a.js",
            "*gunicorn /app/conf.py",
            "*gunicorn wsgi in /app"
        ]
    );
    let procfile = "//- Procfile\nrelease: python manage.py migrate\nworker: python w.py\nweb: npm run nothing\n//- package.json\n{}\n";
    assert_eq!(started(procfile), ["*python /app/w.py", "no script nothing"]);
}

#[test]
fn directories_of_python_are_added_or_leave_it_open() {
    let of = |command: &str, more: &str| {
        started(&format!(
            "//- Dockerfile\nFROM python:3.12\nWORKDIR /app\nCOPY . .\n{command}\n//- src/a.py\n{more}"
        ))
    };
    assert_eq!(of("CMD gunicorn --pythonpath src,lib a:app", ""), ["gunicorn a in /app/src:/app/lib:/app"]);
    assert_eq!(of("CMD gunicorn --chdir=src a:app", ""), ["gunicorn a in /app/src"]);
    let config = "//- gunicorn.conf.py\nchdir = 'src'\n";
    assert!(of("CMD gunicorn a:app", config).is_empty());
    assert_eq!(of("CMD gunicorn -c gunicorn.conf.py a:app", config), ["gunicorn /app/gunicorn.conf.py"]);
    assert!(of("ENV GUNICORN_CMD_ARGS=--chdir=src\nCMD gunicorn a:app", "").is_empty());
    assert_eq!(of("CMD PYTHONPATH=$PWD/src python -m a", ""), ["python a in /app:/app/src"]);
    assert!(of("CMD PYTHONPATH=$HERE/src python -m a", "").is_empty());
}

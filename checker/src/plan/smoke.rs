//! The import smoke test: the command that loads what the service loads, without network and without Redis.

use serde::Serialize;

use crate::config::prove::Prove;
use crate::facts::startup::{Startup, words};

/// Seconds a smoke test may take.
const LIMIT: u64 = 60;
/// Seconds after which a program that runs instead of being imported has shown that its imports work.
const RUNNING: u64 = 8;

/// One command in the built image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Smoke {
    /// In exec form, over the image's entry point.
    pub command: Vec<String>,
    /// What it tries, as in "imports `a.b`".
    pub what: String,
    /// Seconds after which it is ended.
    pub limit: u64,
    /// True when it may go on running: then only an import that fails counts.
    pub runs: bool,
}

/// The smoke test of a service, when one can be told.
pub(super) fn of(startup: &Startup, told: &Prove) -> Option<Smoke> {
    if let Some(command) = &told.smoke {
        let command = words(command);
        let what = "runs the smoke command of the configuration".to_owned();
        return (!command.is_empty()).then_some(Smoke { command, what, limit: LIMIT, runs: false });
    }
    let entry = startup.entry.yes()?;
    let python = |module: &str| {
        let module = module.split(':').next().unwrap_or(module);
        let plain = module.chars().all(|char| char.is_alphanumeric() || char == '_' || char == '.');
        plain.then(|| Smoke {
            command: ["python", "-c", &format!("import {module}")].map(str::to_owned).to_vec(),
            what: format!("imports `{module}`"),
            limit: LIMIT,
            runs: false,
        })
    };
    match (entry.program.as_str(), &entry.file, &entry.target) {
        ("python", None, Some(module)) => python(module),
        ("uvicorn" | "gunicorn" | "hypercorn" | "daphne" | "granian" | "celery", _, Some(target)) => {
            python(target)
        }
        ("python", Some(_), _) => {
            let path = entry.program_path.as_deref()?;
            let script = "import runpy, sys, os; sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1]))); runpy.run_path(sys.argv[1], run_name='__preflight__')";
            let command = ["python", "-c", script, path].map(str::to_owned).to_vec();
            Some(Smoke { command, what: format!("imports `{path}`"), limit: LIMIT, runs: false })
        }
        ("node", Some(_), _) => {
            let path = entry.program_path.as_deref()?;
            let javascript =
                [".js", ".mjs", ".cjs"].iter().any(|end| path.ends_with(end)) || !path.contains('.');
            javascript.then(|| Smoke {
                command: ["node", path].map(str::to_owned).to_vec(),
                what: format!("loads `{path}`"),
                limit: RUNNING,
                runs: true,
            })
        }
        _ => None,
    }
}

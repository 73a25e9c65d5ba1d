//! The import smoke test: the command that loads what the service loads, without network and without Redis.

use serde::Serialize;

use crate::config::prove::Prove;
use crate::facts::Facts;
use crate::facts::launch::Target;
use crate::facts::service::Service;
use crate::facts::startup::words;

/// Seconds a smoke test may take.
const LIMIT: u64 = 30;
/// Seconds after which a program that runs instead of being imported has shown that its imports work.
const RUNNING: u64 = 8;

/// One command in the built image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Smoke {
    /// In exec form, over the image's entry point.
    pub command: Vec<String>,
    /// Working directory; `None` is the image's.
    pub dir: Option<String>,
    /// What it tries, as in "imports `a.b`".
    pub what: String,
    /// Seconds after which it is ended.
    pub limit: u64,
    /// True when it may go on running: then only an import that fails counts.
    pub runs: bool,
}

/// The smoke test of a service, when one can be told.
pub(super) fn of(facts: &Facts<'_>, service: &Service, told: &Prove) -> Option<Smoke> {
    if let Some(command) = &told.smoke {
        let command = words(command);
        let what = "runs the smoke command of the configuration".to_owned();
        return (!command.is_empty()).then_some(Smoke {
            command,
            dir: None,
            what,
            limit: LIMIT,
            runs: false,
        });
    }
    let delivered = facts
        .delivered()
        .iter()
        .find(|each| each.service(facts).is_some_and(|own| own.name == service.name))?;
    let program =
        delivered.programs.iter().find(|program| program.effective && program.target != Target::Other)?;
    let dir = Some(absolute(&program.dir));
    match &program.target {
        // A package's `__main__` runs when it is loaded, so it is run as it is.
        Target::Module { name, by, .. }
            if by.starts_with("python") && plain(name) && has_main(facts, name) =>
        {
            Some(Smoke {
                command: ["python", "-m", name].map(str::to_owned).to_vec(),
                dir,
                what: format!("loads `{name}`"),
                limit: RUNNING,
                runs: true,
            })
        }
        Target::Module { name, roots, .. } if plain(name) => {
            let own = absolute(&program.dir);
            let others = roots.iter().map(|root| absolute(root)).filter(|root| *root != own && plain(root));
            let others: Vec<String> = others.map(|root| format!("'{root}'")).collect();
            let path = if others.is_empty() {
                String::new()
            } else {
                format!("import sys; sys.path[1:1] = [{}]; ", others.join(", "))
            };
            Some(python(&format!("{path}import {name}"), None, dir, name))
        }
        Target::File { written, by, .. } if by.starts_with("python") => {
            let script = "import os, runpy, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1]))); \
                          runpy.run_path(sys.argv[1], run_name='__preflight__')";
            Some(python(script, Some(written), dir, written))
        }
        Target::File { written, by, .. } if by == "node" => Some(Smoke {
            command: ["node", written].map(str::to_owned).to_vec(),
            dir,
            what: format!("loads `{written}`"),
            limit: RUNNING,
            runs: true,
        }),
        _ => None,
    }
}

/// True when the repository has a package of this name that can be run.
fn has_main(facts: &Facts<'_>, name: &str) -> bool {
    let main = format!("{}/__main__.py", name.replace('.', "/"));
    let below = format!("/{main}");
    facts.snapshot.entries().iter().any(|entry| entry.path == main || entry.path.ends_with(&below))
}

fn python(script: &str, argument: Option<&String>, dir: Option<String>, what: &str) -> Smoke {
    let mut command = ["python", "-c", script].map(str::to_owned).to_vec();
    command.extend(argument.cloned());
    Smoke { command, dir, what: format!("imports `{what}`"), limit: LIMIT, runs: false }
}

fn absolute(dir: &str) -> String {
    format!("/{}", dir.trim_start_matches('/'))
}

/// True when nothing in `name` could end a string or a statement.
fn plain(name: &str) -> bool {
    name.chars().all(|char| char.is_alphanumeric() || "_./-".contains(char))
}

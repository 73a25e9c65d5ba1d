//! A line of a requirements file that pip refuses.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::facts::chain::names::comes_with_python;
use crate::facts::launch::Delivered;
use crate::facts::launch::python_installs::distributions;
use crate::facts::python_project::normal;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::snapshot::Text;
use crate::span::Span;

declare_rule! {
    /// A requirements file has a line that pip refuses, or asks for what no index has.
    ///
    /// ## Why it matters
    /// pip reads the whole file before it installs anything: `ERROR: Invalid requirement: 'flask=2.0'`. What is only on the
    /// developer's machine or for another system ends the build as well:
    /// `ERROR: No matching distribution found for pywin32==306`.
    ///
    /// ## What to do
    /// Write one requirement a line (`name==version`), options such as `--extra-index-url` on lines of their own, and a marker
    /// behind what another system needs: `pywin32==306; sys_platform == "win32"`. `pip list --format=freeze` writes no
    /// addresses of files.
    ///
    /// ## What it cannot know
    /// Whether a version exists, or what one requires. Where a service variable could name another index, and where a file is installed under a
    /// condition, the finding is a warning.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "-c", "1"]
    /// //- requirements.txt
    /// flask=2.0
    /// ```
    ///
    /// A local version, which PyPI does not have, with the index on the same line, where pip does not read it:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// flask
    /// torch==2.1.0+cpu --extra-index-url https://download.pytorch.org/whl/cpu
    /// //- main.py
    /// ```
    ///
    /// What is for Windows alone, or lies on somebody's disk:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// flask==3.0
    /// pywin32==306
    /// //- main.py
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// certifi @ file:///croot/certifi_1700501669400/work/certifi
    /// //- main.py
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// flask
    /// <<<<<<< HEAD
    /// redis
    /// //- main.py
    /// ```
    ///
    /// A module of Python itself, which is not on PyPI, and versions that no release can have:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// flask==3.0
    /// sqlite3  # for the jobs
    /// //- main.py
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// pytest-cov>=4.1.0,<4.0
    /// //- main.py
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// requests==2.31.0
    /// flask
    /// Requests >= 2.32
    /// //- main.py
    /// ```
    ///
    /// Everything that pip takes, and files that nothing installs:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// # flask=2
    /// --extra-index-url https://download.pytorch.org/whl/cpu
    /// -r base.txt
    /// torch==2.1.0+cpu
    /// uvicorn[standard] >= 0.3 , <1  # server
    /// Flask (>=2)
    /// redis ~= 5.0; python_version > "3.8"
    /// numpy==1.24; python_version < "3.9"
    /// numpy==2.1; python_version >= "3.9"
    /// pandas >= 2.0, <= 2.0.0, != 1.9
    /// pandas==2.0.*
    /// pydantic>=2.0rc1,<2.1
    /// pydantic<3
    /// dataclasses
    /// pywin32==306; sys_platform == "win32"
    /// thing @ git+https://example.com/thing.git
    /// git+https://example.com/other.git#egg=other
    /// -e .
    /// ./wheels/own-1.0-py3-none-any.whl
    /// six==1.16 \
    ///     --hash=sha256:00 \
    ///     --hash=sha256:11
    /// celery[redis]===5.4
    /// name@https://example.com/x.zip
    /// ${PRIVATE_PACKAGE}
    /// //- base.txt
    /// //- requirements-dev.txt
    /// black=24
    /// //- wheels/own-1.0-py3-none-any.whl
    /// //- main.py
    /// ```
    "requirements-invalid", Error, Build, since "0.3.0",
    sources: [
        "https://pip.pypa.io/en/stable/reference/requirements-file-format/",
        "https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers",
    ]
}

/// Distributions that have no files for Linux.
const OTHER_SYSTEMS: [&str; 8] = [
    "pywin32",
    "pypiwin32",
    "pywinpty",
    "windows-curses",
    "metatrader5",
    "tensorflow-intel",
    "tensorflow-macos",
    "tensorflow-metal",
];

/// Modules of Python whose name PyPI has too, for old releases of Python mostly.
const ON_PYPI: [&str; 39] = [
    "antigravity",
    "argparse",
    "ast",
    "asyncio",
    "chunk",
    "configparser",
    "contextvars",
    "dataclasses",
    "datetime",
    "dis",
    "email",
    "enum",
    "functools",
    "graphlib",
    "hmac",
    "html",
    "http",
    "importlib",
    "ipaddress",
    "logging",
    "mailbox",
    "multiprocessing",
    "pathlib",
    "secrets",
    "selectors",
    "ssl",
    "statistics",
    "typing",
    "modulefinder",
    "readline",
    "resource",
    "token",
    "uuid",
    "wave",
    "wsgiref",
    "formatter",
    "pip",
    "setuptools",
    "wheel",
];

/// What is wrong with one line.
struct Trouble {
    message: String,
    help: &'static str,
    /// True when a service variable could mend it.
    doubt: bool,
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for path in lists(facts, delivered) {
            let Ok(text) = facts.snapshot.text(&path) else { continue };
            if !told.insert(path.clone()) {
                continue;
            }
            for (span, trouble) in troubles(&text) {
                let finding = out.at(Site::new(path.clone(), span), trouble.message);
                finding.service(&service.name).help(trouble.help);
                if trouble.doubt || !service.selected || service.roots.len() > 1 {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// The requirements files that the image is installed from.
fn lists(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Vec<String> {
    let installed = distributions(facts, delivered);
    let mut found = installed.lists;
    let root = &delivered.image.context.root;
    let own = join(root, "requirements.txt");
    // Poetry, uv and Pipenv come first for Railway's builders, where their lock files lie.
    let others = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile"];
    let builder = delivered.image.dockerfile.is_none()
        && !installed.ran
        && !others.iter().any(|name| facts.snapshot.entry(&join(root, name)).is_some());
    if builder && facts.snapshot.entry(&own).is_some() {
        found.push(own);
    }
    found
}

/// Every line that pip refuses.
fn troubles(text: &Text) -> Vec<(Span, Trouble)> {
    let indexed = text.text.lines().any(|line| {
        let line = line.trim_start();
        ["--extra-index-url", "--index-url", "-i ", "-f ", "--find-links"]
            .iter()
            .any(|option| line.starts_with(option))
    });
    let mut found = Vec::new();
    let mut bounds: BTreeMap<String, Bounds> = BTreeMap::new();
    let (mut start, mut continued) = (0, false);
    for line in text.text.split_inclusive('\n') {
        let at = Span::new(start, start + line.trim_end().len());
        start += line.len();
        let goes_on = line.trim_end().ends_with('\\');
        let before = std::mem::replace(&mut continued, goes_on);
        let bare = line.trim_start();
        if before || bare.starts_with('#') {
            continue;
        }
        let written = bare.split(" #").next().unwrap_or(bare).trim().trim_end_matches('\\').trim_end();
        let trouble = trouble(written, indexed).or_else(|| unsatisfiable(written, &mut bounds));
        found.extend(trouble.map(|trouble| (at, trouble)));
    }
    found
}

/// The versions that a requirement leaves: the lowest and the highest, and whether each is itself one of them.
#[derive(Default)]
struct Bounds {
    low: Option<(Vec<u64>, bool)>,
    high: Option<(Vec<u64>, bool)>,
}

impl Bounds {
    fn narrow(&mut self, clause: &str) {
        let clause = clause.trim();
        let version = clause.trim_start_matches(['=', '<', '>', '~']);
        let (sign, version) = (&clause[..clause.len() - version.len()], version.trim());
        let numbers: Result<Vec<u64>, _> = version.split('.').map(str::parse).collect();
        let Ok(mut numbers) = numbers else { return };
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        let itself = sign.contains('=');
        if matches!(sign, "==" | ">=" | ">" | "~=")
            && self.low.as_ref().is_none_or(|(low, own)| (&numbers, !itself) > (low, !own))
        {
            self.low = Some((numbers.clone(), itself));
        }
        if matches!(sign, "==" | "<=" | "<")
            && self.high.as_ref().is_none_or(|(high, own)| (&numbers, itself) < (high, *own))
        {
            self.high = Some((numbers, itself));
        }
    }

    fn is_empty(&self) -> bool {
        let (Some((low, from)), Some((high, to))) = (&self.low, &self.high) else { return false };
        low > high || (low == high && !(*from && *to))
    }
}

/// A requirement that no version meets, alone or with those above it.
fn unsatisfiable(written: &str, above: &mut BTreeMap<String, Bounds>) -> Option<Trouble> {
    let end = written.find(['[', '<', '>', '=', '~', '!', ' ', '('])?;
    let (name, rest) = written.split_at(end);
    let clauses = rest.split(" --").next()?.trim_start_matches(|char: char| !"<>=~!".contains(char));
    if written.contains(['@', ';', '/', '$']) || !name.starts_with(|char: char| char.is_ascii_alphanumeric())
    {
        return None;
    }
    let mut alone = Bounds::default();
    let together = above.entry(normal(name)).or_default();
    let before = together.is_empty();
    for clause in clauses.trim_end_matches(')').split(',') {
        alone.narrow(clause);
        together.narrow(clause);
    }
    let why = if alone.is_empty() { "" } else { ", together with a line above" };
    (!before && together.is_empty()).then(|| Trouble {
        message: format!(
            "no version of `{name}` can be `{clauses}`{why}, so pip finds none and the build stops here"
        ),
        help: "Leave a range that has versions in it",
        doubt: false,
    })
}

fn trouble(written: &str, indexed: bool) -> Option<Trouble> {
    if written.is_empty() || written.starts_with('-') || written.contains('$') {
        return None;
    }
    let told = |message: String, help| Some(Trouble { message, help, doubt: false });
    let refused = || {
        told(format!("pip refuses this line, so the build stops here: `{written}`"), "Write `name==version`")
    };
    // Options behind a requirement are its own, such as hashes, or are not read.
    let written = written.split(" --").next().unwrap_or(written).trim_end();
    if written.starts_with("<<<<<<<") || written.starts_with(">>>>>>>") || written.starts_with("=======") {
        return told(
            "pip refuses this mark of a merge, so the build stops here".to_owned(),
            "Settle the merge",
        );
    }
    if let Some((_, address)) = written.split_once("file://") {
        let local = address.trim_start_matches('/').split(['#', ' ', ';']).next().unwrap_or_default();
        // A place in an image, such as `/app/wheels`, may be made by the build.
        let foreign =
            ["croot/", "home/", "Users/", "opt/conda", "private/", "tmp/", "C:/", "c:/", "D:/", "work/ci"];
        return foreign.iter().any(|place| local.starts_with(place)).then(|| Trouble {
            message: format!(
                "`{local}` lies on another machine, so pip finds nothing there and the build stops"
            ),
            help: "Write `name==version`; `pip list --format=freeze` writes it so",
            doubt: false,
        });
    }
    let end = written
        .find(|char: char| !(char.is_ascii_alphanumeric() || "-_.".contains(char)))
        .unwrap_or(written.len());
    let (name, rest) = written.split_at(end);
    if written.contains("://") || written.contains('/') || name.starts_with('.') {
        return None;
    }
    if name.is_empty() {
        return refused();
    }
    let marked = rest.contains(';');
    let plain = name.to_ascii_lowercase();
    if comes_with_python(&plain) && !ON_PYPI.contains(&plain.as_str()) && !marked {
        let message = format!(
            "`{name}` is a part of Python and not on PyPI, so pip finds none and the build stops here"
        );
        return told(message, "Take it out: it needs no installation");
    }
    if !marked && OTHER_SYSTEMS.contains(&normal(name).as_str()) {
        let message = format!("`{name}` has no files for Linux, so pip finds none and the build stops here");
        return told(message, "Take it out, or write `; sys_platform == \"win32\"` (or `darwin`) behind it");
    }
    let mut rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('[') {
        rest = inside.split_once(']')?.1.trim_start();
    }
    let version = rest.split([';', ' ']).next().unwrap_or_default();
    if version.starts_with("==") && version.contains('+') && !indexed {
        return Some(Trouble {
            message: format!(
                "PyPI has no local versions such as `{name}{version}`, and no line of this file names another index"
            ),
            help: "Write `--extra-index-url` with its address on a line of its own",
            doubt: true,
        });
    }
    let operator = ["==", ">=", "<=", "~=", "!=", ">", "<", ";", "@", "(", "--"]
        .iter()
        .any(|sign| rest.starts_with(sign));
    if !rest.is_empty() && !operator {
        return refused();
    }
    None
}

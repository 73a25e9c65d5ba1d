//! Distributions pinned to a version that was never built for the image's Python.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::image::View;
use crate::facts::launch::Delivered;
use crate::facts::python_project::Requirement;
use crate::facts::service::Builder;
use crate::facts::startup::join;
use crate::facts::system_packages::{COMPILERS, Flavour, Installed, flavour};
use crate::finding::{Findings, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A distribution is pinned to a version that has no wheel for the image's Python.
    ///
    /// ## Why it matters
    /// A wheel is built for one version of Python. Where PyPI has none, pip takes the sources and compiles them: in a `slim` or
    /// `alpine` image the build stops with `error: command 'gcc' failed` or `pg_config executable not found`, elsewhere it takes
    /// long and often fails as well. Of some distributions there are no sources: `No matching distribution found`. It happens
    /// without a change of yours, when `FROM python:3` moves on or the builder's default does.
    ///
    /// ## What to do
    /// Pin a newer version, or name a Python that the pinned one was built for: `FROM python:3.11-slim`, a `.python-version` file.
    ///
    /// ## What it cannot know
    /// Versions that are not pinned with `==`, and lock files. The table has some fifty distributions that are used often; it was
    /// read from the files that PyPI lists. Requirements with a marker or another index are left alone.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM python:3.13-slim
    /// WORKDIR /app
    /// COPY requirements.txt .
    /// RUN pip install --no-cache-dir -r requirements.txt
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// flask==3.0.0
    /// psycopg2-binary==2.9.7
    /// pydantic==2.5.0
    /// //- main.py
    /// import flask
    /// ```
    ///
    /// There are no sources, so a compiler does not help:
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["true"]
    /// //- requirements.txt
    /// torch==2.1.0
    /// ```
    ///
    /// It is compiled, which may do:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.13
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["true"]
    /// //- requirements.txt
    /// pandas==2.1.0
    /// ```
    ///
    /// Railpack takes Python 3.13 or newer when no file names one:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- requirements.txt
    /// numpy==1.24.3
    /// //- main.py
    /// import numpy
    /// ```
    ///
    /// There is a wheel, the version is not pinned, or it comes from somewhere else:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.11-slim
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["true"]
    /// //- requirements.txt
    /// psycopg2-binary==2.9.7
    /// pydantic==2.5.0
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.13-slim
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["true"]
    /// //- requirements.txt
    /// psycopg2-binary==2.9.10
    /// pydantic==1.10.2
    /// numpy>=1.24
    /// pandas==2.*
    /// scipy==1.9.0 ; python_version < "3.12"
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.13-slim
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["true"]
    /// //- requirements.txt
    /// --extra-index-url https://wheels.example.com/simple
    /// numpy==1.24.3
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- .python-version
    /// 3.11
    /// //- requirements.txt
    /// numpy==1.24.3
    /// //- main.py
    /// import numpy
    /// ```
    "python-wheel-missing", Warning, Build, since "0.3.0",
    sources: [
        "https://packaging.python.org/en/latest/discussions/package-formats/",
        "https://pypi.org/simple/",
        "https://railpack.com/languages/python",
    ]
}

/// A distribution, since which version there are wheels for x86-64 Linux and Python 3.12, 3.13 and 3.14, and whether
/// its sources are on PyPI too.
type Row = (&'static str, [&'static str; 3], bool);

/// Read on 29 November 2026 from the lists of files at <https://pypi.org/simple/>. A version that does not exist yet stands
/// for: none so far.
const WHEELS: &[Row] = &[
    ("aiohttp", ["3.9.0", "3.10.5", "3.13.0"], true),
    ("asyncpg", ["0.29.0", "0.30.0", "0.31.0"], true),
    ("cffi", ["1.16.0", "1.17.0", "2.0.0"], true),
    ("chroma-hnswlib", ["0.7.5", "0.7.7", "0.7.7"], true),
    ("confluent-kafka", ["2.3.0", "2.6.0", "2.12.1"], true),
    ("faiss-cpu", ["1.8.0", "1.9.0", "1.12.0"], true),
    ("gevent", ["23.7.0", "24.10.1", "25.8.1"], true),
    ("greenlet", ["3.0.0", "3.1.0", "3.2.3"], true),
    ("grpcio", ["1.59.0", "1.66.2", "1.75.1"], true),
    ("grpcio-tools", ["1.59.0", "1.66.2", "1.75.1"], true),
    ("h5py", ["3.10.0", "3.12.0", "3.15.0"], true),
    ("hiredis", ["2.3.2", "3.1.0", "3.3.0"], true),
    ("httptools", ["0.6.1", "0.6.2", "0.7.1"], true),
    ("llvmlite", ["0.42.0", "0.44.0", "0.46.0"], true),
    ("lxml", ["4.9.3", "5.3.0", "6.0.1"], true),
    ("lz4", ["4.3.3", "4.4.3", "4.4.5"], true),
    ("matplotlib", ["3.7.3", "3.9.2", "3.10.5"], true),
    ("mediapipe", ["0.10.13", "0.10.30", "0.10.30"], false),
    ("numba", ["0.59.0", "0.61.0", "0.63.0"], true),
    ("numpy", ["1.26.0", "2.1.0", "2.3.2"], true),
    ("onnxruntime", ["1.17.0", "1.20.0", "1.24.1"], false),
    ("orjson", ["3.9.3", "3.10.7", "3.11.1"], true),
    ("pandas", ["2.1.1", "2.2.3", "2.3.3"], true),
    ("pillow", ["10.0.0", "10.4.0", "11.3.0"], true),
    ("psycopg-binary", ["3.1.12", "3.2.2", "3.2.10"], false),
    ("psycopg2-binary", ["2.9.9", "2.9.10", "2.9.11"], true),
    ("pyarrow", ["14.0.0", "18.0.0", "22.0.0"], true),
    // The wheels of `pydantic-core`, which every version pins.
    ("pydantic", ["2.0.2", "2.8.0", "2.12.0"], true),
    ("pymssql", ["2.2.10", "2.3.1", "2.3.8"], true),
    ("pyodbc", ["5.0.0", "5.2.0", "5.3.0"], true),
    ("pyproj", ["3.6.1", "3.7.0", "3.7.2"], true),
    ("pyzmq", ["25.1.1", "26.1.0", "27.0.0"], true),
    ("rapidfuzz", ["2.15.2", "3.9.6", "3.14.0"], true),
    ("regex", ["2023.10.3", "2024.9.11", "2025.7.29"], true),
    ("scikit-learn", ["1.3.1", "1.5.2", "1.7.2"], true),
    ("scipy", ["1.11.2", "1.14.1", "1.16.1"], true),
    ("sentencepiece", ["0.2.0", "0.2.1", "0.2.1"], true),
    ("shapely", ["2.0.2", "2.0.6", "2.1.2"], true),
    ("spacy", ["3.7.0", "3.8.7", "3.8.10"], true),
    ("statsmodels", ["0.14.0", "0.14.3", "0.14.5"], true),
    ("tensorflow", ["2.16.1", "2.20.0", "2.22.0"], false),
    ("tensorflow-cpu", ["2.16.1", "2.20.0", "2.22.0"], false),
    ("tiktoken", ["0.5.2", "0.8.0", "0.12.0"], true),
    ("tokenizers", ["0.14.0", "0.15.1", "0.20.4"], true),
    ("torch", ["2.2.0", "2.5.0", "2.9.0"], false),
    ("torchaudio", ["2.2.0", "2.5.0", "2.9.0"], false),
    ("torchvision", ["0.17.0", "0.20.0", "0.24.0"], false),
    ("ujson", ["5.8.0", "5.10.0", "5.11.0"], true),
    ("uvloop", ["0.18.0", "0.21.0", "0.22.1"], true),
    ("zstandard", ["0.22.0", "0.23.0", "0.24.0"], true),
];
/// The oldest minor version of the table's columns.
const FIRST: u32 = 12;
/// What Railpack takes when no file names a version; it may be newer.
const RAILPACK_DEFAULT: u32 = 13;
/// Files that name a version of Python to Railpack.
const NAMED: [&str; 8] = [
    ".python-version",
    "runtime.txt",
    "Pipfile",
    "mise.toml",
    ".mise.toml",
    ".tool-versions",
    "railpack.json",
    "pyproject.toml",
];
/// Options by which pip looks elsewhere.
const ELSEWHERE: [&str; 5] = ["--index-url", "--extra-index-url", "--find-links", "-i", "-f"];

/// One file that is installed.
struct Install {
    file: String,
    minor: u32,
    /// `FROM` line, or the file itself.
    base: Option<Site>,
    /// What the image is called when it has no compiler.
    bare: Option<&'static str>,
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let mut told = BTreeSet::new();
        for install in installs(facts, delivered) {
            let lacking = lacking(facts, &install);
            // What cannot be had at all comes first.
            let Some((requirement, version, row)) =
                lacking.iter().min_by_key(|(.., row)| row.2).filter(|_| told.insert(install.file.clone()))
            else {
                continue;
            };
            let minor = install.minor;
            let (name, _, sources) = **row;
            let (message, severity) = match (sources, install.bare) {
                (false, _) => {
                    let message = format!(
                        "PyPI has no `{name}` {version} for Python 3.{minor}, so the installation stops"
                    );
                    let certain = delivered.image.dockerfile.is_some();
                    (message, if certain { Severity::Error } else { Severity::Warning })
                }
                (true, Some(kind)) => (
                    format!(
                        "`{name}` {version} has no wheel for Python 3.{minor} and is compiled, and this `{kind}` image has no compiler"
                    ),
                    Severity::Error,
                ),
                (true, None) => (
                    format!("`{name}` {version} has no wheel for Python 3.{minor}, so pip compiles it"),
                    Severity::Warning,
                ),
            };
            let finding = out.at(requirement.site.clone(), message);
            finding.service(&service.name).severity(severity);
            if let Some(base) = install.base {
                finding.related(base, format!("Python 3.{minor} comes from here"));
            }
            let others = lacking.iter().filter(|(other, ..)| other.name != name);
            for (other, version, _) in others.take(4) {
                finding.related(other.site.clone(), format!("so it is with `{}` {version}", other.name));
            }
            finding.help(format!("Ask for `{name}>={}`, or for an older Python", since(row, minor)));
        }
    }
}

/// Requirement files that pip installs into a Python that is known.
fn installs(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Vec<Install> {
    let image = &delivered.image;
    let Some(dockerfile) = &image.dockerfile else {
        return of_railpack(facts, delivered).into_iter().collect();
    };
    let mut found = Vec::new();
    for stage in image.built_stages() {
        let Some(reference) = image.reference(stage) else { continue };
        let (Some(minor), Some((_, kind))) = (minor(reference), flavour(reference)) else { continue };
        for (view, _, commands) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage) {
            let pip = commands
                .iter()
                .filter(|each| each.has("install") && each.words.iter().any(|word| word.starts_with("pip")));
            for command in pip.filter(|each| !each.words.iter().any(|word| is_elsewhere(word))) {
                let files = command
                    .words
                    .windows(2)
                    .filter(|pair| matches!(pair[0].as_str(), "-r" | "--requirement"));
                for pair in files {
                    let presence = command.place(&pair[1]).map(|place| image.presence(view, &place));
                    let Some(file) = presence.as_ref().and_then(|presence| presence.source()) else {
                        continue;
                    };
                    found.push(Install {
                        file: file.to_owned(),
                        minor,
                        base: dockerfile
                            .stages
                            .get(stage)
                            .map(|own| Site::new(dockerfile.path.clone(), own.base.span)),
                        bare: without_compiler(kind, delivered, view),
                    });
                }
            }
        }
    }
    found
}

fn without_compiler(kind: Flavour, delivered: &Delivered<'_>, view: View) -> Option<&'static str> {
    let name = match kind {
        Flavour::Full => return None,
        Flavour::Slim => "slim",
        Flavour::Alpine => "alpine",
    };
    (!Installed::before(&delivered.image, view).may_have(COMPILERS)).then_some(name)
}

fn of_railpack(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Option<Install> {
    let service = delivered.service(facts)?;
    let root = &delivered.image.context.root;
    let file = join(root, "requirements.txt");
    facts.snapshot.entry(&file)?;
    let named = NAMED.iter().any(|name| facts.snapshot.entry(&join(root, name)).is_some());
    let set = service
        .variables
        .as_ref()
        .is_some_and(|names| names.iter().any(|name| name.contains("PYTHON_VERSION")));
    let railpack = service.builder == Known::Yes(Builder::Railpack);
    (railpack && !named && !set).then_some(Install { file, minor: RAILPACK_DEFAULT, base: None, bare: None })
}

/// The minor version of Python 3 in an official image. A tag that moves has at least the newest of the table.
pub(super) fn minor(reference: &str) -> Option<u32> {
    let ("python", _) = flavour(reference)? else { return None };
    let bare = reference.split('@').next()?;
    let tag = bare.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or("latest", |(_, tag)| tag);
    let newest = FIRST + 2;
    match tag.split('-').next()? {
        "latest" | "slim" | "alpine" | "3" | "bookworm" | "trixie" => Some(newest),
        version => version.strip_prefix("3.")?.split('.').next()?.parse().ok(),
    }
}

fn is_elsewhere(word: &str) -> bool {
    let option = word.split(['=', ' ']).next().unwrap_or(word);
    ELSEWHERE.contains(&option)
}

/// The pinned requirements of a file that have no wheel.
fn lacking<'f>(facts: &'f Facts<'_>, install: &Install) -> Vec<(&'f Requirement, String, &'static Row)> {
    let Ok(text) = facts.snapshot.text(&install.file) else { return Vec::new() };
    if text.text.lines().any(|line| is_elsewhere(line.trim())) {
        return Vec::new();
    }
    let asked = facts.python_projects().values().flat_map(|project| &project.requirements);
    let asked = asked.filter(|requirement| requirement.site.path == install.file);
    let lacking = asked.filter_map(|requirement| {
        let row = WHEELS.iter().find(|row| row.0 == requirement.name)?;
        let version = pinned(requirement.site.span.of(&text.text))?;
        // Version 1 of pydantic runs without compiled code.
        let compiled = row.0 != "pydantic" || !version.starts_with("1.");
        let least = since(row, install.minor);
        (install.minor >= FIRST && compiled && numbers(version) < numbers(least))
            .then(|| (requirement, version.to_owned(), row))
    });
    lacking.collect()
}

fn since(row: &Row, minor: u32) -> &'static str {
    let column = (minor.max(FIRST) - FIRST).min(2);
    row.1[column as usize]
}

/// The version behind `==`, when nothing else is said.
fn pinned(written: &str) -> Option<&str> {
    let (_, version) = written.split_once("==")?;
    let version = version.trim_start_matches('=').split(" #").next()?.trim();
    version
        .chars()
        .all(|char| char.is_ascii_digit() || char == '.')
        .then_some(version)
        .filter(|own| !own.is_empty())
}

/// Its parts; 1.9 and 1.9.0 are the same version.
fn numbers(version: &str) -> Vec<u32> {
    let parts = version.trim_end_matches(".0").split('.');
    parts.map(|part| part.parse().unwrap_or(0)).collect()
}

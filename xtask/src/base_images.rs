//! Base images for the tests that run containers: pulled, or where no registry can be reached made from Debian's packages
//! under the same names.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::docker::Dockerd;
use crate::{install, shell};

/// The stand-in's own base.
const DEBIAN: &str = "preflight-test-debian";
/// What makes the trust of this machine's registries known inside.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Names of images, and what a stand-in for them is made of.
const IMAGES: &[(&[&str], &str)] = &[
    (
        &["busybox:1.37"],
        "RUN apt-get update && apt-get install -y --no-install-recommends busybox-static && mkdir -p /made/bin /made/root /made/home /made/tmp \
         && cp /bin/busybox /made/bin/ && chmod 1777 /made/tmp\n\
         FROM scratch\nCOPY --from=0 /made /\nCOPY --from=0 /etc/passwd /etc/group /etc/\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]",
    ),
    (
        &["python:3.12-slim", "python:3.12-slim-bookworm"],
        "RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/* \
         && ln -s python3 /usr/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED",
    ),
    (
        &["redis:8-alpine"],
        "RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*",
    ),
    (
        &["node:22-slim"],
        "RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 libatomic1 && rm -rf /var/lib/apt/lists/*\n\
         COPY node /usr/local/bin/node\nCOPY npm /usr/local/lib/node_modules/npm\n\
         RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
         && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx",
    ),
    (
        &["golang:1.24", "rust:1.90-slim"],
        "RUN apt-get update && apt-get install -y --no-install-recommends golang-go rustc cargo && rm -rf /var/lib/apt/lists/*",
    ),
];

/// Makes sure that the daemon has every image of `wanted`; `client` is a `docker` with BuildKit.
pub(crate) fn ensure(daemon: &Dockerd, client: &str, wanted: &[&str]) -> anyhow::Result<()> {
    for (tags, recipe) in IMAGES.iter().filter(|(tags, _)| tags.iter().any(|tag| wanted.contains(tag))) {
        let lacks = |tag: &&&str| {
            shell::output(daemon.docker().args(["image", "inspect", tag])).is_none()
                && shell::output(daemon.docker().args(["pull", "--quiet", tag])).is_none()
        };
        let missing: Vec<&&str> = tags.iter().filter(lacks).collect();
        if !missing.is_empty() {
            println!("making a stand-in for {missing:?}, which cannot be pulled");
            stand_in(daemon, client, &missing, recipe)?;
        }
    }
    Ok(())
}

/// Makes sure that the daemon has an image of this checkout's worker, and returns its tag: built as a user builds it, or
/// where its bases cannot be pulled made of a worker that was built on this machine.
pub(crate) fn worker(daemon: &Dockerd, client: &str) -> anyhow::Result<&'static str> {
    const TAG: &str = "preflight-test-worker";
    let bases = ["rust:1.95.0-slim-bookworm", "gcr.io/distroless/cc-debian12:nonroot"];
    let root = shell::root();
    let mut build = Command::new(client);
    build.args(["build", "--quiet", "--tag", TAG]);
    if bases.iter().all(|base| shell::output(daemon.docker().args(["pull", "--quiet", base])).is_some()) {
        build.arg(&root);
        shell::run(daemon.serve(&mut build).env("DOCKER_BUILDKIT", "1"))?;
        return Ok(TAG);
    }
    println!("making a stand-in for {TAG}, whose bases cannot be pulled");
    shell::run(shell::cargo().args(["build", "--release", "--locked", "--package", "worker"]))?;
    let place = tempfile::tempdir().context("no temporary directory for an image")?;
    std::fs::write(place.path().join("Dockerfile"), "FROM scratch\nCOPY worker /usr/local/bin/worker\n")?;
    std::fs::copy(root.join("target/release/worker"), place.path().join("worker"))?;
    build.arg(place.path());
    shell::run(daemon.serve(&mut build).env("DOCKER_BUILDKIT", "1"))?;
    Ok(TAG)
}

fn stand_in(daemon: &Dockerd, client: &str, tags: &[&&str], recipe: &str) -> anyhow::Result<()> {
    debian(daemon)?;
    let place = tempfile::tempdir().context("no temporary directory for an image")?;
    std::fs::write(place.path().join("Dockerfile"), format!("FROM {DEBIAN}\n{recipe}\nENTRYPOINT []\n"))?;
    if recipe.contains("COPY node") {
        node(place.path())?;
    }
    let mut build = Command::new(client);
    build.args(["build", "--quiet"]).args(tags.iter().flat_map(|tag| ["--tag", tag])).arg(place.path());
    shell::run(daemon.serve(&mut build).env("DOCKER_BUILDKIT", "1"))
}

/// Node and npm of this machine, for an image of its own release.
fn node(place: &Path) -> anyhow::Result<()> {
    let program = shell::output(Command::new("node").args(["-p", "process.execPath"])).context("no node")?;
    std::fs::copy(program, place.join("node"))?;
    let modules = shell::output(Command::new("npm").args(["root", "--global"])).context("no npm")?;
    shell::run(Command::new("cp").arg("-rL").arg(Path::new(&modules).join("npm")).arg(place.join("npm")))
}

/// A small Debian of the release of this machine, which trusts what this machine trusts.
fn debian(daemon: &Dockerd) -> anyhow::Result<()> {
    if shell::output(daemon.docker().args(["image", "inspect", DEBIAN])).is_some() {
        return Ok(());
    }
    install::apt("debootstrap", "debootstrap")?;
    let release =
        shell::output(Command::new("sh").args(["-c", ". /etc/os-release && echo \"$VERSION_CODENAME\""]));
    let Some(release) = release.filter(|name| !name.is_empty()) else {
        bail!("this is no Debian to make a base of")
    };
    let trust = format!(
        "ENV SSL_CERT_FILE={CERTIFICATES} PIP_CERT={CERTIFICATES} NODE_EXTRA_CA_CERTS={CERTIFICATES}"
    );
    let archive = archive(&release)?;
    shell::run(daemon.docker().args(["import", "--change", &trust]).arg(&archive).arg(DEBIAN))
}

/// The files of that Debian, made once and kept below `target`.
fn archive(release: &str) -> anyhow::Result<PathBuf> {
    let kept = shell::root().join("target").join(format!("debian-{release}.tar"));
    if kept.exists() {
        return Ok(kept);
    }
    let place = tempfile::tempdir().context("no temporary directory for a Debian")?;
    let root = place.path().join("root");
    shell::run(
        Command::new("debootstrap")
            .args(["--variant=minbase", "--include=ca-certificates", release])
            .arg(&root),
    )?;
    std::fs::copy(CERTIFICATES, root.join(CERTIFICATES.trim_start_matches('/')))?;
    let whole = place.path().join("root.tar");
    let mut tar = Command::new("tar");
    tar.arg("-C")
        .arg(&root)
        .args(["--exclude=./proc/*", "--exclude=./sys/*", "--exclude=./var/cache/apt/*"])
        .arg("-cf");
    shell::run(tar.arg(&whole).arg("."))?;
    std::fs::copy(&whole, &kept)?;
    Ok(kept)
}

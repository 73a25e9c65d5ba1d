//! Base images for the tests that run containers: pulled, or where no registry can be reached made from Debian's packages
//! under the same names.

use std::path::Path;
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
        &["python:3.12-slim"],
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
         RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
    ),
    (
        &["golang:1.24", "rust:1.90-slim"],
        "RUN apt-get update && apt-get install -y --no-install-recommends golang-go rustc cargo && rm -rf /var/lib/apt/lists/*",
    ),
];

/// Makes sure that the daemon has every image; `client` is a `docker` with BuildKit.
pub(crate) fn ensure(daemon: &Dockerd, client: &str) -> anyhow::Result<()> {
    for (tags, recipe) in IMAGES {
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
    let place = tempfile::tempdir().context("no temporary directory for a Debian")?;
    let root = place.path().join("root");
    shell::run(
        Command::new("debootstrap")
            .args(["--variant=minbase", "--include=ca-certificates", &release])
            .arg(&root),
    )?;
    std::fs::copy(CERTIFICATES, root.join(CERTIFICATES.trim_start_matches('/')))?;
    let archive = place.path().join("root.tar");
    let mut tar = Command::new("tar");
    tar.arg("-C")
        .arg(&root)
        .args(["--exclude=./proc/*", "--exclude=./sys/*", "--exclude=./var/cache/apt/*"])
        .arg("-cf");
    shell::run(tar.arg(&archive).arg("."))?;
    let trust = format!(
        "ENV SSL_CERT_FILE={CERTIFICATES} PIP_CERT={CERTIFICATES} NODE_EXTRA_CA_CERTS={CERTIFICATES}"
    );
    shell::run(daemon.docker().args(["import", "--change", &trust]).arg(&archive).arg(DEBIAN))
}

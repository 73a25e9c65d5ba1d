//! A real Docker: builds a case and exports it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::listing::Listing;

/// The client that `DOCKER` names.
fn docker() -> Command {
    let mut docker = Command::new(std::env::var_os("DOCKER").unwrap_or_else(|| "docker".into()));
    docker.env("DOCKER_BUILDKIT", "1").stdin(Stdio::null());
    docker
}

fn said(docker: &mut Command) -> Result<Vec<u8>, String> {
    let output = docker.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The daemon's version and its first number; `None` when no daemon answers.
pub(crate) fn version() -> Option<(String, u32)> {
    let answer = said(docker().args(["version", "--format", "{{.Server.Version}}"])).ok()?;
    let version = String::from_utf8_lossy(&answer).trim().to_owned();
    let major = version.split('.').next()?.parse().ok()?;
    Some((version, major))
}

/// The files of the image `image`.
pub(crate) fn export(image: &str) -> Listing {
    let id = said(docker().args(["create", image, "nothing"])).unwrap();
    let id = String::from_utf8_lossy(&id).trim().to_owned();
    let tar = said(docker().args(["export", &id])).unwrap();
    said(docker().args(["rm", "--force", &id])).unwrap();
    Listing::of_tar(&tar)
}

/// Builds the context at `place` and lists the image, or says why Docker refuses.
pub(crate) fn build(
    place: &Path,
    dockerfile: &str,
    target: Option<&str>,
    tag: &str,
) -> Result<Listing, String> {
    let mut build = docker();
    build.args(["build", "--quiet", "--tag", tag, "--file"]).arg(place.join(dockerfile));
    if let Some(target) = target {
        build.args(["--target", target]);
    }
    said(build.arg(place))?;
    let listing = export(tag);
    said(docker().args(["rmi", "--force", tag]))?;
    Ok(listing)
}

/// Builds the context at `place` and runs the image; gives the exit status and all that the program wrote.
pub(crate) fn run(place: &Path, tag: &str) -> (i32, String) {
    said(docker().args(["build", "--quiet", "--tag", tag]).arg(place)).unwrap();
    let output = docker().args(["run", "--rm", "--network", "none", tag]).output().unwrap();
    said(docker().args(["rmi", "--force", tag])).unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&all).into_owned())
}

//! Packages of the distribution in an image: what the base brings and what the build installs.

pub mod needs;

use std::collections::BTreeSet;

use crate::facts::distribution::official_tag;
use crate::facts::image::{Image, View};

/// How much of a distribution an official image of a language brings
/// (<https://github.com/docker-library/docs/tree/master/python#image-variants>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Compilers and many libraries: the variant without a suffix.
    Full,
    /// Debian with the language and nothing else.
    Slim,
    /// Alpine with the language and nothing else.
    Alpine,
}

/// Packages of which each brings a compiler of C.
pub const COMPILERS: &[&str] = &["build-essential", "gcc", "g++", "build-base", "clang", "alpine-sdk"];

/// What the build installs on top of the base.
#[derive(Debug, Clone, Default)]
pub struct Installed {
    /// Names of packages, without versions.
    pub names: BTreeSet<String>,
    /// True when a command may have installed others.
    pub open: bool,
}

/// The language and the variant of an official image; `None` for every other image.
pub fn flavour(reference: &str) -> Option<(&'static str, Flavour)> {
    let mut all = ["python", "node"].into_iter();
    let (name, tag) = all.find_map(|name| Some((name, official_tag(reference, name)?)))?;
    let flavour = if tag.contains("alpine") {
        Flavour::Alpine
    } else if tag.contains("slim") {
        Flavour::Slim
    } else {
        Flavour::Full
    };
    Some((name, flavour))
}

impl Installed {
    /// What is installed in the stage of `view` before that moment.
    pub fn before(image: &Image<'_>, view: View) -> Self {
        let mut found = Self::default();
        for (own, _, list) in image.runs(view.stage) {
            if own.stage == view.stage && own.layers > view.layers {
                break;
            }
            for command in list {
                let installs = match command.program() {
                    "apt-get" | "apt" | "aptitude" => command.has("install"),
                    "apk" => command.has("add"),
                    "playwright" | "npx" | "python" | "python3" | "bunx" | "pnpm" | "yarn" => {
                        found.open |= command
                            .words
                            .iter()
                            .any(|word| word.contains("playwright") || word.contains("puppeteer"));
                        false
                    }
                    "sh" | "bash" | "dpkg" | "conda" | "mamba" | "nix-env" | "brew" | "make" | "xargs" => {
                        found.open = true;
                        false
                    }
                    program => {
                        found.open |= program.ends_with(".sh")
                            || command.words.first().is_some_and(|word| word.starts_with("./"));
                        false
                    }
                };
                if installs {
                    found.open |= command.words.iter().any(|word| word.contains('$') || word.contains("$("));
                    found.names.extend(command.plain().map(|word| bare(word).to_owned()));
                }
            }
        }
        found
    }

    /// True when a package whose name begins with one of `names` is installed, or may be.
    pub fn may_have(&self, names: &[&str]) -> bool {
        self.open || self.names.iter().any(|own| names.iter().any(|name| own.starts_with(name)))
    }
}

/// A package's name without version, release and architecture.
fn bare(word: &str) -> &str {
    word.split(['=', '~', '<', '>', '/', ':']).next().unwrap_or(word).trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_images_are_told_from_others() {
        assert_eq!(flavour("python:3.12-slim-bookworm"), Some(("python", Flavour::Slim)));
        assert_eq!(flavour("docker.io/library/node:22-alpine@sha256:0"), Some(("node", Flavour::Alpine)));
        assert_eq!(flavour("node"), Some(("node", Flavour::Full)));
        assert_eq!(flavour("ghcr.io/x/python:3.12-slim"), None);
        assert_eq!(bare("ca-certificates=2025-r0"), "ca-certificates");
    }
}

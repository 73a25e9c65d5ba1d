//! The Linux distribution of a base image, as far as its name tells it.

/// A family of distributions, by its package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Debian and Ubuntu: `apt-get`.
    Debian,
    /// Alpine: `apk`.
    Alpine,
}

/// Official images that are made from Debian or Ubuntu unless their tag names another distribution
/// (<https://github.com/docker-library/official-images/tree/master/library>).
const OFFICIAL: [&str; 24] = [
    "debian",
    "ubuntu",
    "buildpack-deps",
    "python",
    "node",
    "golang",
    "ruby",
    "rust",
    "php",
    "perl",
    "eclipse-temurin",
    "maven",
    "gradle",
    "nginx",
    "httpd",
    "postgres",
    "redis",
    "mongo",
    "elixir",
    "erlang",
    "swift",
    "rabbitmq",
    "tomcat",
    "haskell",
];
/// Images of others that are made from Debian or Ubuntu, whatever their tag.
const OTHERS: [&str; 8] = [
    "ollama/ollama",
    "mcr.microsoft.com/playwright",
    "mcr.microsoft.com/playwright/python",
    "mcr.microsoft.com/playwright/java",
    "ghcr.io/puppeteer/puppeteer",
    "pytorch/pytorch",
    "tensorflow/tensorflow",
    "mcr.microsoft.com/devcontainers/base",
];
/// Words of a tag that name another distribution, or one that is not looked up here.
const FOREIGN: [&str; 15] = [
    "alpine",
    "windows",
    "nanoserver",
    "corretto",
    "amazon",
    "oracle",
    "ubi",
    "rocky",
    "centos",
    "fedora",
    "al2",
    "distroless",
    "chiseled",
    "azurelinux",
    "cbl",
];

/// What stands before the name of an official image, here and where others mirror it.
const REGISTRIES: [&str; 5] = [
    "docker.io/library/",
    "docker.io/",
    "library/",
    "public.ecr.aws/docker/library/",
    "mirror.gcr.io/library/",
];

fn without_registry(reference: &str) -> &str {
    REGISTRIES.iter().find_map(|prefix| reference.strip_prefix(prefix)).unwrap_or(reference)
}

/// The tag of `reference` when it is the official image `name`: `latest` when none is written.
pub fn official_tag<'r>(reference: &'r str, name: &str) -> Option<&'r str> {
    let plain = reference.split('@').next()?;
    let rest = without_registry(plain).strip_prefix(name)?;
    if rest.is_empty() { Some("latest") } else { rest.strip_prefix(':') }
}

impl Family {
    /// The family of the image `reference`; `None` when its name does not tell.
    pub fn of_image(reference: &str) -> Option<Self> {
        let plain = reference.split('@').next().unwrap_or_default().to_ascii_lowercase();
        if plain.contains('$') {
            return None;
        }
        let (name, tag) = match plain.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (plain.as_str(), "latest"),
        };
        let bare = without_registry(name);
        if bare == "alpine" || (OFFICIAL.contains(&bare) && tag.contains("alpine")) {
            return Some(Self::Alpine);
        }
        let foreign = FOREIGN.iter().any(|word| tag.contains(word));
        let debian = (OFFICIAL.contains(&bare) && !foreign) || OTHERS.contains(&bare);
        debian.then_some(Self::Debian)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "Debian or Ubuntu",
            Self::Alpine => "Alpine",
        }
    }

    /// Its package manager.
    pub fn manager(self) -> &'static str {
        match self {
            Self::Debian => "apt-get",
            Self::Alpine => "apk",
        }
    }
}

/// The oldest release of Alpine, as the minor number behind `3.`, that the image `reference` may be made from today; `None`
/// when its name does not tell. Images of a version that is still built follow the newest releases.
pub fn alpine_release(reference: &str) -> Option<u32> {
    if Family::of_image(reference) != Some(Family::Alpine) {
        return None;
    }
    let plain = reference.split('@').next().unwrap_or_default();
    let (name, tag) = plain.rsplit_once(':').unwrap_or((plain, "latest"));
    let name = name.rsplit('/').next().unwrap_or(name);
    let minor = |text: &str| text.strip_prefix("3.")?.split(['.', '_', '-']).next()?.parse::<u32>().ok();
    if name == "alpine" {
        return if matches!(tag, "latest" | "3" | "edge") { Some(21) } else { minor(tag) };
    }
    let (version, rest) = tag.split_once("alpine")?;
    if !rest.is_empty() && !rest.starts_with('-') {
        return minor(rest);
    }
    floating(name, version.trim_end_matches('-'))
}

/// The same for a tag that names no release: its version has to be one that was still built when Alpine 3.19 was current,
/// and not be a full one, which stays as it was.
fn floating(name: &str, version: &str) -> Option<u32> {
    let parts: Vec<u32> = version.split('.').map(str::parse).collect::<Result<_, _>>().unwrap_or_default();
    let word = version.is_empty() || version.chars().all(|char| char.is_ascii_alphabetic());
    let current = match (name, parts.as_slice()) {
        ("node", [major]) => *major >= 18,
        ("python" | "ruby", [3]) | ("golang", [1]) | ("php", [8]) => true,
        ("python", [3, minor]) => *minor >= 9,
        ("golang", [1, minor]) => *minor >= 21,
        ("ruby", [3, minor]) | ("php", [8, minor]) => *minor >= 1,
        _ => word,
    };
    current.then_some(19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_family_where_it_does() {
        for (image, family) in [
            ("node:20-alpine", Some(Family::Alpine)),
            ("alpine", Some(Family::Alpine)),
            ("docker.io/library/python:3.12-slim@sha256:ab", Some(Family::Debian)),
            ("ollama/ollama:latest", Some(Family::Debian)),
            ("maven:3-amazoncorretto-21", None),
            ("redis", Some(Family::Debian)),
            ("someone/node:20", None),
            ("python:${TAG}", None),
            ("localhost:5000/node", None),
            ("mysql:8", None),
        ] {
            assert_eq!(Family::of_image(image), family, "{image}");
        }
    }

    #[test]
    fn the_tag_tells_the_oldest_release_of_alpine() {
        for (image, release) in [
            ("alpine:3.16.2", Some(16)),
            ("alpine", Some(21)),
            ("node:20-alpine", Some(19)),
            ("node:16-alpine", None),
            ("node:20-alpine3.18", Some(18)),
            ("node:lts-alpine", Some(19)),
            ("node:20.11.0-alpine", None),
            ("nginx:alpine", Some(19)),
            ("python:3.12-alpine", Some(19)),
            ("python:3.12", None),
        ] {
            assert_eq!(alpine_release(image), release, "{image}");
        }
    }
}

//! Releases of Debian and Ubuntu: which one an image is made from, and which packages it does not have.

/// A release, oldest first within its distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// Debian 11.
    Bullseye,
    /// Debian 12.
    Bookworm,
    /// Debian 13.
    Trixie,
    /// Ubuntu 24.04.
    Noble,
}

impl Release {
    /// Its name with the distribution's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bullseye => "Debian 11 (bullseye)",
            Self::Bookworm => "Debian 12 (bookworm)",
            Self::Trixie => "Debian 13 (trixie)",
            Self::Noble => "Ubuntu 24.04 (noble)",
        }
    }

    /// The release that the image `image` is made from; `None` when its name does not tell.
    ///
    /// Python's images without a release in their tag moved to trixie in August 2025
    /// (<https://github.com/docker-library/official-images/tree/master/library>).
    pub fn of_image(image: &str) -> Option<Self> {
        let image = image.to_ascii_lowercase();
        let (name, tag) = image.rsplit_once(':').unwrap_or((image.as_str(), "latest"));
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        let name = name.strip_prefix("library/").unwrap_or(name);
        let named = [
            ("bullseye", Self::Bullseye),
            ("bookworm", Self::Bookworm),
            ("trixie", Self::Trixie),
            ("noble", Self::Noble),
        ];
        if let Some((_, release)) = named.iter().find(|(word, _)| tag.contains(word)) {
            return Some(*release);
        }
        let first = tag.split('-').next().unwrap_or_default();
        match name {
            "debian" if first.starts_with("11") => Some(Self::Bullseye),
            "debian" if first.starts_with("12") || first == "oldstable" => Some(Self::Bookworm),
            "debian" if first.starts_with("13") || matches!(first, "latest" | "stable") => Some(Self::Trixie),
            "ubuntu" if first.starts_with("24.04") || first == "latest" => Some(Self::Noble),
            "python" if is_python_on_trixie(tag) => Some(Self::Trixie),
            _ => None,
        }
    }
}

/// True for a Python tag without a release, of a version that is still built.
fn is_python_on_trixie(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let version = parts.next().unwrap_or_default();
    let plain = parts.all(|part| part == "slim");
    let mut numbers = version.split('.');
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().map(str::parse::<u32>);
    // A full version may be an old image that was never built again.
    let floating = numbers.next().is_none();
    let current = match (major, minor) {
        ("latest" | "slim" | "3", None) => true,
        ("3", Some(Ok(minor))) => minor >= 10,
        _ => false,
    };
    plain && floating && current
}

/// A package: its name, since which Debian release it is gone, whether Ubuntu 24.04 has it, and what took its place.
const GONE: &[(&str, Release, bool, &str)] = &[
    ("libgl1-mesa-glx", Release::Trixie, false, "libgl1"),
    ("libegl1-mesa", Release::Trixie, false, "libegl1"),
    ("libgles2-mesa", Release::Trixie, false, "libgles2"),
    ("libgthread-2.0-0", Release::Bullseye, false, "libglib2.0-0"),
    ("python3-distutils", Release::Trixie, false, "python3-setuptools"),
    ("libgconf-2-4", Release::Trixie, false, ""),
    ("gconf-service", Release::Trixie, false, ""),
    ("wkhtmltopdf", Release::Trixie, true, ""),
    ("software-properties-common", Release::Trixie, true, ""),
    ("policykit-1", Release::Trixie, true, "polkitd"),
    ("neofetch", Release::Trixie, true, "fastfetch"),
    ("libncurses5", Release::Trixie, false, "libncurses6"),
    ("libtinfo5", Release::Trixie, false, "libtinfo6"),
    ("netcat", Release::Bookworm, false, "netcat-openbsd"),
    ("python", Release::Bullseye, false, "python3"),
    ("python-dev", Release::Bookworm, false, "python3-dev"),
    ("python-pip", Release::Bullseye, false, "python3-pip"),
    ("libssl1.1", Release::Bookworm, false, "libssl3"),
    ("libssl1.0-dev", Release::Bullseye, false, "libssl-dev"),
    ("libappindicator1", Release::Bullseye, false, "libayatana-appindicator1"),
    ("libappindicator3-1", Release::Bullseye, false, "libayatana-appindicator3-1"),
    ("mysql-client", Release::Bullseye, true, "default-mysql-client"),
    ("libmysqlclient-dev", Release::Bullseye, true, "default-libmysqlclient-dev"),
    ("openjdk-8-jdk", Release::Bullseye, true, ""),
    ("openjdk-8-jre", Release::Bullseye, true, ""),
    ("openjdk-11-jdk", Release::Bookworm, true, "openjdk-17-jdk"),
    ("openjdk-11-jre", Release::Bookworm, true, "openjdk-17-jre"),
    ("openjdk-11-jre-headless", Release::Bookworm, true, "openjdk-17-jre-headless"),
    ("openjdk-17-jdk", Release::Trixie, true, "openjdk-21-jdk"),
    ("openjdk-17-jre", Release::Trixie, true, "openjdk-21-jre"),
    ("openjdk-17-jre-headless", Release::Trixie, true, "openjdk-21-jre-headless"),
    ("openjdk-17-jdk-headless", Release::Trixie, true, "openjdk-21-jdk-headless"),
    ("chromium-browser", Release::Bullseye, true, "chromium"),
];

/// What took the place of the package `name` that `release` does not have, empty when nothing did; `None` when the
/// release has it, as far as is known.
pub fn gone(release: Release, name: &str) -> Option<&'static str> {
    let (_, since, in_noble, instead) = GONE.iter().find(|(known, ..)| *known == name)?;
    let absent = if release == Release::Noble { !in_noble } else { release >= *since };
    if !absent {
        return None;
    }
    // Bookworm's Java is 17, and what took the place of 11 there is itself gone in trixie.
    let chained = GONE
        .iter()
        .find(|(known, since, ..)| known == instead && release != Release::Noble && release >= *since);
    Some(chained.map_or(*instead, |(.., later)| later))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_tells_the_release() {
        for (image, release) in [
            ("python:3.11-slim", Some(Release::Trixie)),
            ("docker.io/library/python:3", Some(Release::Trixie)),
            ("python:3.11-slim-bookworm", Some(Release::Bookworm)),
            ("python:3.11.4-slim", None),
            ("python:3.8-slim", None),
            ("python:3.12-alpine", None),
            ("node:22-bullseye-slim", Some(Release::Bullseye)),
            ("node:22", None),
            ("debian:12.5-slim", Some(Release::Bookworm)),
            ("ubuntu:24.04", Some(Release::Noble)),
            ("ghcr.io/x/python:3.11-slim", None),
        ] {
            assert_eq!(Release::of_image(image), release, "{image}");
        }
    }

    #[test]
    fn a_package_is_gone_from_its_release_on() {
        assert_eq!(gone(Release::Bookworm, "libgl1-mesa-glx"), None);
        assert_eq!(gone(Release::Trixie, "libgl1-mesa-glx"), Some("libgl1"));
        assert_eq!(gone(Release::Trixie, "openjdk-11-jre"), Some("openjdk-21-jre"));
        assert_eq!(gone(Release::Noble, "openjdk-11-jre"), None);
        assert_eq!(gone(Release::Trixie, "curl"), None);
    }
}

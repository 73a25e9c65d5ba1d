//! What is known of base images before anything is copied into them.

/// A family of base images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// Names of the family: the reference without registry, user, tag and digest.
    names: &'static [&'static str],
    /// True when the image holds a shell called `sh`.
    pub shell: bool,
    /// Programs that it brings beyond those of its system, as far as a start command may want them.
    pub programs: &'static [&'static str],
    /// Where its files lie; nothing lies elsewhere.
    pub system: &'static [&'static [&'static str]],
}

/// Directories of every Linux system image, `var` aside.
const SYSTEM: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "etc",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "sbin",
    "sys",
    "tmp",
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/lib64",
    "usr/libexec",
    "usr/include",
    "usr/share",
    "usr/local",
    "usr/games",
];
const VAR: &[&str] = &["var"];
/// What an image of PHP has in `var`: `var/www/html` is empty.
const VAR_OF_PHP: &[&str] = &[
    "var/backups",
    "var/cache",
    "var/empty",
    "var/lib",
    "var/local",
    "var/lock",
    "var/log",
    "var/mail",
    "var/opt",
    "var/run",
    "var/spool",
    "var/tmp",
];

/// Directories that every system image has.
const CERTAIN: &[&str] = &["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"];
/// Directories that every distribution has, but not every image.
const USUAL: &[&str] = &["usr/bin", "usr/lib", "usr/local", "usr/local/bin", "usr/local/lib", "usr/share"];

/// Directories in which a system image has nothing, or nothing but what its user's shell reads.
const BARE: &[&str] =
    &["home", "srv", "usr/src", "home/node", "home/bun", "home/deno", "var/www", "var/www/html"];

/// Families by name. Sources: the Dockerfiles of the official images (<https://github.com/docker-library>), of
/// distroless (<https://github.com/GoogleContainerTools/distroless>), of Bun and Deno, and the definition of `scratch`
/// (<https://hub.docker.com/_/scratch>).
const BASES: &[Base] = &[
    Base { names: &["scratch"], shell: false, programs: &[], system: &[] },
    Base {
        names: &["python"],
        shell: true,
        programs: &["python", "python3", "pip", "pip3"],
        system: &[SYSTEM, VAR],
    },
    Base {
        names: &["node"],
        shell: true,
        programs: &["node", "npm", "npx", "yarn", "yarnpkg", "corepack"],
        system: &[SYSTEM, VAR],
    },
    Base { names: &["bun"], shell: true, programs: &["bun", "bunx"], system: &[SYSTEM, VAR] },
    Base { names: &["deno"], shell: true, programs: &["deno"], system: &[SYSTEM, VAR] },
    Base {
        names: &["alpine", "debian", "ubuntu", "busybox"],
        shell: true,
        programs: &[],
        system: &[SYSTEM, VAR],
    },
    Base { names: &["golang"], shell: true, programs: &["go", "gofmt"], system: &[SYSTEM, VAR] },
    Base { names: &["rust"], shell: true, programs: &["cargo", "rustc", "rustup"], system: &[SYSTEM, VAR] },
    Base {
        names: &["nginx"],
        shell: true,
        programs: &["nginx"],
        system: &[SYSTEM, VAR, &["docker-entrypoint.sh", "docker-entrypoint.d"]],
    },
    Base {
        names: &["php"],
        shell: true,
        programs: &["php", "docker-php-ext-install", "docker-php-ext-enable", "docker-php-ext-configure"],
        system: &[SYSTEM, VAR_OF_PHP],
    },
    Base {
        names: &["composer"],
        shell: true,
        programs: &["composer", "php"],
        system: &[SYSTEM, VAR, &["tmp", "docker-entrypoint.sh"]],
    },
    Base { names: &["maven"], shell: true, programs: &["java", "mvn"], system: &[SYSTEM, VAR] },
    Base { names: &["caddy"], shell: true, programs: &["caddy"], system: &[SYSTEM, VAR] },
    Base {
        names: &["ruby"],
        shell: true,
        programs: &["ruby", "gem", "bundle", "irb"],
        system: &[SYSTEM, VAR],
    },
    Base {
        names: &["eclipse-temurin", "openjdk", "amazoncorretto"],
        shell: true,
        programs: &["java"],
        system: &[SYSTEM, VAR, &["__cacert_entrypoint.sh"]],
    },
];

/// Programs that come with a system image of each libc family; what is not here need not be there.
const EVERYWHERE: &[&str] = &[
    "sh", "ash", "dash", "env", "cat", "echo", "ls", "sleep", "true", "false", "test", "chmod", "chown",
    "cp", "mv", "rm", "mkdir", "touch", "tail", "head", "sed", "grep", "awk", "find", "xargs", "date", "id",
    "tee", "printf", "exec", "su",
];

impl Base {
    /// The family that `reference` belongs to; `None` when it is not known.
    pub fn of(reference: &str) -> Option<&'static Self> {
        let plain = reference.split('@').next().unwrap_or_default();
        let last = plain.rsplit('/').next().unwrap_or_default();
        // Its own instructions go on in the build.
        if last.contains("onbuild") {
            return None;
        }
        let name = last.split(':').next().unwrap_or_default();
        let official =
            !plain.contains('/') || plain.starts_with("library/") || plain.starts_with("docker.io/library/");
        let vendor = matches!(plain.split('/').next(), Some("oven" | "denoland"))
            || plain.starts_with("public.ecr.aws/docker/library/")
            || plain.starts_with("mirror.gcr.io/library/");
        if !official && !vendor {
            return None;
        }
        BASES.iter().find(|base| base.names.contains(&name))
    }

    /// True when files of the base may lie at `path`.
    pub fn may_hold(&self, path: &str) -> bool {
        let below = |dir: &&str| {
            path.strip_prefix(*dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                || dir.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
        };
        path.is_empty()
            || self.system.iter().copied().flatten().any(below)
            || (!self.system.is_empty() && BARE.contains(&path))
    }

    /// True when the base certainly has no directory at `path`, although it has others nearby.
    pub fn lacks_directory(&self, path: &str) -> bool {
        !self.may_hold(path) || (self.names == ["nginx"] && path == "etc/nginx/templates")
    }

    /// True when the base certainly has a directory at `path`.
    pub fn has_directory(&self, path: &str) -> bool {
        !self.system.is_empty() && CERTAIN.contains(&path)
    }

    /// True when a file that is copied to `path` very likely goes into a directory of the base.
    pub fn likely_has_directory(&self, path: &str) -> bool {
        self.has_directory(path) || (!self.system.is_empty() && USUAL.contains(&path))
    }

    /// True when the base certainly has the program `name`.
    pub fn has(&self, name: &str) -> bool {
        self.programs.contains(&name) || (self.shell && EVERYWHERE.contains(&name))
    }
}

/// True when `reference` names an Alpine variant, which brings no `bash`.
pub fn is_alpine(reference: &str) -> bool {
    reference.split('@').next().unwrap_or_default().contains("alpine")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_told_by_name_and_not_by_whoever_copies_it() {
        for (reference, known) in [
            ("python:3.12-slim", true),
            ("node:22-alpine@sha256:ab", true),
            ("docker.io/library/alpine", true),
            ("oven/bun:1", true),
            ("ghcr.io/someone/python:3", false),
            ("someone/node", false),
        ] {
            assert_eq!(Base::of(reference).is_some(), known, "{reference}");
        }
    }

    #[test]
    fn an_official_image_has_nothing_in_the_directories_of_applications() {
        let python = Base::of("python:3").unwrap();
        assert!(python.may_hold("usr/local/bin/python") && python.may_hold("usr") && python.may_hold(""));
        assert!(
            !python.may_hold("app/main.py")
                && !python.may_hold("usr/src/app/main.py")
                && !python.may_hold("srv/x")
        );
        let php = Base::of("php:8.3-apache").unwrap();
        assert!(
            php.may_hold("var/log/x")
                && php.may_hold("var/www/html")
                && !php.may_hold("var/www/html/artisan")
        );
        assert!(Base::of("nginx").unwrap().may_hold("docker-entrypoint.sh"));
        assert!(!Base::of("scratch").unwrap().may_hold("etc/passwd"));
    }
}

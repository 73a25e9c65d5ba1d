//! A Next.js that Railway does not deploy.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::semver::{self, Version};
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::order;
use crate::rule::declare_rule;

declare_rule! {
    /// The lock file holds a version of `next` that Railway refuses for its security holes.
    ///
    /// ## Why it matters
    /// Since December 2025 Railway reads the lock file before it builds, and ends a deployment whose `next` has one of
    /// CVE-2025-55182 (also called CVE-2025-66478), CVE-2025-55184 and CVE-2025-67779. The application's code does not matter,
    /// nor whether a Dockerfile is built, nor whether another package asks for it: the log says
    /// `SECURITY VULNERABILITIES DETECTED`.
    ///
    /// ## What to do
    /// Install the patched version of the same line, which changes nothing else, and commit the lock file: 14.2.35, 15.0.7,
    /// 15.1.11, 15.2.8, 15.3.8, 15.4.10, 15.5.9, 16.0.10, or anything newer.
    ///
    /// ## What it cannot know
    /// Railway's own list, which is not published: it is known from what people report, so this is a warning. Later additions
    /// are not known either. A manifest that names one version counts where no lock file can be read. Lock files of Bun and of
    /// other directories are left alone, and so are early versions (`-canary`, `-rc`).
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"start": "next start"}, "dependencies": {"next": "^15.3.1"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {}, "node_modules/next": {"version": "15.3.1"}}}
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "worker.js"]
    /// //- web/package.json
    /// {"dependencies": {"next": "14.2.15"}}
    /// //- pnpm-lock.yaml
    /// lockfileVersion: '9.0'
    /// packages:
    ///   next@14.2.15:
    ///     resolution: {integrity: sha512-x}
    /// //- worker.js
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"start": "next start"}, "dependencies": {"next": "16.0.9"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"start": "next start"}, "dependencies": {"next": "^15.3.1", "next-auth": "4"}}
    /// //- yarn.lock
    /// next-auth@4:
    ///   version "4.24.0"
    ///
    /// next@^15.3.1:
    ///   version "15.3.8"
    /// //- docs/package.json
    /// {"dependencies": {"next": "13.5.1"}}
    /// //- docs/package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {}, "node_modules/next": {"version": "13.5.1"}}}
    /// ```
    ///
    /// Older than the defect, a range without a lock file, an early version:
    ///
    /// ```repo,passes
    /// //- a/railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- a/package.json
    /// {"dependencies": {"next": "12.3.4"}}
    /// //- b/railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- b/package.json
    /// {"dependencies": {"next": "^15.3.1"}}
    /// //- c/railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- c/package.json
    /// {"dependencies": {"next": "15.4.0-canary.3"}}
    /// ```
    "next-version-refused", Warning, Build, since "0.3.0",
    sources: [
        "https://station.railway.com/community/security-alert-react-next-js-remote-cod-2b0bab9d",
        "https://github.com/vercel/next.js/security/advisories/GHSA-5j59-xgg2-r9c4",
        "https://nextjs.org/blog/security-update-2025-12-11",
        "https://github.com/resend/react-email/issues/2740",
    ]
}

/// The first version of each minor line of 15 that is taken.
const FIFTEEN: [u64; 6] = [7, 11, 8, 8, 10, 9];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    // Those whose root directory is known first: a lock file is told once.
    let mut services: Vec<_> = facts.services.iter().collect();
    order::sort_by_key(&mut services, |service| service.roots.len());
    for service in services {
        for (site, version) in service.roots.iter().filter_map(|root| refused(facts, root)) {
            let Some(patched) = patched(version).filter(|_| told.insert(site.path.clone())) else { continue };
            let name = |version: Version| version.map(|part| part.to_string()).join(".");
            let message = format!("Railway refuses `next` {}, which has known security holes", name(version));
            let finding = out.at(site, message);
            finding
                .service(&service.name)
                .help(format!("Install `next@{}` and commit the lock file", name(patched)));
        }
    }
}

/// The refused version in the directory `root`, and its place.
fn refused(facts: &Facts<'_>, root: &str) -> Option<(Site, Version)> {
    let mut unread = true;
    for name in ["pnpm-lock.yaml", "package-lock.json", "yarn.lock"] {
        let path = join(root, name);
        let Ok(text) = facts.snapshot.text(&path) else { continue };
        unread = false;
        let keys = ["node_modules/next\"", "next@"];
        let entries = keys.iter().flat_map(|key| text.text.match_indices(key));
        for (at, key) in entries {
            let line = &text.text[text.text[..at].rfind('\n').map_or(0, |line| line + 1)..at];
            let after = &text.text[at + key.len()..];
            let version = match name {
                "pnpm-lock.yaml" => after,
                _ => after
                    .split_once("version")
                    .map_or("", |(_, rest)| rest)
                    .trim_start_matches(['"', ':', ' ']),
            };
            let version =
                version.split(|char: char| !char.is_ascii_alphanumeric() && !"-.".contains(char)).next()?;
            let npm = name == "package-lock.json";
            if !(npm || line.trim_matches([' ', '"', '\'', '/']).is_empty()) || version.contains('-') {
                continue;
            }
            if let Some(version) = semver::version(version).filter(|version| patched(*version).is_some()) {
                return Some((Site::new(path, text.line_at(at)), version));
            }
        }
    }
    let project = facts
        .node_projects()
        .get(root)
        .filter(|project| unread && !project.lockfiles.iter().any(|name| name.starts_with("bun")))?;
    let asked =
        project.dependencies.iter().find(|each| each.name.value == "next" && !each.version.contains('-'))?;
    Some((Site::new(project.path.clone(), asked.name.span), semver::version(&asked.version)?))
}

/// The patched version of the line of `version`, which is none itself
/// (<https://github.com/vercel/next.js/security/advisories/GHSA-5j59-xgg2-r9c4>).
fn patched(version: Version) -> Option<Version> {
    let first = match version {
        [13, (3..), _] | [14, ..] => [14, 2, 35],
        [15, minor, _] => [15, minor, *FIFTEEN.get(usize::try_from(minor).ok()?)?],
        [16, 0, _] => [16, 0, 10],
        _ => return None,
    };
    (version < first).then_some(first)
}

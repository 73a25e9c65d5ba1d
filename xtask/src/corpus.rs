//! The corpus runner: both trees of every (broken, repaired) pair of a list, over repositories fetched beforehand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::shell;

/// Longest time a tree may take before it counts as a hang.
const DEADLINE: Duration = Duration::from_mins(1);

/// Which rules find which class of root cause.
const CAUSES: &[(&str, &[&str])] = &[
    ("workspace-main-points-at-ts", &["workspace-package-typescript"]),
    ("cache-mount-id-invalid", &["dockerfile-cache-mount-id-prefix", "dockerfile-cache-mount-no-id"]),
    ("private-network-ipv6", &["redis-ioredis-family"]),
    ("copy-after-build", &["build-input-missing"]),
    ("git-missing-at-build", &["copy-git-dir"]),
    ("esm-only-package-in-cjs", &["node-too-old"]),
    ("migration-failure", &["drizzle-journal-order"]),
    ("manifest-syntax-error", &["package-json-invalid"]),
    ("vulnerable-dependency-blocked", &["next-version-refused"]),
    ("dependency-conflict", &["requirements-invalid", "npm-peer-conflict"]),
    ("unresolvable-requirement", &["requirements-invalid"]),
    ("missing-runtime-directory", &["log-directory-missing"]),
    ("pip-externally-managed", &["pip-externally-managed", "nixpacks-config-invalid"]),
    (
        "start-command-needs-shell",
        &["start-exec-form-variable", "start-shell-syntax", "cmd-literal-variable"],
    ),
    ("volume-instruction", &["dockerfile-volume-instruction"]),
    ("config-syntax-error", &["config-parse-error", "nixpacks-config-invalid"]),
    ("config-unknown-key", &["config-unknown-key", "config-multi-service-syntax", "config-variables-block"]),
    (
        "config-invalid-value",
        &[
            "config-enum-invalid",
            "config-type-mismatch",
            "predeploy-several-commands",
            "nixpacks-config-invalid",
        ],
    ),
    ("config-conflict", &["config-both-files", "config-root-file-hijack"]),
    (
        "config-file-not-read",
        &["config-not-discovered", "dockerfile-not-discovered", "root-directory-assumed"],
    ),
    ("root-config-applied-to-all-services", &["config-root-file-hijack", "config-not-discovered"]),
    (
        "dockerfile-path-wrong",
        &[
            "dockerfile-path-missing",
            "config-both-files",
            "root-directory-assumed",
            "dockerfile-not-discovered",
        ],
    ),
    (
        "builder-autodetect-mismatch",
        &[
            "dockerfile-wrong-for-service",
            "dockerfile-shadows-builder",
            "dockerfile-not-discovered",
            "provider-not-detected",
            "language-not-installed",
        ],
    ),
    ("copy-source-missing", &["copy-source-missing", "copy-not-in-git", "copy-shell-syntax"]),
    (
        "build-context-mismatch",
        &["copy-source-missing", "copy-outside-root-dir", "root-directory-assumed", "install-input-missing"],
    ),
    ("dockerignore-excludes-needed-file", &["copy-source-ignored", "build-input-ignored"]),
    (
        "invalid-dockerfile-syntax",
        &["dockerfile-parse-error", "copy-shell-syntax", "copy-from-variable", "exec-form-not-json"],
    ),
    (
        "missing-copy-in-image",
        &[
            "import-not-in-image",
            "build-input-missing",
            "start-target-missing",
            "copy-source-missing",
            "workspace-modules-not-copied",
            "install-input-missing",
            "dependency-not-declared",
            "prisma-config-not-copied",
        ],
    ),
    (
        "start-target-missing",
        &[
            "start-target-missing",
            "console-script-missing",
            "root-directory-assumed",
            "package-script-missing",
            "start-executable-missing",
            "name-not-defined",
        ],
    ),
    ("file-outside-service-root", &["file-outside-root", "path-dependency-missing"]),
    (
        "missing-dependency-in-manifest",
        &["dependency-not-declared", "start-executable-missing", "manifest-not-installed"],
    ),
    ("healthcheck-path-no-route", &["healthcheck-route-missing"]),
    (
        "healthcheck-non-200-response",
        &[
            "healthcheck-route-missing",
            "healthcheck-non-200",
            "healthcheck-host-rejected",
            "healthcheck-ssl-redirect",
        ],
    ),
    ("healthcheck-on-service-without-http", &["healthcheck-no-listener", "config-root-file-hijack"]),
    ("healthcheck-timeout-too-short", &["healthcheck-timeout-short"]),
    ("nonroot-volume-permission", &["nonroot-with-volume"]),
    ("database-url-scheme", &["database-url-scheme", "dependency-not-declared"]),
    ("healthcheck-port-mismatch", &["port-hardcoded", "healthcheck-port-mismatch"]),
    ("port-hardcoded", &["port-hardcoded"]),
    ("bind-localhost", &["bind-loopback"]),
    ("redis-before-listening", &["healthcheck-server-after-redis", "redis-no-retry"]),
    ("redis-localhost-fallback", &["redis-localhost-default"]),
    ("blocking-startup-before-listen", &["healthcheck-server-after-redis", "blocking-before-listen"]),
    ("apt-package-gone", &["apt-package-gone", "apk-package-gone", "apk-version-pinned"]),
    (
        "nixpacks-env-incomplete",
        &["nixpacks-config-invalid", "nixpacks-package-unknown", "pip-externally-managed"],
    ),
    (
        "package-manager-mismatch",
        &["package-manager-mismatch", "pnpm-deploy-legacy", "corepack-missing", "node-too-old"],
    ),
    ("monorepo-manifest-not-copied", &["workspace-manifest-not-copied", "install-input-missing"]),
    ("lockfile-out-of-sync", &["lockfile-missing", "lockfile-out-of-sync"]),
    ("dev-dependency-at-build", &["dev-dependency-at-build", "install-input-missing"]),
    ("prisma-generate-missing", &["prisma-generate-missing"]),
    ("db-access-at-build", &["database-at-build", "prerender-needs-database"]),
    ("worker-memory-concurrency", &["worker-concurrency-unbounded"]),
    (
        "untracked-needed-file",
        &[
            "copy-not-in-git",
            "build-input-missing",
            "import-not-in-image",
            "copy-source-missing",
            "submodule-without-address",
            "php-file-missing",
        ],
    ),
    ("python-import-path", &["python-import-path"]),
    ("tsconfig-excludes-needed-module", &["tsconfig-excludes-needed-module"]),
    ("workspace-package-not-built", &["workspace-package-not-built", "workspace-package-typescript"]),
    ("start-executable-not-on-path", &["console-script-missing", "start-executable-missing"]),
    ("runtime-version-mismatch", &["go-toolchain-too-old", "node-too-old", "python-wheel-missing"]),
    ("run-variable-lost", &["run-variable-lost"]),
    ("arg-not-declared-in-stage", &["arg-not-in-stage", "arg-before-from", "arg-missing-for-build-var"]),
    ("base-image-package-manager", &["base-package-manager"]),
    ("user-group-missing", &["user-group-missing"]),
    ("cgo-disabled-native-driver", &["cgo-disabled"]),
    ("provider-not-detected", &["provider-not-detected"]),
    ("npm-script-missing", &["package-script-missing", "start-target-missing"]),
    ("npm-ci-in-build-command", &["npm-ci-in-build-command"]),
    ("install-script-needs-files", &["install-input-missing", "composer-script-input-missing"]),
    (
        "healthcheck-depends-on-backing-service",
        &["healthcheck-depends-on-service", "redis-no-retry", "healthcheck-server-after-redis"],
    ),
    (
        "app-code-crash",
        &["source-syntax-error", "import-not-in-image", "name-not-defined", "table-defined-twice"],
    ),
    ("native-build-toolchain-missing", &["build-toolchain-missing"]),
    ("missing-system-package", &["system-package-missing", "php-extension-library-missing"]),
    ("unpinned-tool-version", &["unpinned-tool-version"]),
    ("workspace-name-missing", &["workspace-name-unknown"]),
    ("port-conflict-two-processes", &["port-conflict"]),
    ("start-overrides-image-command", &["start-overrides-entrypoint"]),
    ("prisma-version-mismatch", &["unpinned-tool-version"]),
    ("required-variable-missing", &["var-required-missing", "var-unstated"]),
    ("nonroot-build-step", &["nonroot-build-write", "build-step-needs-root"]),
    ("cache-mount-id", &["dockerfile-cache-mount-no-id", "dockerfile-cache-mount-id-prefix"]),
    ("nixpkgs-unknown-package", &["nixpacks-package-unknown", "nixpacks-config-invalid"]),
    ("node-version-too-old", &["node-too-old"]),
    ("toolchain-version-too-old", &["node-too-old", "go-toolchain-too-old"]),
    ("lockfile-missing", &["lockfile-missing"]),
    ("build-script-missing", &["package-script-missing"]),
    ("base-image-unavailable", &["base-image-private", "base-image-unknown"]),
    ("postinstall-before-copy", &["install-input-missing", "composer-script-input-missing"]),
    ("lifecycle-script-not-copied", &["install-input-missing", "composer-script-input-missing"]),
    ("script-not-executable", &["entrypoint-not-executable", "build-script-not-executable"]),
    ("start-command-bypasses-entrypoint", &["start-overrides-entrypoint", "nginx-template-not-rendered"]),
    ("dockerfile-user-permission", &["nonroot-build-write", "build-step-needs-root"]),
    ("nonroot-build-permission", &["nonroot-build-write", "build-step-needs-root"]),
    ("build-command-needs-shell", &["start-shell-syntax", "railpack-command-shell"]),
    ("host-not-allowed", &["healthcheck-host-rejected"]),
    ("env-var-needed-at-build", &["var-required-missing", "arg-missing-for-build-var", "var-unstated"]),
    ("required-env-missing", &["var-required-missing", "var-unstated", "arg-missing-for-build-var"]),
    ("required-env-var-missing", &["var-required-missing", "var-unstated"]),
    ("build-before-source-copied", &["build-input-missing"]),
    ("nonroot-cannot-read-deps", &["root-home-unreadable"]),
    ("shell-syntax-not-posix", &["bash-syntax-in-sh"]),
    ("shell-script-syntax-error", &["bash-syntax-in-sh"]),
    ("missing-directory-in-image", &["build-directory-missing"]),
    ("pnpm-symlinks-dangling", &["workspace-modules-not-copied"]),
    ("requirements-invalid", &["requirements-invalid"]),
    ("nixpacks-dir-collision", &["nixpacks-config-invalid"]),
    ("nixpacks-phase-cycle", &["nixpacks-config-invalid"]),
    ("nixpacks-cache-mount-busy", &["npm-ci-in-build-command"]),
    ("dev-dependency-at-runtime", &["dependency-not-declared", "dev-dependency-at-build"]),
    ("prisma-schema-invalid", &["prisma-schema-invalid"]),
    (
        "typescript-build-error",
        &["typescript-does-not-compile", "dependency-not-declared", "build-input-missing"],
    ),
    ("typescript-error", &["typescript-does-not-compile", "dependency-not-declared", "build-input-missing"]),
    ("next-prerender-error", &["next-suspense-missing", "prerender-needs-database"]),
    ("framework-config-incompatible", &["next-webpack-config"]),
    (
        "tsconfig-rootdir",
        &["start-target-missing", "typescript-does-not-compile", "tsconfig-excludes-needed-module"],
    ),
    (
        "ts-import-at-runtime",
        &["workspace-package-typescript", "import-not-in-image", "start-target-missing"],
    ),
    ("import-target-missing", &["import-not-in-image", "build-input-missing", "name-not-defined"]),
    (
        "type-error-at-build",
        &["typescript-does-not-compile", "dependency-not-declared", "build-input-missing"],
    ),
    ("esm-cjs-named-import", &["name-not-defined", "import-not-in-image"]),
    ("peer-dependency-conflict", &["lockfile-out-of-sync", "npm-peer-conflict"]),
    ("platform-optional-dependency", &["lockfile-of-one-platform"]),
    ("platform-specific-script", &["command-of-windows"]),
];

/// One line of the list.
struct Pair {
    repo: String,
    fix: String,
    parent: String,
    touched: String,
    class: String,
    label: String,
    flag: String,
}

/// What was seen of one tree.
struct Judged {
    findings: Vec<(String, String, String, u64, String)>,
    took: Duration,
    fault: Option<String>,
}

/// Runs the list over the repositories below `repos` and prints what was found.
pub(crate) fn run(list: &Path, repos: &Path, details: bool) -> anyhow::Result<()> {
    shell::run(shell::cargo().args(["build", "--release", "--quiet", "--bin", "preflight"]))?;
    let pairs = read(list)?;
    let mut sums: BTreeMap<(String, String), [usize; 4]> = BTreeMap::new();
    let mut slowest: Vec<(Duration, String)> = Vec::new();
    let mut errors = Vec::new();
    let mut noise: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let (mut faults, mut absent) = (Vec::new(), 0);
    for pair in &pairs {
        let Some(repo) = place(repos, &pair.repo) else {
            absent += 1;
            continue;
        };
        let before = judge(&repo, &pair.parent)?;
        let after = judge(&repo, &pair.fix)?;
        for (tree, commit) in [(&before, &pair.parent), (&after, &pair.fix)] {
            slowest.push((tree.took, format!("{} {}", pair.repo, &commit[..12.min(commit.len())])));
            faults.extend(tree.fault.iter().map(|fault| format!("{} {commit}: {fault}", pair.repo)));
        }
        let rules = CAUSES.iter().find(|(class, _)| *class == pair.class).map_or(&[][..], |(_, rules)| rules);
        // A repair that only adds files leaves the cause in one it does not name.
        let only_adds = !pair.touched.split(' ').any(|file| is_there(&repo, &pair.parent, file));
        let hits = |tree: &Judged| {
            let named = |path: &str| {
                only_adds || pair.touched.split(' ').any(|file| file == path) || names(&pair.flag, path)
            };
            tree.findings
                .iter()
                .filter(|(rule, _, path, ..)| rules.contains(&rule.as_str()) && named(path))
                .cloned()
                .collect::<Vec<_>>()
        };
        let (found, still) = (hits(&before), hits(&after));
        let again = still.iter().any(|each| {
            found.iter().any(|other| other.0 == each.0 && other.2 == each.2 && other.4 == each.4)
        });
        let sum = sums.entry((pair.label.clone(), pair.class.clone())).or_default();
        sum[0] += 1;
        sum[1] += usize::from(!found.is_empty());
        sum[2] += usize::from(again);
        sum[3] += usize::from(found.iter().any(|each| each.1 == "error"));
        if details && (found.is_empty() || again) {
            let what = if found.is_empty() { "missed" } else { "still flagged" };
            println!(
                "{what}: {} {} [{}, {}] {}",
                pair.repo,
                &pair.parent[..12],
                pair.class,
                pair.label,
                pair.flag
            );
        }
        for level in ["error", "warning", "note"] {
            let count = after.findings.iter().filter(|each| each.1 == level).count();
            noise.entry(level).or_default().push(count);
        }
        for (rule, severity, path, line, message) in &after.findings {
            if severity == "error" {
                errors.push(format!("{} {} {path}:{line} [{rule}] {message}", pair.repo, &pair.fix[..12]));
            }
        }
    }
    table(&sums);
    slowest.sort_by_key(|slow| std::cmp::Reverse(slow.0));
    println!("\nSlowest trees:");
    for (took, tree) in slowest.iter().take(3) {
        println!("  {} ms  {tree}", took.as_millis());
    }
    println!("\nFindings on a repaired tree:");
    for (level, mut counts) in noise {
        counts.sort_unstable();
        let at = |part: usize| counts.get(counts.len() * part / 100).copied().unwrap_or(0);
        println!("  {level}s: median {}, nine of ten at most {}, most {}", at(50), at(90), at(99));
    }
    println!("\nErrors on repaired trees, to be looked at by a person: {}", errors.len());
    for error in &errors {
        println!("  {error}");
    }
    if absent > 0 {
        println!("\n{absent} pairs left out: their repositories are not below {}", repos.display());
    }
    if faults.is_empty() {
        Ok(())
    } else {
        bail!("panics, hangs or unreadable trees:\n{}", faults.join("\n"))
    }
}

fn table(sums: &BTreeMap<(String, String), [usize; 4]>) {
    println!(
        "\n| readable | class | pairs | flagged at the parent | as an error | same finding at the fix |\n|---|---|--:|--:|--:|--:|"
    );
    let mut totals: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for ((label, class), [pairs, found, still, error]) in sums {
        println!("| {label} | {class} | {pairs} | {found} | {error} | {still} |");
        let total = totals.entry(label).or_default();
        for (sum, each) in total.iter_mut().zip([pairs, found, still, error]) {
            *sum += each;
        }
    }
    for (label, [pairs, found, still, error]) in totals {
        let share = 100 * found / pairs.max(1);
        println!("| **{label}** | **all** | {pairs} | {found} ({share} %) | {error} | {still} |");
    }
}

fn read(list: &Path) -> anyhow::Result<Vec<Pair>> {
    let text = fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let pair = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default().to_owned();
        Pair {
            repo: cell(0),
            fix: cell(1),
            parent: cell(2),
            touched: cell(3),
            class: cell(4),
            label: cell(5),
            flag: cell(6),
        }
    };
    Ok(text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(pair).collect())
}

/// `owner/name` may lie there as `owner/name`, `owner+name` or `name`, itself or with a `repo` or `.git` below.
fn place(repos: &Path, name: &str) -> Option<PathBuf> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let names = [name.to_owned(), name.replace('/', "+"), last.to_owned(), format!("{last}.git")];
    let folders = names.iter().map(|name| repos.join(name)).filter(|folder| folder.exists());
    folders.map(|folder| if folder.join("repo").exists() { folder.join("repo") } else { folder }).next()
}

/// True when `text` names `path`, or the end of it: `Dockerfile` is not in `Dockerfile.web`, nor `nginx.conf` in
/// `web/nginx.conf`.
fn names(text: &str, path: &str) -> bool {
    let part = |char: char| char.is_alphanumeric() || "._-/".contains(char);
    let words = text.split(|char| !part(char)).map(|word| word.trim_matches(['.', '/']));
    words.filter(|word| !word.is_empty()).any(|word| path == word || path.ends_with(&format!("/{word}")))
}

fn is_there(repo: &Path, commit: &str, file: &str) -> bool {
    let mut git = Command::new("git");
    git.arg("-C").arg(repo).args(["cat-file", "-e", &format!("{commit}:{file}")]);
    git.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
}

fn judge(repo: &Path, commit: &str) -> anyhow::Result<Judged> {
    let begun = Instant::now();
    let output = shell::root().join("target").join("corpus.json");
    let mut child = Command::new(shell::root().join("target/release/preflight"))
        .args(["check", "--format", "json", "--today", "2026-11-24", "--commit", commit])
        .arg(repo)
        .stdout(fs::File::create(&output)?)
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if begun.elapsed() > DEADLINE {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let took = begun.elapsed();
    let fault = match status.map(|status| status.code()) {
        Some(Some(0 | 1)) => None,
        Some(code) => Some(format!("exit {code:?}")),
        None => Some("no answer in time".to_owned()),
    };
    let document: Value = serde_json::from_str(&fs::read_to_string(&output)?).unwrap_or(Value::Null);
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = document["findings"].as_array().into_iter().flatten().map(|finding| {
        let line = finding["line"].as_u64().unwrap_or(0);
        (
            text(finding, "rule"),
            text(finding, "severity"),
            text(finding, "path"),
            line,
            text(finding, "message"),
        )
    });
    Ok(Judged { findings: findings.collect(), took, fault })
}

//! The seven causes of a crash loop are found in `examples/crash-loop`, at the right place, and gone in the repaired one.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read the examples from disk")]

use std::fs;
use std::path::{Path, PathBuf};

use checker::finding::Severity;
use checker::fixture::MemoryTree;
use checker::report::Report;
use checker::snapshot::{Day, Trigger};
use checker::{Options, check};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

fn add(tree: MemoryTree, root: &Path, dir: &Path) -> MemoryTree {
    let mut tree = tree;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "__pycache__") {
                tree = add(tree, root, &path);
            }
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            tree = tree.with(&name, fs::read(&path).unwrap());
        }
    }
    tree
}

fn report(name: &str) -> Report {
    let root = example(name);
    let tree = add(MemoryTree::default(), &root, &root);
    let today = Day { year: 2026, month: 11, day: 24 };
    let options = Options { today, trigger: Some(Trigger::GitHub), config: None };
    check(&tree, &options).expect("there is no configuration").0
}

/// The one-based line of the first line of `path` that holds `text`.
fn line(path: &str, text: &str) -> usize {
    let content = fs::read_to_string(example("crash-loop").join(path)).unwrap();
    content.lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn every_cause_is_reported_at_its_file_and_line() {
    let main = "backend/worker/main.py";
    let health = "backend/worker/health.py";
    let expected = [
        ("redis-no-retry", main, line(main, "redis_conn.ping()")),
        ("healthcheck-server-after-redis", main, line(main, "redis_conn.ping()")),
        ("redis-localhost-default", main, line(main, "redis://localhost")),
        ("healthcheck-missing", "backend/worker/Dockerfile", 1),
        ("dockerfile-wrong-for-service", "railway.json", line("railway.json", "builder")),
        ("missing-dockerignore", "Dockerfile", line("Dockerfile", "COPY . .")),
        ("missing-dockerignore", "backend/worker/Dockerfile", line("backend/worker/Dockerfile", "COPY . .")),
        ("procfile-not-used", "backend/worker/Procfile", 1),
        ("port-hardcoded", health, line(health, "ThreadingHTTPServer((")),
    ];
    let report = report("crash-loop");
    let found: Vec<(&str, &str, usize)> = report
        .findings
        .iter()
        .map(|each| (each.finding.rule, each.finding.site.path.as_str(), each.start.line))
        .collect();
    for cause in expected {
        assert!(found.contains(&cause), "{cause:?} is not among {found:#?}");
    }
}

#[test]
fn the_crash_loop_has_an_error() {
    let report = report("crash-loop");
    let errors = report.findings.iter().filter(|each| each.finding.severity == Severity::Error);
    let rules: Vec<&str> = errors.map(|each| each.finding.rule).collect();
    assert_eq!(rules, ["redis-no-retry"]);
}

#[test]
fn the_repaired_example_has_nothing_above_a_note() {
    let report = report("crash-loop-fixed");
    let worse: Vec<_> = report
        .findings
        .iter()
        .filter(|each| each.finding.severity < Severity::Note)
        .map(|each| (each.finding.rule, &each.finding.message))
        .collect();
    assert!(worse.is_empty(), "{worse:#?}");
}

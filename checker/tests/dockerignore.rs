//! The predicted build context against what real builds received: `dockerignore/cases.json` holds ignore files and the
//! files that Docker sent for each.
//!
//! `cargo test -p checker --test dockerignore -- --ignored` asks a real daemon again; with `RECORD=1` it writes what the
//! daemon said into the data. `DOCKER` names the client (default `docker`); it must have BuildKit.
#![expect(clippy::disallowed_methods, reason = "compares with files on disk and a real Docker")]
#![expect(clippy::print_stderr, reason = "says aloud when there is no daemon")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use checker::facts::build_context::BuildContext;
use checker::fixture::MemoryTree;
use checker::snapshot::{Day, Snapshot, Trigger};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Data {
    /// Files of every case, each with its own path for content.
    tree: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Serialize, Deserialize)]
struct Case {
    name: String,
    dockerfile: String,
    /// Further files, among them the ignore files.
    files: BTreeMap<String, String>,
    /// Files of the tree that did not arrive; `None` when Docker refuses the ignore file.
    dropped: Option<Vec<String>>,
    /// What the BuildKit of Docker 20.10 dropped, where it differs: its matcher was replaced by moby/patternmatcher in
    /// 2022, and tonistiigi/fsutil learned to enter an ignored directory for an exception with a wildcard in 2021.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before_2022: Option<Recorded>,
    /// Where `dropped` was read in BuildKit's source, for want of a newer daemon to record it from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read: Option<String>,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Recorded {
    dropped: Option<Vec<String>>,
}

impl Data {
    fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dockerignore/cases.json")
    }

    fn read() -> Self {
        serde_json::from_slice(&std::fs::read(Self::path()).unwrap()).unwrap()
    }

    /// Path and content of every file of `case`.
    fn files(&self, case: &Case) -> BTreeMap<String, String> {
        let own = case.files.clone().into_iter();
        let dockerfile = (case.dockerfile.clone(), "FROM scratch\nCOPY . /\n".to_owned());
        self.tree.iter().map(|path| (path.clone(), path.clone())).chain(own).chain([dockerfile]).collect()
    }
}

/// What the checker believes: path and size of every file that arrives, or `None` for a refused ignore file.
fn predicted(case: &Case, files: &BTreeMap<String, String>) -> Option<BTreeMap<String, u64>> {
    let tree = files.iter().fold(MemoryTree::default(), |tree, (path, text)| tree.with(path, text.as_str()));
    let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::Local);
    let context = BuildContext::of(&snapshot, "", &case.dockerfile);
    if context.ignore.as_ref().is_some_and(|ignore| !ignore.errors.is_empty()) {
        return None;
    }
    let sizes = context.entries.iter().map(|entry| (entry.path.clone(), entry.size));
    let sizes: BTreeMap<String, u64> = sizes.collect();
    assert_eq!(context.bytes, sizes.values().sum::<u64>());
    Some(sizes)
}

/// The files that are missing from `arrived`.
fn dropped<V>(files: &BTreeMap<String, String>, arrived: &BTreeMap<String, V>) -> Vec<String> {
    files.keys().filter(|path| !arrived.contains_key(*path)).cloned().collect()
}

#[test]
fn every_recorded_build_received_what_is_predicted() {
    let data = Data::read();
    let mut wrong = Vec::new();
    for case in &data.cases {
        let files = data.files(case);
        let mine = predicted(case, &files).map(|arrived| dropped(&files, &arrived));
        if mine != case.dropped {
            wrong.push(format!("{}: Docker drops {:?}, we drop {mine:?}", case.name, case.dropped));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), data.cases.len(), wrong.join("\n"));
    assert!(data.cases.len() >= 60);
}

fn docker() -> Command {
    let mut docker = Command::new(std::env::var_os("DOCKER").unwrap_or_else(|| "docker".into()));
    docker.env("DOCKER_BUILDKIT", "1");
    docker
}

/// Builds `case` in `place`; the files of the image, or `None` when Docker refuses.
fn build(case: &Case, files: &BTreeMap<String, String>, place: &Path) -> Option<BTreeMap<String, u64>> {
    let context = place.join("context");
    for (path, text) in files {
        let path = context.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tar = place.join("image.tar");
    let output = docker()
        .args(["build", "-q", "-o"])
        .arg(format!("type=tar,dest={}", tar.display()))
        .arg("-f")
        .arg(context.join(&case.dockerfile))
        .arg(&context)
        .output()
        .unwrap();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let refused = said.contains("syntax error in pattern")
            || said.contains("illegal exclusion pattern")
            || said.contains("error parsing regexp");
        assert!(refused, "{}: the build failed for another reason:\n{said}", case.name);
        return None;
    }
    let out = place.join("image");
    std::fs::create_dir(&out).unwrap();
    let unpacked = Command::new("tar").arg("-xf").arg(&tar).arg("-C").arg(&out).status().unwrap();
    assert!(unpacked.success());
    let sizes = files.keys().filter_map(|path| {
        let found = std::fs::metadata(out.join(path)).ok()?;
        Some((path.clone(), found.len()))
    });
    Some(sizes.collect())
}

#[test]
#[ignore = "needs a Docker daemon with BuildKit"]
fn a_real_docker_receives_what_is_predicted() {
    let answer: std::io::Result<Output> =
        docker().args(["version", "--format", "{{.Server.Version}}"]).output();
    let Some(answer) = answer.ok().filter(|answer| answer.status.success()) else {
        eprintln!("NOT TESTED: no Docker daemon can be reached, so nothing was compared with real builds");
        return;
    };
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let old_docker = version.starts_with("20.");
    eprintln!("Docker {version}");
    let mut data = Data::read();
    let place = std::env::temp_dir().join(format!("preflight-dockerignore-{}", std::process::id()));
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for (number, case) in data.cases.iter().enumerate() {
        let files = data.files(case);
        let arrived = build(case, &files, &place.join(number.to_string()));
        let mine = predicted(case, &files);
        let old = old_docker
            && case
                .before_2022
                .as_ref()
                .is_some_and(|old| old.dropped == arrived.as_ref().map(|arrived| dropped(&files, arrived)));
        if mine != arrived && !old {
            let difference =
                |sizes: &Option<BTreeMap<String, u64>>| sizes.as_ref().map(|sizes| dropped(&files, sizes));
            wrong.push(format!(
                "{}: Docker drops {:?}, we drop {:?}",
                case.name,
                difference(&arrived),
                difference(&mine)
            ));
        }
        found.push(arrived.map(|arrived| dropped(&files, &arrived)));
    }
    std::fs::remove_dir_all(&place).unwrap();
    if std::env::var_os("RECORD").is_some() {
        for (case, dropped) in data.cases.iter_mut().zip(found) {
            if old_docker && case.before_2022.is_some() {
                case.before_2022 = Some(Recorded { dropped });
            } else {
                case.dropped = dropped;
            }
        }
        let mut text = serde_json::to_string_pretty(&data).unwrap();
        text.push('\n');
        std::fs::write(Data::path(), text).unwrap();
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), data.cases.len(), wrong.join("\n"));
}

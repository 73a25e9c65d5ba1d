//! `fix` and `baseline` as a person runs them: a process, a directory, git.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Two fixes in one file, and two rules that both want to create `.dockerignore`.
const DOCKERFILE: &str = "FROM alpine\nVOLUME /a\nCOPY . .\nVOLUME /b\nCMD [\"true\"]\n";

fn git(root: &Path, words: &[&str]) {
    let names = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").current_dir(root).args(names).args(words).output().unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A directory of `files`; with git, all of them are committed.
fn repository(files: &[(&str, &str)], tracked: bool) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    if tracked {
        git(root.path(), &["init", "-q"]);
        git(root.path(), &["add", "--all", "--force"]);
        git(root.path(), &["commit", "-q", "-m", "x"]);
    }
    root
}

fn preflight(root: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_preflight"));
    command.args(words).arg(root).args(["--today", "2026-11-24"]).stdin(Stdio::null()).env("NO_COLOR", "1");
    command.env("GIT_CEILING_DIRECTORIES", root.parent().unwrap()).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn read(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).unwrap()
}

#[test]
fn the_patch_that_is_shown_is_what_apply_writes() {
    let files = [
        ("Dockerfile", DOCKERFILE),
        (".env", "A=1\n"),
        ("a b/railway.json", "{\"build\": {\"builder\": \"NIXPACKS\"}}"),
    ];
    let (shown, written) = (repository(&files, true), repository(&files, true));
    let dry = preflight(shown.path(), &["fix"]);
    assert_eq!(
        (dry.status.code(), read(shown.path(), "Dockerfile").as_str()),
        (Some(0), DOCKERFILE),
        "nothing is written"
    );
    let patch = tempfile::NamedTempFile::new().unwrap();
    fs::write(patch.path(), &dry.stdout).unwrap();
    git(shown.path(), &["apply", &patch.path().to_string_lossy()]);
    let applied = preflight(written.path(), &["fix", "--apply"]);
    assert_eq!(applied.status.code(), Some(0), "{}", err(&applied));
    for path in ["Dockerfile", ".dockerignore", ".env", "a b/railway.json"] {
        assert_eq!(read(shown.path(), path), read(written.path(), path), "{path}");
    }
    assert_eq!(read(written.path(), "Dockerfile"), "FROM alpine\nCOPY . .\nCMD [\"true\"]\n");
    let again = preflight(written.path(), &["fix"]);
    assert_eq!(
        (out(&again).as_str(), err(&again).lines().last()),
        ("", Some("Nothing can be fixed mechanically."))
    );
}

#[test]
fn one_rule_is_fixed_when_one_is_asked_for() {
    let root = repository(&[("Dockerfile", DOCKERFILE), (".env", "A=1\n")], true);
    let fixed = preflight(root.path(), &["fix", "--apply", "--rule", "dockerfile-volume-instruction"]);
    assert_eq!(fixed.status.code(), Some(0));
    assert!(!root.path().join(".dockerignore").exists());
    assert!(!read(root.path(), "Dockerfile").contains("VOLUME"));
    let unknown = preflight(root.path(), &["fix", "--rule", "nope"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn what_git_could_not_bring_back_is_not_written() {
    let dirty = repository(
        &[("Dockerfile", "FROM alpine\n"), ("railway.json", "{\"build\": {\"builder\": \"NIXPACKS\"}}")],
        true,
    );
    fs::write(dirty.path().join("Dockerfile"), DOCKERFILE).unwrap();
    let untracked = repository(&[("README", "x\n")], true);
    fs::write(untracked.path().join("Dockerfile"), DOCKERFILE).unwrap();
    let ignored = repository(&[(".gitignore", "Dockerfile\n")], true);
    fs::write(ignored.path().join("Dockerfile"), DOCKERFILE).unwrap();
    let no_git = repository(&[("Dockerfile", DOCKERFILE)], false);
    for root in [&dirty, &untracked, &ignored, &no_git] {
        let words = ["fix", "--apply", "--trigger", "local"];
        let refused = preflight(root.path(), &words);
        assert_eq!(refused.status.code(), Some(2), "{}", out(&refused));
        assert!(
            err(&refused).contains("not committed") && err(&refused).contains("  Dockerfile\n"),
            "{}",
            err(&refused)
        );
        assert_eq!(read(root.path(), "Dockerfile"), DOCKERFILE);
        let allowed = preflight(root.path(), &[&words[..], &["--allow-dirty"]].concat());
        assert_eq!(allowed.status.code(), Some(0), "{}", err(&allowed));
        assert!(!read(root.path(), "Dockerfile").contains("VOLUME"));
    }
    assert!(!read(dirty.path(), "railway.json").contains("NIXPACKS"));
}

#[test]
fn a_refusal_leaves_every_file_as_it_was() {
    let root = repository(
        &[("Dockerfile", "FROM alpine\n"), ("railway.json", "{\"build\": {\"builder\": \"NIXPACKS\"}}")],
        true,
    );
    fs::write(root.path().join("Dockerfile"), DOCKERFILE).unwrap();
    assert_eq!(preflight(root.path(), &["fix", "--apply"]).status.code(), Some(2));
    assert!(read(root.path(), "railway.json").contains("NIXPACKS"));
}

#[test]
fn marks_line_ends_permissions_and_open_ends_stay() {
    let text = "\u{feff}FROM alpine\r\nVOLUME /a\r\nCMD [\"true\"]";
    let root = repository(&[("Dockerfile", text), (".dockerignore", ".git\n")], true);
    let path = root.path().join("Dockerfile");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
    git(root.path(), &["commit", "-qam", "mode"]);
    assert_eq!(preflight(root.path(), &["fix", "--apply"]).status.code(), Some(0));
    assert_eq!(read(root.path(), "Dockerfile"), "\u{feff}FROM alpine\r\nCMD [\"true\"]");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o750);
    let names: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "no file is left behind: {names:?}");
}

#[test]
fn nothing_is_written_through_a_link() {
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, DOCKERFILE).unwrap();
    let root = repository(&[("Dockerfile", DOCKERFILE), (".env", "A=1\n")], false);
    symlink(outside.path().join("new"), root.path().join(".dockerignore")).unwrap();
    fs::create_dir(root.path().join("d")).unwrap();
    symlink(&victim, root.path().join("d/Dockerfile")).unwrap();
    let done = preflight(root.path(), &["fix", "--apply", "--allow-dirty"]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert!(!outside.path().join("new").exists());
    assert_eq!(fs::read_to_string(&victim).unwrap(), DOCKERFILE);
}

#[test]
fn a_patch_for_reading_obeys_no_file_and_a_patch_for_git_is_as_it_is() {
    let text = "FROM alpine\nRUN echo \u{1b}[31m\u{202e}\nVOLUME /a\nCMD [\"true\"]\n";
    let root = repository(&[("x\u{1b}[2J\n::error::y.Dockerfile", text)], true);
    let raw = out(&preflight(root.path(), &["fix"]));
    assert!(raw.contains(" RUN echo \u{1b}[31m\u{202e}\n"), "{raw:?}");
    let words = ["fix", "--color", "always"];
    let shown = out(&preflight(root.path(), &words));
    assert!(
        shown.contains("RUN echo \\x1b[31m\\u{202e}") && shown.contains("\u{1b}[31m-VOLUME /a"),
        "{shown:?}"
    );
    let said = err(&preflight(root.path(), &words));
    assert!(!said.contains('\u{1b}') && !said.lines().any(|line| line.starts_with("::")), "{said:?}");
}

#[test]
fn a_baseline_makes_a_check_fail_on_new_findings_only() {
    let root = repository(&[("Dockerfile", DOCKERFILE)], true);
    assert_eq!(preflight(root.path(), &["check"]).status.code(), Some(1));
    let recorded = preflight(root.path(), &["baseline"]);
    assert_eq!(recorded.status.code(), Some(0), "{}", err(&recorded));
    let first = read(root.path(), ".github/preflight-baseline.json");
    let accepted = preflight(root.path(), &["check"]);
    assert_eq!(accepted.status.code(), Some(0), "{}", out(&accepted));
    assert!(out(&accepted).contains("Accepted by the baseline: 2 errors"));
    assert_eq!(preflight(root.path(), &["baseline"]).status.code(), Some(0));
    assert_eq!(
        read(root.path(), ".github/preflight-baseline.json"),
        first,
        "recording twice changes nothing"
    );
    fs::write(root.path().join("Dockerfile"), DOCKERFILE.replace("CMD", "VOLUME /new\nCMD")).unwrap();
    let new = preflight(root.path(), &["check"]);
    assert_eq!(new.status.code(), Some(1));
    assert!(out(&new).contains("1 error, 0 warnings, 0 notes"), "{}", out(&new));
    fs::write(root.path().join(".github/preflight-baseline.json"), "{}").unwrap();
    assert_eq!(preflight(root.path(), &["check"]).status.code(), Some(2));
    assert_eq!(preflight(root.path(), &["baseline"]).status.code(), Some(0), "a broken one is replaced");
}

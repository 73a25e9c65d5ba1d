//! `preflight fix`: a patch of everything mechanical, or the files themselves, where git could bring them back.

use std::fs::{self, Permissions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use checker::fix::{Fixed, Patched};
use checker::report::diff;

use crate::args::{Color, Fix};
use crate::run;
use crate::tree::{DirectoryTree, git};

/// Runs the command; an `Err` is a refusal or a fault, in words for the user.
pub(crate) fn run(args: &Fix) -> Result<ExitCode, String> {
    let tree = run::directory(&args.judged)?;
    let wanted = |rule: &str| args.rule.is_empty() || args.rule.iter().any(|id| id == rule);
    let fixed = checker::fix::all(&tree, &run::options(&args.judged)?, &wanted)
        .map_err(|errors| run::said(&errors))?;
    if args.apply {
        if !args.allow_dirty {
            refuse_unrecoverable(&args.judged.path, &tree, &fixed)?;
        }
        for file in &fixed.files {
            write(&tree.place(&file.path), file)
                .map_err(|error| format!("cannot write {}: {error}", file.path))?;
        }
    } else {
        show(&patch(&fixed), args.color)?;
    }
    anstream::eprint!("{}", summary(&fixed, args.apply));
    Ok(ExitCode::SUCCESS)
}

fn patch(fixed: &Fixed) -> String {
    let of = |file: &Patched| {
        let before = file.before.as_deref().map(String::from_utf8_lossy);
        diff::unified(&file.path, before.as_deref(), &String::from_utf8_lossy(&file.after))
    };
    fixed.files.iter().map(of).collect()
}

/// As it is for `git apply`; on a terminal, or when colour is asked for, for reading.
fn show(patch: &str, color: Color) -> Result<(), String> {
    let read_by_a_person = match color {
        Color::Auto => io::stdout().is_terminal(),
        Color::Always => true,
        Color::Never => false,
    };
    if read_by_a_person {
        return run::print(&diff::coloured(patch), color);
    }
    let mut out = io::stdout().lock();
    match out.write_all(patch.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write the patch: {error}"))
        }
        _ => Ok(()),
    }
}

fn summary(fixed: &Fixed, applied: bool) -> String {
    let shown = |text: &str| text.escape_debug().to_string();
    let mut out = String::new();
    for each in &fixed.applied {
        out += &format!("{}: {} [{}]\n", shown(&each.place), each.title, each.rule);
    }
    for each in &fixed.left {
        out += &format!("not fixed: {} [{}]: {}\n", shown(&each.place), each.rule, shown(&each.reason));
    }
    for error in &fixed.new_errors {
        out += &format!("now to be seen: {}\n", shown(error));
    }
    let files = fixed.files.len();
    let files = format!("{files} file{}", if files == 1 { "" } else { "s" });
    out + &match (fixed.files.is_empty(), applied) {
        (true, _) => "Nothing can be fixed mechanically.\n".to_owned(),
        (false, true) => format!("Changed {files}.\n"),
        (false, false) => format!("{files} would change; --apply changes them.\n"),
    }
}

/// An error when a file that would change has a state that no commit holds.
fn refuse_unrecoverable(root: &Path, tree: &DirectoryTree, fixed: &Fixed) -> Result<(), String> {
    let mut dirty = Vec::new();
    for file in fixed.files.iter().filter(|file| file.before.is_some()) {
        if !committed(root, &tree.place(&file.path))? {
            dirty.push(format!("  {}", file.path.escape_debug()));
        }
    }
    if dirty.is_empty() {
        return Ok(());
    }
    let list = dirty.join("\n");
    Err(format!(
        "these files have changes that are not committed, so a fix could not be taken back:\n{list}\nCommit them, or give --allow-dirty."
    ))
}

/// True when git holds `path` as it is now.
fn committed(root: &Path, path: &Path) -> Result<bool, String> {
    let path = fs::canonicalize(path).map_err(|error| format!("cannot find {}: {error}", path.display()))?;
    let mut git = git(root);
    git.args([
        "--literal-pathspecs",
        "status",
        "--porcelain",
        "-z",
        "--untracked-files=all",
        "--ignored",
        "--",
    ]);
    let output = git.arg(path).output().map_err(|error| format!("cannot run git: {error}"))?;
    Ok(output.status.success() && output.stdout.is_empty())
}

/// Replaces or creates one file; a reader never sees half of it, and its permissions stay.
fn write(path: &Path, file: &Patched) -> io::Result<()> {
    if file.before.is_none() {
        let mut new = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
        return new.write_all(&file.after);
    }
    let permissions = fs::symlink_metadata(path)?.permissions();
    let beside = beside(path);
    let result = fill(&beside, &file.after, permissions).and_then(|()| fs::rename(&beside, path));
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

fn fill(path: &Path, content: &[u8], permissions: Permissions) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content)?;
    file.set_permissions(permissions)
}

/// A name in the same directory that nobody uses.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".preflight-{}", std::process::id()));
    path.with_file_name(name)
}

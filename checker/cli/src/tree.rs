//! The native trees: a working directory, and a commit read from git's objects.

mod commit;
mod directory;

pub(crate) use commit::CommitTree;
pub(crate) use directory::DirectoryTree;

use std::path::Path;
use std::process::{Command, Stdio};

/// A git that works in `directory`, asks for nothing, starts nothing the repository names, and takes any owner of the
/// files: it only reads.
pub(crate) fn git(directory: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(directory).args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false"]);
    git.stdin(Stdio::null()).stderr(Stdio::null());
    git
}

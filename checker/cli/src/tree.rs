//! The native trees: a working directory, and a commit read from git's objects.

mod commit;
mod directory;

pub(crate) use commit::CommitTree;
pub(crate) use directory::DirectoryTree;

use std::path::Path;
use std::process::{Command, Stdio};

/// A git that works in `directory`, asks for nothing and takes any owner of the files: it only reads.
fn git(directory: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(directory).args(["-c", "safe.directory=*"]).stdin(Stdio::null()).stderr(Stdio::null());
    git
}

//! A commit, read from git's objects: the files a deploy from GitHub has. Bare repositories do too.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use checker::snapshot::{Entry, EntryKind, ReadError, Tree};

/// Files of one commit.
pub(crate) struct CommitTree {
    entries: Vec<Entry>,
    /// Object of each entry.
    objects: Vec<String>,
    reader: RefCell<Reader>,
}

/// One long-lived `git cat-file --batch`.
struct Reader {
    child: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.ask.take());
        let _ = self.child.wait();
    }
}

impl CommitTree {
    /// Lists commit `rev` of the repository at `place`; from a directory inside a work tree, only that directory.
    pub(crate) fn open(place: &Path, rev: &str) -> Result<Self, String> {
        let git = |error: std::io::Error| format!("cannot run git: {error}");
        let verify = super::git(place)
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{rev}^{{commit}}"))
            .output();
        let verify = verify.map_err(git)?;
        if !verify.status.success() {
            return Err(format!("`{rev}` is not a commit of a git repository at {}", place.display()));
        }
        let commit = String::from_utf8_lossy(&verify.stdout).trim().to_owned();
        let mut listing = super::git(place)
            .args(["ls-tree", "-r", "-l", "-z", &commit])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(git)?;
        let Some(records) = listing.stdout.take() else { return Err("cannot talk to git".into()) };
        // Records are read while git writes them.
        let mut found: Vec<(Entry, String)> = Vec::new();
        for each in BufReader::with_capacity(1 << 16, records).split(0) {
            found.extend(record(&each.map_err(git)?));
        }
        if !listing.wait().map_err(git)?.success() {
            return Err(format!("git cannot list {commit} at {}", place.display()));
        }
        found.sort_unstable_by(|one, other| one.0.path.cmp(&other.0.path));
        let (entries, objects) = found.into_iter().unzip();
        let mut child = super::git(place)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(git)?;
        let (Some(ask), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("cannot talk to git".into());
        };
        let reader = Reader { child, ask: Some(ask), answer: BufReader::new(answer) };
        Ok(Self { entries, objects, reader: RefCell::new(reader) })
    }
}

/// Reads `<mode> <type> <object> <size>\t<path>`.
fn record(record: &[u8]) -> Option<(Entry, String)> {
    let tab = record.iter().position(|byte| *byte == b'\t')?;
    let head = String::from_utf8_lossy(&record[..tab]);
    let mut words = head.split_whitespace();
    let (mode, _, object, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let mut entry = Entry::file(String::from_utf8_lossy(&record[tab + 1..]), size.parse().unwrap_or(0));
    entry.executable = mode == "100755";
    entry.kind = match mode {
        "120000" => EntryKind::Symlink,
        "160000" => EntryKind::Submodule,
        _ => EntryKind::File,
    };
    Some((entry, object.to_owned()))
}

impl Reader {
    fn object(&mut self, object: &str, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
        let ask = self.ask.as_mut().ok_or(std::io::ErrorKind::BrokenPipe)?;
        writeln!(ask, "{object}")?;
        ask.flush()?;
        let mut head = String::new();
        self.answer.read_line(&mut head)?;
        let Some(size) = head.trim().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok()) else {
            return Ok(None);
        };
        let mut content = Vec::new();
        self.answer.by_ref().take(size.min(limit)).read_to_end(&mut content)?;
        std::io::copy(&mut self.answer.by_ref().take(size.saturating_sub(limit) + 1), &mut std::io::sink())?;
        Ok(Some(content))
    }
}

impl Tree for CommitTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .map_err(|_| ReadError::Missing)?;
        let read = self.reader.borrow_mut().object(&self.objects[at], limit);
        read.map_err(|error| ReadError::Failed(error.to_string()))?.ok_or(ReadError::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_commit_is_listed_and_read_whatever_the_directory_holds_now() {
        let root = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            let status = super::super::git(root.path())
                .args(["-c", "user.name=a", "-c", "user.email=a@b"])
                .args(args)
                .stdout(Stdio::null())
                .status();
            assert!(status.unwrap().success(), "git {args:?}");
        };
        git(&["init", "-q"]);
        fs::create_dir(root.path().join("d")).unwrap();
        fs::write(root.path().join("d/a\nb"), "one").unwrap();
        fs::write(root.path().join("z"), "two").unwrap();
        git(&["add", "."]);
        git(&["commit", "-qm", "x"]);
        fs::remove_file(root.path().join("z")).unwrap();
        let tree = CommitTree::open(root.path(), "HEAD").unwrap();
        assert_eq!(
            tree.entries().iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(),
            ["d/a\nb", "z"]
        );
        assert_eq!(tree.read("z", 10).unwrap(), b"two");
        assert_eq!(tree.read("z", 1).unwrap(), b"t");
        assert_eq!(tree.read("d/a\nb", 10).unwrap(), b"one");
        let below = CommitTree::open(&root.path().join("d"), "HEAD").unwrap();
        assert_eq!(below.entries()[0].path, "a\nb");
        assert!(CommitTree::open(root.path(), "nope").err().unwrap().contains("`nope` is not a commit"));
    }
}

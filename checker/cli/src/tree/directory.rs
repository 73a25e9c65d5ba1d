//! A working directory, with git's word on which files are tracked.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use checker::snapshot::{Entry, EntryKind, ReadError, Tree};

/// Files of a directory. Links are entries and are never followed, so a loop does no harm.
pub(crate) struct DirectoryTree {
    root: PathBuf,
    entries: Vec<Entry>,
    /// Real names of the files whose name is not UTF-8.
    odd_names: HashMap<String, PathBuf>,
    /// What could not be read, for the user.
    pub(crate) warnings: Vec<String>,
}

impl DirectoryTree {
    /// Lists `root`.
    pub(crate) fn open(root: &Path) -> Result<Self, String> {
        let found =
            fs::metadata(root).map_err(|error| format!("cannot check {}: {error}", root.display()))?;
        if !found.is_dir() {
            return Err(format!("cannot check {}: it is not a directory", root.display()));
        }
        // Git lists the index while we walk.
        let git = super::git(root).args(["ls-files", "--stage", "-z"]).stdout(Stdio::piped()).spawn();
        let mut tree = Self {
            root: root.to_owned(),
            entries: Vec::new(),
            odd_names: HashMap::new(),
            warnings: Vec::new(),
        };
        tree.walk();
        tree.entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        if let Some(output) =
            git.and_then(std::process::Child::wait_with_output).ok().filter(|output| output.status.success())
        {
            if output.stdout.is_empty() && !tree.entries.is_empty() {
                tree.warnings
                    .push("git tracks nothing here yet: judged as if every file were committed".to_owned());
            } else {
                tree.mark(&output.stdout);
            }
        }
        Ok(tree)
    }

    /// Where the file called `path` is.
    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.odd_names
            .get(path)
            .cloned()
            .unwrap_or_else(|| self.root.join(OsStr::from_bytes(path.as_bytes())))
    }

    fn walk(&mut self) {
        let mut pending = vec![(self.root.clone(), String::new())];
        while let Some((directory, prefix)) = pending.pop() {
            let listed = match fs::read_dir(&directory) {
                Ok(listed) => listed,
                Err(error) => {
                    self.warnings.push(format!("{}: {error}", directory.display()));
                    continue;
                }
            };
            for item in listed.flatten() {
                self.visit(&item, &prefix, &mut pending);
            }
        }
    }

    fn visit(&mut self, item: &DirEntry, prefix: &str, pending: &mut Vec<(PathBuf, String)>) {
        let name = item.file_name();
        if name == OsStr::new(".git") {
            return;
        }
        let shown = name.to_string_lossy();
        let path = if prefix.is_empty() { shown.clone().into_owned() } else { format!("{prefix}/{shown}") };
        let Ok(kind) = item.file_type() else { return };
        if kind.is_dir() {
            pending.push((item.path(), path));
            return;
        }
        // Sockets, pipes and devices are no files of a repository.
        let metadata = match item.metadata() {
            Ok(metadata) if kind.is_file() || kind.is_symlink() => metadata,
            Ok(_) => return,
            Err(error) => {
                self.warnings.push(format!("{path}: {error}"));
                return;
            }
        };
        if matches!(shown, std::borrow::Cow::Owned(_)) || !prefix.is_ascii() {
            self.odd_names.insert(path.clone(), item.path());
        }
        let mut entry = Entry::file(path, metadata.len());
        entry.executable = metadata.permissions().mode() & 0o111 != 0;
        if kind.is_symlink() {
            entry.kind = EntryKind::Symlink;
        }
        self.entries.push(entry);
    }

    /// Takes `<mode> <object> <stage>\t<path>` records: what is not among them is not tracked.
    fn mark(&mut self, index: &[u8]) {
        for entry in &mut self.entries {
            entry.tracked = false;
        }
        let mut submodules = Vec::new();
        let mut from = 0;
        for record in index.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
            let Some(tab) = record.iter().position(|byte| *byte == b'\t') else { continue };
            let path = String::from_utf8_lossy(&record[tab + 1..]);
            if record.starts_with(b"160000 ") {
                submodules.push(path.into_owned());
                continue;
            }
            // Both lists are sorted by bytes, so the search goes on where the last one ended.
            let rest = &mut self.entries[from..];
            let at = match rest.first() {
                Some(next) if next.path == path => Ok(0),
                _ => rest.binary_search_by(|entry| entry.path.as_str().cmp(&path)),
            };
            match at {
                Ok(at) => {
                    rest[at].tracked = true;
                    from += at + 1;
                }
                Err(at) => from += at,
            }
        }
        for path in submodules {
            let entry = Entry { kind: EntryKind::Submodule, ..Entry::file(path, 0) };
            if let Err(at) = self.entries.binary_search_by(|known| known.path.cmp(&entry.path)) {
                self.entries.insert(at, entry);
            }
        }
    }
}

impl Tree for DirectoryTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::Missing,
            _ => ReadError::Failed(error.to_string()),
        };
        // Room for one byte more than there is: the end is seen without another read.
        let known = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path));
        let size = known.map_or(0, |at| self.entries[at].size.min(limit));
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        File::open(self.place(path))
            .map_err(failed)?
            .take(limit)
            .read_to_end(&mut content)
            .map_err(failed)?;
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn git(root: &Path, args: &[&str]) {
        let status = super::super::git(root)
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(args)
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "git {args:?}");
    }

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn listed(tree: &DirectoryTree) -> Vec<(&str, bool)> {
        tree.entries().iter().map(|entry| (entry.path.as_str(), entry.tracked)).collect()
    }

    #[test]
    fn without_git_everything_counts_as_tracked() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "a/b", "x");
        let tree = DirectoryTree::open(root.path()).unwrap();
        assert_eq!(listed(&tree), [("a/b", true)]);
        assert_eq!(tree.read("a/b", 10).unwrap(), b"x");
        assert_eq!(tree.read("c", 10), Err(ReadError::Missing));
    }

    #[test]
    fn a_repository_that_tracks_nothing_yet_is_judged_as_if_it_did() {
        let root = tempfile::tempdir().unwrap();
        git(root.path(), &["init", "-q"]);
        put(root.path(), "a", "x");
        let tree = DirectoryTree::open(root.path()).unwrap();
        assert_eq!(listed(&tree), [("a", true)]);
        assert_eq!(tree.warnings.len(), 1);
    }

    #[test]
    fn git_says_what_is_tracked_from_a_directory_below_too() {
        let root = tempfile::tempdir().unwrap();
        git(root.path(), &["init", "-q"]);
        put(root.path(), "sub/in", "1");
        put(root.path(), "sub-more", "1");
        git(root.path(), &["add", "."]);
        put(root.path(), "sub/out", "2");
        let tree = DirectoryTree::open(&root.path().join("sub")).unwrap();
        assert_eq!(listed(&tree), [("in", true), ("out", false)]);
        let tree = DirectoryTree::open(root.path()).unwrap();
        assert_eq!(listed(&tree), [("sub-more", true), ("sub/in", true), ("sub/out", false)]);
    }

    #[test]
    fn links_that_loop_and_odd_names_do_no_harm() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "d/line\nbreak", "1");
        symlink("..", root.path().join("d/loop")).unwrap();
        let odd = OsStr::from_bytes(b"d/\xff.txt");
        fs::write(root.path().join(odd), "odd").unwrap();
        let tree = DirectoryTree::open(root.path()).unwrap();
        let kinds: Vec<EntryKind> = tree.entries().iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [EntryKind::File, EntryKind::Symlink, EntryKind::File]);
        assert_eq!(tree.read("d/\u{fffd}.txt", 10).unwrap(), b"odd");
    }

    #[test]
    fn what_is_not_a_directory_is_named() {
        let error = DirectoryTree::open(Path::new("/nowhere/at/all")).err().unwrap();
        assert!(error.starts_with("cannot check /nowhere/at/all:"), "{error}");
    }
}

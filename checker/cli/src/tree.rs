//! Temporary.
use checker::snapshot::*;
use std::path::*;
pub(crate) struct DirectoryTree {
    root: PathBuf,
    entries: Vec<Entry>,
}
impl DirectoryTree {
    pub(crate) fn open(p: &Path) -> std::io::Result<Self> {
        let mut e = vec![];
        fn go(root: &Path, d: &Path, e: &mut Vec<Entry>) {
            for x in std::fs::read_dir(d).unwrap() {
                let x = x.unwrap();
                let p = x.path();
                if p.file_name().unwrap() == ".git" {
                    continue;
                }
                if x.file_type().unwrap().is_dir() {
                    go(root, &p, e)
                } else {
                    let mut n = Entry::file(
                        p.strip_prefix(root).unwrap().to_string_lossy().to_string(),
                        x.metadata().unwrap().len(),
                    );
                    use std::os::unix::fs::PermissionsExt;
                    n.executable = x.metadata().unwrap().permissions().mode() & 0o111 != 0;
                    e.push(n)
                }
            }
        }
        go(p, p, &mut e);
        e.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root: p.into(), entries: e })
    }
}
impl Tree for DirectoryTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }
    fn read(&self, p: &str, _: u64) -> Result<Vec<u8>, ReadError> {
        std::fs::read(self.root.join(p)).map_err(|e| ReadError::Failed(e.to_string()))
    }
}
pub(crate) struct CommitTree(DirectoryTree);
impl CommitTree {
    pub(crate) fn open(p: &Path, _: &str) -> std::io::Result<Self> {
        Ok(Self(DirectoryTree::open(p)?))
    }
}
impl Tree for CommitTree {
    fn entries(&self) -> &[Entry] {
        self.0.entries()
    }
    fn read(&self, p: &str, l: u64) -> Result<Vec<u8>, ReadError> {
        self.0.read(p, l)
    }
}

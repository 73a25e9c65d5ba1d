//! The cases: small Dockerfiles over one shared tree.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use checker::fixture::MemoryTree;
use checker::snapshot::{Entry, EntryKind, Tree};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    /// Files of every case, each with its own path for content.
    tree: Vec<String>,
    /// Those of them that are executable.
    executable: BTreeSet<String>,
    /// Symbolic links of every case.
    links: BTreeMap<String, String>,
    /// The path of a tar archive.
    archive: String,
    #[serde(rename = "case")]
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The Dockerfile's path.
    #[serde(default = "usual")]
    pub(crate) path: String,
    dockerfile: String,
    /// True when the Dockerfile's lines end in CR LF.
    #[serde(default)]
    crlf: bool,
    /// Further files, among them the ignore files.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// The stage that is built; the last one when it is left out.
    pub(crate) target: Option<String>,
    /// First version of Docker whose own frontend reads the Dockerfile.
    #[serde(default)]
    pub(crate) since: u32,
}

fn usual() -> String {
    "Dockerfile".to_owned()
}

/// A path below the directory of this test.
pub(crate) fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/image").join(name)
}

/// What one path of a case is.
pub(crate) enum Content {
    File(Vec<u8>, bool),
    Link(String),
}

impl Data {
    pub(crate) fn read() -> Self {
        toml::from_str(&std::fs::read_to_string(beside("cases.toml")).unwrap()).unwrap()
    }

    /// Every path of `case`.
    pub(crate) fn paths(&self, case: &Case) -> BTreeMap<String, Content> {
        let line_end = if case.crlf { "\r\n" } else { "\n" };
        let dockerfile = case.dockerfile.replace('\n', line_end);
        let shared = self.tree.iter().map(|path| (path.clone(), path.clone()));
        let texts = shared.chain(case.files.clone()).chain([(case.path.clone(), dockerfile)]);
        let file = |(path, text): (String, String)| {
            let executable = self.executable.contains(&path);
            (path, Content::File(text.into_bytes(), executable))
        };
        let links = self.links.iter().map(|(path, to)| (path.clone(), Content::Link(to.clone())));
        texts
            .map(file)
            .chain(links)
            .chain([(self.archive.clone(), Content::File(archive(), false))])
            .collect()
    }
}

/// A tar archive with `packed/inner.txt` in it.
fn archive() -> Vec<u8> {
    let text = b"packed/inner.txt";
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "packed/inner.txt", text.as_slice()).unwrap();
    archive.into_inner().unwrap()
}

/// The tree as the checker is handed it.
pub(crate) fn in_memory(paths: &BTreeMap<String, Content>) -> MemoryTree {
    let mut tree = MemoryTree::default();
    for (path, content) in paths {
        let (kind, executable, bytes) = match content {
            Content::File(bytes, executable) => (EntryKind::File, *executable, bytes.clone()),
            Content::Link(to) => (EntryKind::Symlink, false, to.clone().into_bytes()),
        };
        let entry = Entry { kind, executable, ..Entry::file(path, bytes.len() as u64) };
        tree.insert(entry, bytes);
    }
    tree
}

/// `tree` as Docker is handed it.
pub(crate) fn written(tree: &dyn Tree, root: &Path) {
    let content = |entry: &Entry| Content::File(tree.read(&entry.path, u64::MAX).unwrap(), entry.executable);
    let paths = tree.entries().iter().map(|entry| (entry.path.clone(), content(entry)));
    on_disk(&paths.collect(), root);
}

/// The files as Docker is handed them.
pub(crate) fn on_disk(paths: &BTreeMap<String, Content>, root: &Path) {
    for (path, content) in paths {
        let place = root.join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        match content {
            Content::File(bytes, executable) => {
                std::fs::write(&place, bytes).unwrap();
                let mode = if *executable { 0o755 } else { 0o644 };
                std::fs::set_permissions(&place, std::fs::Permissions::from_mode(mode)).unwrap();
            }
            Content::Link(to) => symlink(to, &place).unwrap(),
        }
    }
}

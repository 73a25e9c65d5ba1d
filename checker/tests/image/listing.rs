//! The files of a real image, as `docker export` lists them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest content that is kept.
const TEXT: usize = 120;
/// Links that lead to links.
const HOPS: usize = 20;

/// One path of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Node {
    /// `f`, `d` or `l`; `o` is anything else.
    pub(crate) kind: char,
    pub(crate) mode: u32,
    pub(crate) owner: String,
    /// The content of a short file, the target of a link.
    pub(crate) text: String,
}

impl fmt::Display for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {:o} {} {}", self.kind, self.mode, self.owner, self.text)
    }
}

impl From<Node> for String {
    fn from(node: Node) -> Self {
        node.to_string()
    }
}

impl FromStr for Node {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut parts = line.splitn(4, ' ');
        let mut part = || parts.next().ok_or_else(|| format!("`{line}` is no file"));
        Ok(Self {
            kind: part()?.chars().next().unwrap_or('o'),
            mode: u32::from_str_radix(part()?, 8).map_err(|error| error.to_string())?,
            owner: part()?.to_owned(),
            text: part()?.to_owned(),
        })
    }
}

impl TryFrom<String> for Node {
    type Error = String;

    fn try_from(line: String) -> Result<Self, String> {
        line.parse()
    }
}

/// Every path of an image, without the first slash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Listing(pub(crate) BTreeMap<String, Node>);

impl Listing {
    /// Reads an exported container. Where the runtime puts files of its own is left out.
    pub(crate) fn of_tar(bytes: &[u8]) -> Self {
        let mut found: BTreeMap<String, Node> = BTreeMap::new();
        for entry in tar::Archive::new(bytes).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().trim_matches('/').to_owned();
            if path.is_empty() || is_of_the_runtime(&path) {
                continue;
            }
            let header = entry.header().clone();
            let target = entry.link_name().unwrap().map(|to| to.to_string_lossy().into_owned());
            if header.entry_type().is_hard_link() {
                let same = target.and_then(|to| found.get(to.trim_matches('/')).cloned());
                found.extend(same.map(|node| (path, node)));
                continue;
            }
            let mut text = String::new();
            if header.entry_type().is_file() && header.size().unwrap() < TEXT as u64 {
                entry.read_to_string(&mut text).unwrap();
            }
            let kind = match header.entry_type() {
                tar::EntryType::Directory => 'd',
                tar::EntryType::Symlink => 'l',
                kind if kind.is_file() => 'f',
                _ => 'o',
            };
            let owner = format!("{}:{}", header.uid().unwrap(), header.gid().unwrap());
            let mode = header.mode().unwrap() & 0o7777;
            found.insert(path, Node { kind, mode, owner, text: target.unwrap_or(text) });
        }
        Self(found)
    }

    /// What is worth keeping beside `base`: what differs, and the directories at the top.
    pub(crate) fn beside(&self, base: &Self) -> Self {
        let own = self.0.iter().filter(|(path, node)| !path.contains('/') || base.0.get(*path) != Some(node));
        Self(own.map(|(path, node)| (path.clone(), node.clone())).collect())
    }

    /// What lies at `path`, links followed.
    pub(crate) fn at(&self, path: &str) -> Option<&Node> {
        self.follow(path, HOPS)
    }

    fn follow(&self, path: &str, hops: usize) -> Option<&Node> {
        let links = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for at in links {
            let (head, rest) = path.split_at(at);
            let Some(node) = self.0.get(head).filter(|node| node.kind == 'l' && hops > 0) else { continue };
            let dir = if node.text.starts_with('/') {
                ""
            } else {
                head.rsplit_once('/').map_or("", |(dir, _)| dir)
            };
            let target = resolved(dir, &format!("{}{rest}", node.text));
            return self.follow(&target, hops - 1).or(Some(node).filter(|_| rest.is_empty()));
        }
        self.0.get(path)
    }
}

fn resolved(dir: &str, path: &str) -> String {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// True for what a container has and its image has not.
pub(crate) fn is_of_the_runtime(path: &str) -> bool {
    let top = path.split('/').next().unwrap_or(path);
    matches!(top, "dev" | "proc" | "sys" | "etc" | ".dockerenv")
}

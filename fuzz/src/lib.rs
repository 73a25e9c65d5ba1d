//! What the fuzz targets share.

use checker::Options;
use checker::fixture::MemoryTree;
use checker::snapshot::Day;

/// Checks the repository of `files`, each a path and its content.
pub fn check(files: &[(&str, &str)]) {
    let tree = files.iter().fold(MemoryTree::default(), |tree, (path, content)| tree.with(path, *content));
    let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
    let _ = checker::check(&tree, &options);
}

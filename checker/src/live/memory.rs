//! Whether the memory that the code allows itself fits into the container.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::Live;
use super::audit::{self, Item, Standing};
use crate::facts::Facts;
use crate::facts::pattern::caseless;

const MIB: u64 = 1024 * 1024;

/// A name that speaks of a limit on memory in megabytes, and a number on the same line.
static LIMIT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let (memory, limit) = ("(?:MEMORY|MEM|RSS)", "(?:LIMIT|MAX|HARD)");
    let names = format!("[A-Z_]*{memory}[A-Z_]*{limit}[A-Z_]*MB|[A-Z_]*{limit}[A-Z_]*{memory}[A-Z_]*MB");
    caseless(&format!(r"\b({names})\b[^=\n]{{0,40}}=[^=\n]*?\b(\d{{2,6}})\b"))
});

/// The largest limit that the code sets itself: megabytes, name and `path:line`.
pub(super) fn in_code(facts: &Facts<'_>) -> Option<(u64, String, String)> {
    let sources = facts.snapshot.entries().iter().filter(|entry| {
        let source = [".py", ".rs", ".ts", ".js", ".mjs"].iter().any(|end| entry.path.ends_with(end));
        source
            && !entry
                .path
                .split('/')
                .any(|part| part.starts_with("test") || part == "node_modules" || part == "dist")
    });
    let mut largest: Option<(u64, String, String)> = None;
    for entry in sources {
        let Ok(text) = facts.snapshot.text(&entry.path) else { continue };
        for found in LIMIT.as_ref()?.captures_iter(text.text.as_bytes()) {
            let Some(number) = std::str::from_utf8(&found[2]).ok().and_then(|text| text.parse().ok()) else {
                continue;
            };
            if largest.as_ref().is_none_or(|(known, ..)| number > *known) {
                let line = text.position(found.get(0).map_or(0, |all| all.start())).line;
                largest = Some((
                    number,
                    String::from_utf8_lossy(&found[1]).into_owned(),
                    format!("{}:{line}", entry.path),
                ));
            }
        }
    }
    largest
}

pub(super) fn container(live: &Live) -> Option<u64> {
    live.memory_bytes.map(|bytes| bytes / MIB)
}

pub(super) fn item(facts: &Facts<'_>, live: &Live) -> Item {
    let Some(limit) = container(live) else {
        return Item {
            remark: live.reason("limits"),
            ..audit::item("Memory", "Memory limit", Standing::Unknown, "")
        };
    };
    let mut row = item_of(limit);
    if let Some((code, name, place)) = in_code(facts) {
        row.expected = format!("at least {code} MB ({name})");
        row.place = place;
        row.standing = if code > limit { Standing::Wrong } else { Standing::Right };
        if code > limit {
            row.remark = "the container is killed before the code's own limit is reached".into();
        }
    }
    row
}

fn item_of(container: u64) -> Item {
    audit::item("Memory", "Memory limit", Standing::Shown, format!("{container} MB"))
}

//! A tree whose files are handed in by JavaScript.

use checker::snapshot::{Entry, EntryKind, ReadError, Tree};

use crate::Host;

/// The host's files.
pub(crate) struct HostTree<'h> {
    host: &'h Host,
    entries: Vec<Entry>,
}

impl<'h> HostTree<'h> {
    /// Asks the host for its list, once.
    pub(crate) fn open(host: &'h Host) -> Result<Self, String> {
        let list = host.entries().map_err(|error| format!("entries() failed: {error:?}"))?;
        Ok(Self { host, entries: decode(&list)? })
    }
}

impl Tree for HostTree<'_> {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
        let read = self.host.read(path, limit as f64);
        read.map_err(|error| ReadError::Failed(format!("{error:?}")))?.ok_or(ReadError::Missing)
    }
}

/// Reads NUL-separated records `<t|u><f|x|l|s> <size> <path>`.
fn decode(list: &str) -> Result<Vec<Entry>, String> {
    let records = list.split('\0').filter(|record| !record.is_empty());
    let mut entries = records.map(record).collect::<Result<Vec<_>, _>>()?;
    checker::order::sort_by(&mut entries, |one, other| one.path.cmp(&other.path));
    entries.dedup_by(|one, other| one.path == other.path);
    Ok(entries)
}

fn record(record: &str) -> Result<Entry, String> {
    let wrong = || format!("entries(): '{record}' is not '<t|u><f|x|l|s> <size> <path>'");
    let mut parts = record.splitn(3, ' ');
    let flags = parts.next().ok_or_else(wrong)?;
    let size = parts.next().and_then(|size| size.parse().ok()).ok_or_else(wrong)?;
    let path = parts.next().filter(|path| !path.is_empty()).ok_or_else(wrong)?;
    let mut entry = Entry::file(path, size);
    entry.tracked = match flags.get(..1) {
        Some("t") => true,
        Some("u") => false,
        _ => return Err(wrong()),
    };
    match flags.get(1..) {
        Some("f") => {}
        Some("x") => entry.executable = true,
        Some("l") => entry.kind = EntryKind::Symlink,
        Some("s") => entry.kind = EntryKind::Submodule,
        _ => return Err(wrong()),
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_may_come_in_any_order_and_paths_may_hold_blanks_and_newlines() {
        let entries = decode("tx 3 b c\n\0us 0 a\0").unwrap();
        assert_eq!(entries[0].kind, EntryKind::Submodule);
        assert!(!entries[0].tracked);
        assert_eq!(entries[1].path, "b c\n");
        assert!(entries[1].executable);
    }

    #[test]
    fn a_malformed_record_is_an_error() {
        assert!(decode("f 3 a").is_err());
        assert!(decode("tf x a").is_err());
        assert!(decode("tf 3").is_err());
    }
}

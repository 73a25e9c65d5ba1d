//! Ranges of versions as npm writes them (<https://github.com/npm/node-semver#ranges>): enough to tell whether a version
//! can lie in one, and whether two can meet. A pre-release counts as its release.

/// Major, minor, patch.
pub type Version = [u64; 3];

/// A range: each pair is the first version that is in it and the first one after it that is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range(Vec<(Version, Version)>);

const END: Version = [u64::MAX; 3];

/// A version, as lock files write it.
pub fn version(text: &str) -> Option<Version> {
    match partial(text)? {
        [Some(major), Some(minor), Some(patch)] => Some([major, minor, patch]),
        _ => None,
    }
}

impl Range {
    /// `None` for tags, addresses and what else is no range.
    pub fn parse(text: &str) -> Option<Self> {
        let alternatives: Option<Vec<_>> = text.split("||").map(|part| alternative(part.trim())).collect();
        Some(Self(alternatives?.into_iter().filter(|(from, to)| from < to).collect()))
    }

    /// True when `version` is in it.
    pub fn holds(&self, version: Version) -> bool {
        self.0.iter().any(|(from, to)| *from <= version && version < *to)
    }

    /// True when some version is in both.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().any(|one| other.0.iter().any(|two| one.0.max(two.0) < one.1.min(two.1)))
    }
}

/// Comparators that all have to hold.
fn alternative(text: &str) -> Option<(Version, Version)> {
    if let Some((from, to)) = text.split_once(" - ") {
        return Some((least(partial(from)?), after(partial(to)?)));
    }
    let mut found = ([0; 3], END);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let bare = word.trim_start_matches(['^', '~', '>', '<', '=']);
        let operator = &word[..word.len() - bare.len()];
        // `>= 1` is one comparator.
        let version = partial(if bare.is_empty() { words.next()? } else { bare })?;
        let (from, to) = match operator {
            "^" => (least(version), after_caret(version)),
            "~" | "~>" => (least(version), after([version[0], version[1], None])),
            ">=" => (least(version), END),
            ">" => (after(version), END),
            "<" => ([0; 3], least(version)),
            "<=" => ([0; 3], after(version)),
            "" | "=" => (least(version), after(version)),
            _ => return None,
        };
        found = (found.0.max(from), found.1.min(to));
    }
    Some(found)
}

/// The parts of a version; those that are left out or `x` are `None`, and everything behind them.
fn partial(text: &str) -> Option<[Option<u64>; 3]> {
    let plain = text.trim().trim_start_matches(['v', '=']).split(['-', '+']).next()?;
    let mut parts = [None; 3];
    for (at, part) in plain.split('.').enumerate() {
        match part {
            "x" | "X" | "*" => break,
            "" if plain.is_empty() => break,
            part => *parts.get_mut(at)? = Some(part.parse().ok()?),
        }
    }
    Some(parts)
}

fn least(version: [Option<u64>; 3]) -> Version {
    version.map(|part| part.unwrap_or(0))
}

/// The first version after all that `version` stands for.
fn after(version: [Option<u64>; 3]) -> Version {
    match version {
        [None, ..] => END,
        [Some(major), None, _] => [major.saturating_add(1), 0, 0],
        [Some(major), Some(minor), None] => [major, minor.saturating_add(1), 0],
        [Some(major), Some(minor), Some(patch)] => [major, minor, patch.saturating_add(1)],
    }
}

/// The first version that changes the leftmost part which is not zero.
fn after_caret(version: [Option<u64>; 3]) -> Version {
    match version {
        [Some(0), Some(0), Some(_)] => after(version),
        [Some(0), Some(minor), _] => [0, minor.saturating_add(1), 0],
        _ => after([version[0], None, None]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_lie_in_their_ranges() {
        for (range, inside, outside) in [
            ("^16.8.0 || ^17.0.0 || ^18.0.0", "18.3.1", "19.0.0"),
            ("^0.2.3", "0.2.9", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^0.x", "0.9.0", "1.0.0"),
            ("~1.2.3", "1.2.9", "1.3.0"),
            ("~1", "1.9.0", "2.0.0"),
            (">=1.2.0 <2", "1.9.9", "2.0.0"),
            (">= 1.2", "3.0.0", "1.1.9"),
            (">1", "2.0.0", "1.9.0"),
            ("<=1.2", "1.2.9", "1.3.0"),
            ("1.2 - 2.3", "2.3.9", "2.4.0"),
            ("1.x", "1.9.0", "2.0.0"),
            ("v1.2.3", "1.2.3", "1.2.4"),
            ("^19.0.0-rc-1 || 18", "19.1.0", "20.0.0"),
        ] {
            let parsed = Range::parse(range).unwrap();
            assert!(parsed.holds(version(inside).unwrap()), "{range} {inside}");
            assert!(!parsed.holds(version(outside).unwrap()), "{range} {outside}");
        }
        for anything in ["", "*", "x", ">=0"] {
            assert!(Range::parse(anything).unwrap().holds([7, 1, 2]), "{anything}");
        }
        for other in ["latest", "npm:a@1", "workspace:*", "github:a/b", "file:../a", "1.2.3.4", "1..2"] {
            assert_eq!(Range::parse(other), None, "{other}");
        }
        assert_eq!((version("1.2.3-beta.1"), version("1.2"), version("next")), (Some([1, 2, 3]), None, None));
    }

    #[test]
    fn ranges_meet_where_one_version_is_in_both() {
        let meet = |one: &str, other: &str| Range::parse(one).unwrap().meets(&Range::parse(other).unwrap());
        assert!(meet("^19.0.0", ">=18") && meet("^18.2.0", "^16 || ^18.0.0") && meet("*", "1"));
        assert!(!meet("^19.0.0", "^16.8.0 || ^17.0.0 || ^18.0.0") && !meet("<1 >2", "*"));
    }
}

//! Keeps the lines of jobs that went well below what the platform takes: Railway drops what exceeds 500 lines a second,
//! and the line that is dropped may be the one that mattered.

use std::sync::{Mutex, PoisonError};

/// Lines a second for jobs that went well.
const MOST: u64 = 200;

/// The second of the moment, its lines, and those that were left out.
#[derive(Default)]
pub(crate) struct Chatter(Mutex<(i64, u64, u64)>);

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Say it; before it, tell that so many were left out.
    Say(u64),
    /// Count it.
    Leave,
}

impl Chatter {
    /// Decides on one line in the second `now`.
    pub(super) fn line(&self, now: i64) -> Line {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 != now {
            let left_out = state.2;
            *state = (now, 1, 0);
            return Line::Say(left_out);
        }
        if state.1 < MOST {
            state.1 += 1;
            return Line::Say(0);
        }
        state.2 += 1;
        Line::Leave
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_share_and_the_rest_is_counted() {
        let chatter = Chatter::default();
        let said = (0..250).filter(|_| chatter.line(1) != Line::Leave).count();
        assert_eq!(said, 200);
        assert_eq!(chatter.line(2), Line::Say(50));
        assert_eq!(chatter.line(2), Line::Say(0));
    }
}

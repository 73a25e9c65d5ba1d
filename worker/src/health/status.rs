//! What the worker says of itself, decided from what was seen; pure.

use std::time::Duration;

use crate::config::Strictness;
use crate::stage::Stage;

/// The word in `/health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not yet at the stage that needs Redis, or connected and not yet working.
    Starting,
    /// Works.
    Healthy,
    /// Works, and something needs attention: memory near its limit, or an executor that does not start.
    Warning,
    /// Redis is away and may be back any moment.
    Degraded,
    /// Redis is away for too long, or memory is all but used up.
    Critical,
    /// Told to stop; finishes what it holds.
    Draining,
}

/// What the decision rests on.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Where start-up is.
    pub stage: Stage,
    /// Whether the last word of Redis was an answer.
    pub connected: bool,
    /// How long it has not answered; since process start before the first answer.
    pub away: Duration,
    /// Told to stop.
    pub draining: bool,
    /// Share of the memory limit in use, 0 to 1; 0 without a limit.
    pub memory: f64,
    /// Something needs attention.
    pub attention: bool,
}

/// Shares of the memory limit of the container.
const MEMORY_WARNING: f64 = 0.75;
const MEMORY_CRITICAL: f64 = 0.95;

impl Status {
    /// Decides.
    pub fn of(seen: &Seen, grace: Duration) -> Self {
        if seen.draining {
            return Self::Draining;
        }
        if seen.stage < Stage::Redis {
            return Self::Starting;
        }
        if !seen.connected {
            return if seen.away <= grace { Self::Degraded } else { Self::Critical };
        }
        match seen {
            _ if seen.stage < Stage::Work => Self::Starting,
            _ if seen.memory >= MEMORY_CRITICAL => Self::Critical,
            _ if seen.memory >= MEMORY_WARNING || seen.attention => Self::Warning,
            _ => Self::Healthy,
        }
    }

    /// The answer's code: whether a deployment may be called up.
    pub fn code(self, strictness: Strictness) -> u16 {
        let good = match strictness {
            Strictness::Lenient => true,
            Strictness::Grace => self != Self::Critical,
            Strictness::Strict => matches!(self, Self::Healthy | Self::Warning | Self::Draining),
        };
        if good { 200 } else { 503 }
    }

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Degraded => "degraded",
            Self::Critical => "critical",
            Self::Draining => "draining",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(45);

    fn seen() -> Seen {
        Seen {
            stage: Stage::Work,
            connected: true,
            away: Duration::ZERO,
            draining: false,
            memory: 0.1,
            attention: false,
        }
    }

    #[test]
    fn every_word_has_its_case() {
        let away = |seconds| Seen { connected: false, away: Duration::from_secs(seconds), ..seen() };
        for (case, word) in [
            (Seen { stage: Stage::Health, connected: false, ..seen() }, "starting"),
            (Seen { stage: Stage::Redis, ..away(10) }, "degraded"),
            (Seen { stage: Stage::Schedule, ..seen() }, "starting"),
            (seen(), "healthy"),
            (Seen { memory: 0.8, ..seen() }, "warning"),
            (Seen { attention: true, ..seen() }, "warning"),
            (Seen { memory: 0.96, ..seen() }, "critical"),
            (away(45), "degraded"),
            (away(46), "critical"),
            (Seen { draining: true, ..away(100) }, "draining"),
        ] {
            assert_eq!(Status::of(&case, GRACE).word(), word, "{case:?}");
        }
    }

    #[test]
    fn strictness_decides_the_code() {
        for (status, strict, grace, lenient) in [
            (Status::Starting, 503, 200, 200),
            (Status::Degraded, 503, 200, 200),
            (Status::Critical, 503, 503, 200),
            (Status::Healthy, 200, 200, 200),
            (Status::Draining, 200, 200, 200),
        ] {
            let codes = [Strictness::Strict, Strictness::Grace, Strictness::Lenient].map(|s| status.code(s));
            assert_eq!(codes, [strict, grace, lenient], "{status:?}");
        }
    }
}

//! A moment in the three spellings that RQ writes.

use chrono::{DateTime, SecondsFormat, TimeZone as _, Utc};

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(DateTime<Utc>);

/// The moment of the call.
pub fn now() -> Moment {
    Moment(Utc::now())
}

impl Moment {
    /// `2026-11-23T23:59:10.835568Z`, as in job and worker hashes.
    pub fn text(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// `1795478351.172942`, as in execution hashes and results.
    pub fn seconds(self) -> String {
        format!("{}.{:06}", self.0.timestamp(), self.0.timestamp_subsec_micros())
    }

    /// Whole seconds, as in registry scores.
    pub fn unix(self) -> i64 {
        self.0.timestamp()
    }

    /// Seconds with a fraction.
    pub fn unix_fraction(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of this century fit")]
        let micros = self.0.timestamp_micros() as f64;
        micros / 1e6
    }

    /// `12:34:56.789`, for text logs.
    pub fn time_of_day(self) -> String {
        self.0.format("%H:%M:%S%.3f").to_string()
    }

    /// What [`Moment::text`] wrote; a fraction may be missing.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|moment| Self(moment.to_utc()))
    }

    /// From whole seconds.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        Utc.timestamp_opt(seconds, 0).single().map(Self)
    }

    /// The same moment for the cron library.
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_those_of_rq() {
        let moment = Moment::parse("2026-11-23T23:59:10.835568Z").unwrap();
        assert_eq!(moment.text(), "2026-11-23T23:59:10.835568Z");
        assert_eq!(moment.seconds(), "1795478350.835568");
        assert_eq!(Moment::parse("2026-11-23T23:59:10Z").unwrap().text(), "2026-11-23T23:59:10.000000Z");
    }
}

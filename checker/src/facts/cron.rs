//! Cron expressions as Railway takes them: five fields of numbers, `*`, lists, ranges and steps, in UTC.

/// A schedule as sets of minutes and hours; days only matter for whether they are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    minutes: Vec<u32>,
    hours: Vec<u32>,
}

/// Field names with their bounds. Weekdays go to 7: Railway's documentation says both 6 and 7.
const FIELDS: [(&str, u32, u32); 5] = [
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
];

impl Schedule {
    /// Reads `text`; the error says which field is wrong and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if text.trim_start().starts_with('@') {
            return Err(format!("`{text}` is a shorthand, and Railway takes five fields only"));
        }
        if fields.len() != FIELDS.len() {
            return Err(format!(
                "it has {} fields, and Railway takes five: minute, hour, day, month, weekday",
                fields.len()
            ));
        }
        let mut sets = fields
            .iter()
            .zip(FIELDS)
            .map(|(field, bounds)| set(field, bounds))
            .collect::<Result<Vec<_>, _>>()?;
        sets.truncate(2);
        let hours = sets.pop().unwrap_or_default();
        Ok(Self { minutes: sets.pop().unwrap_or_default(), hours })
    }

    /// The shortest time between two runs of one day, and across midnight, in minutes; `None` for one run a day.
    pub fn shortest_gap(&self) -> Option<u32> {
        let mut times: Vec<u32> = self
            .hours
            .iter()
            .flat_map(|hour| self.minutes.iter().map(move |minute| hour * 60 + minute))
            .collect();
        times.sort_unstable();
        times.dedup();
        let first = *times.first()?;
        let next = times.iter().copied().skip(1).chain([first + 24 * 60]);
        times.iter().zip(next).map(|(time, next)| next - time).min().filter(|_| times.len() > 1)
    }
}

fn set(field: &str, (name, low, high): (&str, u32, u32)) -> Result<Vec<u32>, String> {
    let wrong = |part: &str| {
        format!(
            "`{part}` is not a {name}: Railway takes numbers {low} to {high}, `*`, lists, ranges and steps"
        )
    };
    let mut values = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, "1"), |(range, step)| (range, step));
        let step: u32 = step.parse().ok().filter(|step| *step > 0).ok_or_else(|| wrong(part))?;
        let number = |text: &str| {
            text.parse().ok().filter(|value| (low..=high).contains(value)).ok_or_else(|| wrong(part))
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, high),
            None => (number(range)?, number(range)?),
        };
        if from > to {
            return Err(wrong(part));
        }
        values.extend((from..=to).step_by(usize::try_from(step).unwrap_or(usize::MAX)));
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_taken_over_the_whole_day() {
        let gap = |text: &str| Schedule::parse(text).unwrap().shortest_gap();
        assert_eq!(gap("*/5 * * * *"), Some(5));
        assert_eq!(gap("1,3 * * * *"), Some(2));
        assert_eq!(gap("58 23 * * *"), None);
        assert_eq!(gap("0,58 0,23 * * *"), Some(2));
        assert_eq!(gap("0 */2 * * 1-5"), Some(120));
    }

    #[test]
    fn what_is_not_five_plain_fields_is_refused() {
        for text in [
            "@daily",
            "0 0 * *",
            "0 0 0 * * *",
            "60 * * * *",
            "0 0 * JAN *",
            "*/0 * * * *",
            "5-1 * * * *",
            "",
        ] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
        assert!(Schedule::parse("0 0 1 1 7").is_ok());
    }
}

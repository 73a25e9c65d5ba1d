//! One setting may be a flag, a variable or a key of `worker.toml`; the first that is there wins, and what cannot be
//! read becomes a problem instead of an end.

use std::str::FromStr;
use std::time::Duration;

use super::Environment;

/// A setting as someone wrote it, and where.
enum Raw {
    Text(String, String),
    Toml(toml::Value, String),
}

/// Everything that was said, and everything that was wrong with it.
pub(super) struct Sources<'a> {
    environment: &'a Environment<'a>,
    file: toml::Table,
    known: Vec<String>,
    pub(super) problems: Vec<String>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(environment: &'a Environment<'a>) -> Self {
        let mut problems = Vec::new();
        let file = match environment.file {
            Some((name, text)) => text.parse::<toml::Table>().unwrap_or_else(|error| {
                let at = error
                    .span()
                    .map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
                problems.push(format!("{name}:{at} is not valid TOML: {}", error.message()));
                toml::Table::new()
            }),
            None => toml::Table::new(),
        };
        Self { environment, file, known: Vec::new(), problems }
    }

    pub(super) fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    fn file_name(&self) -> &str {
        self.environment.file.map_or("worker.toml", |(name, _)| name)
    }

    /// The value at `path` (`section.key`) of the file.
    pub(super) fn in_file(&mut self, path: &str) -> Option<toml::Value> {
        self.known.push(path.to_owned());
        let mut table = &self.file;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            let value = table.get(part)?;
            if parts.peek().is_none() {
                return Some(value.clone());
            }
            table = value.as_table()?;
        }
        None
    }

    fn find(&mut self, flag: Option<String>, variables: &[&str], path: &str) -> Option<Raw> {
        let in_file = self.in_file(path);
        if let Some(text) = flag {
            return Some(Raw::Text(text, "the command line".to_owned()));
        }
        for variable in variables {
            if let Some(text) = (self.environment.variable)(variable).filter(|text| !text.trim().is_empty()) {
                return Some(Raw::Text(text.trim().to_owned(), (*variable).to_owned()));
            }
        }
        let place = format!("{path} in {}", self.file_name());
        in_file.map(|value| Raw::Toml(value, place))
    }

    pub(super) fn text(&mut self, flag: Option<String>, variables: &[&str], path: &str) -> Option<String> {
        match self.find(flag, variables, path)? {
            Raw::Text(text, _) | Raw::Toml(toml::Value::String(text), _) => Some(text),
            Raw::Toml(other, place) => {
                self.problem(format!("{place} must be a string, not {}", other.type_str()));
                None
            }
        }
    }

    pub(super) fn number<T: FromStr + TryFrom<i64> + PartialOrd + std::fmt::Display>(
        &mut self,
        flag: Option<T>,
        variables: &[&str],
        path: &str,
        (least, most): (T, T),
        default: T,
    ) -> T {
        let (value, shown, place) = match self.find(flag.map(|flag| flag.to_string()), variables, path) {
            None => return default,
            Some(Raw::Text(text, place)) => (text.parse().ok(), text, place),
            Some(Raw::Toml(value, place)) => {
                (value.as_integer().and_then(|n| T::try_from(n).ok()), shown(&value), place)
            }
        };
        match value {
            Some(value) if value >= least && value <= most => value,
            _ => {
                self.problem(format!("{place} must be a whole number from {least} to {most}, not {shown:?}"));
                default
            }
        }
    }

    pub(super) fn seconds(
        &mut self,
        flag: Option<u64>,
        variables: &[&str],
        path: &str,
        default: f64,
    ) -> Duration {
        let (value, shown, place) = match self.find(flag.map(|flag| flag.to_string()), variables, path) {
            None => return Duration::from_secs_f64(default),
            Some(Raw::Text(text, place)) => (text.parse().ok(), text, place),
            Some(Raw::Toml(value, place)) => (number_of(&value), shown(&value), place),
        };
        value.and_then(duration).unwrap_or_else(|| {
            self.problem(format!("{place} must be a number of seconds, not {shown:?}"));
            Duration::from_secs_f64(default)
        })
    }

    pub(super) fn flag(&mut self, flag: Option<bool>, variables: &[&str], path: &str, default: bool) -> bool {
        let (value, shown, place) = match self.find(flag.map(|flag| flag.to_string()), variables, path) {
            None => return default,
            Some(Raw::Text(text, place)) => {
                let value = match text.to_lowercase().as_str() {
                    "1" | "true" | "yes" | "on" => Some(true),
                    "0" | "false" | "no" | "off" => Some(false),
                    _ => None,
                };
                (value, text, place)
            }
            Some(Raw::Toml(value, place)) => (value.as_bool(), shown(&value), place),
        };
        value.unwrap_or_else(|| {
            self.problem(format!("{place} must be true or false, not {shown:?}"));
            default
        })
    }

    pub(super) fn list(&mut self, flag: &[String], variables: &[&str], path: &str) -> Option<Vec<String>> {
        let flag = (!flag.is_empty()).then(|| flag.join(","));
        match self.find(flag, variables, path)? {
            Raw::Text(text, _) | Raw::Toml(toml::Value::String(text), _) => Some(
                text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect(),
            ),
            Raw::Toml(value, place) => {
                let strings = value
                    .as_array()
                    .and_then(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect());
                if strings.is_none() {
                    self.problem(format!("{place} must be a list of strings"));
                }
                strings
            }
        }
    }

    pub(super) fn delays(&mut self, variables: &[&str], path: &str) -> Option<Vec<Duration>> {
        let (values, place) = match self.find(None, variables, path)? {
            Raw::Text(text, place) => (
                text.split(',')
                    .map(|part| part.trim().parse().ok().and_then(duration))
                    .collect::<Option<Vec<_>>>(),
                place,
            ),
            Raw::Toml(value, place) => (
                value
                    .as_array()
                    .and_then(|list| list.iter().map(|v| number_of(v).and_then(duration)).collect()),
                place,
            ),
        };
        if values.is_none() {
            self.problem(format!("{place} must be a list of seconds, such as 2,4,8,16,32"));
        }
        values
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        flag: Option<String>,
        variables: &[&str],
        path: &str,
        choices: &[(&str, T)],
        default: T,
    ) -> T {
        let (text, place) = match self.find(flag, variables, path) {
            None => return default,
            Some(Raw::Text(text, place) | Raw::Toml(toml::Value::String(text), place)) => (text, place),
            Some(Raw::Toml(other, place)) => (shown(&other), place),
        };
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return *choice;
        }
        let names = choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        self.problem(format!("{place} must be one of {names}, not {text:?}"));
        default
    }

    /// Keys of the file that nobody asked for.
    pub(super) fn unknown_keys(&mut self) {
        let mut paths = Vec::new();
        for (key, value) in &self.file {
            match value {
                toml::Value::Table(table) => paths.extend(table.keys().map(|inner| format!("{key}.{inner}"))),
                _ => paths.push(key.clone()),
            }
        }
        let name = self.file_name().to_owned();
        for path in paths {
            if !self.known.contains(&path) {
                self.problems.push(format!("{path} in {name} is not a setting of the worker"));
            }
        }
    }
}

/// A value of the file for a message.
fn shown(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| serde_json::to_string(value).unwrap_or_default(), str::to_owned)
}

fn number_of(value: &toml::Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "seconds are small")]
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

/// A hundred days bound what a person can mean, and keep arithmetic on instants safe.
fn duration(seconds: f64) -> Option<Duration> {
    (0.0..=8_640_000.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

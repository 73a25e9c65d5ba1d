//! Log lines: JSON as Railway parses it (`level`, `message`, further keys), or text for people at a terminal.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::timestamp;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// `12:00:00.000 INFO  message key=value`.
    Text,
}

impl Format {
    /// From `LOG_FORMAT`; `auto` looks at standard output.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            "auto" | "" => Some(if std::io::stdout().is_terminal() { Self::Text } else { Self::Json }),
            _ => None,
        }
    }
}

/// From `LOG_LEVEL`.
pub fn level_from_name(name: &str) -> Option<Level> {
    match name {
        "error" => Some(Level::ERROR),
        "warn" | "warning" => Some(Level::WARN),
        "info" | "" => Some(Level::INFO),
        "debug" => Some(Level::DEBUG),
        _ => None,
    }
}

/// Starts logging to standard output. A second call changes nothing.
pub fn start(format: Format, level: Level) {
    let layer = tracing_subscriber::fmt::layer().event_format(Lines(format)).with_ansi(false);
    let filter = tracing_subscriber::filter::Targets::new().with_target("worker", level);
    let _ = tracing_subscriber::registry().with(layer).with(filter).try_init();
}

struct Lines(Format);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        match self.0 {
            Format::Json => writeln!(out, "{}", fields.json(*event.metadata().level())),
            Format::Text => writeln!(out, "{}", fields.text(*event.metadata().level())),
        }
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: Map<String, Value>,
}

impl Fields {
    fn json(self, level: Level) -> String {
        // A line of a job that is already JSON keeps its own keys.
        if let Some(Value::String(raw)) = self.rest.get("raw") {
            return raw.clone();
        }
        let mut line = Map::new();
        line.insert("timestamp".into(), timestamp::now().text().into());
        line.insert("level".into(), level.as_str().to_lowercase().into());
        line.insert("message".into(), self.message.into());
        line.extend(self.rest);
        Value::Object(line).to_string()
    }

    fn text(self, level: Level) -> String {
        let mut line =
            format!("{} {:<5} {}", timestamp::now().time_of_day(), level, printable(&self.message));
        for (key, value) in self.rest {
            let _ = match value {
                Value::String(text) => write!(line, " {key}={text:?}"),
                other => write!(line, " {key}={other}"),
            };
        }
        line
    }
}

/// Control characters of untrusted text would move the cursor or colour the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.rest.insert(field.name().into(), text.into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.rest.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.rest.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.rest.insert(field.name().into(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.rest.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.rest.insert(field.name().into(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_line_has_level_and_message_as_railway_reads_them() {
        let fields = Fields { message: "hello \"you\"".into(), rest: Map::new() };
        let line: Value = serde_json::from_str(&fields.json(Level::WARN)).unwrap();
        assert_eq!(line["level"], "warn");
        assert_eq!(line["message"], "hello \"you\"");
    }

    #[test]
    fn a_terminal_is_not_steered_by_what_is_logged() {
        let fields = Fields { message: "\u{1b}[31mred".into(), rest: Map::new() };
        assert!(!fields.text(Level::INFO).contains('\u{1b}'));
    }
}

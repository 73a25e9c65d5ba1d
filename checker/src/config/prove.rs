//! `[prove.<service>]` of `.github/preflight.toml`: what the smoke plan cannot tell from the files.

use std::collections::BTreeMap;

use super::Reader;
use crate::facts::document::{Member, Node, NodeKind};
use crate::facts::settings::Value;

/// What the user says about proving one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prove {
    /// Command that imports everything and ends.
    pub smoke: Option<String>,
    /// Values of variables; dummies, never secrets.
    pub variables: BTreeMap<String, String>,
    /// MiB of memory.
    pub memory: Option<u64>,
    /// Whether it uses Redis.
    pub redis: Option<bool>,
    /// Whether its containers may reach the internet.
    pub internet: bool,
    /// Drills that are left out.
    pub skip: Vec<String>,
}

impl Reader<'_> {
    /// Reads `[prove.<service>]`.
    pub(super) fn prove(&mut self, table: &Member) -> Prove {
        let mut prove = Prove::default();
        for member in table.value.members() {
            let shape = match (member.key.value.as_str(), &member.value.kind, member.value.value()) {
                ("smoke", _, Value::Text(text)) => {
                    prove.smoke = Some(text);
                    continue;
                }
                ("memory", _, Value::Integer(number)) if number >= 16 => {
                    prove.memory = u64::try_from(number).ok();
                    continue;
                }
                ("redis", _, Value::Bool(value)) => {
                    prove.redis = Some(value);
                    continue;
                }
                ("internet", _, Value::Bool(value)) => {
                    prove.internet = value;
                    continue;
                }
                ("skip", NodeKind::List(items), _) => {
                    prove.skip = items.iter().filter_map(Node::text).map(str::to_owned).collect();
                    continue;
                }
                ("variables", _, Value::Map(map)) => {
                    prove.variables =
                        map.into_iter().filter_map(|(name, value)| Some((name, word(&value)?))).collect();
                    continue;
                }
                ("smoke", ..) => "a string",
                ("memory", ..) => "a whole number of MiB, at least 16",
                ("redis" | "internet", ..) => "true or false",
                ("skip", ..) => "a list of drills",
                ("variables", ..) => "a table of names and values",
                _ => {
                    self.unknown(member, "`smoke`, `variables`, `memory`, `redis`, `internet` and `skip`");
                    continue;
                }
            };
            self.wrong(member.value.span, &format!("`{}` must be {shape}", member.key.value));
        }
        prove
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

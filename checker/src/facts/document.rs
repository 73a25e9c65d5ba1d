//! JSON, TOML and YAML as one tree whose every key and value knows its bytes.

mod yaml;

use jsonc_parser::ast::Value as Json;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use toml::de::{DeTable, DeValue};

use crate::facts::dockerfile::Spanned;
use crate::facts::settings::Value;
use crate::order;
use crate::span::Span;

pub use yaml::yaml;

/// Deepest nesting that is read; what lies deeper becomes null.
const DEPTH: usize = 64;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Bytes of the value. For a TOML table that is opened by a header, the header.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// JSON null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A string, or the text of a TOML date.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A table or object, in file order; a repeated key of JSON is there twice.
    Map(Vec<Member>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The key without quotes, its span with them.
    pub key: Spanned<String>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The members of a map; none for anything else.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            NodeKind::Map(members) => members,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::List(items) => items,
            _ => &[],
        }
    }

    /// The member `key`; the last one when it is repeated, as parsers take it.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().rev().find(|member| member.key.value == key)
    }

    /// The value of member `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.value)
    }

    /// The value down the path `keys`.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The string, when it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What kind of value it is, in words.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "a truth value",
            NodeKind::Integer(_) => "a whole number",
            NodeKind::Float(_) => "a number with a fraction",
            NodeKind::Text(_) => "a string",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a table",
        }
    }

    /// The value without places.
    pub fn value(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(value) => Value::Bool(*value),
            NodeKind::Integer(value) => Value::Integer(*value),
            NodeKind::Float(value) => Value::Float(*value),
            NodeKind::Text(value) => Value::Text(value.clone()),
            NodeKind::List(items) => Value::List(items.iter().map(Self::value).collect()),
            NodeKind::Map(members) => Value::Map(
                members.iter().map(|member| (member.key.value.clone(), member.value.value())).collect(),
            ),
        }
    }
}

/// Reads strict JSON: a comment or trailing comma is an error, as it is for Railway.
pub fn json(text: &str) -> Result<Node, Spanned<String>> {
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    read_json(text, &options)
}

/// Reads JSON with comments and trailing commas, as `tsconfig.json` has them.
pub fn jsonc(text: &str) -> Result<Node, Spanned<String>> {
    read_json(text, &ParseOptions::default())
}

fn read_json(text: &str, options: &ParseOptions) -> Result<Node, Spanned<String>> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), options).map_err(|error| {
        let range = error.range();
        Spanned { value: sentence(&error.kind().to_string()), span: Span::new(range.start, range.end) }
    })?;
    match parsed.value {
        Some(value) => Ok(from_json(&value, 0)),
        None => Err(Spanned { value: "the file is empty".into(), span: Span::START }),
    }
}

fn from_json(value: &Json<'_>, depth: usize) -> Node {
    let range = value.range();
    let kind = match value {
        _ if depth > DEPTH => NodeKind::Null,
        Json::NullKeyword(_) => NodeKind::Null,
        Json::BooleanLit(bool) => NodeKind::Bool(bool.value),
        Json::NumberLit(number) => match number.value.parse() {
            Ok(integer) => NodeKind::Integer(integer),
            Err(_) => NodeKind::Float(number.value.parse().unwrap_or(f64::NAN)),
        },
        Json::StringLit(text) => NodeKind::Text(text.value.to_string()),
        Json::Array(array) => {
            NodeKind::List(array.elements.iter().map(|item| from_json(item, depth + 1)).collect())
        }
        Json::Object(object) => NodeKind::Map(
            object
                .properties
                .iter()
                .map(|property| {
                    let range = property.name.range();
                    let span = Span::new(range.start, range.end);
                    let key = Spanned { value: property.name.as_str().to_owned(), span };
                    Member { key, value: from_json(&property.value, depth + 1) }
                })
                .collect(),
        ),
    };
    Node { span: Span::new(range.start, range.end), kind }
}

/// Reads TOML.
pub fn toml(text: &str) -> Result<Node, Spanned<String>> {
    match DeTable::parse(text) {
        Ok(table) => Ok(Node { span: table.span().into(), kind: from_table(table.get_ref(), 0) }),
        Err(error) => Err(Spanned {
            value: sentence(error.message()),
            span: error.span().map_or(Span::START, Span::from),
        }),
    }
}

fn from_table(table: &DeTable<'_>, depth: usize) -> NodeKind {
    let mut members: Vec<Member> = table
        .iter()
        .map(|(key, value)| Member {
            key: Spanned { value: key.get_ref().to_string(), span: key.span().into() },
            value: from_toml(value, depth + 1),
        })
        .collect();
    order::sort_by_key(&mut members, |member| member.key.span);
    NodeKind::Map(members)
}

fn from_toml(value: &toml::Spanned<DeValue<'_>>, depth: usize) -> Node {
    let kind = match value.get_ref() {
        _ if depth > DEPTH => NodeKind::Null,
        DeValue::String(text) => NodeKind::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(NodeKind::Float(f64::NAN), NodeKind::Integer),
        DeValue::Float(number) => NodeKind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => NodeKind::Bool(*value),
        DeValue::Datetime(date) => NodeKind::Text(date.to_string()),
        DeValue::Array(items) => {
            NodeKind::List(items.iter().map(|item| from_toml(item, depth + 1)).collect())
        }
        DeValue::Table(table) => from_table(table, depth),
    };
    Node { span: value.span().into(), kind }
}

/// One line, lower-case first letter, no full stop.
fn sentence(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim().trim_end_matches('.');
    let mut chars = line.chars();
    let first = chars.next().map(|char| char.to_lowercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_toml_give_the_same_values() {
        let from_json = json(r#"{"deploy": {"startCommand": "a", "list": [1, true, null, 1.5]}}"#).unwrap();
        let from_toml = toml("[deploy]\nstartCommand = \"a\"\nlist = [1, true]\n").unwrap();
        assert_eq!(from_json.at(&["deploy", "startCommand"]).unwrap().text(), Some("a"));
        assert_eq!(from_toml.at(&["deploy", "startCommand"]).unwrap().text(), Some("a"));
        assert_eq!(from_json.at(&["deploy", "list"]).unwrap().items()[0].value(), Value::Integer(1));
    }

    #[test]
    fn places_are_those_of_the_file() {
        let text = "[deploy]\nstartCommand = \"é x\"\n";
        let node = toml(text).unwrap();
        let member = node.get("deploy").unwrap().member("startCommand").unwrap();
        assert_eq!(member.key.span.of(text), "startCommand");
        assert_eq!(member.value.span.of(text), "\"é x\"");
    }

    #[test]
    fn comments_and_trailing_commas_are_errors_in_json_only() {
        for text in ["{\"a\": 1,}", "{\"a\": 1 // x\n}", "{'a': 1}", "<<<<<<< HEAD\n{}", "{\"a\" 1}"] {
            assert!(json(text).is_err(), "{text}");
        }
        assert!(jsonc("{\"a\": 1, // x\n}").is_ok());
    }

    #[test]
    fn an_error_has_a_place() {
        let error = toml("a = 1\nb = = 2\n").unwrap_err();
        assert_eq!(error.span.start, 10);
    }
}

//! The program as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::comments::{self, Comments};
use super::value::{literal, name_of, regions, stored};
use super::{Request, Subject};
use crate::facts::Facts;
use crate::facts::settings::{KEYS, Key, Setting, Value};

/// Keys that the SDK takes on the service itself, with the name it gives them.
const OWN_NAMES: [(Key, &str); 5] = [
    (Key::StartCommand, "start"),
    (Key::PreDeployCommand, "preDeploy"),
    (Key::HealthcheckPath, "healthcheck"),
    (Key::HealthcheckTimeout, "healthcheckTimeout"),
    (Key::MultiRegionConfig, "replicas"),
];

/// Chooses by environment as Railway did with `environments` of the old file.
const PICK: &str = r#"  if (!ctx.environment) throw new Error("This Railway CLI does not say which environment it plans for: upgrade it.");
  const blocks = /-pr-\d+$/.test(ctx.environment) ? [ctx.environment, "pr", FORKED_FROM] : [ctx.environment];
  // The first block that has the setting decides, as in the old file; without one, the base does.
  const pick = <T>(base: T, overrides: Record<string, T>): T => {
    const block = blocks.find((name) => Object.hasOwn(overrides, name));
    return block === undefined ? base : overrides[block];
  };
"#;

pub(super) fn program(facts: &Facts<'_>, request: &Request, subjects: &[Subject]) -> String {
    let choosing = subjects.iter().any(|subject| !subject.config.environments.is_empty());
    let keeping = subjects.iter().any(|subject| !subject.variables.is_empty());
    let mut names = vec!["defineRailway"];
    names.extend(request.repository.is_some().then_some("github"));
    names.extend(keeping.then_some("preserve"));
    names.extend(["project", "service"]);
    let mut out = String::new();
    let files: BTreeSet<&str> = subjects.iter().map(|subject| subject.config.path.as_str()).collect();
    let files: Vec<String> = files.into_iter().map(one_line).collect();
    let _ = writeln!(out, "// Carried over from {} by `preflight migrate`.", files.join(", "));
    out.push_str("// Railway reads this file only when `railway config apply` is run.\n");
    let _ = writeln!(out, "import {{ {} }} from \"railway/iac\";\n", names.join(", "));
    out.push_str("// Claims the resources below and leaves the rest of the project alone.\n");
    let _ = writeln!(out, "export const partial = {};\n", text(&partial_name(&request.project)));
    if choosing {
        out.push_str("// The environment that pull-request environments are forked from.\nconst FORKED_FROM = \"production\";\n\n");
    }
    let _ = writeln!(out, "export default defineRailway({} => {{", if choosing { "(ctx)" } else { "()" });
    if choosing {
        out.push_str(PICK);
    }
    let mut variables = Vec::new();
    for subject in subjects {
        let variable = identifier(&subject.name, &variables);
        service(facts, request, subject, &variable, &mut out);
        variables.push(variable);
    }
    let _ = writeln!(
        out,
        "  return project({}, {{ resources: [{}] }});\n}});",
        text(&request.project),
        variables.join(", ")
    );
    out
}

fn service(facts: &Facts<'_>, request: &Request, subject: &Subject, variable: &str, out: &mut String) {
    let source = facts.snapshot.text(&subject.config.path).map(|text| text.text.clone()).unwrap_or_default();
    let mut comments = comments::of(&subject.config, &source);
    let _ = writeln!(out, "  const {variable} = service({}, {{", text(&subject.name));
    if let Some(repository) = &request.repository {
        let _ = writeln!(out, "    source: github({}),", text(repository));
    }
    if let Some(root) = &subject.root {
        let _ = writeln!(out, "    root: {},", text(root));
    }
    let mut build = String::new();
    let mut own = String::new();
    let mut deploy = String::new();
    for (key, section, name, _) in KEYS {
        let Some(written) = written(subject, *key) else { continue };
        let listed = OWN_NAMES.iter().find(|(known, _)| known == key && own_shape(*key, &written));
        let (place, indent, name) = match (listed, *section) {
            (Some((_, name)), _) => (&mut own, "    ", *name),
            (None, "build") => (&mut build, "      ", *name),
            (None, _) => (&mut deploy, "      ", *name),
        };
        for site in &written.places {
            note(&mut comments, *site, indent, place);
        }
        let _ = writeln!(
            place,
            "{indent}{name}: {},",
            expression(&written, listed.is_some() && *key == Key::MultiRegionConfig)
        );
    }
    for unknown in &subject.config.unknown {
        note(&mut comments, unknown.value.span.start, "    ", &mut own);
    }
    let closing: Vec<String> = std::mem::take(&mut comments).into_values().flatten().collect();
    section("build", &build, out);
    out.push_str(&own);
    section("deploy", &deploy, out);
    if !subject.variables.is_empty() {
        let kept: Vec<String> =
            subject.variables.iter().map(|name| format!("      {}: preserve(),\n", name_of(name))).collect();
        section("env", &kept.concat(), out);
    }
    for line in closing {
        let _ = writeln!(out, "    // {}", one_line(&line));
    }
    out.push_str("  });\n");
}

fn section(name: &str, body: &str, out: &mut String) {
    if !body.is_empty() {
        let _ = writeln!(out, "    {name}: {{\n{body}    }},");
    }
}

fn note(comments: &mut Comments, place: usize, indent: &str, out: &mut String) {
    for line in comments.remove(&place).unwrap_or_default() {
        let _ = writeln!(out, "{indent}// {}", one_line(&line));
    }
}

/// One setting: its base value and what environments put in its place.
struct Written {
    base: Option<Value>,
    overrides: BTreeMap<String, Option<Value>>,
    places: Vec<usize>,
}

fn written(subject: &Subject, key: Key) -> Option<Written> {
    let read = |setting: &Setting| setting.value.yes().and_then(|value| stored(key, value));
    let base = subject.config.base.get(&key);
    let mut places: Vec<usize> = base.iter().map(|setting| setting.site.span.start).collect();
    let mut overrides = BTreeMap::new();
    for (name, block) in &subject.config.environments {
        if let Some(setting) = block.get(&key) {
            places.push(setting.site.span.start);
            overrides.insert(name.clone(), read(setting));
        }
    }
    (!places.is_empty()).then(|| Written { base: base.and_then(read), overrides, places })
}

/// True when every value of `key` has the shape that the SDK's own name for it takes.
fn own_shape(key: Key, written: &Written) -> bool {
    key != Key::MultiRegionConfig
        || written
            .base
            .iter()
            .chain(written.overrides.values().flatten())
            .all(|value| regions(value).is_some())
}

fn expression(written: &Written, as_regions: bool) -> String {
    let shown = |value: Option<&Value>| match value {
        None => "undefined".to_owned(),
        Some(value) if as_regions => regions(value).as_ref().map_or_else(|| literal(value), literal),
        Some(value) => literal(value),
    };
    let base = shown(written.base.as_ref());
    if written.overrides.is_empty() {
        return base;
    }
    let overrides: Vec<String> = written
        .overrides
        .iter()
        .map(|(name, value)| format!("{}: {}", name_of(name), shown(value.as_ref())))
        .collect();
    format!("pick({base}, {{ {} }})", overrides.join(", "))
}

fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// A name for a constant that is no reserved word and not among `taken`.
fn identifier(name: &str, taken: &[String]) -> String {
    let mut out = String::new();
    for part in name.split(|char: char| !char.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        let mut chars = part.chars();
        let first = chars.next().unwrap_or_default();
        out.push(if out.is_empty() { first.to_ascii_lowercase() } else { first.to_ascii_uppercase() });
        out.push_str(chars.as_str());
    }
    out.push_str("Service");
    if out.starts_with(|char: char| char.is_ascii_digit()) || out == "Service" {
        out.insert_str(0, "the");
    }
    let mut unique = out.clone();
    let mut count = 1;
    while taken.contains(&unique) {
        count += 1;
        unique = format!("{out}{count}");
    }
    unique
}

/// A partial's name takes letters, digits, `.`, `_` and `-`, at most 64.
fn partial_name(project: &str) -> String {
    let plain =
        |char: char| if char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-') { char } else { '-' };
    let name: String = project.chars().map(plain).take(64).collect();
    if name.is_empty() { "services".into() } else { name }
}

/// Text of a file inside a `//` comment: nothing in it may end the line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') { ' ' } else { char })
        .collect()
}

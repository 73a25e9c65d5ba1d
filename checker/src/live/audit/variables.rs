//! The variables of the service against those that the repository speaks of.

use std::collections::BTreeMap;

use super::{Item, Standing, item};
use crate::facts::Facts;
use crate::facts::service::Service;
use crate::live::{Live, Variable};

/// Names that Railway itself provides.
fn is_provided(name: &str) -> bool {
    name.starts_with("RAILWAY_") || matches!(name, "PORT" | "PATH" | "HOME" | "HOSTNAME" | "PWD" | "USER")
}

struct Need {
    place: String,
    required: bool,
    defaulted: bool,
}

/// The variables the repository speaks of.
fn needs(facts: &Facts<'_>, service: &Service) -> BTreeMap<String, Need> {
    let mut needs = BTreeMap::new();
    let place = |path: &str, offset: usize| {
        let line = facts.snapshot.text(path).map_or(1, |text| text.position(offset).line);
        format!("{path}:{line}")
    };
    for read in &facts.startup(service).variables {
        let need = Need {
            place: place(&read.site.path, read.site.span.start),
            required: read.required,
            defaulted: read.default.is_some(),
        };
        needs.entry(read.name.clone()).or_insert(need);
    }
    for name in service.variables.iter().flatten() {
        let origin = &service.origin;
        let need = Need { place: place(&origin.path, origin.span.start), required: true, defaulted: false };
        needs.entry(name.clone()).or_insert(need);
    }
    for file in facts.env_files().values().filter(|file| file.is_example) {
        for name in &file.names {
            let need = Need { place: place(&file.path, name.span.start), required: false, defaulted: false };
            needs.entry(name.value.clone()).or_insert(need);
        }
    }
    needs.retain(|name, _| !is_provided(name));
    needs
}

pub(super) fn items(facts: &Facts<'_>, service: Option<&Service>, live: &Live) -> Vec<Item> {
    let Some(set) = &live.variables else {
        return vec![Item {
            remark: live.reason("variables"),
            ..item("Variables", "Variables", Standing::Unknown, "")
        }];
    };
    let needs = service.map(|service| needs(facts, service)).unwrap_or_default();
    let mut items: Vec<Item> = needs.iter().map(|(name, need)| needed(name, need, set)).collect();
    for variable in set.iter().filter(|variable| !needs.contains_key(&variable.name)) {
        let mut row = item("Variables", variable.name.clone(), Standing::Shown, state(variable));
        match variable.name.as_str() {
            "PORT" => row.remark = "set by hand: right only when the program listens there".into(),
            "PATH" | "LD_LIBRARY_PATH" | "HOME" => {
                (row.standing, row.remark) = (Standing::Wrong, "replaces the image's own: delete it".into());
            }
            _ if variable.state == "unresolved" => {
                (row.standing, row.remark) =
                    (Standing::Wrong, "its reference names nothing in this environment".into());
            }
            _ => {}
        }
        items.push(row);
    }
    items
}

fn needed(name: &str, need: &Need, set: &[Variable]) -> Item {
    let found = set.iter().find(|variable| variable.name == name);
    let mut row = item("Variables", name, Standing::Right, found.map_or_else(|| "missing".to_owned(), state));
    row.expected = if need.required { "set".into() } else { "set, or its default".into() };
    row.place.clone_from(&need.place);
    let (standing, remark) = match found.map(|variable| variable.state.as_str()) {
        None if need.required => (Standing::Wrong, "the program fails without it"),
        None if need.defaulted => (Standing::Shown, "the program has a default"),
        None => (Standing::Doubtful, "the repository names it and the service lacks it"),
        Some("empty") => (Standing::Wrong, "it is set to nothing"),
        Some("localhost") => (Standing::Wrong, "it points at the container itself"),
        Some("unresolved") => (Standing::Wrong, "its reference names nothing in this environment"),
        Some("sealed") => (Standing::Right, "sealed: its value is not read"),
        Some(_) => (Standing::Right, ""),
    };
    (row.standing, row.remark) = (standing, remark.into());
    if name == "REDIS_URL" && found.is_none() && need.defaulted {
        (row.standing, row.remark) = (
            Standing::Wrong,
            "its default points at the container itself: set `${{Redis.REDIS_URL}}`".into(),
        );
    }
    row
}

fn state(variable: &Variable) -> String {
    match (variable.state.as_str(), variable.references.first()) {
        ("set" | "unread", Some(reference)) => format!("refers to {reference}"),
        ("unread", None) => "set, not read".into(),
        (state, _) => state.to_owned(),
    }
}

//! Small services: what running their images says of their imports, and what the checker says without.

use std::collections::BTreeMap;

use checker::Options;
use checker::config::Config;
use checker::facts::Facts;
use checker::facts::image::Image;
use checker::finding::{Finding, Severity};
use checker::fixture::MemoryTree;
use checker::snapshot::{Day, Snapshot, Trigger};
use serde::{Deserialize, Serialize};

use crate::case::beside;

/// Rules that say that something a program loads is not there.
const RULES: &[&str] = &[
    "import-not-in-image",
    "dependency-not-declared",
    "python-import-path",
    "start-target-missing",
    "file-outside-root",
    "build-input-ignored",
    "build-input-missing",
    "tsconfig-excludes-needed-module",
    "workspace-package-not-built",
];
const TODAY: Day = Day { year: 2026, month: 11, day: 24 };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Services {
    #[serde(rename = "service")]
    pub(crate) all: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub(crate) name: String,
    tree: String,
    /// Why nothing is said although it breaks.
    unread: Option<String>,
}

impl Services {
    pub(crate) fn read() -> Self {
        toml::from_str(&std::fs::read_to_string(beside("services.toml")).unwrap()).unwrap()
    }
}

impl Service {
    pub(crate) fn tree(&self) -> MemoryTree {
        MemoryTree::parse(&self.tree)
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// Its exit status.
    pub(crate) exit: i32,
    /// What it did not find, as it said it.
    pub(crate) missing: Option<String>,
    /// The file of the image that asked for it.
    pub(crate) by: Option<String>,
}

impl Ending {
    /// Reads what Python or Node wrote before it ended.
    pub(crate) fn read(exit: i32, said: &str) -> Self {
        let between = |line: &str, before: &str, after: &str| {
            let rest = line.split_once(before)?.1;
            Some(rest.split_once(after)?.0.to_owned())
        };
        let first = |before: &str, after: &str| said.lines().find_map(|line| between(line, before, after));
        let last =
            |before: &str, after: &str| said.lines().rev().find_map(|line| between(line, before, after));
        let missing = first("No module named '", "'")
            .or_else(|| first("cannot import name '", "'"))
            .or_else(|| first("No such file or directory: '", "'"))
            .or_else(|| first("Cannot find module '", "'"))
            .or_else(|| first("Cannot find package '", "'"))
            .or_else(|| first("Directory import '", "'"));
        let mut frames = said.lines().rev().filter_map(|line| between(line, "  File \"", "\""));
        let python = frames.find(|path| !path.starts_with('<') && !path.contains("/lib/python"));
        let imported = said.lines().find_map(|line| Some(line.split_once("imported from ")?.1.to_owned()));
        let required = || {
            last("Require stack:", "\n")
                .or_else(|| said.lines().find_map(|line| line.strip_prefix("- ").map(str::to_owned)))
        };
        Self { exit, missing, by: python.or(imported).or_else(required) }
    }
}

/// What is said of a service against how it really ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// Nothing is said, and nothing was missing.
    Whole,
    /// The very thing that was missing is named, with the file that asks for it: as an error or as a warning.
    Named(Severity),
    /// Nothing is said although something was missing, which the case knows.
    Unread,
    /// What is said is wrong, or nothing is said.
    Wrong(String),
}

pub(crate) fn judge(service: &Service, real: &Ending) -> Agreement {
    let tree = service.tree();
    let options = Options { today: TODAY, trigger: Some(Trigger::GitHub), config: None };
    let (report, _) = checker::check(&tree, &options).unwrap();
    let told: Vec<&Finding> =
        report.findings.iter().map(|told| &told.finding).filter(|told| RULES.contains(&told.rule)).collect();
    let shown =
        || told.iter().map(|each| format!("{} {}: {}", each.severity.name(), each.rule, each.message));
    if real.exit == 0 {
        let error = told.iter().any(|finding| finding.severity == Severity::Error);
        return if error {
            Agreement::Wrong(format!("it comes up, but {:?}", shown().collect::<Vec<_>>()))
        } else {
            Agreement::Whole
        };
    }
    let snapshot = Snapshot::new(&tree, TODAY, Trigger::GitHub);
    let config = Config::default();
    let facts = Facts::gather(&snapshot, &config);
    let images = Image::of(&facts, &facts.services[0]);
    let by = real.by.as_deref().map(|by| by.trim_start_matches('/'));
    let by = by.and_then(|by| images[0].presence(images[0].finished(), by).source().map(str::to_owned));
    let missing = real.missing.as_deref().unwrap_or_default();
    let names = |finding: &&&Finding| {
        let sites = finding.related.iter().map(|related| &related.site).chain([&finding.site]);
        let asks = by.as_ref().is_none_or(|by| sites.clone().any(|site| site.path == *by));
        finding.severity <= Severity::Warning && asks && mentions(&finding.message, missing)
    };
    match told.iter().find(names) {
        Some(finding) => Agreement::Named(finding.severity),
        None if service.unread.is_some() && told.is_empty() => Agreement::Unread,
        None => Agreement::Wrong(format!("{real:?}, but {:?}", shown().collect::<Vec<_>>())),
    }
}

/// True when `message` names what was `missing`: a module, a package, or a path with or without its ending.
fn mentions(message: &str, missing: &str) -> bool {
    let name = missing.rsplit('/').next().unwrap_or(missing);
    let name = name.split('.').next_back().filter(|_| !missing.contains('/')).unwrap_or(name);
    let stem = name.split('.').next().unwrap_or(name);
    // Python does not say which module a relative import did not find.
    missing.is_empty()
        || message.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| word == stem)
}

/// How the services ended in a real Docker.
#[derive(Serialize, Deserialize)]
pub(crate) struct Endings {
    pub(crate) docker: String,
    pub(crate) services: BTreeMap<String, Ending>,
}

impl Endings {
    pub(crate) fn read() -> Self {
        serde_json::from_slice(&std::fs::read(beside("endings.json")).unwrap()).unwrap()
    }
}

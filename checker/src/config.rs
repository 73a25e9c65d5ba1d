//! `.github/preflight.toml`: what the user tells us about services, severities and allowances.

pub mod prove;

use std::collections::BTreeMap;
use std::fmt;

use crate::facts::dockerfile::Spanned;
use crate::facts::document::{self, Member, Node, NodeKind};
use crate::facts::service::{Builder, Kind};
use crate::facts::settings::{Key, Value};
use crate::finding::{Finding, Severity};
use crate::rules;
use crate::snapshot::{Snapshot, Text, Trigger};
use crate::span::Span;

/// Where the configuration is looked for.
pub const DEFAULT_PATH: &str = ".github/preflight.toml";

/// The user's configuration; everything has a default.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where it was read from; empty when there is none.
    pub path: String,
    /// Lowest severity that fails the check; the inner `None` is `never`.
    pub fail_on: Option<Option<Severity>>,
    /// How the code travels to Railway.
    pub trigger: Option<Trigger>,
    /// Severity of a rule's findings at most; `None` is off.
    pub rules: BTreeMap<String, Option<Severity>>,
    /// Findings that are allowed.
    pub allow: Vec<Allow>,
    /// Services, which replace those that would be discovered.
    pub services: BTreeMap<String, ServiceConfig>,
    /// What the smoke plan is told, by service.
    pub prove: BTreeMap<String, prove::Prove>,
}

/// One `[[allow]]`.
#[derive(Debug, Clone)]
pub struct Allow {
    /// Rule.
    pub rule: String,
    /// File, or a pattern in which `*` stands for any characters; any file when it is left out.
    pub path: Option<String>,
    /// Service; any when it is left out.
    pub service: Option<String>,
    /// The table in the configuration file.
    pub span: Span,
}

/// One `[services.<name>]`.
#[derive(Debug, Clone, Default)]
pub struct ServiceConfig {
    /// Place of the table's header.
    pub span: Span,
    /// Root directory as in the dashboard, without slashes at its ends.
    pub root: Option<String>,
    /// Dockerfile, from the root of the repository.
    pub dockerfile: Option<Spanned<String>>,
    /// Railway config file, from the root of the repository.
    pub config: Option<Spanned<String>>,
    /// Builder.
    pub builder: Option<Builder>,
    /// What it is for.
    pub kind: Option<Kind>,
    /// File or module that starts, for the import chain.
    pub entry: Option<String>,
    /// Names of variables that are set on the service.
    pub variables: Vec<String>,
    /// Settings of the dashboard.
    pub settings: BTreeMap<Key, Spanned<Value>>,
}

/// What is wrong with the configuration file: `path:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// File, line and column, and what is wrong there.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl Config {
    /// Reads the configuration at [`DEFAULT_PATH`] of `snapshot`, when there is one.
    pub fn of(snapshot: &Snapshot<'_>) -> Result<Self, Vec<ConfigError>> {
        match snapshot.text(DEFAULT_PATH) {
            Ok(text) => Self::parse(&text),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Reads a configuration; every problem is named, none is passed over.
    pub fn parse(text: &Text) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader { text, errors: Vec::new() };
        let mut config = Self { path: text.path.clone(), ..Self::default() };
        match document::toml(&text.text) {
            Ok(root) => reader.root(&root, &mut config),
            Err(error) => reader.wrong(error.span, &error.value),
        }
        if reader.errors.is_empty() { Ok(config) } else { Err(reader.errors) }
    }

    /// Lowers, drops or keeps `finding` as the configuration says.
    pub(crate) fn adjust(&self, mut finding: Finding) -> Option<Finding> {
        if let Some(level) = self.rules.get(finding.rule) {
            finding.severity = finding.severity.max((*level)?);
        }
        let allowed = self.allow.iter().any(|allow| {
            allow.rule == finding.rule
                && allow.path.as_ref().is_none_or(|pattern| matches_path(pattern, &finding.site.path))
                && allow.service.as_ref().is_none_or(|service| finding.service.as_ref() == Some(service))
        });
        (!allowed).then_some(finding)
    }
}

/// True when `path` fits `pattern`, in which `*` stands for any characters.
fn matches_path(pattern: &str, path: &str) -> bool {
    let mut rest = path;
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(behind) = rest.strip_prefix(first) else { return false };
    rest = behind;
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

struct Reader<'t> {
    text: &'t Text,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Span, message: &str) {
        let at = self.text.position(span.start);
        let message = format!("{}:{}:{}: {message}", self.text.path, at.line, at.column);
        self.errors.push(ConfigError { message });
    }

    fn unknown(&mut self, member: &Member, known: &str) {
        self.wrong(member.key.span, &format!("`{}` is not known here; there are {known}", member.key.value));
    }

    fn word<'m>(&mut self, member: &'m Member) -> Option<&'m str> {
        let text = member.value.text();
        if text.is_none() {
            self.wrong(member.value.span, &format!("`{}` must be a string", member.key.value));
        }
        text
    }

    /// The value of `member` by its name in `choices`.
    fn choice<T: Copy>(&mut self, member: &Member, choices: &[(&str, T)]) -> Option<T> {
        let word = self.word(member)?;
        let found = choices.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.wrong(
                member.value.span,
                &format!("`{}` must be one of {}", member.key.value, names.join(", ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    fn root(&mut self, root: &Node, config: &mut Config) {
        for member in root.members() {
            match member.key.value.as_str() {
                "fail-on" => {
                    let choices = [
                        ("error", Some(Severity::Error)),
                        ("warning", Some(Severity::Warning)),
                        ("note", Some(Severity::Note)),
                        ("never", None),
                    ];
                    config.fail_on = self.choice(member, &choices);
                }
                "trigger" => {
                    let choices =
                        [Trigger::GitHub, Trigger::RailwayUp, Trigger::Local].map(|each| (each.name(), each));
                    config.trigger = self.choice(member, &choices);
                }
                "rules" => self.rules(member, config),
                "allow" => self.allow(member, config),
                "services" => self.services(member, config),
                "prove" => {
                    for service in member.value.members() {
                        let prove = self.prove(service);
                        config.prove.insert(service.key.value.clone(), prove);
                    }
                }
                _ => self.unknown(member, "`fail-on`, `trigger`, `rules`, `allow`, `services` and `prove`"),
            }
        }
    }

    fn rules(&mut self, table: &Member, config: &mut Config) {
        for member in table.value.members() {
            let Some(rule) = rules::find(&member.key.value) else {
                self.wrong(member.key.span, &format!("there is no rule `{}`", member.key.value));
                continue;
            };
            let choices =
                [("off", None), ("note", Some(Severity::Note)), ("warning", Some(Severity::Warning))];
            let Some(level) = self.choice(member, &choices) else { continue };
            config.rules.insert(rule.id.to_owned(), level);
        }
    }

    fn allow(&mut self, table: &Member, config: &mut Config) {
        for item in table.value.items() {
            let mut allow = Allow { rule: String::new(), path: None, service: None, span: item.span };
            let mut reason = false;
            for member in item.members() {
                let word = self.word(member).map(str::to_owned);
                match (member.key.value.as_str(), word) {
                    ("rule", Some(word)) if rules::find(&word).is_none() => {
                        self.wrong(member.value.span, &format!("there is no rule `{word}`"));
                    }
                    ("rule", Some(word)) => allow.rule = word,
                    ("path", word) => allow.path = word,
                    ("service", word) => allow.service = word,
                    ("reason", Some(word)) => reason = !word.trim().is_empty(),
                    ("rule" | "reason", None) => {}
                    _ => self.unknown(member, "`rule`, `path`, `service` and `reason`"),
                }
            }
            if item.get("rule").is_none() {
                self.wrong(item.span, "an allowance needs a `rule`");
            }
            if !reason {
                self.wrong(item.span, "an allowance needs a `reason`");
            }
            config.allow.push(allow);
        }
    }

    fn services(&mut self, table: &Member, config: &mut Config) {
        for member in table.value.members() {
            let service = self.service(member);
            config.services.insert(member.key.value.clone(), service);
        }
    }

    fn service(&mut self, table: &Member) -> ServiceConfig {
        let mut service = ServiceConfig { span: table.key.span, ..ServiceConfig::default() };
        for member in table.value.members() {
            let path = |word: &str| word.trim_matches('/').trim_start_matches("./").to_owned();
            let spanned = |word: &str| Spanned { value: path(word), span: member.value.span };
            match member.key.value.as_str() {
                "root" => service.root = self.word(member).map(path),
                "dockerfile" => service.dockerfile = self.word(member).map(spanned),
                "config" => service.config = self.word(member).map(spanned),
                "entry" => service.entry = self.word(member).map(str::to_owned),
                "builder" => {
                    let choices = [
                        ("dockerfile", Builder::Dockerfile),
                        ("railpack", Builder::Railpack),
                        ("nixpacks", Builder::Nixpacks),
                        ("image", Builder::Image),
                    ];
                    service.builder = self.choice(member, &choices);
                }
                "kind" => {
                    let choices = [("web", Kind::Web), ("worker", Kind::Worker), ("cron", Kind::Cron)];
                    service.kind = self.choice(member, &choices);
                }
                "variables" => match &member.value.kind {
                    NodeKind::List(items) => {
                        service.variables.extend(items.iter().filter_map(Node::text).map(str::to_owned));
                    }
                    _ => self.wrong(member.value.span, "`variables` must be a list of names"),
                },
                name => self.setting(member, &camel(name), &mut service),
            }
        }
        service
    }

    /// `start-command` and its like: a setting of Railway in kebab case.
    fn setting(&mut self, member: &Member, name: &str, service: &mut ServiceConfig) {
        let Some(key) = Key::find("deploy", name).or_else(|| Key::find("build", name)) else {
            let known = "`root`, `dockerfile`, `config`, `builder`, `kind`, `entry`, `variables` and Railway's settings in kebab case, such as `start-command`";
            return self.unknown(member, known);
        };
        let value = member.value.value();
        if key.shape().fits(&value) {
            service.settings.insert(key, Spanned { value, span: member.value.span });
        } else {
            let message = format!("`{}` must be {}", member.key.value, key.shape().name());
            self.wrong(member.value.span, &message);
        }
    }
}

/// `start-command` becomes `startCommand`.
fn camel(kebab: &str) -> String {
    let mut words = kebab.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut chars = word.chars();
        name + &chars.next().map(|char| char.to_uppercase().to_string()).unwrap_or_default() + chars.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Vec<String>> {
        let errors = |errors: Vec<ConfigError>| errors.into_iter().map(|error| error.message).collect();
        Config::parse(&Text::decode(DEFAULT_PATH, text.as_bytes())).map_err(errors)
    }

    #[test]
    fn a_full_file_is_read() {
        let config = parse(
            "fail-on = \"warning\"\ntrigger = \"railway-up\"\n[rules]\nmissing-dockerignore = \"off\"\n\
             [[allow]]\nrule = \"dockerfile-volume-instruction\"\npath = \"docker/*\"\nreason = \"not deployed\"\n\
             [services.worker]\nroot = \"/backend/\"\ndockerfile = \"backend/Dockerfile\"\nkind = \"worker\"\n\
             start-command = \"rq worker\"\nvariables = [\"REDIS_URL\"]\n",
        )
        .unwrap();
        assert_eq!(config.fail_on, Some(Some(Severity::Warning)));
        let worker = &config.services["worker"];
        assert_eq!(worker.root.as_deref(), Some("backend"));
        assert_eq!(worker.settings[&Key::StartCommand].value.text(), Some("rq worker"));
    }

    #[test]
    fn every_problem_is_named_with_its_line() {
        let errors = parse(
            "fail_on = 1\n[rules]\nnope = \"off\"\n[[allow]]\npath = \"x\"\n[services.a]\nkind = \"db\"\n",
        )
        .unwrap_err();
        assert_eq!(errors.len(), 5, "{errors:?}");
        assert!(errors[0].starts_with(".github/preflight.toml:1:1: `fail_on` is not known"));
    }

    #[test]
    fn a_rule_can_be_lowered_but_not_raised() {
        assert!(parse("[rules]\nmissing-dockerignore = \"error\"\n").is_err());
    }

    #[test]
    fn stars_in_paths_stand_for_anything() {
        assert!(matches_path("docker/*", "docker/a/b"));
        assert!(matches_path("*/Dockerfile*", "a/Dockerfile.x"));
        assert!(!matches_path("a*b", "ac"));
        assert!(!matches_path("a", "ab"));
    }
}

//! From findings to a report: order, positions, excerpts, verdict, headline.

use std::collections::HashMap;

use super::{
    BaselineCounts, Report, Reported, ServiceSummary, SettingRow, Verdict, diff, escape, suggestion,
};
use crate::baseline::Baseline;
use crate::config::Config;
use crate::facts::Facts;
use crate::facts::service::{Builder, Kind, Service};
use crate::facts::settings::{KEYS, Key, Setting};
use crate::finding::{Finding, Severity, Site};
use crate::fix;
use crate::known::Known;
use crate::order;
use crate::rule::Phase;
use crate::rules;
use crate::snapshot::Snapshot;
use crate::span::{Position, Span};

const EXCERPT_LINES: usize = 5;
const EXCERPT_WIDTH: usize = 160;

impl Report {
    /// Orders `findings`, sets apart what the baseline accepts, and gathers what the renderings need.
    pub(crate) fn new(
        facts: &Facts<'_>,
        config: &Config,
        findings: Vec<Finding>,
        baseline: Option<Baseline>,
    ) -> Self {
        let snapshot = facts.snapshot;
        let mut findings = ordered(snapshot, merged(findings));
        let baseline = baseline.map(|baseline| {
            let stale = baseline.mark(&mut findings);
            let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
                findings.iter().filter(|each| each.known && each.finding.severity == severity).count()
            });
            let counts = BaselineCounts { counts, stale: stale.len() };
            findings.extend(ordered(
                snapshot,
                stale.into_iter().filter_map(|each| config.adjust(each)).collect(),
            ));
            sort(&mut findings);
            counts
        });
        let mut report = Self {
            verdict: Verdict::NothingToCheck,
            headline: String::new(),
            first: None,
            services: facts.services.iter().map(|service| summary(snapshot, service, &findings)).collect(),
            findings,
            baseline,
            files: snapshot.entries().iter().filter(|entry| snapshot.travels(entry)).count(),
            today: snapshot.today,
            trigger: snapshot.trigger,
            proof: facts.proof().cloned(),
        };
        report.judge();
        report
    }

    /// Sets verdict, headline and first step from the findings.
    pub(super) fn judge(&mut self) {
        let [errors, warnings, _] = self.counts();
        self.verdict = match (errors, warnings) {
            (0, 0) if self.services.is_empty() && self.findings.is_empty() => Verdict::NothingToCheck,
            (0, 0) => Verdict::Clear,
            (0, _) => Verdict::AtRisk,
            _ => Verdict::WillFail,
        };
        let accepted = self.findings.iter().any(|each| each.known && each.finding.severity != Severity::Note);
        self.headline = match self.verdict {
            Verdict::WillFail => format!("This deployment will not come up: {}.", counted(errors, warnings)),
            Verdict::AtRisk => {
                format!("This deployment may come up, but {} stand against it.", counted(0, warnings))
                    .replace("1 warning stand ", "1 warning stands ")
            }
            Verdict::Clear if accepted => {
                "Nothing new stands against this deployment; the baseline accepts what did before.".into()
            }
            Verdict::Clear => "No reason was found why this deployment would not come up.".into(),
            Verdict::NothingToCheck => {
                "Nothing to check: no Railway settings, Dockerfile, compose file or Procfile was found here."
                    .into()
            }
        };
        let above_note = self.fresh().next().filter(|each| each.finding.severity != Severity::Note);
        let first = above_note.map(|each| {
            let what = each.finding.help.as_deref().unwrap_or(&each.finding.message);
            format!("{} ({}:{})", what.trim_end_matches('.'), each.finding.site.path, each.start.line)
        });
        self.first = first;
    }
}

/// "2 errors and 1 warning", leaving out zeros.
fn counted(errors: usize, warnings: usize) -> String {
    let count = |count: usize, what: &str| {
        (count > 0).then(|| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    };
    [count(errors, "error"), count(warnings, "warning")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

/// One finding for a defect that several services share.
fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen: HashMap<(&'static str, Site, String), usize> = HashMap::new();
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let key = (finding.rule, finding.site.clone(), finding.message.clone());
        let Some(at) = seen.get(&key) else {
            seen.insert(key, kept.len());
            kept.push(finding);
            continue;
        };
        let first = &mut kept[*at];
        first.severity = first.severity.min(finding.severity);
        if let (Some(known), Some(other)) = (&mut first.service, &finding.service)
            && !known.split(", ").any(|name| name == other)
        {
            known.push_str(", ");
            known.push_str(other);
        }
    }
    kept
}

fn ordered(snapshot: &Snapshot<'_>, findings: Vec<Finding>) -> Vec<Reported> {
    let mut reported: Vec<Reported> =
        findings.into_iter().map(|finding| located(snapshot, finding)).collect();
    sort(&mut reported);
    let mut repeats: HashMap<u64, u64> = HashMap::new();
    for each in &mut reported {
        let line = each.excerpt.first().map_or("", |(_, line)| line.trim());
        let hash = fnv(&[each.finding.rule, &each.finding.site.path, line]);
        let repeat = repeats.entry(hash).or_default();
        each.fingerprint = format!("{:016x}", hash ^ *repeat);
        *repeat += 1;
    }
    reported
}

/// Worst and earliest first.
fn sort(reported: &mut Vec<Reported>) {
    order::sort_by(reported, |one, other| {
        let key = |each: &Reported| (each.finding.severity, each.phase);
        key(one)
            .cmp(&key(other))
            .then_with(|| one.finding.site.cmp(&other.finding.site))
            .then(one.finding.rule.cmp(other.finding.rule))
    });
}

/// FNV-1a over the parts, each ended by a zero byte.
fn fnv(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn located(snapshot: &Snapshot<'_>, mut finding: Finding) -> Reported {
    finding.fix = finding.fix.and_then(|fix| fix::fitted(snapshot, &fix));
    let (start, end, excerpt) = place(snapshot, &finding.site);
    let related = finding.related.iter().map(|related| place(snapshot, &related.site).0).collect();
    let phase = rules::find(finding.rule).map_or(Phase::Config, |rule| rule.phase);
    let edits = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| {
        let (start, end, _) = place(snapshot, &edit.site);
        (start, end)
    });
    Reported {
        phase,
        start,
        end,
        excerpt,
        related,
        edits: edits.collect(),
        diff: finding.fix.as_ref().and_then(|fix| diff::of_fix(snapshot, fix)),
        suggestion: finding.fix.as_ref().and_then(|fix| suggestion::of_fix(snapshot, fix)),
        known: false,
        fingerprint: String::new(),
        finding,
    }
}

fn place(snapshot: &Snapshot<'_>, site: &Site) -> (Position, Position, Vec<(usize, String)>) {
    let nowhere = Position { line: 1, column: 1 };
    let Ok(text) = snapshot.text(&site.path) else { return (nowhere, nowhere, Vec::new()) };
    let start = text.position(site.span.start);
    let end = text.position(site.span.end);
    if site.span == Span::START {
        return (start, end, Vec::new());
    }
    let lines = (start.line..=end.line).take(EXCERPT_LINES).filter_map(|line| {
        let shown = text.lines.line_span(&text.text, line)?.of(&text.text);
        Some((line, escape::shortened(shown, EXCERPT_WIDTH)))
    });
    (start, end, lines.collect())
}

fn summary(snapshot: &Snapshot<'_>, service: &Service, findings: &[Reported]) -> ServiceSummary {
    let concerns = |each: &&Reported| {
        each.finding
            .service
            .as_deref()
            .is_some_and(|names| names.split(", ").any(|name| name == service.name))
    };
    let count = |severity: Severity| {
        let new = findings.iter().filter(|each| !each.known).filter(concerns);
        new.filter(|each| each.finding.severity == severity).count()
    };
    ServiceSummary {
        name: service.name.clone(),
        path: service.origin.path.clone(),
        line: place(snapshot, &service.origin).0.line,
        facts: known_of(service),
        settings: setting_rows(snapshot, service),
        counts: [Severity::Error, Severity::Warning, Severity::Note].map(count),
    }
}

fn known_of(service: &Service) -> Vec<(&'static str, Result<String, String>)> {
    let said = |known: Known<String>| match known {
        Known::Yes(value) => Ok(value),
        Known::No => Ok("none".to_owned()),
        Known::Unknown(reason) => Err(reason),
    };
    let root = match service.roots.as_slice() {
        [root] => Ok(if root.is_empty() { "/".to_owned() } else { format!("/{root}") }),
        roots => Err(format!(
            "no file states it; possible: {}",
            roots.iter().map(|root| format!("/{root}")).collect::<Vec<_>>().join(", ")
        )),
    };
    let builder = service.builder.as_ref().map(|builder| match builder {
        Builder::Dockerfile => "Dockerfile".to_owned(),
        Builder::Railpack => "Railpack".to_owned(),
        Builder::Nixpacks => "Nixpacks".to_owned(),
        Builder::Image => "prebuilt image".to_owned(),
    });
    let kind = service.kind.as_ref().map(|kind| match kind {
        Kind::Web => "web".to_owned(),
        Kind::Worker => "worker".to_owned(),
        Kind::Cron => "cron".to_owned(),
    });
    let dockerfile = service.dockerfile.as_ref().map(|choice| choice.path.clone());
    vec![("kind", said(kind)), ("root", root), ("builder", said(builder)), ("dockerfile", said(dockerfile))]
}

/// Every setting in reading order: of all environments, then of named ones.
fn setting_rows(snapshot: &Snapshot<'_>, service: &Service) -> Vec<SettingRow> {
    let row = |environment: Option<&String>, key: Key, setting: &Setting| SettingRow {
        key: key.name().to_owned(),
        environment: environment.cloned(),
        value: match &setting.value {
            Known::Yes(value) => Ok(value.json().to_string()),
            Known::No => Ok("null".to_owned()),
            Known::Unknown(reason) => Err(reason.clone()),
        },
        path: setting.site.path.clone(),
        line: place(snapshot, &setting.site).0.line,
        survives: setting.survives(),
    };
    let environments = service.settings.environments.iter().map(|(name, set)| (Some(name), set));
    let sets = std::iter::once((None, &service.settings.base)).chain(environments);
    sets.flat_map(|(environment, set)| {
        KEYS.iter().filter_map(move |(key, ..)| Some(row(environment, *key, set.get(key)?)))
    })
    .collect()
}

//! From any build, deploy or runtime log to the root cause: what happened, the lines that prove it, what mends it.
//!
//! Each line is matched by the signatures in `diagnose/signatures.rs`. A cause that explains others wins: a builder's
//! refusal over a failing program, a failing program over the health check that never answered.

mod causes;
mod line;
pub mod mask;
mod signatures;

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

pub use causes::{CAUSES, Cause};
use causes::{NO_LOG, Weight};
use line::Line;
use signatures::{Meaning, SIGNATURES};

use crate::facts::pattern;
use crate::order;

/// Longest log that is read: the end of a longer one, because there it failed.
const LOG_LIMIT: usize = 16 * 1024 * 1024;
/// Most lines shown as evidence, and of a log that matches nothing.
const EVIDENCE: usize = 5;
const TELLING: usize = 8;

/// One line of the log, as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// One-based number in the log.
    pub number: usize,
    /// The line without colours and time stamps, its secrets masked.
    pub text: String,
}

/// How a log was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A root cause was found.
    Found(&'static Cause),
    /// Something failed that no signature knows.
    Unknown,
    /// Nothing in the log failed.
    Healthy,
}

/// What a log says.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The judgement.
    pub verdict: Verdict,
    /// What happened, one sentence; names what the log names.
    pub title: String,
    /// The lines that prove it, or the most telling ones.
    pub evidence: Vec<Evidence>,
    /// Other causes that are in the log too, each with its line.
    pub also: Vec<(&'static Cause, Evidence)>,
    /// What the log says about the deployment: (name, value).
    pub context: Vec<(&'static str, String)>,
    /// How many lines were read.
    pub lines: usize,
}

impl Diagnosis {
    /// The cause's id, `unknown`, or `none`.
    pub fn id(&self) -> &'static str {
        match self.verdict {
            Verdict::Found(cause) => cause.id,
            Verdict::Unknown => "unknown",
            Verdict::Healthy => "none",
        }
    }

    /// The rule that finds this cause before the merge, when there is one.
    pub fn rule(&self) -> Option<&'static str> {
        let Verdict::Found(cause) = self.verdict else { return None };
        crate::rules::find(cause.rule).map(|rule| rule.id)
    }

    /// What mends it.
    pub fn fix(&self) -> Option<&'static str> {
        let Verdict::Found(cause) = self.verdict else { return None };
        Some(cause.fix)
    }
}

/// A signature that matched a line.
struct Hit {
    line: usize,
    cause: &'static Cause,
    captured: Option<String>,
}

struct Patterns {
    set: RegexSet,
    each: Vec<Regex>,
}

/// The signatures, compiled once. A pattern that does not compile matches nothing; a test sees to it that all do.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let sources: Vec<&str> = SIGNATURES.iter().map(|signature| signature.pattern).collect();
    let set = pattern::caseless_set(&sources).unwrap_or_else(RegexSet::empty);
    Patterns { set, each: sources.iter().filter_map(|source| pattern::caseless(source)).collect() }
});

/// Judges `log`.
pub fn diagnose(log: &str) -> Diagnosis {
    let lines = line::lines(tail(log, LOG_LIMIT));
    let mut hits: Vec<Hit> = Vec::new();
    let mut context: Vec<(&'static str, String)> = Vec::new();
    let mut cleared = None;
    for (at, line) in lines.iter().enumerate() {
        let Some((meaning, captured)) = meaning(&line.text) else { continue };
        match meaning {
            Meaning::Cause(id) => {
                if let Some(cause) = causes::find(id) {
                    hits.push(Hit { line: at, cause, captured });
                }
            }
            Meaning::Context(name) => {
                let value = captured.unwrap_or_default();
                context.retain(|(known, _)| *known != name || name == "not used");
                if !context.contains(&(name, value.clone())) {
                    context.push((name, value));
                }
            }
            Meaning::Up => cleared = Some(at),
        }
    }
    // What was overcome before the program came up is no cause.
    hits.retain(|hit| Some(hit.line) > cleared || !hit.cause.passing);
    verdict(&lines, &hits, context, cleared.map_or(0, |at| at + 1))
}

fn tail(log: &str, limit: usize) -> &str {
    let mut from = log.len().saturating_sub(limit);
    while !log.is_char_boundary(from) {
        from += 1;
    }
    &log[from..]
}

/// What the first signature that fits says of `text`.
fn meaning(text: &str) -> Option<(Meaning, Option<String>)> {
    let first = PATTERNS.set.matches(text.as_bytes()).iter().next()?;
    let groups = PATTERNS.each.get(first)?.captures(text.as_bytes())?;
    let named = (1..groups.len()).find_map(|group| groups.get(group));
    let named = named.map(|found| mask::masked(&String::from_utf8_lossy(found.as_bytes())));
    Some((SIGNATURES[first].meaning, named))
}

fn verdict(
    lines: &[Line<'_>],
    hits: &[Hit],
    context: Vec<(&'static str, String)>,
    since: usize,
) -> Diagnosis {
    let mut diagnosis = Diagnosis {
        verdict: Verdict::Unknown,
        title: "No signature fits this log; these are its most telling lines".into(),
        evidence: Vec::new(),
        also: Vec::new(),
        context,
        lines: lines.len(),
    };
    if lines.iter().all(|line| line.text.trim().is_empty()) {
        diagnosis.verdict = Verdict::Found(&NO_LOG);
        diagnosis.title = NO_LOG.title.into();
        return diagnosis;
    }
    let root = hits.iter().min_by_key(|hit| (hit.cause.weight, hit.line));
    let Some(root) = root else {
        diagnosis.evidence = telling(&lines[since..]);
        if diagnosis.evidence.is_empty() {
            diagnosis.verdict = Verdict::Healthy;
            diagnosis.title = "Nothing in this log failed".into();
        }
        return diagnosis;
    };
    diagnosis.verdict = Verdict::Found(root.cause);
    let captured = hits.iter().find(|hit| hit.cause == root.cause && hit.captured.is_some());
    diagnosis.title = root.cause.titled(captured.and_then(|hit| hit.captured.as_deref()));
    diagnosis.evidence = evidence(lines, hits, root.cause);
    for hit in hits.iter().filter(|hit| hit.cause != root.cause && hit.cause.weight < Weight::Consequence) {
        if diagnosis.also.iter().all(|(cause, _)| *cause != hit.cause) {
            diagnosis.also.push((hit.cause, shown(&lines[hit.line])));
        }
    }
    diagnosis
}

/// The cause's own lines, then what followed from it; each text once.
fn evidence(lines: &[Line<'_>], hits: &[Hit], cause: &Cause) -> Vec<Evidence> {
    let own = hits.iter().filter(|hit| hit.cause == cause).take(EVIDENCE * 4);
    let after = hits.iter().filter(|hit| hit.cause.weight == Weight::Consequence && hit.cause != cause);
    let mut found: Vec<Evidence> = Vec::new();
    for hit in own.chain(after.take(EVIDENCE)) {
        let next = shown(&lines[hit.line]);
        if found.len() < EVIDENCE && found.iter().all(|known| !repeats(&known.text, &next.text)) {
            found.push(next);
        }
    }
    order::sort_by_key(&mut found, |each| each.number);
    found
}

/// True when the two differ in numbers only: the next attempt, or a later time.
fn repeats(one: &str, other: &str) -> bool {
    let words = |text: &'_ str| text.chars().filter(|char| !char.is_ascii_digit()).collect::<String>();
    words(one) == words(other)
}

fn shown(line: &Line<'_>) -> Evidence {
    Evidence { number: line.number, text: mask::masked(line.text.trim_end()) }
}

/// Words that mark a line as telling, strongest first.
const MARKS: [(&str, u32); 14] = [
    ("fatal", 5),
    ("panic", 5),
    ("segmentation fault", 5),
    ("core dumped", 5),
    ("error", 4),
    ("exception", 4),
    ("failed", 3),
    ("invalid pointer", 3),
    ("cannot", 3),
    ("could not", 3),
    ("unable to", 3),
    ("refus", 3),
    ("denied", 3),
    ("exit code", 3),
];

/// The lines of a log that say most about a failure, in order; none when nothing seems to have failed.
fn telling(lines: &[Line<'_>]) -> Vec<Evidence> {
    let score = |line: &Line<'_>| -> u32 {
        let text = line.text.to_ascii_lowercase();
        if line.level.is_some_and(|level| matches!(level, "info" | "debug")) || text.contains("exit code: 0")
        {
            return 0;
        }
        // A word inside another (`error-utils`) is a name.
        let marked = |mark: &str| {
            text.match_indices(mark).any(|(at, _)| !text[at + mark.len()..].starts_with(['-', '_', '.', '/']))
        };
        MARKS.iter().filter(|(mark, _)| marked(mark)).map(|(_, weight)| weight).sum()
    };
    let mut scored: Vec<(u32, usize)> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (score(line), at))
        .filter(|(score, _)| *score > 0)
        .collect();
    // Strongest first; of equals the last, for a log ends where it failed.
    order::sort_by_key(&mut scored, |(score, at)| (std::cmp::Reverse(*score), std::cmp::Reverse(*at)));
    let mut found: Vec<Evidence> = Vec::new();
    for (_, at) in scored {
        let next = shown(&lines[at]);
        if found.len() < TELLING && found.iter().all(|known| !repeats(&known.text, &next.text)) {
            found.push(next);
        }
    }
    order::sort_by_key(&mut found, |each| each.number);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_compiles_and_names_a_cause() {
        assert_eq!(PATTERNS.each.len(), SIGNATURES.len());
        assert_eq!(PATTERNS.set.len(), SIGNATURES.len());
        for signature in SIGNATURES {
            if let Meaning::Cause(id) = signature.meaning {
                assert!(causes::find(id).is_some(), "{id}");
            }
        }
    }

    #[test]
    fn every_cause_has_a_signature_and_a_page_where_it_names_a_rule() {
        for cause in CAUSES {
            let used = SIGNATURES.iter().any(|signature| signature.meaning == Meaning::Cause(cause.id));
            assert!(used || cause.id == NO_LOG.id, "{}", cause.id);
        }
    }

    #[test]
    fn a_failing_program_explains_the_health_check() {
        let log = "Attempt #1 failed with service unavailable. Continuing to retry for 4m\nHealthcheck failed!\nModuleNotFoundError: No module named 'rq'\n";
        let diagnosis = diagnose(log);
        assert_eq!(diagnosis.id(), "module-missing");
        assert_eq!(diagnosis.evidence.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(diagnosis.title.contains("`rq`"), "{}", diagnosis.title);
    }

    #[test]
    fn what_was_overcome_is_no_cause() {
        let down = "Error 111 connecting to redis.railway.internal:6379. Connection refused.\n";
        assert_eq!(diagnose(&format!("{down}*** Listening on default...\n")).id(), "none");
        assert_eq!(diagnose(&format!("*** Listening on default...\n{down}")).id(), "redis-refused");
    }

    #[test]
    fn secrets_of_the_log_are_not_repeated() {
        let diagnosis =
            diagnose("ERROR cannot reach redis://default:hunter2@host:1/0 with token=abcd1234abcd\n");
        let shown = format!("{diagnosis:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("abcd1234"), "{shown}");
    }

    #[test]
    fn any_text_is_borne() {
        for log in ["\0\u{1b}[", "{\"message\":", "\n\n\n", "#1 [", &"x".repeat(100_000), "é\u{301}\u{feff}"]
        {
            diagnose(log);
        }
    }
}

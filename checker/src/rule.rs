//! What a rule is, and the macro that makes one out of its documentation.

use crate::facts::Facts;
use crate::finding::{Findings, Severity};

/// The moment of a deployment at which a defect shows. The order is the order in which Railway gets there, so the
/// first finding of a report is the first thing that would go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Railway reads the settings and picks the builder.
    Config,
    /// The image is built.
    Build,
    /// The container's command is executed.
    Start,
    /// The program comes up and is probed.
    Health,
    /// The deployment is live.
    Run,
}

impl Phase {
    /// Its lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Build => "build",
            Self::Start => "start",
            Self::Health => "health",
            Self::Run => "run",
        }
    }
}

/// One kind of defect.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Kebab-case id, the same as its file name.
    pub id: &'static str,
    /// Severity of its findings unless they say otherwise.
    pub severity: Severity,
    /// When in a deployment the defect shows.
    pub phase: Phase,
    /// Version of Preflight that had it first.
    pub since: &'static str,
    /// Where the platform's behaviour is documented or was reported.
    pub sources: &'static [&'static str],
    /// Markdown: summary line, why, what to do, what it cannot know, examples. Empty in the wasm module, where nothing
    /// asks for it and every byte is loaded on each run.
    pub docs: &'static str,
    /// Looks at the facts and reports.
    pub check: fn(&Facts<'_>, &mut Findings),
}

impl Rule {
    /// The first line of its documentation.
    pub fn summary(&self) -> &'static str {
        self.docs.trim_start().lines().next().unwrap_or_default().trim()
    }

    /// The documentation as Markdown, without the blank that follows `///` in the source.
    pub fn markdown(&self) -> String {
        self.docs.lines().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
    }

    /// The examples of the documentation, in order.
    pub fn examples(&self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut open: Option<Example> = None;
        for line in self.markdown().lines() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(info)) if info.starts_with("repo,") => {
                    let words = info.split([',', ' ']).skip(1).map(str::to_owned).collect();
                    open = Some(Example { words, fixture: String::new() });
                }
                (Some(_), Some("")) => examples.extend(open.take()),
                (Some(example), _) => {
                    example.fixture.push_str(line);
                    example.fixture.push('\n');
                }
                _ => {}
            }
        }
        examples
    }

    /// Runs it over `facts`.
    pub fn run(&self, facts: &Facts<'_>) -> Vec<crate::finding::Finding> {
        let mut found = Findings::new(self.id, self.severity);
        (self.check)(facts, &mut found);
        found.into_vec()
    }
}

/// One example of a rule's documentation: a fenced block whose info string begins with `repo,`.
#[derive(Debug, Clone)]
pub struct Example {
    /// Words behind `repo`: `fires` or `passes`; optionally a severity, and `today=YYYY-MM-DD`.
    pub words: Vec<String>,
    /// The tree in the form of [`crate::fixture`].
    pub fixture: String,
}

/// Declares the constant `RULE` of a rule's file from its documentation and metadata; the file's `check` judges.
macro_rules! declare_rule {
    (
        $(#[doc = $doc:literal])+
        $id:literal, $severity:ident, $phase:ident, since $since:literal,
        sources: [$($source:literal),+ $(,)?]
    ) => {
        /// The rule of this file.
        pub(crate) const RULE: $crate::rule::Rule = $crate::rule::Rule {
            id: $id,
            severity: $crate::finding::Severity::$severity,
            phase: $crate::rule::Phase::$phase,
            since: $since,
            sources: &[$($source),+],
            #[cfg(not(target_arch = "wasm32"))]
            docs: concat!($($doc, "\n"),+),
            #[cfg(target_arch = "wasm32")]
            docs: "",
            check,
        };
    };
}
pub(crate) use declare_rule;

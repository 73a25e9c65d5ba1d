//! One place where a rule fires, what it means and what would mend it.

use serde::Serialize;

use crate::span::Span;

/// How bad a finding is. The order is the order of a report: worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The deployment will fail.
    Error,
    /// The deployment may fail, or will not do what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// The severity called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Error, Self::Warning, Self::Note].into_iter().find(|severity| severity.name() == name)
    }
}

/// One place in one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// Path in the tree.
    pub path: String,
    /// Bytes of the decoded text.
    pub span: Span,
}

impl Site {
    /// The place `span` of `path`.
    pub fn new(path: impl Into<String>, span: impl Into<Span>) -> Self {
        Self { path: path.into(), span: span.into() }
    }

    /// The beginning of `path`, for what is true of the whole file.
    pub fn file(path: impl Into<String>) -> Self {
        Self::new(path, Span::START)
    }
}

/// A change to one file: `span` of the decoded text becomes `text`. A file that does not exist is created from an
/// edit at [`Span::START`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub site: Site,
    /// The text put in its place.
    pub text: String,
}

/// A mechanical mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative: "Wrap the start command in a shell".
    pub title: String,
    /// Every edit of it; all or none are applied.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A mend of one edit.
    pub fn edit(title: impl Into<String>, site: Site, text: impl Into<String>) -> Self {
        Self { title: title.into(), edits: vec![Edit { site, text: text.into() }] }
    }
}

/// A second place that explains the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub site: Site,
    /// What is to be seen there, without a full stop.
    pub message: String,
}

/// One place where a rule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Id of the rule.
    pub rule: &'static str,
    /// How bad it is here; a rule may say less than its default.
    pub severity: Severity,
    /// The service it concerns; `None` when it concerns the repository.
    pub service: Option<String>,
    /// Where.
    pub site: Site,
    /// What is wrong here and what will happen, one sentence, lower case, no full stop.
    pub message: String,
    /// What to change, one sentence in the imperative.
    pub help: Option<String>,
    /// Other places that explain it.
    pub related: Vec<Related>,
    /// A mechanical mend, when there is one.
    pub fix: Option<Fix>,
}

impl Finding {
    /// Says which service it concerns.
    pub fn service(&mut self, name: impl Into<String>) -> &mut Self {
        self.service = Some(name.into());
        self
    }

    /// Says what to change.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Sets how bad it is here.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    /// Points at a second place.
    pub fn related(&mut self, site: Site, message: impl Into<String>) -> &mut Self {
        self.related.push(Related { site, message: message.into() });
        self
    }

    /// Offers a mechanical mend.
    pub fn fix(&mut self, fix: Fix) -> &mut Self {
        self.fix = Some(fix);
        self
    }
}

/// Where one rule writes its findings.
#[derive(Debug)]
pub struct Findings {
    rule: &'static str,
    severity: Severity,
    found: Vec<Finding>,
}

impl Findings {
    /// An empty list for the rule `rule` with its default severity.
    pub fn new(rule: &'static str, severity: Severity) -> Self {
        Self { rule, severity, found: Vec::new() }
    }

    /// Adds a finding; what it returns takes the details.
    pub fn at(&mut self, site: Site, message: impl Into<String>) -> &mut Finding {
        self.found.push(Finding {
            rule: self.rule,
            severity: self.severity,
            service: None,
            site,
            message: message.into(),
            help: None,
            related: Vec::new(),
            fix: None,
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// Everything added so far.
    pub fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

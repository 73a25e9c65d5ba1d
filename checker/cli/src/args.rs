//! What can be asked on the command line.

use std::path::PathBuf;

use checker::finding::Severity;
use checker::plan::Profile;
use checker::snapshot::{Day, Trigger};
use clap::{Parser, Subcommand, ValueEnum};

/// Proves before the merge that a Railway deployment will come up.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit status: 0 nothing found at or above --fail-on, 1 findings, 2 bad usage or an internal fault."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge a directory, or a commit of a repository
    Check(Check),
    Diagnose(crate::diagnose::Diagnose),
    Migrate(crate::migrate::Migrate),
    /// Show what mechanical fixes would change, as a patch; with --apply, change it
    Fix(Fix),
    /// Record today's findings in .github/preflight-baseline.json, so that `check` fails only on new ones
    Baseline(Judged),
    /// Say how each service would be built and exercised in Docker
    Plan(Plan),
    /// Say why a rule is right, what it cannot know, and how to allow it
    Explain {
        /// Id of the rule, as in a report
        rule: String,
    },
    /// List every rule
    Rules,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) judged: Judged,
    /// Check a commit instead of the working directory, such as HEAD
    #[arg(long, value_name = "REV")]
    pub(crate) commit: Option<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Lowest severity that makes the exit status 1 [default: error, or what the configuration says]
    #[arg(long, value_enum)]
    pub(crate) fail_on: Option<FailOn>,
    /// When to colour the report
    #[arg(long, value_enum, default_value_t)]
    pub(crate) color: Color,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Fix {
    #[command(flatten)]
    pub(crate) judged: Judged,
    /// Write the files; without it nothing is written, and standard output is a patch for `git apply`
    #[arg(long)]
    pub(crate) apply: bool,
    /// Write even files whose present state git could not bring back
    #[arg(long, requires = "apply")]
    pub(crate) allow_dirty: bool,
    /// Only fixes of this rule; may be given more than once
    #[arg(long, value_name = "ID", value_parser = rule)]
    pub(crate) rule: Vec<String>,
    /// When to colour the patch; a coloured one is for reading and not for `git apply`
    #[arg(long, value_enum, default_value_t)]
    pub(crate) color: Color,
}

/// What is judged, and by what.
#[derive(Debug, clap::Args)]
pub(crate) struct Judged {
    /// Directory; with --commit, a repository or a directory inside one
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// How the code travels to Railway [default: github, or what the configuration says]
    #[arg(long, value_parser = trigger)]
    pub(crate) trigger: Option<Trigger>,
    /// Configuration file [default: .github/preflight.toml of the directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Day to judge by, such as 2026-12-01 [default: today, UTC]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) today: Option<Day>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    /// Directory to plan for
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// How much is proved: build, quick or full
    #[arg(long, default_value = "quick", value_parser = profile)]
    pub(crate) profile: Profile,
    /// Services to plan for [default: those that are deployed]
    #[arg(long = "service", value_name = "NAME")]
    pub(crate) services: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// How the code travels to Railway [default: github, or what the configuration says]
    #[arg(long, value_parser = trigger)]
    pub(crate) trigger: Option<Trigger>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Format {
    /// Excerpts with file, line, cause and fix
    #[default]
    Text,
    /// The document of docs/report.schema.json
    Json,
    /// A pull-request comment
    Markdown,
    /// Workflow commands that GitHub turns into annotations
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    /// The severity that fails the check; `None` is never.
    pub(crate) fn threshold(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
            Self::Never => None,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal only
    #[default]
    Auto,
    Always,
    Never,
}

fn trigger(name: &str) -> Result<Trigger, String> {
    Trigger::parse(name).ok_or_else(|| "possible values: github, railway-up, local".to_owned())
}

fn rule(id: &str) -> Result<String, String> {
    let known = checker::rules::find(id).map(|rule| rule.id.to_owned());
    known.ok_or_else(|| "`preflight rules` lists them".to_owned())
}

fn profile(name: &str) -> Result<Profile, String> {
    Profile::parse(name).ok_or_else(|| "possible values: build, quick, full".to_owned())
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "a day is written YYYY-MM-DD".to_owned())
}

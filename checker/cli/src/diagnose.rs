//! `preflight diagnose`: a log in, its root cause out.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use checker::diagnose::{Verdict, diagnose};
use checker::report::diagnosis;
use clap::ValueEnum;

use crate::args::Color;

/// Say why a deployment failed, from its build, deploy or runtime log
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 a cause was found or nothing failed, 1 the cause is unknown, 2 bad usage or an internal fault."
)]
pub(crate) struct Diagnose {
    /// Log file; `-` or nothing reads standard input
    #[arg(default_value = "-")]
    log: PathBuf,
    /// How the diagnosis is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// Cause, evidence, fix and rule
    #[default]
    Text,
    /// The same for programs
    Json,
    /// For a summary or a comment
    Markdown,
}

pub(crate) fn run(args: &Diagnose) -> Result<ExitCode, String> {
    let mut bytes = Vec::new();
    let read = if args.log.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(&args.log).map(|read| bytes = read)
    };
    read.map_err(|error| format!("cannot read {}: {error}", args.log.display()))?;
    let found = diagnose(&String::from_utf8_lossy(&bytes));
    let shown = match args.format {
        Format::Text => diagnosis::text(&found),
        Format::Json => diagnosis::json(&found),
        Format::Markdown => diagnosis::markdown(&found, None),
    };
    crate::run::print(&shown, Color::Never)?;
    Ok(if found.verdict == Verdict::Unknown { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

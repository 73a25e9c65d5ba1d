//! What each command does.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use checker::config::ConfigError;
use checker::finding::Severity;
use checker::report::{Report, annotations, json, markdown, sarif, text};
use checker::snapshot::{Day, Overlay, Tree};
use checker::{Options, baseline, rules};

use crate::args::{Args, Check, Color, Command, Format, Judged, Plan};
use crate::fix;
use crate::tree::{CommitTree, DirectoryTree};

/// Runs the command; an `Err` is bad usage or a fault, in words for the user.
pub(crate) fn run(args: Args) -> Result<ExitCode, String> {
    match args.command {
        Command::Check(args) => check(&args),
        Command::Diagnose(args) => crate::diagnose::run(&args),
        Command::Migrate(args) => crate::migrate::run(&args),
        Command::Plan(args) => plan(&args),
        Command::Fix(args) => fix::run(&args),
        Command::Baseline(judged) => record(&judged),
        Command::Explain { rule } => explain(&rule),
        Command::Rules => {
            let lines = rules::ALL
                .iter()
                .map(|rule| format!("{:<8} {:<38} {}\n", rule.severity.name(), rule.id, rule.summary()));
            print(&lines.collect::<String>(), Color::Never)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(args: &Check) -> Result<ExitCode, String> {
    let tree: Box<dyn Tree> = match &args.commit {
        Some(rev) => Box::new(CommitTree::open(&args.judged.path, rev)?),
        None => Box::new(directory(&args.judged)?),
    };
    let (report, config) =
        checker::check(tree.as_ref(), &options(&args.judged)?).map_err(|errors| said(&errors))?;
    print(&rendered(&report, args), args.color)?;
    let asked = args.fail_on.map(crate::args::FailOn::threshold);
    let threshold = asked.or(config.fail_on).unwrap_or(Some(Severity::Error));
    let failed = threshold.is_some_and(|threshold| report.reaches(threshold));
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Writes the baseline. What the old one says plays no part, or it could never be mended.
fn record(judged: &Judged) -> Result<ExitCode, String> {
    let tree = directory(judged)?;
    let path = tree.place(baseline::PATH);
    let old = Overlay::without(&tree, baseline::PATH);
    let (report, _) = checker::check(&old, &options(judged)?).map_err(|errors| said(&errors))?;
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    std::fs::write(&path, baseline::render(&report)).map_err(failed)?;
    let [errors, warnings, notes] = report.counts();
    let text = format!(
        "{}: {errors} errors, {warnings} warnings and {notes} notes are accepted from now on. Commit the file.\n",
        baseline::PATH
    );
    print(&text, Color::Never)?;
    Ok(ExitCode::SUCCESS)
}

/// The working directory; what could not be read is said.
pub(crate) fn directory(judged: &Judged) -> Result<DirectoryTree, String> {
    let tree = DirectoryTree::open(&judged.path)?;
    for warning in &tree.warnings {
        anstream::eprintln!("preflight: warning: not read: {}", warning.escape_debug());
    }
    Ok(tree)
}

pub(crate) fn options(judged: &Judged) -> Result<Options, String> {
    Ok(Options {
        today: judged.today.map_or_else(today, Ok)?,
        trigger: judged.trigger,
        config: judged.config.as_deref().map(configuration).transpose()?,
    })
}

/// Everything that is wrong with the configuration, a line each.
pub(crate) fn said(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\npreflight: ")
}

fn plan(args: &Plan) -> Result<ExitCode, String> {
    let tree = DirectoryTree::open(&args.path)?;
    let options = Options { today: today()?, trigger: args.trigger, config: None };
    let (plan, _) = checker::plan(&tree, &options, args.profile, &args.services)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\npreflight: "))?;
    let text = if args.json {
        serde_json::to_string_pretty(&plan).map_err(|error| error.to_string())? + "\n"
    } else {
        checker::plan::text(&plan)
    };
    print(&text, Color::Never)?;
    Ok(ExitCode::SUCCESS)
}

fn configuration(path: &Path) -> Result<(String, String), String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok((path.display().to_string(), text))
}

fn rendered(report: &Report, args: &Check) -> String {
    match args.format {
        Format::Text => text::render(report, true),
        Format::Json => json::render(report),
        Format::Markdown => markdown::render(report, &markdown::Layout::default()),
        Format::Sarif => sarif::render(report, &sarif::Addresses::default()),
        Format::Github => annotations::all(report).iter().map(annotations::Annotation::command).collect(),
    }
}

fn explain(id: &str) -> Result<ExitCode, String> {
    let Some(rule) = rules::find(id) else {
        let near = rules::ALL
            .iter()
            .map(|rule| rule.id)
            .filter(|known| shares_a_word(known, id))
            .collect::<Vec<_>>();
        let hint = if near.is_empty() {
            "`preflight rules` lists them".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        return Err(format!("there is no rule `{id}`; {hint}"));
    };
    let sources: String = rule.sources.iter().map(|source| format!("* {source}\n")).collect();
    let (id, severity, phase) = (rule.id, rule.severity.name(), rule.phase.name());
    let body = rule.markdown();
    let text = format!(
        "{id}  ({severity}, shows at: {phase})\n\n{body}\n## Sources\n\n{sources}\n## How to allow it\n\nOn the line, or right above it:  # preflight: allow {id} -- reason\n"
    );
    print(&text, Color::Never)?;
    Ok(ExitCode::SUCCESS)
}

fn shares_a_word(known: &str, asked: &str) -> bool {
    asked.split('-').any(|word| word.len() > 3 && known.split('-').any(|part| part == word))
}

/// Writes to standard output; a reader that has gone away is no fault.
pub(crate) fn print(text: &str, color: Color) -> Result<(), String> {
    let choice = match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    let mut out = anstream::AutoStream::new(std::io::stdout(), choice).lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write the report: {error}"))
        }
        _ => Ok(()),
    }
}

/// Today in UTC.
pub(crate) fn today() -> Result<Day, String> {
    let date = time::OffsetDateTime::now_utc().date();
    let text = format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
    Day::parse(&text).ok_or_else(|| format!("the clock gives {text}; give --today"))
}

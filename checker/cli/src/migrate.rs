//! `preflight migrate`: `railway.toml` and `railway.json` in, `.railway/railway.ts` out.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use checker::Options;
use checker::migrate::{Migration, Request, migrate};

use crate::args::Color;
use crate::tree::DirectoryTree;

/// Carry railway.toml and railway.json over to .railway/railway.ts
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --write the file is printed and nothing is changed. Notes go to standard error.\nExit status: 0 done, 1 nothing to carry over, 2 bad usage or an internal fault."
)]
pub(crate) struct Migrate {
    /// Root of the repository
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Write .railway/railway.ts
    #[arg(long)]
    write: bool,
    /// With --write, replace a .railway/railway.ts that is there
    #[arg(long, requires = "write")]
    force: bool,
    /// Name of the Railway project [default: name of the repository or directory]
    #[arg(long)]
    project: Option<String>,
    /// Repository that services are built from, as owner/name [default: that of the remote `origin` on GitHub]
    #[arg(long)]
    repository: Option<String>,
    /// Variables that the services have in Railway, by name: each keeps its value
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    variables: Vec<String>,
}

pub(crate) fn run(args: &Migrate) -> Result<ExitCode, String> {
    let tree = DirectoryTree::open(&args.path)?;
    let repository = args.repository.clone().or_else(|| origin(&args.path));
    let request = Request {
        project: args.project.clone().unwrap_or_else(|| name_of(&args.path, repository.as_deref())),
        repository,
        variables: args.variables.clone(),
    };
    let options = Options { today: crate::run::today()?, trigger: None, config: None };
    let migration = migrate(&tree, &options, &request)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\npreflight: "))?;
    for note in &migration.notes {
        anstream::eprintln!("preflight: {}", note.escape_debug());
    }
    if migration.text.is_empty() {
        anstream::eprintln!(
            "preflight: no railway.toml or railway.json with settings: nothing to carry over"
        );
        return Ok(ExitCode::from(1));
    }
    if args.write {
        write(args, &migration)?;
    } else {
        crate::run::print(&migration.text, Color::Never)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(args: &Migrate, migration: &Migration) -> Result<(), String> {
    let path = args.path.join(migration.path);
    if migration.exists && !args.force {
        return Err(format!(
            "{} is there already: carry the settings over by hand, or give --force",
            path.display()
        ));
    }
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(&path, &migration.text).map_err(failed)?;
    for (service, file, settings) in &migration.services {
        anstream::eprintln!(
            "preflight: {settings} settings of {} are now those of service `{}`",
            file.escape_debug(),
            service.escape_debug()
        );
    }
    Ok(())
}

/// `owner/name` of the remote `origin`, when it is on GitHub.
fn origin(root: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["config", "--get", "remote.origin.url"]);
    let output = git.stderr(Stdio::null()).output().ok()?;
    let url = String::from_utf8(output.stdout).ok()?;
    let (_, rest) = url.trim().split_once("github.com")?;
    let name = rest.trim_start_matches([':', '/']).trim_end_matches('/').trim_end_matches(".git");
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.' | '/');
    (name.matches('/').count() == 1 && name.chars().all(plain)).then(|| name.to_owned())
}

fn name_of(root: &Path, repository: Option<&str>) -> String {
    if let Some((_, name)) = repository.and_then(|repository| repository.split_once('/')) {
        return name.to_owned();
    }
    let absolute = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    absolute.file_name().map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned())
}

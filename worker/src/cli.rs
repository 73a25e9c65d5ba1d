//! The command line: the flags of `rq worker`, and a few of ours.

use std::path::PathBuf;

use clap::{Arg, Args, Parser, Subcommand};

/// Health before Redis, retry first: a replacement for `rq worker`.
#[derive(Debug, Parser)]
#[command(name = "worker", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One command. Each takes the whole command line of `run`, so that one can be tried in the place of another; its help
/// names only what it heeds.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Work off queues
    #[command(after_help = RUN)]
    Run(Flags),
    /// Load the configuration, start one executor, resolve every registered function; touches no network
    #[command(after_help = SMOKE, mut_args(only(&["config", "python", "path", "job_class", "exception_handler"])))]
    Smoke(Flags),
    /// Ask the worker on this machine how it is; for HEALTHCHECK
    #[command(after_help = HEALTH, mut_args(only(&["config", "port"])))]
    Health(Flags),
    /// Print the configuration in effect, secrets masked
    #[command(after_help = INFO)]
    Info(Flags),
}

const RUN: &str = "\
What no flag says is taken from the environment, then from worker.toml, then from the defaults: docs/worker.md has them all.
Health is served on the port from the first moment: /health, /live, /ready, /metrics.

Ends with
  0    told to stop, or the queues are empty (--burst, --max-jobs, --max-idle-time)
  1    Redis never answered: the first attempt and every retry failed
  2    the configuration has problems, all of which were named
  3    the health port cannot be bound
  70   an internal failure
  143  a second signal: at once, without waiting for jobs";

const SMOKE: &str = "\
Resolves what `functions` and `[[schedule]]` of worker.toml name and imports what `preload` names; REDIS_URL is not needed.
Meant for an image's build: RUN worker smoke

Ends with
  0    everything is there
  1    something is missing: one line a problem";

const HEALTH: &str = "\
Prints what /health says.

Ends with
  0    it says 200
  1    it says something else, or nobody answers";

const INFO: &str = "\
Takes the flags of `run` and prints as JSON what they, the environment, worker.toml and the defaults come to.

Ends with
  0    the configuration is good
  2    it has problems: one line each";

/// Hides every argument but these from a command's help.
fn only(shown: &'static [&'static str]) -> impl FnMut(Arg) -> Arg {
    move |arg| {
        let hidden = !shown.contains(&arg.get_id().as_str());
        arg.hide(hidden)
    }
}

/// Every flag; what is not given comes from the environment, then from `worker.toml`, then from the defaults.
#[derive(Debug, Default, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of `rq worker`")]
pub struct Flags {
    /// Queues, in order of priority
    pub queues: Vec<String>,
    /// Redis URL [env: REDIS_URL]
    #[arg(short, long)]
    pub url: Option<String>,
    /// Worker name [env: WORKER_NAME]
    #[arg(short, long)]
    pub name: Option<String>,
    /// Stop when the queues are empty
    #[arg(short, long)]
    pub burst: bool,
    /// Stop after this many jobs
    #[arg(long)]
    pub max_jobs: Option<u64>,
    /// Stop after this many seconds without a job
    #[arg(long)]
    pub max_idle_time: Option<u64>,
    /// Seconds a result is kept when the job does not say
    #[arg(long)]
    pub results_ttl: Option<i64>,
    /// Seconds an idle worker is remembered
    #[arg(long)]
    pub worker_ttl: Option<u64>,
    /// Seconds that RQ's leases are computed with
    #[arg(long)]
    pub job_monitoring_interval: Option<u64>,
    /// Seconds between two upkeeps of the registries
    #[arg(long)]
    pub maintenance_interval: Option<u64>,
    /// default, round_robin or random
    #[arg(long)]
    pub dequeue_strategy: Option<String>,
    /// auto, pickle, json or a dotted path
    #[arg(short = 'S', long)]
    pub serializer: Option<String>,
    /// Directory for the import path of Python jobs; may be repeated
    #[arg(short = 'P', long)]
    pub path: Vec<String>,
    /// Run the scheduler (the default)
    #[arg(short = 's', long, conflicts_with = "no_scheduler")]
    pub with_scheduler: bool,
    /// Do not run the scheduler
    #[arg(long)]
    pub no_scheduler: bool,
    /// Dotted path of an exception handler; may be repeated
    #[arg(long)]
    pub exception_handler: Vec<String>,
    /// Dotted path of the Job class that Python jobs are restored with
    #[arg(short = 'j', long)]
    pub job_class: Option<String>,
    /// Log more
    #[arg(short = 'v', long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Log less
    #[arg(short = 'q', long)]
    pub quiet: bool,
    /// error, warn, info or debug [env: LOG_LEVEL]
    #[arg(long = "logging_level", alias = "logging-level")]
    pub logging_level: Option<String>,
    /// Write the process id to this file
    #[arg(long)]
    pub pid: Option<PathBuf>,
    /// Options of `rq worker` that mean nothing here, or cannot be honoured and are then named as problems
    #[command(flatten)]
    pub foreign: Foreign,
    /// Configuration file [env: WORKER_CONFIG] [default: worker.toml]
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Jobs at a time [env: CONCURRENCY]
    #[arg(long)]
    pub concurrency: Option<usize>,
    /// Python of the jobs, or none [env: PYTHON]
    #[arg(long)]
    pub python: Option<String>,
    /// Port of the health server [env: PORT]
    #[arg(long)]
    pub port: Option<u64>,
}

impl Flags {
    /// What `-v`, `-q` and `--logging_level` ask for.
    pub fn log_level(&self) -> Option<tracing::Level> {
        match (self.verbose, self.quiet) {
            (true, _) => Some(tracing::Level::DEBUG),
            (_, true) => Some(tracing::Level::WARN),
            _ => crate::log::level_from_name(&self.logging_level.as_ref()?.to_lowercase()),
        }
    }
}

/// Options of `rq worker` without a meaning here.
#[derive(Debug, Default, Clone, Args)]
pub struct Foreign {
    /// Log lines are JSON or text
    #[arg(long, hide = true)]
    pub log_format: Option<String>,
    /// Log lines carry RFC 3339
    #[arg(long, hide = true)]
    pub date_format: Option<String>,
    /// Arguments are shown as `job.description` has them
    #[arg(long, hide = true)]
    pub disable_job_desc_logging: bool,
    /// What a queue does is done by scripts
    #[arg(long, hide = true)]
    pub queue_class: Option<String>,
    /// This is the worker
    #[arg(short = 'w', long, hide = true)]
    pub worker_class: Option<String>,
    /// The address says it
    #[arg(long, hide = true)]
    pub connection_class: Option<String>,
    /// Failures are always recorded
    #[arg(short = 'd', long, hide = true)]
    pub disable_default_exception_handler: bool,
}

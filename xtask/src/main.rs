//! Chores of the project: `cargo xtask <command>`.
#![expect(clippy::print_stdout, reason = "a tool for developers talks on standard output")]

mod base_images;
mod corpus;
mod docker;
mod fuzz;
mod gen_docs;
mod install;
mod new_rule;
mod shell;
mod suite;
mod wasm;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Writes generated files and runs the whole test suite")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing and run every test
    Test {
        /// Leave out what needs Docker, act or a browser
        #[arg(long)]
        fast: bool,
        /// Run the one step of this name
        #[arg(long, value_name = "STEP")]
        only: Option<String>,
    },
    /// Judge both trees of every (broken, repaired) pair of a list
    Corpus {
        /// Tab-separated list: repository, fix, parent, files, class, readable, what is wrong
        list: std::path::PathBuf,
        /// Directory with the repositories; bare clones are fine
        #[arg(long)]
        repos: std::path::PathBuf,
        /// Name every pair that is missed
        #[arg(long)]
        details: bool,
    },
    /// Fuzz every parser, one after the other, guided by coverage
    Fuzz {
        /// Targets, the names of the files in fuzz/fuzz_targets; all when none is given
        targets: Vec<String>,
        /// Minutes for each
        #[arg(long, default_value_t = 10)]
        minutes: u32,
    },
    /// Write a new rule from the template and register it
    NewRule {
        /// Id in kebab case; it names the defect
        id: String,
    },
    /// Build the wasm module and its JavaScript glue into action/wasm
    Wasm,
    /// Build the wasm module and bundle the action into action/dist
    Dist {
        /// Only check that action/dist was built from these sources
        #[arg(long)]
        check: bool,
    },
    /// Write everything that is generated: rule pages, README tables, report schema
    Gen,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Test { fast, only } => suite::run(fast, only.as_deref()),
        Command::Corpus { list, repos, details } => corpus::run(&list, &repos, details),
        Command::Fuzz { targets, minutes } => fuzz::run(&targets, minutes),
        Command::NewRule { id } => new_rule::write(&shell::root(), &id),
        Command::Wasm => wasm::build(),
        Command::Dist { check: true } => wasm::check(),
        Command::Dist { check: false } => {
            wasm::build()?;
            let action = shell::root().join("action");
            shell::run(std::process::Command::new("npm").arg("ci").current_dir(&action))?;
            shell::run(std::process::Command::new("npm").args(["run", "build"]).current_dir(&action))
        }
        Command::Gen => gen_docs::write(),
    }
}

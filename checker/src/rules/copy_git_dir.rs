//! A build that needs the history of the repository.

use crate::facts::Facts;
use crate::facts::copies::is_git_directory;
use crate::facts::dockerfile::{Command, Dockerfile, InstructionKind};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::snapshot::Trigger;
use crate::span::Span;

declare_rule! {
    /// The build copies `.git` or asks git for the commit.
    ///
    /// ## Why it matters
    /// The directory `.git` does not travel to Railway: `railway up` always leaves it out. `COPY .git` finds nothing, and
    /// `git rev-parse HEAD` ends with `fatal: not a git repository`.
    ///
    /// ## What to do
    /// Declare `ARG RAILWAY_GIT_COMMIT_SHA` and use that.
    ///
    /// ## What it cannot know
    /// What a script does that the build calls. For deployments from GitHub the absence of `.git` is not documented, so a
    /// step that only runs git is an error with `railway up` and a warning else.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM golang:1.25
    /// COPY .git .git
    /// COPY . .
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM golang:1.25
    /// COPY . .
    /// RUN go build -ldflags "-X main.commit=$(git rev-parse HEAD)" ./cmd/app
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM golang:1.25
    /// ARG RAILWAY_GIT_COMMIT_SHA
    /// COPY .gitignore .gitattributes ./
    /// RUN go build -ldflags "-X main.commit=$RAILWAY_GIT_COMMIT_SHA" ./cmd/app
    /// ```
    ///
    /// A clone brings its own history, and a guarded step goes on without:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// RUN git clone https://github.com/a/b /b && cd /b && git rev-parse HEAD > /commit
    /// RUN git describe --tags > /version || true
    /// ```
    "copy-git-dir", Warning, Build, since "0.2.0",
    sources: ["https://docs.railway.com/cli/up", "https://docs.railway.com/variables/reference"]
}

/// Subcommands that read the history.
const READS: [&str; 7] = ["rev-parse", "describe", "log", "rev-list", "show", "status", "diff"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for (span, severity, what) in uses(&file, facts.snapshot.trigger) {
            out.at(Site::new(file.path.clone(), span), format!("{what}, and Railway's build has no `.git`"))
                .service(&service.name)
                .severity(severity)
                .help("Declare `ARG RAILWAY_GIT_COMMIT_SHA` and use that");
        }
    }
}

fn uses(file: &Dockerfile, trigger: Trigger) -> Vec<(Span, Severity, String)> {
    let needed = file.needed_stages();
    let mut found = Vec::new();
    let mut cloned = std::collections::BTreeSet::new();
    for (stage, instruction) in file.instructions().filter(|(stage, _)| needed.contains(stage)) {
        match &instruction.kind {
            InstructionKind::Copy(copy) | InstructionKind::Add(copy) if copy.flag("from").is_none() => {
                let git = copy.sources.iter().find(|source| is_git_directory(&source.value));
                found.extend(git.map(|source| (source.span, Severity::Error, "`.git` is copied".to_owned())));
            }
            InstructionKind::Run(run) => {
                let Command::Shell(script) = &run.command else { continue };
                if ["git clone", "git init", "git fetch"].iter().any(|word| script.value.contains(word)) {
                    cloned.insert(stage);
                }
                let reads = READS.iter().find(|word| script.value.contains(&format!("git {word}")));
                if let Some(word) = reads.filter(|_| !script.value.contains("||") && !cloned.contains(&stage))
                {
                    let severity =
                        if trigger == Trigger::RailwayUp { Severity::Error } else { Severity::Warning };
                    found.push((instruction.span, severity, format!("`git {word}` reads the history")));
                }
            }
            _ => {}
        }
    }
    found
}

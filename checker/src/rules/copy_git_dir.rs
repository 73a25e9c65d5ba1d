//! A build that needs the history of the repository.

use crate::facts::Facts;
use crate::facts::builder_commands::{is_built_by_railway, stated};
use crate::facts::copies::is_git_directory;
use crate::facts::dockerfile::{Command, Dockerfile, InstructionKind};
use crate::facts::startup::join;
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
    ///
    /// The build commands of Railway's builders, and the settings of Next.js and Vite, which the build runs:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.build]
    /// cmds = ["git rev-parse --short HEAD > public/version.txt", "npm run build"]
    /// //- package.json
    /// {"scripts": {"build": "vite build"}}
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"build": "vite build"}}
    /// //- vite.config.ts
    /// import { execSync } from "node:child_process";
    /// const commit = execSync("git rev-parse HEAD").toString();
    /// export default { define: { COMMIT: JSON.stringify(commit) } };
    /// ```
    ///
    /// ```repo,passes
    /// //- a/railway.json
    /// {"build": {"builder": "RAILPACK", "buildCommand": "git describe > version.txt || true"}}
    /// //- a/package.json
    /// {}
    /// //- b/railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- b/package.json
    /// {"scripts": {"build": "vite build"}}
    /// //- b/vite.config.ts
    /// import { execSync } from "node:child_process";
    /// let commit = "unknown";
    /// try { commit = execSync("git rev-parse HEAD").toString(); } catch {}
    /// export default { define: { COMMIT: JSON.stringify(commit) } };
    /// ```
    "copy-git-dir", Warning, Build, since "0.2.0",
    sources: ["https://docs.railway.com/cli/up", "https://docs.railway.com/variables/reference"]
}

/// Subcommands that read the history.
const READS: [&str; 7] = ["rev-parse", "describe", "log", "rev-list", "show", "status", "diff"];

/// What lets a build go on without it, or makes a history.
const GUARDS: [&str; 5] = ["||", "catch", "git clone", "git init", "git fetch"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for (span, severity, what) in uses(&file, facts.snapshot.trigger) {
            out.at(Site::new(file.path.clone(), span), format!("{what}, and Railway's build has no `.git`"))
                .service(&service.name)
                .severity(severity)
                .help("Declare `ARG RAILWAY_GIT_COMMIT_SHA` and use that");
        }
    }
    for service in facts.services.iter().filter(|service| is_built_by_railway(service)) {
        let mut found: Vec<(Site, &str)> = Vec::new();
        for each in stated(facts, service).into_iter().filter(|each| !each.start) {
            found.extend(
                reads(&each.text)
                    .filter(|_| !GUARDS.iter().any(|word| each.text.contains(word)))
                    .map(|word| (each.site, word)),
            );
        }
        let [root] = service.roots.as_slice() else { continue };
        for name in
            ["next.config.js", "next.config.mjs", "next.config.ts", "vite.config.js", "vite.config.ts"]
        {
            let path = join(root, name);
            let Ok(text) = facts.snapshot.text(&path) else { continue };
            let bare = text.text.contains("execSync")
                && !["catch", "process.env", "existsSync"].iter().any(|word| text.text.contains(word));
            let Some(word) = reads(&text.text).filter(|_| bare) else { continue };
            let at = text.text.find(&format!("git {word}")).unwrap_or_default();
            found.push((Site::new(path, text.line_at(at)), word));
        }
        for (site, word) in found {
            let message = format!("`git {word}` reads the history, and Railway's build has no `.git`");
            out.at(site, message).service(&service.name).help("Use the variable `RAILWAY_GIT_COMMIT_SHA`");
        }
    }
}

/// The subcommand of git in `text` that reads the history.
fn reads(text: &str) -> Option<&'static str> {
    READS.into_iter().find(|word| text.contains(&format!("git {word}")))
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
                if let Some(word) =
                    reads(&script.value).filter(|_| !script.value.contains("||") && !cloned.contains(&stage))
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

//! A program that may not write to its volume.

use crate::facts::Facts;
use crate::facts::dockerfile::{BuildStage, Command, InstructionKind, Spanned};
use crate::facts::service::Service;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The image runs as another user than root and keeps data where a volume is mounted.
    ///
    /// ## Why it matters
    /// Railway mounts volumes as root. A program of another user gets `EACCES: permission denied` on its first write,
    /// although the image gave it the directory: the mount hides what the image holds there.
    ///
    /// ## What to do
    /// Set the variable `RAILWAY_RUN_UID=0`, or start as root and let the entry point hand the directory over.
    ///
    /// ## What it cannot know
    /// Volumes that only the dashboard knows. A mount in a file is an error; a directory such as `/data` that the image makes
    /// for its user is a warning.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"deploy": {"requiredMountPath": "/data"}}
    /// //- Dockerfile
    /// FROM node:24
    /// USER node
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24
    /// ENV APP_HOME=/data
    /// RUN mkdir -p /data && chown node:node /data
    /// USER node
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// Root may write anywhere, and an entry point that changes the user itself needs root:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"requiredMountPath": "/data"}}
    /// //- Dockerfile
    /// FROM node:24
    /// USER node
    /// RUN npm ci
    /// USER root
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN mkdir -p /app/cache && chown node:node /app /app/cache
    /// USER node
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service, volume } from "railway/iac";
    /// const web = service("web", { volumeMounts: { "/data": volume("d", {}) }, env: { RAILWAY_RUN_UID: "0" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- Dockerfile
    /// FROM node:24
    /// USER node
    /// CMD ["node", "index.js"]
    /// ```
    "nonroot-with-volume", Warning, Run, since "0.2.0",
    sources: ["https://docs.railway.com/volumes", "https://github.com/yerzhansa/enduragent"]
}

/// Directories that exist to hold data.
const DATA: [&str; 4] = ["/data", "/storage", "/uploads", "/persist"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let by_variable = service
            .variables
            .as_ref()
            .is_some_and(|names| names.iter().any(|name| name == "RAILWAY_RUN_UID"));
        let Some(stage) = file.final_stage().filter(|_| !by_variable) else { continue };
        let Some(user) = user(stage) else { continue };
        let Some((path, severity)) = data(facts, service, stage) else { continue };
        let message = format!("`{}` may not write to `{path}` once a volume is mounted there", user.value);
        out.at(Site::new(file.path.clone(), user.span), message)
            .service(&service.name)
            .severity(severity)
            .help("Set `RAILWAY_RUN_UID=0` on the service, or start as root and hand the directory over");
    }
}

/// The user the container runs as, when it is certainly not root.
fn user(stage: &BuildStage) -> Option<&Spanned<String>> {
    let last = stage.instructions.iter().rev().find_map(|each| match &each.kind {
        InstructionKind::User(user) => Some(user),
        _ => None,
    })?;
    let name = last.value.split(':').next().unwrap_or_default();
    (!matches!(name, "root" | "0" | "") && !name.contains('$')).then_some(last)
}

/// The path that a volume takes, and how certain that is.
fn data(facts: &Facts<'_>, service: &Service, stage: &BuildStage) -> Option<(String, Severity)> {
    if let Some((path, _)) = super::replicas_with_volume::mounts(facts, service).into_iter().next() {
        return Some((path, Severity::Error));
    }
    stage.instructions.iter().find_map(|each| {
        let texts: Vec<String> = match &each.kind {
            InstructionKind::Env(pairs) => pairs.iter().map(|(_, value)| value.value.clone()).collect(),
            InstructionKind::Run(run) => match &run.command {
                Command::Shell(script)
                    if script.value.contains("mkdir") || script.value.contains("chown") =>
                {
                    script.value.split_whitespace().map(str::to_owned).collect()
                }
                _ => Vec::new(),
            },
            InstructionKind::Volume(paths) => paths.iter().map(|path| path.value.clone()).collect(),
            _ => Vec::new(),
        };
        let found = texts.into_iter().find(|text| {
            let text = text.trim_end_matches([';', '/']);
            DATA.iter().any(|path| text == *path || text.starts_with(&format!("{path}/")))
        })?;
        let root = DATA.iter().find(|path| found.starts_with(**path))?;
        Some(((*root).to_owned(), Severity::Warning))
    })
}

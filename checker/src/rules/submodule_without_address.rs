//! A folder of the repository is a commit of another one, and nothing says where that is.

use std::collections::BTreeSet;

use crate::facts::launch::Delivered;
use crate::facts::startup::join;
use crate::facts::{Facts, copies};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::snapshot::EntryKind;

declare_rule! {
    /// A folder that the build needs is a commit of another repository, and `.gitmodules` does not say of which.
    ///
    /// ## Why it matters
    /// `git add` of a folder that has a `.git` of its own stores a commit's number instead of the files. Whoever clones gets an
    /// empty folder, Railway's builder too: `"/client/package.json": not found`, or `Could not read package.json`.
    ///
    /// ## What to do
    /// Take the number out and add the files: `git rm --cached client`, delete `client/.git`, `git add client`. Or declare it with
    /// `git submodule add`.
    ///
    /// ## What it cannot know
    /// Folders that nothing of the build or the start names are passed over.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY client/package*.json ./client/
    /// RUN cd client && npm install
    /// CMD ["node", "-e", "1"]
    /// //- client submodule
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS", "buildCommand": "cd web && npm install && npm run build"}}
    /// //- package.json
    /// {}
    /// //- web submodule
    /// ```
    ///
    /// A submodule with its address, and a folder that nothing names:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY lib/package.json ./lib/
    /// COPY server ./server
    /// CMD ["node", "-e", "1"]
    /// //- .gitmodules
    /// [submodule "lib"]
    ///     path = lib
    ///     url = https://example.com/lib.git
    /// //- lib submodule
    /// //- notes submodule
    /// //- server/main.js
    /// ```
    "submodule-without-address", Error, Build, since "0.3.0",
    sources: ["https://git-scm.com/docs/gitmodules", "https://git-scm.com/book/en/v2/Git-Tools-Submodules"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let entries = facts.snapshot.entries().iter();
    let links: Vec<&str> = entries
        .filter(|entry| entry.kind == EntryKind::Submodule && entry.tracked)
        .map(|entry| entry.path.as_str())
        .filter(|path| !is_declared(facts, path))
        .collect();
    if links.is_empty() {
        return;
    }
    let mut told = BTreeSet::new();
    for (service, file) in facts.images() {
        let Some(context) = copies::fitting(facts, service, &file).into_iter().next() else { continue };
        for (_, source) in copies::context_sources(&file) {
            let written = source.value.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
            let path = join(&context.root, written);
            let Some(link) =
                links.iter().find(|link| path == **link || path.starts_with(&format!("{link}/")))
            else {
                continue;
            };
            if !told.insert((*link).to_owned()) {
                continue;
            }
            let finding = out.at(Site::new(file.path.clone(), source.span), message(link));
            finding.service(&service.name).help(help(link));
            if path == **link {
                // The folder itself is there, and empty.
                finding.severity(Severity::Warning);
            }
        }
    }
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for link in &links {
            let Some(site) = entered(delivered, link).filter(|_| !told.contains(*link)) else { continue };
            told.insert((*link).to_owned());
            let finding = out.at(site, message(link));
            finding.service(&service.name).severity(Severity::Warning).help(help(link));
        }
    }
}

fn message(link: &str) -> String {
    format!(
        "git has no files of `{link}`, only a commit of another repository, and `.gitmodules` does not say which"
    )
}

fn help(link: &str) -> String {
    format!("Take it out with `git rm --cached {link}`, delete `{link}/.git`, and add the files")
}

fn is_declared(facts: &Facts<'_>, path: &str) -> bool {
    let text = facts.snapshot.text(".gitmodules");
    text.is_ok_and(|text| {
        let mut values = text
            .text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("path")?.trim_start().strip_prefix('='));
        values.any(|value| value.trim().trim_end_matches('/') == path)
    })
}

/// Where a command of the build or the start goes into the folder.
fn entered(delivered: &Delivered<'_>, link: &str) -> Option<Site> {
    let root = &delivered.image.context.root;
    let inner = if root.is_empty() { link } else { link.strip_prefix(&format!("{root}/"))? };
    let inside = |dir: &str| dir == inner || dir.ends_with(&format!("/{inner}"));
    let stages = delivered.image.built_stages().into_iter().flat_map(|stage| delivered.image.runs(stage));
    let build = stages.into_iter().find_map(|(_, layer, list)| {
        list.iter().any(|command| inside(&command.dir)).then(|| layer.site.clone())
    });
    let start = || delivered.programs.iter().find(|each| inside(&each.dir)).map(|each| each.site.clone());
    build.or_else(start)
}

//! A program reaches above the root directory.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::chain::When;
use crate::facts::launch::{How, losses};
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// A program imports or reads a file that lies outside the service's root directory.
    ///
    /// ## Why it matters
    /// With a root directory set, Railway takes nothing of the repository but that directory. On the developer's machine
    /// `../shared` is there; in the container it is not, and the program ends with `ENOENT` or a missing module.
    ///
    /// ## What to do
    /// Move the file below the root directory, or clear the root directory and name the Dockerfile's path instead.
    ///
    /// ## What it cannot know
    /// The root directory, unless a file states it or a builder's configuration lies in it. A path that is computed is a
    /// warning, for the program may look whether the file is there.
    ///
    /// ```repo,fires,warning
    /// //- jobs/nixpacks.toml
    /// [start]
    /// cmd = "node seed.mjs"
    /// //- jobs/package.json
    /// {}
    /// //- jobs/seed.mjs
    /// import { readFileSync } from "node:fs";
    /// import { dirname, resolve } from "node:path";
    /// import { fileURLToPath } from "node:url";
    /// const here = dirname(fileURLToPath(import.meta.url));
    /// readFileSync(resolve(here, "../data/list.json"));
    /// //- data/list.json
    /// {}
    /// ```
    ///
    /// ```repo,fires
    /// //- .github/preflight.toml
    /// [services.jobs]
    /// root = "jobs"
    /// builder = "railpack"
    /// start-command = "node seed.mjs"
    /// //- jobs/package.json
    /// {}
    /// //- jobs/seed.mjs
    /// import { list } from "../shared/list.mjs";
    /// console.log(list);
    /// //- shared/list.mjs
    /// export const list = [];
    /// ```
    ///
    /// Below the root everything is there:
    ///
    /// ```repo,passes
    /// //- jobs/nixpacks.toml
    /// [start]
    /// cmd = "node src/seed.mjs"
    /// //- jobs/package.json
    /// {}
    /// //- jobs/src/seed.mjs
    /// import { list } from "../shared/list.mjs";
    /// console.log(list);
    /// //- jobs/shared/list.mjs
    /// export const list = [];
    /// ```
    "file-outside-root", Error, Start, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/monorepo"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for loss in losses(facts) {
        let (Some(service), How::OutsideRoot { source }) = (loss.delivered.service(facts), &loss.how) else {
            continue;
        };
        if !told.insert((service.name.clone(), source.clone())) || loss.broken.when >= When::Named {
            continue;
        }
        let root = &loss.delivered.image.context.root;
        let message =
            format!("`{source}` lies outside the root directory `{root}`, so the image does not have it");
        let finding = out.at(loss.broken.site.clone(), message);
        finding.service(&service.name).related(service.origin.clone(), "the root directory is told here");
        finding.help("Move the file below the root directory, or clear the root directory");
        if !loss.certain {
            finding.severity(Severity::Warning);
        }
    }
}

//! Infrastructure as code in more than one language.

use crate::facts::Facts;
use crate::facts::railway_iac::PATH;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `.railway` holds the project in more than one language.
    ///
    /// ## Why it matters
    /// `railway config plan` and `railway config apply` stop when they find two of `railway.ts`, `railway.py` and
    /// `railway.go`. Deployments go on, with the settings stored last.
    ///
    /// ## What to do
    /// Keep one of them.
    ///
    /// ## What it cannot know
    /// Which one is the current one. Preflight reads `railway.ts` only.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [] }));
    /// //- .railway/railway.py
    /// project("p")
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.py
    /// project("p")
    /// ```
    "iac-multiple-files", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/infrastructure-as-code"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    let own = (iac.path == PATH).then(|| iac.path.clone());
    let files: Vec<String> = own.into_iter().chain(iac.others.iter().cloned()).collect();
    let [kept, rest @ ..] = files.as_slice() else { return };
    for path in rest {
        out.at(
            Site::file(path.clone()),
            format!("`{kept}` lies beside it, and the command line refuses two"),
        )
        .related(Site::file(kept.clone()), "the other one")
        .help("Keep one of the two");
    }
}

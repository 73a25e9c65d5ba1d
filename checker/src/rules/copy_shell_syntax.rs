//! COPY is no shell.

use crate::facts::Facts;
use crate::facts::copies;
use crate::facts::dockerfile::InstructionKind;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `COPY` or `ADD` is written with shell syntax, such as `2>/dev/null || true`.
    ///
    /// ## Why it matters
    /// No shell reads the instruction. `2>/dev/null`, `||` and `true` become sources and the destination, and the build stops
    /// because no such files exist.
    ///
    /// ## What to do
    /// Use a pattern for a file that may be missing: `COPY package.json yarn.lock* ./` copies what is there.
    ///
    /// ## What it cannot know
    /// Nothing is needed beyond the file.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// COPY package.json ./ 2>/dev/null || true
    /// CMD ["true"]
    /// //- package.json
    /// {}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// COPY package.json yarn.lock* ./
    /// RUN cp a b 2>/dev/null || true
    /// CMD ["true"]
    /// //- package.json
    /// {}
    /// ```
    "copy-shell-syntax", Error, Build, since "0.1.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#copy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let needed = file.needed_stages();
        for (_, each) in file.instructions().filter(|(stage, _)| needed.contains(stage)) {
            let (InstructionKind::Copy(copy) | InstructionKind::Add(copy)) = &each.kind else { continue };
            if copies::is_shell(copy) {
                out.at(
                    Site::new(file.path.clone(), each.span),
                    format!("no shell reads `{}`: its operators become file names", each.keyword.value),
                )
                .service(&service.name)
                .help("Use a pattern, such as `yarn.lock*`, for a file that may be missing");
            }
        }
    }
}

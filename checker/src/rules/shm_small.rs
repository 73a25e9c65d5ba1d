//! A browser without its shared memory.

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The image holds a Chromium, and nothing enlarges the shared memory or does without.
    ///
    /// ## Why it matters
    /// A container has 64 MB of shared memory on Railway. Chromium keeps its pages there and crashes on a larger one: `Target
    /// crashed`, `page crashed`.
    ///
    /// ## What to do
    /// Set `RAILWAY_SHM_SIZE_BYTES` on the service, or start the browser with `--disable-dev-shm-usage`.
    ///
    /// ## What it cannot know
    /// How large the pages are, and the variables in the dashboard. So this is a note. Playwright's own launcher passes the
    /// flag by itself.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM ghcr.io/puppeteer/puppeteer:24
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM mcr.microsoft.com/playwright:v1.55.0
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM ghcr.io/puppeteer/puppeteer:24
    /// ENV CHROMIUM_FLAGS=--disable-dev-shm-usage
    /// CMD ["node", "index.js"]
    /// ```
    "shm-small", Note, Run, since "0.2.0",
    sources: ["https://docs.railway.com/variables/reference"]
}

const IMAGES: [&str; 4] =
    ["puppeteer/puppeteer", "selenium/standalone-chrome", "browserless/", "zenika/alpine-chrome"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Some(last) = file.stages.len().checked_sub(1) else { continue };
        let base = file.base_image(last).unwrap_or_default();
        let enlarged = service
            .variables
            .as_ref()
            .is_some_and(|names| names.iter().any(|name| name == "RAILWAY_SHM_SIZE_BYTES"));
        let flagged = file.instructions().any(|(_, each)| match &each.kind {
            InstructionKind::Env(pairs) => {
                pairs.iter().any(|(_, value)| value.value.contains("dev-shm-usage"))
            }
            InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => {
                super::start_overrides_entrypoint::line(command).contains("dev-shm-usage")
            }
            _ => false,
        });
        if enlarged || flagged || !IMAGES.iter().any(|image| base.contains(image)) {
            continue;
        }
        out.at(
            Site::new(file.path.clone(), file.stages[last].base.span),
            "this browser has 64 MB of shared memory on Railway and crashes on larger pages",
        )
        .service(&service.name)
        .help("Set `RAILWAY_SHM_SIZE_BYTES`, or pass `--disable-dev-shm-usage`");
    }
}

//! COPY of something that `.dockerignore` drops.

use crate::facts::Facts;
use crate::facts::build_context::Absence;
use crate::facts::copies;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A `COPY` or `ADD` takes a file that `.dockerignore` keeps out of the build context.
    ///
    /// ## Why it matters
    /// The file is in the repository, but the builder never receives it: `failed to calculate checksum … not found`.
    ///
    /// ## What to do
    /// Take the file back with `!path` below the pattern that drops it.
    ///
    /// ## What it cannot know
    /// The root directory, unless a file states it. The last matching pattern decides, `**` and `!` count, and a
    /// `<Dockerfile>.dockerignore` beside the Dockerfile replaces the one at the root. An ignored Dockerfile still builds.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// COPY scripts/start.sh /start.sh
    /// CMD ["/start.sh"]
    /// //- scripts/start.sh
    /// echo hello
    /// //- .dockerignore
    /// scripts
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// COPY scripts/start.sh /start.sh
    /// CMD ["/start.sh"]
    /// //- scripts/start.sh
    /// echo hello
    /// //- .dockerignore
    /// Dockerfile
    /// scripts
    /// !scripts/start.sh
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// COPY scripts/start.sh /start.sh
    /// CMD ["/start.sh"]
    /// //- scripts/start.sh
    /// echo hello
    /// //- .dockerignore
    /// scripts
    /// //- Dockerfile.dockerignore
    /// docs
    /// ```
    "copy-source-ignored", Error, Build, since "0.1.0",
    sources: ["https://docs.docker.com/build/concepts/context/#dockerignore-files"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Some((context, missing)) = copies::missing(facts, service, &file) else { continue };
        for each in missing {
            let Absence::Ignored { site, pattern } = each.absence else { continue };
            let source = each.source.value.trim_end_matches('/');
            let message = format!("`{source}` is ignored by `{pattern}`, so the build stops here");
            let finding = out.at(Site::new(file.path.clone(), each.source.span), message);
            finding
                .service(&service.name)
                .related(site.clone(), "the pattern that drops it")
                .help(format!("Add `!{source}` at the end of `{}`", site.path));
            let text = facts.snapshot.text(&site.path);
            if let (Some(ignore), Ok(text)) = (&context.ignore, text) {
                let end = text.text.len();
                let line_end = if text.text.is_empty() || text.text.ends_with('\n') { "" } else { "\n" };
                let at = Site::new(ignore.path.clone(), Span::new(end, end));
                let path = source.trim_start_matches("./").trim_start_matches('/');
                finding.fix(Fix::edit(format!("Take {path} back"), at, format!("{line_end}!{path}\n")));
            }
        }
    }
}

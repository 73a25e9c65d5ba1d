//! `VOLUME` is refused by Railway's builder.

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The Dockerfile has a `VOLUME` instruction, which Railway's builder refuses.
    ///
    /// ## Why it matters
    /// Railway reads the Dockerfile before any layer is built and stops at the first `VOLUME` of any stage:
    /// `dockerfile invalid: docker VOLUME at Line N is not supported`. A local `docker build` passes, and the deploy log
    /// stays empty.
    ///
    /// ## What to do
    /// Delete the instruction. Data that must outlive a deployment belongs on a Railway volume mounted at that path.
    ///
    /// ## What it cannot know
    /// A `VOLUME` inherited from the base image is not seen, and Railway does not object to it.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// volume ["/data"]
    /// CMD ["true"]
    /// ```
    ///
    /// Comments, heredoc bodies and arguments are not instructions:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// # VOLUME /data
    /// RUN echo VOLUME /data
    /// RUN <<EOF
    /// VOLUME /data
    /// EOF
    /// CMD ["true"]
    /// ```
    ///
    /// Only the Dockerfile that a service selects matters:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"dockerfilePath": "Dockerfile"}}
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// //- examples/Dockerfile
    /// FROM alpine
    /// VOLUME /data
    /// ```
    "dockerfile-volume-instruction", Error, Config, since "0.1.0",
    sources: [
        "https://github.com/masumi-network/Citadel/pull/263",
        "https://github.com/yerzhansa/enduragent/pull/44",
        "https://docs.railway.com/volumes",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for (_, instruction) in file.instructions() {
            let InstructionKind::Volume(paths) = &instruction.kind else { continue };
            let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.value)).collect();
            let message = format!("Railway refuses a Dockerfile with `VOLUME` ({})", names.join(", "));
            let help = format!(
                "Delete the line; attach a Railway volume at {} if the data must last",
                names.join(", ")
            );
            let whole = Site::new(file.path.clone(), with_line_end(facts, &file.path, instruction.span));
            out.at(Site::new(file.path.clone(), instruction.span), message)
                .service(&service.name)
                .help(help)
                .fix(Fix::edit("Delete the VOLUME instruction", whole, ""));
        }
    }
}

/// The range and the line ending behind it.
fn with_line_end(facts: &Facts<'_>, path: &str, span: Span) -> Span {
    let text = facts.snapshot.text(path);
    let rest = text.as_ref().ok().and_then(|text| text.text.get(span.end..)).unwrap_or("");
    let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    Span::new(span.start, span.end + end)
}

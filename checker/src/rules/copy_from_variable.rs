//! A variable in `COPY --from`.

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `COPY --from` names an image or a stage by a variable.
    ///
    /// ## Why it matters
    /// BuildKit expands no variables there: `variable expansion is not supported for --from, define a new stage with FROM
    /// using ARG from global scope as a workaround`. The build stops before its first step.
    ///
    /// ## What to do
    /// Declare the `ARG` before the first `FROM`, write `FROM image:${VERSION} AS tool`, and copy `--from=tool`.
    ///
    /// ## What it cannot know
    /// Nothing: the file says it.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// ARG UV_VERSION=0.8.0
    /// COPY --from=ghcr.io/astral-sh/uv:${UV_VERSION} /uv /bin/uv
    /// CMD ["python", "main.py"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// ARG UV_VERSION=0.8.0
    /// FROM ghcr.io/astral-sh/uv:${UV_VERSION} AS uv
    /// FROM python:3.12
    /// ARG NAME=uv
    /// COPY --from=uv /${NAME} /bin/${NAME}
    /// CMD ["python", "main.py"]
    /// ```
    ///
    /// A stage that is not built is parsed all the same, and ends the build too:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine AS unused
    /// COPY --from=$TOOL /a /a
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "copy-from-variable", Error, Build, since "0.3.0",
    sources: [
        "https://docs.docker.com/reference/dockerfile/#copy---from",
        "https://docs.docker.com/reference/dockerfile/#environment-replacement",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for (_, instruction) in file.instructions() {
            let (InstructionKind::Copy(copy) | InstructionKind::Add(copy)) = &instruction.kind else {
                continue;
            };
            let Some(flag) = copy.flags.iter().find(|flag| flag.name == "from") else { continue };
            if flag.value.as_deref().is_some_and(|value| value.contains('$')) {
                out.at(
                    Site::new(file.path.clone(), flag.span),
                    "BuildKit expands no variable in `--from`, so the build stops here",
                )
                .service(&service.name)
                .help("Name the image in a `FROM … AS name` and copy from that stage");
            }
        }
    }
}

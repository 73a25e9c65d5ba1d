//! An image for other machines.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The image, or a program in it, is built for ARM.
    ///
    /// ## Why it matters
    /// Railway's machines are `linux/amd64`. A program for another architecture ends at once with `exec format error`, in the
    /// build or at the start.
    ///
    /// ## What to do
    /// Build for `linux/amd64`, or leave the platform out.
    ///
    /// ## What it cannot know
    /// What a downloaded file holds, beyond its name. An ARM base of the image is an error; ARM programs that a build step
    /// makes or fetches are a warning.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM --platform=linux/arm64 node:24
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM golang:1.25 AS build
    /// RUN GOOS=linux GOARCH=arm64 go build -o /app .
    /// FROM alpine:3.22
    /// COPY --from=build /app /app
    /// CMD ["/app"]
    /// ```
    ///
    /// Cross-compiling on the builder's own platform is right, and so is a choice by architecture:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM --platform=$BUILDPLATFORM golang:1.25 AS build
    /// ARG TARGETARCH
    /// RUN GOARCH=$TARGETARCH go build -o /app .
    /// RUN case "$(uname -m)" in aarch64) A=arm64;; x86_64) A=amd64;; esac; curl -fsSLO https://x.io/tool-$A
    /// FROM --platform=linux/amd64 alpine:3.22
    /// COPY --from=build /app /app
    /// CMD ["/app"]
    /// ```
    "platform-mismatch", Error, Build, since "0.2.0",
    sources: ["https://docs.docker.com/build/building/multi-platform/"]
}

const ARM: [&str; 4] = ["arm64", "aarch64", "arm/v7", "armv7"];
const AMD: [&str; 4] = ["amd64", "x86_64", "x64", "TARGETARCH"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Some(last) = file.stages.len().checked_sub(1) else { continue };
        for number in file.needed_stages() {
            let stage = &file.stages[number];
            let platform = stage.platform.as_ref().filter(|platform| is_arm(&platform.value));
            let image = stage.base.value.to_ascii_lowercase();
            let tagged =
                image.starts_with("arm64v8/") || image.ends_with("-arm64") || image.ends_with("-arm64v8");
            if let Some(platform) = platform {
                let site = Site::new(file.path.clone(), platform.span);
                let message =
                    format!("`{}` does not run on Railway, whose machines are linux/amd64", platform.value);
                let finding = out.at(site.clone(), message);
                finding.service(&service.name).help("Build for `linux/amd64`");
                finding.fix(Fix::edit("Build for linux/amd64", site, "--platform=linux/amd64"));
                if number != last {
                    finding.severity(Severity::Warning);
                }
            } else if tagged {
                let message =
                    format!("`{}` does not run on Railway, whose machines are linux/amd64", stage.base.value);
                out.at(Site::new(file.path.clone(), stage.base.span), message)
                    .service(&service.name)
                    .help("Use the image without the architecture in its name");
            }
            for instruction in &stage.instructions {
                if let InstructionKind::Run(run) = &instruction.kind
                    && let Command::Shell(script) = &run.command
                    && is_arm(&script.value)
                    && !AMD.iter().any(|word| script.value.contains(word))
                {
                    out.at(
                        Site::new(file.path.clone(), instruction.span),
                        "this makes or fetches a program for ARM",
                    )
                    .service(&service.name)
                    .severity(Severity::Warning)
                    .help("Take the one for `amd64`");
                }
            }
        }
    }
}

fn is_arm(text: &str) -> bool {
    ARM.iter().any(|word| text.contains(word))
}

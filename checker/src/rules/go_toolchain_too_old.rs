//! A Go that is older than the module asks for.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::distribution::official_tag;
use crate::facts::image::{Image, Layer, View};
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The `golang` image is older than the `go` line of `go.mod` asks for.
    ///
    /// ## Why it matters
    /// The image sets `GOTOOLCHAIN=local`, so that Go does not fetch a newer one by itself: `go: go.mod requires go >= 1.24.0
    /// (running go 1.23.4; GOTOOLCHAIN=local)`, and the build ends at `go mod download`.
    ///
    /// ## What to do
    /// Take the image of that version, or set `ENV GOTOOLCHAIN=auto`.
    ///
    /// ## What it cannot know
    /// What a tag without a version stands for; images of others. Go before 1.21 only tries, so that it is judged when the line
    /// has three parts, which it cannot read.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM golang:1.23-alpine AS build
    /// WORKDIR /src
    /// COPY go.mod go.sum ./
    /// RUN go mod download
    /// COPY . .
    /// RUN go build -o /app .
    /// FROM alpine
    /// COPY --from=build /app /app
    /// CMD ["/app"]
    /// //- go.mod
    /// module example.com/a
    ///
    /// go 1.24.0
    /// //- go.sum
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM golang:1.24 AS build
    /// WORKDIR /src
    /// COPY . .
    /// RUN go build -o /app .
    /// FROM golang:1.22
    /// ENV GOTOOLCHAIN=auto
    /// WORKDIR /src
    /// COPY . .
    /// COPY --from=build /app /app
    /// RUN go vet ./...
    /// FROM golang:1.22 AS inline
    /// WORKDIR /src
    /// COPY . .
    /// COPY --from=build /app /app
    /// RUN GOTOOLCHAIN=auto go vet ./...
    /// CMD ["/app"]
    /// //- go.mod
    /// module example.com/a
    ///
    /// go 1.24.5
    /// toolchain go1.25.1
    /// ```
    ///
    /// Another module, a version that is not known, an old Go that tries:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM golang:1.19 AS old
    /// WORKDIR /old
    /// COPY old .
    /// RUN go build -o /old/app .
    /// FROM golang:alpine AS new
    /// WORKDIR /new
    /// COPY new .
    /// RUN go build -o /new/app .
    /// FROM alpine
    /// COPY --from=old /old/app /old
    /// COPY --from=new /new/app /new
    /// CMD ["/new"]
    /// //- old/go.mod
    /// module example.com/old
    /// go 1.20
    /// //- new/go.mod
    /// module example.com/new
    /// go 1.99
    /// ```
    "go-toolchain-too-old", Error, Build, since "0.3.0",
    sources: ["https://go.dev/doc/toolchain", "https://hub.docker.com/_/golang"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let image = &delivered.image;
        for stage in image.built_stages() {
            let Some(version) = image.reference(stage).and_then(version) else { continue };
            for (view, layer, commands) in image.runs(stage) {
                let reads = |word: Option<&String>| {
                    word.is_some_and(|word| {
                        matches!(
                            word.as_str(),
                            "build" | "mod" | "install" | "run" | "test" | "vet" | "generate"
                        )
                    })
                };
                let go = commands.iter().filter(|each| each.program() == "go" && reads(each.words.get(1)));
                let certain = go.filter(|each| {
                    !each.conditional && !each.tolerated && !each.words.iter().any(|word| word.contains('@'))
                });
                for command in certain {
                    let Some((asked, site)) =
                        asked(facts, image, view, &command.dir).filter(|_| is_local(facts, layer))
                    else {
                        continue;
                    };
                    if is_too_old(&version, &asked) && told.insert((service.name.clone(), layer.site.clone()))
                    {
                        let shown = |version: &[u32]| {
                            version.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
                        };
                        let message = format!(
                            "Go {} is older than {} of `{}`, so the build stops here",
                            shown(&version),
                            shown(&asked),
                            site.path
                        );
                        out.at(layer.site.clone(), message)
                            .service(&service.name)
                            .related(site, "the version that the module asks for")
                            .help(format!(
                                "Build from `golang:{}` or newer",
                                shown(&asked[..2.min(asked.len())])
                            ));
                        break;
                    }
                }
            }
        }
    }
}

/// The version of Go in an official image.
fn version(reference: &str) -> Option<Vec<u32>> {
    numbers(official_tag(reference, "golang")?.split('-').next()?).filter(|parts| parts.len() >= 2)
}

fn numbers(text: &str) -> Option<Vec<u32>> {
    text.trim().split('.').map(|part| part.parse().ok()).collect()
}

/// True when nothing lets Go fetch another toolchain.
fn is_local(facts: &Facts<'_>, layer: &Layer) -> bool {
    let text = facts.snapshot.text(&layer.site.path);
    let said = text.is_ok_and(|text| layer.site.span.of(&text.text).contains("GOTOOLCHAIN"));
    !said && !layer.env.contains_key("GOTOOLCHAIN")
}

/// The version that the nearest `go.mod` at or above `dir` of the image asks for, and its place.
fn asked(facts: &Facts<'_>, image: &Image<'_>, view: View, dir: &str) -> Option<(Vec<u32>, Site)> {
    let mut at = dir;
    loop {
        let presence = image.presence(view, &join(at, "go.mod"));
        if let Some(source) = presence.source() {
            let text = facts.snapshot.text(source).ok()?;
            let line = text.text.lines().find(|line| line.starts_with("go "))?;
            let start = text.text.find(&format!("\n{line}")).map_or(0, |at| at + 1);
            let asked = numbers(line[3..].split("//").next()?)?;
            return Some((asked, Site::new(source.to_owned(), Span::new(start, start + line.len()))));
        }
        if !presence.is_absent() || at.is_empty() {
            return None;
        }
        at = at.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// A tag without a third number stands for the newest of its version.
fn is_too_old(version: &[u32], asked: &[u32]) -> bool {
    let Some((minor, wanted)) = version.get(..2).zip(asked.get(..2)) else { return false };
    if minor < &[1, 21][..] && asked.len() < 3 {
        return false;
    }
    minor < wanted
        || (minor == wanted && version.get(2).zip(asked.get(2)).is_some_and(|(own, wanted)| own < wanted))
}

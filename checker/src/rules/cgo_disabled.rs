//! A Go package that needs C, in a build without it.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::Delivered;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `CGO_ENABLED=0` builds a program whose database or queue driver is written in C.
    ///
    /// ## Why it matters
    /// `mattn/go-sqlite3` compiles all the same and fails with the first query: `Binary was compiled with 'CGO_ENABLED=0',
    /// go-sqlite3 requires cgo to work. This is a stub`. `confluent-kafka-go` does not compile.
    ///
    /// ## What to do
    /// Set `CGO_ENABLED=1` and install a C compiler (`apk add gcc musl-dev`), or take a driver in pure Go such as
    /// `modernc.org/sqlite`.
    ///
    /// ## What it cannot know
    /// Whether the driver is the one that is used in production; so this is a warning, and only for packages that some source of
    /// the module imports.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM golang:1.24 AS build
    /// WORKDIR /src
    /// COPY . .
    /// RUN CGO_ENABLED=0 GOOS=linux go build -o /app .
    /// FROM alpine
    /// COPY --from=build /app /app
    /// CMD ["/app"]
    /// //- go.mod
    /// module example.com/a
    /// require github.com/mattn/go-sqlite3 v1.14.22
    /// //- main.go
    /// package main
    /// import _ "github.com/mattn/go-sqlite3"
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM golang:1.24 AS build
    /// WORKDIR /src
    /// COPY . .
    /// ENV CGO_ENABLED=0
    /// RUN CGO_ENABLED=1 go build -o /app .
    /// FROM alpine
    /// COPY --from=build /app /app
    /// CMD ["/app"]
    /// //- go.mod
    /// module example.com/a
    /// require github.com/mattn/go-sqlite3 v1.14.22
    /// //- main.go
    /// package main
    /// import _ "github.com/mattn/go-sqlite3"
    /// ```
    ///
    /// Another module's dependency, that nothing here imports but a test:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM golang:1.24
    /// WORKDIR /src
    /// ENV CGO_ENABLED=0
    /// COPY . .
    /// RUN go build -o /app .
    /// CMD ["/app"]
    /// //- go.mod
    /// module example.com/a
    /// require (
    ///     github.com/mattn/go-sqlite3 v1.14.22 // indirect
    /// )
    /// //- main.go
    /// package main
    /// //- main_test.go
    /// package main
    /// import _ "github.com/mattn/go-sqlite3"
    /// ```
    "cgo-disabled", Warning, Start, since "0.3.0",
    sources: ["https://github.com/mattn/go-sqlite3#installation", "https://pkg.go.dev/cmd/cgo"]
}

/// Packages that need C: the module, and imports that bring it.
const NATIVE: [(&str, &[&str]); 2] = [
    ("github.com/mattn/go-sqlite3", &["\"github.com/mattn/go-sqlite3\"", "\"gorm.io/driver/sqlite\""]),
    ("github.com/confluentinc/confluent-kafka-go", &["\"github.com/confluentinc/confluent-kafka-go"]),
];
/// Sources that are read for one module.
const SOURCE_LIMIT: usize = 400;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for (site, module) in builds(delivered) {
            for (package, imports) in NATIVE {
                let Some((source, import)) = importer(facts, &module, package, imports) else { continue };
                if !told.insert((site.clone(), package)) {
                    continue;
                }
                out.at(site.clone(), format!("this builds without C, which `{package}` needs"))
                    .service(&service.name)
                    .related(Site::file(source), format!("{import} is imported here"))
                    .help("Set `CGO_ENABLED=1` and install a C compiler, or take a driver in pure Go");
            }
        }
    }
}

/// Builds without C: where, and the directory of the module in the tree.
fn builds(delivered: &Delivered<'_>) -> Vec<(Site, String)> {
    let image = &delivered.image;
    let mut found = Vec::new();
    for stage in image.built_stages() {
        for (view, layer, commands) in image.runs(stage) {
            let text = commands.iter().any(|command| {
                command.program() == "go"
                    && command.words.get(1).is_some_and(|word| matches!(word.as_str(), "build" | "install"))
            });
            let Some(dir) = commands.first().map(|command| command.dir.clone()).filter(|_| text) else {
                continue;
            };
            let presence = image.presence(view, &crate::facts::startup::join(&dir, "go.mod"));
            let Some(source) = presence.source() else { continue };
            let module = source.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned();
            found.extend(is_disabled(delivered, layer).then(|| (layer.site.clone(), module)));
        }
    }
    found
}

/// What `CGO_ENABLED` is for a RUN: what its script says, or else the variables.
fn is_disabled(delivered: &Delivered<'_>, layer: &crate::facts::image::Layer) -> bool {
    let Some(file) = &delivered.image.dockerfile else { return false };
    let instruction = file.instructions().map(|(_, each)| each).find(|each| each.span == layer.site.span);
    let script = instruction.and_then(|each| match &each.kind {
        crate::facts::dockerfile::InstructionKind::Run(run) => match &run.command {
            crate::facts::dockerfile::Command::Shell(text) => Some(text.value.as_str()),
            crate::facts::dockerfile::Command::Exec(..) => None,
        },
        _ => None,
    });
    let inline = script.and_then(|script| script.split("CGO_ENABLED=").nth(1));
    match inline {
        Some(rest) => rest.trim_start_matches(['"', '\'']).starts_with('0'),
        None => layer.env.get("CGO_ENABLED").and_then(Option::as_deref) == Some("0"),
    }
}

/// A source of the module that imports the package, when `go.mod` asks for it.
fn importer(
    facts: &Facts<'_>,
    module: &str,
    package: &str,
    imports: &[&'static str],
) -> Option<(String, &'static str)> {
    let manifest = facts.snapshot.text(&crate::facts::startup::join(module, "go.mod")).ok()?;
    if !manifest.text.contains(package) {
        return None;
    }
    let sources = facts.snapshot.under(module).iter().filter(|entry| {
        entry.path.ends_with(".go") && !entry.path.ends_with("_test.go") && !entry.path.contains("/vendor/")
    });
    sources.take(SOURCE_LIMIT).find_map(|entry| {
        let text = facts.snapshot.text(&entry.path).ok()?;
        let tagged =
            text.text.lines().take(5).any(|line| line.starts_with("//go:build") && line.contains("cgo"));
        let import = imports.iter().find(|import| text.text.contains(**import))?;
        (!tagged).then(|| (entry.path.clone(), *import))
    })
}

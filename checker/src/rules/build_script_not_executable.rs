//! A script that the build runs cannot be executed.

use std::collections::BTreeSet;

use crate::facts::dockerfile::Command;
use crate::facts::image::effects::{Effect, effects};
use crate::facts::image::shell::{Simple, commands};
use crate::facts::image::{Image, Layer, Presence, View};
use crate::facts::startup::unwrapped;
use crate::facts::{Facts, copies};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `RUN` starts a script that has no executable bit.
    ///
    /// ## Why it matters
    /// `COPY` keeps the mode that git knows. `RUN ./scripts/setup.sh` of a file with mode 100644 ends with
    /// `/bin/sh: 1: ./scripts/setup.sh: Permission denied`, exit code 126, and the build with it.
    ///
    /// ## What to do
    /// `git update-index --chmod=+x scripts/setup.sh`, or `COPY --chmod=755`, or `RUN sh scripts/setup.sh`.
    ///
    /// ## What it cannot know
    /// Modes of a working directory on Windows, where git keeps them apart from the files. After a command that may do anything
    /// it is silent.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM debian:12
    /// WORKDIR /app
    /// COPY scripts ./scripts
    /// RUN apt-get update && ./scripts/setup.sh
    /// CMD ["true"]
    /// //- scripts/setup.sh
    /// #!/bin/sh
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM eclipse-temurin:21
    /// WORKDIR /app
    /// COPY . .
    /// RUN ./gradlew build
    /// CMD ["java", "-jar", "app.jar"]
    /// //- gradlew
    /// #!/bin/sh
    /// ```
    ///
    /// A bit in git, of a COPY or of a RUN, a shell that reads it, or a failure that is borne:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM debian:12
    /// WORKDIR /app
    /// COPY a.sh b.sh c.sh ./
    /// COPY --chmod=755 d.sh ./
    /// RUN ./a.sh && chmod +x b.sh && ./b.sh && sh c.sh
    /// RUN ./d.sh; ./c.sh || true
    /// RUN chmod -R u+x /app
    /// RUN ./c.sh
    /// CMD ["true"]
    /// //- a.sh executable
    /// #!/bin/sh
    /// //- b.sh
    /// #!/bin/sh
    /// //- c.sh
    /// #!/bin/sh
    /// //- d.sh
    /// #!/bin/sh
    /// ```
    "build-script-not-executable", Error, Build, since "0.3.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#copy---chown---chmod"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else {
            continue;
        };
        // It may be another file when the root directory is not known.
        let one = service.roots.len() == 1 || copies::fitting(facts, service, file).len() == 1;
        let mut told = BTreeSet::new();
        for stage in delivered.image.built_stages() {
            let runs = delivered.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
            for (view, layer, _) in runs {
                let Some((written, source)) = denied(&delivered.image, view, layer) else { continue };
                if !told.insert(source.clone()) {
                    continue;
                }
                let message = format!("`{written}` has no executable bit, so the build stops here");
                let finding = out.at(layer.site.clone(), message);
                finding.service(&service.name).related(Site::file(source), "the script");
                finding.help("Make it executable in git, copy it with `--chmod=755`, or run it with `sh`");
                if !one {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// The script of the tree that the RUN of `layer` executes although it has no executable bit: as written, and its path.
fn denied(image: &Image<'_>, view: View, layer: &Layer) -> Option<(String, String)> {
    let list = match &image.run(layer)?.command {
        Command::Shell(text) => commands(&text.value, &layer.workdir, true),
        Command::Exec(words, _) => vec![Simple {
            words: words.iter().map(|word| word.value.clone()).collect(),
            dir: layer.workdir.clone(),
            conditional: false,
            tolerated: false,
            exec: true,
        }],
    };
    list.iter().enumerate().find_map(|(at, command)| {
        let written = unwrapped(&command.words).first().filter(|word| word.contains('/'))?;
        let place = command.place(written).filter(|_| !command.conditional && !command.tolerated)?;
        let before = list.get(..at).unwrap_or_default().iter().flat_map(effects).any(|effect| match effect {
            Effect::Executable(..) | Effect::Anything => true,
            Effect::Fills(dir) | Effect::Builds(dir) => {
                dir.is_empty() || place.starts_with(&format!("{dir}/"))
            }
            _ => false,
        });
        match image.presence(view, &place) {
            Presence::File { source: Some(source), executable: Some(false), .. } if !before => {
                Some((written.clone(), source))
            }
            _ => None,
        }
    })
}

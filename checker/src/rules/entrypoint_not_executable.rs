//! The script that is started cannot be executed.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::dockerfile::Command;
use crate::facts::image::LayerKind;
use crate::facts::image::effects::Effect;
use crate::facts::launch::{Delivered, Program, Target};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The script that the image starts has no executable bit, Windows line ends, or no `#!` line.
    ///
    /// ## Why it matters
    /// The container ends before the script's first line: `permission denied`, `exec format error`, or, with Windows line
    /// ends, `no such file or directory` for a file that is plainly there, because the kernel looks for an interpreter
    /// called `/bin/sh` with a carriage return.
    ///
    /// ## What to do
    /// `git update-index --chmod=+x start.sh`, or `COPY --chmod=755`, or start it with `sh start.sh`; for line ends a
    /// `.gitattributes` with `*.sh text eol=lf`.
    ///
    /// ## What it cannot know
    /// Modes of a working directory on Windows, where git keeps them apart from the files.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["./start.sh"]
    /// //- start.sh
    /// #!/bin/sh
    /// exec python main.py
    /// //- main.py
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY --chmod=755 start.sh /start.sh
    /// ENTRYPOINT ["/start.sh"]
    /// //- start.sh
    /// exec python -m http.server
    /// ```
    ///
    /// A bit in git, of a COPY or of a RUN; a shell that reads the script:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY a.sh b.sh c.sh ./
    /// COPY --chmod=0755 d.sh ./
    /// RUN chmod +x b.sh && find . -name x
    /// ENTRYPOINT ["./a.sh"]
    /// CMD ["./b.sh", "&&", "sh", "c.sh", "&&", "./d.sh"]
    /// //- a.sh executable
    /// #!/bin/sh
    /// ./b.sh && sh c.sh && ./d.sh
    /// //- b.sh
    /// #!/bin/sh
    /// //- c.sh
    /// echo 1
    /// //- d.sh
    /// #!/bin/sh
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY start.sh /usr/local/bin/start.sh
    /// RUN chmod 755 /usr/local/bin/*.sh
    /// CMD ["start.sh"]
    /// //- start.sh
    /// #!/bin/sh
    /// ```
    "entrypoint-not-executable", Error, Start, since "0.2.0",
    sources: [
        "https://docs.docker.com/reference/dockerfile/#entrypoint",
        "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        let mut told = BTreeSet::new();
        for program in &delivered.programs {
            let Target::File { by, place, .. } = &program.target else { continue };
            let Some((source, executable)) = delivered.copied(program) else { continue };
            let Ok(text) = facts.snapshot.text(&source) else { continue };
            let itself = by.is_empty();
            let first = text.text.split('\n').next().unwrap_or_default();
            let windows = first.ends_with('\r') && !is_mended(delivered, place);
            let problem = if itself && executable == Some(false) {
                Some("has no executable bit, so it cannot be started")
            } else if windows && (itself || by == "sh") {
                Some("has Windows line ends, which the shell takes for part of each command")
            } else if itself
                && !first.starts_with("#!")
                && is_exec_form(delivered, program)
                && source.ends_with(".sh")
            {
                Some("has no `#!` line, so nothing says what reads it")
            } else {
                None
            };
            let Some(problem) = problem.filter(|_| told.insert(source.clone())) else { continue };
            let finding = out.at(
                Site::new(source.clone(), Span::new(0, first.trim_end().len())),
                format!("`{source}` {problem}"),
            );
            finding.service(&service.name).related(program.site.clone(), "it is started here");
            finding.help(if windows {
                "Keep it with `eol=lf` in `.gitattributes`"
            } else {
                "Make it executable in git, or start it with `sh`"
            });
            if !program.firm {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// True when some command of the build takes the carriage returns off.
fn is_mended(delivered: &Delivered<'_>, place: &str) -> bool {
    let layers = delivered.image.stages.iter().flat_map(|stage| &stage.layers);
    layers
        .filter_map(|layer| if let LayerKind::Run(_, effects) = &layer.kind { Some(effects) } else { None })
        .flatten()
        .any(|effect| match effect {
            Effect::Unix(path) => path.is_empty() || path == place,
            Effect::Anything => true,
            _ => false,
        })
}

/// True when the image starts the program itself, without a shell.
fn is_exec_form(delivered: &Delivered<'_>, program: &Program) -> bool {
    let Some(stage) = delivered.image.last() else { return false };
    let first = stage.entrypoint.as_ref().or(stage.command.as_ref());
    first.is_some_and(|(command, site)| match command {
        Command::Exec(words, _) => {
            *site == program.site && words.first().map(|word| &word.value) == program.words.first()
        }
        Command::Shell(_) => false,
    })
}

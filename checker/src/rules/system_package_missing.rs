//! A program or library of the system that an installed package needs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::facts::image::{LayerKind, View};
use crate::facts::launch::Delivered;
use crate::facts::launch::python_installs::distributions;
use crate::facts::pattern::Pattern;
use crate::facts::system_packages::needs::{BROUGHT, NODE, PROGRAMS, PYTHON};
use crate::facts::system_packages::{Flavour, Installed, flavour};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A package needs a program or library of the system that the image does not have.
    ///
    /// ## Why it matters
    /// `import cv2` ends with `ImportError: libGL.so.1: cannot open shared object file`, `pdf2image` with
    /// `Unable to get page count. Is poppler installed and in PATH?`, Prisma with
    /// `Prisma failed to detect the libssl/openssl version to use`, and `spawn("python3")` with `ENOENT`.
    ///
    /// ## What to do
    /// Install the package of the system in the last stage, as the finding says.
    ///
    /// ## What it cannot know
    /// Whether the code that needs it is used; so this is a warning, and a note where the package has other ways. Only official
    /// images of Python and Node are judged, and commands that may install anything make it silent.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// opencv-python==4.10.0
    /// //- main.py
    /// import cv2
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22-bookworm-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"@prisma/client": "5.22.0"}}
    /// //- main.js
    /// const { PrismaClient } = require("@prisma/client");
    /// ```
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM node:22-slim
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {}
    /// //- main.js
    /// require("node:child_process").spawn("python3", ["-c", "1"]);
    /// ```
    ///
    /// It is installed, or nothing loads the package:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN apt-get update && apt-get install -y libgl1 libglib2.0-0 ffmpeg
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// opencv-python
    /// pytesseract
    /// //- main.py
    /// import cv2
    /// ```
    ///
    /// The headless variant needs nothing, and a base that is not official may have everything:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// opencv-python-headless
    /// //- main.py
    /// import cv2
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM mcr.microsoft.com/playwright/python:v1.50.0
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// opencv-python
    /// playwright
    /// //- main.py
    /// import cv2, playwright
    /// ```
    "system-package-missing", Warning, Start, since "0.3.0",
    sources: [
        "https://www.prisma.io/docs/orm/reference/system-requirements",
        "https://github.com/opencv/opencv-python#frequently-asked-questions",
        "https://pptr.dev/troubleshooting",
    ]
}

/// The start of a program by its name.
static STARTED: Pattern = Pattern::new(
    r#"(?:\bspawn|\bspawnSync|\bexecFile|\bexecFileSync|create_subprocess_exec|subprocess\.(?:run|Popen|call|check_call|check_output))\(\s*\[?\s*['"]([a-z0-9_-]+)['"]\s*[,\])]"#,
    "(",
);

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let scanned = RefCell::default();
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        let finished = delivered.image.finished();
        let Some((language, kind)) = delivered.image.reference(finished.stage).and_then(flavour) else {
            continue;
        };
        let system = Installed::before(&delivered.image, finished);
        if system.open {
            continue;
        }
        let scene = Scene { facts, delivered, language, kind, system, scanned: &scanned };
        let mut told = BTreeSet::new();
        let found = scene.imported().into_iter().chain(scene.prisma()).chain(scene.spawned());
        for lack in found {
            if !told.insert(lack.install) {
                continue;
            }
            let site = scene.last_layer(finished);
            let tool = if kind == Flavour::Alpine { "apk add --no-cache" } else { "apt-get install -y" };
            let finding = out.at(site, lack.message);
            finding.service(&service.name).related(lack.site, "it is needed here");
            finding.help(format!("Install it in the last stage, such as `{tool} {}`", lack.install));
            if lack.soft {
                finding.severity(Severity::Note);
            }
        }
    }
}

struct Scene<'c, 's> {
    facts: &'c Facts<'s>,
    delivered: &'c Delivered<'s>,
    language: &'c str,
    kind: Flavour,
    system: Installed,
    /// Programs that each source starts, kept because services share sources.
    scanned: &'c RefCell<BTreeMap<String, Vec<(String, Span)>>>,
}

struct Lack {
    site: Site,
    message: String,
    install: &'static str,
    soft: bool,
}

impl Scene<'_, '_> {
    /// The line by which the last stage begins.
    fn last_layer(&self, finished: View) -> Site {
        let file = self.delivered.image.dockerfile.as_ref();
        let base = file
            .and_then(|file| Some(Site::new(file.path.clone(), file.stages.get(finished.stage)?.base.span)));
        base.unwrap_or_else(|| Site::file(""))
    }

    fn name(&self) -> &'static str {
        match self.kind {
            Flavour::Full => "image",
            Flavour::Slim => "`slim` image",
            Flavour::Alpine => "`alpine` image",
        }
    }

    /// What imported packages need.
    fn imported(&self) -> Vec<Lack> {
        let table = if self.language == "python" { PYTHON } else { NODE };
        let installed = distributions(self.facts, self.delivered);
        let mut found = Vec::new();
        for trace in self.delivered.traces.iter().filter(|trace| !trace.build) {
            for package in &trace.chain.packages {
                let Some(need) = table.iter().find(|need| need.import == package.name) else { continue };
                let there =
                    self.language != "python" || need.from.iter().any(|name| installed.names.contains(*name));
                let headless =
                    need.import == "cv2" && installed.names.iter().any(|name| name.contains("headless"));
                let brings =
                    BROUGHT.iter().find(|(name, _)| *name == need.import).is_some_and(|(_, others)| {
                        self.facts
                            .node_projects()
                            .values()
                            .any(|project| others.iter().any(|other| project.asks_for(other)))
                    });
                if !there
                    || headless
                    || brings
                    || (self.kind == Flavour::Full && !need.full)
                    || self.system.may_have(need.any)
                {
                    continue;
                }
                let message = format!(
                    "`{}` needs {}, which this {} does not have",
                    need.from[0],
                    need.what,
                    self.name()
                );
                found.push(Lack { site: package.site.clone(), message, install: need.install, soft: false });
            }
        }
        found
    }

    /// OpenSSL, which Prisma's engine is linked to up to version 6.
    fn prisma(&self) -> Option<Lack> {
        if self.language != "node"
            || self.kind == Flavour::Full
            || self.system.may_have(&["openssl", "libssl"])
        {
            return None;
        }
        let used =
            self.delivered.traces.iter().filter(|trace| !trace.build).flat_map(|trace| &trace.chain.packages);
        let used = used
            .into_iter()
            .find(|package| package.name == "@prisma/client" || package.name == ".prisma/client");
        let projects = self.facts.node_projects().values();
        let asked = projects.flat_map(|project| project.dependencies.iter().map(move |each| (project, each)));
        let (project, dependency) = asked.into_iter().find(|(project, each)| {
            each.name.value == "@prisma/client"
                && self.delivered.image.context.root.as_str() <= project.directory.as_str()
                && each.version.chars().find(char::is_ascii_digit).is_some_and(|major| major < '7')
        })?;
        let copied = self.delivered.image.last().is_some_and(|stage| {
            stage.layers.iter().any(|layer| match &layer.kind {
                LayerKind::Directory(_) => false,
                LayerKind::Copy(items, _) => items.iter().any(|item| item.to.contains("prisma")),
                LayerKind::Run(list, _) => {
                    list.iter().any(|command| command.words.iter().any(|word| word == "prisma"))
                }
            })
        });
        if used.is_none() && !copied {
            return None;
        }
        let site = used.map_or_else(
            || Site::new(project.path.clone(), dependency.name.span),
            |package| package.site.clone(),
        );
        let message =
            format!("Prisma's engine is linked to OpenSSL, which this {} does not install", self.name());
        Some(Lack { site, message, install: "openssl", soft: self.kind == Flavour::Alpine })
    }

    /// Programs that the source at `path` starts, with their places.
    fn scan(&self, path: &str) -> Vec<(String, Span)> {
        if let Some(known) = self.scanned.borrow().get(path) {
            return known.clone();
        }
        let text =
            self.facts.snapshot.text(path).ok().filter(|text| {
                ["spawn", "execFile", "subprocess"].iter().any(|word| text.text.contains(word))
            });
        let found: Vec<(String, Span)> = text.map_or(Vec::new(), |text| {
            let names = STARTED.captures_iter(&text.text).filter_map(|caught| caught.get(1));
            names.map(|name| (name.as_str().to_owned(), Span::new(name.start(), name.end()))).collect()
        });
        self.scanned.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }

    /// Programs that the sources start by their names.
    fn spawned(&self) -> Vec<Lack> {
        let mut found = Vec::new();
        if self.kind == Flavour::Full {
            return found;
        }
        let modules =
            self.delivered.traces.iter().filter(|trace| !trace.build).flat_map(|trace| &trace.chain.modules);
        for reached in modules {
            for (name, span) in self.scan(&reached.source) {
                let row = PROGRAMS
                    .iter()
                    .find(|(program, languages, ..)| *program == name && languages.contains(&self.language));
                let Some((program, _, any, install)) = row else { continue };
                let copied = self.delivered.image.last().is_some_and(|stage| {
                    stage.layers.iter().any(|layer| match &layer.kind {
                        LayerKind::Directory(_) => false,
                        LayerKind::Copy(items, _) => {
                            items.iter().any(|item| item.to.ends_with(program) || item.to.ends_with("bin"))
                        }
                        LayerKind::Run(list, _) => {
                            list.iter().any(|command| command.words.iter().any(|word| word.contains(program)))
                        }
                    })
                });
                if copied || self.system.may_have(any) {
                    continue;
                }
                let site = Site::new(reached.source.clone(), span);
                let message =
                    format!("the program starts `{program}`, which this {} does not have", self.name());
                found.push(Lack { site, message, install, soft: true });
            }
        }
        found
    }
}

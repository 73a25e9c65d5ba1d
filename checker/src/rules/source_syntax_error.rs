//! A source that does not parse.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::chain::{Loader, When};
use crate::facts::javascript_source;
use crate::facts::program::Language;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A source that the program loads has a syntax error.
    ///
    /// ## Why it matters
    /// Python and Node read a whole file before they run its first line. The program ends with `SyntaxError` before it
    /// listens, on every restart.
    ///
    /// ## What to do
    /// Correct the line. `python -m py_compile FILE` and `node --check FILE` show the same.
    ///
    /// ## What it cannot know
    /// Dialects: a file of JavaScript has to fail as a module and as a script, and files that say `@flow` are passed over.
    /// What a compiler reads is a warning.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "server.js"]
    /// //- server.js
    /// const page = `<script>el.textContent = `Error: ${status}`;</script>`;
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import settings
    /// //- settings.py
    /// PORTS = [80, 443
    /// NAME = "a"
    /// ```
    ///
    /// Scripts of the older kind, JSX, and a file that nothing loads:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "server.js"]
    /// //- server.js
    /// #!/usr/bin/env node
    /// if (require.main !== module) return;
    /// var package = 1, await = 010;
    /// //- broken.js
    /// const = ;
    /// ```
    /// A name that one scope declares twice:
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {}
    /// //- main.js
    /// require("http").createServer((request, response) => {
    ///     const number = Number(request.headers.number);
    ///     const text = String(number);
    ///     const number = text.length;
    ///     response.end(text + number);
    /// }).listen(process.env.PORT);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {}
    /// //- main.js
    /// require("http").createServer((request, response) => {
    ///     const number = 1;
    ///     if (request.headers.number) {
    ///         const number = 2;
    ///         response.write(String(number));
    ///     }
    ///     response.end(String(number));
    /// }).listen(process.env.PORT);
    /// ```
    "source-syntax-error", Error, Start, since "0.3.0",
    sources: ["https://docs.python.org/3/library/exceptions.html#SyntaxError", "https://nodejs.org/api/cli.html#-c---check"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for trace in delivered.traces.iter().filter(|trace| trace.stated) {
            for reached in trace.chain.modules.iter().filter(|reached| reached.when < When::Guarded) {
                if told.contains(&reached.source) {
                    continue;
                }
                let Some((why, span)) = error(facts, &reached.source) else { continue };
                told.insert(reached.source.clone());
                let message = format!(
                    "this does not parse, so the program ends here before it runs: {}",
                    lowered(&why)
                );
                let finding = out.at(Site::new(reached.source.clone(), span), message);
                finding
                    .service(&service.name)
                    .related(trace.site.clone(), "this loads it")
                    .help("Correct the syntax");
                let certain = trace.firm
                    && !trace.build
                    && reached.when == When::Always
                    && trace.loader != Loader::Build;
                if !certain || !service.selected || is_compiled(&reached.source) {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// `why` with a small first letter.
fn lowered(why: &str) -> String {
    let mut chars = why.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn is_compiled(path: &str) -> bool {
    !(path.ends_with(".py") || path.ends_with(".js") || path.ends_with(".mjs") || path.ends_with(".cjs"))
}

fn error(facts: &Facts<'_>, path: &str) -> Option<(String, Span)> {
    let module = facts.module(path)?;
    let (why, span) = module.error.clone()?;
    match module.language {
        Language::Python => (span != Span::START).then_some((why, span)),
        Language::JavaScript if span != Span::START => Some((why, span)),
        Language::JavaScript => javascript_source::syntax_error(path, &facts.snapshot.text(path).ok()?.text),
    }
}

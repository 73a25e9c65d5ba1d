//! Variables that the program needs and no file of the repository knows of.

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::facts::service::Service;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;
use crate::snapshot::Text;
use crate::span::Span;

use super::var_required_missing::{GIVEN, is_redis, is_set_by_image};

declare_rule! {
    /// The program ends at once without these variables, and no file says that the service has them.
    ///
    /// ## Why it matters
    /// Railway hands a new service none of your variables: each is set in the dashboard or in `.railway/railway.ts`. A program that
    /// checks its settings first ends before it listens, with a line such as `JWT_SECRET must be set`, is started again, and after
    /// ten times stays down. It is the commonest failure of a service that is deployed for the first time, or of a pull request
    /// that brings a new variable.
    ///
    /// ## What to do
    /// Set them before the merge. State them in `.railway/railway.ts` (with `preserve()` for secrets) or name them in
    /// `.github/preflight.toml` under `variables`; a missing one is then found by `var-required-missing`.
    ///
    /// ## What it cannot know
    /// What is set in the dashboard already, so it is a note. It knows reads that fail by themselves, such as
    /// `os.environ["NAME"]`, and checks at the top of a file that raise or exit.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "python main.py"}}
    /// //- main.py
    /// import os
    /// print(os.environ["STRIPE_KEY"])
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "python main.py"}}
    /// //- main.py
    /// import settings
    /// //- settings.py
    /// import os
    /// SECRET_KEY = os.getenv("SECRET_KEY")
    /// if not SECRET_KEY:
    ///     raise ValueError("SECRET_KEY must be set")
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "node index.js"}}
    /// //- index.js
    /// const auth = require("./auth");
    /// require("express")().listen(process.env.PORT);
    /// //- auth.js
    /// if (!process.env.JWT_SECRET) {
    ///   console.error("JWT_SECRET is not set");
    ///   process.exit(1);
    /// }
    /// module.exports = {};
    /// ```
    ///
    /// A default, a check in a function, a value in the image, and variables that every deployment has:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.13
    /// ENV MODE=production
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os
    /// KEY = os.getenv("KEY", "none")
    /// if not KEY:
    ///     raise ValueError("KEY")
    /// TOKEN = os.getenv("TOKEN")
    /// def token():
    ///     if not TOKEN:
    ///         raise ValueError("TOKEN")
    /// print(os.environ["MODE"], os.environ["PORT"], os.environ["RAILWAY_SERVICE_NAME"])
    /// ```
    ///
    /// What is stated is judged by another rule:
    ///
    /// ```repo,passes
    /// //- .github/preflight.toml
    /// [services.web]
    /// start-command = "python main.py"
    /// variables = ["STRIPE_KEY"]
    /// //- main.py
    /// import os
    /// print(os.environ["STRIPE_KEY"])
    /// ```
    "var-unstated", Note, Start, since "0.3.0",
    sources: ["https://docs.railway.com/variables"]
}

/// Lines behind a read in which the check may stand, and lines of a check.
const NEAR: usize = 6;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| service.variables.is_none()) {
        let needed = needed(facts, service);
        let Some((first, site)) = needed.iter().min_by_key(|(_, site)| *site) else { continue };
        let others: Vec<_> = needed.iter().filter(|(name, _)| *name != first).collect();
        let names: Vec<String> = others.iter().take(4).map(|(name, _)| format!("`{name}`")).collect();
        let message = match others.len() {
            0 => format!("the program ends without `{first}`, and no file says that the service has it"),
            1..=4 => format!(
                "the program ends without `{first}` and {}, and no file says that the service has them",
                names.join(", ")
            ),
            more => format!(
                "the program ends without `{first}`, {} and {} more, and no file says that the service has them",
                names.join(", "),
                more - 4
            ),
        };
        let finding = out.at(site.clone(), message);
        finding.service(&service.name).help("Set them on the service before this is deployed");
        for (name, site) in others.into_iter().take(4) {
            finding.related(site.clone(), format!("`{name}`"));
        }
    }
}

/// Each variable that ends the program when it is not set, and where that shows first.
fn needed(facts: &Facts<'_>, service: &Service) -> BTreeMap<String, Site> {
    let startup = facts.startup(service);
    let reads = startup.variables.iter().filter(|read| read.required && read.default.is_none());
    let mut found: Vec<(String, Site)> = reads.map(|read| (read.name.clone(), read.site.clone())).collect();
    for path in &startup.files {
        if let Ok(text) = facts.snapshot.text(path) {
            let checked = checked(&text);
            found.extend(checked.into_iter().map(|(name, span)| (name, Site::new(path.clone(), span))));
        }
    }
    let mut needed = BTreeMap::new();
    for (name, site) in found {
        let given = GIVEN.contains(&name.as_str()) || name.starts_with("RAILWAY_") || is_redis(&name);
        if !given && !is_set_by_image(facts, service, &name) {
            needed.entry(name).or_insert(site);
        }
    }
    needed
}

/// Variables whose absence a check at the top of the file answers with an exception or an exit.
fn checked(text: &Text) -> Vec<(String, Span)> {
    let python = text.path.ends_with(".py");
    let (reads, ends): (&[&str], &[&str]) = if python {
        (&["os.getenv(", "os.environ.get("], &["raise ", "sys.exit(", "exit("])
    } else {
        (&["process.env."], &["throw ", "process.exit("])
    };
    if !reads.iter().any(|read| text.text.contains(read)) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.text.lines().collect();
    let (mut found, mut next) = (Vec::new(), 0);
    for (at, line) in text.text.split_inclusive('\n').enumerate() {
        let start = next;
        next += line.len();
        let Some((name, rest)) =
            read(line.trim_end(), reads).filter(|_| !line.starts_with([' ', '\t', '#', '/']))
        else {
            continue;
        };
        let forms: Vec<String> = if line.starts_with("if") {
            vec![format!("!process.env.{name}"), format!("not {}", reads[0]), "not os.environ".to_owned()]
        } else if rest.trim_end_matches(';').trim().is_empty() {
            let own = line.split('=').next().unwrap_or_default();
            let own = own.trim_start_matches("export ").split([':', ' ']).map(str::trim);
            let mut own = own.filter(|word| !matches!(*word, "const" | "let" | "var" | ""));
            let Some(own) = own.next() else { continue };
            vec![
                format!("!{own}"),
                format!("not {own}"),
                format!("{own} is None"),
                format!("{own} === undefined"),
            ]
        } else {
            continue;
        };
        let near = lines.iter().enumerate().skip(at).take(NEAR);
        let check = near
            .filter(|(_, line)| line.starts_with("if"))
            .find(|(_, line)| forms.iter().any(|form| mentions(line, form)));
        let ended = check.is_some_and(|(from, _)| {
            let block = lines.iter().skip(from).take(NEAR).enumerate();
            let mut block = block.take_while(|(inner, line)| *inner == 0 || line.starts_with([' ', '\t']));
            block.any(|(_, line)| ends.iter().any(|end| line.contains(end)))
        });
        if ended {
            found.push((name.to_owned(), Span::new(start, start + line.trim_end().len())));
        }
    }
    found
}

/// The variable that `line` reads, and what stands behind the read.
fn read<'l>(line: &'l str, reads: &[&str]) -> Option<(&'l str, &'l str)> {
    let after = reads.iter().find_map(|read| line.split_once(read))?.1;
    let quoted = after.trim_start_matches(['"', '\'']);
    let end =
        quoted.find(|char: char| !(char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_'))?;
    let (name, rest) = quoted.split_at(end);
    let rest = rest.trim_start_matches(['"', '\'']);
    let rest = rest.strip_prefix(')').unwrap_or(rest);
    (name.len() > 1).then_some((name, rest))
}

/// True when `text` holds `word` and no longer name that begins with it.
fn mentions(text: &str, word: &str) -> bool {
    text.find(word).is_some_and(|at| {
        !text[at + word.len()..].starts_with(|char: char| char.is_ascii_alphanumeric() || char == '_')
    })
}

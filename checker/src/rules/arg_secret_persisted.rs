//! A secret that stays in the image.

use crate::facts::Facts;
use crate::facts::dockerfile::{BuildStage, InstructionKind, Spanned};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A secret is handed to the last stage of the image as `ARG` or written into its `ENV`.
    ///
    /// ## Why it matters
    /// What the last stage declares is in the image's history, and `ENV` is in its configuration: whoever can pull the image
    /// can read it.
    ///
    /// ## What to do
    /// Use the secret in an earlier stage and copy only the result; at run time the service's variables are there anyway.
    ///
    /// ## What it cannot know
    /// Whether the value is secret; names such as `TOKEN`, `SECRET`, `PASSWORD` and `API_KEY` are taken for one, and public
    /// ones such as `NEXT_PUBLIC_…` are not.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// ARG NPM_TOKEN
    /// RUN echo "//registry.npmjs.org/:_authToken=$NPM_TOKEN" > .npmrc && npm ci && rm .npmrc
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// ENV STRIPE_SECRET_KEY=$STRIPE_SECRET_KEY
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// ARG NPM_TOKEN
    /// RUN npm ci
    /// FROM node:24
    /// ARG NEXT_PUBLIC_STRIPE_KEY
    /// COPY --from=build /app /app
    /// ```
    ///
    /// A placeholder for the build and a path to a secret are none:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// ENV SECRET_KEY=build-only TOKENIZERS_PARALLELISM=false PASSWORD_FILE=/run/secrets/x
    /// ```
    "arg-secret-persisted", Warning, Build, since "0.2.0",
    sources: ["https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Some(stage) = file.final_stage() else { continue };
        for (name, form) in secrets(stage) {
            out.at(
                Site::new(file.path.clone(), name.span),
                format!(
                    "`{}` stays in the image: {form} of the last stage can be read by whoever has it",
                    name.value
                ),
            )
            .service(&service.name)
            .help("Use it in an earlier stage and copy the result");
        }
    }
}

fn secrets(stage: &BuildStage) -> Vec<(&Spanned<String>, &'static str)> {
    let mut found: Vec<(&Spanned<String>, &'static str)> = Vec::new();
    for instruction in &stage.instructions {
        match &instruction.kind {
            InstructionKind::Arg(args) => {
                found.extend(
                    args.iter().filter(|arg| is_secret(&arg.name.value)).map(|arg| (&arg.name, "an `ARG`")),
                );
            }
            InstructionKind::Env(pairs) => {
                let taken = pairs.iter().filter(|(name, value)| {
                    let handed_on = format!("${}", name.value);
                    let value = value.value.replace(['{', '}'], "");
                    is_secret(&name.value) && value.contains(&handed_on)
                });
                let known =
                    |name: &&Spanned<String>| !found.iter().any(|(other, _)| other.value == name.value);
                let new: Vec<_> = taken.map(|(name, _)| name).filter(known).collect();
                found.extend(new.into_iter().map(|name| (name, "the `ENV`")));
            }
            _ => {}
        }
    }
    found
}

/// True for a name that speaks of a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    if ["PUBLIC", "PUBLISHABLE", "VITE_", "REACT_APP_", "EXPO_PUBLIC"].iter().any(|word| upper.contains(word))
    {
        return false;
    }
    let words: Vec<&str> = upper.split('_').collect();
    let last = words.last().copied().unwrap_or_default();
    let key = last == "KEY"
        && words
            .iter()
            .any(|word| matches!(*word, "API" | "SECRET" | "PRIVATE" | "ACCESS" | "ENCRYPTION" | "SIGNING"));
    key || matches!(last, "TOKEN" | "SECRET" | "PASSWORD" | "PASSWD" | "PWD" | "CREDENTIALS")
        || upper.ends_with("APIKEY")
}

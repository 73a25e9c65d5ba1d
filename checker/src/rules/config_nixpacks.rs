//! Nixpacks is on its way out.

use crate::facts::Facts;
use crate::facts::service::Builder;
use crate::facts::settings::Key;
use crate::finding::{Findings, Fix};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// The config file asks for Nixpacks, which Railway has deprecated.
    ///
    /// ## Why it matters
    /// Railway's documentation no longer lists the builder. Railpack, its successor, detects other commands and reads other
    /// variables, so the day of the change is a different build.
    ///
    /// ## What to do
    /// Set the builder to `RAILPACK` and try the build, or write a Dockerfile.
    ///
    /// ## What it cannot know
    /// When Railway removes Nixpacks; until then it builds, so that this is a note. Where a Dockerfile is found the setting has no effect, and this rule is silent.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- package.json
    /// {"name": "a"}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "config-nixpacks", Note, Config, since "0.1.0",
    sources: ["https://docs.railway.com/config-as-code/reference", "https://docs.railway.com/builds/build-configuration"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| service.builder == Known::Yes(Builder::Nixpacks)) {
        let Some((_, setting)) = service.settings.text(Key::Builder) else { continue };
        out.at(setting.site.clone(), "Railway has deprecated Nixpacks")
            .service(&service.name)
            .help("Write `RAILPACK` and try the build, or write a Dockerfile")
            .fix(Fix::edit("Write RAILPACK", setting.site.clone(), "\"RAILPACK\""));
    }
}

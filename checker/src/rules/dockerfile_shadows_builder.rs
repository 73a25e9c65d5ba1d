//! A Dockerfile beats the builder setting.

use crate::facts::Facts;
use crate::facts::settings::Key;
use crate::finding::{Findings, Fix};
use crate::rule::declare_rule;

declare_rule! {
    /// The config file asks for Railpack or Nixpacks, but a Dockerfile lies where Railway looks for one.
    ///
    /// ## Why it matters
    /// Railway builds the Dockerfile it finds, whatever `builder` says. Commands then run without a shell, the build command
    /// is not run, and files that Railpack would have had may not be in the image.
    ///
    /// ## What to do
    /// Say `DOCKERFILE` when it is meant; otherwise rename the Dockerfile, for instance to `Dockerfile.local`.
    ///
    /// ## What it cannot know
    /// The root directory in the dashboard: with another one the file is not found.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- Dockerfile.local
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "dockerfile-shadows-builder", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/config-as-code/reference", "https://github.com/railwayapp/docs/issues/206"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let Some((builder, setting)) = service.settings.text(Key::Builder) else { continue };
        let Some(choice) = service.dockerfile.yes() else { continue };
        let other = ["RAILPACK", "NIXPACKS"].contains(&builder.to_ascii_uppercase().as_str());
        if other && facts.snapshot.deploys(&choice.path) {
            let message = format!("Railway builds `{}` here, whatever the builder says", choice.path);
            out.at(setting.site.clone(), message)
                .service(&service.name)
                .help("Write `DOCKERFILE`, or rename the Dockerfile if Railway should not build it")
                .fix(Fix::edit("Write DOCKERFILE", setting.site.clone(), "\"DOCKERFILE\""));
        }
    }
}

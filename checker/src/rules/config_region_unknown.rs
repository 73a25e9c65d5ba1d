//! Regions that Railway does not have.

use crate::facts::Facts;
use crate::facts::settings::{Key, Setting, Value};
use crate::finding::{Findings, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A setting names a region that Railway does not list.
    ///
    /// ## Why it matters
    /// A deployment cannot be placed in a region that does not exist; names of other clouds are the usual slip.
    ///
    /// ## What to do
    /// Use one of `us-west2`, `us-east4-eqdc4a`, `europe-west4-drams3a` and `asia-southeast1-eqsg3a`.
    ///
    /// ## What it cannot know
    /// Regions that were added since the list was read, and those of your own hardware. So this is a warning.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"multiRegionConfig": {"eu-west-1": {"numReplicas": 2}}}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// region = "frankfurt"
    /// ```
    ///
    /// Older names, which Railway's own examples still show, are taken:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"region": "us-west1", "multiRegionConfig": {"us-east4-eqdc4a": {"numReplicas": 1}, "europe-west4": {"numReplicas": 1}}}}
    /// ```
    "config-region-unknown", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/regions"]
}

/// What Railway lists (<https://docs.railway.com/deployments/regions>, read 2026-08-21), without the suffix of the
/// data centre, and the region that its API examples show.
const REGIONS: [&str; 5] = ["us-west2", "us-east4", "europe-west4", "asia-southeast1", "us-west1"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::Region) {
            if let Some(name) = setting.value.yes().and_then(Value::text) {
                judge(&service.name, name, setting.site.clone(), out);
            }
        }
        for setting in service.settings.every(Key::MultiRegionConfig) {
            let Known::Yes(Value::Map(regions)) = &setting.value else { continue };
            for name in regions.keys() {
                judge(&service.name, name, place(facts, setting, name), out);
            }
        }
    }
}

fn judge(service: &str, name: &str, site: Site, out: &mut Findings) {
    let known = |region: &&str| {
        name.strip_prefix(*region).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if name.is_empty() || REGIONS.iter().any(known) {
        return;
    }
    out.at(site, format!("Railway lists no region `{name}`"))
        .service(service)
        .help("Write `us-west2`, `us-east4-eqdc4a`, `europe-west4-drams3a` or `asia-southeast1-eqsg3a`");
}

/// Where `name` stands inside the value of `setting`, or the value when it is a table of its own.
fn place(facts: &Facts<'_>, setting: &Setting, name: &str) -> Site {
    let found = facts.snapshot.text(&setting.site.path).ok().and_then(|text| {
        let start = setting.site.span.of(&text.text).find(name)? + setting.site.span.start;
        Some(start..start + name.len())
    });
    found.map_or_else(|| setting.site.clone(), |range| Site::new(setting.site.path.clone(), range))
}

//! The number of replicas said twice.

use crate::facts::Facts;
use crate::facts::settings::{Key, Source};
use crate::finding::{Findings, Fix};
use crate::rule::declare_rule;

declare_rule! {
    /// `numReplicas` and `multiRegionConfig` are both set.
    ///
    /// ## Why it matters
    /// Both say how many replicas run, and nothing documents which wins. `railway config migrate` writes `replicas` twice for
    /// such a file.
    ///
    /// ## What to do
    /// Keep `multiRegionConfig`, which also says where they run.
    ///
    /// ## What it cannot know
    /// Which of the two was meant.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"numReplicas": 2, "multiRegionConfig": {"us-west2": {"numReplicas": 1}}}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// numReplicas = 2
    /// [deploy.multiRegionConfig.us-west2]
    /// numReplicas = 1
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"multiRegionConfig": {"us-west2": {"numReplicas": 1}}}}
    /// ```
    ///
    /// An explicit null takes the other back:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"numReplicas": 2, "multiRegionConfig": null}}
    /// ```
    "numreplicas-and-multiregion", Warning, Config, since "0.2.0",
    sources: ["https://docs.railway.com/config-as-code/reference", "https://github.com/railwayapp/cli"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let base = &service.settings.base;
        let (Some(number), Some(regions)) = (base.get(&Key::NumReplicas), base.get(&Key::MultiRegionConfig))
        else {
            continue;
        };
        let null = |setting: &crate::facts::settings::Setting| {
            setting.value == crate::known::Known::Yes(crate::facts::settings::Value::Null)
        };
        if null(number) || null(regions) {
            continue;
        }
        let finding = out.at(number.site.clone(), "`multiRegionConfig` says how many replicas run, too");
        finding
            .service(&service.name)
            .related(regions.site.clone(), "the regions with their replicas")
            .help("Delete `numReplicas`");
        let text = facts.snapshot.text(&number.site.path);
        let config = facts.railway_configs.get(&number.site.path);
        if let (Source::ConfigFile, Ok(text), Some(config)) = (number.source, text, config)
            && let Some(edit) = config.without(&text.text, number.site.span)
        {
            finding.fix(Fix { title: "Delete numReplicas".into(), edits: vec![edit] });
        }
    }
}

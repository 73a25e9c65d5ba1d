//! Replicas that cannot share a volume.

use crate::facts::Facts;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Value};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A service with a volume asks for more than one replica.
    ///
    /// ## Why it matters
    /// A Railway volume belongs to one instance, so Railway refuses replicas on a service that has one.
    ///
    /// ## What to do
    /// Keep one replica, or move the data to a database or a bucket.
    ///
    /// ## What it cannot know
    /// A volume that is attached in the dashboard: only `requiredMountPath` and the mounts of `.railway/railway.ts` are seen.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"requiredMountPath": "/data", "numReplicas": 2}}
    /// ```
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service, volume } from "railway/iac";
    /// const web = service("web", { replicas: 3, volumeMounts: { "/data": volume("data", {}) } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"requiredMountPath": "/data", "numReplicas": 1}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"requiredMountPath": "", "numReplicas": 3}}
    /// ```
    "replicas-with-volume", Error, Config, since "0.2.0",
    sources: ["https://docs.railway.com/volumes/reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let Some((path, mount)) = mounts(facts, service).into_iter().next() else { continue };
        let settings = &service.settings;
        for setting in settings.every(Key::NumReplicas).chain(settings.every(Key::MultiRegionConfig)) {
            let Some(total) = super::replicas_over_plan::total(setting).filter(|total| *total > 1) else {
                continue;
            };
            out.at(setting.site.clone(), format!("{total} replicas cannot share the volume at `{path}`"))
                .service(&service.name)
                .related(mount.clone(), "the volume")
                .help("Keep one replica, or move the data off the volume");
        }
    }
}

/// Paths at which files say that a volume is mounted, each with its place.
pub(super) fn mounts(facts: &Facts<'_>, service: &Service) -> Vec<(String, Site)> {
    let required = service.settings.every(Key::RequiredMountPath).filter_map(|setting| {
        let path = setting.value.yes().and_then(Value::text)?;
        Some((path.to_owned(), setting.site.clone()))
    });
    let declared = facts.iac.as_ref().into_iter().flat_map(|iac| {
        let own = iac.services.iter().filter(|each| service.origin == Site::new(iac.path.clone(), each.span));
        own.flat_map(|each| &each.mounts)
            .map(|mount| (mount.value.clone(), Site::new(iac.path.clone(), mount.span)))
    });
    required.chain(declared).filter(|(path, _)| path.starts_with('/') && path.len() > 1).collect()
}

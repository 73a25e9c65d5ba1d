//! Services that `.railway/railway.ts` declares.

use std::collections::BTreeMap;

use super::{Builder, DockerfileChoice, Service, discover};
use crate::facts::Facts;
use crate::facts::railway_config::RailwayConfig;
use crate::facts::railway_iac::{Iac, IacService, Origin};
use crate::facts::settings::{Key, Settings};
use crate::finding::Site;
use crate::known::Known;

/// The declared services, in order; none when there is no such file.
pub(super) fn services(facts: &Facts<'_>) -> Vec<Service> {
    let Some(iac) = &facts.iac else { return Vec::new() };
    iac.services.iter().map(|declared| service(facts, iac, declared)).collect()
}

/// True when the file is the whole truth on which services there are.
pub(super) fn is_whole(facts: &Facts<'_>) -> bool {
    facts.iac.as_ref().is_some_and(|iac| {
        iac.open.is_none() && iac.error.is_none() && iac.others.is_empty() && !iac.services.is_empty()
    })
}

fn service(facts: &Facts<'_>, iac: &Iac, declared: &IacService) -> Service {
    let named = declared.config_file.as_ref().map(|file| file.value.trim_start_matches('/').to_owned());
    let config = match named {
        Some(path) => discover::config_at(facts, &path),
        None => ["railway.toml", "railway.json"].iter().find_map(|path| discover::config_at(facts, path)),
    };
    let mut settings = Settings {
        base: declared.settings.clone(),
        environments: BTreeMap::new(),
        complete: declared.open.is_none() && config.is_none() && !declared.conditional,
    };
    if let Some(config) = &config {
        overlay(&mut settings, config);
    }
    let root = declared.settings.get(&Key::RootDirectory).map(|setting| setting.value.clone());
    let computed = matches!(root, Some(Known::Unknown(_)));
    let root = root.and_then(|value| value.yes()?.text().map(|text| text.trim_matches('/').to_owned()));
    let roots = vec![root.unwrap_or_default().trim_start_matches("./").to_owned()];
    let image = matches!(&declared.source, Known::Yes(Origin::Image(_)));
    let dockerfile: Known<DockerfileChoice> = match (image, computed) {
        (true, _) => Known::No,
        (_, true) => Known::unknown("its root directory is computed"),
        _ => discover::choice(facts, &settings, &roots),
    };
    let builder = match &declared.source {
        Known::Yes(Origin::Image(_)) => Known::Yes(Builder::Image),
        Known::Unknown(why) => Known::Unknown(why.clone()),
        _ => Known::No,
    };
    let name = declared.name.yes().cloned().unwrap_or_else(|| "service".to_owned());
    let mut service = Service {
        name,
        origin: Site::new(iac.path.clone(), declared.span),
        selected: !declared.conditional,
        roots,
        config: config.map(|config| config.path.clone()),
        settings,
        builder,
        dockerfile,
        kind: Known::No,
        variables: declared
            .open
            .is_none()
            .then(|| declared.variables.iter().map(|variable| variable.name.value.clone()).collect()),
    };
    discover::complete(facts, &mut service);
    service
}

/// Lays the values of a config file over what is stored, as Railway does until the cut-off. Where both say the same,
/// the stored one is kept, because it is the one that survives.
fn overlay(settings: &mut Settings, config: &RailwayConfig) {
    for (key, setting) in &config.base {
        let same = settings.base.get(key).is_some_and(|stored| stored.value == setting.value);
        if !same {
            settings.base.insert(*key, setting.clone());
        }
    }
    settings.environments.clone_from(&config.environments);
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::facts::Facts;
    use crate::facts::service::Builder;
    use crate::facts::settings::{Key, Source};
    use crate::fixture::MemoryTree;
    use crate::known::Known;
    use crate::snapshot::{Day, Snapshot, Trigger};

    fn check(fixture: &str, judge: impl FnOnce(&Facts<'_>)) {
        let tree = MemoryTree::parse(fixture);
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
        let config = Config::default();
        judge(&Facts::gather(&snapshot, &config));
    }

    const IAC: &str = "//- .railway/railway.ts
import { defineRailway, project, service, github, image } from 'railway/iac';
export default defineRailway(() => project('p', { resources: [
  service('api', { source: github('a/b', { rootDirectory: '/api' }), start: 'node a.js', healthcheck: '/up' }),
  service('cache', { source: image('redis:8') }),
] }));
";

    #[test]
    fn a_declared_service_has_its_root_its_dockerfile_and_its_name() {
        check(&format!("{IAC}//- api/Dockerfile\nFROM node\n//- other/Dockerfile\nFROM node\n"), |facts| {
            let names: Vec<&str> = facts.services.iter().map(|service| service.name.as_str()).collect();
            assert_eq!(names, ["api", "cache"]);
            let api = &facts.services[0];
            assert_eq!(api.roots, ["api"]);
            assert_eq!(api.dockerfile.yes().map(|choice| choice.path.as_str()), Some("api/Dockerfile"));
            assert!(api.settings.complete);
            assert_eq!(facts.services[1].builder, Known::Yes(Builder::Image));
        });
    }

    #[test]
    fn a_config_file_at_the_root_still_wins_over_what_is_stored() {
        let config = "//- railway.json\n{\"deploy\": {\"startCommand\": \"node b.js\", \"healthcheckPath\": \"/up\"}}\n";
        check(&format!("{IAC}{config}"), |facts| {
            let api = &facts.services[0];
            assert_eq!(api.settings.text(Key::StartCommand).map(|(text, _)| text), Some("node b.js"));
            assert_eq!(api.settings.base[&Key::HealthcheckPath].source, Source::Iac);
            assert!(!api.settings.complete);
        });
    }
}

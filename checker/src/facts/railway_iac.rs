//! `.railway/railway.ts`: literal values are known, anything computed is `Unknown`.

mod evaluate;

use std::collections::BTreeMap;

use crate::facts::dockerfile::Spanned;
use crate::facts::javascript_source;
use crate::facts::settings::{Key, Setting};
use crate::known::Known;
use crate::snapshot::Snapshot;
use crate::span::Span;

/// Where Railway's command line looks for infrastructure as code.
pub const PATH: &str = ".railway/railway.ts";
/// The same in the other languages; the command line refuses a repository that has two.
const OTHER_PATHS: [&str; 2] = [".railway/railway.py", ".railway/railway.go"];

/// The infrastructure as code of a repository.
#[derive(Debug, Clone, Default)]
pub struct Iac {
    /// Path in the tree.
    pub path: String,
    /// The first thing that does not parse; what was read around it is kept.
    pub error: Option<Spanned<String>>,
    /// Files in other languages beside it, whose content is not read.
    pub others: Vec<String>,
    /// The services it declares, in order.
    pub services: Vec<IacService>,
    /// The databases it declares, in order.
    pub databases: Vec<Database>,
    /// The buckets it declares: name, and its region with its place.
    pub buckets: Vec<(Known<String>, Option<Spanned<String>>)>,
    /// Why there may be more than was read; `None` when everything was.
    pub open: Option<Spanned<String>>,
}

/// One `service(…)` or `fn(…)`.
#[derive(Debug, Clone)]
pub struct IacService {
    /// Its name.
    pub name: Known<String>,
    /// The whole call.
    pub span: Span,
    /// Its settings; absent ones have Railway's default unless `open` says otherwise.
    pub settings: BTreeMap<Key, Setting>,
    /// Where its code comes from.
    pub source: Known<Origin>,
    /// Its variables in order.
    pub variables: Vec<Variable>,
    /// Paths at which volumes are mounted.
    pub mounts: Vec<Spanned<String>>,
    /// Domains that are given as a plain string, each with its place.
    pub domains: Vec<Spanned<String>>,
    /// `checkSuites: true`, which makes Railway wait for the workflows of the commit.
    pub check_suites: Option<Span>,
    /// `numReplicas` inside a region of `replicas`, a shape that the SDK drops: region value, number.
    pub dropped_replicas: Vec<Spanned<String>>,
    /// `configFile`: the Railway config file it still reads.
    pub config_file: Option<Spanned<String>>,
    /// True when it exists on a condition only.
    pub conditional: bool,
    /// Why it may have more settings or variables than were read.
    pub open: Option<Spanned<String>>,
}

/// Where the code of a service comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A repository, `owner/name`.
    Repository(String),
    /// A prebuilt image.
    Image(String),
}

/// One database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: Known<String>,
    /// `postgres`, `mysql`, `redis`, `mongo` or `private`.
    pub engine: String,
    /// The whole call.
    pub span: Span,
}

/// One variable of a service: its name and what kind of value it has, never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Name, with the place of the value.
    pub name: Spanned<String>,
    /// Where the value comes from.
    pub value: VariableValue,
}

/// Where the value of a variable comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// Written in the file.
    Literal,
    /// A variable of another resource, which may be the name of a resource or of a local constant.
    Reference(String, String),
    /// A shared variable of the environment.
    Shared(String),
    /// What Railway holds already.
    Preserved,
    /// A number or truth value, which the SDK refuses.
    NotText,
    /// Computed when the program runs.
    Computed,
}

/// Reads `.railway/railway.ts`, or says that only a file in another language is there.
pub fn gather(snapshot: &Snapshot<'_>) -> Option<Iac> {
    let others: Vec<String> = OTHER_PATHS
        .iter()
        .filter(|path| snapshot.entry(path).is_some())
        .map(|path| (*path).to_owned())
        .collect();
    let mut iac = if let Ok(text) = snapshot.text(PATH) {
        parse(PATH, &text.text)
    } else {
        let path = others.first()?.clone();
        let value = "it is not written in TypeScript".to_owned();
        Iac { path, open: Some(Spanned { value, span: Span::START }), ..Iac::default() }
    };
    iac.others = others;
    Some(iac)
}

/// Reads the text of a `railway.ts`.
pub fn parse(path: &str, text: &str) -> Iac {
    let module = javascript_source::parse(path, text);
    let error = module.error.clone().map(|(value, span)| Spanned { value, span });
    let mut iac = Iac { path: path.to_owned(), error, ..Iac::default() };
    evaluate::run(&module, &mut iac);
    iac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::settings::Value;

    const HEAD: &str = "import { defineRailway, project, service, github, image, redis, volume, ref, preserve } from \"railway/iac\";\n";

    fn iac(body: &str) -> Iac {
        parse(PATH, &format!("{HEAD}{body}"))
    }

    fn text(service: &IacService, key: Key) -> Option<&str> {
        service.settings.get(&key)?.value.yes()?.text()
    }

    #[test]
    fn settings_of_every_spelling_end_under_their_key() {
        let iac = iac(
            "const api = service('api', { source: github('a/b', { rootDirectory: '/api' }), build: 'make',
               start: 'node a.js', preDeploy: 'npm run migrate', healthcheck: '/health', healthcheckTimeout: 60,
               replicas: 2, deploy: { restartPolicyType: 'ALWAYS', drainingSeconds: 30 } });
             const job = service('job', { build: { builder: 'DOCKERFILE', dockerfilePath: 'Dockerfile.job' },
               run: { command: `python job.py`, healthcheck: '/ok' }, root: 'jobs' });
             export default defineRailway(() => project('p', { resources: [api, [job]] }));",
        );
        assert_eq!(iac.open, None);
        let [api, job] = iac.services.as_slice() else { panic!("{iac:?}") };
        assert_eq!(api.source, Known::Yes(Origin::Repository("a/b".into())));
        for (key, value) in [
            (Key::RootDirectory, "/api"),
            (Key::BuildCommand, "make"),
            (Key::StartCommand, "node a.js"),
            (Key::PreDeployCommand, "npm run migrate"),
            (Key::HealthcheckPath, "/health"),
            (Key::RestartPolicyType, "ALWAYS"),
        ] {
            assert_eq!(text(api, key), Some(value), "{key:?}");
        }
        assert_eq!(api.settings[&Key::NumReplicas].value, Known::Yes(Value::Integer(2)));
        assert_eq!(text(job, Key::StartCommand), Some("python job.py"));
        assert_eq!(text(job, Key::DockerfilePath), Some("Dockerfile.job"));
        assert_eq!(text(job, Key::RootDirectory), Some("jobs"));
    }

    #[test]
    fn a_setting_points_at_its_value() {
        let text = format!(
            "{HEAD}export default defineRailway(() => project('p', {{ resources: [service('a', {{ start: 'x y' }})] }}));"
        );
        let iac = parse(PATH, &text);
        let setting = &iac.services[0].settings[&Key::StartCommand];
        assert_eq!(setting.site.span.of(&text), "'x y'");
        assert_eq!(setting.site.path, PATH);
    }

    #[test]
    fn constants_and_spreads_are_followed_and_conditions_are_not() {
        let iac = iac(
            "const shared = { restartPolicyType: 'NEVER' };\nconst path = '/up';
             export default defineRailway((ctx) => {
               const web = service('web', { deploy: { ...shared, numReplicas: ctx.environment === 'production' ? 3 : 1 }, healthcheck: path });
               return project('p', { resources: [web, ...(ctx.isEnvironment('x') ? [service('extra', {})] : [])] });
             });",
        );
        let [web, extra] = iac.services.as_slice() else { panic!("{iac:?}") };
        assert_eq!(text(web, Key::RestartPolicyType), Some("NEVER"));
        assert_eq!(text(web, Key::HealthcheckPath), Some("/up"));
        assert!(web.settings[&Key::NumReplicas].value.is_unknown());
        assert!(!web.conditional && extra.conditional);
    }

    #[test]
    fn variables_have_names_and_kinds_and_no_values() {
        let iac = iac("const queue = redis('Redis');
             const w = service('w', { variables: { A: 'x', B: queue.env.REDIS_URL, C: ref(queue, 'REDIS_URL'), D: preserve(), E: 3, F: make() },
               env: { A: ctx.shared.KEY, G: { value: 'x', isSealed: true } }, volumeMounts: { '/data': volume('v', {}) } });
             export default defineRailway(() => project('p', { resources: [queue, w] }));");
        let kinds: Vec<(&str, &VariableValue)> =
            iac.services[0].variables.iter().map(|each| (each.name.value.as_str(), &each.value)).collect();
        let reference = VariableValue::Reference("Redis".into(), "REDIS_URL".into());
        assert_eq!(
            kinds,
            [
                ("A", &VariableValue::Shared("KEY".into())),
                ("B", &reference),
                ("C", &reference),
                ("D", &VariableValue::Preserved),
                ("E", &VariableValue::NotText),
                ("F", &VariableValue::Computed),
                ("G", &VariableValue::Literal),
            ]
        );
        assert_eq!(iac.services[0].mounts[0].value, "/data");
        assert_eq!(iac.databases[0].engine, "redis");
    }

    #[test]
    fn what_is_computed_is_said_to_be_open() {
        let looped = iac("export default defineRailway(() => project('p', { resources: names.map(make) }));");
        assert!(looped.open.is_some());
        let built = iac(
            "const cfg = make();\nexport default defineRailway(() => project('p', { resources: [service('a', cfg)] }));",
        );
        assert!(built.open.is_none() && built.services[0].open.is_some());
        assert!(iac("export const x = 1;").open.is_some());
    }

    #[test]
    fn names_may_be_imported_under_others_and_unused_services_do_not_count() {
        let iac = parse(
            PATH,
            "import * as iac from 'railway/iac';\nimport { service as svc } from 'railway/iac';
             const unused = svc('unused', {});\nexport default iac.defineRailway(() => iac.project('p', { resources: [svc('a', {}), iac.service('b', {})] }));",
        );
        let names: Vec<_> = iac.services.iter().map(|service| service.name.yes().cloned()).collect();
        assert_eq!(names, [Some("a".to_owned()), Some("b".to_owned())]);
    }

    #[test]
    fn a_file_that_names_itself_ends() {
        let iac = iac("const a = b;\nconst b = a;\nexport default a;");
        assert!(iac.open.is_some());
        assert!(parse(PATH, "export default defineRailway(() => {").error.is_some());
    }
}

//! Writes `.railway/railway.ts` from `railway.toml` and `railway.json`, with every setting, environment and comment.
//!
//! Railway reads the old files until [`crate::facts::settings::CONFIG_CUT_OFF`]; nothing of them may be lost on the way.

mod comments;
mod emit;
mod value;

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::config::ConfigError;
use crate::facts::Facts;
use crate::facts::railway_config::RailwayConfig;
use crate::facts::railway_iac::PATH;
use crate::facts::settings::Key;
use crate::snapshot::{Snapshot, Text, Tree, Trigger};
use crate::{Options, config::Config};

/// What the files do not say.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Name of the Railway project.
    pub project: String,
    /// Repository the services are built from, `owner/name`.
    pub repository: Option<String>,
    /// Names of variables that the services have in Railway; each keeps its value.
    pub variables: Vec<String>,
}

/// One service to write.
struct Subject {
    name: String,
    root: Option<String>,
    variables: Vec<String>,
    config: Rc<RailwayConfig>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Migration {
    /// Where the text belongs.
    pub path: &'static str,
    /// The program; empty when there is nothing to carry over.
    pub text: String,
    /// Services with the file each had and the number of its settings.
    pub services: Vec<(String, String, usize)>,
    /// What a person must know or do.
    pub notes: Vec<String>,
    /// True when `.railway/railway.ts` is there already.
    pub exists: bool,
}

/// Carries every config file of `tree` over.
///
/// # Errors
/// Everything that is wrong with the configuration of Preflight.
pub fn migrate(tree: &dyn Tree, options: &Options, request: &Request) -> Result<Migration, Vec<ConfigError>> {
    let snapshot = Snapshot::new(tree, options.today, Trigger::GitHub);
    let config = match &options.config {
        Some((path, text)) => Config::parse(&Text::decode(path, text.as_bytes())),
        None => Config::of(&snapshot),
    }?;
    let facts = Facts::gather(&snapshot, &config);
    Ok(of_facts(&facts, request))
}

/// The same from what is gathered already.
pub fn of_facts(facts: &Facts<'_>, request: &Request) -> Migration {
    let mut migration =
        Migration { path: PATH, exists: facts.snapshot.entry(PATH).is_some(), ..Migration::default() };
    let mut subjects = Vec::new();
    for subject in subjects_of(facts, request) {
        let path = &subject.config.path;
        if let Some(error) = &subject.config.error {
            migration
                .notes
                .push(format!("{path} does not parse, so nothing of it is carried over: {}", error.value));
            continue;
        }
        let count = subject.config.base.len()
            + subject.config.environments.values().map(std::collections::BTreeMap::len).sum::<usize>();
        if count == 0 && subject.config.unknown.is_empty() {
            migration.notes.push(format!("{path} sets nothing"));
            continue;
        }
        notes(&subject.config, &mut migration.notes);
        migration.services.push((subject.name.clone(), path.clone(), count));
        subjects.push(subject);
    }
    if !subjects.is_empty() {
        migration.text = emit::program(facts, request, &subjects);
        closing_notes(request, &subjects, &mut migration.notes);
    }
    migration
}

fn subjects_of(facts: &Facts<'_>, request: &Request) -> Vec<Subject> {
    let mut used = BTreeSet::new();
    let mut subjects = Vec::new();
    for (service, config) in facts.configured() {
        used.insert(config.path.clone());
        let root = match service.roots.as_slice() {
            [only] if !only.is_empty() => Some(only.clone()),
            _ => None,
        };
        let own = service.variables.clone().unwrap_or_default();
        let variables: BTreeSet<String> = own.into_iter().chain(request.variables.iter().cloned()).collect();
        subjects.push(Subject {
            name: service.name.clone(),
            root,
            variables: variables.into_iter().collect(),
            config,
        });
    }
    for (path, config) in &facts.railway_configs {
        // Of two files in one directory Railway reads the TOML one.
        let twin = path.strip_suffix("railway.json").map(|directory| format!("{directory}railway.toml"));
        if used.contains(path) || twin.is_some_and(|twin| facts.railway_configs.contains_key(&twin)) {
            continue;
        }
        let name =
            config.directory().rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&request.project);
        let taken = subjects.iter().filter(|subject| subject.name.starts_with(name)).count();
        let name = if taken == 0 { name.to_owned() } else { format!("{name}-{}", taken + 1) };
        let variables = request.variables.clone();
        subjects.push(Subject { name, root: None, variables, config: Rc::clone(config) });
    }
    subjects
}

fn notes(config: &RailwayConfig, notes: &mut Vec<String>) {
    let path = &config.path;
    for unknown in &config.unknown {
        let key = unknown.path.join(".");
        notes.push(format!("{path}: `{key}` is no setting of Railway and was never read, so it is left out"));
    }
    if config.base.contains_key(&Key::NumReplicas) && config.base.contains_key(&Key::MultiRegionConfig) {
        notes.push(format!("{path}: `numReplicas` beside `multiRegionConfig` says twice how many replicas there are; both are carried over"));
    }
    if config.environments.contains_key("pr") {
        notes.push(format!("{path}: `environments.pr` becomes a test of the environment's name, which Railway ends in `-pr-` and the number"));
    }
}

fn closing_notes(request: &Request, subjects: &[Subject], notes: &mut Vec<String>) {
    if request.repository.is_none() {
        notes.push("no repository is known, so no `source` is written: give --repository owner/name".into());
    }
    if subjects.iter().any(|subject| subject.variables.is_empty()) {
        notes.push("variables are not in these files: name each with --variables, or `railway config plan` proposes to delete it".into());
    }
    let names: Vec<String> = subjects.iter().map(|subject| format!("`{}`", subject.name)).collect();
    notes.push(format!("services are called {}: correct a name that Railway has otherwise, or the plan creates another service", names.join(", ")));
    notes.push("run `railway config plan`: it must show no deletion and no change you did not mean; then `railway config apply`, and delete the old files".into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;
    use crate::snapshot::Day;

    fn migrated(fixture: &str) -> Migration {
        let tree = MemoryTree::parse(fixture);
        let today = Day { year: 2026, month: 11, day: 24 };
        let options = Options { today, trigger: None, config: None };
        let request =
            Request { project: "shop".into(), repository: Some("acme/shop".into()), variables: Vec::new() };
        migrate(&tree, &options, &request).unwrap()
    }

    #[test]
    fn every_setting_and_comment_is_carried_over() {
        let migration = migrated(
            "//- railway.toml\n# The worker.\n[build]\nbuilder = \"dockerfile\" # not Railpack\n[deploy]\n# Jobs take\n# half a minute.\ndrainingSeconds = \"30\"\nrestartPolicyType = \"always\"\npreDeployCommand = \"make x\" # once # really\n# The end.\n",
        );
        let text = &migration.text;
        for line in [
            "// The worker.",
            "// not Railpack",
            "builder: \"DOCKERFILE\",",
            "// Jobs take",
            "// half a minute.",
            "drainingSeconds: 30,",
            "restartPolicyType: \"ALWAYS\",",
            "preDeploy: [\"make x\"],",
            "// once # really",
            "// The end.",
            "source: github(\"acme/shop\"),",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert_eq!(migration.services, [("app".to_owned(), "railway.toml".to_owned(), 4)]);
    }

    #[test]
    fn environments_choose_when_the_program_runs() {
        let migration = migrated(
            "//- railway.json\n{\"deploy\": {\"startCommand\": \"a\"}, \"environments\": {\"pr\": {\"deploy\": {\"startCommand\": \"b\"}}, \"staging\": {\"deploy\": {\"healthcheckPath\": null}}}}\n",
        );
        assert!(migration.text.contains("start: pick(\"a\", { pr: \"b\" }),"), "{}", migration.text);
        assert!(
            migration.text.contains("healthcheck: pick(undefined, { staging: undefined }),"),
            "{}",
            migration.text
        );
    }

    #[test]
    fn the_program_is_read_back_by_our_own_reader() {
        let migration = migrated(
            "//- railway.json\n{\"build\": {\"watchPatterns\": [\"a/**\"]}, \"deploy\": {\"startCommand\": \"say \\\"hi\\\" </script> ${X}\", \"numReplicas\": 2}}\n",
        );
        let iac = crate::facts::railway_iac::parse(PATH, &migration.text);
        assert_eq!((iac.error, iac.open), (None, None), "{}", migration.text);
        let start =
            iac.services[0].settings[&Key::StartCommand].value.yes().unwrap().text().unwrap().to_owned();
        assert_eq!(start, "say \"hi\" </script> ${X}");
    }

    #[test]
    fn what_is_not_carried_over_is_named() {
        let migration =
            migrated("//- railway.json\n{\"deploy\": {\"startCommand\": \"a\", \"env\": {\"A\": \"1\"}}}\n");
        assert!(migration.notes.iter().any(|note| note.contains("`deploy.env`")), "{:?}", migration.notes);
        assert!(migrated("//- railway.json\n{\n").notes[0].contains("does not parse"));
        assert!(migrated("//- a.txt\nx\n").text.is_empty());
    }
}

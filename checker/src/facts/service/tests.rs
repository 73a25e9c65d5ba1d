//! Which services a repository has.

use super::{Builder, Kind};
use crate::config::Config;
use crate::facts::Facts;
use crate::fixture::MemoryTree;
use crate::known::Known;
use crate::snapshot::{Day, Snapshot, Trigger};

fn check(fixture: &str, judge: impl FnOnce(&Facts<'_>)) {
    let tree = MemoryTree::parse(fixture);
    let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
    let config = Config::of(&snapshot).expect("the configuration of the test is valid");
    judge(&Facts::gather(&snapshot, &config));
}

/// Name, Dockerfile, and a star behind the name where nothing says that it is deployed.
fn services(fixture: &str) -> Vec<String> {
    let mut lines = Vec::new();
    check(fixture, |facts| {
        for service in &facts.services {
            let star = if service.selected { "" } else { "*" };
            let file = service.dockerfile.yes().map_or("", |choice| choice.path.as_str());
            lines.push(format!("{}{star} {file}", service.name).trim_end().to_owned());
        }
    });
    lines
}

const FROM: &str = "FROM alpine\nCMD [\"true\"]\n";

#[test]
fn a_repository_without_containers_has_none() {
    assert!(services("//- README.md\nx\n//- package.json\n{}\n//- src/app.py\nx\n").is_empty());
}

#[test]
fn what_a_builder_starts_by_itself_may_be_deployed() {
    assert_eq!(services("//- requirements.txt\nflask\n//- main.py\nx\n"), ["app*"]);
    assert_eq!(services("//- package.json\n{\"scripts\": {\"start\": \"node a.js\"}}\n"), ["app*"]);
    assert!(services("//- main.py\nx\n//- package.json\n{\"scripts\": {\"test\": \"x\"}}\n").is_empty());
}

#[test]
fn of_two_programs_the_one_that_serves_is_taken() {
    check("//- requirements.txt\nflask\n//- main.py\nx\n//- app.py\napp = Flask(__name__)\n", |facts| {
        let command = facts.services[0].settings.text(crate::facts::settings::Key::StartCommand);
        assert_eq!(command.map(|(text, _)| text), Some("python app.py"));
    });
}

#[test]
fn a_config_that_names_a_nested_dockerfile_leaves_the_root_one_to_another_service() {
    let found = services(&format!(
        "//- railway.json\n{{\"build\": {{\"dockerfilePath\": \"backend/worker/Dockerfile\"}}}}\n//- backend/worker/Dockerfile\n{FROM}//- Dockerfile\n{FROM}"
    ));
    assert_eq!(found, ["worker backend/worker/Dockerfile", "app* Dockerfile"]);
}

#[test]
fn every_directory_with_a_config_is_a_service_and_a_bare_name_is_its_own_dockerfile() {
    let toml = "[build]\ndockerfilePath = \"Dockerfile\"\n";
    let found = services(&format!(
        "//- api/railway.toml\n{toml}//- api/Dockerfile\n{FROM}//- Dockerfile\n{FROM}//- web/railway.toml\n[deploy]\nstartCommand = \"x\"\n"
    ));
    assert_eq!(found, ["api api/Dockerfile", "web", "app* Dockerfile"]);
}

#[test]
fn a_config_under_another_name_counts_unless_a_default_lies_beside_it() {
    let worker = "//- railway.worker.json\n{\"deploy\": {\"startCommand\": \"rq worker\"}}\n";
    assert_eq!(services(worker), ["worker"]);
    let both = services(&format!("//- railway.json\n{{\"deploy\": {{\"startCommand\": \"x\"}}}}\n{worker}"));
    assert_eq!(both, ["app", "worker*"]);
}

#[test]
fn dockerfiles_for_development_tests_and_examples_are_no_services() {
    let found = services(&format!(
        "//- Dockerfile\n{FROM}//- Dockerfile.dev\n{FROM}//- .devcontainer/Dockerfile\n{FROM}//- examples/a/Dockerfile\n{FROM}//- docker/test/Dockerfile\n{FROM}//- Dockerfile.worker\n{FROM}"
    ));
    assert_eq!(found, ["app Dockerfile", "worker* Dockerfile.worker"]);
}

#[test]
fn compose_gives_the_name_and_the_command_of_a_dockerfile() {
    let fixture = format!(
        "//- docker/a.Dockerfile\n{FROM}//- compose.yaml\nservices:\n  mailer:\n    build: {{context: ., dockerfile: docker/a.Dockerfile}}\n    command: celery -A x worker\n"
    );
    check(&fixture, |facts| {
        assert_eq!(facts.services[0].name, "mailer");
        assert_eq!(facts.services[0].kind, Known::Yes(Kind::Worker));
    });
}

#[test]
fn queue_libraries_without_a_web_framework_make_a_worker() {
    let fixture = |list: &str| {
        format!("//- Dockerfile\nFROM alpine\nCMD [\"python\", \"main.py\"]\n//- requirements.txt\n{list}\n")
    };
    check(&fixture("rq\nredis"), |facts| assert_eq!(facts.services[0].kind, Known::Yes(Kind::Worker)));
    check(&fixture("fastapi"), |facts| assert_eq!(facts.services[0].kind, Known::Yes(Kind::Web)));
    check(&fixture("rq\nfastapi"), |facts| assert!(facts.services[0].kind.is_unknown()));
}

#[test]
fn the_users_word_replaces_what_would_be_found() {
    let fixture = format!(
        "//- .github/preflight.toml\n[services.jobs]\nroot = \"/backend\"\nbuilder = \"railpack\"\nkind = \"worker\"\n//- Dockerfile\n{FROM}"
    );
    check(&fixture, |facts| {
        let [jobs] = facts.services.as_slice() else { panic!("one service is stated") };
        assert_eq!((jobs.name.as_str(), jobs.roots.as_slice()), ("jobs", &["backend".to_owned()][..]));
        assert_eq!((&jobs.builder, &jobs.kind), (&Known::Yes(Builder::Railpack), &Known::Yes(Kind::Worker)));
    });
}

#[test]
fn a_root_config_leaves_open_which_directory_above_its_dockerfile_is_the_root() {
    let fixture = format!(
        "//- railway.json\n{{\"build\": {{\"dockerfilePath\": \"a/b/Dockerfile\"}}}}\n//- a/b/Dockerfile\n{FROM}"
    );
    check(&fixture, |facts| assert_eq!(facts.services[0].roots, ["", "a", "a/b"]));
}

#[test]
fn a_procfile_selects_the_dockerfile_beside_it_and_no_variant() {
    let found = services(&format!(
        "//- railway.json\n{{\"build\": {{\"dockerfilePath\": \"x/Dockerfile\"}}}}\n//- x/Dockerfile\n{FROM}//- Dockerfile\n{FROM}//- Dockerfile.old\n{FROM}//- Procfile\nweb: x\n"
    ));
    assert_eq!(found, ["x x/Dockerfile", "app Dockerfile", "old* Dockerfile.old"]);
}

#[test]
fn a_dockerfile_in_a_directory_is_in_doubt_where_a_config_names_another() {
    let inner = format!("//- api/Dockerfile\n{FROM}//- api/Procfile\nweb: x\n");
    assert_eq!(services(&inner), ["api api/Dockerfile"]);
    let config = "//- railway.json\n{\"build\": {\"dockerfilePath\": \"Dockerfile\"}}\n";
    assert_eq!(
        services(&format!("{config}//- Dockerfile\n{FROM}{inner}")),
        ["app Dockerfile", "api* api/Dockerfile"]
    );
    let worker = inner.replace("web: x", "worker: x");
    assert_eq!(services(&format!("{config}//- Dockerfile\n{FROM}{worker}"))[1], "api api/Dockerfile");
}

#[test]
fn the_dockerfile_of_the_root_is_in_doubt_among_many() {
    let root = format!("//- railway.json\n{{}}\n//- Dockerfile\n{FROM}");
    let others = format!("//- api/Dockerfile\n{FROM}//- web/Dockerfile\n{FROM}");
    assert_eq!(services(&root), ["app Dockerfile"]);
    assert_eq!(services(&format!("{root}{others}"))[0], "app* Dockerfile");
}

#[test]
fn a_root_directory_in_a_key_that_is_not_read_leaves_the_service_open() {
    let toml = "//- railway.toml\n[build]\nbuilder = \"NIXPACKS\"\n[service]\nrootDirectory = \"backend\"\n";
    let fixture = format!("{toml}//- Dockerfile\n{FROM}//- backend/main.py\nx\n");
    assert_eq!(services(&fixture), ["app* Dockerfile"]);
    check(&fixture, |facts| assert_eq!(facts.services[0].roots, ["", "backend"]));
    assert_eq!(services(&format!("{toml}//- Dockerfile\n{FROM}")), ["app Dockerfile"]);
}

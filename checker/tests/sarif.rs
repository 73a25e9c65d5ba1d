//! SARIF logs keep to the standard's own schema, to GitHub's limits, and to the same fingerprints while lines move.
#![expect(
    clippy::disallowed_methods,
    reason = "the schema lies in a package of the development dependencies"
)]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::process::Command;

use checker::Options;
use checker::fixture::MemoryTree;
use checker::report::sarif::{self, Addresses};
use checker::rules;
use checker::snapshot::Day;
use serde_json::Value;

fn log(tree: &MemoryTree) -> Value {
    let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
    let report = checker::check(tree, &options).unwrap().0;
    let base = "https://github.com/preflight-action/preflight/blob/main/docs/rules/".to_owned();
    let addresses = Addresses { prefix: "services/a b/".to_owned(), rules_base: Some(base) };
    serde_json::from_str(&sarif::render(&report, &addresses)).unwrap()
}

fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().unwrap()
}

fn fingerprints(log: &Value, rule: &str) -> Vec<String> {
    let of_rule = results(log).iter().filter(|result| result["ruleId"] == rule);
    of_rule
        .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_owned())
        .collect()
}

/// The schema of the standard, from the package `serde-sarif`.
fn schema() -> Value {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == "serde-sarif").unwrap();
    let manifest = std::path::Path::new(package["manifest_path"].as_str().unwrap());
    let text = std::fs::read_to_string(manifest.with_file_name("src").join("schema.json")).unwrap();
    // The standard's pattern of a language has a bracket too many, which the regular expressions here refuse.
    serde_json::from_str(&text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$")).unwrap()
}

#[test]
fn every_example_gives_a_log_that_fits_the_standard() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let broken = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] });
    assert!(!schema.is_valid(&broken), "the schema checks something");
    let (mut count, mut with_fix) = (0, 0);
    for example in rules::ALL.iter().flat_map(checker::rule::Rule::examples) {
        let log = log(&MemoryTree::parse(&example.fixture));
        let errors: Vec<String> =
            schema.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}\n{}", example.fixture, errors.join("\n"));
        serde_json::from_value::<serde_sarif::sarif::Sarif>(log.clone()).unwrap();
        count += 1;
        with_fix += results(&log).iter().filter(|result| result["fixes"].is_array()).count();
    }
    assert!(count > 150 && with_fix > 20, "only {count} logs with {with_fix} fixes were checked");
}

#[test]
fn every_rule_has_what_github_shows_within_its_limits() {
    for rule in rules::ALL {
        for example in rule.examples() {
            let log = log(&MemoryTree::parse(&example.fixture));
            for descriptor in log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
                let length = |at: &str| {
                    descriptor.pointer(at).and_then(Value::as_str).map_or(0, |text| text.chars().count())
                };
                assert!((1..=255).contains(&length("/name")));
                assert!((1..=1024).contains(&length("/shortDescription/text")));
                assert!((1..=1024).contains(&length("/fullDescription/text")));
                assert!(length("/help/text") > 0 && length("/help/markdown") > 0);
                assert!(!descriptor.to_string().contains("```repo"), "fixtures are no help");
            }
        }
    }
}

#[test]
fn a_finding_is_the_same_when_lines_are_put_above_it() {
    let body = "VOLUME /data\nRUN true\nVOLUME /data\nVOLUME /other\nCMD [\"true\"]\n";
    let above = format!("# one\n\n# two\n\nFROM alpine\nRUN echo new\n{body}");
    let of = |text: &str| log(&MemoryTree::default().with("Dockerfile", text.as_bytes()));
    let (before, after) = (of(&format!("FROM alpine\n{body}")), of(&above));
    let rule = "dockerfile-volume-instruction";
    assert_eq!(fingerprints(&before, rule).len(), 3);
    assert_eq!(fingerprints(&before, rule), fingerprints(&after, rule));
    let line =
        |log: &Value| results(log)[0]["locations"][0]["physicalLocation"]["region"]["startLine"].clone();
    assert_ne!(line(&before), line(&after), "the lines did move");
}

#[test]
fn equal_findings_of_one_file_differ() {
    let text = format!("FROM alpine\n{}CMD [\"true\"]\n", "VOLUME /data\n".repeat(20));
    let mut found =
        fingerprints(&log(&MemoryTree::default().with("Dockerfile", text)), "dockerfile-volume-instruction");
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 20);
}

#[test]
fn a_tree_without_findings_has_an_empty_list_of_results() {
    assert_eq!(results(&log(&MemoryTree::default())), &[] as &[Value]);
}

#[test]
fn more_findings_than_github_keeps_are_cut_and_counted() {
    let text = format!("FROM alpine\n{}CMD [\"true\"]\n", "VOLUME /data\n".repeat(6000));
    let log = log(&MemoryTree::default().with("Dockerfile", text));
    assert_eq!(results(&log).len(), 5000);
    let said = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(said.as_str().unwrap().contains(" findings are left out"), "{said}");
    let bytes = serde_json::to_vec(&log).unwrap().len();
    assert!(bytes < 10_000_000, "GitHub takes 10 MB after compression; {bytes} before it");
}

#[test]
fn files_are_addressed_from_the_root_of_the_repository() {
    let tree = MemoryTree::default().with("x #%/Dockerfile", "FROM alpine\nVOLUME /data\n");
    let log = log(&tree);
    let location = &results(&log)[0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "services/a%20b/x%20%23%25/Dockerfile");
    assert_eq!(location["uriBaseId"], "%SRCROOT%");
}

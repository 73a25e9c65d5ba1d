//! What is seen in Docker, judged: the same service with different observations.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use checker::fixture::MemoryTree;
use checker::observation::Observations;
use checker::proof::{Stage, Verdict};
use checker::report::{Report, html, json, markdown, read, text};
use checker::snapshot::Day;
use checker::{Options, finding::Severity};

const WORKER: &str = "//- .github/preflight.toml\n[services.worker]\ndockerfile = \"Dockerfile\"\nkind = \"worker\"\nhealthcheck-path = \"/health\"\n\
    //- Dockerfile\nFROM python\nWORKDIR /app\nCOPY requirements.txt .\nCOPY . .\nCMD [\"python\", \"main.py\"]\n\
    //- .dockerignore\n*.toml\n//- requirements.txt\nredis\n//- settings.toml\na = 1\n\
    //- main.py\nimport os, redis\nredis.from_url(os.environ[\"REDIS_URL\"]).ping()\n";

fn report(profile: &str, seen: &str) -> Report {
    let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
    let observations =
        format!("{{\"profile\": \"{profile}\", \"services\": [{{\"service\": \"worker\", {seen}}}]}}");
    let observations = Observations::parse(&observations).unwrap();
    checker::check_observed(&MemoryTree::parse(WORKER), &options, Some(observations)).unwrap().0
}

fn stage(profile: &str, seen: &str) -> Stage {
    let proof = report(profile, seen).proof.unwrap();
    proof.services[0].stages[0].clone()
}

fn drill(seen: &str) -> Stage {
    stage("full", &format!("\"drills\": [{{{seen}}}]"))
}

#[test]
fn a_build_that_the_network_stopped_proves_nothing() {
    let log = r##"["#4 [2/3] RUN pip install -r requirements.txt", "#4 1.2 Temporary failure in name resolution", "#4 ERROR: exit code: 1"]"##;
    let stage =
        stage("build", &format!("\"build\": {{\"succeeded\": false, \"milliseconds\": 1, \"log\": {log}}}"));
    assert!(matches!(stage.verdict, Verdict::Unproven(_)), "{stage:?}");
}

#[test]
fn a_file_that_the_program_misses_is_led_back_to_the_pattern_that_lost_it() {
    let log = r#"["Traceback (most recent call last):", "FileNotFoundError: [Errno 2] No such file or directory: '/app/settings.toml'"]"#;
    let stage = stage("quick", &format!("\"smoke\": {{\"status\": 1, \"milliseconds\": 1, \"log\": {log}}}"));
    assert_eq!(stage.missing.as_deref(), Some("settings.toml"));
    assert_eq!(stage.site.path, ".dockerignore");
    assert!(stage.seen.contains("`*.toml`"), "{}", stage.seen);
}

#[test]
fn an_end_at_once_without_redis_is_an_error_and_a_late_one_a_warning() {
    let at = |id: &str, at: u32| {
        drill(&format!("\"id\": \"{id}\", \"exits\": [{{\"at\": {at}, \"status\": 1}}], \"ended\": 15000"))
            .verdict
    };
    assert_eq!(at("cold-start", 300), Verdict::Failed(Severity::Error));
    assert_eq!(at("absent", 300), Verdict::Failed(Severity::Warning));
    let live = drill(
        r#""id": "cold-start", "probes": [{"from": 200, "to": 15000, "count": 30, "status": 200}], "ended": 15000"#,
    );
    assert_eq!(live.verdict, Verdict::Passed);
    let slow = drill(
        r#""id": "cold-start", "probes": [{"from": 12000, "to": 15000, "count": 3, "status": 200}], "ended": 15000"#,
    );
    assert_eq!(slow.verdict, Verdict::Failed(Severity::Warning));
}

#[test]
fn a_wrong_port_a_loopback_and_a_wrong_status_are_told_apart() {
    let ready = |more: &str| drill(&format!("\"id\": \"ready\", {more}, \"ended\": 60000"));
    let refused = r#""probes": [{"from": 10, "to": 60000, "count": 500, "error": "refused"}]"#;
    let elsewhere = ready(&format!("{refused}, \"listens\": [{{\"port\": 8082, \"loopback\": false}}]"));
    assert!(elsewhere.seen.contains("8082") && elsewhere.verdict == Verdict::Failed(Severity::Error));
    let loopback = ready(&format!("{refused}, \"listens\": [{{\"port\": 7311, \"loopback\": true}}]"));
    assert!(loopback.seen.contains("only for the container itself"), "{}", loopback.seen);
    let redirect = ready(
        r#""probes": [{"from": 10, "to": 60000, "count": 500, "status": 301, "location": "https://x/"}]"#,
    );
    assert!(
        redirect.seen.contains("301 to `https://x/`") && redirect.verdict == Verdict::Failed(Severity::Error)
    );
    let ill = ready(r#""probes": [{"from": 10, "to": 60000, "count": 500, "status": 503}]"#);
    assert_eq!(ill.verdict, Verdict::Failed(Severity::Warning));
    let far = ready(r#""probes": [{"from": 10, "to": 60000, "count": 12, "error": "timeout"}]"#);
    assert!(matches!(far.verdict, Verdict::Unproven(_)));
}

#[test]
fn a_program_that_is_not_in_the_image_cannot_start() {
    let error = r#""id": "ready", "start_error": "OCI runtime create failed: exec: \"gunicorn\": executable file not found in $PATH: unknown""#;
    let stage = drill(error);
    assert_eq!((stage.rule, stage.verdict), ("start-crashes", Verdict::Failed(Severity::Error)));
    assert!(stage.seen.contains("`gunicorn` is not in the image"));
}

#[test]
fn a_recovery_by_restarts_counts_them() {
    let steps = r#"[{"do": "await-answer", "at": 0, "until": 300, "outcome": "done"}, {"do": "await-connection", "at": 300, "until": 400, "outcome": "done"},
        {"do": "stop", "at": 2400, "until": 2500, "outcome": "done"}, {"do": "watch", "at": 2500, "until": 62500, "outcome": "done"},
        {"do": "start", "at": 62500, "until": 62700, "outcome": "done"}, {"do": "await-connection", "at": 62700, "until": 65500, "outcome": "done"}]"#;
    let calm = drill(&format!("\"id\": \"outage\", \"steps\": {steps}, \"ended\": 68000"));
    assert_eq!(calm.verdict, Verdict::Passed);
    assert!(calm.seen.starts_with("connected 3.0 s after Redis was there"), "{}", calm.seen);
    let fallen = drill(&format!(
        "\"id\": \"outage\", \"steps\": {steps}, \"exits\": [{{\"at\": 3000, \"status\": 1}}], \"restarts\": [3100], \"ended\": 68000"
    ));
    assert_eq!(fallen.verdict, Verdict::Failed(Severity::Warning));
}

#[test]
fn an_end_for_want_of_a_variable_is_no_verdict_on_the_deployment() {
    let stage = drill(
        r#""id": "ready", "exits": [{"at": 100, "status": 1}], "log": [{"at": 90, "text": "KeyError: 'STRIPE_KEY'"}], "ended": 500"#,
    );
    assert!(matches!(stage.verdict, Verdict::Unproven(why) if why.contains("STRIPE_KEY")));
}

#[test]
fn hostile_output_stays_text_in_every_report() {
    let hostile = r"</script><img src=x onerror=alert(1)>```\n::error::x @team \u001b[31m";
    let report = report(
        "quick",
        &format!(
            "\"drills\": [{{\"id\": \"ready\", \"exits\": [{{\"at\": 100, \"status\": 1}}], \"log\": [{{\"at\": 1, \"text\": \"{hostile}\"}}], \"ended\": 500}}]"
        ),
    );
    let page = html::render(&report).unwrap();
    let comment = markdown::render(&report, &markdown::Layout::default());
    for shown in [&page, &comment, &text::render(&report, false)] {
        assert!(!shown.contains('\u{1b}'));
    }
    assert!(!page.contains("<img") && !page.contains("<script"));
    assert!(
        comment.contains("gantt")
            && json::document(&report)["proof"]["services"][0]["stages"][0]["id"] == "ready"
    );
}

#[test]
fn observations_of_another_shape_are_refused() {
    assert!(Observations::parse("{}").is_err());
    assert!(Observations::parse("{\"profile\": \"quick\", \"services\": [], \"x\": 1}").is_err());
}

#[test]
fn a_proof_read_back_says_the_same_without_what_the_container_wrote() {
    let seen = r#""smoke": {"status": 1, "milliseconds": 1, "log": ["ModuleNotFoundError: No module named 'redis'"]}, "drills": [{"id": "cold-start", "exits": [{"at": 300, "status": 1}], "ended": 15000}]"#;
    let first = report("quick", seen);
    let again = read::read(&json::render(&first)).unwrap();
    let shown = |report: &Report| markdown::render(report, &markdown::Layout::default());
    let rows = |text: &str| {
        let stage =
            |line: &&str| line.starts_with("| ❌ | imports |") || line.starts_with("| ❌ | cold-start |");
        text.lines().filter(stage).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(rows(&shown(&again)).len(), 2);
    assert_eq!(rows(&shown(&again)), rows(&shown(&first)));
    assert!(shown(&again).contains("```mermaid") && !shown(&again).contains("ModuleNotFoundError: "));
    let forged = json::render(&first).replace("\"verdict\": \"failed\"", "\"verdict\": \"</details>\"");
    assert!(read::read(&forged).is_err());
}

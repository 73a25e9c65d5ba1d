//! Audits of small repositories against what Railway might hold.

use serde_json::json;

use super::*;
use crate::fixture::MemoryTree;
use crate::snapshot::Day;

const REPOSITORY: &str = "//- Dockerfile\nFROM python:3.13-slim\nWORKDIR /app\nCOPY main.py .\nCMD [\"python\", \"main.py\"]\n//- main.py\nimport os\nimport redis\nMEMORY_HARD_LIMIT_MB = 2048\nkey = os.environ[\"SUPABASE_URL\"]\nredis.Redis.from_url(os.environ.get(\"REDIS_URL\", \"redis://localhost:6379/0\")).ping()\n//- railway.toml\n[build]\nbuilder = \"dockerfile\"\n[deploy]\nhealthcheckPath = \"/health\"\nrestartPolicyMaxRetries = 5\n";

fn judged(files: &str, today: &str, live: serde_json::Value) -> Audit {
    let tree = MemoryTree::parse(files);
    let options = Options { today: Day::parse(today).unwrap(), trigger: None, config: None };
    of_tree(&tree, &options, &serde_json::from_value(live).unwrap()).unwrap()
}

fn item<'a>(audit: &'a Audit, name: &str) -> &'a Item {
    audit.items.iter().find(|item| item.name == name).unwrap_or_else(|| panic!("{name} is not in {audit:#?}"))
}

fn live() -> serde_json::Value {
    json!({
        "environment": {"name": "production"}, "service": {"id": "s", "name": "worker"},
        "stored": {"healthcheckPath": "/", "restartPolicyType": "ON_FAILURE", "restartPolicyMaxRetries": 10, "watchPatterns": []},
        "config": {"build": {"builder": "DOCKERFILE"}, "deploy": {}},
        "manifest": {"build": {"builder": "DOCKERFILE"}, "deploy": {"healthcheckPath": "/health", "restartPolicyMaxRetries": 5}},
        "variables": [{"name": "SUPABASE_URL", "state": "empty"}, {"name": "PATH", "state": "set"}],
        "redis": [{"name": "Redis", "image": "redis:8", "volume": null, "used_by": ["api", "worker"]}],
        "memory_bytes": 1_073_741_824u64,
    })
}

#[test]
fn every_item_has_what_was_found_what_is_expected_and_the_line() {
    let audit = judged(REPOSITORY, "2026-11-25", live());
    let path = item(&audit, "Healthcheck path");
    assert_eq!(
        (path.found.as_str(), path.expected.as_str(), path.place.as_str()),
        ("/", "/health", "railway.toml:4")
    );
    assert_eq!(path.standing, Standing::Doubtful);
    assert_eq!(item(&audit, "Builder").standing, Standing::Right);
    assert_eq!(item(&audit, "Memory limit").standing, Standing::Wrong);
    assert_eq!(item(&audit, "Memory limit").place, "main.py:3");
    assert_eq!(item(&audit, "Redis volume").standing, Standing::Doubtful);
}

#[test]
fn after_the_cut_off_the_file_no_longer_excuses_the_dashboard() {
    let audit = judged(REPOSITORY, "2026-12-01", live());
    assert_eq!(item(&audit, "Healthcheck path").standing, Standing::Wrong);
    assert!(
        audit.drift.iter().any(|row| row.key == "healthcheckPath" && row.verdict.contains("no longer read"))
    );
}

#[test]
fn variables_are_judged_by_their_state() {
    let audit = judged(REPOSITORY, "2026-11-25", live());
    assert_eq!(
        item(&audit, "SUPABASE_URL").standing,
        Standing::Wrong,
        "{:#?}",
        audit.items.iter().filter(|i| i.group == "Variables").collect::<Vec<_>>()
    );
    assert_eq!(item(&audit, "SUPABASE_URL").place, "main.py:4");
    assert_eq!(item(&audit, "REDIS_URL").standing, Standing::Wrong, "{audit:#?}");
    assert_eq!(item(&audit, "PATH").standing, Standing::Wrong);
}

#[test]
fn the_open_questions_are_answered() {
    let mut live = live();
    live["redis_url"] = "redis://*****@redis.railway.internal:6379".into();
    let audit = judged(REPOSITORY, "2026-11-25", live);
    let answers: Vec<&str> = audit.questions.iter().map(|(_, answer)| answer.as_str()).collect();
    assert!(answers[0].contains("shared by api, worker") && answers[0].contains("no volume"), "{answers:?}");
    assert_eq!(answers[1], "ON_FAILURE with 10 retries; the running deployment has 5.");
    assert!(answers[2].starts_with("No: MEMORY_HARD_LIMIT_MB is 2048 MB (main.py:3)"), "{answers:?}");
    assert_eq!(answers[3], "redis://*****@redis.railway.internal:6379.");
}

#[test]
fn what_was_not_read_is_unknown_and_never_wrong() {
    let audit = judged(
        REPOSITORY,
        "2026-12-01",
        json!({"unavailable": {"settings": "Not Authorized", "config": "Not Authorized"}}),
    );
    assert_eq!(audit.count(Standing::Wrong), 0, "{audit:#?}");
    assert_eq!(item(&audit, "Builder").remark, "Not Authorized");
    assert!(
        audit.questions.iter().all(|(_, answer)| answer.starts_with("Not known")),
        "{:?}",
        audit.questions
    );
}

#[test]
fn infrastructure_as_code_that_was_not_applied_is_drift() {
    let files = "//- Dockerfile\nFROM scratch\n//- .railway/railway.ts\nimport { defineRailway, project, service } from \"railway/iac\";\nexport default defineRailway(() => project(\"p\", { resources: [service(\"worker\", { healthcheck: \"/health\" })] }));\n";
    let audit = judged(files, "2026-12-02", live());
    let row = audit.drift.iter().find(|row| row.key == "healthcheckPath").unwrap();
    assert_eq!((row.iac.as_str(), row.live.as_str()), ("/health", "/"));
    assert!(row.verdict.contains("railway config apply"));
    assert_eq!(item(&audit, "Healthcheck path").standing, Standing::Wrong);
}

#[test]
fn hostile_names_stay_inert() {
    let mut live = live();
    live["service"]["name"] = "</td>|@team\u{1b}[31m".into();
    live["variables"] = json!([{"name": "A|B`</details>", "state": "set"}]);
    let audit = judged(REPOSITORY, "2026-11-25", live);
    let shown = crate::report::live::audit_markdown(&audit);
    assert!(!shown.contains("</td>") && !shown.contains("</details>") && !shown.contains("@team"));
    assert!(!crate::report::live::audit_text(&audit).contains('\u{1b}'));
}

#[test]
fn a_dockerfile_or_a_root_that_the_repository_lacks_is_wrong() {
    let mut live = live();
    live["stored"]["dockerfilePath"] = "backend/worker/Dockerfile".into();
    live["stored"]["rootDirectory"] = "/backend".into();
    let audit = judged(REPOSITORY, "2026-11-25", live.clone());
    assert_eq!(item(&audit, "Dockerfile path").standing, Standing::Wrong);
    assert_eq!(item(&audit, "Root directory").standing, Standing::Wrong);
    let there = format!("{REPOSITORY}//- backend/backend/worker/Dockerfile\nFROM scratch\n");
    let audit = judged(&there, "2026-11-25", live.clone());
    assert_eq!(item(&audit, "Dockerfile path").standing, Standing::Shown, "below the root directory");
    live["config"]["build"]["builder"] = "RAILPACK".into();
    let audit = judged(REPOSITORY, "2026-11-25", live);
    assert_eq!(item(&audit, "Dockerfile path").standing, Standing::Shown, "Railpack builds it");
}

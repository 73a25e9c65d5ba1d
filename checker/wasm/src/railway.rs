//! What the action asks about Railway itself: diagnoses of logs, the old files carried over, live settings and deployments.

use checker::Options;
use checker::live::Live;
use checker::live::audit::Standing;
use checker::live::outcome::Outcome;
use checker::migrate::{Request, migrate as carry_over};
use checker::report::{diagnosis, live as report, migration as suggested, outcome as told};
use checker::snapshot::Day;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

/// Finds the root cause in `log`: JSON with `diagnosis` (its document), `text` and `markdown`. `rules_base` is what
/// rule pages are appended to, or `""`.
#[must_use]
#[wasm_bindgen]
pub fn diagnose(log: &str, rules_base: &str) -> String {
    let found = checker::diagnose::diagnose(log);
    let base = (!rules_base.is_empty()).then_some(rules_base);
    serde_json::json!({
        "diagnosis": diagnosis::document(&found),
        "text": diagnosis::text(&found),
        "markdown": diagnosis::markdown(&found, base),
    })
    .to_string()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carry {
    today: String,
    project: String,
    #[serde(default)]
    repository: Option<String>,
    #[serde(default)]
    variables: Vec<String>,
    /// Text of a configuration, or null.
    #[serde(default)]
    config: Option<String>,
}

/// Writes `.railway/railway.ts` from the config files of `host`: JSON with `path`, `text`, `notes`, `exists` and
/// `markdown`, the suggestion for a comment.
///
/// # Errors
/// Throws when `options` is malformed or the host fails; never because of a file's content.
#[wasm_bindgen]
pub fn migrate(host: &crate::Host, options: &str) -> Result<String, JsError> {
    let given: Carry =
        serde_json::from_str(options).map_err(|error| JsError::new(&format!("options: {error}")))?;
    let today = Day::parse(&given.today).ok_or_else(|| JsError::new("options: today is no day"))?;
    let tree = crate::tree::HostTree::open(host).map_err(|error| JsError::new(&error))?;
    let config = given.config.map(|text| ("preflight.toml".to_owned(), text));
    let options = Options { today, trigger: None, config };
    let request =
        Request { project: given.project, repository: given.repository, variables: given.variables };
    let migration = carry_over(&tree, &options, &request).map_err(|errors| {
        JsError::new(&errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    let outcome = serde_json::json!({
        "path": migration.path, "text": migration.text, "notes": migration.notes, "exists": migration.exists,
        "markdown": suggested::markdown(&migration),
    });
    Ok(outcome.to_string())
}

/// Judges `live`, what the host recorded of one service, by the files of `host`: JSON with `audit` (its document),
/// `text`, `markdown` and `failed`. `config` is the text of a configuration or null.
///
/// # Errors
/// Throws when `live` or `today` is malformed or the host fails.
#[wasm_bindgen]
pub fn audit(host: &crate::Host, today: &str, config: Option<String>, live: &str) -> Result<String, JsError> {
    let live: Live = serde_json::from_str(live).map_err(|error| JsError::new(&format!("live: {error}")))?;
    let today = Day::parse(today).ok_or_else(|| JsError::new("today is no day"))?;
    let tree = crate::tree::HostTree::open(host).map_err(|error| JsError::new(&error))?;
    let config = config.map(|text| ("preflight.toml".to_owned(), text));
    let options = Options { today, trigger: None, config };
    let audit = checker::live::audit::of_tree(&tree, &options, &live).map_err(|errors| {
        JsError::new(&errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    let outcome = serde_json::json!({
        "audit": report::audit_document(&audit),
        "text": report::audit_text(&audit),
        "markdown": report::audit_markdown(&audit),
        "failed": audit.count(Standing::Wrong) > 0,
    });
    Ok(outcome.to_string())
}

/// Tells what became of a deployment: JSON with `headline`, `text`, `markdown` and `good`.
///
/// # Errors
/// Throws when `outcome` is malformed.
#[wasm_bindgen]
pub fn deployment(outcome: &str, rules_base: &str) -> Result<String, JsError> {
    let outcome: Outcome =
        serde_json::from_str(outcome).map_err(|error| JsError::new(&format!("outcome: {error}")))?;
    let base = (!rules_base.is_empty()).then_some(rules_base);
    let all = serde_json::json!({
        "headline": outcome.headline(),
        "text": told::text(&outcome),
        "markdown": told::markdown(&outcome, base),
        "good": outcome.good(),
    });
    Ok(all.to_string())
}

/// `text` with every secret that can be told replaced by stars.
#[must_use]
#[wasm_bindgen]
pub fn masked(text: &str) -> String {
    checker::diagnose::mask::masked(text)
}

//! The checker behind a JavaScript door: a host object and JSON in, JSON out.

pub mod railway;
mod tree;

use checker::finding::Severity;
use checker::observation::Observations;
use checker::plan::{self, Profile};
use checker::report::{annotations, html, json, markdown, read, sarif, suggestion, text};
use checker::snapshot::{Day, Trigger};
use serde::Deserialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The JavaScript side: `ARCHITECTURE.md` says what its two methods return.
    pub type Host;

    #[wasm_bindgen(method, catch)]
    fn entries(this: &Host) -> Result<String, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn read(this: &Host, path: &str, limit: f64) -> Result<Option<Vec<u8>>, JsValue>;
}

/// What the host asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    today: String,
    #[serde(default)]
    trigger: Option<String>,
    #[serde(default)]
    fail_on: Option<String>,
    #[serde(default)]
    comment_limit: usize,
    #[serde(default)]
    summary_limit: usize,
    #[serde(default)]
    config: Option<String>,
    #[serde(default)]
    link_base: Option<String>,
    #[serde(default)]
    rules_base: Option<String>,
    #[serde(default)]
    sarif: bool,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    observations: Option<Observations>,
    #[serde(default)]
    profile: Option<String>,
    #[serde(default)]
    only: Vec<String>,
}

impl Request {
    fn options(&self) -> Result<checker::Options, JsError> {
        let today = Day::parse(&self.today).ok_or_else(|| wrong("today", &self.today))?;
        let trigger = match self.trigger.as_deref() {
            Some(name) => Some(Trigger::parse(name).ok_or_else(|| wrong("trigger", name))?),
            None => None,
        };
        let config = self.config.clone().map(|text| ("preflight.toml".to_owned(), text));
        Ok(checker::Options { today, trigger, config })
    }
}

fn wrong(what: &str, value: &str) -> JsError {
    JsError::new(&format!("options: {what} '{value}' is not known"))
}

fn said(errors: &[checker::config::ConfigError]) -> JsError {
    JsError::new(&errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Judges what `host` hands in and renders everything the action writes.
///
/// # Errors
/// Throws when `options` is malformed or the host fails; never because of a file's content.
#[wasm_bindgen]
pub fn check(host: &Host, options: &str) -> Result<String, JsError> {
    let mut request: Request =
        serde_json::from_str(options).map_err(|error| JsError::new(&format!("options: {error}")))?;
    let threshold = match request.fail_on.as_deref() {
        Some("never") => Some(None),
        Some(name) => Some(Some(Severity::parse(name).ok_or_else(|| wrong("fail_on", name))?)),
        None => None,
    };
    let tree = tree::HostTree::open(host).map_err(|error| JsError::new(&error))?;
    let observations = request.observations.take();
    let (report, config) =
        checker::check_observed(&tree, &request.options()?, observations).map_err(|errors| said(&errors))?;
    let threshold = threshold.or(config.fail_on).unwrap_or(Some(Severity::Error));
    let layout = |limit| layout(limit, request.link_base.as_ref(), request.rules_base.as_ref());
    let addresses =
        sarif::Addresses { prefix: request.prefix.clone(), rules_base: request.rules_base.clone() };
    let outcome = serde_json::json!({
        "report": json::document(&report),
        "text": text::render(&report, false),
        "comment": markdown::render(&report, &layout(request.comment_limit)),
        "summary": markdown::render(&report, &layout(request.summary_limit)),
        "annotations": annotations::all(&report),
        "html": html::render(&report),
        "review": suggestion::review(&report, &layout(0)),
        "sarif": request.sarif.then(|| sarif::render(&report, &addresses)),
        "failed": threshold.is_some_and(|threshold| report.reaches(threshold)),
    });
    Ok(outcome.to_string())
}

/// The smoke plan for what `host` hands in: JSON with `text`, `plan` and, by root directory, the `files` that travel.
///
/// # Errors
/// Throws when `options` is malformed or the host fails; never because of a file's content.
#[wasm_bindgen]
pub fn plan(host: &Host, options: &str) -> Result<String, JsError> {
    let request: Request =
        serde_json::from_str(options).map_err(|error| JsError::new(&format!("options: {error}")))?;
    let name = request.profile.clone().unwrap_or_default();
    let profile = Profile::parse(&name).ok_or_else(|| wrong("profile", &name))?;
    let tree = tree::HostTree::open(host).map_err(|error| JsError::new(&error))?;
    let (plan, files) =
        checker::plan(&tree, &request.options()?, profile, &request.only).map_err(|errors| said(&errors))?;
    Ok(serde_json::json!({ "text": plan::text(&plan), "plan": plan, "files": files }).to_string())
}

fn layout(limit: usize, link_base: Option<&String>, rules_base: Option<&String>) -> markdown::Layout {
    markdown::Layout { limit, link_base: link_base.cloned(), rules_base: rules_base.cloned() }
}

/// Renders a comment from the JSON of a report that anyone may have written.
///
/// # Errors
/// Throws when `document` is no report or `options` is malformed.
#[wasm_bindgen]
pub fn render(document: &str, options: &str) -> Result<String, JsError> {
    let request: Request =
        serde_json::from_str(options).map_err(|error| JsError::new(&format!("options: {error}")))?;
    let report = read::read(document).map_err(|error| JsError::new(&error))?;
    let layout = layout(request.comment_limit, request.link_base.as_ref(), request.rules_base.as_ref());
    let outcome = serde_json::json!({ "comment": markdown::render(&report, &layout), "verdict": report.verdict.name() });
    Ok(outcome.to_string())
}

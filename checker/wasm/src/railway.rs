//! What the action asks about Railway itself: diagnoses of logs.

use checker::report::diagnosis;
use wasm_bindgen::prelude::*;

/// Finds the root cause in `log`: JSON with `diagnosis` (its document), `text` and `markdown`. `rules_base` is what
/// rule pages are appended to, or `""`.
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

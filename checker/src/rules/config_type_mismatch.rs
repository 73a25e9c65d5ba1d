//! Values of the wrong kind.

use crate::facts::Facts;
use crate::facts::settings::{KEYS, Key, Setting, Shape, Value};
use crate::finding::{Findings, Fix};
use crate::rule::declare_rule;

declare_rule! {
    /// A setting's value is of the wrong kind: a string where a number belongs, or the like.
    ///
    /// ## Why it matters
    /// Railway's types are strict on the way to the platform. Its documentation shows `"overlapSeconds": "60"` and
    /// `"drainingSeconds": "10"` as strings, but the command line reads whole numbers and `railway config migrate` fails on
    /// the string form.
    ///
    /// ## What to do
    /// Write the value as the message says.
    ///
    /// ## What it cannot know
    /// Which kinds Railway silently converts; so this is a warning.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckTimeout": "120"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [build]
    /// watchPatterns = "src/**"
    /// ```
    ///
    /// Null takes a setting back, and one pre-deploy command may be a string:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": null, "preDeployCommand": "npm run migrate"}}
    /// ```
    "config-type-mismatch", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/config-as-code/reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for (key, ..) in KEYS {
            for setting in service.settings.every(*key) {
                judge(&service.name, *key, setting, out);
            }
        }
    }
}

fn judge(service: &str, key: Key, setting: &Setting, out: &mut Findings) {
    let Some(value) = setting.value.yes().filter(|value| !key.shape().fits(value)) else { return };
    let message = format!("`{}` must be {}", key.name(), key.shape().name());
    let finding = out.at(setting.site.clone(), message);
    finding.service(service);
    match (key.shape(), value) {
        (Shape::Integer, Value::Text(text)) if text.trim().parse::<u32>().is_ok() => {
            let number = text.trim();
            finding.help(format!("Write {number} without quotes")).fix(Fix::edit(
                "Write the number without quotes",
                setting.site.clone(),
                number,
            ));
        }
        (Shape::Texts, Value::Text(text)) => {
            let quoted = serde_json::Value::from(text.as_str()).to_string();
            finding.help("Write a list of one item").fix(Fix::edit(
                "Make it a list",
                setting.site.clone(),
                format!("[{quoted}]"),
            ));
        }
        _ => {}
    }
}

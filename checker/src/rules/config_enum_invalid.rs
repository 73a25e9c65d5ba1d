//! Values outside Railway's lists.

use crate::facts::Facts;
use crate::facts::settings::{Key, Setting};
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A setting has a value that Railway does not know.
    ///
    /// ## Why it matters
    /// `builder`, `restartPolicyType` and `buildEnvironment` take one of a few words. Railway refuses the configuration, or
    /// falls back to a default that was not meant.
    ///
    /// ## What to do
    /// Write one of the words the message lists. Upper and lower case are the same to Railway.
    ///
    /// ## What it cannot know
    /// Nothing is needed beyond the file.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// restartPolicyType = "on-failure"
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "DOCKER"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [build]
    /// builder = "dockerfile"
    /// [deploy]
    /// restartPolicyType = "on_failure"
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "config-enum-invalid", Error, Config, since "0.1.0",
    sources: ["https://docs.railway.com/config-as-code/reference"]
}

const BUILDERS: [&str; 5] = ["RAILPACK", "DOCKERFILE", "NIXPACKS", "HEROKU", "PAKETO"];
const POLICIES: [&str; 3] = ["ON_FAILURE", "ALWAYS", "NEVER"];
const ENVIRONMENTS: [&str; 2] = ["V2", "V3"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let sets: [(Key, &[&str]); 3] = [
            (Key::Builder, &BUILDERS),
            (Key::RestartPolicyType, &POLICIES),
            (Key::BuildEnvironment, &ENVIRONMENTS),
        ];
        for (key, known) in sets {
            for setting in service.settings.every(key) {
                judge(&service.name, key, known, setting, out);
            }
        }
    }
}

fn judge(service: &str, key: Key, known: &[&str], setting: &Setting, out: &mut Findings) {
    let Some(written) = setting.value.yes().and_then(|value| value.text()) else { return };
    if known.contains(&written.to_ascii_uppercase().as_str()) {
        return;
    }
    let message = format!("`{}` cannot be `{written}`", key.name());
    let site: Site = setting.site.clone();
    let finding = out.at(site.clone(), message);
    let words: Vec<String> = known.iter().take(3).map(|word| format!("`{word}`")).collect();
    finding.service(service).help(format!("Write {}", words.join(" or ")));
    if let Some(meant) = nearest(written, known) {
        finding.help(format!("Write `{meant}`")).fix(Fix::edit(
            format!("Write {meant}"),
            site,
            format!("\"{meant}\""),
        ));
    }
}

/// The word of `known` that differs in punctuation only, or begins as `written` does.
fn nearest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |word: &str| {
        word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
    };
    let written = plain(written);
    known
        .iter()
        .find(|word| plain(word) == written || (written.len() > 3 && plain(word).starts_with(&written)))
        .copied()
}

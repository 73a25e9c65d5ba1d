//! A restart policy that cheaper plans do not have.

use crate::facts::Facts;
use crate::facts::settings::{Key, Value};
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// The restart policy is one that the Free and Trial plans do not have.
    ///
    /// ## Why it matters
    /// On these plans `ALWAYS` is not available, and `ON_FAILURE` stops after 10 restarts whatever the file says. A service
    /// that counts on more stays down after its tenth crash.
    ///
    /// ## What to do
    /// Write `ON_FAILURE` with at most 10 retries, or make sure that the workspace is on a paid plan.
    ///
    /// ## What it cannot know
    /// The plan, so this is a note.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"restartPolicyType": "ALWAYS"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// restartPolicyType = "ON_FAILURE"
    /// restartPolicyMaxRetries = 50
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// restartPolicyType = "ON_FAILURE"
    /// restartPolicyMaxRetries = 10
    /// ```
    ///
    /// Retries mean nothing when the policy is never to restart:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"restartPolicyType": "NEVER", "restartPolicyMaxRetries": 50}}
    /// ```
    "restart-policy-plan", Note, Run, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/restart-policy"]
}

/// Restarts that the Free and Trial plans allow.
const CAP: i64 = 10;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let policy = service.settings.text(Key::RestartPolicyType);
        let is = |name: &str| policy.is_some_and(|(word, _)| word.eq_ignore_ascii_case(name));
        if let (true, Some((_, setting))) = (is("ALWAYS"), policy) {
            out.at(setting.site.clone(), "`ALWAYS` is not available on the Free and Trial plans")
                .service(&service.name)
                .help("Write `ON_FAILURE` unless the workspace is on a paid plan");
            continue;
        }
        let Some(setting) = service.settings.base.get(&Key::RestartPolicyMaxRetries) else { continue };
        if let (false, Some(Value::Integer(retries))) = (is("NEVER"), setting.value.yes())
            && *retries > CAP
        {
            let message = format!("the Free and Trial plans stop after {CAP} restarts, not {retries}");
            out.at(setting.site.clone(), message)
                .service(&service.name)
                .help("Count on 10 restarts unless the workspace is on a paid plan");
        }
    }
}

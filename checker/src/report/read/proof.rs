//! What was proved, read back: the stages and their times, without a line of what a container wrote.

use serde_json::Value;

use super::{list, number, optional, string};
use crate::finding::{Severity, Site};
use crate::plan::{Profile, Skipped};
use crate::proof::{Lane, Moment, Proof, ServiceProof, Stage, Verdict};
use crate::rules;
use crate::span::Span;

/// Most stages of a service, and most moments of a stage, that are taken.
const FEW: usize = 50;

/// Reads the field `proof`.
pub(super) fn proof(value: &Value) -> Result<Proof, String> {
    let profile = string(value, "profile")?;
    Profile::parse(&profile).ok_or("the report has no profile of a proof")?;
    Ok(Proof {
        profile,
        services: list(value, "services")?.iter().take(FEW).map(service).collect::<Result<_, _>>()?,
        skipped: list(value, "skipped")?.iter().take(FEW).map(skipped).collect::<Result<_, _>>()?,
        fault: optional(value, "fault")?,
        overhead: None,
    })
}

fn service(value: &Value) -> Result<ServiceProof, String> {
    Ok(ServiceProof {
        service: string(value, "service")?,
        predicted: Vec::new(),
        context: (0, None),
        stages: list(value, "stages")?.iter().take(FEW).map(stage).collect::<Result<_, _>>()?,
    })
}

fn stage(value: &Value) -> Result<Stage, String> {
    let id = string(value, "rule")?;
    let rule = rules::find(&id).ok_or("a stage names a rule that does not exist")?;
    Ok(Stage {
        id: string(value, "id")?,
        question: string(value, "question")?,
        expectation: string(value, "expectation")?,
        verdict: verdict(value)?,
        seen: string(value, "seen")?,
        help: optional(value, "help")?,
        rule: rule.id,
        site: Site::new(string(value, "path")?, Span::START),
        missing: optional(value, "missing")?,
        excerpt: Vec::new(),
        moments: list(value, "moments")?.iter().take(FEW).map(moment).collect::<Result<_, _>>()?,
        milliseconds: 0,
    })
}

fn verdict(value: &Value) -> Result<Verdict, String> {
    match string(value, "verdict")?.as_str() {
        "passed" => Ok(Verdict::Passed),
        "failed" => {
            let severity = Severity::parse(&string(value, "severity")?);
            Ok(Verdict::Failed(severity.ok_or("a failed stage has no severity")?))
        }
        "unproven" => Ok(Verdict::Unproven(string(value, "reason")?)),
        _ => Err("a stage has no verdict".into()),
    }
}

fn moment(value: &Value) -> Result<Moment, String> {
    let time = |key: &str| number(value, key).map(|number| u64::try_from(number).unwrap_or(u64::MAX));
    Ok(Moment {
        at: time("at")?,
        until: time("until")?,
        what: string(value, "what")?,
        // Only the HTML report, which is never made anew, tells lanes apart.
        lane: Lane::Container,
        good: value.get("good") == Some(&Value::Bool(true)),
    })
}

fn skipped(value: &Value) -> Result<Skipped, String> {
    Ok(Skipped { service: string(value, "service")?, reason: string(value, "reason")? })
}

//! What was proved: observations judged against the plan, one stage at a time.

mod build;
mod cause;
mod drill;
mod lost;
mod moments;
mod smoke;

use crate::facts::Facts;
use crate::facts::service::Service;
use crate::finding::{Findings, Severity, Site};
use crate::observation::Observations;
use crate::plan::{self, Plan, Profile, ServicePlan};

pub use moments::{Lane, Moment};

/// What was proved in one run.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The profile that was asked for.
    pub profile: String,
    /// One entry a service of the plan.
    pub services: Vec<ServiceProof>,
    /// Services that were not proved, each with the reason.
    pub skipped: Vec<plan::Skipped>,
    /// Why nothing could be proved at all.
    pub fault: Option<String>,
    /// Milliseconds of the run that were the host's own.
    pub overhead: Option<u64>,
}

/// What was proved of one service.
#[derive(Debug, Clone)]
pub struct ServiceProof {
    /// Its name.
    pub service: String,
    /// Files and modules that the plan predicted to be missing.
    pub predicted: Vec<String>,
    /// Bytes of the context: predicted, and received by Docker.
    pub context: (u64, Option<u64>),
    /// Build, smoke test and drills, as far as the run got.
    pub stages: Vec<Stage>,
}

/// One stage of the proof.
#[derive(Debug, Clone)]
pub struct Stage {
    /// `build`, `imports`, or the name of a drill.
    pub id: String,
    /// What it asks.
    pub question: String,
    /// What is expected.
    pub expectation: String,
    /// How it came out.
    pub verdict: Verdict,
    /// What was seen, one sentence without a full stop.
    pub seen: String,
    /// What to change, in the imperative.
    pub help: Option<String>,
    /// The rule whose finding a failure is.
    pub rule: &'static str,
    /// Where the cause is written.
    pub site: Site,
    /// A file or module that was missing, as the repository or the program names it.
    pub missing: Option<String>,
    /// The lines of output that tell.
    pub excerpt: Vec<String>,
    /// What happened, by time.
    pub moments: Vec<Moment>,
    /// Milliseconds it took.
    pub milliseconds: u64,
}

/// How a stage came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed(Severity),
    /// It says nothing about the deployment, because of this.
    Unproven(String),
}

impl Verdict {
    /// Its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Unproven(_) => "unproven",
        }
    }
}

/// What a judgement works with.
struct Case<'c, 's> {
    facts: &'c Facts<'s>,
    service: &'c Service,
    plan: &'c ServicePlan,
}

/// Judges `seen` against the plan that the same files give.
pub fn judge(facts: &Facts<'_>, seen: &Observations) -> Proof {
    let profile = Profile::parse(&seen.profile).unwrap_or(Profile::Quick);
    let names: Vec<String> = seen.services.iter().map(|each| each.service.clone()).collect();
    let everything = plan::of(facts, profile, &[]);
    let Plan { services, .. } = plan::of(facts, profile, &names);
    let known = |name: &str| facts.services.iter().find(|service| service.name == name);
    let judged = seen.services.iter().filter_map(|observed| {
        let plan = services.iter().find(|plan| plan.service == observed.service)?;
        let case = Case { facts, service: known(&observed.service)?, plan };
        Some(case.judge(observed))
    });
    let services: Vec<ServiceProof> = judged.collect();
    let done = |name: &str| services.iter().any(|proof| proof.service == name);
    let skipped = everything.skipped.into_iter().filter(|each| !done(&each.service)).collect();
    Proof {
        profile: seen.profile.clone(),
        services,
        skipped,
        fault: seen.fault.clone(),
        overhead: seen.overhead,
    }
}

impl Case<'_, '_> {
    fn judge(&self, observed: &crate::observation::Observed) -> ServiceProof {
        let mut stages = Vec::new();
        stages.extend(observed.build.as_ref().map(|build| self.build(build)));
        stages.extend(observed.smoke.as_ref().and_then(|run| self.smoke(run)));
        for drill in &self.plan.drills {
            let run = observed.drills.iter().find(|run| run.id == drill.id);
            stages.extend(run.map(|run| self.drill(drill, run)));
        }
        let predicted = self.plan.missing.iter().chain(&self.plan.lost).cloned().collect();
        let received = observed.build.as_ref().and_then(|build| build.context_bytes);
        ServiceProof {
            service: self.plan.service.clone(),
            predicted,
            context: (self.plan.context_bytes, received),
            stages,
        }
    }

    /// Where the command that runs is written, else the service's origin.
    fn command_site(&self) -> Site {
        let startup = self.facts.startup(self.service);
        startup.entry.yes().map_or_else(|| self.service.origin.clone(), |entry| entry.site.clone())
    }

    fn stage(&self, id: &str, question: &str, expectation: &str, rule: &'static str) -> Stage {
        Stage {
            id: id.to_owned(),
            question: question.to_owned(),
            expectation: expectation.to_owned(),
            verdict: Verdict::Passed,
            seen: String::new(),
            help: None,
            rule,
            site: self.command_site(),
            missing: None,
            excerpt: Vec::new(),
            moments: Vec::new(),
            milliseconds: 0,
        }
    }
}

/// Reports the failed stages that belong to `rule`.
pub(crate) fn report(facts: &Facts<'_>, rule: &str, out: &mut Findings) {
    let Some(proof) = facts.proof() else { return };
    for service in &proof.services {
        for stage in service.stages.iter().filter(|stage| stage.rule == rule) {
            let Verdict::Failed(severity) = stage.verdict else { continue };
            let finding =
                out.at(stage.site.clone(), format!("seen in Docker ({}): {}", stage.id, stage.seen));
            finding.service(&service.service).severity(severity);
            if let Some(help) = &stage.help {
                finding.help(help);
            }
        }
    }
}

/// Milliseconds for a person.
fn seconds(milliseconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "days of milliseconds are far below 2^52")]
    let seconds = milliseconds as f64 / 1000.0;
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..10_000 => format!("{seconds:.1} s"),
        _ => format!("{seconds:.0} s"),
    }
}

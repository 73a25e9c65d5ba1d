//! Judges the import smoke test.

use super::{Case, Stage, Verdict, cause, lost, seconds};
use crate::finding::Severity;
use crate::observation::SmokeRun;

impl Case<'_, '_> {
    pub(super) fn smoke(&self, run: &SmokeRun) -> Option<Stage> {
        let plan = self.plan.smoke.as_ref()?;
        let mut stage = self.stage(
            "imports",
            "Is everything there that it loads?",
            "it loads, without network and without Redis",
            "import-fails",
        );
        stage.milliseconds = run.milliseconds;
        let what = &plan.what;
        if let Some(fault) = &run.fault {
            stage.verdict = Verdict::Unproven(fault.clone());
            stage.seen = "the smoke test could not be run".into();
            return Some(stage);
        }
        let missing = lost::named(&run.log).filter(|missing| !matches!(missing, lost::Missing::Source(_)));
        match (run.status, missing) {
            (Some(0), _) => stage.seen = format!("{what}, in {}", seconds(run.milliseconds)),
            (None, None) if plan.runs => stage.seen = format!("{what} and goes on running"),
            (None, None) => {
                stage.verdict = Verdict::Unproven(format!("it was not done after {} s", plan.limit));
                stage.seen = format!(
                    "{what}, and does not come to an end: the program may start while it is imported"
                );
            }
            (_, Some(missing)) => {
                let lost = self.explain(&missing);
                stage.verdict = Verdict::Failed(Severity::Error);
                stage.seen = format!("loading fails: {}", lost.seen);
                stage.help = Some(lost.help);
                stage.missing = Some(lost.path);
                stage.site = lost.site.unwrap_or(stage.site);
                stage.excerpt = cause::excerpt(&run.log);
            }
            (Some(_), None) if plan.runs => stage.seen = format!("{what}; without network it then ends"),
            (Some(status), None) => {
                stage.excerpt = cause::excerpt(&run.log);
                self.other(status, run, &mut stage);
            }
        }
        Some(stage)
    }

    /// It fails, but not for want of a file.
    fn other(&self, status: i64, run: &SmokeRun, stage: &mut Stage) {
        let last = run.log.iter().rev().find(|line| !line.trim().is_empty());
        let last = last.map_or("it says nothing", |line| line.trim()).to_owned();
        stage.seen = format!("loading ends with status {status}: {last}");
        if let Some(why) = cause::of_environment(run.log.iter().map(String::as_str), &self.plan.service) {
            stage.verdict = Verdict::Unproven(why);
        } else if status == 127 || status == 126 {
            stage.verdict =
                Verdict::Unproven("the interpreter is not in the image under its usual name".into());
        } else {
            stage.verdict = Verdict::Failed(Severity::Warning);
            stage.help =
                Some("Make the import free of effects, or state a smoke command in the configuration".into());
        }
    }
}

//! Judges drills.

use super::{Case, Stage, Verdict, cause, lost, moments, seconds};
use crate::finding::Severity;
use crate::observation::{DrillRun, Probes};
use crate::plan::Drill;
use crate::plan::drills::World;

/// Milliseconds within which the health path must answer while Redis is away: the plan's success metric.
const COLD_BUDGET: u64 = 10_000;
/// Milliseconds before which an end means that nothing was tried again.
const AT_ONCE: u64 = 15_000;

impl Case<'_, '_> {
    pub(super) fn drill(&self, drill: &Drill, run: &DrillRun) -> Stage {
        let mut stage = self.stage(drill.id, &drill.question, &drill.expectation, "drill-failed");
        stage.milliseconds = run.ended;
        stage.moments = moments::of(run);
        if let Some(error) = &run.start_error {
            stage.rule = "start-crashes";
            cannot_start(error, &mut stage);
        } else if let Some(fault) = &run.fault {
            stage.verdict = Verdict::Unproven(fault.clone());
            stage.seen = "the drill could not be carried out".into();
        } else {
            match (drill.id, drill.world) {
                ("ready", _) => self.ready(run, &mut stage),
                ("drain", _) => self.drain(run, &mut stage),
                ("memory", _) => memory(drill, run, &mut stage),
                (_, World::WrongPassword) => wrong_password(run, &mut stage),
                (_, World::Down | World::Loading | World::Up) => self.recovery(run, &mut stage),
                _ => self.without_redis(run, &mut stage),
            }
            if stage.verdict != Verdict::Passed {
                stage.excerpt = lines(run);
                self.excuse(run, &mut stage);
            }
        }
        stage
    }

    /// A failure that the missing surroundings explain proves nothing.
    fn excuse(&self, run: &DrillRun, stage: &mut Stage) {
        if !matches!(stage.verdict, Verdict::Failed(_)) {
            return;
        }
        let wants = cause::of_environment(run.log.iter().map(|line| line.text.as_str()), &self.plan.service);
        let unmet = (!self.plan.unmet.is_empty()).then(|| {
            format!("it connects to {} while starting, which is not provided", self.plan.unmet.join(" and "))
        });
        if let Some(why) = wants.or(unmet) {
            stage.verdict = Verdict::Unproven(why);
            stage.help = None;
        }
    }

    fn ready(&self, run: &DrillRun, stage: &mut Stage) {
        if let Some(exit) = run.exits.first() {
            stage.rule = "start-crashes";
            stage.verdict = Verdict::Failed(Severity::Error);
            let ends = match (exit.oom, exit.status) {
                (true, _) => format!("is ended for its memory of {} MiB", self.plan.memory),
                (_, 0) => "ends with status 0, which Railway takes for completed".to_owned(),
                (_, status) => format!("ends with status {status}"),
            };
            let when =
                if run.first_ok().is_some_and(|ok| ok < exit.at) { "after it had answered, " } else { "" };
            stage.seen = format!(
                "the process {ends} after {}, {when}with everything it needs there",
                seconds(exit.at)
            );
            stage.help = Some("Read its last lines, which are in the report".into());
            let log: Vec<String> = run.log.iter().map(|line| line.text.clone()).collect();
            if let Some(missing) = lost::named(&log) {
                let lost = self.explain(&missing);
                stage.rule = "import-fails";
                stage.seen = format!("{}: {}", stage.seen, lost.seen);
                stage.help = Some(lost.help);
                stage.missing = Some(lost.path);
                stage.site = lost.site.unwrap_or_else(|| stage.site.clone());
            }
            return;
        }
        let Some(health) = &self.plan.health else {
            let listens =
                run.listening.map_or(String::new(), |at| format!(", listened on PORT after {}", seconds(at)));
            stage.seen = format!(
                "ran for {} without ending{listens}; no path is known to be probed",
                seconds(run.ended)
            );
            return;
        };
        if let Some(first) = run.first_ok() {
            let listened =
                run.listening.map_or(String::new(), |at| format!("listened after {}, ", seconds(at)));
            stage.seen = format!("{listened}answered 200 after {}{}", seconds(first), connected(run));
            return;
        }
        stage.rule = "healthcheck-unanswered";
        let (why, certain) = self.why_unanswered(run);
        let severity = if certain && health.stated { Severity::Error } else { Severity::Warning };
        stage.verdict = Verdict::Failed(severity);
        stage.seen = format!(
            "`GET {}` was never answered with 200 in {} attempts over {}: {why}",
            health.path,
            run.attempts(),
            seconds(run.ended)
        );
        stage.help = Some(help_unanswered(run));
        if run.probes.iter().all(|probes| matches!(probes.error.as_deref(), Some("unreachable" | "timeout")))
        {
            stage.verdict = Verdict::Unproven("the container's address cannot be reached from here".into());
        }
    }

    /// Why no 200 came, and whether waiting longer could not have helped.
    fn why_unanswered(&self, run: &DrillRun) -> (String, bool) {
        let answered = run.probes.iter().rev().find(|probes| probes.status.is_some());
        if let Some(Probes { status: Some(status), location, .. }) = answered {
            let to = location.as_ref().map_or(String::new(), |to| format!(" to `{to}`"));
            return (format!("it answers {status}{to}, and Railway takes only 200"), *status < 500);
        }
        let port = self.plan.port;
        if run.listens.iter().any(|each| each.port == port && each.loopback) {
            return (format!("it listens on PORT ({port}), but only for the container itself"), true);
        }
        let others: Vec<String> =
            run.listens.iter().filter(|each| each.port != port).map(|each| each.port.to_string()).collect();
        if !others.is_empty() {
            return (format!("it listens on {}, not on PORT ({port})", others.join(" and ")), true);
        }
        ("nothing listens on PORT".into(), false)
    }

    /// Redis never answers: the process must live, and answer.
    fn without_redis(&self, run: &DrillRun, stage: &mut Stage) {
        if let Some(exit) = run.exits.first() {
            let repeats = run.exits.len();
            let cold = matches!(stage.id.as_str(), "cold-start" | "refused");
            let severity = if cold && exit.at < AT_ONCE { Severity::Error } else { Severity::Warning };
            stage.verdict = Verdict::Failed(severity);
            let again = if repeats > 1 {
                format!(", {repeats} times in {}", seconds(run.ended))
            } else {
                String::new()
            };
            let answered = if run.first_ok().is_some() { "" } else { " and never answers" };
            stage.seen = format!(
                "the process ends with status {} after {}{again}{answered}, because Redis is away",
                exit.status,
                seconds(exit.at)
            );
            stage.help =
                Some("Try Redis again with growing waits, for a minute at least, instead of ending".into());
            return;
        }
        if self.plan.health.is_none() {
            stage.seen = format!("still ran after {}", seconds(run.ended));
            return;
        }
        match run.first_ok() {
            Some(first) if first > COLD_BUDGET => {
                stage.verdict = Verdict::Failed(Severity::Warning);
                stage.seen = format!("the first 200 came only after {}", seconds(first));
                stage.help = Some("Start the health server before anything that waits".into());
            }
            Some(first) => {
                stage.seen = format!(
                    "answered 200 after {} and was still up after {}",
                    seconds(first),
                    seconds(run.ended)
                );
            }
            None => {
                stage.verdict = Verdict::Failed(Severity::Warning);
                let (why, _) = self.why_unanswered(run);
                stage.seen = format!("{} attempts, no 200 while Redis is away: {why}", run.attempts());
                stage.help =
                    Some("Start the health server before Redis is needed, and answer 200 meanwhile".into());
            }
        }
    }

    /// Redis comes, or comes back: the same process must find it.
    fn recovery(&self, run: &DrillRun, stage: &mut Stage) {
        let begun = run.steps.iter().rev().find(|step| step.kind == "start").map_or(0, |step| step.at);
        let found = run.step("await-connection").filter(|step| step.outcome == "done").map(|step| step.until);
        let before =
            run.steps.iter().take_while(|step| step.kind != "stop").any(|step| step.outcome == "limit");
        if run.step("stop").is_some() && before {
            stage.verdict = Verdict::Unproven("it had not come up before Redis was stopped".into());
            stage.seen = "it was not connected before the outage".into();
            return;
        }
        let ends = run.exits.len();
        match found {
            Some(at) if ends == 0 => {
                let mut whole = run.probes.iter().skip_while(|probes| probes.status != Some(200));
                let bad = whole.find(|probes| probes.status != Some(200));
                let meanwhile = match (self.plan.health.is_some(), bad) {
                    (false, _) => String::new(),
                    (true, None) => ", and answered 200 all the while".to_owned(),
                    (true, Some(probes)) => format!(
                        ", and answered {} meanwhile",
                        probes.status.map_or("nothing".to_owned(), |status| status.to_string())
                    ),
                };
                stage.seen = format!(
                    "connected {} after Redis was there{meanwhile}",
                    seconds(at.saturating_sub(begun))
                );
            }
            Some(_) => {
                stage.verdict = Verdict::Failed(Severity::Warning);
                let of = self.plan.restarts;
                stage.seen = format!(
                    "it came to Redis only by ending {ends} times and being started again, and Railway does that {of} times at most"
                );
                stage.help = Some("Try Redis again with growing waits instead of ending".into());
            }
            None => {
                stage.verdict = Verdict::Failed(Severity::Warning);
                let how = if ends > 0 {
                    format!("it ended {ends} times")
                } else {
                    "it went on without a connection".to_owned()
                };
                stage.seen = format!("Redis was there and was not found: {how}");
                stage.help = Some("Connect again when a command fails, and go on trying".into());
            }
        }
    }

    fn drain(&self, run: &DrillRun, stage: &mut Stage) {
        let Some(step) = run.step("terminate").filter(|step| step.outcome != "gone") else {
            stage.verdict = Verdict::Unproven("it was not up when SIGTERM was to be sent".into());
            stage.seen = "it ended before SIGTERM".into();
            return;
        };
        let took = seconds(step.until.saturating_sub(step.at));
        if step.outcome == "done" {
            let status = run.exits.last().map_or(0, |exit| exit.status);
            let at_once = if self.plan.draining == 0 {
                "; no drainingSeconds is set, so Railway kills it at once"
            } else {
                ""
            };
            stage.seen = format!("ended with status {status} {took} after SIGTERM{at_once}");
            return;
        }
        let severity = if self.plan.draining == 0 { Severity::Note } else { Severity::Warning };
        stage.verdict = Verdict::Failed(severity);
        stage.seen =
            format!("SIGTERM did not end it within {took}: Railway kills it in the middle of its work");
        stage.help =
            Some("Start the program itself as the first process (exec form) and handle SIGTERM".into());
    }
}

fn help_unanswered(run: &DrillRun) -> String {
    let status = run.probes.iter().rev().find_map(|probes| probes.status);
    match status {
        Some(301 | 302 | 307 | 308) => {
            "Answer the health path itself with 200: Railway's probe is plain HTTP".into()
        }
        Some(400) => "Allow the host `healthcheck.railway.app`".into(),
        Some(401 | 403) => "Let the health path answer without credentials".into(),
        Some(404) => "Correct the healthcheck path, or serve it".into(),
        Some(_) => "Answer the health path with 200 as soon as the process can work".into(),
        None if run.listens.iter().any(|each| each.loopback) => "Bind 0.0.0.0 or [::]".into(),
        None if !run.listens.is_empty() => "Listen on the port of the variable PORT".into(),
        None => "Start the health server first, on the port of the variable PORT".into(),
    }
}

fn memory(drill: &Drill, run: &DrillRun, stage: &mut Stage) {
    let used = run.memory.map_or(String::new(), |used| format!(" with {used:.0} MiB in use"));
    if run.exits.iter().any(|exit| exit.oom || exit.status == 137) {
        stage.verdict = Verdict::Failed(Severity::Note);
        stage.seen = format!("{} MiB are not enough: the kernel ends it", drill.memory);
        stage.help = Some("Deploy it on a plan with more memory, or load less while starting".into());
    } else if run.exits.is_empty() {
        stage.seen = format!("came up in {} MiB{used}", drill.memory);
    } else {
        stage.verdict = Verdict::Unproven("it ended for another reason".into());
        stage.seen = "it did not come up".into();
    }
}

fn wrong_password(run: &DrillRun, stage: &mut Stage) {
    let named = run.log.iter().find(|line| cause::names_password(&line.text));
    if let Some(line) = named {
        let ended = run
            .exits
            .first()
            .map_or("is still up".to_owned(), |exit| format!("ends with status {}", exit.status));
        let after = seconds(line.at.unsigned_abs());
        stage.seen = format!("its log names the cause after {after} and it {ended}");
    } else {
        stage.verdict = Verdict::Failed(Severity::Note);
        stage.seen = "nothing in its log says that the password is wrong".into();
        stage.help = Some("Write the error of Redis to the log: the cause is then found in a minute".into());
    }
}

fn connected(run: &DrillRun) -> String {
    let step = run.step("await-connection").filter(|step| step.outcome == "done");
    step.map_or(String::new(), |step| format!(", connected to Redis after {}", seconds(step.until)))
}

fn lines(run: &DrillRun) -> Vec<String> {
    let all: Vec<String> = run.log.iter().map(|line| line.text.clone()).collect();
    cause::excerpt(&all)
}

/// Docker could not execute the command.
fn cannot_start(error: &str, stage: &mut Stage) {
    let quoted =
        error.split_once("exec: \"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
    let absent = error.contains("executable file not found") || error.contains("no such file or directory");
    let format = error.contains("exec format error");
    match quoted {
        Some(name) if absent => {
            stage.verdict = Verdict::Failed(Severity::Error);
            stage.seen = format!("the container does not start: `{name}` is not in the image");
            stage.help = Some("Railway runs a start command without a shell: name a program of the image, or wrap it in `sh -c`".into());
        }
        Some(name) if error.contains("permission denied") => {
            stage.verdict = Verdict::Failed(Severity::Error);
            stage.seen = format!("the container does not start: `{name}` is not executable");
            stage.help = Some("Set the executable bit in git, or with COPY --chmod".into());
        }
        _ if format => {
            stage.verdict = Verdict::Failed(Severity::Error);
            stage.seen = "the container does not start: exec format error".into();
            stage.help = Some("Build for linux/amd64, and begin scripts with a `#!` line".into());
        }
        _ => {
            let said: String = error.chars().take(200).collect();
            stage.verdict = Verdict::Unproven(format!("Docker could not start it: {said}"));
            stage.seen = "the container could not be started".into();
        }
    }
}

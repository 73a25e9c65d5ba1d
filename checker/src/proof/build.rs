//! Judges a build, and leads its failure back to the line of the Dockerfile and the file that was lost.

use super::{Case, Stage, Verdict, lost, seconds};
use crate::facts::dockerfile::{Instruction, InstructionKind};
use crate::finding::{Severity, Site};
use crate::observation::Build;

/// Signs that the network failed and not the build.
const NETWORK: [&str; 14] = [
    "temporary failure in name resolution",
    "could not resolve host",
    "temporary failure resolving",
    "failed to resolve source metadata",
    "failed to do request",
    "pull access denied",
    "toomanyrequests",
    "tls handshake timeout",
    "i/o timeout",
    "connection timed out",
    "etimedout",
    "eai_again",
    "no such host",
    "connection reset by peer",
];
/// Lines shown of a failure.
const LINES: usize = 15;

impl Case<'_, '_> {
    pub(super) fn build(&self, build: &Build) -> Stage {
        let budget = self.plan.build_budget;
        let mut stage = self.stage(
            "build",
            "Does the image build?",
            &format!("it builds within {budget} s"),
            "build-fails",
        );
        stage.site = Site::file(self.plan.dockerfile.clone());
        stage.milliseconds = build.milliseconds;
        let took = seconds(build.milliseconds);
        if let Some(fault) = &build.fault {
            stage.verdict = Verdict::Unproven(fault.clone());
            stage.seen = "the build could not be tried".into();
        } else if build.timed_out {
            stage.rule = "build-slow";
            stage.verdict = Verdict::Failed(Severity::Warning);
            stage.seen = format!("the build was not done after {took} and was ended");
            stage.help = Some(self.slim(build));
            stage.excerpt = tail(&build.log);
        } else if !build.succeeded {
            self.failed(build, &mut stage);
        } else if build.milliseconds > budget * 1000 {
            stage.rule = "build-slow";
            stage.verdict = Verdict::Failed(Severity::Warning);
            stage.seen = format!("the build took {took}, longer than {budget} s");
            stage.help = Some(self.slim(build));
        } else {
            stage.seen = format!("built in {took}{}", sizes(build));
        }
        stage
    }

    /// What makes the build long: the largest part of the context, the largest layer.
    fn slim(&self, build: &Build) -> String {
        let context = self.facts.build_context(&self.plan.root, &self.plan.dockerfile);
        let largest = context.contributors(1).into_iter().next();
        let layer = build.layers.iter().max_by_key(|layer| layer.bytes);
        match (largest, layer) {
            (Some(part), _) if part.bytes > 50_000_000 => {
                format!("Leave `{}` out of the context: {} MB", part.path, part.bytes / 1_000_000)
            }
            (_, Some(layer)) => format!("Look at the largest layer first: {} MB", layer.bytes / 1_000_000),
            _ => "Order the instructions so that dependencies are a layer of their own".into(),
        }
    }

    fn failed(&self, build: &Build, stage: &mut Stage) {
        let failure = Failure::read(&build.log);
        let instruction = self.instruction(&failure);
        if let Some(instruction) = &instruction {
            stage.site = Site::new(self.plan.dockerfile.clone(), instruction.span);
        }
        stage.excerpt = failure.excerpt(&build.log);
        let text = build.log.join("\n").to_lowercase();
        let network = NETWORK.iter().find(|sign| text.contains(*sign));
        let said = || lost::named(&stage.excerpt).or_else(|| lost::named(&build.log));
        let missing = failure.source.clone().map(lost::Missing::Source).or_else(said);
        if let Some(missing) = &missing
            && (failure.source.is_some() || network.is_none())
        {
            let lost = self.explain(missing);
            stage.seen = format!("the build stops: {}", lost.seen);
            stage.missing = Some(lost.path);
            stage.help = Some(lost.help);
            stage.verdict = Verdict::Failed(Severity::Error);
            if let Some(site) = lost.site.filter(|_| failure.source.is_none()) {
                stage.site = site;
            }
        } else if let Some(sign) = network {
            stage.verdict = Verdict::Unproven(format!("the network or a registry failed (`{sign}`)"));
            stage.seen = "the build stopped for want of something from outside".into();
        } else {
            let what = failure.message.as_deref().unwrap_or("it says no more");
            stage.seen = format!("the build stops: {}", what.trim_end_matches('.'));
            stage.help = Some("Read the lines of the failing instruction, which are in the report".into());
            stage.verdict = Verdict::Failed(Severity::Error);
        }
        let predicted = stage
            .missing
            .as_ref()
            .is_some_and(|path| self.plan.missing.iter().any(|known| same(known, path)));
        if predicted {
            stage.seen.push_str(", as the files predict");
        }
    }

    /// The instruction of the Dockerfile that failed.
    fn instruction(&self, failure: &Failure) -> Option<Instruction> {
        let (_, file) = self.facts.images().find(|(service, _)| service.name == self.service.name)?;
        let text = self.facts.snapshot.text(&file.path).ok()?;
        let squeezed = |text: &str| text.replace('\\', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(source) = &failure.source {
            let copies = |each: &&Instruction| match &each.kind {
                InstructionKind::Copy(copy) | InstructionKind::Add(copy) => {
                    copy.flag("from").is_none() && copy.sources.iter().any(|one| same(&one.value, source))
                }
                _ => false,
            };
            if let Some((_, found)) = file.instructions().find(|(_, each)| copies(each)) {
                return Some(found.clone());
            }
        }
        if let Some(line) = failure.line {
            let at_line = |each: &Instruction| {
                (text.position(each.span.start).line..=text.position(each.span.end).line).contains(&line)
            };
            if let Some((_, found)) = file.instructions().find(|(_, each)| at_line(each)) {
                return Some(found.clone());
            }
        }
        let step = squeezed(failure.step.as_ref()?);
        let written = |each: &Instruction| squeezed(each.span.of(&text.text)) == step;
        file.instructions().find(|(_, each)| written(each)).map(|(_, found)| found.clone())
    }
}

/// True when two spellings name the same path of the context.
fn same(one: &str, other: &str) -> bool {
    let plain =
        |path: &str| path.trim_start_matches("../").trim_start_matches("./").trim_matches('/').to_owned();
    plain(one) == plain(other)
}

fn sizes(build: &Build) -> String {
    let megabytes = |bytes: u64| {
        if bytes < 1_000_000 {
            format!("{} kB", bytes.div_ceil(1000))
        } else {
            format!("{} MB", bytes / 1_000_000)
        }
    };
    let context = build.context_bytes.map(|bytes| format!(", from a context of {bytes} bytes"));
    let image = build.image_bytes.map(|bytes| format!(", to an image of {}", megabytes(bytes)));
    let layer = build.layers.iter().max_by_key(|layer| layer.bytes).filter(|layer| layer.bytes > 0);
    let layer = layer.map(|layer| {
        let by = layer
            .created_by
            .trim_start_matches("RUN ")
            .trim_start_matches("/bin/sh -c ")
            .trim_start_matches("#(nop) ")
            .trim();
        let by: String = by.chars().take(60).collect();
        format!(", whose largest layer has {} (`{}`)", megabytes(layer.bytes), by.replace('`', "'"))
    });
    [context, image, layer].into_iter().flatten().collect()
}

fn tail(log: &[String]) -> Vec<String> {
    log[log.len().saturating_sub(LINES)..].to_vec()
}

/// What a builder says of its failure, in either of the two shapes that BuildKit has had.
#[derive(Debug, Default, PartialEq, Eq)]
struct Failure {
    /// The instruction as the progress shows it.
    step: Option<String>,
    /// Number of the step in the progress, as in `#7`.
    number: Option<String>,
    /// Line of the Dockerfile.
    line: Option<usize>,
    /// The source of a COPY that is not there.
    source: Option<String>,
    /// The last word on it.
    message: Option<String>,
}

impl Failure {
    fn read(log: &[String]) -> Self {
        let mut failure = Self::default();
        let mut steps: Vec<(String, String)> = Vec::new();
        for line in log {
            let line = line.trim_end();
            if let Some((number, rest)) = numbered(line) {
                if let Some((_, step)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
                    steps.push((number.to_owned(), step.to_owned()));
                }
                if let Some(message) = rest.strip_prefix("ERROR: ").or_else(|| rest.strip_prefix("ERROR ")) {
                    failure.number = Some(number.to_owned());
                    failure.message = Some(message.to_owned());
                }
            } else if let Some(rest) = line.strip_prefix(" > [") {
                let step = rest.split_once("] ").map(|(_, step)| step.trim_end_matches(':').to_owned());
                failure.step = step;
            } else if let Some(message) = line.strip_prefix("ERROR: ") {
                failure.message = Some(message.to_owned());
            } else if let Some((name, number)) = line.rsplit_once(':')
                && !name.contains(' ')
                && let Ok(number) = number.parse()
            {
                failure.line = Some(number);
            }
            if let Some(source) = not_found(line) {
                failure.source = Some(source);
                failure.message = Some(line.to_owned());
            }
        }
        if failure.step.is_none() {
            let number = failure.number.as_ref();
            failure.step =
                steps.into_iter().rev().find(|(each, _)| Some(each) == number).map(|(_, step)| step);
        }
        failure
    }

    /// The output of the failing step, or the end of the log.
    fn excerpt(&self, log: &[String]) -> Vec<String> {
        let Some(number) = &self.number else { return tail(log) };
        let own = log.iter().filter_map(|line| {
            let (each, rest) = numbered(line)?;
            let noise = rest.starts_with("sha256:") || rest.starts_with("DONE") || rest.starts_with("CACHED");
            (each == number && !noise).then(|| without_clock(rest).to_owned())
        });
        let own: Vec<String> = own.collect();
        if own.len() < 2 { tail(log) } else { tail(&own) }
    }
}

/// `#7 text` as its number and text.
fn numbered(line: &str) -> Option<(&str, &str)> {
    let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
    number.chars().all(|char| char.is_ascii_digit()).then_some((number, rest))
}

/// Text of the program without the builder's clock, as in `1.234 text`.
fn without_clock(text: &str) -> &str {
    match text.split_once(' ') {
        Some((clock, rest)) if clock.contains('.') && clock.parse::<f64>().is_ok() => rest,
        _ => text,
    }
}

/// The path in `… "/x": not found`, or in `… "/x" not found: not found`.
fn not_found(line: &str) -> Option<String> {
    if !line.contains("not found") || !(line.contains("cache key") || line.contains("checksum of ref")) {
        return None;
    }
    let (before, _) = line.split_once("\": not found").or_else(|| line.split_once("\" not found"))?;
    let (_, path) = before.rsplit_once('"')?;
    Some(path.trim_start_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn both_shapes_of_a_missing_source_are_read() {
        let old = lines(
            "#6 [3/4] COPY missing.txt .\n#6 ERROR: \"/missing.txt\" not found: not found\n------\n > [3/4] COPY missing.txt .:\n------\n\
             failed to compute cache key: \"/missing.txt\" not found: not found",
        );
        let failure = Failure::read(&old);
        assert_eq!(failure.source.as_deref(), Some("missing.txt"));
        assert_eq!(failure.step.as_deref(), Some("COPY missing.txt ."));
        let new = lines(
            "#8 [4/5] COPY missing.txt .\n#8 ERROR: failed to calculate checksum of ref a::b: \"/missing.txt\": not found\n------\n\
             > [4/5] COPY missing.txt .:\n------\nDockerfile:5\n--------------------\n   5 | >>> COPY missing.txt .\n--------------------\n\
             ERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref a::b: \"/missing.txt\": not found",
        );
        let failure = Failure::read(&new);
        assert_eq!((failure.source.as_deref(), failure.line), (Some("missing.txt"), Some(5)));
    }

    #[test]
    fn the_output_of_the_failing_step_is_shown_without_the_clock() {
        let log = lines(
            "#5 [2/3] RUN make\n#5 0.213 cc: no input files\n#6 0.3 other\n#5 ERROR: process did not complete: exit code: 2",
        );
        let failure = Failure::read(&log);
        assert_eq!(failure.excerpt(&log)[1], "cc: no input files");
    }
}

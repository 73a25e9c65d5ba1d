//! What happened in a drill, by time: the material of the timeline.

use crate::observation::DrillRun;

/// One thing that happened, or lasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds after the container's first start.
    pub at: u64,
    /// When it was over; the same as `at` for what does not last.
    pub until: u64,
    /// What.
    pub what: String,
    /// Which part of the picture.
    pub lane: Lane,
    /// True when it is good news.
    pub good: bool,
}

/// A part of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// The container's process.
    Container,
    /// Its port.
    Port,
    /// The probes.
    Probes,
    /// The dependency.
    Dependency,
}

/// Reads the moments of a drill.
pub(super) fn of(run: &DrillRun) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut add = |at: u64, until: u64, what: String, lane: Lane, good: bool| {
        moments.push(Moment { at, until: until.max(at), what, lane, good });
    };
    let mut begun = 0;
    for (number, exit) in run.exits.iter().enumerate() {
        let why = if exit.oom { "out of memory".to_owned() } else { format!("exit {}", exit.status) };
        add(begun, exit.at, why, Lane::Container, exit.status == 0 && !exit.oom);
        begun = run.restarts.get(number).copied().unwrap_or(exit.at);
    }
    if run.exits.len() <= run.restarts.len() {
        add(begun, run.ended, "running".into(), Lane::Container, true);
    }
    if let Some(at) = run.listening {
        add(at, at, "listens".into(), Lane::Port, true);
    }
    for probes in &run.probes {
        let what = match (probes.status, probes.error.as_deref()) {
            (Some(status), _) => status.to_string(),
            (None, error) => error.unwrap_or("no answer").to_owned(),
        };
        add(
            probes.from,
            probes.to,
            format!("{what} ×{}", probes.count),
            Lane::Probes,
            probes.status == Some(200),
        );
    }
    for step in &run.steps {
        let what = match step.kind.as_str() {
            "start" => "Redis starts",
            "stop" => "Redis stops",
            "await-connection" if step.outcome == "done" => "connected",
            "await-connection" => "no connection",
            "terminate" => "SIGTERM",
            _ => continue,
        };
        let lasts = step.kind == "await-connection" || step.kind == "terminate";
        let at = if step.kind == "await-connection" && step.outcome == "done" { step.until } else { step.at };
        add(
            at,
            if lasts { step.until } else { at },
            what.to_owned(),
            Lane::Dependency,
            step.outcome == "done",
        );
    }
    moments
}

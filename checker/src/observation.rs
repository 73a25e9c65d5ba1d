//! What the host saw when it carried out a plan: builds, smoke tests, drills. Text in it comes from anyone.

use serde::Deserialize;

/// Everything that was seen in one run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observations {
    /// The profile that was asked for.
    pub profile: String,
    /// One entry a service of the plan, as far as the run got.
    pub services: Vec<Observed>,
    /// Why nothing could be proved at all.
    #[serde(default)]
    pub fault: Option<String>,
    /// Milliseconds of the run that were neither building, nor a container's running, nor a drill's waiting.
    #[serde(default)]
    pub overhead: Option<u64>,
}

/// What was seen of one service.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// Its name in the plan.
    pub service: String,
    /// The build.
    #[serde(default)]
    pub build: Option<Build>,
    /// The import smoke test.
    #[serde(default)]
    pub smoke: Option<SmokeRun>,
    /// The drills, in any order.
    #[serde(default)]
    pub drills: Vec<DrillRun>,
}

/// One build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// True when there is an image.
    pub succeeded: bool,
    /// Why the host could not build, which says nothing about the service.
    #[serde(default)]
    pub fault: Option<String>,
    /// Milliseconds.
    pub milliseconds: u64,
    /// True when it was ended at the plan's limit.
    #[serde(default)]
    pub timed_out: bool,
    /// Sum of the sizes of the files that the builder received.
    #[serde(default)]
    pub context_bytes: Option<u64>,
    /// How many files it received.
    #[serde(default)]
    pub context_files: Option<u64>,
    /// Size of the image.
    #[serde(default)]
    pub image_bytes: Option<u64>,
    /// Its layers, in any order.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// The last lines of the builder's progress.
    #[serde(default)]
    pub log: Vec<String>,
}

/// One layer of an image.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Size.
    pub bytes: u64,
    /// The instruction that made it.
    pub created_by: String,
}

/// One run of the smoke test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmokeRun {
    /// Exit status; `None` when it was ended at the limit.
    pub status: Option<i64>,
    /// Why the host could not run it.
    #[serde(default)]
    pub fault: Option<String>,
    /// Milliseconds.
    pub milliseconds: u64,
    /// The last lines it wrote.
    #[serde(default)]
    pub log: Vec<String>,
}

/// One drill. Milliseconds count from the container's first start.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillRun {
    /// Its name in the plan.
    pub id: String,
    /// Why the host could not carry it out.
    #[serde(default)]
    pub fault: Option<String>,
    /// What Docker said when the container's command could not be executed.
    #[serde(default)]
    pub start_error: Option<String>,
    /// When the service's port first took a connection.
    #[serde(default)]
    pub listening: Option<u64>,
    /// Probes; equal ones that follow each other are one entry.
    #[serde(default)]
    pub probes: Vec<Probes>,
    /// Starts after the first.
    #[serde(default)]
    pub restarts: Vec<u64>,
    /// Ends of the process.
    #[serde(default)]
    pub exits: Vec<Exit>,
    /// The steps of the plan, as far as they came.
    #[serde(default)]
    pub steps: Vec<StepRun>,
    /// Ports on which the process was seen to listen.
    #[serde(default)]
    pub listens: Vec<Listening>,
    /// What it wrote: the first and the last lines.
    #[serde(default)]
    pub log: Vec<Line>,
    /// Most memory seen, in MiB.
    #[serde(default)]
    pub memory: Option<f64>,
    /// When the container was removed or its process was gone for good.
    #[serde(default)]
    pub ended: u64,
}

/// Equal probes in a row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probes {
    /// When the first was answered or given up.
    pub from: u64,
    /// When the last was.
    pub to: u64,
    /// How many.
    pub count: u64,
    /// HTTP status.
    #[serde(default)]
    pub status: Option<u16>,
    /// `refused`, `timeout`, `reset`, `unreachable` or what else stood in the way.
    #[serde(default)]
    pub error: Option<String>,
    /// The beginning of the body of the last one.
    #[serde(default)]
    pub body: String,
    /// The `Location` header.
    #[serde(default)]
    pub location: Option<String>,
}

/// One end of the process.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exit {
    /// When.
    pub at: u64,
    /// Its status.
    pub status: i64,
    /// True when the kernel ended it for its memory.
    #[serde(default)]
    pub oom: bool,
}

/// One step of a drill.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRun {
    /// Its kind, as in the plan.
    #[serde(rename = "do")]
    pub kind: String,
    /// When it began.
    pub at: u64,
    /// When it was over.
    pub until: u64,
    /// `done`; `limit` when what was waited for did not come; `gone` when the process was gone for good.
    pub outcome: String,
}

/// One listening socket.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Listening {
    /// Its port.
    pub port: u16,
    /// True when only the container itself reaches it.
    pub loopback: bool,
}

/// One line of output.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// When; negative is before the container counted as started.
    pub at: i64,
    /// The text.
    pub text: String,
}

impl Observations {
    /// Reads them from JSON.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("observations: {error}"))
    }
}

impl DrillRun {
    /// When the first 200 came.
    pub fn first_ok(&self) -> Option<u64> {
        self.probes.iter().find(|probes| probes.status == Some(200)).map(|probes| probes.from)
    }

    /// The step of this kind, the last one when there are several.
    pub fn step(&self, kind: &str) -> Option<&StepRun> {
        self.steps.iter().rev().find(|step| step.kind == kind)
    }

    /// How many probes were made.
    pub fn attempts(&self) -> u64 {
        self.probes.iter().map(|probes| probes.count).sum()
    }
}

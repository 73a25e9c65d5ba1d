//! Why what a program or a build needs is not where it looks for it.

use super::{Delivered, Trace};
use crate::facts::Facts;
use crate::facts::build_context::Absence;
use crate::facts::chain::{Barred, Broken, Cause, Loader, When};
use crate::facts::image::Presence;
use crate::finding::Site;

/// One needed thing that is not there.
pub struct Loss<'f, 's> {
    /// Whose.
    pub delivered: &'f Delivered<'s>,
    /// The chain it was found in.
    pub trace: &'f Trace,
    /// The reference.
    pub broken: &'f Broken,
    /// How it got lost.
    pub how: How,
    /// True when the deployment certainly fails by it.
    pub certain: bool,
}

/// How something got lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// A pattern of the ignore file drops it.
    Ignored {
        /// The pattern's line.
        site: Site,
        /// The pattern.
        pattern: String,
        /// What is lost, in the tree.
        source: String,
    },
    /// It lies above the root directory.
    OutsideRoot {
        /// Path in the tree.
        source: String,
    },
    /// The context has it, and no instruction copies it.
    NotCopied {
        /// The instruction that brought the module which needs it.
        site: Option<Site>,
        /// Path in the tree.
        source: String,
        /// Path in the image.
        place: String,
        /// True for a module, false for another file.
        module: bool,
    },
    /// The repository has no such file, or git does not track it.
    NotInTree {
        /// Path in the tree.
        source: String,
        /// True when it lies in the working directory, untracked.
        untracked: bool,
    },
    /// The config with the aliases was not copied.
    NoConfig {
        /// The instruction that brought the module.
        site: Option<Site>,
        /// Path of the config in the tree.
        source: String,
    },
    /// It is there, but the reference does not lead to it.
    Barred {
        /// Path in the tree.
        source: String,
        /// Why.
        why: Barred,
    },
    /// Python looks elsewhere.
    OffPath {
        /// Path in the tree.
        source: String,
        /// Directory of the image that is not on the path.
        root: String,
    },
}

/// Everything that is lost and whose absence is felt, for every service.
pub fn losses<'f, 's>(facts: &'f Facts<'s>) -> Vec<Loss<'f, 's>> {
    let mut found = caught_or_not(facts);
    found.retain(|loss| loss.broken.when < When::Guarded);
    found
}

/// The same with what is imported where a failure is caught.
pub fn caught_or_not<'f, 's>(facts: &'f Facts<'s>) -> Vec<Loss<'f, 's>> {
    let mut found = Vec::new();
    for delivered in facts.delivered() {
        for trace in &delivered.traces {
            let broken = trace.chain.broken.iter().filter(|broken| broken.when < When::Types);
            // Of a directory in which any program may be started, only what several share is likely to be started at all.
            let shared = |broken: &&Broken| {
                let module = trace.chain.modules.get(broken.module);
                trace.stated
                    || module.is_some_and(|reached| {
                        reached.by.is_some() && !facts.loaded().contains(&reached.source)
                    })
            };
            let broken = broken.filter(shared);
            found.extend(broken.filter_map(|broken| loss(facts, delivered, trace, broken)));
        }
    }
    found
}

fn loss<'f, 's>(
    facts: &Facts<'s>,
    delivered: &'f Delivered<'s>,
    trace: &'f Trace,
    broken: &'f Broken,
) -> Option<Loss<'f, 's>> {
    let brought = || {
        let reached = trace.chain.modules.get(broken.module)?;
        match delivered.image.presence(trace.view, &reached.place) {
            Presence::File { site, .. } => delivered.image.dockerfile.as_ref().map(|_| site),
            _ => None,
        }
    };
    let how = match &broken.cause {
        Cause::NotInImage { source, place } => located(delivered, source, place, true, brought())?,
        Cause::FileNotInImage { source, place } => {
            let how = located(delivered, source, place, false, brought())?;
            // What the build writes may be a file of this name, but not one above the root directory.
            if is_aside(source) || (broken.doubt.is_some() && !matches!(how, How::OutsideRoot { .. })) {
                return None;
            }
            how
        }
        Cause::NotInTree { source } => {
            let untracked = facts.snapshot.entry(source).is_some()
                || facts.snapshot.entry(&format!("{source}.ts")).is_some();
            How::NotInTree { source: source.clone(), untracked }
        }
        Cause::NoConfig { source } => How::NoConfig { site: brought(), source: source.clone() },
        Cause::Barred { source, why } => How::Barred { source: source.clone(), why: *why },
        Cause::NotOnPath { source, root } => How::OffPath { source: source.clone(), root: root.clone() },
    };
    let module = !matches!(broken.cause, Cause::FileNotInImage { .. });
    let certain = trace.firm && module && broken.when == When::Always && broken.doubt.is_none();
    // What a service variable may mend is never certain.
    let certain = certain
        && !matches!(how, How::OffPath { .. })
        && (trace.loader != Loader::Python || sure_of_python(&how));
    Some(Loss { delivered, trace, broken, how, certain })
}

/// `PYTHONPATH` may be a variable of the service, so that only what is nowhere in the image is certainly lost.
fn sure_of_python(how: &How) -> bool {
    matches!(
        how,
        How::NotCopied { .. }
            | How::Ignored { .. }
            | How::NotInTree { .. }
            | How::OutsideRoot { .. }
            | How::Barred { .. }
    )
}

fn located(
    delivered: &Delivered<'_>,
    source: &str,
    place: &str,
    module: bool,
    site: Option<Site>,
) -> Option<How> {
    let context = &delivered.image.context;
    let root = &context.root;
    let inner = if root.is_empty() {
        Some(source)
    } else {
        source.strip_prefix(root.as_str()).and_then(|rest| rest.strip_prefix('/'))
    };
    let Some(inner) = inner else { return Some(How::OutsideRoot { source: source.to_owned() }) };
    let source = source.to_owned();
    if context.file(inner).is_some() {
        return Some(How::NotCopied { site, source, place: place.to_owned(), module });
    }
    match context.why_absent(inner) {
        Absence::Ignored { site, pattern } => Some(How::Ignored { site, pattern, source }),
        Absence::NotTracked => Some(How::NotInTree { source, untracked: true }),
        Absence::OutsideRoot => Some(How::OutsideRoot { source }),
        Absence::NotInTree | Absence::NotUploaded => None,
    }
}

/// True for files that programs name without needing them.
fn is_aside(source: &str) -> bool {
    let name = source.rsplit('/').next().unwrap_or_default();
    name.starts_with(".env")
        || source
            .split('/')
            .any(|part| matches!(part, "tests" | "test" | "__tests__" | "node_modules" | ".git"))
        || matches!(
            name,
            "Dockerfile" | "docker-compose.yml" | "LICENSE" | "README.md" | "railway.json" | "railway.toml"
        )
}

impl Loss<'_, '_> {
    /// The way from the start to the reference, as a person reads it.
    pub fn trail(&self) -> String {
        let trail = self.trace.chain.trail(self.broken.module);
        let names: Vec<String> = trail.iter().map(|source| format!("`{source}`")).collect();
        match names.len() {
            0..=4 => names.join(" → "),
            len => format!("{} → … → {}", names[..2].join(" → "), names[len - 2..].join(" → ")),
        }
    }
}

//! See the rule's documentation below.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// The whole repository is copied into the image and no `.dockerignore` trims it.
    "missing-dockerignore", Note, Build, since "0.1.0",
    sources: ["https://docs.docker.com/build/concepts/context/#dockerignore-files"]
}

fn check(_facts: &Facts<'_>, _out: &mut Findings) {}

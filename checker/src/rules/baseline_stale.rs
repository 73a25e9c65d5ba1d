//! Found by `baseline.rs`, which alone sees which entries were needed.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// The baseline accepts a finding that is gone.
    ///
    /// ## Why it matters
    /// When the same defect comes back to the same line, the entry hides it.
    ///
    /// ## What to do
    /// Run `preflight baseline` again and commit the file; what was mended drops out of it.
    ///
    /// ## What it cannot know
    /// Whether the defect was mended or its line was only rewritten: then the same defect is found as a new one.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// //- .github/preflight-baseline.json
    /// {
    ///   "version": "1",
    ///   "findings": [
    ///     {"path":"Dockerfile","rule":"dockerfile-volume-instruction","severity":"error","fingerprint":"0000000000000000"}
    ///   ]
    /// }
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// VOLUME /data
    /// CMD ["true"]
    /// //- .github/preflight-baseline.json
    /// {
    ///   "version": "1",
    ///   "findings": [
    ///     {"path":"Dockerfile","rule":"dockerfile-volume-instruction","severity":"error","fingerprint":"34b17635e497c3a4"}
    ///   ]
    /// }
    /// ```
    "baseline-stale", Note, Config, since "0.1.0",
    sources: ["https://github.com/preflight-action/preflight/blob/main/docs/baseline.md"]
}

fn check(_facts: &Facts<'_>, _out: &mut Findings) {}

//! Found by `suppress.rs`, which reads the comments.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// A `preflight: allow` comment gives no reason or names no rule that exists.
    ///
    /// ## Why it matters
    /// An allowance without a reason cannot be reviewed, so it is not honoured.
    ///
    /// ## What to do
    /// Write `preflight: allow <rule> -- <reason>`; `preflight rules` lists the ids.
    ///
    /// ## What it cannot know
    /// Whether the reason is a good one.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// # preflight: allow dockerfile-volume-instruction
    /// VOLUME /data
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// # preflight: allow volumes -- not deployed
    /// VOLUME /data
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// RUN echo "preflight: allow nothing"
    /// ```
    "allowance-malformed", Warning, Config, since "0.1.0",
    sources: ["https://github.com/preflight-action/preflight/blob/main/docs/configuration.md"]
}

fn check(_facts: &Facts<'_>, _out: &mut Findings) {}

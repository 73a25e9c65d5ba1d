//! Found by `suppress.rs`, which alone sees which allowances were needed.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// A `preflight: allow` comment allows nothing.
    ///
    /// ## Why it matters
    /// It hides the next finding of that rule on this line, which nobody has looked at yet.
    ///
    /// ## What to do
    /// Delete the comment, or move it to the line it is about: an allowance covers its own line and the next one that
    /// is not a comment.
    ///
    /// ## What it cannot know
    /// Files that no rule reads are not searched.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// # preflight: allow dockerfile-volume-instruction -- removed later
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// # preflight: allow dockerfile-volume-instruction -- this image is not deployed to Railway
    /// VOLUME /data
    /// CMD ["true"]
    /// ```
    "allowance-unused", Warning, Config, since "0.1.0",
    sources: ["https://github.com/preflight-action/preflight/blob/main/docs/configuration.md"]
}

fn check(_facts: &Facts<'_>, _out: &mut Findings) {}

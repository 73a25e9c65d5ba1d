//! `.github/preflight.toml`: what the user tells us about services, severities and allowances.

/// The user's configuration; everything has a default.
#[derive(Debug, Clone, Default)]
pub struct Config {}

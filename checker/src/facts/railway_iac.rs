//! `.railway/railway.ts`: literal values are known, anything computed is `Unknown`.

use crate::snapshot::Snapshot;

/// The infrastructure as code of a repository.
#[derive(Debug, Clone)]
pub struct Iac {
    /// Path in the tree.
    pub path: String,
}

/// Reads `.railway/railway.ts`.
pub fn gather(_snapshot: &Snapshot<'_>) -> Option<Iac> {
    None
}

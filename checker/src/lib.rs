//! Judges from a repository.

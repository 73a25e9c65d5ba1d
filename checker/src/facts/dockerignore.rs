//! `.dockerignore` with exactly Docker's semantics.

//! Rendering: annotations.

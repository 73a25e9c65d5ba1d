//! Rendering: markdown.

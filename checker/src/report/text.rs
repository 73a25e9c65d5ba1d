//! Rendering: text.

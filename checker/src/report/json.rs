//! Rendering: json.

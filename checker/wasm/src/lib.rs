//! The checker behind a JavaScript door.

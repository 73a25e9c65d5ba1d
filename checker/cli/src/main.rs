//! Command line of Preflight.

fn main() {}

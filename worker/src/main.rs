//! The worker: health before Redis, retry first.

fn main() {}

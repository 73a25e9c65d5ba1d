//! Everything that names a key or a command of Redis.

pub mod fault;
pub mod job;
pub mod link;
pub mod scripts;

pub use fault::Fault;
pub use job::Job;
pub use link::Link;

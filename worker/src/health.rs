//! Stage 2: the probes. They run on a thread and a runtime of their own and read what others wrote down, so an answer
//! takes the same time whether Redis answers, hangs or is gone.

pub mod metrics;
mod server;
mod status;
mod vitals;

pub use server::{ask, start};
pub use status::{Seen, Status};
pub use vitals::{Sample, Vitals};

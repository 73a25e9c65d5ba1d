//! The order of start-up, read from Python and JavaScript sources.

use crate::facts::Facts;
use crate::facts::service::Service;

/// How one service starts.
#[derive(Debug, Clone, Default)]
pub struct Startup {}

/// Reads how `service` starts.
pub fn read(_facts: &Facts<'_>, _service: &Service) -> Startup {
    Startup::default()
}

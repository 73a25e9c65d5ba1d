//! Exit codes, and the one place that ends the process without unwinding.
//!
//! Railway restarts a worker that ends with a code other than 0, so 0 is kept for "stopped because it was told to".

/// Redis never answered during start-up.
pub const NO_REDIS: u8 = 1;
/// Stage 1 found problems.
pub const CONFIGURATION: u8 = 2;
/// Stage 2 could not bind its port.
pub const PORT: u8 = 3;
/// The job loop hangs or ended by itself.
pub const INTERNAL: u8 = 70;
/// A second signal.
pub const SECOND_SIGNAL: u8 = 143;

/// Ends the process now.
pub fn at_once(code: u8) -> ! {
    #[expect(clippy::exit, reason = "a hanging loop or a second signal leaves nothing to unwind")]
    std::process::exit(i32::from(code))
}

//! The real binary beside a real Redis and the real `rq` package. Every test has servers and ports of its own.

mod stand;

mod commands;
mod faults;
mod lifecycle;
mod scheduling;
mod start_up;
mod wire;

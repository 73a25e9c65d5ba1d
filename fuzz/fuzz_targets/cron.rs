//! Cron expressions.
#![no_main]

use checker::facts::cron::Schedule;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(schedule) = Schedule::parse(text) {
        let _ = schedule.shortest_gap();
    }
});

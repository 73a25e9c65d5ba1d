//! `.railway/railway.ts`.
#![no_main]

use checker::facts::railway_iac;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = railway_iac::parse(".railway/railway.ts", text);
});

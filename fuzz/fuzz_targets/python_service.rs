//! Everything that is read of a Python program: imports, names, start-up, routes, variables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use preflight_fuzz::check;

const DOCKERFILE: &str = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"main.py\"]\n";

fuzz_target!(|source: &str| {
    check(&[("Dockerfile", DOCKERFILE), ("requirements.txt", "flask==3.1.0\nredis\n"), ("main.py", source)]);
});

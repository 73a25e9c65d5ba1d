//! Logs of real runs, and some in the shape of Railway's builder: the folder is the cause that must be found.
#![expect(clippy::disallowed_methods, reason = "tests read logs and measure")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]
#![expect(clippy::print_stdout, reason = "the figures are the point")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use checker::diagnose::{Verdict, diagnose};

fn logs() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs");
    let mut found = Vec::new();
    for folder in fs::read_dir(root).unwrap() {
        let folder = folder.unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            found.push((folder.file_name().into_string().unwrap(), file.unwrap().path()));
        }
    }
    found.sort();
    found
}

#[test]
fn every_log_gives_the_cause_of_its_folder() {
    let mut wrong = Vec::new();
    let begun = Instant::now();
    let logs = logs();
    for (expected, path) in &logs {
        let diagnosis = diagnose(&fs::read_to_string(path).unwrap());
        if diagnosis.id() != expected {
            wrong.push(format!("{}: {} ({})", path.display(), diagnosis.id(), diagnosis.title));
        }
        // A cause without a line to prove it would be a guess.
        if matches!(diagnosis.verdict, Verdict::Found(_)) && expected != "no-log" {
            assert!(!diagnosis.evidence.is_empty(), "{}", path.display());
        }
    }
    println!("{} logs, {} wrong, {:?}", logs.len(), wrong.len(), begun.elapsed());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(logs.len() >= 40);
}

#[test]
fn a_long_log_is_read_in_time() {
    let line = "2026-11-25T09:14:02.118304421Z [inf]  {\"level\":\"info\",\"message\":\"processed job 18221 in 31 ms\"}\n";
    let log = line.repeat(50_000) + "ModuleNotFoundError: No module named 'rq'\n";
    let begun = Instant::now();
    assert_eq!(diagnose(&log).id(), "module-missing");
    println!("{} bytes in {:?}", log.len(), begun.elapsed());
}

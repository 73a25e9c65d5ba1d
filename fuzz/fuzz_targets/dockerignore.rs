//! `.dockerignore`: the first line is the paths that are judged, with blanks between them.
#![no_main]

use checker::facts::dockerignore::Dockerignore;
use checker::snapshot::Text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (paths, patterns) = text.split_once('\n').unwrap_or((text, ""));
    let ignore = Dockerignore::parse(&Text::decode(".dockerignore", patterns.as_bytes()));
    for path in paths.split(' ').take(50) {
        let _ = ignore.decide(path);
    }
    ignore.walk(paths.split(' ').take(50), |_, _| {});
});

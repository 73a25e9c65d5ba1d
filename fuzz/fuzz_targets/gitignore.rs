//! `.gitignore`: the first line is the paths that are judged, with blanks between them.
#![no_main]

use checker::facts::gitignore::Patterns;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (paths, patterns) = text.split_once('\n').unwrap_or((text, ""));
    let ignore = Patterns::parse(patterns);
    for path in paths.split(' ').take(50) {
        let _ = (ignore.ignores(path), ignore.judge(path, true));
    }
});

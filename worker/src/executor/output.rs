//! What jobs print becomes log lines.

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio::task::JoinHandle;

/// A line that is longer is cut into several: a job that prints without end must not fill the worker's memory.
const LONGEST: usize = 16 * 1024;
/// How much of the end is kept to explain a child that did not start.
const LAST_WORDS: usize = 2000;

/// Forwards until the child is gone; then answers with the last it said.
pub(super) fn forward(mut pipe: ChildStderr, slot: usize) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut line = Vec::new();
        let mut last = String::new();
        let mut chunk = [0u8; 8192];
        while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
            for byte in &chunk[..read] {
                if *byte != b'\n' {
                    line.push(*byte);
                }
                if *byte == b'\n' || line.len() >= LONGEST {
                    say(&line, slot, &mut last);
                    line.clear();
                }
            }
        }
        if !line.is_empty() {
            say(&line, slot, &mut last);
        }
        last
    })
}

fn say(line: &[u8], slot: usize, last: &mut String) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches('\r');
    if text.is_empty() {
        return;
    }
    last.clear();
    last.extend(text.chars().take(LAST_WORDS));
    // Applications that already log JSON keep their own keys.
    if text.starts_with('{')
        && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
    {
        tracing::info!(source = "python", slot, raw = text, "{text}");
    } else {
        tracing::info!(source = "python", slot, "{text}");
    }
}

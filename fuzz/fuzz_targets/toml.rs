//! TOML: every place lies in the text.
#![no_main]

use checker::facts::document::{self, Node};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(node) = document::toml(text) {
        places(&node, text);
        let _ = node.value();
    }
});

fn places(node: &Node, text: &str) {
    assert!(text.get(node.span.start..node.span.end).is_some());
    node.items().iter().for_each(|item| places(item, text));
    node.members().iter().for_each(|member| places(&member.value, text));
}

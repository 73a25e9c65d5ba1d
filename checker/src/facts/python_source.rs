//! Python sources read into the program tree.

mod expressions;
mod locals;
pub mod names;
mod statements;
mod unbound;

use std::collections::BTreeSet;

use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use crate::facts::program::{Language, Module, too_deep};
use crate::span::Span;

/// Reads one Python file; what does not parse is left out and named in `error`.
pub fn parse(path: &str, text: &str) -> Module {
    let empty = |error| Module {
        path: path.to_owned(),
        language: Language::Python,
        body: Vec::new(),
        unbound: Vec::new(),
        called: Vec::new(),
        error,
    };
    if let Some(why) = too_deep(text) {
        return empty(Some((why.to_owned(), Span::START)));
    }
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let error = parsed.errors().first().map(|error| (error.error.to_string(), span(error.location)));
    let Some(module) = parsed.try_into_module() else { return empty(error) };
    let mut lower = Lower { outer: BTreeSet::new(), yields: false };
    let body = lower.steps(module.suite());
    let (mut unbound, mut called) = (Vec::new(), Vec::new());
    if error.is_none() {
        unbound = unbound::unbound(module.suite(), text);
        unbound.extend(locals::too_early(module.suite()));
        called = locals::called(module.suite());
    }
    Module { body, unbound, called, ..empty(error) }
}

/// Carries what a statement deep inside says about its function.
struct Lower {
    /// Names that `global` or `nonlocal` takes from outside.
    outer: BTreeSet<String>,
    /// True once a `yield` was met.
    yields: bool,
}

fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

fn span_of(node: &impl Ranged) -> Span {
    span(node.range())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::program::StepKind;

    #[test]
    fn what_parses_around_an_error_is_kept_and_the_error_is_named() {
        let module = parse("a.py", "import os\ndef (:\nx = 1\n");
        assert!(module.error.is_some());
        assert!(module.body.iter().any(|step| matches!(step.kind, StepKind::Import(_))));
    }

    #[test]
    fn a_source_that_nests_too_deeply_is_refused_and_not_parsed() {
        let deep = format!("x = {}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse("a.py", &deep).error.is_some_and(|(why, _)| why.contains("nests")));
        for (part, end) in [("1 + ", "1"), ("not ", "1"), ("1 if a else ", "1"), ("lambda: ", "1")] {
            let long = format!("x = {}{end}", part.repeat(50_000));
            assert!(parse("a.py", &long).error.is_some_and(|(why, _)| why.contains("too long")), "{part}");
        }
        let plain = "if not a:\n    b = 1 if c else 2\nelse:\n    b = not d\n".repeat(1000);
        assert!(parse("a.py", &plain).error.is_none());
    }
}

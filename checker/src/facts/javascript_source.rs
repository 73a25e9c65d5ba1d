//! JavaScript and TypeScript sources read into the program tree.

mod expressions;
mod options;
mod patterns;
mod refused;
mod statements;

pub use options::with_option;

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType};

use crate::facts::program::{Language, Module};
use crate::span::Span;

/// Reads one JavaScript or TypeScript file; the extension of `path` decides on types and JSX. What does not parse is
/// left out and named in `error`.
pub fn parse(path: &str, text: &str) -> Module {
    let empty = |error| Module {
        path: path.to_owned(),
        language: Language::JavaScript,
        body: Vec::new(),
        unbound: Vec::new(),
        called: Vec::new(),
        error,
    };
    if let Some(why) = refused::refused(text) {
        return empty(Some((why.to_owned(), Span::START)));
    }
    let kind = SourceType::from_path(path).unwrap_or_default();
    // A `.js` file may hold JSX or top-level `await`; both are harmless to allow.
    let kind = if kind.is_typescript() { kind } else { kind.with_jsx(true) };
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, kind).parse();
    let first = parsed.diagnostics.iter().next();
    let error = first.map(|error| (error.message.to_string(), Span::START));
    let mut lower = Lower { yields: false, twice: None };
    let body = lower.steps(&parsed.program.body);
    let twice = lower.twice.map(|(name, span)| (format!("`{name}` is declared twice in one scope"), span));
    Module { body, ..empty(error.or(twice)) }
}

/// What is wrong in a file that parses neither as a module nor as a script; `None` as well for a dialect, and for a file
/// that is not read at all.
pub fn syntax_error(path: &str, text: &str) -> Option<(String, Span)> {
    if refused::refused(text).is_some() || text.contains("@flow") {
        return None;
    }
    let kind = SourceType::from_path(path).ok()?;
    let kinds = if kind.is_typescript() {
        vec![kind]
    } else {
        vec![kind.with_jsx(true), kind.with_jsx(true).with_script(true), SourceType::cjs().with_jsx(true)]
    };
    let mut first = None;
    for kind in kinds {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, kind).parse();
        let error = parsed.diagnostics.iter().next()?;
        let label = error.labels.first()?;
        let at = |offset: u32| offset as usize;
        let span = Span::new(at(label.offset()), at(label.offset() + label.len()));
        first.get_or_insert((error.message.to_string(), span));
    }
    first
}

/// Carries what an expression deep inside says about its function.
struct Lower {
    /// True once a `yield` was met.
    yields: bool,
    /// The first name that one scope declares twice, which the parser lets pass.
    twice: Option<(String, Span)>,
}

fn span_of(node: &impl GetSpan) -> Span {
    let span = node.span();
    Span::new(span.start as usize, span.end as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_behind_less_than_signs_are_not_tried_for_ever() {
        for part in ["a<b<({[", "a<({[", "a<b<c<({x:["] {
            let module = parse("main.ts", &part.repeat(14));
            assert!(module.error.is_some_and(|(why, _)| why.contains("behind `<`")), "{part}");
        }
        let plain =
            "if (a < b) {\n  const x: Map<string, Array<Promise<() => { y: [] }>>> = f(c < d)\n".repeat(20);
        let module = parse("main.ts", &format!("{plain}{}", "}\n".repeat(20)));
        assert!(module.error.is_none(), "{:?}", module.error);
    }
    use crate::facts::program::StepKind;

    #[test]
    fn types_and_jsx_are_passed_over() {
        let module = parse("a.ts", "import type { A } from 'a';\nconst port: number = 3000 as number;\n");
        assert_eq!(module.error, None);
        assert!(matches!(module.body.as_slice(), [step] if matches!(step.kind, StepKind::Assign(..))));
        assert_eq!(parse("a.jsx", "const a = <b>{c}</b>;").error, None);
    }

    #[test]
    fn a_name_declared_twice_is_an_error() {
        let twice = |path: &str, text: &str| parse(path, text).error.is_some();
        assert!(twice("a.js", "r.post('/', async () => { const a = 1; b(); const { a } = c; });"));
        assert!(twice("a.mjs", "import a from 'a'; let a = 1;"));
        assert!(twice("a.ts", "const a = 1; const [b, ...a] = c;"));
        assert!(twice("a.js", "function a() {} const a = 1;"));
        for text in [
            "const a = 1; { const a = 2; } if (a) { let a = 3; } for (const a of b) {}",
            "var a = 1; var a = 2; function b() {} function b() {}",
            "switch (a) { case 1: { const b = 1; break; } case 2: { const b = 2; } }",
            "const a = 1; const f = (a) => { const b = a; };",
        ] {
            assert!(!twice("a.js", text), "{text}");
        }
        assert!(!twice(
            "a.ts",
            "class A {} interface A {} declare const b: A; function c(): void; function c() {}"
        ));
    }

    #[test]
    fn an_error_is_named_and_not_fatal() {
        assert!(parse("a.js", "const = ;").error.is_some());
    }
}

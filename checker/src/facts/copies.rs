//! What a Dockerfile copies out of the build context, and which of it is not there.

use std::rc::Rc;

use crate::facts::Facts;
use crate::facts::build_context::{Absence, BuildContext};
use crate::facts::dockerfile::{Copy, Dockerfile, InstructionKind, Spanned};
use crate::facts::service::Service;

/// A COPY or ADD source that stands for nothing in the context.
#[derive(Debug, Clone)]
pub struct Missing {
    /// The source as written.
    pub source: Spanned<String>,
    /// Why it is not there.
    pub absence: Absence,
}

/// The sources of every stage that is built: no other stage's files, no addresses, nothing with a variable.
pub fn context_sources(file: &Dockerfile) -> Vec<(&Copy, &Spanned<String>)> {
    let needed = file.needed_stages();
    let instructions = file.instructions().filter(|(stage, each)| needed.contains(stage) && !each.onbuild);
    let copies = instructions.filter_map(|(_, each)| match &each.kind {
        InstructionKind::Copy(copy) | InstructionKind::Add(copy) => Some(copy),
        _ => None,
    });
    let own = copies.filter(|copy| copy.flag("from").is_none());
    own.flat_map(|copy| copy.sources.iter().map(move |source| (copy, source)))
        .filter(|(_, source)| {
            !source.value.contains('$') && !source.value.contains("://") && !source.value.starts_with("git@")
        })
        .filter(|(_, source)| !is_git_directory(&source.value))
        .collect()
}

/// True for a source that is the directory of git itself, which is no part of any tree.
pub fn is_git_directory(source: &str) -> bool {
    let path = source.trim_start_matches("./").trim_start_matches('/');
    path == ".git" || path.starts_with(".git/")
}

/// Every possible root directory's context, with what `file` lacks there.
fn contexts<'s>(
    facts: &Facts<'s>,
    service: &Service,
    file: &Dockerfile,
) -> Vec<(Rc<BuildContext<'s>>, Vec<Missing>)> {
    let sources = context_sources(file);
    let lacks = |root: &String| {
        let context = facts.build_context(root, &file.path);
        let missing: Vec<Missing> = sources
            .iter()
            .filter(|(copy, source)| {
                !is_pattern(&source.value) && copy.flag("parents").is_none() && !is_shell(copy)
            })
            .filter(|(_, source)| !context.has(&source.value))
            .map(|(_, source)| Missing {
                source: (*source).clone(),
                absence: context.why_absent(&source.value),
            })
            .collect();
        (context, missing)
    };
    service.roots.iter().map(lacks).collect()
}

/// The context in which `file` lacks least, and what it lacks there; of equals the first possible root directory.
/// Nothing is missing when some root directory that is possible has it all.
pub fn likely<'s>(
    facts: &Facts<'s>,
    service: &Service,
    file: &Dockerfile,
) -> Option<(Rc<BuildContext<'s>>, Vec<Missing>)> {
    contexts(facts, service, file).into_iter().min_by_key(|(_, missing)| missing.len())
}

/// Every context in which `file` lacks nothing.
pub fn fitting<'s>(facts: &Facts<'s>, service: &Service, file: &Dockerfile) -> Vec<Rc<BuildContext<'s>>> {
    let whole = contexts(facts, service, file).into_iter().filter(|(_, missing)| missing.is_empty());
    whole.map(|(context, _)| context).collect()
}

/// Every context in which `file` lacks least.
pub fn equally_likely<'s>(
    facts: &Facts<'s>,
    service: &Service,
    file: &Dockerfile,
) -> Vec<Rc<BuildContext<'s>>> {
    let of_root = |root: &String| {
        let alone = Service { roots: vec![root.clone()], ..service.clone() };
        likely(facts, &alone, file).map(|(context, missing)| (missing.len(), context))
    };
    let all: Vec<_> = service.roots.iter().filter_map(of_root).collect();
    let least = all.iter().map(|(missing, _)| *missing).min().unwrap_or(0);
    all.into_iter().filter(|(missing, _)| *missing == least).map(|(_, context)| context).collect()
}

/// The likely context and what is missing there; `None` when nothing is.
pub fn missing<'s>(
    facts: &Facts<'s>,
    service: &Service,
    file: &Dockerfile,
) -> Option<(Rc<BuildContext<'s>>, Vec<Missing>)> {
    likely(facts, service, file).filter(|(_, missing)| !missing.is_empty())
}

/// True when the words of the instruction are meant for a shell, as in `COPY a b 2>/dev/null || true`.
pub fn is_shell(copy: &Copy) -> bool {
    copy.sources.iter().chain([&copy.destination]).any(|word| {
        matches!(word.value.as_str(), "||" | "&&" | ";" | "|")
            || word.value.contains("2>")
            || word.value.starts_with('>')
    })
}

/// BuildKit lets a pattern match nothing.
fn is_pattern(source: &str) -> bool {
    source.contains(['*', '?', '['])
}

//! Variables that an instruction expands although nothing in its stage sets them.

use std::collections::BTreeSet;

use super::{BuildStage, Command, Dockerfile, Instruction, InstructionKind};
use crate::facts::shell::CommandLine;

/// One use of a variable that no `ARG` or `ENV` of its stage, or of the stages that one is based on, sets.
#[derive(Debug, Clone)]
pub struct UnsetUse<'d> {
    /// Its name.
    pub name: String,
    /// Number of the stage.
    pub stage: usize,
    /// The instruction that expands it.
    pub instruction: &'d Instruction,
}

impl Dockerfile {
    /// Every use of an unset variable in the stages that are built; uses with a default of their own do not count.
    pub fn unset_uses(&self) -> Vec<UnsetUse<'_>> {
        let needed = self.needed_stages();
        let mut found = Vec::new();
        let mut sets: Vec<BTreeSet<&str>> = Vec::new();
        for (number, stage) in self.stages.iter().enumerate() {
            let mut set =
                self.base_stage(number).and_then(|base| sets.get(base).cloned()).unwrap_or_default();
            for instruction in &stage.instructions {
                if needed.contains(&number) {
                    let names =
                        expanded(&instruction.kind).into_iter().filter(|name| !set.contains(name.as_str()));
                    found.extend(names.map(|name| UnsetUse { name, stage: number, instruction }));
                }
                match &instruction.kind {
                    InstructionKind::Arg(args) => set.extend(args.iter().map(|arg| arg.name.value.as_str())),
                    InstructionKind::Env(pairs) => {
                        set.extend(pairs.iter().map(|(name, _)| name.value.as_str()));
                    }
                    _ => {}
                }
            }
            sets.push(set);
        }
        found
    }

    /// The number of the stage that stage `number` is based on; `None` when its base is an image.
    pub fn base_stage(&self, number: usize) -> Option<usize> {
        let base = self.stages.get(number)?.base.value.to_lowercase();
        let named = |stage: &BuildStage| stage.name.as_ref().is_some_and(|name| name.value == base);
        self.stages[..number].iter().rposition(named)
    }

    /// The image that stage `number` comes from in the end, as written.
    pub fn base_image(&self, number: usize) -> Option<&str> {
        let mut at = number;
        while let Some(base) = self.base_stage(at) {
            at = base;
        }
        self.stages.get(at).map(|stage| stage.base.value.as_str())
    }
}

/// Names without a default that the instruction expands.
fn expanded(kind: &InstructionKind) -> Vec<String> {
    match kind {
        InstructionKind::Env(pairs) => pairs.iter().flat_map(|(_, value)| names(&value.value)).collect(),
        InstructionKind::Copy(copy) | InstructionKind::Add(copy) => {
            let words = copy.sources.iter().chain([&copy.destination]);
            words.flat_map(|word| names(&word.value)).collect()
        }
        InstructionKind::Workdir(word) | InstructionKind::User(word) => names(&word.value),
        InstructionKind::Run(run) => match &run.command {
            Command::Shell(script) if run.heredocs.is_empty() => of_script(&script.value),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Names that a script expands and does not set itself.
fn of_script(script: &str) -> Vec<String> {
    let line = CommandLine::read(script);
    let used = line.expansions.iter().filter_map(|range| script.get(range.clone())).flat_map(names);
    used.filter(|name| !assigns(script, name)).collect()
}

fn assigns(script: &str, name: &str) -> bool {
    script.match_indices(name).any(|(at, _)| {
        let before = script[..at].trim_end_matches(['"', '\'']);
        let after = &script[at + name.len()..];
        let begins = before.is_empty() || before.ends_with([' ', '\t', ';', '&', '|', '(', '\n']);
        let word = before.trim_end().rsplit([' ', '\t', ';', '(']).next().unwrap_or_default();
        begins
            && (after.starts_with('=') || after.starts_with("+=") || matches!(word, "for" | "read" | "local"))
    })
}

/// The names of `$NAME` and `${NAME}` in `text`; one with a default or another change is left out.
fn names(text: &str) -> Vec<String> {
    let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let found = text.match_indices('$').filter_map(|(at, _)| {
        let escaped = text[..at].ends_with('\\');
        let rest = &text[at + 1..];
        let (body, braced) = rest.strip_prefix('{').map_or((rest, false), |body| (body, true));
        let end = body.find(|char| !word(char)).unwrap_or(body.len());
        let name = &body[..end];
        let plain = !braced || body[end..].starts_with('}');
        let named = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        (!escaped && plain && named).then(|| name.to_owned())
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    fn unset(text: &str) -> Vec<String> {
        parse("Dockerfile", text).unset_uses().into_iter().map(|each| each.name).collect()
    }

    #[test]
    fn what_a_stage_or_its_base_sets_is_set() {
        let file =
            "ARG A=1\nFROM x AS base\nARG B\nENV C=$B\nFROM base\nRUN echo $A $B ${C} ${D:-1} '$E' \\$F\n";
        assert_eq!(unset(file), ["A"]);
    }

    #[test]
    fn a_script_sets_its_own_names() {
        assert_eq!(
            unset("FROM x\nRUN V=1 && echo $V; for i in a b; do echo $i; done; read w; echo $w $X\n"),
            ["X"]
        );
        assert_eq!(unset("FROM x\nCOPY ${DIR}/a /b\nWORKDIR $HERE\n"), ["DIR", "HERE"]);
    }
}

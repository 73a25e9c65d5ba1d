//! From logical lines to instructions, going on after a bad one.

use super::lines::{Lines, Logical};
use super::words::{self, Opening};
use super::{
    Arg, BuildStage, Command, Copy, Dockerfile, Heredoc, Instruction, InstructionKind, Run, Spanned,
};
use crate::span::Span;

/// Reads one Dockerfile. The text has no byte order mark.
pub fn parse(path: &str, text: &str) -> Dockerfile {
    let mut file = Dockerfile { path: path.to_owned(), escape: '\\', ..Dockerfile::default() };
    let body = directives(text, &mut file);
    let mut parser = Parser { lines: Lines::new(text, body, file.escape), escape: file.escape, file };
    while let Some(line) = parser.lines.logical() {
        parser.instruction(&line);
    }
    let mut file = parser.file;
    if file.stages.is_empty() && file.errors.is_empty() {
        file.errors.push(Spanned { value: "the file has no FROM instruction".into(), span: Span::START });
    }
    file
}

/// Reads the `# name=value` lines at the top; returns where the rest begins.
fn directives(text: &str, file: &mut Dockerfile) -> usize {
    let mut lines = Lines::new(text, 0, '\\');
    let mut rest = 0;
    while let Some((line, offset)) = lines.physical() {
        let Some((name, value)) = line.trim_start().strip_prefix('#').and_then(|body| body.split_once('='))
        else {
            break;
        };
        let (name, value) = (name.trim(), value.trim());
        let start = offset + line.rfind(value).unwrap_or(0);
        match name.to_ascii_lowercase().as_str() {
            "syntax" => {
                let span = Span::new(start, start + value.len());
                file.syntax = Some(Spanned { value: value.to_owned(), span });
            }
            "escape" if value == "`" => file.escape = '`',
            "escape" if value == "\\" => file.escape = '\\',
            "escape" => file.errors.push(Spanned {
                value: format!("escape directive '{value}' is neither a backslash nor a backtick"),
                span: Span::new(start, start + value.len()),
            }),
            "check" => {}
            _ => break,
        }
        rest = lines.offset();
    }
    rest
}

struct Parser<'t> {
    lines: Lines<'t>,
    escape: char,
    file: Dockerfile,
}

type Parsed<T> = Result<T, Spanned<String>>;

impl Parser<'_> {
    fn instruction(&mut self, line: &Logical) {
        let keyword_end = line.text.find(char::is_whitespace).unwrap_or(line.text.len());
        let keyword = Spanned { value: line.text[..keyword_end].to_owned(), span: line.span(0..keyword_end) };
        let rest = line.slice(keyword_end..line.text.len()).trimmed();
        let upper = keyword.value.to_ascii_uppercase();
        let outcome = match upper.as_str() {
            "FROM" => self.from(line, &rest),
            "ARG" if self.file.stages.is_empty() => {
                self.args(&rest).map(|args| self.file.global_args.extend(args))
            }
            _ => self.inside_stage(line, keyword, &upper, &rest),
        };
        if let Err(error) = outcome {
            self.file.errors.push(error);
        }
    }

    fn from(&mut self, line: &Logical, rest: &Logical) -> Parsed<()> {
        let (flags, rest) = words::flags(rest, self.escape);
        let parts: Vec<_> = words::plain_words(&rest.text)
            .into_iter()
            .map(|range| (rest.text[range.clone()].to_owned(), rest.span(range)))
            .collect();
        let mut stage = BuildStage {
            span: line.whole(),
            base: Spanned { value: String::new(), span: line.whole() },
            name: None,
            platform: None,
            instructions: Vec::new(),
        };
        let platform = flags.into_iter().find(|flag| flag.name == "platform");
        stage.platform = platform.and_then(|flag| Some(Spanned { value: flag.value?, span: flag.span }));
        let outcome = match parts.as_slice() {
            [base] => {
                stage.base = Spanned { value: base.0.clone(), span: base.1 };
                Ok(())
            }
            [base, with, name] if with.0.eq_ignore_ascii_case("as") => {
                stage.base = Spanned { value: base.0.clone(), span: base.1 };
                stage.name = Some(Spanned { value: name.0.to_lowercase(), span: name.1 });
                Ok(())
            }
            _ => Err(fault(line, "FROM takes an image, or an image AS a name")),
        };
        self.file.stages.push(stage);
        outcome
    }

    fn inside_stage(
        &mut self,
        line: &Logical,
        keyword: Spanned<String>,
        upper: &str,
        rest: &Logical,
    ) -> Parsed<()> {
        let (upper, rest, onbuild) = if upper == "ONBUILD" {
            let end = rest.text.find(char::is_whitespace).unwrap_or(rest.text.len());
            (rest.text[..end].to_ascii_uppercase(), rest.slice(end..rest.text.len()).trimmed(), true)
        } else {
            (upper.to_owned(), rest.clone(), false)
        };
        let openings = match upper.as_str() {
            "RUN" | "COPY" | "ADD" if words::json_array(&rest).is_none() => {
                words::heredocs(&rest.text, self.escape)
            }
            _ => Vec::new(),
        };
        let heredocs = self.read_heredocs(&rest, openings)?;
        let end = heredocs.last().map_or(line.whole().end, |_| self.lines.offset());
        let kind = self.kind(&upper, &keyword, &rest, heredocs)?;
        let span = Span::new(line.whole().start, end.max(line.whole().end));
        let Some(stage) = self.file.stages.last_mut() else {
            return Err(Spanned {
                value: format!("{upper} comes before the first FROM"),
                span: keyword.span,
            });
        };
        stage.instructions.push(Instruction { span, keyword, kind, onbuild });
        Ok(())
    }

    /// Reads the bodies. `<< EOF` with a blank counts only when its end is found: it may be a shift in arithmetic.
    fn read_heredocs(&mut self, rest: &Logical, openings: Vec<Opening>) -> Parsed<Vec<(Heredoc, Opening)>> {
        let mut read = Vec::new();
        for opening in openings {
            match self.lines.heredoc(&opening.name, opening.strip_tabs) {
                Some((body, span)) => {
                    let heredoc =
                        Heredoc { name: opening.name.clone(), body, span, expands: opening.expands };
                    read.push((heredoc, opening));
                }
                None if opening.spaced => {}
                None => {
                    let span = rest.span(opening.place.clone());
                    return Err(Spanned {
                        value: format!("heredoc '{}' is never closed", opening.name),
                        span,
                    });
                }
            }
        }
        Ok(read)
    }

    fn kind(
        &self,
        upper: &str,
        keyword: &Spanned<String>,
        rest: &Logical,
        heredocs: Vec<(Heredoc, Opening)>,
    ) -> Parsed<InstructionKind> {
        let need = |what: &str| {
            if rest.text.is_empty() {
                Err(Spanned { value: format!("{upper} needs {what}"), span: keyword.span })
            } else {
                Ok(())
            }
        };
        Ok(match upper {
            "ARG" => InstructionKind::Arg(self.args(rest)?),
            "ENV" => {
                need("a name and a value")?;
                InstructionKind::Env(self.env(rest)?)
            }
            "LABEL" | "MAINTAINER" => InstructionKind::Label,
            "COPY" => InstructionKind::Copy(self.copy(upper, keyword, rest, heredocs)?),
            "ADD" => InstructionKind::Add(self.copy(upper, keyword, rest, heredocs)?),
            "RUN" => {
                need("a command")?;
                let (flags, rest) = words::flags(rest, self.escape);
                let heredocs = heredocs.into_iter().map(|(heredoc, _)| heredoc).collect();
                InstructionKind::Run(Run { flags, command: command(&rest), heredocs })
            }
            "CMD" => InstructionKind::Cmd(command(rest)),
            "ENTRYPOINT" => InstructionKind::Entrypoint(command(rest)),
            "WORKDIR" => {
                need("a path")?;
                InstructionKind::Workdir(self.single(rest))
            }
            "USER" => {
                need("a user")?;
                InstructionKind::User(self.single(rest))
            }
            "STOPSIGNAL" => {
                need("a signal")?;
                InstructionKind::StopSignal(self.single(rest))
            }
            "EXPOSE" => {
                need("a port")?;
                InstructionKind::Expose(list(rest))
            }
            "VOLUME" => {
                need("a path")?;
                InstructionKind::Volume(words::json_array(rest).unwrap_or_else(|| list(rest)))
            }
            "HEALTHCHECK" => {
                need("CMD or NONE")?;
                InstructionKind::Healthcheck(self.healthcheck(keyword, rest)?)
            }
            "SHELL" => {
                let shell = words::json_array(rest)
                    .ok_or_else(|| fault(rest, "SHELL takes a JSON array of strings"))?;
                InstructionKind::Shell(shell.into_iter().map(|word| word.value).collect())
            }
            "ONBUILD" => {
                return Err(Spanned {
                    value: "ONBUILD cannot hold another ONBUILD".into(),
                    span: keyword.span,
                });
            }
            _ => {
                let value = format!("'{}' is not a Dockerfile instruction", keyword.value);
                return Err(Spanned { value, span: keyword.span });
            }
        })
    }

    fn single(&self, rest: &Logical) -> Spanned<String> {
        Spanned { value: words::unquote(&rest.text, self.escape), span: rest.whole() }
    }

    fn args(&self, rest: &Logical) -> Parsed<Vec<Arg>> {
        let words = words::quoted_words(&rest.text, self.escape);
        if words.is_empty() {
            return Err(fault(rest, "ARG needs a name"));
        }
        Ok(words
            .into_iter()
            .map(|range| self.pair(rest, range))
            .map(|(name, default)| Arg { name, default })
            .collect())
    }

    fn pair(
        &self,
        rest: &Logical,
        range: std::ops::Range<usize>,
    ) -> (Spanned<String>, Option<Spanned<String>>) {
        let word = &rest.text[range.clone()];
        let name_end = word.find('=').map_or(range.end, |at| range.start + at);
        let spanned = |range: std::ops::Range<usize>| Spanned {
            value: words::unquote(&rest.text[range.clone()], self.escape),
            span: rest.span(range),
        };
        let value = (name_end < range.end).then(|| spanned(name_end + 1..range.end));
        (spanned(range.start..name_end), value)
    }

    fn env(&self, rest: &Logical) -> Parsed<Vec<(Spanned<String>, Spanned<String>)>> {
        let words = words::quoted_words(&rest.text, self.escape);
        let first = words.first().cloned().unwrap_or(0..0);
        if !rest.text[first.clone()].contains('=') {
            let value = rest.slice(first.end..rest.text.len()).trimmed();
            if value.text.is_empty() {
                return Err(fault(rest, "ENV needs a value behind the name"));
            }
            let name = Spanned { value: rest.text[first.clone()].to_owned(), span: rest.span(first) };
            return Ok(vec![(name, self.single(&value))]);
        }
        let mut pairs = Vec::new();
        for range in words {
            match self.pair(rest, range.clone()) {
                (name, Some(value)) => pairs.push((name, value)),
                (name, None) => {
                    return Err(Spanned {
                        value: format!("ENV: '{}' has no '='", name.value),
                        span: name.span,
                    });
                }
            }
        }
        Ok(pairs)
    }

    fn copy(
        &self,
        upper: &str,
        keyword: &Spanned<String>,
        rest: &Logical,
        heredocs: Vec<(Heredoc, Opening)>,
    ) -> Parsed<Copy> {
        let (flags, operands) = words::flags(rest, self.escape);
        let openings: Vec<Span> =
            heredocs.iter().map(|(_, opening)| rest.span(opening.place.clone())).collect();
        let mut items = words::json_array(&operands).unwrap_or_else(|| list(&operands));
        items.retain(|item| {
            !openings.iter().any(|place| place.start <= item.span.start && item.span.end <= place.end)
        });
        let heredocs: Vec<Heredoc> = heredocs.into_iter().map(|(heredoc, _)| heredoc).collect();
        let destination = items.pop();
        match destination {
            Some(destination) if !items.is_empty() || !heredocs.is_empty() => {
                Ok(Copy { flags, sources: items, heredocs, destination })
            }
            _ => {
                let end = operands.whole().end.max(keyword.span.end);
                Err(Spanned {
                    value: format!("{upper} needs at least one source and a destination"),
                    span: Span::new(keyword.span.start, end),
                })
            }
        }
    }

    fn healthcheck(&self, keyword: &Spanned<String>, rest: &Logical) -> Parsed<Option<Command>> {
        let (_, rest) = words::flags(rest, self.escape);
        let end = rest.text.find(char::is_whitespace).unwrap_or(rest.text.len());
        match rest.text[..end].to_ascii_uppercase().as_str() {
            "NONE" => Ok(None),
            "CMD" => Ok(Some(command(&rest.slice(end..rest.text.len()).trimmed()))),
            _ => Err(Spanned {
                value: "HEALTHCHECK takes CMD and a command, or NONE".into(),
                span: keyword.span,
            }),
        }
    }
}

fn fault(line: &Logical, message: &str) -> Spanned<String> {
    Spanned { value: message.to_owned(), span: line.whole() }
}

fn list(rest: &Logical) -> Vec<Spanned<String>> {
    let words = words::plain_words(&rest.text).into_iter();
    words
        .map(|range| Spanned { value: rest.text[range.clone()].to_owned(), span: rest.span(range) })
        .collect()
}

/// A JSON array of strings is the exec form; anything else is run by a shell, even an array with a slip in it.
fn command(rest: &Logical) -> Command {
    match words::json_array(rest) {
        Some(words) => Command::Exec(words, rest.whole()),
        None => Command::Shell(Spanned { value: rest.text.clone(), span: rest.whole() }),
    }
}

//! Files that the handlers of Python's `logging` open while a program is loaded.

use super::links::parts;
use super::paths::{PathValue, Paths, Place};
use crate::facts::program::{Call, Expr, ExprKind, Module, Operator, Step, StepKind, Target};
use crate::span::Span;

/// One file of a log.
pub struct LogFile {
    /// Its directory.
    pub dir: Place,
    /// Where the path is written.
    pub span: Span,
    /// The function at the top of the module that opens it; `None` is the module itself.
    pub function: Option<String>,
}

/// Every file of a log that `module` opens under no condition, with a directory in its path.
pub fn log_files(module: &Module) -> Vec<LogFile> {
    let mut scan = Scan { paths: Paths::new(module), found: Vec::new(), function: None };
    scan.steps(&module.body);
    scan.found
}

struct Scan {
    paths: Paths,
    found: Vec<LogFile>,
    function: Option<String>,
}

impl Scan {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.kind {
                StepKind::Run(value) | StepKind::Return(Some(value)) => self.expr(value),
                StepKind::Assign(target, value) => {
                    if let Target::Name(name, _) = target {
                        self.paths.bind(name, value);
                    }
                    self.expr(value);
                }
                StepKind::Function(function) if self.function.is_none() => {
                    self.function = Some(function.name.clone());
                    self.steps(&function.body);
                    self.function = None;
                }
                _ => {}
            }
        }
    }

    fn expr(&mut self, value: &Expr) {
        let file = match &value.kind {
            ExprKind::Map(entries, _) => handler(entries),
            ExprKind::Call(call) => opened(call),
            _ => None,
        };
        if let Some(file) = file
            && let Some(dir) = self.directory(file)
        {
            self.found.push(LogFile { dir, span: file.span, function: self.function.clone() });
        }
        for part in parts(value) {
            self.expr(part);
        }
    }

    /// The directory of the path that `file` is.
    fn directory(&self, file: &Expr) -> Option<Place> {
        let above = |path: &str| Some(path.rsplit_once('/')?.0.to_owned()).filter(|dir| !dir.is_empty());
        match self.paths.eval(file).and_then(PathValue::written) {
            Some(Place::Beside(path)) => above(&path).map(Place::Beside),
            Some(Place::Working(path)) => above(&path).map(Place::Working),
            None => {
                let (path, _) = self.plain(file)?;
                let path = path.strip_prefix("./").unwrap_or(&path);
                above(path).filter(|dir| !path.starts_with('/') && !dir.contains("..")).map(Place::Working)
            }
        }
    }

    /// The text of a path, and whether that is all of it.
    fn plain(&self, value: &Expr) -> Option<(String, bool)> {
        let glue = |parts: &[&Expr], with: &str| {
            let mut text = String::new();
            for (at, part) in parts.iter().enumerate() {
                let next = self.plain(part);
                if at > 0 {
                    text.push_str(with);
                }
                match next {
                    Some((next, true)) => text.push_str(&next),
                    Some((next, false)) => return Some((text + &next, false)),
                    None => return (at > 0).then_some((text, false)),
                }
            }
            Some((text, true))
        };
        match &value.kind {
            ExprKind::Text(text) => Some((text.clone(), true)),
            ExprKind::Name(_) => Some((self.paths.text(value)?, true)),
            ExprKind::Template(list) => glue(&list.iter().collect::<Vec<_>>(), ""),
            ExprKind::Binary(Operator::Divide, sides) => glue(&[&sides.0, &sides.1], "/"),
            ExprKind::Binary(Operator::Add, sides) => glue(&[&sides.0, &sides.1], ""),
            ExprKind::Call(call) => match &call.callee.kind {
                ExprKind::Member(_, name) | ExprKind::Name(name)
                    if matches!(name.as_str(), "join" | "Path" | "str") =>
                {
                    glue(&call.args.iter().collect::<Vec<_>>(), "/")
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// The path in the entry of a handler in a configuration.
fn handler(entries: &[(String, Expr)]) -> Option<&Expr> {
    let named = |key: &str| entries.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    let class = named("class").filter(|_| named("delay").is_none())?;
    matches!(&class.kind, ExprKind::Text(text) if text.ends_with("FileHandler")).then(|| named("filename"))?
}

/// The path that a call opens.
fn opened(call: &Call) -> Option<&Expr> {
    let (ExprKind::Member(_, name) | ExprKind::Name(name)) = &call.callee.kind else { return None };
    let named = |key: &str| call.named.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    match name.as_str() {
        "basicConfig" => named("filename"),
        "FileHandler" | "RotatingFileHandler" | "TimedRotatingFileHandler" | "WatchedFileHandler" => {
            named("filename").or(call.args.first()).filter(|_| named("delay").is_none())
        }
        _ => None,
    }
}

//! Paths that a module computes from its own place: `path.join(__dirname, "x")`, `Path(__file__).parent / "x"`.

use std::collections::BTreeMap;

use crate::facts::program::{Call, Expr, ExprKind, Module, Operator};

/// A path relative to a known place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// From the directory of the module, `..` resolved against it by whoever asks.
    Beside(String),
    /// From the working directory.
    Working(String),
}

/// What an expression evaluates to, as far as paths go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathValue {
    /// A text.
    Text(String),
    /// Below the module's directory; true once a text was added to it.
    Beside(String, bool),
    /// Below the working directory.
    Working(String, bool),
}

impl PathValue {
    /// The place, when the program wrote a name into it.
    pub(super) fn written(self) -> Option<Place> {
        match self {
            Self::Beside(path, true) => Some(Place::Beside(path)),
            Self::Working(path, true) => Some(Place::Working(path)),
            _ => None,
        }
    }
}

/// Evaluates path expressions of one module.
pub(super) struct Paths {
    names: BTreeMap<String, PathValue>,
    file: String,
}

impl Paths {
    pub(super) fn new(module: &Module) -> Self {
        let file = module.path.rsplit('/').next().unwrap_or_default().to_owned();
        Self { names: BTreeMap::new(), file }
    }

    /// Remembers what a top-level name stands for.
    pub(super) fn bind(&mut self, name: &str, value: &Expr) {
        match self.eval(value) {
            Some(value) => self.names.insert(name.to_owned(), value),
            None => self.names.remove(name),
        };
    }

    /// The value of `expr`; `None` when it is no path.
    pub(super) fn eval(&self, expr: &Expr) -> Option<PathValue> {
        match &expr.kind {
            ExprKind::Text(text) => Some(PathValue::Text(text.clone())),
            ExprKind::Name(name) => match name.as_str() {
                "__dirname" => Some(PathValue::Beside(String::new(), false)),
                "__filename" | "__file__" => Some(PathValue::Beside(self.file.clone(), false)),
                name => self.names.get(name).filter(|value| !matches!(value, PathValue::Text(_))).cloned(),
            },
            ExprKind::Member(inner, name) => self.member(inner, name),
            ExprKind::Index(list, at) => self.parents(list, at),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Await(inner) => self.eval(inner),
            ExprKind::Binary(Operator::Divide | Operator::Add, sides) => self.joined(&sides.0, &sides.1),
            ExprKind::Template(list) => {
                let (first, rest) = list.split_first()?;
                let (first, rest) = match &first.kind {
                    ExprKind::Text(text) if text.is_empty() => rest.split_first()?,
                    _ => (first, rest),
                };
                rest.iter().try_fold(self.eval(first)?, |base, part| added(base, &self.text(part)?))
            }
            _ => None,
        }
        .filter(|value| !matches!(value, PathValue::Text(_)) || matches!(expr.kind, ExprKind::Text(_)))
    }

    /// A text, written there or under a name.
    pub(super) fn text(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Text(text) => Some(text.clone()),
            ExprKind::Name(name) => match self.names.get(name)? {
                PathValue::Text(text) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn member(&self, inner: &Expr, name: &str) -> Option<PathValue> {
        if matches!(&inner.kind, ExprKind::Name(meta) if meta == "import.meta") {
            return match name {
                "url" | "filename" => Some(PathValue::Beside(self.file.clone(), false)),
                "dirname" | "dir" => Some(PathValue::Beside(String::new(), false)),
                _ => None,
            };
        }
        match name {
            "parent" => parent(self.eval(inner)?),
            "href" | "pathname" => self.eval(inner),
            _ => None,
        }
    }

    /// `path.parents[n]`.
    fn parents(&self, list: &Expr, at: &Expr) -> Option<PathValue> {
        let (ExprKind::Member(inner, name), ExprKind::Number(number)) = (&list.kind, &at.kind) else {
            return None;
        };
        if name != "parents" || !(0.0..16.0).contains(number) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        let steps = *number as usize + 1;
        (0..steps).try_fold(self.eval(inner)?, |value, _| parent(value))
    }

    fn joined(&self, base: &Expr, more: &Expr) -> Option<PathValue> {
        added(self.eval(base)?, &self.text(more)?)
    }

    fn call(&self, call: &Call) -> Option<PathValue> {
        let (owner, name) = match &call.callee.kind {
            ExprKind::Name(name) => (None, name.as_str()),
            ExprKind::Member(owner, name) => (Some(owner.as_ref()), name.as_str()),
            _ => return None,
        };
        let first = call.args.first();
        match name {
            "dirname" => parent(self.eval(first?)?),
            "fileURLToPath" | "realpathSync" | "abspath" | "realpath" | "normpath" | "Path" | "PurePath"
            | "str" | "fspath" | "pathToFileURL" | "String" => self.eval(first?),
            "cwd" | "getcwd" if call.args.is_empty() => Some(PathValue::Working(String::new(), false)),
            "URL" if call.new => added(parent(self.eval(call.args.get(1)?)?)?, &self.text(first?)?),
            "resolve" | "absolute" if call.args.is_empty() => self.eval(owner?),
            "joinpath" => {
                call.args.iter().try_fold(self.eval(owner?)?, |base, more| added(base, &self.text(more)?))
            }
            "join" | "resolve" => {
                let (first, rest) = call.args.split_first()?;
                let base = match self.eval(first)? {
                    PathValue::Text(text) if name == "resolve" && !text.starts_with('/') => {
                        PathValue::Working(text, true)
                    }
                    PathValue::Text(_) => return None,
                    base => base,
                };
                rest.iter().try_fold(base, |base, more| added(base, &self.text(more)?))
            }
            _ => None,
        }
    }
}

fn parent(value: PathValue) -> Option<PathValue> {
    let up = |path: String| match path.rsplit_once('/') {
        Some((_, "..")) => format!("{path}/.."),
        Some((dir, _)) => dir.to_owned(),
        None if path.is_empty() || path == ".." => glued(&path, ".."),
        None => String::new(),
    };
    match value {
        PathValue::Beside(path, written) => Some(PathValue::Beside(up(path), written)),
        PathValue::Working(path, written) => Some(PathValue::Working(up(path), written)),
        PathValue::Text(_) => None,
    }
}

fn added(base: PathValue, more: &str) -> Option<PathValue> {
    // A text that begins with a slash is another root in `resolve`, and glued on in a template.
    let more = more.trim_start_matches('/');
    if more.contains(['*', '?', '{', '\n']) {
        return None;
    }
    let named = more.split('/').any(|part| !matches!(part, "" | "." | ".."));
    match base {
        PathValue::Beside(path, written) => Some(PathValue::Beside(glued(&path, more), written || named)),
        PathValue::Working(path, written) => Some(PathValue::Working(glued(&path, more), written || named)),
        PathValue::Text(_) => None,
    }
}

/// `more` behind `path`; a `..` takes back a name and is kept where there is none.
fn glued(path: &str, more: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    for part in more.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::links::{To, links};
    use super::*;
    use crate::facts::{javascript_source, python_source};

    fn places(path: &str, text: &str) -> Vec<String> {
        let module = if path.ends_with(".py") {
            python_source::parse(path, text)
        } else {
            javascript_source::parse(path, text)
        };
        let spelled = |to| match to {
            To::Path(Place::Beside(path)) => Some(format!("./{path}")),
            To::Path(Place::Working(path)) => Some(format!("cwd/{path}")),
            _ => None,
        };
        links(&module).into_iter().filter_map(|link| spelled(link.to)).collect()
    }

    #[test]
    fn javascript_paths_are_computed() {
        let text = "const here = dirname(fileURLToPath(import.meta.url));\nconst a = resolve(here, '../../docs/x.yaml');\n
            fork(path.join(__dirname, 'child.js')); new URL('./w.js', import.meta.url); read(`${__dirname}/t.html`);
            path.join(process.cwd(), 'data', 'a.json'); path.join(dir, 'z');";
        assert_eq!(
            places("s/a.mjs", text),
            ["./../../docs/x.yaml", "./child.js", "./w.js", "./t.html", "cwd/data/a.json"]
        );
    }

    #[test]
    fn python_paths_are_computed() {
        let text = "HERE = Path(__file__).resolve().parent\na = HERE / 'x' / 'y.json'\nb = os.path.join(os.path.dirname(__file__), '..', 'z.txt')\nc = Path(__file__).parents[1] / 'q.md'\n";
        assert_eq!(places("s/a.py", text), ["./x/y.json", "./../z.txt", "./../q.md"]);
    }
}

//! One small tree for Python and JavaScript programs: what matters for the order of start-up, and nothing of types.

use std::rc::Rc;

use crate::span::Span;

/// The language a module is written in; the walk differs in scopes, exceptions and libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Python 3.
    Python,
    /// JavaScript or TypeScript.
    JavaScript,
}

/// One source file.
#[derive(Debug, Clone)]
pub struct Module {
    /// Path in the tree.
    pub path: String,
    /// Its language.
    pub language: Language,
    /// Top-level steps in order.
    pub body: Vec<Step>,
    /// Python: names that are looked up whenever it is loaded, and that nothing in it binds.
    pub unbound: Vec<Unbound>,
    /// Python: functions that are called while it is loaded, and those only where it is run itself.
    pub called: Vec<(String, bool)>,
    /// The first thing that did not parse; the steps around it are still there.
    pub error: Option<(String, Span)>,
}

/// A name that nothing binds.
#[derive(Debug, Clone)]
pub struct Unbound {
    /// The name.
    pub name: String,
    /// Where it is looked up first.
    pub span: Span,
    /// True when it stands in an annotation, which Python 3.14 and later do not evaluate at once.
    pub annotation: bool,
    /// True when a condition decides whether it is looked up.
    pub sometimes: bool,
    /// The function in which it is bound later only, so that Python takes it for one of its own; `None` is the module.
    pub function: Option<String>,
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// Its bytes.
    pub span: Span,
}

/// The parts of a statement.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// An expression for its effect.
    Run(Expr),
    /// `target = value`, and every declaration with a value.
    Assign(Target, Expr),
    /// `if`, with both blocks.
    If(Expr, Vec<Step>, Vec<Step>),
    /// `while`, `do … while` and the counting `for`.
    While(Box<While>),
    /// `for target in items`, and the steps that run when it was not left by `break`.
    Each(Target, Expr, Vec<Step>, Vec<Step>),
    /// `try`.
    Try(Box<Try>),
    /// `return`.
    Return(Option<Expr>),
    /// `raise` or `throw`; nothing means the exception in hand.
    Raise(Option<Expr>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// An import and the names it binds.
    Import(Import),
    /// `with`, one context after the other.
    With(Vec<(Expr, Option<Target>)>, Vec<Step>),
    /// A function that is given a name, decorators applied.
    Function(Rc<Function>),
    /// A class that is given a name.
    Class(Rc<Class>),
    /// `switch` or `match`: the subject, and cases whose test is `None` when they take anything.
    Switch(Expr, Vec<(Option<Expr>, Vec<Step>)>),
    /// Steps in braces.
    Block(Vec<Step>),
    /// Names under which local names are exported: (local, exported).
    Export(Vec<(String, String)>),
}

/// A loop with a test.
#[derive(Debug, Clone)]
pub struct While {
    /// Goes on while this holds; `None` is for ever.
    pub test: Option<Expr>,
    /// Runs after each turn.
    pub update: Option<Expr>,
    /// The body.
    pub body: Vec<Step>,
    /// Runs when the test fails.
    pub otherwise: Vec<Step>,
    /// True when the body runs before the first test.
    pub body_first: bool,
}

/// `try` and what follows it.
#[derive(Debug, Clone)]
pub struct Try {
    /// What may raise.
    pub body: Vec<Step>,
    /// Handlers in order.
    pub handlers: Vec<Handler>,
    /// Runs when nothing was raised.
    pub otherwise: Vec<Step>,
    /// Runs in any case.
    pub finally: Vec<Step>,
}

/// `except` or `catch`.
#[derive(Debug, Clone)]
pub struct Handler {
    /// The exception types; `None` takes everything.
    pub catches: Option<Expr>,
    /// The name the exception gets.
    pub name: Option<String>,
    /// What is done.
    pub body: Vec<Step>,
}

/// An import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The module as written, without leading dots.
    pub module: String,
    /// Leading dots of a relative Python import; 0 in JavaScript, where a path says it.
    pub level: u32,
    /// What it binds: (name inside the module, local name); an empty inner name is the module itself, `*` everything.
    pub names: Vec<(String, String)>,
    /// True for `from … import`, where an inner name may be a module of its own.
    pub from: bool,
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its bytes.
    pub span: Span,
}

/// The parts of an expression.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A string without holes.
    Text(String),
    /// A string with holes.
    Template(Vec<Expr>),
    /// A number.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// `None`, `null`, `undefined`.
    Null,
    /// A name.
    Name(String),
    /// `object.name`.
    Member(Box<Expr>, String),
    /// `object[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// A call.
    Call(Box<Call>),
    /// `await value`.
    Await(Box<Expr>),
    /// A function without a name of its own.
    Function(Rc<Function>),
    /// A class without a name of its own.
    Class(Rc<Class>),
    /// A list, tuple or array.
    List(Vec<Expr>),
    /// A dictionary or object with literal keys; true when other keys are possible.
    Map(Vec<(String, Expr)>, bool),
    /// `then if test else otherwise`: test, then, otherwise.
    Choose(Box<(Expr, Expr, Expr)>),
    /// `left and right`.
    And(Box<(Expr, Expr)>),
    /// `left or right`.
    Or(Box<(Expr, Expr)>),
    /// `left ?? right`.
    Coalesce(Box<(Expr, Expr)>),
    /// Two operands.
    Binary(Operator, Box<(Expr, Expr)>),
    /// `not value`.
    Not(Box<Expr>),
    /// An assignment inside an expression.
    Assign(Box<(Target, Expr)>),
    /// `require` or a dynamic `import` of a literal module.
    Import(String),
    /// `yield`.
    Yield(Option<Box<Expr>>),
    /// `...items` or `*items`.
    Spread(Box<Expr>),
    /// Anything else; its parts are still evaluated.
    Opaque(Vec<Expr>),
}

/// Operators the walk can compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its name")]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Is,
    IsNot,
    In,
    NotIn,
    Other,
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called.
    pub callee: Expr,
    /// Positional arguments.
    pub args: Vec<Expr>,
    /// Named arguments of Python; `**` is named by the empty string.
    pub named: Vec<(String, Expr)>,
    /// True behind `new`.
    pub new: bool,
}

/// Where a value goes.
#[derive(Debug, Clone)]
pub enum Target {
    /// A name; true when it is a declaration of the scope, false when an outer name may be meant.
    Name(String, bool),
    /// `object.name`.
    Member(Expr, String),
    /// `object[index]`.
    Index(Expr, Expr),
    /// A list of targets.
    List(Vec<Target>),
    /// Keys of an object, with the default when the key is absent.
    Map(Vec<(String, Target, Option<Expr>)>),
    /// Nowhere.
    Nothing,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Where the argument goes.
    pub target: Target,
    /// Its name, empty for a pattern.
    pub name: String,
    /// Its default.
    pub default: Option<Expr>,
    /// True when it collects the remaining arguments.
    pub rest: bool,
}

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name, empty when it has none.
    pub name: String,
    /// Its parameters in order.
    pub parameters: Vec<Parameter>,
    /// Its body; an arrow's expression is a `return`.
    pub body: Vec<Step>,
    /// True when calling it gives something to await.
    pub is_async: bool,
    /// True when it yields.
    pub is_generator: bool,
    /// Decorators, outermost first.
    pub decorators: Vec<Expr>,
    /// True for a method that takes no instance.
    pub is_static: bool,
    /// Its bytes.
    pub span: Span,
}

/// A class.
#[derive(Debug, Clone)]
pub struct Class {
    /// Its name, empty when it has none.
    pub name: String,
    /// Its bases in order.
    pub bases: Vec<Expr>,
    /// Its methods; `constructor` and `__init__` are both called `__init__` here.
    pub methods: Vec<Rc<Function>>,
    /// Its fields with their first values.
    pub fields: Vec<(String, Option<Expr>)>,
    /// Its bytes.
    pub span: Span,
}

/// Deepest nesting of brackets that is handed to a parser; real sources stay under 40.
const NESTING_LIMIT: usize = 100;
/// Longest chain of operators in one expression that is handed to a parser.
const CHAIN_LIMIT: usize = 400;
/// Open `<` with brackets behind them, one inside the other, that are handed to a parser.
const DOUBT_LIMIT: usize = 10;
const TOO_LONG: &str = "one of its expressions is too long to be read safely";

/// Why `text` is not handed to a recursive parser: brackets, blanks or operators nest too deeply.
pub fn too_deep(text: &str) -> Option<&'static str> {
    let (mut depth, mut chain, mut blanks, mut at_line_start) = (0_usize, 0_usize, 0_usize, true);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                chain = chain.saturating_sub(usize::from(byte == b'}') * CHAIN_LIMIT);
            }
            b';' | b',' | b'#' | b':' => chain = 0,
            b'\n' if depth == 0 => chain = 0,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'.' | b'<' | b'>' | b'=' | b'&' | b'|' | b'^' | b'~'
            | b'!' | b'?' => chain += 1,
            _ => {}
        }
        (blanks, at_line_start) = match byte {
            b'\n' => (0, true),
            b' ' | b'\t' if at_line_start => (blanks + 1, true),
            _ => (blanks, false),
        };
        if depth > NESTING_LIMIT || blanks > 4 * NESTING_LIMIT {
            return Some("it nests too deeply to be read safely");
        }
        if chain > CHAIN_LIMIT {
            return Some(TOO_LONG);
        }
    }
    if text.contains('<') && is_doubtful(text) {
        return Some("it nests brackets behind `<` too deeply to be read safely");
    }
    // Every link of a chain of words takes four bytes or more.
    (text.len() > 4 * CHAIN_LIMIT && is_chained(text)).then_some(TOO_LONG)
}

/// True when brackets stand behind an open `a<` inside others that do. A parser of TypeScript reads what follows each `<` twice,
/// once as arguments of a type and once as a comparison, so that each of them doubles its work.
fn is_doubtful(text: &str) -> bool {
    // Of each open bracket: how many `<` are open in it, and how many it stands behind.
    let mut levels = vec![(0_usize, 0_usize)];
    let (mut doubtful, mut before) = (0_usize, b' ');
    for byte in text.bytes() {
        let Some((open, _)) = levels.last_mut() else { return false };
        match byte {
            b'<' if is_name_end(before) => *open += 1,
            b'>' if before != b'=' => *open = open.saturating_sub(1),
            b';' => *open = 0,
            b'\n' if is_name_end(before) => *open = 0,
            b'(' | b'[' | b'{' => {
                let behind = *open;
                doubtful += behind;
                levels.push((0, behind));
            }
            b')' | b']' | b'}' if levels.len() > 1 => {
                doubtful -= levels.pop().map_or(0, |(_, behind)| behind);
            }
            _ => {}
        }
        if doubtful > DOUBT_LIMIT {
            return true;
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    false
}

/// True for what an expression may end with.
fn is_name_end(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'$' | b')' | b']')
}

/// True when words that begin an expression in front of another, or choices inside choices, follow each other too long.
fn is_chained(text: &str) -> bool {
    let (mut depth, mut choices, mut prefixes, mut word) = (0_usize, 0_usize, 0_usize, 0..0);
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 {
            word = if word.end == at { word.start..at + 1 } else { at..at + 1 };
            continue;
        }
        match text.as_bytes().get(word.clone()).unwrap_or_default() {
            _ if word.end != at => {}
            b"not" | b"new" | b"await" | b"typeof" | b"void" | b"delete" | b"yield" | b"lambda" => {
                prefixes += 1;
            }
            b"else" => (choices, prefixes) = (choices + 1, 0),
            _ => prefixes = 0,
        }
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match byte {
            b'?' => choices += 1,
            b';' | b',' | b'{' | b'}' => choices = 0,
            b'\n' if depth == 0 => choices = 0,
            _ => {}
        }
        if choices.max(prefixes) > CHAIN_LIMIT {
            return true;
        }
    }
    false
}

//! The walk over steps: one course through the program, exceptions and waiting included.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::courses::{Choices, Seen};
use super::imports::Sources;
use super::value::{Closure, ModuleValue, Raised, Scope, Value};
use super::{Event, EventKind};
use crate::facts::program::{Expr, ExprKind, Handler, Language, Step, StepKind, Target, Try, While};
use crate::finding::Site;
use crate::span::Span;

/// Steps of one course; real start-ups need a few thousand.
const STEP_LIMIT: usize = 20_000;
/// Nesting of blocks, expressions and calls; each level costs stack.
const DEPTH_LIMIT: usize = 160;
/// Turns of one loop before it counts as going on for ever.
const TURN_LIMIT: usize = 100;
/// Seconds of waiting before a loop counts as going on for ever: three times Railway's 300 s health window.
const PATIENCE: f64 = 900.0;

/// Why a block is left before its end.
pub(super) enum Leave {
    Return(Value),
    Break,
    Continue,
    Raise(Rc<Raised>),
    /// The process ends.
    Exit(Option<i64>, Site),
    /// Nothing after this place is reached.
    Forever(Site),
    /// A context manager hands over.
    Yield,
    /// A limit was reached.
    Stop,
}

/// What a step, or the evaluation of an expression, comes to.
pub(super) type Flow<T = ()> = Result<T, Leave>;

/// The state of one course.
pub(super) struct Walk<'f> {
    pub(super) sources: &'f Sources<'f>,
    pub(super) seen: &'f RefCell<Seen>,
    /// False in the world where Redis does not answer.
    pub(super) answered: bool,
    /// The file that is the program.
    pub(super) entry_path: String,
    pub(super) choices: Choices,
    pub(super) events: Vec<Event>,
    pub(super) clock: f64,
    pub(super) flow: u32,
    pub(super) flows: u32,
    pub(super) modules: HashMap<String, Rc<ModuleValue>>,
    /// True when something other than the main flow keeps the process alive.
    pub(super) kept: bool,
    /// True when a handler takes rejections nobody waits for.
    pub(super) takes_rejections: bool,
    /// Handlers of connection errors, called once the main flow waits.
    pub(super) deferred: Vec<Value>,
    /// Seconds the promise under construction waits.
    pub(super) pending_sleep: Option<f64>,
    /// Where the promise under construction waits for a client to be ready.
    pub(super) waits_for_redis: Option<Site>,
    /// Exceptions being handled, innermost last.
    pub(super) handling: Vec<Rc<Raised>>,
    steps: usize,
    depth: usize,
}

impl<'f> Walk<'f> {
    pub(super) fn new(
        sources: &'f Sources<'f>,
        seen: &'f RefCell<Seen>,
        answered: bool,
        choices: Choices,
    ) -> Self {
        Self {
            sources,
            seen,
            answered,
            entry_path: String::new(),
            choices,
            events: Vec::new(),
            clock: 0.0,
            flow: 0,
            flows: 0,
            modules: HashMap::new(),
            kept: false,
            takes_rejections: false,
            deferred: Vec::new(),
            pending_sleep: None,
            waits_for_redis: None,
            handling: Vec::new(),
            steps: 0,
            depth: 0,
        }
    }

    /// Runs `work` one level deeper, within the limits.
    pub(super) fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Flow<T>) -> Flow<T> {
        self.steps += 1;
        if self.steps > STEP_LIMIT || self.depth >= DEPTH_LIMIT {
            return Err(Leave::Stop);
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    pub(super) fn record(&mut self, kind: EventKind, site: &Site) {
        self.events.push(Event { kind, site: site.clone(), clock: self.clock, flow: self.flow });
    }

    pub(super) fn wait(&mut self, seconds: f64, site: &Site) {
        let seconds = seconds.clamp(0.0, 86_400.0);
        self.record(EventKind::Sleep(seconds), site);
        self.clock += seconds;
    }

    /// Runs `work` in a flow of its own; only the end of the process comes back.
    pub(super) fn aside(&mut self, work: impl FnOnce(&mut Self) -> Flow<Value>) -> Flow<Option<Leave>> {
        let (clock, flow) = (self.clock, self.flow);
        self.flows += 1;
        self.flow = self.flows;
        let result = work(self);
        (self.clock, self.flow) = (clock, flow);
        match result {
            Err(Leave::Exit(status, site)) => Err(Leave::Exit(status, site)),
            Err(Leave::Stop) => Err(Leave::Stop),
            Err(Leave::Forever(site)) => {
                self.kept = true;
                Ok(Some(Leave::Forever(site)))
            }
            Err(leave) => Ok(Some(leave)),
            Ok(_) => Ok(None),
        }
    }

    pub(super) fn block(&mut self, steps: &[Step], scope: &Rc<Scope>) -> Flow {
        self.deeper(|walk| steps.iter().try_for_each(|step| walk.step(step, scope)))
    }

    pub(super) fn site(scope: &Scope, span: Span) -> Site {
        Site::new(&*scope.path, span)
    }

    fn step(&mut self, step: &Step, scope: &Rc<Scope>) -> Flow {
        self.steps += 1;
        let site = Self::site(scope, step.span);
        match &step.kind {
            StepKind::Run(expr) => {
                let value = self.eval(expr, scope)?;
                self.leave_running(&value, scope.language)
            }
            StepKind::Assign(target, expr) => {
                let value = self.eval(expr, scope)?;
                self.assign(target, value, scope)
            }
            StepKind::If(test, then, otherwise) => self.branch(test, then, otherwise, scope),
            StepKind::While(turn) => self.repeat(turn, scope, &site),
            StepKind::Each(target, items, body, otherwise) => {
                let items = self.eval(items, scope)?;
                self.each(target, &items, body, otherwise, scope)
            }
            StepKind::Try(each) => self.attempt(each, scope),
            StepKind::Return(value) => {
                let value = value.as_ref().map_or(Ok(Value::Null), |value| self.eval(value, scope))?;
                Err(Leave::Return(value))
            }
            StepKind::Raise(None) => Err(Leave::Raise(
                self.handling.last().cloned().unwrap_or_else(|| Rc::new(Raised::new("", &site))),
            )),
            StepKind::Raise(Some(value)) => {
                let value = self.eval(value, scope)?;
                Err(Leave::Raise(self.exception(&value, &site)))
            }
            StepKind::Break => Err(Leave::Break),
            StepKind::Continue => Err(Leave::Continue),
            StepKind::Import(import) => self.import(import, scope, &site),
            StepKind::With(items, body) => {
                for (context, target) in items {
                    let value = self.eval(context, scope)?;
                    let entered = self.enter(&value, &site)?;
                    if let Some(target) = target {
                        self.assign(target, entered, scope)?;
                    }
                }
                self.block(body, scope)
            }
            StepKind::Function(function) => {
                let closure = Closure {
                    function: Rc::clone(function),
                    scope: Rc::clone(scope),
                    this: None,
                    class: None,
                    retry: None,
                };
                let value = self.decorated(Value::Function(Rc::new(closure)), function, scope)?;
                scope.declare(&function.name, value);
                Ok(())
            }
            StepKind::Class(class) => {
                let value = self.class(class, scope)?;
                scope.declare(&class.name, value);
                Ok(())
            }
            StepKind::Switch(subject, cases) => self.switch(subject, cases, scope, &site),
            StepKind::Block(body) => self.block(body, scope),
            StepKind::Export(names) => {
                for (local, exported) in names {
                    let value = scope.get(local).unwrap_or(Value::Unknown);
                    scope.declare(exported, value);
                }
                Ok(())
            }
        }
    }

    fn branch(&mut self, test: &Expr, then: &[Step], otherwise: &[Step], scope: &Rc<Scope>) -> Flow {
        let value = self.eval(test, scope)?;
        let yes = match value.truth() {
            Some(yes) => yes,
            None if dull(then) && dull(otherwise) => {
                for step in then.iter().chain(otherwise) {
                    if let StepKind::Assign(target, _) = &step.kind {
                        self.assign(target, Value::Unknown, scope)?;
                    }
                }
                return Ok(());
            }
            None => self.choices.choose(&Self::site(scope, test.span)),
        };
        self.block(if yes { then } else { otherwise }, scope)
    }

    fn switch(
        &mut self,
        subject: &Expr,
        cases: &[(Option<Expr>, Vec<Step>)],
        scope: &Rc<Scope>,
        site: &Site,
    ) -> Flow {
        let subject = self.eval(subject, scope)?;
        for (number, (test, body)) in cases.iter().enumerate() {
            let taken = match test {
                None => true,
                Some(test) => {
                    let value = self.eval(test, scope)?;
                    let place = Site::new(site.path.clone(), test.span);
                    super::evaluate::equal(&subject, &value).unwrap_or_else(|| self.choices.choose(&place))
                }
            };
            if taken {
                // Without `break` a case of JavaScript goes on into the next one.
                let bodies = cases.get(number..).unwrap_or_default();
                let through = if scope.language == Language::JavaScript { bodies.len() } else { 1 };
                for (_, body) in bodies.iter().take(through) {
                    match self.block(body, scope) {
                        Err(Leave::Break) if scope.language == Language::JavaScript => return Ok(()),
                        other => other?,
                    }
                }
                return Ok(());
            }
            let _ = body;
        }
        Ok(())
    }

    fn repeat(&mut self, turn: &While, scope: &Rc<Scope>, site: &Site) -> Flow {
        let started = self.clock;
        let mut skip_test = turn.body_first;
        for _ in 0..TURN_LIMIT {
            if !std::mem::take(&mut skip_test)
                && let Some(test) = &turn.test
            {
                let value = self.eval(test, scope)?;
                let stays = match value.truth() {
                    Some(stays) => stays,
                    // Either it is left after this turn, or it goes on for as long as anybody looks.
                    None => self.choices.choose(&Self::site(scope, test.span)),
                };
                if !stays {
                    return self.block(&turn.otherwise, scope);
                }
            }
            match self.block(&turn.body, scope) {
                Err(Leave::Break) => return Ok(()),
                Ok(()) | Err(Leave::Continue) => {}
                other => return other,
            }
            if let Some(update) = &turn.update {
                self.eval(update, scope)?;
            }
            if self.clock - started > PATIENCE {
                break;
            }
        }
        Err(Leave::Forever(site.clone()))
    }

    fn each(
        &mut self,
        target: &Target,
        items: &Value,
        body: &[Step],
        otherwise: &[Step],
        scope: &Rc<Scope>,
    ) -> Flow {
        let items = match items {
            Value::List(items) => items.borrow().clone(),
            _ => vec![Value::Unknown],
        };
        for item in items.into_iter().take(TURN_LIMIT) {
            self.assign(target, item, scope)?;
            match self.block(body, scope) {
                Err(Leave::Break) => return Ok(()),
                Ok(()) | Err(Leave::Continue) => {}
                other => return other,
            }
        }
        self.block(otherwise, scope)
    }

    fn attempt(&mut self, each: &Try, scope: &Rc<Scope>) -> Flow {
        let result = match self.block(&each.body, scope) {
            Err(Leave::Raise(raised)) => self.handle(&raised, &each.handlers, scope),
            Ok(()) => self.block(&each.otherwise, scope),
            other => other,
        };
        match &result {
            // The process is gone, or will never get here.
            Err(Leave::Exit(..) | Leave::Forever(_) | Leave::Stop | Leave::Yield) => result,
            _ => self.block(&each.finally, scope).and(result),
        }
    }

    fn handle(&mut self, raised: &Rc<Raised>, handlers: &[Handler], scope: &Rc<Scope>) -> Flow {
        for handler in handlers {
            let takes = match &handler.catches {
                None => Some(true),
                Some(types) => {
                    let types = self.eval(types, scope)?;
                    super::calls::catches(&types, raised)
                }
            };
            let site =
                handler.catches.as_ref().map_or(raised.site.clone(), |types| Self::site(scope, types.span));
            if takes.unwrap_or_else(|| self.choices.choose(&site)) {
                if let Some(name) = &handler.name {
                    scope.declare(name, Value::Exception(Rc::clone(raised)));
                }
                self.handling.push(Rc::clone(raised));
                let result = self.block(&handler.body, scope);
                self.handling.pop();
                return result;
            }
        }
        Err(Leave::Raise(Rc::clone(raised)))
    }

    pub(super) fn assign(&mut self, target: &Target, value: Value, scope: &Rc<Scope>) -> Flow {
        match target {
            Target::Name(name, true) => scope.declare(name, value),
            Target::Name(name, false) => scope.assign(name, value),
            Target::Member(object, name) => {
                let object = self.eval(object, scope)?;
                self.set_member(&object, name, value);
            }
            Target::Index(object, index) => {
                let object = self.eval(object, scope)?;
                if let (Value::Map(map), Some(key)) = (&object, self.eval(index, scope)?.as_text()) {
                    map.entries.borrow_mut().insert(key.to_string(), value);
                }
            }
            Target::List(targets) => {
                let items = if let Value::List(items) = &value { items.borrow().clone() } else { Vec::new() };
                for (at, target) in targets.iter().enumerate() {
                    self.assign(target, items.get(at).cloned().unwrap_or(Value::Unknown), scope)?;
                }
            }
            Target::Map(entries) => {
                for (key, target, default) in entries {
                    let site = default.as_ref().map(|default| Self::site(scope, default.span));
                    let mut found = self.member(&value, key, &Site::file(&*scope.path))?;
                    if let (Some(default), Some(site)) = (default, site) {
                        let default = self.eval(default, scope)?;
                        found = self.or_default(found, default, &site);
                    }
                    self.assign(target, found, scope)?;
                }
            }
            Target::Nothing => {}
        }
        Ok(())
    }
}

/// True when neither taking nor leaving the block can matter for start-up: no call but to a log, no way out of it.
fn dull(steps: &[Step]) -> bool {
    steps.iter().all(|step| match &step.kind {
        StepKind::Run(expr) => quiet(expr),
        StepKind::Assign(Target::Name(..), value) => quiet(value),
        StepKind::Block(body) => dull(body),
        StepKind::If(test, then, otherwise) => quiet(test) && dull(then) && dull(otherwise),
        _ => false,
    })
}

fn quiet(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Null | ExprKind::Name(_) => {
            true
        }
        ExprKind::Member(object, _) | ExprKind::Not(object) => quiet(object),
        ExprKind::Template(parts) | ExprKind::List(parts) | ExprKind::Opaque(parts) => {
            parts.iter().all(quiet)
        }
        ExprKind::Binary(_, pair) | ExprKind::And(pair) | ExprKind::Or(pair) | ExprKind::Coalesce(pair) => {
            quiet(&pair.0) && quiet(&pair.1)
        }
        ExprKind::Call(call) => is_log(&call.callee) && call.args.iter().all(quiet),
        _ => false,
    }
}

/// True for `print`, `console.log`, `logger.info` and their like.
pub(super) fn is_log(callee: &Expr) -> bool {
    match &callee.kind {
        ExprKind::Name(name) => name == "print",
        ExprKind::Member(object, _) => match &object.kind {
            ExprKind::Name(name) | ExprKind::Member(_, name) => {
                let name = name.trim_start_matches('_').to_ascii_lowercase();
                matches!(name.as_str(), "console" | "log" | "logger" | "logging")
            }
            _ => false,
        },
        _ => false,
    }
}

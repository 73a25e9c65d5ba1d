//! The paths a program serves, from decorators, routers and request handlers.

use std::rc::Rc;

use super::Route;
use super::arguments::Arguments;
use super::courses::Seen;
use super::value::{ClassValue, External, Value};
use super::walk::Walk;
use crate::facts::program::{Expr, ExprKind, Operator, Step, StepKind};
use crate::finding::Site;

impl Walk<'_> {
    /// There may be more paths than are read.
    pub(super) fn any_route(&mut self, why: &str) {
        self.seen.borrow_mut().open_routes.get_or_insert_with(|| why.to_owned());
    }

    /// A library that is handed an application may add routes to it.
    pub(super) fn handed_app(&mut self, path: &str, given: &Arguments) {
        let harmless =
            ["flask_cors.CORS", "flask_sqlalchemy.SQLAlchemy", "flask_migrate.Migrate", "http.createServer"];
        if harmless.contains(&path) {
            return;
        }
        let values = given.positional.iter().chain(given.named.iter().map(|(_, value)| value));
        let is_app = |value: &Value| {
            matches!(value, Value::External(external)
            if external.path.ends_with(":app") || external.path.ends_with(":router"))
        };
        if values.into_iter().any(is_app) {
            self.any_route("the application is handed to a library");
        }
    }

    /// `owner` serves `path`; a router keeps it until somebody includes it.
    pub(super) fn route(&mut self, owner: &Rc<External>, path: &str, get: bool, site: &Site) {
        let prefix = ["prefix", "url_prefix"].iter().find_map(|name| owner.arguments.named(name)?.as_text());
        let path = joined(prefix.as_deref().unwrap_or(""), path);
        if owner.path.ends_with(":app") {
            return self.serve_route(path, get, site);
        }
        let kept = Value::list(vec![Value::text(&path), Value::Bool(get), Value::external("", site)]);
        super::frameworks::note(owner, "routes", &kept);
    }

    pub(super) fn serve_route(&mut self, path: String, get: bool, site: &Site) {
        Seen::note(&mut self.seen.borrow_mut().routes, Route { path, site: site.clone(), get });
    }

    /// A router is taken into `owner` under a prefix.
    pub(super) fn include(&mut self, owner: &Rc<External>, given: &Arguments, prefix: &str, site: &Site) {
        let prefix = match given.named(prefix) {
            None => String::new(),
            Some(value) => match value.as_text() {
                Some(text) => text.to_string(),
                None => return self.any_route("a router's prefix is computed"),
            },
        };
        match given.at(0) {
            Some(Value::External(router)) if router.path.contains(':') => {
                self.include_router(owner, router, &prefix, site);
            }
            _ => self.any_route("a router is not known"),
        }
    }

    pub(super) fn include_router(
        &mut self,
        owner: &Rc<External>,
        router: &Rc<External>,
        prefix: &str,
        site: &Site,
    ) {
        let kept = router.notes.borrow().get("routes").cloned();
        let Some(Value::List(kept)) = kept else { return };
        for entry in kept.borrow().iter() {
            let Value::List(entry) = entry else { continue };
            let entry = entry.borrow();
            let (Some(path), Some(Value::Bool(get))) = (entry.first().and_then(Value::as_text), entry.get(1))
            else {
                continue;
            };
            let place = if let Some(Value::External(place)) = entry.get(2) {
                place.site.clone()
            } else {
                site.clone()
            };
            self.route(owner, &joined(prefix, &path), *get, &place);
        }
    }

    /// A decorator such as `@app.get("/health")` or `@app.on_event("startup")`.
    pub(super) fn decorated_route(
        &mut self,
        wrapper: &Rc<External>,
        owner: &Rc<External>,
        function: &Value,
        site: &Site,
    ) {
        if !owner.path.contains(':') {
            return;
        }
        let method = wrapper.path.trim_end_matches("()").rsplit('.').next().unwrap_or_default();
        let path =
            wrapper.arguments.get(0, "path").or(wrapper.arguments.named("rule")).and_then(Value::as_text);
        match (method, path) {
            ("on_event", Some(event)) if &*event == "startup" => {
                super::frameworks::note(owner, "startup", function);
            }
            ("route" | "api_route", Some(path)) => {
                let get = methods_allow_get(wrapper.arguments.named("methods"));
                self.route(owner, &path, get, site);
            }
            ("get" | "head", Some(path)) => self.route(owner, &path, true, site),
            ("post" | "put" | "patch" | "delete" | "websocket", Some(path)) => {
                self.route(owner, &path, false, site);
            }
            ("middleware" | "before_request" | "errorhandler" | "exception_handler", _) => {
                self.any_route("a middleware may answer any path");
            }
            ("get" | "route" | "api_route", None) => self.any_route("a route is computed"),
            _ => {}
        }
    }

    /// The paths that a class derived from `BaseHTTPRequestHandler` compares; true when it answers HTTP.
    pub(super) fn handler_routes(&mut self, handler: Option<&Value>) -> bool {
        let class = match handler {
            Some(Value::Class(class)) => class,
            Some(Value::External(external)) if external.path.ends_with("HTTPRequestHandler") => {
                self.any_route("files are served by their names");
                return true;
            }
            _ => {
                self.any_route("the request handler is not known");
                return true;
            }
        };
        let Some(Value::External(base)) = Self::library_base(class) else {
            self.any_route("the request handler's base is not known");
            return true;
        };
        self.class_routes(class, &base);
        base.path.ends_with("HTTPRequestHandler")
    }

    fn class_routes(&mut self, class: &Rc<ClassValue>, base: &External) {
        let Some(get) = class.class.methods.iter().find(|method| method.name == "do_GET") else {
            if base.path != "http.server.BaseHTTPRequestHandler" {
                self.any_route("the base class answers GET");
            }
            return;
        };
        let mut found = Found::default();
        found.steps(&get.body, 0);
        if found.computed || found.paths.is_empty() || !found.refuses {
            self.any_route("the request handler may answer any path");
        }
        for (path, span) in found.paths {
            self.serve_route(path, true, &Site::new(&*class.scope.path, span));
        }
    }
}

/// What a `do_GET` compares the path with.
#[derive(Default)]
struct Found {
    paths: Vec<(String, crate::span::Span)>,
    /// True when the path is used in another way.
    computed: bool,
    /// True when some answer is 404.
    refuses: bool,
}

impl Found {
    fn steps(&mut self, steps: &[Step], depth: usize) {
        if depth > 20 {
            self.computed = true;
            return;
        }
        for step in steps {
            match &step.kind {
                StepKind::Run(expr) | StepKind::Assign(_, expr) | StepKind::Return(Some(expr)) => {
                    self.expr(expr, depth)
                }
                StepKind::If(test, then, otherwise) => {
                    self.expr(test, depth);
                    self.steps(then, depth + 1);
                    self.steps(otherwise, depth + 1);
                }
                StepKind::Try(each) => {
                    self.steps(&each.body, depth + 1);
                    each.handlers.iter().for_each(|handler| self.steps(&handler.body, depth + 1));
                }
                StepKind::With(_, body) | StepKind::Block(body) => self.steps(body, depth + 1),
                StepKind::Return(None)
                | StepKind::Import(_)
                | StepKind::Raise(_)
                | StepKind::Break
                | StepKind::Continue => {}
                _ => self.computed = true,
            }
        }
    }

    fn expr(&mut self, expr: &Expr, depth: usize) {
        if depth > 20 {
            return;
        }
        match &expr.kind {
            ExprKind::Binary(Operator::Equal | Operator::NotEqual | Operator::In | Operator::NotIn, pair) => {
                self.compared(&pair.0);
                self.compared(&pair.1);
            }
            ExprKind::And(pair) | ExprKind::Or(pair) => {
                self.expr(&pair.0, depth + 1);
                self.expr(&pair.1, depth + 1);
            }
            ExprKind::Not(inner) => self.expr(inner, depth + 1),
            ExprKind::Call(call) => {
                let refuses = call.args.iter().any(
                    |arg| matches!(arg.kind, ExprKind::Number(status) if (399.0..600.0).contains(&status)),
                );
                self.refuses |= refuses;
                let method =
                    if let ExprKind::Member(_, name) = &call.callee.kind { name.as_str() } else { "" };
                self.computed |=
                    matches!(method, "startswith" | "match" | "fullmatch" | "search" | "endswith");
                call.args.iter().for_each(|arg| self.expr(arg, depth + 1));
            }
            _ => {}
        }
    }

    fn compared(&mut self, side: &Expr) {
        match &side.kind {
            ExprKind::Text(path) if path.starts_with('/') => self.paths.push((path.clone(), side.span)),
            ExprKind::List(items) => items.iter().for_each(|item| self.compared(item)),
            ExprKind::Name(name) if name.chars().any(char::is_uppercase) => self.computed = true,
            _ => {}
        }
    }
}

fn methods_allow_get(methods: Option<&Value>) -> bool {
    let Some(Value::List(methods)) = methods else { return true };
    methods.borrow().iter().any(|method| method.as_text().is_none_or(|name| name.eq_ignore_ascii_case("get")))
}

/// A prefix and a path with one slash between.
fn joined(prefix: &str, path: &str) -> String {
    match (prefix.trim_end_matches('/'), path) {
        ("", path) => path.to_owned(),
        (prefix, "" | "/") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}/{}", path.trim_start_matches('/')),
    }
}

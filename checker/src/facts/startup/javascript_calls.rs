//! Calls of JavaScript's own and its libraries' functions that matter for start-up.

use std::rc::Rc;

use super::arguments::Arguments;
use super::frameworks::Place;
use super::value::{External, Value, Work};
use super::walk::{Flow, Leave, Walk};
use crate::finding::Site;

impl Walk<'_> {
    /// Calls the library function `callee`.
    pub(super) fn call_javascript(
        &mut self,
        callee: &Rc<External>,
        arguments: Arguments,
        site: &Site,
    ) -> Flow<Value> {
        if let Some((kind, method)) = callee.path.split_once(':').filter(|_| callee.owner.is_none()) {
            let this = callee.notes.borrow().get("this").cloned();
            if let Some(this) = this {
                return self.call_bound(kind, method, &this, &arguments);
            }
        }
        if let Some((owner, method)) = callee.made_by() {
            return self.call_object(&owner, &method, arguments, site);
        }
        if let Some(owner) = callee.owner.as_ref().filter(|owner| owner.path.ends_with("()"))
            && let Some(method) = callee.path.strip_prefix(&format!("{}.", owner.path))
        {
            let (owner, method) = (Rc::clone(owner), method.to_owned());
            return self.call_result(&owner, &method, arguments, site);
        }
        if let Some(value) = self.call_global(&callee.path, &arguments, site)? {
            return Ok(value);
        }
        self.handed_app(&callee.path, &arguments);
        let made = super::calls::made(&callee.path);
        self.make(&made, arguments, callee.owner.clone(), site)
    }

    fn call_global(&mut self, path: &str, arguments: &Arguments, site: &Site) -> Flow<Option<Value>> {
        let first = || arguments.at(0).cloned().unwrap_or(Value::Unknown);
        Ok(Some(match path {
            "process.exit" | "process.abort" => {
                return Err(Leave::Exit(super::calls::status(arguments.at(0)), site.clone()));
            }
            "process.on" | "process.once" => {
                let event = first().as_text().unwrap_or_default();
                if matches!(&*event, "unhandledRejection" | "uncaughtException") {
                    self.takes_rejections = !self.exits(arguments.at(1));
                }
                Value::Unknown
            }
            "Number" | "parseInt" | "parseFloat" | "String" | "Number.parseInt" => match first() {
                Value::Text(text) if path != "String" => {
                    text.trim().parse().map_or(Value::Unknown, Value::Number)
                }
                other => other,
            },
            "Math.min" | "Math.max" => {
                let numbers: Vec<f64> = arguments.positional.iter().filter_map(Value::as_number).collect();
                let picked = numbers.into_iter().reduce(if path == "Math.min" { f64::min } else { f64::max });
                picked.map_or(Value::Unknown, Value::Number)
            }
            "Math.pow" => match (first().as_number(), arguments.at(1).and_then(Value::as_number)) {
                (Some(base), Some(power)) => Value::Number(base.powf(power)),
                _ => Value::Unknown,
            },
            "Math.floor" | "Math.round" => first(),
            "Math.random" => Value::Number(0.5),
            "Boolean" => first().truth().map_or(Value::Unknown, Value::Bool),
            "setTimeout" => {
                let milliseconds = arguments.at(1).and_then(Value::as_number).unwrap_or(1000.0);
                match first() {
                    Value::External(external) if external.path == "promise.resolve" => {
                        self.pending_sleep = Some(milliseconds / 1000.0);
                    }
                    callback => {
                        self.call_aside(&callback)?;
                    }
                }
                Value::Unknown
            }
            "setInterval" => {
                self.kept = true;
                Value::Unknown
            }
            "setImmediate" | "process.nextTick" | "queueMicrotask" => {
                self.call_aside(&first())?;
                Value::Unknown
            }
            "timers/promises.setTimeout" => {
                Value::promise(Work::Sleep(first().as_number().unwrap_or(1000.0) / 1000.0, site.clone()))
            }
            "Promise.all" | "Promise.allSettled" | "Promise.race" => match first() {
                Value::List(items) => Value::promise(Work::All(items.borrow().clone())),
                _ => Value::Unknown,
            },
            "Promise.resolve" => Value::promise(Work::Ready(first())),
            "Promise" => self.new_promise(&first(), site)?,
            "promise.resolve" | "promise.reject" => Value::Null,
            "Bun.serve" | "Deno.serve" => {
                let options = arguments.option("port");
                let place = Place::new("Bun", arguments.option("hostname").as_ref(), options.as_ref());
                self.any_route("the paths of a fetch handler are not read");
                self.listen(&place.default(None, false), site);
                Value::Unknown
            }
            "@hono/node-server.serve" => {
                let place = Place::new(
                    "@hono/node-server",
                    arguments.option("hostname").as_ref(),
                    arguments.option("port").as_ref(),
                );
                self.listen(&place.default(Some(3000), false), site);
                self.callback_aside(arguments)?;
                Value::Unknown
            }
            "@nestjs/core.NestFactory.create" => {
                self.any_route("the routes of Nest controllers are not read");
                let app = self.make("nest:app", arguments.clone(), None, site)?;
                Value::promise(Work::Ready(app))
            }
            // No server, but the process stays for what the modules begin.
            "@nestjs/core.NestFactory.createApplicationContext" => {
                self.kept = true;
                let app = self.make("nest:context", arguments.clone(), None, site)?;
                Value::promise(Work::Ready(app))
            }
            "child_process.spawn"
            | "child_process.fork"
            | "child_process.exec"
            | "child_process.execSync"
            | "child_process.spawnSync"
            | "cluster.fork" => {
                self.seen.borrow_mut().spawns = true;
                Value::Unknown
            }
            _ => return Ok(None),
        }))
    }

    /// True when a function handed over ends the process.
    fn exits(&mut self, function: Option<&Value>) -> bool {
        let Some(function) = function else { return false };
        let events = self.events.len();
        let result = self.call_aside(function);
        self.events.truncate(events);
        matches!(result, Err(Leave::Exit(..)))
    }

    fn new_promise(&mut self, executor: &Value, site: &Site) -> Flow<Value> {
        self.pending_sleep = None;
        let resolve = Value::external("promise.resolve", site);
        let reject = Value::external("promise.reject", site);
        self.call_back(executor, vec![resolve, reject])?;
        if let Some(seconds) = self.pending_sleep.take() {
            return Ok(Value::promise(Work::Sleep(seconds, site.clone())));
        }
        let waits = self.waits_for_redis.take();
        Ok(Value::promise(waits.map_or(Work::Ready(Value::Unknown), Work::RedisReady)))
    }

    fn call_bound(&mut self, kind: &str, method: &str, this: &Value, arguments: &Arguments) -> Flow<Value> {
        let first = arguments.at(0).cloned();
        match (kind, method, this) {
            ("promise", "then", Value::Promise(promise)) => {
                Ok(Self::then(promise, first, arguments.at(1).cloned()))
            }
            ("promise", "catch", Value::Promise(promise)) => Ok(Self::then(promise, None, first)),
            ("list", "push", Value::List(items)) => {
                items.borrow_mut().extend(first);
                Ok(Value::Unknown)
            }
            ("list", "append", Value::List(items)) => {
                items.borrow_mut().extend(first);
                Ok(Value::Null)
            }
            ("list", "forEach" | "map", Value::List(items)) => {
                let (items, mut out) = (items.borrow().clone(), Vec::new());
                for item in items.into_iter().take(20) {
                    if let Some(Value::Function(closure)) = &first {
                        out.push(self.call_closure(closure, Arguments::of(vec![item]))?);
                    }
                }
                Ok(Value::list(out))
            }
            ("function", "call" | "apply", Value::Function(closure)) => {
                let rest = arguments.positional.iter().skip(1).cloned().collect();
                self.call_closure(closure, Arguments::of(rest))
            }
            ("promise", "finally", _)
            | ("function", "bind", _)
            | ("text", "trim" | "toString" | "strip" | "rstrip", _) => Ok(this.clone()),
            _ => Ok(Value::Unknown),
        }
    }

    /// A method of what some call gave: `.then` goes on as if the call had succeeded.
    fn call_result(
        &mut self,
        owner: &Rc<External>,
        method: &str,
        arguments: Arguments,
        site: &Site,
    ) -> Flow<Value> {
        match method {
            "then" => {
                let callback = arguments.at(0).cloned().unwrap_or(Value::Null);
                Ok(Value::promise(Work::Ready(self.call_back(&callback, vec![Value::Unknown])?)))
            }
            "catch" | "finally" => Ok(Value::External(Rc::clone(owner))),
            _ => {
                let path = format!("{}.{method}()", owner.path);
                self.make(&path, arguments, Some(Rc::clone(owner)), site)
            }
        }
    }

    fn call_object(
        &mut self,
        owner: &Rc<External>,
        method: &str,
        arguments: Arguments,
        site: &Site,
    ) -> Flow<Value> {
        match (owner.path.as_str(), method) {
            ("ioredis:client" | "node-redis:client", _) => {
                Ok(self.call_redis_js(owner, method, &arguments, site))
            }
            ("bullmq:worker" | "bullmq:queue" | "bullmq:events", "on" | "once" | "close") => {
                Ok(Value::External(Rc::clone(owner)))
            }
            ("bullmq:worker", "run") => {
                self.kept = true;
                Ok(Value::promise(Work::Never(site.clone())))
            }
            ("bullmq:worker" | "bullmq:queue" | "bullmq:events", _) => {
                Ok(Value::promise(Work::Redis(Rc::clone(owner), "waitUntilReady".into(), site.clone())))
            }
            (_, "listen") => self.listen_js(owner, &arguments, site),
            ("fastify:app", "register") | (_, "route") => {
                self.any_route("routes are registered in a way that is not read");
                Ok(Value::External(Rc::clone(owner)))
            }
            (_, "use") => {
                self.use_router(owner, &arguments, site);
                Ok(Value::External(Rc::clone(owner)))
            }
            (_, "get" | "all" | "head" | "post" | "put" | "patch" | "delete") => {
                match arguments.at(0) {
                    // `app.get("setting")` of Express reads a setting.
                    Some(Value::Text(path)) if arguments.positional.len() > 1 => {
                        let get = matches!(method, "get" | "all" | "head");
                        let path = path.to_string();
                        self.route(owner, &path, get, site);
                    }
                    Some(Value::Text(_)) => {}
                    _ => self.any_route("a route is computed"),
                }
                Ok(Value::External(Rc::clone(owner)))
            }
            (_, "then" | "catch") => self.call_result(owner, method, arguments, site),
            ("nest:app", "init") => Ok(Value::promise(Work::Ready(Value::Unknown))),
            _ => {
                let path = format!("{}.{method}()", owner.path);
                self.make(&path, arguments, Some(Rc::clone(owner)), site)
            }
        }
    }

    fn use_router(&mut self, owner: &Rc<External>, arguments: &Arguments, site: &Site) {
        let prefix = match arguments.at(0) {
            Some(Value::Text(prefix)) => prefix.to_string(),
            _ => String::new(),
        };
        for value in &arguments.positional {
            match value {
                Value::External(router) if router.path.ends_with(":router") => {
                    self.include_router(owner, router, &prefix, site);
                }
                Value::Text(_) | Value::Null | Value::List(_) => {}
                // A body parser, a logger: middleware of a package that is not a router.
                Value::External(external) if is_plain_middleware(&external.path) => {}
                _ => self.any_route("middleware may answer any path"),
            }
        }
    }

    fn listen_js(&mut self, owner: &Rc<External>, arguments: &Arguments, site: &Site) -> Flow<Value> {
        let server = match owner.path.as_str() {
            "express:app" => "express",
            "fastify:app" => "fastify",
            "nest:app" => "nest",
            "koa:app" => "koa",
            _ => "http",
        };
        if matches!(server, "koa" | "http") {
            self.server_routes(owner);
        }
        let by_option = arguments.maps().next().is_some();
        let port = if by_option { arguments.option("port") } else { arguments.at(0).cloned() };
        let host = match arguments.at(1) {
            _ if by_option => arguments.option("host"),
            Some(value @ (Value::Text(_) | Value::Env(_) | Value::Unknown)) => Some(value.clone()),
            _ => None,
        };
        // Fastify binds localhost unless told otherwise (<https://fastify.dev/docs/latest/Reference/Server/#listen>).
        let place = Place::new(server, host.as_ref(), port.as_ref()).default(None, server == "fastify");
        self.listen(&place, site);
        self.callback_aside(arguments)?;
        Ok(Value::promise(Work::Ready(Value::Unknown)))
    }

    /// `http.createServer(app)` serves what the application does.
    fn server_routes(&mut self, server: &Rc<External>) {
        match server.arguments.at(0) {
            Some(Value::External(app)) if app.path == "express:app" => {}
            _ => self.any_route("the paths of the request listener are not read"),
        }
    }

    fn callback_aside(&mut self, arguments: &Arguments) -> Flow {
        for value in &arguments.positional {
            if matches!(value, Value::Function(_)) {
                self.call_aside(value)?;
            }
        }
        Ok(())
    }

    fn call_redis_js(
        &mut self,
        client: &Rc<External>,
        method: &str,
        arguments: &Arguments,
        site: &Site,
    ) -> Value {
        match method {
            "on" | "once" | "addListener" => {
                let event = arguments.at(0).and_then(Value::as_text).unwrap_or_default();
                let handler = arguments.at(1).cloned().unwrap_or(Value::Null);
                self.redis_event(client, &event, handler, site);
                Value::External(Rc::clone(client))
            }
            "disconnect" | "quit" | "multi" | "pipeline" | "duplicate" | "defineCommand" => {
                Value::External(Rc::clone(client))
            }
            _ => {
                if client.path == "node-redis:client" {
                    self.kept = true;
                }
                Value::promise(Work::Redis(Rc::clone(client), method.to_owned(), site.clone()))
            }
        }
    }

    fn redis_event(&mut self, client: &Rc<External>, event: &str, handler: Value, site: &Site) {
        let resolves = matches!(&handler, Value::External(external) if external.path == "promise.resolve");
        match event {
            "ready" | "connect" if resolves => self.waits_for_redis = Some(site.clone()),
            "error" | "end" | "close" => {
                client.notes.borrow_mut().insert(format!("on {event}"), handler.clone());
                if !self.answered && event == "error" && matches!(handler, Value::Function(_)) {
                    self.deferred.push(handler);
                }
            }
            _ => {}
        }
    }
}

fn is_plain_middleware(path: &str) -> bool {
    let package = path.split(['.', '(']).next().unwrap_or_default();
    matches!(
        package,
        "cors"
            | "helmet"
            | "morgan"
            | "compression"
            | "body-parser"
            | "cookie-parser"
            | "express-rate-limit"
            | "pino-http"
    ) || matches!(path, "express.json()" | "express.urlencoded()" | "express.raw()" | "express.text()")
}

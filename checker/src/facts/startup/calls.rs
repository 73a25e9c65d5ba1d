//! What the calls of both languages share: the names of what libraries make, exception types, context managers.

use std::rc::Rc;

use super::arguments::Arguments;
use super::courses::Seen;
use super::value::{Closure, External, Instance, Raised, Value};
use super::walk::{Flow, Leave, Walk};
use super::{EventKind, retry};
use crate::finding::Site;

/// What a call of `path` makes: a short name with a colon for what the walk knows, else the path with `()`.
pub(super) fn made(path: &str) -> String {
    let short = match path {
        "redis.Redis"
        | "redis.StrictRedis"
        | "redis.from_url"
        | "redis.Redis.from_url"
        | "redis.StrictRedis.from_url"
        | "redis.client.Redis"
        | "redis.client.Redis.from_url" => "redis:client",
        "redis.asyncio.Redis"
        | "redis.asyncio.from_url"
        | "redis.asyncio.Redis.from_url"
        | "redis.asyncio.client.Redis"
        | "redis.asyncio.client.Redis.from_url"
        | "aioredis.from_url"
        | "aioredis.Redis"
        | "aioredis.Redis.from_url" => "redis:async",
        "redis.ConnectionPool"
        | "redis.ConnectionPool.from_url"
        | "redis.BlockingConnectionPool"
        | "redis.asyncio.ConnectionPool"
        | "redis.asyncio.ConnectionPool.from_url"
        | "redis.BlockingConnectionPool.from_url" => "redis:pool",
        "rq.Queue" | "rq.queue.Queue" => "rq:queue",
        "rq.Worker"
        | "rq.worker.Worker"
        | "rq.SimpleWorker"
        | "rq.worker.SimpleWorker"
        | "rq.SpawnWorker" => "rq:worker",
        "flask.Flask" | "quart.Quart" => "flask:app",
        "flask.Blueprint" | "quart.Blueprint" => "flask:blueprint",
        "fastapi.FastAPI" | "fastapi.applications.FastAPI" => "fastapi:app",
        "fastapi.APIRouter" | "fastapi.routing.APIRouter" => "fastapi:router",
        "starlette.applications.Starlette" => "starlette:app",
        "http.server.HTTPServer"
        | "http.server.ThreadingHTTPServer"
        | "socketserver.TCPServer"
        | "socketserver.ThreadingTCPServer" => "http.server:server",
        "threading.Thread" | "threading.Timer" => "thread:thread",
        "multiprocessing.Process" => "thread:process",
        "concurrent.futures.ThreadPoolExecutor" | "concurrent.futures.ProcessPoolExecutor" => "thread:pool",
        "celery.Celery" => "celery:app",
        "aiohttp.web.Application" => "aiohttp:app",
        "aiohttp.web.AppRunner" => "aiohttp:runner",
        "aiohttp.web.TCPSite" => "aiohttp:site",
        "uvicorn.Config" => "uvicorn:config",
        "uvicorn.Server" => "uvicorn:server",
        "gevent.pywsgi.WSGIServer" => "wsgi:server",
        "wsgiref.simple_server.make_server" => "wsgiref:server",
        "ioredis" | "ioredis.Redis" | "ioredis.default" => "ioredis:client",
        "redis.createClient" | "@redis/client.createClient" => "node-redis:client",
        "bullmq.Worker" => "bullmq:worker",
        "bullmq.Queue" | "bullmq.FlowProducer" => "bullmq:queue",
        "bullmq.QueueEvents" => "bullmq:events",
        "express" | "express.default" => "express:app",
        "express.Router" => "express:router",
        "fastify" | "fastify.fastify" | "fastify.default" | "Fastify" => "fastify:app",
        "hono.Hono" => "hono:app",
        "koa" => "koa:app",
        "http.createServer" | "https.createServer" | "http2.createServer" => "http:server",
        _ => return format!("{path}()"),
    };
    short.to_owned()
}

/// An exception type's short name: `redis:X` for those of redis-py, the plain name for built-in ones.
pub(super) fn type_name(path: &str) -> &str {
    let path = path.trim_end_matches("()");
    match path {
        "IOError" | "EnvironmentError" | "socket.error" | "OSError" => "OSError",
        "redis.ConnectionError" | "redis.exceptions.ConnectionError" | "redis.asyncio.ConnectionError" => {
            "redis:ConnectionError"
        }
        "redis.RedisError" | "redis.exceptions.RedisError" | "redis.asyncio.RedisError" => "redis:RedisError",
        "redis.TimeoutError" | "redis.exceptions.TimeoutError" => "redis:TimeoutError",
        other => other,
    }
}

/// The failure of a connection to Redis, as redis-py raises it: no `OSError`, and not the built-in `ConnectionError`.
pub(super) fn redis_failure(site: &Site) -> Rc<Raised> {
    let mut raised = Raised::new("redis:ConnectionError", site);
    raised.bases.push("redis:RedisError".into());
    Rc::new(raised)
}

/// Whether a handler for `types` takes `raised`, when it can be told.
pub(super) fn catches(types: &Value, raised: &Raised) -> Option<bool> {
    let one = |name: &str| {
        if name == raised.kind || raised.bases.iter().any(|base| base == name) || name == "BaseException" {
            return Some(true);
        }
        let is_exit = matches!(raised.kind.as_str(), "SystemExit" | "KeyboardInterrupt");
        match name {
            "Exception" => Some(!is_exit),
            _ if raised.kind.is_empty() => None,
            "OSError" => Some(matches!(
                raised.kind.as_str(),
                "ConnectionError"
                    | "ConnectionRefusedError"
                    | "TimeoutError"
                    | "FileNotFoundError"
                    | "PermissionError"
            )),
            _ => Some(false),
        }
    };
    match types {
        Value::External(external) => one(type_name(&external.path)),
        Value::Class(class) => one(&class.class.name),
        Value::List(items) => {
            let mut sure = true;
            for item in items.borrow().iter() {
                match catches(item, raised) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => sure = false,
                }
            }
            sure.then_some(false)
        }
        _ => None,
    }
}

/// The status a process ends with: nothing is 0, a text is 1.
pub(super) fn status(value: Option<&Value>) -> Option<i64> {
    match value {
        None | Some(Value::Null) => Some(0),
        Some(Value::Bool(flag)) => Some(i64::from(*flag)),
        #[expect(clippy::cast_possible_truncation, reason = "a status is a small number")]
        Some(Value::Number(number)) => Some(*number as i64),
        Some(Value::Text(_) | Value::Template(_)) => Some(1),
        Some(_) => None,
    }
}

impl Walk<'_> {
    /// What entering a context gives.
    pub(super) fn enter(&mut self, value: &Value, site: &Site) -> Flow<Value> {
        if matches!(value, Value::Instance(_)) {
            let entered = self.member(value, "__enter__", site)?;
            if let Value::Function(closure) = entered {
                let result = self.call_closure(&closure, Arguments::default())?;
                return self.force(&result);
            }
        }
        self.force(value)
    }

    /// An object of the repository's own class gets what its library's constructor does.
    pub(super) fn made_by_base(
        &mut self,
        base: &Rc<External>,
        instance: &Rc<Instance>,
        arguments: Arguments,
        site: &Site,
    ) -> Flow {
        let made = made(&base.path);
        if made.contains(':') {
            let external = self.make(&made, arguments, None, site)?;
            instance.fields.borrow_mut().insert("__made__".to_owned(), external);
        }
        Ok(())
    }

    /// A library's object called `path`.
    pub(super) fn make(
        &mut self,
        path: &str,
        arguments: Arguments,
        owner: Option<Rc<External>>,
        site: &Site,
    ) -> Flow<Value> {
        let external = Rc::new(External {
            path: path.to_owned(),
            arguments,
            owner,
            site: site.clone(),
            notes: std::cell::RefCell::default(),
        });
        self.constructed(&external, site)?;
        Ok(Value::External(external))
    }

    /// Applies a library's decorator.
    pub(super) fn decorate(&mut self, wrapper: &Rc<External>, closure: &Rc<Closure>, site: &Site) -> Value {
        let value = Value::Function(Rc::clone(closure));
        let bare = wrapper.path == "tenacity.retry";
        if let Some(policy) = retry::of_decorator(wrapper).filter(|_| bare || wrapper.path.ends_with("()")) {
            return Value::Function(Rc::new(Closure {
                function: Rc::clone(&closure.function),
                scope: Rc::clone(&closure.scope),
                this: closure.this.clone(),
                class: closure.class.clone(),
                retry: Some(Rc::new(policy)),
            }));
        }
        if let Some(owner) = &wrapper.owner {
            self.decorated_route(wrapper, owner, &value, site);
        }
        value
    }

    /// Runs `function` the way a thread does: whatever happens in it, the main flow goes on.
    pub(super) fn thread(&mut self, function: &Value, arguments: Arguments) -> Flow<Option<Leave>> {
        let function = function.clone();
        self.aside(|walk| match &function {
            Value::Function(closure) => {
                let value = walk.call_closure(closure, arguments)?;
                walk.force(&value)
            }
            Value::External(external) => {
                let (external, site) = (Rc::clone(external), external.site.clone());
                walk.call_python(&external, arguments, &site)
            }
            _ => Ok(Value::Unknown),
        })
    }

    /// Notes a defect in the use of a library.
    pub(super) fn misuse(&mut self, rule: &'static str, site: &Site, message: String) {
        Seen::note(&mut self.seen.borrow_mut().misuses, (rule, site.clone(), message));
    }

    /// A job library takes over and does not come back.
    pub(super) fn work_loop(&mut self, library: &'static str, site: &Site) -> Leave {
        self.record(EventKind::WorkLoop(library), site);
        Leave::Forever(site.clone())
    }

    pub(super) fn connected(&mut self, system: &'static str, site: &Site) {
        self.record(EventKind::Connect { system, answered: true }, site);
    }
}

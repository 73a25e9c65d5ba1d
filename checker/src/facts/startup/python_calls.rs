//! Calls of Python's own and its libraries' functions that matter for start-up.

use std::rc::Rc;

use super::EventKind;
use super::arguments::Arguments;
use super::value::{External, Raised, Value, Work};
use super::walk::{Flow, Leave, Walk};
use crate::finding::Site;

/// Longest list `range` makes; a loop that long counts as endless anyway.
const RANGE_LIMIT: f64 = 101.0;

impl Walk<'_> {
    /// Calls the library function `callee`.
    pub(super) fn call_python(
        &mut self,
        callee: &Rc<External>,
        arguments: Arguments,
        site: &Site,
    ) -> Flow<Value> {
        if let Some((owner, method)) = callee.made_by() {
            return self.call_python_method(&owner, &method, arguments, site);
        }
        if let Some(value) = self.call_builtin(&callee.path, &arguments, site)? {
            return Ok(value);
        }
        match self.call_async(&callee.path, &arguments, site)? {
            Some(value) => Ok(value),
            None => self.call_library(callee, arguments, site),
        }
    }

    fn call_builtin(&mut self, path: &str, arguments: &Arguments, site: &Site) -> Flow<Option<Value>> {
        let first = || arguments.at(0).cloned().unwrap_or(Value::Unknown);
        let number = |at: usize| arguments.at(at).and_then(Value::as_number);
        Ok(Some(match path {
            "os.environ.get" | "os.getenv" | "decouple.config" => {
                let Some(name) = arguments.at(0).and_then(Value::as_text) else {
                    return Ok(Some(Value::Unknown));
                };
                let default =
                    arguments.get(1, "default").cloned().filter(|value| !matches!(value, Value::Null));
                let required = path == "decouple.config" && default.is_none();
                self.read_variable(&name, default, required, site)
            }
            "int" | "float" => match first() {
                Value::Text(text) => text.trim().parse().map_or(Value::Unknown, Value::Number),
                other => other,
            },
            "str" | "list" | "tuple" | "functools.partial" | "sorted" => first(),
            "range" => range(arguments),
            "min" | "max" => match (number(0), number(1)) {
                (Some(one), Some(other)) if path == "min" => Value::Number(one.min(other)),
                (Some(one), Some(other)) => Value::Number(one.max(other)),
                _ => Value::Unknown,
            },
            "enumerate" => match first() {
                Value::List(items) => Value::list(
                    items
                        .borrow()
                        .iter()
                        .zip(0_u32..)
                        .map(|(item, at)| Value::list(vec![Value::Number(f64::from(at)), item.clone()]))
                        .collect(),
                ),
                _ => Value::Unknown,
            },
            "dict" => Value::map(arguments.named.iter().cloned().collect(), arguments.is_open()),
            "random.random" => Value::Number(0.5),
            "random.uniform" | "random.randint" => number(0).map_or(Value::Unknown, Value::Number),
            "sys.exit" | "exit" | "quit" => {
                let mut raised = Raised::new("SystemExit", site);
                raised.status = super::calls::status(arguments.at(0));
                return Err(Leave::Raise(Rc::new(raised)));
            }
            "os._exit" | "os.abort" => {
                return Err(Leave::Exit(super::calls::status(arguments.at(0)), site.clone()));
            }
            // The process becomes another program.
            "os.execv" | "os.execvp" | "os.execvpe" | "os.execl" | "os.execlp" | "os.execve" => {
                return Err(Leave::Stop);
            }
            "time.sleep" | "gevent.sleep" | "eventlet.sleep" => {
                self.wait(number(0).unwrap_or(1.0), site);
                Value::Null
            }
            "signal.pause" | "signal.sigwait" => return Err(Leave::Forever(site.clone())),
            "threading.Event().wait" => match arguments.get(0, "timeout") {
                None => return Err(Leave::Forever(site.clone())),
                Some(seconds) => {
                    let seconds = seconds.as_number().unwrap_or(1.0);
                    self.wait(seconds, site);
                    Value::Unknown
                }
            },
            "importlib.import_module" => match first().as_text() {
                Some(name) => self.python_module(&name, site)?,
                None => Value::Unknown,
            },
            "len" | "isinstance" | "getattr" | "hasattr" | "callable" | "bool" | "open" | "super" => {
                Value::Unknown
            }
            _ => return Ok(None),
        }))
    }

    fn call_async(&mut self, path: &str, arguments: &Arguments, site: &Site) -> Flow<Option<Value>> {
        let first = || arguments.at(0).cloned().unwrap_or(Value::Unknown);
        let method = path.rsplit('.').next().unwrap_or(path);
        Ok(Some(match (path, method) {
            ("asyncio.run" | "uvloop.run", _) | (_, "run_until_complete") => self.force(&first())?,
            ("anyio.run" | "trio.run" | "typer.run", _) => self.call_back(&first(), Vec::new())?,
            ("asyncio.sleep" | "anyio.sleep", _) => {
                Value::promise(Work::Sleep(first().as_number().unwrap_or(1.0), site.clone()))
            }
            ("asyncio.gather" | "asyncio.wait", _) => Value::promise(Work::All(arguments.positional.clone())),
            ("asyncio.wait_for" | "asyncio.shield", _) => first(),
            (_, "create_task" | "ensure_future" | "start_soon") => {
                let value = first();
                let value = match &value {
                    Value::Function(closure) => self.call_closure(closure, Arguments::default())?,
                    _ => value,
                };
                self.aside(|walk| walk.force(&value))?;
                Value::Unknown
            }
            ("asyncio.to_thread", _) => {
                let rest = Arguments::of(arguments.positional.iter().skip(1).cloned().collect());
                Value::promise(Work::Ready(self.plain_call(&first(), rest, site)?))
            }
            (_, "run_in_executor") => {
                let function = arguments.at(1).cloned().unwrap_or(Value::Unknown);
                let rest = Arguments::of(arguments.positional.iter().skip(2).cloned().collect());
                Value::promise(Work::Ready(self.plain_call(&function, rest, site)?))
            }
            ("asyncio.Event().wait" | "asyncio.Future", _) | (_, "run_forever") => {
                if method == "run_forever" {
                    return Err(Leave::Forever(site.clone()));
                }
                Value::promise(Work::Never(site.clone()))
            }
            _ => return Ok(None),
        }))
    }

    fn plain_call(&mut self, function: &Value, arguments: Arguments, site: &Site) -> Flow<Value> {
        match function {
            Value::Function(closure) => {
                let value = self.call_closure(closure, arguments)?;
                self.force(&value)
            }
            Value::External(external) => {
                let external = Rc::clone(external);
                self.call_python(&external, arguments, site)
            }
            _ => Ok(Value::Unknown),
        }
    }

    fn call_library(&mut self, callee: &Rc<External>, arguments: Arguments, site: &Site) -> Flow<Value> {
        let path = callee.path.as_str();
        match path {
            "uvicorn.run"
            | "waitress.serve"
            | "aiohttp.web.run_app"
            | "werkzeug.serving.run_simple"
            | "prometheus_client.start_http_server"
            | "hypercorn.asyncio.serve"
            | "asyncio.start_server" => {
                return self.serve_python(path, &arguments, site);
            }
            "psycopg2.connect"
            | "psycopg.connect"
            | "psycopg2.pool.SimpleConnectionPool"
            | "psycopg2.pool.ThreadedConnectionPool"
            | "asyncpg.connect"
            | "asyncpg.create_pool" => self.connected("postgres", site),
            "pymysql.connect" | "MySQLdb.connect" | "mysql.connector.connect" => {
                self.connected("mysql", site);
            }
            "sqlalchemy.create_engine().connect" | "sqlalchemy.create_engine().begin" => {
                self.connected("database", site);
            }
            "pymongo.MongoClient().admin.command" => self.connected("mongo", site),
            "alembic.command.upgrade" | "django.core.management.call_command" => {
                self.record(EventKind::Migration, site);
            }
            "subprocess.Popen"
            | "subprocess.run"
            | "subprocess.call"
            | "subprocess.check_call"
            | "os.system"
            | "asyncio.create_subprocess_exec"
            | "subprocess.check_output"
            | "os.spawnvp" => {
                self.seen.borrow_mut().spawns = true;
            }
            _ if path.ends_with(".create_all") => {
                self.connected("database", site);
                self.record(EventKind::Migration, site);
            }
            _ => {}
        }
        self.handed_app(path, &arguments);
        let made = super::calls::made(path);
        self.make(&made, arguments, callee.owner.clone(), site)
    }

    fn call_python_method(
        &mut self,
        owner: &Rc<External>,
        method: &str,
        arguments: Arguments,
        site: &Site,
    ) -> Flow<Value> {
        match (owner.path.as_str(), method) {
            ("redis:client" | "redis:async", method) => self.call_redis_py(owner, method, site),
            ("rq:worker", "work") => {
                self.reach_redis(owner, site)?;
                let burst = matches!(arguments.named("burst"), Some(Value::Bool(true)));
                let leave = self.work_loop("rq", site);
                if burst { Ok(Value::Bool(true)) } else { Err(leave) }
            }
            ("rq:queue", "name" | "key") => Ok(Value::Unknown),
            ("rq:queue", _) => {
                self.reach_redis(owner, site)?;
                Ok(Value::Unknown)
            }
            ("celery:app", "worker_main" | "start") => Err(self.work_loop("celery", site)),
            ("thread:thread" | "thread:process", "start") => self.start_thread(owner),
            ("thread:thread" | "thread:process", "join") => {
                if owner.notes.borrow().contains_key("forever") {
                    return Err(Leave::Forever(site.clone()));
                }
                Ok(Value::Null)
            }
            ("thread:pool", "submit") => {
                let function = arguments.at(0).cloned().unwrap_or(Value::Unknown);
                let rest = Arguments::of(arguments.positional.into_iter().skip(1).collect());
                self.thread(&function, rest)?;
                Ok(Value::Unknown)
            }
            _ => self.call_server_method(owner, method, arguments, site),
        }
    }

    /// An object of rq sends its first command.
    fn reach_redis(&mut self, object: &Rc<External>, site: &Site) -> Flow {
        let client = match object.arguments.named("connection") {
            Some(Value::External(client)) if client.path.starts_with("redis:") => Rc::clone(client),
            _ => Rc::clone(object),
        };
        self.use_redis(&client, "work", site).map(|_| ())
    }

    fn start_thread(&mut self, thread: &Rc<External>) -> Flow<Value> {
        let own = thread.notes.borrow().get("this").cloned();
        // A class derived from Thread runs its own `run`.
        let (function, arguments) = if let Some(this) = own {
            (self.member(&this, "run", &thread.site)?, Arguments::default())
        } else {
            let timer = thread.arguments.get(1, "function").cloned();
            let target = thread.arguments.named("target").cloned().or(timer).unwrap_or(Value::Unknown);
            let given = match thread.arguments.named("args") {
                Some(Value::List(items)) => items.borrow().clone(),
                _ => Vec::new(),
            };
            let mut arguments = Arguments::of(given);
            if let Some(Value::Map(named)) = thread.arguments.named("kwargs") {
                arguments.named.extend(named.entries.borrow().clone());
            }
            (target, arguments)
        };
        if let Some(Leave::Forever(_)) = self.thread(&function, arguments)? {
            thread.notes.borrow_mut().insert("forever".to_owned(), Value::Bool(true));
        }
        Ok(Value::Null)
    }

    /// What a constructor itself does.
    pub(super) fn constructed(&mut self, made: &Rc<External>, site: &Site) -> Flow {
        match made.path.as_str() {
            "redis:client" | "redis:async" => {
                if let Some(Value::External(pool)) = made.arguments.option("connection_pool") {
                    let _ = pool;
                } else {
                    self.redis_client("redis-py", made, site);
                }
            }
            "redis:pool" => self.redis_client("redis-py", made, site),
            "ioredis:client" => self.redis_client("ioredis", made, site),
            "node-redis:client" => self.redis_client("node-redis", made, site),
            "rq:queue" => self.rq_connection(made, site),
            // Its constructor names the connection, which is a command.
            "rq:worker" => {
                self.rq_connection(made, site);
                self.reach_redis(made, site)?;
            }
            "bullmq:worker" | "bullmq:events" => {
                self.bullmq_connection(made, site);
                if made.path == "bullmq:worker" {
                    self.record(EventKind::WorkLoop("bullmq"), site);
                    self.kept = true;
                }
            }
            "bullmq:queue" | "ioredis" => self.kept = true,
            _ => {}
        }
        Ok(())
    }
}

fn range(arguments: &Arguments) -> Value {
    let number = |at: usize| arguments.at(at).and_then(Value::as_number);
    let bounds = match (number(0), number(1)) {
        (Some(end), None) if arguments.positional.len() == 1 => Some((0.0, end)),
        (Some(start), Some(end)) => Some((start, end)),
        _ => None,
    };
    let Some((start, end)) = bounds else { return Value::Unknown };
    let step = number(2).unwrap_or(1.0);
    if step <= 0.0 {
        return Value::Unknown;
    }
    let (mut items, mut at) = (Vec::new(), start);
    while at < end && at - start < RANGE_LIMIT * step {
        items.push(Value::Number(at));
        at += step;
    }
    Value::list(items)
}

//! Python's web servers and frameworks: what runs before they listen, which address they bind, which paths they serve.

use std::rc::Rc;

use super::arguments::Arguments;
use super::value::{External, Value};
use super::walk::{Flow, Leave, Walk};
use super::{EventKind, Host, Listen, Port};
use crate::finding::Site;

/// Where a server is told to listen.
pub(super) struct Place {
    pub(super) server: &'static str,
    pub(super) host: Option<Value>,
    pub(super) port: Option<Value>,
    /// The library's own port, when it has one.
    pub(super) default_port: Option<u16>,
    /// True when the library binds the loopback unless told otherwise.
    pub(super) default_loopback: bool,
    pub(super) http: bool,
}

impl Place {
    pub(super) fn new(server: &'static str, host: Option<&Value>, port: Option<&Value>) -> Self {
        Self {
            server,
            host: host.cloned(),
            port: port.cloned(),
            default_port: None,
            default_loopback: false,
            http: true,
        }
    }

    pub(super) fn default(self, port: Option<u16>, loopback: bool) -> Self {
        Self { default_port: port, default_loopback: loopback, ..self }
    }
}

impl Walk<'_> {
    /// Begins to listen.
    pub(super) fn listen(&mut self, place: &Place, site: &Site) {
        let host = match &place.host {
            None | Some(Value::Null) if place.default_loopback => Host::Loopback("127.0.0.1".into()),
            None | Some(Value::Null) => Host::Every,
            Some(value) => host(value),
        };
        let (port, port_site) = port(place, site);
        let server = place.server.to_owned();
        let listen = Listen { server, host, port, port_site, http: place.http };
        self.record(EventKind::Listen(listen), site);
        self.kept = true;
    }

    /// Functions that serve until the process ends.
    pub(super) fn serve_python(&mut self, path: &str, given: &Arguments, site: &Site) -> Flow<Value> {
        let place = match path {
            "uvicorn.run" => {
                let app = given.get(0, "app").cloned().unwrap_or(Value::Unknown);
                self.start_app(&app, site)?;
                Place::new(
                    "uvicorn",
                    given.named("host").or(given.at(1)),
                    given.named("port").or(given.at(2)),
                )
                .default(Some(8000), true)
            }
            "waitress.serve" => {
                Place::new("waitress", given.named("host"), given.named("port")).default(Some(8080), false)
            }
            "aiohttp.web.run_app" => {
                let app = given.get(0, "app").cloned().unwrap_or(Value::Unknown);
                let app = self.force(&app)?;
                self.start_app(&app, site)?;
                Place::new("aiohttp", given.named("host"), given.named("port")).default(Some(8080), false)
            }
            "werkzeug.serving.run_simple" => {
                Place::new("werkzeug", given.get(0, "hostname"), given.get(1, "port"))
            }
            "asyncio.start_server" => {
                let mut place = Place::new("asyncio", given.get(1, "host"), given.get(2, "port"));
                place.http = false;
                place
            }
            "prometheus_client.start_http_server" => {
                self.any_route("prometheus_client answers every path");
                Place::new("prometheus_client", given.get(1, "addr"), given.get(0, "port"))
            }
            _ => {
                let mut place = Place::new("hypercorn", Some(&Value::Unknown), Some(&Value::Unknown));
                place.http = true;
                place
            }
        };
        self.listen(&place, site);
        match path {
            "prometheus_client.start_http_server" | "asyncio.start_server" => Ok(Value::Unknown),
            _ => Err(Leave::Forever(site.clone())),
        }
    }

    /// Methods of servers and applications.
    pub(super) fn call_server_method(
        &mut self,
        owner: &Rc<External>,
        method: &str,
        given: Arguments,
        site: &Site,
    ) -> Flow<Value> {
        let forever = || Err(Leave::Forever(site.clone()));
        match (owner.path.as_str(), method) {
            ("http.server:server", "serve_forever" | "handle_request") => {
                let (host, port) = address_pair(&owner.arguments);
                let mut place = Place::new("http.server", host.as_ref(), port.as_ref());
                place.http = self.handler_routes(owner.arguments.get(1, "RequestHandlerClass"));
                self.listen(&place, &owner.site);
                forever()
            }
            ("wsgiref:server", "serve_forever" | "handle_request") => {
                let place =
                    Place::new("wsgiref", owner.arguments.get(0, "host"), owner.arguments.get(1, "port"));
                self.any_route("the paths of a WSGI application are not read");
                self.listen(&place, &owner.site);
                forever()
            }
            ("wsgi:server", "serve_forever" | "start") => {
                let (host, port) = address_pair(&owner.arguments);
                self.start_app(&owner.arguments.at(1).cloned().unwrap_or(Value::Unknown), site)?;
                self.listen(&Place::new("gevent", host.as_ref(), port.as_ref()), &owner.site);
                if method == "start" { Ok(Value::Null) } else { forever() }
            }
            ("flask:app", "run") => {
                let place =
                    Place::new("flask", given.get(0, "host"), given.get(1, "port")).default(Some(5000), true);
                self.listen(&place, site);
                forever()
            }
            ("uvicorn:server", "run" | "serve") => {
                let config = owner.arguments.get(0, "config").cloned();
                let given = if let Some(Value::External(config)) = &config {
                    config.arguments.clone()
                } else {
                    given
                };
                self.serve_python("uvicorn.run", &given, site)
            }
            ("aiohttp:site", "start") => {
                let place =
                    Place::new("aiohttp", owner.arguments.get(1, "host"), owner.arguments.get(2, "port"));
                self.listen(&place.default(Some(8080), false), site);
                Ok(Value::Unknown)
            }
            ("fastapi:app" | "fastapi:router" | "starlette:app", "include_router") => {
                self.include(owner, &given, "prefix", site);
                Ok(Value::Null)
            }
            ("flask:app" | "flask:blueprint", "register_blueprint") => {
                self.include(owner, &given, "url_prefix", site);
                Ok(Value::Null)
            }
            ("fastapi:app" | "starlette:app" | "fastapi:router", "mount" | "add_route" | "add_api_route") => {
                match given.at(0).and_then(Value::as_text) {
                    Some(path) if method != "mount" => self.route(owner, &path, true, site),
                    // What is mounted may answer everything below its path, and nothing beside it.
                    Some(path) if path.starts_with('/') && path.len() > 1 => {
                        self.route(
                            owner,
                            &format!("{}/{{rest:path}}", path.trim_end_matches('/')),
                            true,
                            site,
                        );
                    }
                    _ => self.any_route("an application is mounted"),
                }
                Ok(Value::Null)
            }
            ("flask:app", "add_url_rule") => {
                if let Some(path) = given.at(0).and_then(Value::as_text) {
                    self.route(owner, &path, true, site);
                }
                Ok(Value::Null)
            }
            ("fastapi:app" | "starlette:app", "add_event_handler") => {
                if given.at(0).and_then(Value::as_text).as_deref() == Some("startup")
                    && let Some(handler) = given.at(1)
                {
                    note(owner, "startup", handler);
                }
                Ok(Value::Null)
            }
            ("aiohttp:app", _) => Ok(self.aiohttp_method(owner, method, &given, site)),
            (_, "run") if owner.path.ends_with("SocketIO()") => {
                let place = Place::new("flask-socketio", given.get(1, "host"), given.get(2, "port"));
                self.any_route("the paths of the application are not read");
                self.listen(&place.default(Some(5000), true), site);
                forever()
            }
            ("fastapi:app" | "starlette:app", "add_middleware") => {
                if matches!(given.at(0), Some(Value::Class(_))) {
                    self.any_route("a middleware may answer any path");
                }
                Ok(Value::Null)
            }
            _ => {
                let path = format!("{}.{method}()", owner.path);
                self.handed_app(&path, &given);
                self.make(&path, given, Some(Rc::clone(owner)), site)
            }
        }
    }

    fn aiohttp_method(
        &mut self,
        owner: &Rc<External>,
        method: &str,
        given: &Arguments,
        site: &Site,
    ) -> Value {
        match method {
            "router.add_get" | "router.add_post" | "router.add_put" | "router.add_delete" => {
                if let Some(path) = given.at(0).and_then(Value::as_text) {
                    self.route(owner, &path, method == "router.add_get", site);
                }
            }
            "router.add_route" => match given.at(1).and_then(Value::as_text) {
                Some(path) => self.route(owner, &path, true, site),
                None => self.any_route("a route is computed"),
            },
            "on_startup.append" => {
                if let Some(handler) = given.at(0) {
                    note(owner, "startup", handler);
                }
            }
            _ => self.any_route("aiohttp routes are added in a way that is not read"),
        }
        Value::Unknown
    }

    /// What an application does before its server listens.
    pub(super) fn start_app(&mut self, app: &Value, site: &Site) -> Flow {
        let app = match app.as_text() {
            Some(spelled) => self.app_by_name(&spelled, site)?,
            None => app.clone(),
        };
        let Value::External(app) = &app else {
            self.any_route("the application is not known");
            return Ok(());
        };
        if !matches!(app.path.as_str(), "fastapi:app" | "flask:app" | "starlette:app" | "aiohttp:app") {
            self.any_route("the application's framework is not known");
        }
        if app.path == "starlette:app" && app.arguments.named("routes").is_some() {
            self.any_route("routes are given as a list");
        }
        if let Some(Value::Function(lifespan)) = app.arguments.named("lifespan").cloned() {
            match self.run_closure(&lifespan, &Arguments::of(vec![Value::External(Rc::clone(app))])) {
                Ok(_) | Err(Leave::Yield) => {}
                Err(leave) => return Err(leave),
            }
        }
        let hooks = app.notes.borrow().get("startup").cloned();
        if let Some(Value::List(hooks)) = hooks {
            let hooks = hooks.borrow().clone();
            for hook in hooks {
                self.call_back(&hook, vec![Value::External(Rc::clone(app))])?;
            }
        }
        Ok(())
    }

    /// `package.module:attribute`, the module run first; `attribute()` is a factory.
    pub(super) fn app_by_name(&mut self, spelled: &str, site: &Site) -> Flow<Value> {
        let (module, attribute) = spelled.split_once(':').unwrap_or((spelled, "app"));
        let module = self.python_module(module, site)?;
        let mut value = module;
        for name in attribute.trim_end_matches("()").split('.') {
            value = self.member(&value, name, site)?;
        }
        match &value {
            Value::Function(factory) => {
                let made = self.call_closure(factory, Arguments::default())?;
                self.force(&made)
            }
            _ => Ok(value),
        }
    }
}

/// Adds a value to a list kept on an object.
pub(super) fn note(owner: &Rc<External>, list: &str, value: &Value) {
    let mut notes = owner.notes.borrow_mut();
    let entry = notes.entry(list.to_owned()).or_insert_with(|| Value::list(Vec::new()));
    if let Value::List(items) = entry {
        items.borrow_mut().push(value.clone());
    }
}

/// The two parts of `(host, port)`.
fn address_pair(arguments: &Arguments) -> (Option<Value>, Option<Value>) {
    match arguments.get(0, "server_address") {
        Some(Value::List(pair)) => {
            let pair = pair.borrow();
            (pair.first().cloned(), pair.get(1).cloned())
        }
        Some(Value::Text(text)) => match text.rsplit_once(':') {
            Some((host, port)) => (Some(Value::text(host)), Some(Value::text(port))),
            None => (Some(Value::Unknown), Some(Value::Unknown)),
        },
        _ => (Some(Value::Unknown), Some(Value::Unknown)),
    }
}

fn host(value: &Value) -> Host {
    if matches!(value, Value::Env(env) if env.name == "HOSTNAME" && env.around.is_empty()) {
        return Host::Own;
    }
    let Some(text) = value.as_text() else { return Host::Unknown };
    match (text.trim_matches(['[', ']']), value) {
        ("127.0.0.1" | "localhost" | "::1", Value::Text(_)) => Host::Loopback(text.to_string()),
        ("127.0.0.1" | "localhost" | "::1", Value::Env(env)) if env.around.is_empty() => {
            Host::Default(env.name.clone(), text.to_string())
        }
        ("" | "0.0.0.0" | "::" | "*", _) => Host::Every,
        _ => Host::Unknown,
    }
}

fn port(place: &Place, site: &Site) -> (Port, Site) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a port number")]
    let number = |value: &Value| value.as_number().map(|number| number.clamp(0.0, 65_535.0) as u16);
    let port = match &place.port {
        None | Some(Value::Null) => place.default_port.map_or(Port::Unknown, Port::Literal),
        Some(Value::Env(env)) => {
            let site = env.site.clone();
            return match env.name.as_str() {
                "PORT" => (Port::Variable, site),
                // `OTHER || PORT`: Railway's variable is the one that is set.
                _ if matches!(&env.default, Some(Value::Env(inner)) if inner.name == "PORT") => {
                    (Port::Variable, site)
                }
                name => (Port::Other(name.to_owned(), env.default.as_ref().and_then(number)), site),
            };
        }
        Some(value @ (Value::Number(_) | Value::Text(_))) => {
            number(value).map_or(Port::Unknown, Port::Literal)
        }
        Some(_) => Port::Unknown,
    };
    (port, site.clone())
}

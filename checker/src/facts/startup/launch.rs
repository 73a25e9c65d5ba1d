//! From the entry point to the first step of the walk.

use std::rc::Rc;

use super::EntryPoint;
use super::command::flag;
use super::frameworks::Place;
use super::value::{EnvValue, External, Value};
use super::walk::{Flow, Leave, Walk};
use crate::finding::Site;

impl Walk<'_> {
    /// Starts the program.
    pub(super) fn launch(&mut self, entry: &EntryPoint) -> Flow {
        let site = &entry.site;
        match (entry.program.as_str(), &entry.file, &entry.target) {
            (_, Some(file), _) => {
                self.entry_path.clone_from(file);
                self.run_module_as(file, "", "__main__")?;
                Ok(())
            }
            ("python", None, Some(module)) => self.launch_module(module, site),
            ("celery", _, target) => {
                if let Some(target) = target {
                    let module = target.split(':').next().unwrap_or(target);
                    self.python_module(module, site)?;
                }
                // Celery tries again by itself while its broker is away.
                Err(self.work_loop("celery", site))
            }
            ("rq", ..) => {
                let client = External {
                    path: "redis:client".into(),
                    arguments: super::arguments::Arguments::default(),
                    owner: None,
                    site: site.clone(),
                    notes: std::cell::RefCell::default(),
                };
                self.use_redis(&Rc::new(client), "ping", site)?;
                Err(self.work_loop("rq", site))
            }
            (server, _, Some(target)) => self.launch_server(server, target, entry),
            _ => Err(Leave::Stop),
        }
    }

    fn launch_module(&mut self, module: &str, site: &Site) -> Flow {
        if module == "http.server" {
            self.any_route("files are served by their names");
            let place = Place::new("http.server", None, None).default(Some(8000), false);
            self.listen(&place, site);
            return Err(Leave::Forever(site.clone()));
        }
        let file = self.sources.python(&format!("{module}.__main__")).or_else(|| self.sources.python(module));
        let Some(file) = file else { return Err(Leave::Stop) };
        if let Some((package, _)) = module.rsplit_once('.') {
            self.python_module(package, site)?;
        }
        self.entry_path.clone_from(&file);
        self.run_module_as(&file, module, "__main__")?;
        Ok(())
    }

    fn launch_server(&mut self, server: &str, target: &str, entry: &EntryPoint) -> Flow {
        let (site, words) = (&entry.site, entry.arguments.as_slice());
        let app = self.app_by_name(target, site)?;
        let mut port = flag(words, &["--port", "-p"]).map(|word| value(word, site));
        let mut host = flag(words, &["--host", "-h"]).map(|word| value(word, site));
        if let Some(bind) = flag(words, &["--bind", "-b"]) {
            let (address, number) = bind.rsplit_once(':').unwrap_or((bind, ""));
            host = Some(value(address, site));
            port = (!number.is_empty()).then(|| value(number, site));
        }
        let name = match server {
            "uvicorn" => "uvicorn",
            "gunicorn" => "gunicorn",
            "flask" => "flask",
            "hypercorn" => "hypercorn",
            _ => "server",
        };
        self.start_app(&app, site)?;
        let place = Place::new(name, host.as_ref(), port.as_ref());
        // Gunicorn takes the port of the variable `PORT` by itself and then binds every address
        // (<https://docs.gunicorn.org/en/stable/settings.html#bind>).
        let place = match name {
            "uvicorn" | "hypercorn" => place.default(Some(8000), true),
            "flask" => place.default(Some(5000), true),
            "gunicorn" if host.is_none() => Place { port: Some(variable("PORT", None, site)), ..place },
            _ => place,
        };
        self.listen(&place, site);
        Err(Leave::Forever(site.clone()))
    }
}

/// The value of a word that a shell may expand.
fn value(word: &str, site: &Site) -> Value {
    let Some(inner) = word.strip_prefix('$') else { return Value::text(word) };
    let inner = inner.trim_start_matches('{').trim_end_matches('}');
    match inner.split_once(":-").or_else(|| inner.split_once('-')) {
        Some((name, default)) => variable(name, Some(Value::text(default)), site),
        None => variable(inner, None, site),
    }
}

fn variable(name: &str, default: Option<Value>, site: &Site) -> Value {
    Value::Env(Rc::new(EnvValue { name: name.to_owned(), default, site: site.clone(), around: "".into() }))
}

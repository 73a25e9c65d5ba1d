//! What a snapshot means: everything rules may ask, gathered once, each part on first use where it is costly.

pub mod build_context;
pub mod build_imports;
pub mod builder_commands;
pub mod chain;
pub mod compose;
pub mod copies;
pub mod cron;
pub mod debian;
pub mod distribution;
pub mod django_routes;
pub mod dockerfile;
pub mod dockerignore;
pub mod document;
pub mod env_file;
pub mod fixed_port;
pub mod gitignore;
pub mod health_handler;
pub mod image;
pub mod image_server;
pub mod javascript_source;
pub mod launch;
pub mod next_pages;
pub mod next_routes;
pub mod nixpacks;
pub mod node_project;
pub mod package_manager;
pub mod pattern;
pub mod posix_shell;
pub mod procfile;
pub mod program;
pub mod python_project;
pub mod python_source;
pub mod railway_config;
pub mod railway_iac;
pub mod semver;
pub mod served_routes;
pub mod service;
pub mod settings;
pub mod shell;
pub mod startup;
pub mod system_packages;
pub mod typescript;
pub mod workflow;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::config::Config;
use crate::finding::{Finding, Severity};
use crate::snapshot::Snapshot;

/// Everything a rule may ask about one repository.
pub struct Facts<'s> {
    /// The files themselves.
    pub snapshot: &'s Snapshot<'s>,
    /// What `.github/preflight.toml` says.
    pub config: &'s Config,
    /// Every Dockerfile of the repository, by path, whether or not a service selects it.
    pub dockerfiles: BTreeMap<String, Rc<dockerfile::Dockerfile>>,
    /// Every `railway.toml` and `railway.json` (any file name ending so or named by a service), by path.
    pub railway_configs: BTreeMap<String, Rc<railway_config::RailwayConfig>>,
    /// `.railway/railway.ts`, when there is one.
    pub iac: Option<Rc<railway_iac::Iac>>,
    /// Every compose file, by path.
    pub composes: BTreeMap<String, Rc<compose::Compose>>,
    /// Every `Procfile`, by path.
    pub procfiles: BTreeMap<String, Rc<procfile::Procfile>>,
    /// The services, in discovery order. Never empty unless nothing in the repository speaks of Railway or a container.
    pub services: Vec<service::Service>,
    /// What was seen when the smoke plan was carried out; `None` when it was not.
    pub observations: Option<crate::observation::Observations>,
    proof: OnceCell<crate::proof::Proof>,
    python: OnceCell<BTreeMap<String, python_project::PythonProject>>,
    node: OnceCell<BTreeMap<String, node_project::NodeProject>>,
    env_files: OnceCell<BTreeMap<String, env_file::EnvFile>>,
    workflows: OnceCell<Vec<workflow::Workflow>>,
    startups: OnceCell<Vec<Rc<startup::Startup>>>,
    contexts: RefCell<HashMap<(String, String), Rc<build_context::BuildContext<'s>>>>,
    modules: RefCell<HashMap<String, Option<Rc<program::Module>>>>,
    links: RefCell<HashMap<String, Option<Rc<Vec<chain::Link>>>>>,
    names: RefCell<HashMap<String, Option<Rc<BTreeSet<String>>>>>,
    configs: RefCell<HashMap<String, Option<Rc<document::Node>>>>,
    delivered: OnceCell<Vec<launch::Delivered<'s>>>,
    loaded: OnceCell<HashSet<String>>,
}

impl<'s> Facts<'s> {
    /// Reads what every rule needs; costly parts wait until a rule asks.
    pub fn gather(snapshot: &'s Snapshot<'s>, config: &'s Config) -> Self {
        let mut facts = Self {
            snapshot,
            config,
            dockerfiles: dockerfile::gather(snapshot),
            railway_configs: railway_config::gather(snapshot),
            iac: railway_iac::gather(snapshot).map(Rc::new),
            composes: compose::gather(snapshot),
            procfiles: procfile::gather(snapshot),
            observations: None,
            proof: OnceCell::new(),
            python: OnceCell::new(),
            node: OnceCell::new(),
            env_files: OnceCell::new(),
            workflows: OnceCell::new(),
            services: Vec::new(),
            startups: OnceCell::new(),
            contexts: RefCell::default(),
            modules: RefCell::default(),
            links: RefCell::default(),
            names: RefCell::default(),
            configs: RefCell::default(),
            delivered: OnceCell::new(),
            loaded: OnceCell::new(),
        };
        facts.services = service::discover(&facts);
        facts
    }

    /// The observations, judged; `None` without any.
    pub fn proof(&self) -> Option<&crate::proof::Proof> {
        let seen = self.observations.as_ref()?;
        Some(self.proof.get_or_init(|| crate::proof::judge(self, seen)))
    }

    /// Every Python project, by directory; read on first use.
    pub fn python_projects(&self) -> &BTreeMap<String, python_project::PythonProject> {
        self.python.get_or_init(|| python_project::gather(self.snapshot))
    }

    /// Every Node project, by directory; read on first use.
    pub fn node_projects(&self) -> &BTreeMap<String, node_project::NodeProject> {
        self.node.get_or_init(|| node_project::gather(self.snapshot))
    }

    /// The Node project whose directory is the innermost one above `path`.
    pub fn nearest_project(&self, path: &str) -> Option<&node_project::NodeProject> {
        let mut at = path;
        loop {
            let (directory, _) = at.rsplit_once('/').unwrap_or(("", at));
            let found = self.node_projects().get(directory);
            if found.is_some() || directory.is_empty() {
                return found;
            }
            at = directory;
        }
    }

    /// Every `.env` file, by path; read on first use.
    pub fn env_files(&self) -> &BTreeMap<String, env_file::EnvFile> {
        self.env_files.get_or_init(|| env_file::gather(self.snapshot))
    }

    /// Every GitHub workflow; read on first use.
    pub fn workflows(&self) -> &[workflow::Workflow] {
        self.workflows.get_or_init(|| workflow::gather(self.snapshot))
    }

    /// Every service that is built from a Dockerfile which can be read, with that Dockerfile.
    pub fn images(&self) -> impl Iterator<Item = (&service::Service, Rc<dockerfile::Dockerfile>)> {
        self.services.iter().filter_map(|service| {
            let choice = service.dockerfile.yes()?;
            let known = self.dockerfiles.get(&choice.path).cloned();
            let file = known.or_else(|| dockerfile::read(self.snapshot, &choice.path).map(Rc::new))?;
            Some((service, file))
        })
    }

    /// Every service that a config file speaks for, with that file.
    pub fn configured(&self) -> impl Iterator<Item = (&service::Service, Rc<railway_config::RailwayConfig>)> {
        self.services.iter().filter_map(|service| {
            let path = service.config.as_ref()?;
            let known = self.railway_configs.get(path).cloned();
            let config = known.or_else(|| railway_config::read(self.snapshot, path).map(Rc::new))?;
            Some((service, config))
        })
    }

    /// `findings`, at most warnings where they concern a service that nothing says is deployed, and there one warning of a
    /// rule for each file: the others are notes.
    pub fn capped(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        let doubtful =
            |name: &str| self.services.iter().any(|service| service.name == name && !service.selected);
        let mut told = BTreeSet::new();
        for finding in findings.iter_mut().filter(|each| each.service.as_deref().is_some_and(doubtful)) {
            let first = told.insert((finding.rule, finding.site.path.clone()));
            finding.severity = finding.severity.max(if first { Severity::Warning } else { Severity::Note });
        }
        findings
    }

    /// The context that `dockerfile` is built in when the root directory is `root`.
    pub fn build_context(&self, root: &str, dockerfile: &str) -> Rc<build_context::BuildContext<'s>> {
        // All that a Dockerfile says of it is an ignore file of its own.
        let own = self.snapshot.entry(&format!("{dockerfile}.dockerignore")).map_or("", |_| dockerfile);
        let key = (root.to_owned(), own.to_owned());
        if let Some(known) = self.contexts.borrow().get(&key) {
            return Rc::clone(known);
        }
        let context = Rc::new(build_context::BuildContext::of(self.snapshot, root, dockerfile));
        self.contexts.borrow_mut().insert(key, Rc::clone(&context));
        context
    }

    /// The source file at `path`, parsed once; `None` when it has no text or is written in another language.
    pub fn module(&self, path: &str) -> Option<Rc<program::Module>> {
        if let Some(known) = self.modules.borrow().get(path) {
            return known.clone();
        }
        let read = || {
            let text = self.snapshot.text(path).ok()?;
            Some(Rc::new(match chain::language(path)? {
                program::Language::Python => python_source::parse(path, &text.text),
                program::Language::JavaScript => javascript_source::parse(path, &text.text),
            }))
        };
        let module = read();
        self.modules.borrow_mut().insert(path.to_owned(), module.clone());
        module
    }

    /// What the source file at `path` refers to.
    pub fn links(&self, path: &str) -> Option<Rc<Vec<chain::Link>>> {
        if let Some(known) = self.links.borrow().get(path) {
            return known.clone();
        }
        let found = self.module(path).map(|module| Rc::new(chain::links::links(&module)));
        self.links.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }

    /// The names that the module at `path` may have; `None` when others are possible.
    pub fn names(&self, path: &str) -> Option<Rc<BTreeSet<String>>> {
        if let Some(known) = self.names.borrow().get(path) {
            return known.clone();
        }
        let read = || {
            let module = self.module(path)?;
            python_source::names::names(&module, &self.snapshot.text(path).ok()?.text).map(Rc::new)
        };
        let found = read();
        self.names.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }

    /// The JSON document at `path`, comments allowed, parsed once.
    pub fn config_document(&self, path: &str) -> Option<Rc<document::Node>> {
        if let Some(known) = self.configs.borrow().get(path) {
            return known.clone();
        }
        let text = self.snapshot.text(path).ok();
        let found = text.and_then(|text| document::jsonc(&text.text).ok()).map(Rc::new);
        self.configs.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }

    /// Paths of the tree, without ending, that the aliases of the `tsconfig.json` at `config` make of `specifier`.
    pub fn tsconfig_targets(&self, config: &str, specifier: &str) -> Vec<String> {
        chain::tsconfig_targets(&|path| self.config_document(path), config, specifier)
    }

    /// Every service with its image and what is started in it; read on first use.
    pub fn delivered(&self) -> &[launch::Delivered<'s>] {
        self.delivered.get_or_init(|| launch::gather(self))
    }

    /// The modules of the tree that a stated command of some service loads; collected on first use.
    pub fn loaded(&self) -> &HashSet<String> {
        self.loaded.get_or_init(|| launch::loaded(self))
    }

    /// How `service` (an element of `self.services`) starts up, read from its sources; computed on first use.
    pub fn startup(&self, service: &service::Service) -> Rc<startup::Startup> {
        let all = self
            .startups
            .get_or_init(|| self.services.iter().map(|each| Rc::new(startup::read(self, each))).collect());
        let at = self.services.iter().position(|each| each.name == service.name).unwrap_or(0);
        all.get(at).cloned().unwrap_or_default()
    }
}

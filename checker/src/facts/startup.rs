//! The order of start-up, read from Python and JavaScript sources: the program is walked twice, once in a world where
//! Redis answers and once in a world where it does not, along every choice that cannot be told from the files.

mod arguments;
mod calls;
mod command;
mod courses;
mod entry;
mod evaluate;
mod frameworks;
mod image;
mod imports;
mod invoke;
mod javascript_calls;
mod launch;
mod python_calls;
mod redis;
mod retry;
mod routes;
#[cfg(test)]
mod tests;
mod value;
mod walk;

pub use command::words;
pub(crate) use command::{flag, unwrapped};
pub use entry::EntryPoint;
pub(crate) use imports::join;

use crate::facts::Facts;
use crate::facts::service::Service;
use crate::finding::Site;
use crate::known::Known;

/// How one service starts.
#[derive(Debug, Clone)]
pub struct Startup {
    /// The program that runs and the file it loads.
    pub entry: Known<EntryPoint>,
    /// The command that scripts and wrappers come to, in words, and where it is written, even of a program that is not read.
    pub command: Option<(Vec<String>, Site)>,
    /// Every course found while Redis answers.
    pub up: Vec<Course>,
    /// Every course found while no connection to Redis succeeds.
    pub down: Vec<Course>,
    /// True when the courses above are all there are: nothing was cut short.
    pub complete: bool,
    /// True when every condition was taken both ways while Redis answers, though not in every combination: enough for
    /// what only adds up, such as routes.
    pub covered: bool,
    /// Variables the program reads, in the order met, each place once.
    pub variables: Vec<VariableRead>,
    /// Paths the program serves, each once.
    pub routes: Vec<Route>,
    /// Why there may be more routes than `routes`; `None` when that list is all.
    pub open_routes: Option<String>,
    /// Redis clients that are made, each place once.
    pub clients: Vec<RedisClient>,
    /// Defects of libraries' use that the walk came across: the rule's id, the place, what is wrong.
    pub misuses: Vec<(&'static str, Site, String)>,
    /// True when it starts other programs, which may listen or connect themselves.
    pub spawns: bool,
    /// Files that were read, the entry first.
    pub files: Vec<String>,
}

impl Default for Startup {
    fn default() -> Self {
        Self {
            entry: Known::unknown("no command was found"),
            command: None,
            up: Vec::new(),
            down: Vec::new(),
            complete: false,
            covered: false,
            variables: Vec::new(),
            routes: Vec::new(),
            open_routes: Some("the program was not read".into()),
            clients: Vec::new(),
            misuses: Vec::new(),
            spawns: false,
            files: Vec::new(),
        }
    }
}

/// One way the program may go.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// What happens, in order.
    pub events: Vec<Event>,
    /// How the process ends up.
    pub end: End,
    /// Seconds of waiting until then.
    pub clock: f64,
}

/// How the process ends up.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It goes on running.
    Running,
    /// Its main flow comes to an end without an error.
    Completed,
    /// It ends itself with this status.
    Exit(Option<i64>, Site),
    /// An exception leaves the main flow.
    Uncaught(Site),
    /// It waits or tries again for ever at this place.
    Waiting(Site),
    /// The walk was cut short.
    Unknown,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// Where.
    pub site: Site,
    /// Seconds of waiting before it.
    pub clock: f64,
    /// Which flow it belongs to; 0 is the main one, each thread or task has a number of its own.
    pub flow: u32,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// A socket begins to listen.
    Listen(Listen),
    /// A connection is used for the first time in a way that waits for the other side.
    Connect {
        /// `redis`, `postgres`, …
        system: &'static str,
        /// False when it fails.
        answered: bool,
    },
    /// The program waits so many seconds.
    Sleep(f64),
    /// Database migrations run.
    Migration,
    /// Something is loaded or filled that, by its name, is slow the first time.
    WarmUp,
    /// Jobs are taken, by this library.
    WorkLoop(&'static str),
    /// A text is written to the log.
    Log(String),
}

/// A socket that listens.
#[derive(Debug, Clone, PartialEq)]
pub struct Listen {
    /// The library that serves, such as `http.server`.
    pub server: String,
    /// The address it binds.
    pub host: Host,
    /// The port it binds.
    pub port: Port,
    /// Where the port is written.
    pub port_site: Site,
    /// True when it answers HTTP.
    pub http: bool,
}

/// The address a socket binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Reachable from outside the container.
    Every,
    /// Reachable from inside only; the text is what was given or is the library's default.
    Loopback(String),
    /// What a variable holds, and the loopback address that is bound when it is not set.
    Default(String, String),
    /// What `HOSTNAME` holds, in a container its own name.
    Own,
    /// Not told by the files.
    Unknown,
}

/// The port a socket binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// The value of the variable `PORT`.
    Variable,
    /// A number, and why it is that: written, or the library's default.
    Literal(u16),
    /// Another variable with its default.
    Other(String, Option<u16>),
    /// Not told by the files.
    Unknown,
}

/// One place where a variable is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableRead {
    /// Its name.
    pub name: String,
    /// The default, when it is a literal.
    pub default: Option<String>,
    /// True when the program fails without it.
    pub required: bool,
    /// Where.
    pub site: Site,
}

/// One path the program serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The path as written, with its prefix; parameters as the framework writes them.
    pub path: String,
    /// Where.
    pub site: Site,
    /// True when it answers GET.
    pub get: bool,
}

/// A Redis client that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisClient {
    /// Where.
    pub site: Site,
    /// The library: `redis-py`, `ioredis`, `node-redis`.
    pub library: &'static str,
    /// The address it is given.
    pub address: Address,
    /// What its `family` option or `?family=` says; 0 is both.
    pub family: Option<i64>,
}

/// Where a client's address comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Written in the source or the library's own default.
    Literal(String, Site),
    /// A variable without a default.
    Variable(String),
    /// A variable with a default, written at the site.
    Default(String, String, Site),
    /// Not told by the files.
    Unknown,
}

/// Reads how `service` starts.
pub fn read(facts: &Facts<'_>, service: &Service) -> Startup {
    let (entry, command) = entry::find(facts, service);
    match entry {
        Known::Yes(entry) => Startup { command, ..courses::explore(facts, service, entry) },
        other => Startup { entry: other, command, ..Startup::default() },
    }
}

/// What becomes of the program while Redis does not answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// The first connection that fails.
    pub site: Site,
    /// True when every course that tries to connect ends the process.
    pub ends: bool,
    /// The shortest time, in seconds of waiting, until it ends; `None` when no course ends.
    pub seconds: Option<f64>,
    /// Most attempts any ending course makes.
    pub attempts: usize,
    /// True when every course that tries to connect has answered HTTP before, or at the same time in another flow.
    pub listens_first: bool,
    /// True when no course answers HTTP before the first attempt is over.
    pub listens_never_first: bool,
    /// Where the process ends itself, or the exception starts.
    pub end: Option<Site>,
}

impl Startup {
    /// What becomes of the program while Redis does not answer; `None` when no course connects to Redis while starting.
    pub fn outage(&self) -> Option<Outage> {
        let tried: Vec<(&Course, usize)> =
            self.down.iter().filter_map(|course| Some((course, course.first_failure()?))).collect();
        let (first, at) = tried.first()?;
        let ended = |course: &&(&Course, usize)| matches!(course.0.end, End::Exit(..) | End::Uncaught(_));
        let ending: Vec<&(&Course, usize)> = tried.iter().filter(ended).collect();
        let listens =
            |(course, at): &(&Course, usize)| course.events.iter().take(*at).any(Event::listens_http);
        Some(Outage {
            site: first.events.get(*at)?.site.clone(),
            ends: self.complete && ending.len() == tried.len(),
            seconds: ending.iter().map(|(course, _)| course.clock).reduce(f64::min),
            attempts: ending.iter().map(|(course, _)| course.failures()).max().unwrap_or(0),
            listens_first: tried.iter().all(listens),
            listens_never_first: self.complete && !tried.iter().any(listens),
            end: ending.first().and_then(|(course, _)| course.end.site().cloned()),
        })
    }

    /// Every place where the program listens while Redis answers, each once.
    pub fn listens(&self) -> Vec<(&Listen, &Site)> {
        let mut found: Vec<(&Listen, &Site)> = Vec::new();
        for event in self.up.iter().flat_map(|course| &course.events) {
            if let EventKind::Listen(listen) = &event.kind
                && !found.contains(&(listen, &event.site))
            {
                found.push((listen, &event.site));
            }
        }
        found
    }

    /// True when every course certainly listens for HTTP; false also when it cannot be told.
    pub fn always_listens(&self) -> bool {
        self.complete && !self.up.is_empty() && self.up.iter().all(Course::listens)
    }

    /// True when certainly no course listens.
    pub fn never_listens(&self) -> bool {
        self.complete && !self.spawns && !self.up.is_empty() && self.listens().is_empty()
    }

    /// Where jobs are taken, and by which library.
    pub fn work_loop(&self) -> Option<(&'static str, &Site)> {
        self.up.iter().flat_map(|course| &course.events).find_map(|event| match event.kind {
            EventKind::WorkLoop(library) => Some((library, &event.site)),
            _ => None,
        })
    }

    /// Everything the program writes to its log while starting.
    pub fn log_texts(&self) -> impl Iterator<Item = &str> {
        self.up.iter().flat_map(|course| &course.events).filter_map(|event| match &event.kind {
            EventKind::Log(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

impl Event {
    fn listens_http(&self) -> bool {
        matches!(&self.kind, EventKind::Listen(listen) if listen.http)
    }
}

impl End {
    /// Where it ends.
    pub fn site(&self) -> Option<&Site> {
        match self {
            Self::Exit(_, site) | Self::Uncaught(site) | Self::Waiting(site) => Some(site),
            Self::Running | Self::Completed | Self::Unknown => None,
        }
    }
}

impl Course {
    /// True when it answers HTTP at some time.
    pub fn listens(&self) -> bool {
        self.events.iter().any(Event::listens_http)
    }

    /// True when a connection to Redis is used while starting.
    fn connects_to_redis(&self) -> bool {
        self.events.iter().any(|event| matches!(event.kind, EventKind::Connect { system: "redis", .. }))
    }

    fn first_failure(&self) -> Option<usize> {
        self.events.iter().position(Event::fails_redis)
    }

    fn failures(&self) -> usize {
        self.events.iter().filter(|event| event.fails_redis()).count()
    }
}

impl Event {
    fn fails_redis(&self) -> bool {
        matches!(self.kind, EventKind::Connect { system: "redis", answered: false })
    }
}

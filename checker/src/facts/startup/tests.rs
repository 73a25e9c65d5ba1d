//! Small programs of the shapes people write, and what the walk says of them.

mod javascript;
mod python;

use std::rc::Rc;

use super::{End, Host, Port, Startup};
use crate::config::Config;
use crate::facts::Facts;
use crate::fixture::MemoryTree;
use crate::snapshot::{Day, Snapshot, Trigger};

/// How a repository with these files starts; without a Dockerfile among them it runs `command`.
fn startup(command: &str, files: &str) -> Rc<Startup> {
    let mut tree = MemoryTree::parse(files);
    if !files.contains("//- Dockerfile") {
        tree = tree.with("Dockerfile", format!("FROM base\nWORKDIR /app\nCOPY . .\nCMD {command}\n"));
    }
    let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
    let config = Config::default();
    let facts = Facts::gather(&snapshot, &config);
    facts.startup(facts.services.first().expect("a Dockerfile makes a service"))
}

/// What a test looks at, in one line each.
fn told(startup: &Startup) -> String {
    let outage = startup.outage().map_or("no outage".to_owned(), |outage| {
        let ends = match (outage.ends, outage.seconds) {
            (true, Some(seconds)) => format!("ends after {seconds:.0} s, {} attempts", outage.attempts),
            (false, Some(_)) => "may end".to_owned(),
            (_, None) => "does not end".to_owned(),
        };
        let listens = match (outage.listens_first, outage.listens_never_first) {
            (true, _) => "listens first",
            (_, true) => "does not listen first",
            _ => "may listen first",
        };
        format!("{ends}; {listens}")
    });
    let complete = if startup.complete { "" } else { " (incomplete)" };
    format!("{outage}{complete}")
}

/// The first socket that listens.
fn listens(startup: &Startup) -> Option<(&str, &Host, &Port)> {
    let (listen, _) = *startup.listens().first()?;
    Some((listen.server.as_str(), &listen.host, &listen.port))
}

fn ends(startup: &Startup) -> Vec<&End> {
    startup.down.iter().map(|course| &course.end).collect()
}

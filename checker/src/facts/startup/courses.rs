//! Every course through the program: the walk is repeated with other answers to what cannot be told.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

use super::imports::Sources;
use super::walk::{Flow, Leave, Walk};
use super::{Course, End, EntryPoint, EventKind, RedisClient, Route, Startup, VariableRead};
use crate::facts::Facts;
use crate::facts::service::Service;
use crate::finding::Site;
use crate::known::Known;
use crate::span::Span;

/// Courses walked in each world; six independent unknown conditions need 64.
const COURSE_LIMIT: usize = 64;
/// Steps of all courses of one world together; about a tenth of a second.
const WORLD_STEPS: usize = 150_000;

/// Answers to what cannot be told: the given ones first, then `no`.
#[derive(Default)]
pub(super) struct Choices {
    given: Vec<bool>,
    taken: Vec<bool>,
    by_site: HashMap<(String, Span), bool>,
}

impl Choices {
    /// The answer for one place; the same place gets the same answer for a whole course.
    pub(super) fn choose(&mut self, site: &Site) -> bool {
        let key = (site.path.clone(), site.span);
        if let Some(answer) = self.by_site.get(&key) {
            return *answer;
        }
        let answer = self.given.get(self.taken.len()).copied().unwrap_or(false);
        self.taken.push(answer);
        self.by_site.insert(key, answer);
        answer
    }

    fn others(&self) -> impl Iterator<Item = Vec<bool>> {
        (self.given.len()..self.taken.len()).map(|at| {
            let mut other = self.taken.get(..at).unwrap_or_default().to_vec();
            other.push(!self.taken.get(at).copied().unwrap_or(false));
            other
        })
    }
}

/// What all courses together have seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) variables: Vec<VariableRead>,
    pub(super) routes: Vec<Route>,
    pub(super) open_routes: Option<String>,
    pub(super) clients: Vec<RedisClient>,
    pub(super) misuses: Vec<(&'static str, Site, String)>,
    /// True when other programs are started, which may listen or connect themselves.
    pub(super) spawns: bool,
}

impl Seen {
    /// Adds to one of the lists what is not there yet.
    pub(super) fn note<T: PartialEq>(list: &mut Vec<T>, item: T) {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

/// Walks every course from `entry` in both worlds.
pub(super) fn explore(facts: &Facts<'_>, service: &Service, entry: EntryPoint) -> Startup {
    let sources = Sources::new(facts, service, &entry);
    let seen = RefCell::new(Seen::default());
    let (up, all_up, covered) = world(&sources, &seen, &entry, true);
    // Without a client the two worlds are the same.
    let uses_redis = !seen.borrow().clients.is_empty() || up.iter().any(Course::connects_to_redis);
    let (down, all_down, _) =
        if uses_redis { world(&sources, &seen, &entry, false) } else { (Vec::new(), true, true) };
    let seen = seen.into_inner();
    let certain = !entry.conditional;
    Startup {
        entry: Known::Yes(entry),
        command: None,
        complete: certain && all_up && all_down && sources.broken().is_none(),
        covered: covered && sources.broken().is_none(),
        up,
        down,
        variables: seen.variables,
        routes: seen.routes,
        open_routes: seen.open_routes.or_else(|| sources.broken()),
        clients: seen.clients,
        misuses: seen.misuses,
        spawns: seen.spawns,
        files: sources.files(),
    }
}

fn world(
    sources: &Sources<'_>,
    seen: &RefCell<Seen>,
    entry: &EntryPoint,
    answered: bool,
) -> (Vec<Course>, bool, bool) {
    let mut queue = VecDeque::from([Vec::new()]);
    let (mut courses, mut complete, mut cut, mut steps) = (Vec::new(), true, false, 0);
    let mut taken: HashMap<(String, Span), [bool; 2]> = HashMap::new();
    while let Some(given) = queue.pop_front() {
        if courses.len() >= COURSE_LIMIT || steps > WORLD_STEPS {
            complete = false;
            break;
        }
        let mut walk = Walk::new(sources, seen, answered, Choices { given, ..Choices::default() });
        let result = walk.launch(entry).and_then(|()| walk.settle());
        let end = walk.end(result);
        complete &= end != End::Unknown;
        cut |= end == End::Unknown;
        for (site, answer) in &walk.choices.by_site {
            taken.entry(site.clone()).or_default()[usize::from(*answer)] = true;
        }
        queue.extend(walk.choices.others());
        steps += walk.steps;
        courses.push(Course { events: walk.events, end, clock: walk.clock });
    }
    let covered = !cut && taken.values().all(|answers| *answers == [true, true]);
    (courses, complete, covered)
}

impl Walk<'_> {
    /// What was put off until the main flow waits.
    fn settle(&mut self) -> Flow {
        let deferred = std::mem::take(&mut self.deferred);
        for handler in deferred {
            self.call_aside(&handler)?;
        }
        Ok(())
    }

    fn end(&mut self, result: Flow) -> End {
        let result = match result {
            // The process is still there, so what was put off happens.
            Err(Leave::Forever(site)) => match self.settle() {
                Ok(()) => Err(Leave::Forever(site)),
                other => other,
            },
            other => other,
        };
        let serves = |kind: &EventKind| matches!(kind, EventKind::Listen(_) | EventKind::WorkLoop(_));
        match result {
            Ok(()) if self.kept => End::Running,
            Err(Leave::Exit(status, site)) => End::Exit(status, site),
            Err(Leave::Raise(raised)) if raised.kind == "SystemExit" => {
                End::Exit(raised.status, raised.site.clone())
            }
            Err(Leave::Raise(raised)) => End::Uncaught(raised.site.clone()),
            Err(Leave::Forever(_)) if self.events.iter().any(|event| serves(&event.kind)) => End::Running,
            Err(Leave::Forever(site)) => End::Waiting(site),
            Ok(()) | Err(Leave::Return(_) | Leave::Break | Leave::Continue | Leave::Yield) => End::Completed,
            Err(Leave::Stop) => End::Unknown,
        }
    }
}

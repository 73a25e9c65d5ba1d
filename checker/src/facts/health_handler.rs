//! The code that answers the health check, as text: where it is, and what it asks before it answers.

use std::rc::Rc;

use crate::facts::Facts;
use crate::facts::pattern::Pattern;
use crate::facts::service::Service;
use crate::finding::Site;
use crate::snapshot::Text;

/// Lines of a handler that are read.
const LINES: usize = 80;

/// The handler of one path.
#[derive(Debug, Clone)]
pub struct Handler {
    /// Where the route is written.
    pub site: Site,
    /// Its lines, and those of the functions of the same file that it calls.
    pub text: String,
}

/// The handler of `path`; `None` when no file shows it.
pub fn of(facts: &Facts<'_>, service: &Service, path: &str) -> Option<Handler> {
    let startup = facts.startup(service);
    let wanted = path.split('?').next().unwrap_or(path).trim_end_matches('/');
    let route = startup.routes.iter().find(|route| route.get && route.path.trim_end_matches('/') == wanted);
    if let Some(route) = route {
        let text = facts.snapshot.text(&route.site.path).ok()?;
        return Some(Handler { text: body(&text, route.site.span.start), site: route.site.clone() });
    }
    let inner = wanted.trim_matches('/');
    if inner.is_empty() {
        return None;
    }
    by_file(facts, service, inner).or_else(|| by_decorator(facts, service, inner))
}

/// Paths of other routes that are written in the same file as `handler`.
pub fn beside(facts: &Facts<'_>, handler: &Handler) -> Vec<String> {
    static ROUTE: Pattern =
        Pattern::new(r#"(?:\.get|\.route|Get|HandleFunc)\(\s*["'`](/[A-Za-z0-9_/-]*)["'`]"#, "");
    let Ok(text) = facts.snapshot.text(&handler.site.path) else { return Vec::new() };
    let found = ROUTE.captures_iter(&text.text).filter_map(|caught| caught.get(1));
    found.map(|path| path.as_str().to_owned()).collect()
}

/// Files that are routes by their place (<https://nextjs.org/docs/app/getting-started/route-handlers>).
fn by_file(facts: &Facts<'_>, service: &Service, inner: &str) -> Option<Handler> {
    let ends = ["ts", "js"].iter().flat_map(|end| {
        [
            format!("app/{inner}/route.{end}"),
            format!("pages/{inner}.{end}"),
            format!("pages/{inner}/index.{end}"),
        ]
    });
    let known: Vec<String> = ends.collect();
    let entry = below(facts, service).find(|path| {
        known.iter().any(|end| {
            path.strip_suffix(end.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        })
    })?;
    let text = facts.snapshot.text(entry).ok()?;
    let at = ["function GET", "const GET", "export default"].iter().find_map(|word| text.text.find(word))?;
    Some(Handler { site: Site::new(entry, at..at), text: body(&text, at) })
}

/// `@Controller("health")` with `@Get()`, or the route's path in a file that is named after it.
fn by_decorator(facts: &Facts<'_>, service: &Service, inner: &str) -> Option<Handler> {
    let last = inner.rsplit('/').next().unwrap_or(inner);
    // A router may be mounted below the first parts of the path.
    let quoted = |text: &str, word: &str| {
        [inner, last].iter().find_map(|path| {
            ["'", "\"", "`"].iter().find_map(|mark| {
                ["", "/"].iter().find_map(|slash| text.find(&format!("{word}{mark}{slash}{path}{mark}")))
            })
        })
    };
    let named = below(facts, service).filter(|path| {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        !name.contains("test")
            && !name.contains("spec")
            && name.contains(&last.to_ascii_lowercase()[..last.len().min(4)])
            && ["ts", "js", "mjs", "py", "go"].iter().any(|end| name.ends_with(&format!(".{end}")))
    });
    let startup = facts.startup(service);
    let walked = startup.files.iter().take(60).cloned();
    // A command that cannot be followed to its end still names the module that it loads.
    let own = facts
        .delivered()
        .iter()
        .filter(|each| each.service(facts).is_some_and(|delivered| delivered.name == service.name));
    let traces = own.flat_map(|each| &each.traces).filter(|trace| !trace.build);
    let first = traces.flat_map(|trace| trace.chain.modules.iter().filter(|module| module.by.is_none()));
    let loaded = first.map(|module| module.source.clone());
    let all: Vec<String> = loaded.chain(walked).chain(named.take(20).map(str::to_owned)).collect();
    for path in &all {
        let Ok(text) = facts.snapshot.text(path) else { continue };
        let controller =
            quoted(&text.text, "@Controller(").and_then(|at| Some(at + text.text[at..].find("@Get()")?));
        let written = ["@Get(", ".get(", ".route(", "HandleFunc(", "Get(", "GET("];
        let found = controller.or_else(|| written.iter().find_map(|word| quoted(&text.text, word)));
        if let Some(at) = found {
            let text_of = body(&text, at) + &services(facts, path);
            return Some(Handler { site: Site::new(path.clone(), at..at), text: text_of });
        }
    }
    None
}

/// The services beside a controller of NestJS, which does by them what it does.
fn services(facts: &Facts<'_>, controller: &str) -> String {
    let Some((directory, _)) = controller.rsplit_once('/').filter(|_| controller.ends_with(".controller.ts"))
    else {
        return String::new();
    };
    let beside = facts.snapshot.under(directory).iter().filter(|entry| entry.path.ends_with(".service.ts"));
    let texts = beside.take(4).filter_map(|entry| facts.snapshot.text(&entry.path).ok());
    texts.map(|text| format!("\n{}", text.text)).collect()
}

fn below<'f>(facts: &'f Facts<'_>, service: &'f Service) -> impl Iterator<Item = &'f str> {
    let inside = |path: &str| {
        service.roots.iter().any(|root| root.is_empty() || path.starts_with(&format!("{root}/")))
    };
    facts
        .snapshot
        .entries()
        .iter()
        .map(|entry| entry.path.as_str())
        .filter(move |path| !path.contains("node_modules/") && inside(path))
}

/// The lines from `at` to the end of the function there, and the functions of the file that it calls.
fn body(text: &Rc<Text>, at: usize) -> String {
    let python = text.path.ends_with(".py");
    let mut whole = function(&text.text, at, python);
    let called: Vec<String> = names(&whole).into_iter().take(24).collect();
    for name in called {
        let written = [
            format!("def {name}("),
            format!("function {name}("),
            format!("const {name} = "),
            format!("async {name}("),
        ];
        let found = written.iter().find_map(|word| text.text.find(word.as_str()));
        if let Some(found) = found.filter(|found| *found != at) {
            whole.push('\n');
            whole.push_str(&function(&text.text, found, python));
        }
    }
    whole
}

/// Words before a bracket.
fn names(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('(') {
        let name: String =
            text[..at].chars().rev().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
        let name: String = name.chars().rev().collect();
        if name.len() > 3 && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// From `at` until the braces close again, or, in Python, until a line stands no deeper than the first.
fn function(text: &str, at: usize, python: bool) -> String {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text[start..].lines();
    let first = lines.next().unwrap_or_default();
    let (base, mut depth, mut opened, mut seen) = (indent(first), 0_i32, false, false);
    let mut out = String::new();
    for line in std::iter::once(first).chain(lines).take(LINES) {
        let written = line.trim_start();
        if python {
            let deeper = written.is_empty() || indent(line) > base;
            if !deeper && seen && !written.starts_with([')', '@']) {
                break;
            }
            seen |= written.starts_with("def ") || written.starts_with("async def ");
        } else {
            for char in line.chars() {
                depth += match char {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
                opened |= char == '{';
            }
        }
        out.push_str(line);
        out.push('\n');
        if !python && opened && depth <= 0 {
            break;
        }
    }
    out
}

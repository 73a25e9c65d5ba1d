//! Whether the sources of a Node server can serve a path, told from what is written in its calls and decorators. Which router
//! is mounted where is not asked: every prefix may stand before every route, so that what fits nowhere is served nowhere.

use crate::facts::Facts;
use crate::facts::chain::language;
use crate::facts::node_project::NodeProject;
use crate::facts::program::Language;
use crate::finding::Site;
use crate::span::Span;

/// More source files than this are not searched.
const FILES: usize = 1500;
/// Libraries whose routes are calls or decorators.
const SERVERS: [&str; 9] =
    ["express", "fastify", "koa", "hono", "@nestjs/core", "elysia", "polka", "restify", "@hapi/hapi"];
/// Libraries that make routes of files or data.
const OTHERS: [&str; 15] = [
    "next",
    "nuxt",
    "nitropack",
    "@remix-run/node",
    "@react-router/node",
    "@sveltejs/kit",
    "astro",
    "@fastify/autoload",
    "fastify-autoload",
    "payload",
    "@strapi/strapi",
    "@medusajs/medusa",
    "parse-server",
    "routing-controllers",
    "tsoa",
];

/// What the sources serve.
#[derive(Debug, Default)]
struct Table {
    /// Routes, with the place of each.
    routes: Vec<(String, Site)>,
    prefixes: Vec<String>,
    /// The prefix of every controller of Nest, when there is one and nothing is left out of it.
    global: Option<String>,
    /// True when some route is computed, or answers any path.
    open: bool,
}

/// Whether a path is served.
#[derive(Debug)]
pub enum Verdict {
    /// Some route fits.
    Served,
    /// None fits; with one that looks like what was meant.
    Unserved(Option<(String, Site)>),
    /// It cannot be told.
    Unknown,
}

/// Whether the server of `project` serves `path`.
pub fn verdict(facts: &Facts<'_>, project: &NodeProject, path: &str) -> Verdict {
    let asks = |names: &[&str]| names.iter().any(|name| project.asks_for(name));
    if !asks(&SERVERS) || asks(&OTHERS) {
        return Verdict::Unknown;
    }
    let path = path.split('?').next().unwrap_or(path).trim_end_matches('/');
    if path.is_empty() {
        return Verdict::Unknown;
    }
    let Some(table) = table(facts, &project.directory, path) else { return Verdict::Unknown };
    let fits = |route: &str| may_be(&table.prefixes, route, path);
    let mounted = table.prefixes.iter().any(|prefix| prefix.len() > 1 && is_prefix(prefix, path));
    let nest = project.asks_for("@nestjs/core");
    if table.open || table.routes.is_empty() || (mounted && !nest) {
        return Verdict::Unknown;
    }
    let left_out = nest && table.global.as_ref().is_some_and(|global| !is_prefix(global, path));
    if !left_out && table.routes.iter().any(|(route, _)| fits(route)) {
        return Verdict::Served;
    }
    let last = path.rsplit('/').next().unwrap_or(path);
    let meant = |(route, _): &(String, Site)| route.contains("health") || route.ends_with(last);
    Verdict::Unserved(table.routes.into_iter().find(meant))
}

fn is_prefix(prefix: &str, path: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

/// True when `route`, behind any of `prefixes` or several of them, is `path`.
fn may_be(prefixes: &[String], route: &str, path: &str) -> bool {
    if fits(route, path) {
        return true;
    }
    prefixes.iter().any(|prefix| {
        let parts = prefix.split('/').filter(|part| !part.is_empty()).count();
        if parts == 0 {
            return false;
        }
        let own: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        own.len() >= parts
            && fits(prefix, &format!("/{}", own[..parts].join("/")))
            && may_be(prefixes, route, &format!("/{}", own[parts..].join("/")))
    })
}

/// True when the segments of `route`, in which parameters and wildcards stand, are those of `path`.
fn fits(route: &str, path: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        text.split('/').filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect()
    };
    let (wanted, given) = (parts(route), parts(path));
    for (at, part) in wanted.iter().enumerate() {
        if part.contains(['*', '(']) || part.ends_with(['?', '+']) {
            return true;
        }
        if !given.get(at).is_some_and(|one| part.starts_with([':', '{']) || one == part) {
            return false;
        }
    }
    wanted.len() == given.len()
}

/// The routes below `home`; `None` when they cannot be told.
fn table(facts: &Facts<'_>, home: &str, path: &str) -> Option<Table> {
    let apart = ["test", "spec", "node_modules/", "examples/", "e2e", "client/", "frontend/", "dist/"];
    let inner = if home.is_empty() { 0 } else { home.len() + 1 };
    let sources = facts.snapshot.under(home).iter().filter(|entry| {
        let below = &entry.path[inner..];
        language(below) == Some(Language::JavaScript)
            && !below.contains(".d.ts")
            && !apart.iter().any(|word| below.contains(word))
    });
    let mut table = Table::default();
    for (at, entry) in sources.enumerate() {
        if at >= FILES {
            return None;
        }
        let Ok(text) = facts.snapshot.text(&entry.path) else { return None };
        if text.text.contains(path)
            && [format!("'{path}"), format!("\"{path}"), format!("`{path}")]
                .iter()
                .any(|quoted| text.text.contains(quoted.as_str()))
        {
            return None;
        }
        read(&entry.path, &text.text, &mut table);
    }
    Some(table)
}

/// Calls and decorators, and whether they give a route (true) or a prefix.
const FORMS: [(&str, bool); 14] = [
    (".get(", true),
    (".all(", true),
    (".head(", true),
    (".route(", false),
    (".use(", false),
    (".basePath(", false),
    (".group(", false),
    (".mount(", false),
    ("@Controller(", false),
    ("@Get(", true),
    ("@All(", true),
    ("prefix:", false),
    ("url:", true),
    ("path:", true),
];
/// Names of what asks other servers.
const CLIENTS: [&str; 12] = [
    "axios",
    "client",
    "api",
    "http",
    "https",
    "request",
    "fetcher",
    "supertest",
    "got",
    "instance",
    "apiClient",
    "agent",
];

fn read(path: &str, text: &str, table: &mut Table) {
    for (form, is_route) in FORMS {
        for (at, _) in text.match_indices(form) {
            let before = text[..at].trim_end();
            let owner =
                before.rsplit(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or("");
            if form.starts_with('.') && CLIENTS.contains(&owner) {
                continue;
            }
            let after = &text[at + form.len()..];
            let site = || Site::new(path, Span::new(at, at + form.len()));
            match argument(after) {
                Argument::Texts(found) => {
                    for each in found {
                        let each = format!("/{}", each.trim_start_matches('/'));
                        let any = matches!(each.as_str(), "/*" | "/{*path}" | "/{*splat}" | "/(.*)");
                        table.open |= any && (is_route || form == ".use(");
                        if is_route || matches!(form, ".route(" | ".use(") {
                            table.routes.push((each.clone(), site()));
                        }
                        if !is_route {
                            table.prefixes.push(each);
                        }
                    }
                }
                Argument::None if form == "@Get(" || form == "@All(" => {
                    table.routes.push(("/".to_owned(), site()));
                }
                Argument::Computed => table.open |= !matches!(form, "url:" | "path:"),
                Argument::Name if is_route && form.starts_with('.') => {
                    let lower = owner.to_ascii_lowercase();
                    let server =
                        ["app", "router", "server", "fastify"].iter().any(|word| lower.ends_with(word));
                    let call = after.split(['\n', ';']).next().unwrap_or_default();
                    table.open |= server && call.contains(", ");
                }
                Argument::Name | Argument::None => {}
            }
        }
    }
    for (at, word) in text.match_indices("setGlobalPrefix(") {
        let after = &text[at + word.len()..];
        let call: String = after.chars().take(300).collect();
        let excluded = call.split(");").next().is_some_and(|call| call.contains("exclude"));
        match argument(after) {
            Argument::Texts(found) => {
                for each in found {
                    let each = format!("/{}", each.trim_matches('/'));
                    if !excluded && table.global.is_none() {
                        table.global = Some(each.clone());
                    }
                    table.prefixes.push(each);
                }
            }
            _ => table.open = true,
        }
    }
    if text.contains("enableVersioning(") {
        table.prefixes.extend(["/v1", "/v2", "/v3"].map(str::to_owned));
        table.global = None;
    }
    // A function that looks at the beginning of the address itself.
    for (at, word) in text.match_indices(".startsWith(") {
        let owner = text[..at].rsplit(|char: char| char.is_whitespace() || "(!".contains(char)).next();
        let address =
            owner.is_some_and(|owner| ["path", "url", "Url"].iter().any(|end| owner.ends_with(end)));
        if let (true, Argument::Texts(found)) = (address, argument(&text[at + word.len()..])) {
            table.prefixes.extend(found);
        }
    }
}

enum Argument {
    /// Texts that are written out.
    Texts(Vec<String>),
    /// A text that is put together, or a pattern.
    Computed,
    /// A name, a function, an object.
    Name,
    None,
}

/// The first argument of a call whose bracket has been read.
fn argument(after: &str) -> Argument {
    let rest = after.trim_start();
    match rest.chars().next() {
        Some(')') | None => Argument::None,
        Some(quote @ ('"' | '\'' | '`')) => {
            let Some(end) = rest[1..].find(quote) else { return Argument::Computed };
            let (text, behind) = (&rest[1..=end], rest[end + 2..].trim_start());
            if text.contains("${") || behind.starts_with('+') {
                return Argument::Computed;
            }
            Argument::Texts(vec![text.to_owned()])
        }
        Some('[') => {
            let list = rest.split(']').next().unwrap_or_default();
            let texts = list.split(['"', '\'', '`']).skip(1).step_by(2).map(str::to_owned);
            Argument::Texts(texts.collect())
        }
        Some('/') if !rest.starts_with("//") && !rest.starts_with("/*") => Argument::Computed,
        Some(_) => Argument::Name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_stand_behind_prefixes() {
        let prefixes = ["/api".to_owned(), "/v1".to_owned(), "/t/:id".to_owned()];
        for (route, path, may) in [
            ("/health", "/health", true),
            ("/health", "/api/health", true),
            ("/health", "/api/v1/health", true),
            ("/health", "/t/7/health", true),
            ("/health", "/v2/health", false),
            ("/:page", "/health", true),
            ("/health/*", "/health", true),
            ("/", "/api", true),
        ] {
            assert_eq!(may_be(&prefixes, route, path), may, "{route} {path}");
        }
    }

    #[test]
    fn calls_and_decorators_give_routes() {
        let mut table = Table::default();
        let text = "app.get('/health', h); axios.get('/x'); app.use(\"/api/users\", users); @Controller('jobs') class A { @Get() b() {} }";
        read("a.ts", text, &mut table);
        let routes: Vec<&str> = table.routes.iter().map(|(route, _)| route.as_str()).collect();
        assert_eq!(routes, ["/health", "/api/users", "/"]);
        assert_eq!(table.prefixes, ["/api/users", "/jobs"]);
        assert!(!table.open);
        read("b.ts", "app.get(`${base}/x`, h)", &mut table);
        assert!(table.open);
    }
}

//! Ports that a command line, a Go program or a Spring configuration fixes.

use crate::facts::Facts;
use crate::facts::pattern::Pattern;
use crate::facts::service::Service;
use crate::facts::startup::Startup;
use crate::finding::Site;
use crate::span::Span;

/// A port that does not follow `PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The program or library that listens.
    pub server: String,
    /// The port.
    pub port: u16,
    /// Where it is written.
    pub site: Site,
}

/// Servers with a second word that makes them one (empty: none needed) and the flags that give their port.
const SERVERS: [(&str, &str, &[&str]); 12] = [
    ("streamlit", "run", &["--server.port"]),
    ("serve", "", &["-l", "--listen", "-p"]),
    ("next", "start", &["-p", "--port"]),
    ("vite", "preview", &["--port"]),
    ("http-server", "", &["-p", "--port"]),
    ("rails", "server", &["-p", "--port"]),
    ("rails", "s", &["-p", "--port"]),
    ("puma", "", &["-p", "--port"]),
    ("php", "artisan", &["--port"]),
    ("astro", "preview", &["--port"]),
    ("ng", "serve", &["--port"]),
    ("live-server", "", &["--port"]),
];

/// The port in the command of `startup`, when it is a number.
pub fn of_command(startup: &Startup) -> Option<Fixed> {
    let (words, site) = startup.command.as_ref()?;
    let (program, rest) = words.split_first()?;
    let name = program.rsplit('/').next()?;
    if name == "php" && rest.first().is_some_and(|word| word == "-S") {
        let port = rest.get(1)?.rsplit(':').next()?.parse().ok()?;
        return Some(Fixed { server: "php".into(), port, site: site.clone() });
    }
    let second = |word: &str| word.is_empty() || rest.iter().any(|each| each == word);
    let (server, _, flags) = SERVERS.iter().find(|(server, word, _)| *server == name && second(word))?;
    let value = rest.iter().enumerate().find_map(|(at, word)| {
        let inline = flags.iter().find_map(|flag| word.strip_prefix(&format!("{flag}=")));
        inline.or_else(|| {
            flags.contains(&word.as_str()).then(|| rest.get(at + 1).map(String::as_str)).flatten()
        })
    })?;
    let port = value.rsplit(':').next()?.parse().ok()?;
    Some(Fixed { server: (*server).to_owned(), port, site: site.clone() })
}

/// The port that the Go program or the Spring configuration below the root directories of `service` fixes.
pub fn of_sources(facts: &Facts<'_>, service: &Service) -> Option<Fixed> {
    let home = service.dockerfile.yes().map_or_else(
        || service.roots.last().cloned().unwrap_or_default(),
        |choice| choice.path.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned()),
    );
    go(facts, &home).or_else(|| spring(facts, &home))
}

/// `http.ListenAndServe(":8080", …)` of the only `main.go`, in a module that never reads `PORT`.
fn go(facts: &Facts<'_>, home: &str) -> Option<Fixed> {
    let module = if home.is_empty() { "go.mod".to_owned() } else { format!("{home}/go.mod") };
    facts.snapshot.entry(&module)?;
    let sources = facts.snapshot.under(home).iter().filter(|entry| {
        entry.path.ends_with(".go") && !entry.path.ends_with("_test.go") && !entry.path.contains("vendor/")
    });
    let texts: Vec<_> = sources.take(400).filter_map(|entry| facts.snapshot.text(&entry.path).ok()).collect();
    if texts.len() == 400
        || texts.iter().any(|text| {
            text.text.contains("PORT\"") || text.text.contains("Port ") || text.text.contains("flag.")
        })
    {
        return None;
    }
    let mut found =
        texts.iter().flat_map(|text| LISTENS.captures_iter(&text.text).map(move |caught| (text, caught)));
    let (text, caught) = found.next().filter(|_| found.next().is_none())?;
    let (whole, port) = (caught.get(0)?, caught.get(1)?);
    let site = Site::new(text.path.clone(), Span::new(whole.start(), whole.end()));
    Some(Fixed { server: "the Go program".into(), port: port.as_str().parse().ok()?, site })
}

static LISTENS: Pattern =
    Pattern::new(r#"(?:ListenAndServe|\.Run|\.Start|\.Listen)\(\s*"(?:0\.0\.0\.0)?:(\d{2,5})""#, "");
static SERVER_PORT: Pattern = Pattern::new(
    r"(?m)^server\.port\s*=\s*(\d+)\s*$|^server:\s*\n(?:[ \t]+[^\n]*\n)*?[ \t]+port:\s*(\d+)\s*$",
    "server",
);

/// `server.port` of Spring as a plain number.
fn spring(facts: &Facts<'_>, home: &str) -> Option<Fixed> {
    let below = |name: &str| {
        let path = format!("src/main/resources/{name}");
        if home.is_empty() { path } else { format!("{home}/{path}") }
    };
    ["application.properties", "application.yml", "application.yaml"].iter().find_map(|name| {
        let text = facts.snapshot.text(&below(name)).ok()?;
        let caught = SERVER_PORT.captures(&text.text)?;
        let port = caught.get(1).or_else(|| caught.get(2))?;
        let line = text.line_at(port.start());
        let site = Site::new(text.path.clone(), line);
        Some(Fixed { server: "Spring".into(), port: port.as_str().parse().ok()?, site })
    })
}

//! Servers that come with their image and listen where its configuration says: nginx, Caddy, Ollama and their like.

use crate::facts::Facts;
use crate::facts::dockerfile::{BuildStage, Command, Dockerfile, InstructionKind};
use crate::facts::pattern::Pattern;
use crate::facts::service::Service;
use crate::facts::settings::Key;
use crate::finding::Site;
use crate::snapshot::Text;
use crate::span::Span;

/// A server whose port the image fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedPort {
    /// Its name.
    pub server: &'static str,
    /// The port it listens on.
    pub port: u16,
    /// Where that is written, or the base image that brings it.
    pub site: Site,
    /// What lets it follow `PORT`.
    pub help: &'static str,
}

/// An image with a server: part of its name, the server, its port, and what lets it follow `PORT`.
const SERVERS: [(&str, &str, u16, &str); 6] = [
    ("ollama/ollama", "ollama", 11434, "Set `OLLAMA_HOST` to `0.0.0.0:$PORT` where the server is started"),
    ("n8nio/n8n", "n8n", 5678, "Set `N8N_PORT` to the value of `PORT` where the server is started"),
    ("grafana/grafana", "grafana", 3000, "Set `GF_SERVER_HTTP_PORT` to the value of `PORT`"),
    ("metabase/metabase", "metabase", 3000, "Set `MB_JETTY_PORT` to the value of `PORT`"),
    ("httpd", "httpd", 80, "Write `Listen ${PORT}` in its configuration"),
    ("caddy", "caddy", 80, "Write `:{$PORT}` as the address in the Caddyfile"),
];
const NGINX_HELP: &str = "Write `listen ${PORT};` in a template below `/etc/nginx/templates`";

/// The server of the image that `file` makes, when nothing in it follows `PORT`.
pub fn fixed_port(facts: &Facts<'_>, service: &Service, file: &Dockerfile) -> Option<FixedPort> {
    let last = file.stages.len().checked_sub(1)?;
    let stages = chain(file, last);
    let base = file.base_image(last)?.to_ascii_lowercase();
    let name = base.split([':', '@']).next()?;
    let copied = copied(facts, service, &stages);
    if starts_unread(&stages, &copied) {
        return None;
    }
    if follows_port(service, &stages) || copied.iter().any(|(_, text)| has_port(&text.text)) {
        return None;
    }
    let own = stages.first()?;
    if name == "nginx" || name.ends_with("/nginx") || name.ends_with("/nginx-unprivileged") {
        return nginx(file, own, &stages, &copied);
    }
    let (_, server, port, help) =
        SERVERS.iter().find(|(image, ..)| name == *image || name.ends_with(&format!("/{image}")))?;
    let site = Site::new(file.path.clone(), stages.last()?.base.span);
    Some(FixedPort { server, port: *port, site, help })
}

/// The stage and those it is based on.
fn chain(file: &Dockerfile, last: usize) -> Vec<&BuildStage> {
    let mut stages = vec![&file.stages[last]];
    let mut at = last;
    while let Some(base) = file.base_stage(at) {
        stages.push(&file.stages[base]);
        at = base;
    }
    stages
}

fn has_port(text: &str) -> bool {
    ["$PORT", "${PORT", "{$PORT", "env.PORT", "%PORT%", "__PORT__"].iter().any(|form| text.contains(form))
}

/// True when a command of the image or the start command speaks of `PORT`, or what it starts is not the image's own.
fn follows_port(service: &Service, stages: &[&BuildStage]) -> bool {
    let started = service.settings.every(Key::StartCommand).any(|setting| {
        setting.value.yes().and_then(|value| value.text()).is_some_and(|command| !command.trim().is_empty())
    });
    started
        || stages.iter().flat_map(|stage| &stage.instructions).any(|each| match &each.kind {
            InstructionKind::Run(run) => {
                let script = line(&run.command);
                let bodies = run.heredocs.iter().any(|heredoc| has_port(&heredoc.body));
                // A configuration that a step writes or changes is not read.
                let writes = script.contains("/etc/nginx") || script.contains("nginx.conf");
                bodies || has_port(&script) || script.contains("envsubst") || writes
            }
            InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => {
                let line = line(command);
                has_port(&line) || line.contains("envsubst") || line.contains("supervisord")
            }
            _ => false,
        })
}

/// True when the image starts a script that was not read.
fn starts_unread(stages: &[&BuildStage], copied: &[(String, std::rc::Rc<Text>)]) -> bool {
    let known = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or(word);
        copied.iter().any(|(_, text)| text.path.rsplit('/').next() == Some(name))
    };
    stages.iter().flat_map(|stage| &stage.instructions).any(|each| match &each.kind {
        InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => {
            line(command).split_whitespace().any(|word| word.ends_with(".sh") && !known(word))
        }
        _ => false,
    })
}

fn line(command: &Command) -> String {
    match command {
        Command::Shell(text) => text.value.clone(),
        Command::Exec(words, _) => words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" "),
    }
}

/// Text files that the stages copy out of the context by name: where each goes, and its text.
fn copied(facts: &Facts<'_>, service: &Service, stages: &[&BuildStage]) -> Vec<(String, std::rc::Rc<Text>)> {
    let mut found = Vec::new();
    for each in stages.iter().flat_map(|stage| &stage.instructions) {
        let (InstructionKind::Copy(copy) | InstructionKind::Add(copy)) = &each.kind else { continue };
        if copy.flag("from").is_some() {
            continue;
        }
        for source in &copy.sources {
            let path = source.value.trim_start_matches("./").trim_start_matches('/');
            let text = service.roots.iter().rev().find_map(|root| {
                let place = if root.is_empty() { path.to_owned() } else { format!("{root}/{path}") };
                facts.snapshot.text(&place).ok()
            });
            found.extend(text.map(|text| (copy.destination.value.clone(), text)));
        }
    }
    found
}

fn nginx(
    file: &Dockerfile,
    own: &BuildStage,
    stages: &[&BuildStage],
    copied: &[(String, std::rc::Rc<Text>)],
) -> Option<FixedPort> {
    let configured: Vec<&String> = stages
        .iter()
        .flat_map(|stage| &stage.instructions)
        .filter_map(|each| match &each.kind {
            InstructionKind::Copy(copy) | InstructionKind::Add(copy) => Some(&copy.destination.value),
            _ => None,
        })
        .filter(|destination| destination.contains("nginx") && !destination.contains("/html"))
        .collect();
    if configured.iter().any(|destination| destination.contains("templates")) {
        return None;
    }
    let texts: Vec<&std::rc::Rc<Text>> =
        copied.iter().filter(|(to, _)| configured.contains(&to)).map(|(_, text)| text).collect();
    if texts.len() != configured.len() {
        return None;
    }
    let listens: Vec<(u16, Site)> =
        texts.iter().map(|text| listens(text)).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    let default = || (80, Site::new(file.path.clone(), own.base.span));
    let (port, site) = if texts.is_empty() { default() } else { listens.into_iter().next()? };
    Some(FixedPort { server: "nginx", port, site, help: NGINX_HELP })
}

/// The `listen` directives of a configuration; `None` when one of them is not a plain number.
fn listens(text: &Text) -> Option<Vec<(u16, Site)>> {
    static DIRECTIVE: Pattern = Pattern::new(r"(?m)^\s*listen\s+([^;]+);", "listen");
    let mut found = Vec::new();
    for caught in DIRECTIVE.captures_iter(&text.text) {
        let (whole, address) = (caught.get(0)?, caught.get(1)?);
        let first = address.as_str().split_whitespace().next()?;
        let port = first.rsplit(':').next()?.parse().ok()?;
        let start = whole.start() + whole.as_str().len() - whole.as_str().trim_start().len();
        found.push((port, Site::new(text.path.clone(), Span::new(start, whole.end()))));
    }
    Some(found)
}

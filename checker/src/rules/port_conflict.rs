//! Two programs of one container on the same port.

use crate::facts::Facts;
use crate::facts::launch::{Delivered, Program};
use crate::facts::pattern::Pattern;
use crate::facts::startup::flag;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// Two programs that run side by side in one container listen on the same port.
    ///
    /// ## Why it matters
    /// The second one ends with `EADDRINUSE` or `[Errno 98] Address already in use`. With both on `$PORT`, chance decides which
    /// of them Railway's domain reaches.
    ///
    /// ## What to do
    /// Give `$PORT` to the program that faces the public, and a fixed port to the other one.
    ///
    /// ## What it cannot know
    /// Ports that a program reads from elsewhere than its command; so this is a warning. Only commands of one script, process
    /// manager or Procfile are compared, never those of different services.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["bash", "start.sh"]
    /// //- start.sh
    /// uvicorn api:app --host 0.0.0.0 --port $PORT &
    /// streamlit run ui.py --server.port $PORT
    /// //- api.py
    /// //- ui.py
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "start.py"]
    /// //- start.py
    /// import os, subprocess
    /// port = os.environ.get("PORT", "8000")
    /// subprocess.run(["reflex", "run", "--backend-port", port, "--frontend-port", port])
    /// ```
    ///
    /// Different ports, one after the other, and the same command in two places:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["bash", "start.sh"]
    /// //- start.sh
    /// if [ "$MODE" = dev ]; then
    ///   exec uvicorn api:app --reload --port $PORT
    /// fi
    /// uvicorn api:app --host 0.0.0.0 --port 8001 &
    /// exec streamlit run ui.py --server.port $PORT
    /// //- api.py
    /// //- ui.py
    /// ```
    "port-conflict", Warning, Start, since "0.3.0",
    sources: ["https://docs.railway.com/networking/public-networking"]
}

/// Programs that listen on the port of their flags.
const SERVERS: [&str; 16] = [
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "daphne",
    "granian",
    "streamlit",
    "next",
    "vite",
    "serve",
    "http-server",
    "flask",
    "waitress-serve",
    "php",
    "rails",
    "puma",
    "caddy",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        side_by_side(facts, delivered, out);
    }
    reflex(facts, out);
}

fn side_by_side(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    let listening: Vec<(&Program, String)> = delivered
        .programs
        .iter()
        .filter(|program| !program.conditional)
        .filter_map(|program| Some((program, port(program)?)))
        .collect();
    for (at, (first, port)) in listening.iter().enumerate() {
        let same = listening[at + 1..].iter().find(|(other, own)| {
            own == port
                && other.site.path == first.site.path
                && other.words.first() != first.words.first()
                && other.effective == first.effective
        });
        // Where one replaces the shell, what follows it is another case.
        let Some((second, _)) = same.filter(|_| !first.via.iter().any(|word| word == "exec")) else {
            continue;
        };
        let name = |program: &Program| {
            program.words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word)).to_owned()
        };
        let message = format!("`{}` and `{}` both listen on {}", name(first), name(second), shown(port));
        out.at(second.site.clone(), message)
            .service(&service.name)
            .related(first.site.clone(), "the other one is started here")
            .help("Give `$PORT` to the program that faces the public, and a fixed port to the other one");
        return;
    }
}

fn shown(port: &str) -> String {
    if port.starts_with(|char: char| char.is_ascii_digit()) {
        format!("port {port}")
    } else {
        format!("`{port}`")
    }
}

/// The port of a server's command, as written without its default.
fn port(program: &Program) -> Option<String> {
    let name = program.words.first()?.rsplit('/').next()?;
    if !SERVERS.contains(&name) {
        return None;
    }
    let words = &program.words[1..];
    let bound = flag(words, &["--bind", "-b"]).and_then(|bind| bind.rsplit_once(':')).map(|(_, port)| port);
    let written = flag(words, &["--port", "-p", "--server.port", "-l", "--listen"]).or(bound)?;
    let bare = written
        .trim_matches(['"', '\''])
        .trim_start_matches('$')
        .trim_start_matches('{')
        .trim_end_matches('}');
    let bare = bare.split(":-").next()?;
    Some(if written.contains('$') { format!("${bare}") } else { bare.to_owned() })
        .filter(|port| port.len() > 1)
}

/// Reflex with one port for both of its servers.
fn reflex(facts: &Facts<'_>, out: &mut Findings) {
    static BOTH: Pattern = Pattern::new(
        r#"--backend-port['"]?\s*,?\s*=?\s*([^\s,\])]+)[\s,]+['"]?--frontend-port['"]?\s*,?\s*=?\s*([^\s,\])]+)"#,
        "--backend-port",
    );
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let scripts = delivered.programs.iter().filter_map(|program| delivered.copied(program));
        for (source, _) in scripts {
            let Ok(text) = facts.snapshot.text(&source) else { continue };
            let Some(caught) = BOTH.captures(&text.text) else { continue };
            let (Some(one), Some(other)) = (caught.get(1), caught.get(2)) else { continue };
            if one.as_str() == other.as_str() {
                let site = Site::new(source.clone(), other.start()..other.end());
                out.at(site, format!("the back end and the front end both listen on `{}`", one.as_str()))
                    .service(&service.name)
                    .help("Give the two servers different ports");
            }
        }
    }
}

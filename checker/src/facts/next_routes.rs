//! The paths that a Next.js application serves, told by its files.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, Dockerfile, InstructionKind};
use crate::facts::node_project::NodeProject;
use crate::facts::service::Service;
use crate::facts::settings::Key;
use crate::facts::startup::words;

/// The routes of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextRoutes {
    /// The application's directory.
    pub directory: String,
    /// Paths with the segments as the files write them: `/api/[id]`.
    pub paths: Vec<String>,
}

const EXTENSIONS: [&str; 6] = ["tsx", "ts", "jsx", "js", "mdx", "mjs"];

/// The routes of the Next.js application that `service` starts; `None` when it starts none, when it cannot be told which,
/// or when a middleware, rewrites or a base path may serve more.
pub fn routes(facts: &Facts<'_>, service: &Service) -> Option<NextRoutes> {
    let project = application(facts, service)?;
    let directory = project.directory.as_str();
    let below =
        |path: &str| if directory.is_empty() { path.to_owned() } else { format!("{directory}/{path}") };
    for dir in ["", "src/"] {
        for name in ["middleware", "proxy"] {
            for end in ["ts", "js", "tsx", "mjs"] {
                let path = below(&format!("{dir}{name}.{end}"));
                if facts.snapshot.entry(&path).is_some() {
                    let text = facts.snapshot.text(&path).ok()?;
                    // What only passes on, redirects or sets headers serves no path of its own.
                    let plain = text.text.contains("NextResponse.next(");
                    let answers =
                        ["rewrite", "json(", "new Response", "new NextResponse", "next-intl", "ntl"];
                    if !plain || answers.iter().any(|word| text.text.contains(word)) {
                        return None;
                    }
                }
            }
        }
    }
    for end in ["js", "mjs", "ts", "cjs"] {
        let path = below(&format!("next.config.{end}"));
        if facts.snapshot.entry(&path).is_some() {
            let text = facts.snapshot.text(&path).ok()?;
            let changes = ["rewrites", "basePath", "i18n", "pageExtensions", "with", "redirects"];
            if changes.iter().any(|word| text.text.contains(word)) {
                return None;
            }
        }
    }
    let mut paths = Vec::new();
    for dir in ["app", "src/app"] {
        paths.extend(files(facts, &below(dir)).filter_map(|path| of_app(&path)));
    }
    for dir in ["pages", "src/pages"] {
        paths.extend(files(facts, &below(dir)).filter_map(|path| of_pages(&path)));
    }
    paths.extend(files(facts, &below("public")).map(|path| format!("/{path}")));
    (!paths.is_empty()).then(|| NextRoutes { directory: directory.to_owned(), paths })
}

impl NextRoutes {
    /// True when some file serves `path`.
    pub fn serves(&self, path: &str) -> bool {
        let given: Vec<&str> =
            path.split('?').next().unwrap_or(path).split('/').filter(|part| !part.is_empty()).collect();
        given.first() == Some(&"_next") || self.paths.iter().any(|route| matches(route, &given))
    }
}

fn matches(route: &str, given: &[&str]) -> bool {
    let wanted: Vec<&str> = route.split('/').filter(|part| !part.is_empty()).collect();
    for (at, part) in wanted.iter().enumerate() {
        if part.starts_with("[[...") || (part.starts_with("[...") && given.len() > at) {
            return true;
        }
        if !given.get(at).is_some_and(|one| part.starts_with('[') || one == part) {
            return false;
        }
    }
    wanted.len() == given.len()
}

/// The one project with Next.js that the service can be, when it is started as such.
fn application<'f>(facts: &'f Facts<'_>, service: &Service) -> Option<&'f NodeProject> {
    let file = service.dockerfile.yes().and_then(|choice| facts.dockerfiles.get(&choice.path));
    let mut projects = facts.node_projects().values().filter(|project| {
        let directory = project.directory.as_str();
        project.asks_for("next")
            && match file {
                Some(file) => {
                    let home = file.path.rsplit_once('/').map_or("", |(dir, _)| dir);
                    home.is_empty() || directory == home || directory.starts_with(&format!("{home}/"))
                }
                None => service.roots.len() == 1 && service.roots[0] == directory,
            }
    });
    let project = projects.next().filter(|_| projects.next().is_none())?;
    let start = service.settings.text(Key::StartCommand).map_or("", |(command, _)| command);
    match file {
        Some(file) => built_by(file) && (start.is_empty() || starts_next(start, project)),
        None => starts_next(if start.is_empty() { "npm start" } else { start }, project),
    }
    .then_some(project)
}

/// True when the image of `file` holds what `next build` makes and starts it.
fn built_by(file: &Dockerfile) -> bool {
    let Some(stage) = file.final_stage() else { return false };
    let builds = file.instructions().any(|(_, each)| match &each.kind {
        InstructionKind::Copy(copy) => copy.sources.iter().any(|source| source.value.contains(".next")),
        InstructionKind::Run(run) => {
            matches!(&run.command, Command::Shell(text) if text.value.contains("next build"))
        }
        _ => false,
    });
    let command = stage.instructions.iter().rev().find_map(|each| match &each.kind {
        InstructionKind::Cmd(command) => Some(line(command)),
        _ => None,
    });
    let starts = ["next", "start", "server.js"];
    builds && command.is_some_and(|command| starts.iter().any(|word| command.contains(word)))
}

fn line(command: &Command) -> String {
    match command {
        Command::Shell(text) => text.value.clone(),
        Command::Exec(words, _) => words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" "),
    }
}

/// True when `command` is `next start`, a script of `project` that is, or the server that a standalone build makes.
fn starts_next(command: &str, project: &NodeProject) -> bool {
    let is_next = |line: &str| {
        let words = words(line);
        words.iter().any(|word| word == "next") && words.iter().any(|word| word == "start")
    };
    let words = words(command);
    let by_script = matches!(words.first().map(String::as_str), Some("npm" | "pnpm" | "yarn" | "bun"))
        && words.last().and_then(|name| project.script(name)).is_some_and(|script| is_next(&script.value));
    is_next(command) || by_script || command.contains(".next/standalone")
}

/// Paths of the files below `directory`, from there.
fn files<'f>(facts: &'f Facts<'_>, directory: &str) -> impl Iterator<Item = String> + use<'f> {
    let skip = directory.len() + 1;
    facts.snapshot.under(directory).iter().map(move |entry| entry.path[skip..].to_owned())
}

/// `api/health/route.ts` is `/api/health`; groups in round brackets and slots do not show.
fn of_app(path: &str) -> Option<String> {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = name.rsplit_once('.')?;
    if let ("favicon" | "robots" | "sitemap" | "manifest", "") = (stem, directories) {
        return Some(format!("/{}", if stem == "robots" { "robots.txt" } else { name }));
    }
    if !matches!(stem, "page" | "route") || !EXTENSIONS.contains(&extension) {
        return None;
    }
    let shown = directories.split('/').filter(|part| !part.starts_with(['(', '@']) && !part.is_empty());
    Some(shown.fold(String::new(), |path, part| format!("{path}/{part}")))
}

fn of_pages(path: &str) -> Option<String> {
    let (stem, extension) = path.rsplit_once('.')?;
    if !EXTENSIONS.contains(&extension) || stem.rsplit('/').next()?.starts_with('_') {
        return None;
    }
    let stem =
        stem.strip_suffix("index").filter(|rest| rest.is_empty() || rest.ends_with('/')).unwrap_or(stem);
    Some(format!("/{}", stem.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_for_paths() {
        assert_eq!(of_app("(main)/api/health/route.ts").as_deref(), Some("/api/health"));
        assert_eq!(of_app("page.tsx").as_deref(), Some(""));
        assert_eq!(of_app("api/health/lib.ts"), None);
        assert_eq!(of_pages("api/health.ts").as_deref(), Some("/api/health"));
        assert_eq!(of_pages("blog/index.tsx").as_deref(), Some("/blog"));
        assert_eq!(of_pages("_app.tsx"), None);
    }

    #[test]
    fn parameters_and_rests_match() {
        let paths = ["/a/[id]", "/rest/[...all]", "/opt/[[...all]]", ""].map(str::to_owned).to_vec();
        let routes = NextRoutes { directory: String::new(), paths };
        for path in ["/a/1", "/rest/1/2", "/opt", "/opt/1", "/", "/?x=1"] {
            assert!(routes.serves(path), "{path}");
        }
        for path in ["/a", "/rest", "/b"] {
            assert!(!routes.serves(path), "{path}");
        }
    }
}

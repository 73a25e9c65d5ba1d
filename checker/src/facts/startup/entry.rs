//! From the command to the program and the file it loads.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::command::{below, commands, flag, last_command, unwrapped, words};
use super::image::{Layout, layout};
use super::imports::{join, language};
use crate::facts::dockerfile::Command;
use crate::facts::image::scripts;
use crate::facts::service::{Builder, Service};
use crate::facts::settings::Key;
use crate::facts::{Facts, dockerfile};
use crate::finding::Site;
use crate::known::Known;
use crate::span::Span;

/// Scripts and wrappers that are followed, one inside the other.
const FOLLOW_LIMIT: usize = 6;

/// The program that runs and what it loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// `python`, `node`, or the server or worker that loads the application: `uvicorn`, `celery`, …
    pub program: String,
    /// The file of the repository it runs, for `python` and `node`.
    pub file: Option<String>,
    /// What it loads by name: `package.module:attribute` or a dotted module.
    pub target: Option<String>,
    /// The program as the command names it: the file's path in the image.
    pub program_path: Option<String>,
    /// The words behind the program.
    pub arguments: Vec<String>,
    /// Directories of the repository in which Python looks for modules.
    pub roots: Vec<String>,
    /// Where the command is written.
    pub site: Site,
    /// True when a script decides whether it is this program that is started.
    pub conditional: bool,
    /// Variables that the image sets to a plain text, and where.
    pub variables: BTreeMap<String, (String, Site)>,
}

/// What is needed to follow a command.
struct Finder<'f, 's> {
    facts: &'f Facts<'s>,
    service: &'f Service,
    layout: Option<Layout>,
    /// The directory that commands went to, as a path of the image, relative to where it starts; empty for there.
    home: RefCell<String>,
    /// The last command that was followed.
    last: RefCell<Option<(Vec<String>, Site)>>,
}

/// The entry point of `service`, and the command that scripts and wrappers come to.
pub(super) fn find(facts: &Facts<'_>, service: &Service) -> (Known<EntryPoint>, Option<(Vec<String>, Site)>) {
    let layout = service.dockerfile.yes().and_then(|choice| {
        let known = facts.dockerfiles.get(&choice.path).cloned();
        known
            .map(|file| layout(&file))
            .or_else(|| Some(layout(&dockerfile::read(facts.snapshot, &choice.path)?)))
    });
    let finder = Finder { facts, service, layout, home: RefCell::default(), last: RefCell::default() };
    let Some((words, site)) = finder.command() else {
        return (Known::unknown("no file says what is started"), None);
    };
    let entry = match finder.follow(&words, &site, 0) {
        Ok(entry) => Known::Yes(entry),
        Err(why) => Known::Unknown(why),
    };
    (entry, finder.last.into_inner())
}

impl Finder<'_, '_> {
    /// The effective command in words.
    fn command(&self) -> Option<(Vec<String>, Site)> {
        if let Some((text, setting)) = self.service.settings.text(Key::StartCommand) {
            return Some((words(text), setting.site.clone()));
        }
        if let Some(layout) = &self.layout {
            let shell = |(command, site): &(Command, Site)| (spelled(command), site.clone());
            let (entrypoint, command) =
                (layout.entrypoint.as_ref().map(shell), layout.command.as_ref().map(shell));
            return match (entrypoint, command) {
                (Some((mut first, site)), Some((rest, place))) => {
                    first.extend(rest);
                    let site = if matches!(first.first(), Some(word) if word.contains("tini") || word.contains("init"))
                    {
                        place
                    } else {
                        site
                    };
                    Some((first, site))
                }
                (one, other) => one.or(other),
            };
        }
        if matches!(self.service.builder, Known::Yes(Builder::Dockerfile | Builder::Image)) {
            return None;
        }
        self.procfile().or_else(|| self.detected())
    }

    /// The first process of the Procfile, which is what Railway's own builders start.
    fn procfile(&self) -> Option<(Vec<String>, Site)> {
        self.service.roots.iter().find_map(|root| {
            let procfile = self.facts.procfiles.get(&join(root, "Procfile"))?;
            let web = procfile.processes.iter().find(|process| process.name == "web");
            let process =
                web.or_else(|| procfile.processes.iter().find(|process| process.name != "release"))?;
            Some((words(&process.command), Site::new(procfile.path.clone(), process.span)))
        })
    }

    /// What Railpack starts without being told (<https://railpack.com/languages/node>, <https://railpack.com/languages/python>).
    fn detected(&self) -> Option<(Vec<String>, Site)> {
        self.service.roots.iter().find_map(|root| {
            if let Some((script, site)) = self.script(root, "start") {
                return Some((words(&script), site));
            }
            let main = ["main.py", "app.py", "index.js", "index.ts"]
                .into_iter()
                .find(|name| self.has(&join(root, name)))?;
            let program = if language(main) == language("a.py") { "python" } else { "node" };
            Some((vec![program.to_owned(), main.to_owned()], Site::file(join(root, main))))
        })
    }

    fn has(&self, path: &str) -> bool {
        self.facts.snapshot.entry(path).is_some()
    }

    fn follow(&self, words: &[String], site: &Site, depth: usize) -> Result<EntryPoint, String> {
        if depth > FOLLOW_LIMIT {
            return Err("the command goes through too many scripts".into());
        }
        if words.iter().any(|word| matches!(word.as_str(), "&&" | ";" | "&" | "|" | "||")) {
            let script: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            let (last, dir) = last_command(&script.join(" "))?;
            return self.within(&dir, || self.follow(&last, site, depth + 1));
        }
        let words = unwrapped(words);
        let (Some(program), rest) = (words.first(), words.get(1..).unwrap_or_default()) else {
            return Err("the command is empty".into());
        };
        *self.last.borrow_mut() = Some((words.to_vec(), site.clone()));
        let name = program.rsplit('/').next().unwrap_or(program);
        match name {
            "sh" | "bash" | "ash" | "dash" | "zsh" => self.shell(rest, site, depth),
            _ if name.starts_with("python") || name == "pypy3" => self.python(rest, site),
            "uvicorn" | "gunicorn" | "hypercorn" | "daphne" | "granian" => {
                let target = rest.iter().find(|word| is_target(word)).cloned();
                let target = target.ok_or("the application is not named on the command line")?;
                Ok(self.entry(name, None, Some(target), rest, site))
            }
            "flask" if rest.iter().any(|word| word == "run") => {
                let target = flag(rest, &["--app", "-A"]).unwrap_or("app").to_owned();
                Ok(self.entry(name, None, Some(target), rest, site))
            }
            "celery" if rest.iter().any(|word| word == "worker" || word == "beat") => {
                let target = flag(rest, &["-A", "--app"]).map(str::to_owned);
                Ok(self.entry(name, None, target, rest, site))
            }
            "rq" | "rqworker" => Ok(self.entry("rq", None, None, rest, site)),
            "node" | "tsx" | "ts-node" | "nodemon" | "ts-node-esm" => self.node(rest, site),
            "bun" | "deno" => self.bun(rest, site, depth),
            "npm" | "pnpm" | "yarn" => self.package_script(name, rest, site, depth),
            _ if language(program).is_some() => self.direct(program, rest, site),
            _ if program.contains('/') || name.ends_with(".sh") => self.shell(words, site, depth),
            _ => Err(format!("`{name}` is not a program whose sources are read")),
        }
    }

    fn entry(
        &self,
        program: &str,
        file: Option<String>,
        target: Option<String>,
        rest: &[String],
        site: &Site,
    ) -> EntryPoint {
        let home = self.home.borrow();
        let roots = self.layout.as_ref().map(|layout| layout.python_roots(&home)).unwrap_or_default();
        let contexts = self.contexts();
        let roots = contexts.iter().flat_map(|context| roots.iter().map(|root| join(context, root)));
        let mut roots: Vec<String> = roots.collect();
        if self.layout.is_none() && !home.is_empty() {
            roots.extend(contexts.iter().map(|context| join(context, &home)));
        }
        if let Some(dir) = flag(rest, &["--app-dir", "--chdir"]) {
            roots.extend(self.files(dir));
            roots.extend(contexts.iter().map(|context| join(context, dir)));
        }
        EntryPoint {
            program: program.to_owned(),
            file,
            target,
            program_path: None,
            arguments: rest.to_vec(),
            roots,
            site: site.clone(),
            conditional: false,
            variables: self.layout.as_ref().map(|layout| layout.variables.clone()).unwrap_or_default(),
        }
    }

    /// The one web server among the commands of a script that decides what it starts.
    fn one_of(&self, script: &str, site: &Site, depth: usize) -> Option<EntryPoint> {
        let mut servers = commands(script).into_iter().filter(|command| is_web_server(unwrapped(command)));
        let only = servers.next().filter(|_| servers.next().is_none())?;
        let entry = self.follow(&only, site, depth + 1).ok()?;
        Some(EntryPoint { conditional: true, ..entry })
    }

    /// Directories that may be the build context.
    fn contexts(&self) -> Vec<String> {
        let mut contexts = self.service.roots.clone();
        contexts.push(String::new());
        if let Some(choice) = self.service.dockerfile.yes() {
            contexts.push(choice.path.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned()));
        }
        let mut seen = Vec::new();
        contexts.retain(|context| {
            !seen.contains(context) && {
                seen.push(context.clone());
                true
            }
        });
        contexts
    }

    /// Does `work` in the directory `dir` of the image.
    fn within<T>(&self, dir: &str, work: impl FnOnce() -> T) -> T {
        let inner = below(&self.home.borrow(), dir);
        let outer = self.home.replace(inner);
        let done = work();
        self.home.replace(outer);
        done
    }

    /// Every path of the repository that `path` of the image may be.
    fn files(&self, path: &str) -> Vec<String> {
        let path = below(&self.home.borrow(), path);
        let inner = match &self.layout {
            Some(layout) => layout.candidates(&path),
            // Railway's own builders put everything there.
            None => vec![path.strip_prefix("/app/").map_or_else(|| path.clone(), str::to_owned)],
        };
        self.contexts().iter().flat_map(|context| inner.iter().map(|path| join(context, path))).collect()
    }

    fn python(&self, rest: &[String], site: &Site) -> Result<EntryPoint, String> {
        let mut at = 0;
        while let Some(word) = rest.get(at) {
            match word.as_str() {
                "-m" => return self.python_module(rest.get(at + 1..).unwrap_or_default(), site),
                "-c" => return Err("the program is written on the command line".into()),
                "-X" | "-W" => at += 2,
                _ if word.starts_with('-') => at += 1,
                _ => break,
            }
        }
        let path = rest.get(at).ok_or("Python is started without a program")?;
        if path.ends_with("manage.py") {
            return Err("Django's own commands are not read".into());
        }
        self.direct(path, rest.get(at + 1..).unwrap_or_default(), site)
    }

    fn python_module(&self, rest: &[String], site: &Site) -> Result<EntryPoint, String> {
        let module = rest.first().ok_or("Python is started without a module")?;
        if matches!(module.as_str(), "uvicorn" | "gunicorn" | "flask" | "celery" | "hypercorn") {
            return self.follow(rest, site, FOLLOW_LIMIT);
        }
        let entry = self.entry("python", None, Some(module.clone()), rest, site);
        Ok(entry)
    }

    /// A file given by its path.
    fn direct(&self, path: &str, rest: &[String], site: &Site) -> Result<EntryPoint, String> {
        let candidates = self.files(path);
        let found = candidates.iter().find(|path| self.has(path)).cloned();
        let found = found.or_else(|| candidates.iter().find_map(|path| self.source_of(path)));
        let file = found.ok_or_else(|| format!("`{path}` is not a file of the repository"))?;
        let python = language(&file) == language("a.py");
        let mut entry =
            self.entry(if python { "python" } else { "node" }, Some(file.clone()), None, rest, site);
        entry.program_path = Some(path.to_owned());
        // Python looks for modules beside the program first.
        entry.roots.insert(0, file.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned()));
        Ok(entry)
    }

    /// The TypeScript or JavaScript file that a build turns into `path`: `dist/a.js` comes from `src/a.ts` or `a.ts`.
    fn source_of(&self, path: &str) -> Option<String> {
        let stem = path
            .strip_suffix(".js")
            .or(path.strip_suffix(".mjs"))
            .or(path.strip_suffix(".cjs"))
            .unwrap_or(path);
        let parts: Vec<&str> = stem.split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            if !matches!(*part, "dist" | "build" | "out" | "lib" | ".output") {
                continue;
            }
            let (before, after) = (parts.get(..at)?.join("/"), parts.get(at + 1..)?.join("/"));
            for dir in ["src", ""] {
                let bare = after.strip_prefix("src/").unwrap_or(&after);
                for extension in ["ts", "mts", "js", "tsx"] {
                    let tried = format!("{}.{extension}", join(&join(&before, dir), bare));
                    if self.has(&tried) {
                        return Some(tried);
                    }
                }
            }
            if let Some(source) = self.bundled(&before, &after) {
                return Some(source);
            }
        }
        ["ts", "js", "mjs"].into_iter().map(|end| format!("{stem}.{end}")).find(|path| self.has(path))
    }

    /// The source that a bundler in a script of the project at `home` makes `name` of: the one file that it is given, or the
    /// one of the same name.
    fn bundled(&self, home: &str, name: &str) -> Option<String> {
        let project = self.facts.node_projects().get(home)?;
        let stem = name.rsplit('/').next().unwrap_or(name);
        for (_, script) in &project.scripts {
            for command in commands(&script.value) {
                let words = unwrapped(&command);
                let bundler = ["esbuild", "tsup", "ncc", "bun", "swc"];
                if !words.first().is_some_and(|word| bundler.contains(&word.as_str())) {
                    continue;
                }
                let given = words.iter().filter(|word| !word.starts_with('-') && language(word).is_some());
                let given: Vec<&String> = given.filter(|word| self.has(&join(home, word))).collect();
                let same = given.iter().find(|word| {
                    let file = word.rsplit('/').next().unwrap_or(word);
                    file.rsplit_once('.').is_some_and(|(own, _)| own == stem)
                });
                let writes = |word: &String| word.starts_with('-') && word.ends_with(&format!("{name}.js"));
                let only = given.first().filter(|_| given.len() == 1 && words.iter().any(writes));
                if let Some(source) = same.or(only) {
                    return Some(join(home, source));
                }
            }
        }
        None
    }

    fn node(&self, rest: &[String], site: &Site) -> Result<EntryPoint, String> {
        let mut at = 0;
        while let Some(word) = rest.get(at) {
            match word.as_str() {
                "-r" | "--require" | "--import" | "--loader" | "--env-file" | "-P" | "--project" => at += 2,
                "watch" => at += 1,
                _ if word.starts_with('-') => at += 1,
                _ => break,
            }
        }
        let path = rest.get(at).ok_or("Node is started without a program")?;
        let path = if path == "." { "index.js" } else { path };
        self.direct(path, rest.get(at + 1..).unwrap_or_default(), site)
    }

    fn bun(&self, rest: &[String], site: &Site, depth: usize) -> Result<EntryPoint, String> {
        let rest = if rest.first().is_some_and(|word| word == "run") {
            rest.get(1..).unwrap_or_default()
        } else {
            rest
        };
        match rest.iter().find(|word| !word.starts_with('-')) {
            Some(word) if language(word).is_some() => self.node(rest, site),
            Some(word) => self.run_script(word, depth),
            None => Err("bun is started without a program".into()),
        }
    }

    fn package_script(
        &self,
        manager: &str,
        rest: &[String],
        site: &Site,
        depth: usize,
    ) -> Result<EntryPoint, String> {
        if let Some(to) = flag(rest, &["--prefix", "--cwd", "-C", "--dir"]) {
            let rest: Vec<String> =
                rest.iter().filter(|word| !word.starts_with('-') && *word != to).cloned().collect();
            return self.within(to, || self.package_script(manager, &rest, site, depth));
        }
        let elsewhere = ["--filter", "-F", "--workspace", "-w", "workspace"];
        if rest.iter().any(|word| elsewhere.contains(&word.split('=').next().unwrap_or(word))) {
            let (dir, script) = self
                .member(manager, rest)
                .ok_or_else(|| format!("{manager} is sent to a package that is not known"))?;
            return self.within(&dir, || self.run_script(&script, depth));
        }
        let mut named = rest.iter().filter(|word| !word.starts_with('-'));
        match named.next().map(String::as_str) {
            Some("run" | "run-script") => match named.next() {
                Some(script) => self.run_script(script, depth),
                None => Err(format!("{manager} is told to run nothing")),
            },
            Some("start") => self.run_script("start", depth),
            Some(script) if manager != "npm" => match self.run_script(script, depth) {
                Err(_) => self.follow(rest, site, depth + 1),
                found => found,
            },
            _ => Err(format!("{manager} does not start a program here")),
        }
    }

    /// The directory of the one member of the workspace that a command names, and the script that it runs.
    fn member(&self, manager: &str, rest: &[String]) -> Option<(String, String)> {
        let words: Vec<&str> = std::iter::once(manager).chain(rest.iter().map(String::as_str)).collect();
        let (member, script) = scripts::of_member(&words)?;
        let roots = self.files(".");
        let dir = roots.iter().find_map(|root| scripts::below(self.facts, root, &member))?;
        Some((dir.to_owned(), script))
    }

    fn run_script(&self, name: &str, depth: usize) -> Result<EntryPoint, String> {
        let dirs = self.files(".");
        let found = dirs.iter().find_map(|dir| self.script(dir, name));
        let (script, site) = found.ok_or_else(|| format!("package.json has no script `{name}`"))?;
        self.follow(&words(&script), &site, depth + 1)
    }

    /// A script of the `package.json` in `dir`, with the place of its text.
    fn script(&self, dir: &str, name: &str) -> Option<(String, Site)> {
        let path = join(dir, "package.json");
        let text = self.facts.snapshot.text(&path).ok()?;
        let parsed = jsonc_parser::parse_to_ast(
            &text.text,
            &jsonc_parser::CollectOptions::default(),
            &jsonc_parser::ParseOptions::default(),
        )
        .ok()?;
        let root = parsed.value?;
        let script = root.as_object()?.get_object("scripts")?.get_string(name)?;
        let span = Span::new(script.range.start, script.range.end);
        Some((script.value.to_string(), Site::new(path, span)))
    }

    fn shell(&self, rest: &[String], site: &Site, depth: usize) -> Result<EntryPoint, String> {
        let mut at = 0;
        while let Some(word) = rest.get(at).filter(|word| word.starts_with('-')) {
            at += 1;
            if word.ends_with('c') && !word.starts_with("--") {
                let script = rest.get(at).ok_or("the shell is given no script")?;
                return match last_command(script) {
                    Ok((last, dir)) => self.within(&dir, || self.follow(&last, site, depth + 1)),
                    Err(why) => self.one_of(script, site, depth).ok_or_else(|| why.to_owned()),
                };
            }
        }
        let path = rest.get(at).ok_or("the shell is given no script")?;
        let file = self.files(path).into_iter().find(|path| self.has(path));
        let file = file.ok_or_else(|| format!("`{path}` is not a file of the repository"))?;
        let text = self.facts.snapshot.text(&file).map_err(|_| format!("`{file}` cannot be read"))?;
        // However much it prepares before, it ends as the command that it is given.
        let end = text.text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        if matches!(end, "exec \"$@\"" | "exec $@" | "exec \"${@}\"") {
            return self.follow(rest.get(at + 1..).unwrap_or_default(), site, depth + 1);
        }
        let (last, dir) = match last_command(&text.text) {
            Ok(found) => found,
            Err(why) => {
                let site = Site::file(file);
                return self.one_of(&text.text, &site, depth).ok_or_else(|| why.to_owned());
            }
        };
        let handed_on = last.iter().any(|word| matches!(word.as_str(), "$@" | "$*"));
        if handed_on {
            return self.follow(rest.get(at + 1..).unwrap_or_default(), site, depth + 1);
        }
        let line = last.iter().find(|word| word.len() > 2).and_then(|word| text.text.rfind(word.as_str()));
        let site = Site::new(file, line.map_or(Span::START, |at| text.line_at(at)));
        self.within(&dir, || self.follow(&last, &site, depth + 1))
    }
}

/// True for a command that serves a named Python application.
fn is_web_server(words: &[String]) -> bool {
    let name = words.first().map_or("", |program| program.rsplit('/').next().unwrap_or(program));
    let module = name.starts_with("python") && words.get(1).is_some_and(|word| word == "-m");
    let name = if module { words.get(2).map_or("", String::as_str) } else { name };
    matches!(name, "uvicorn" | "gunicorn" | "hypercorn") && words.iter().any(|word| is_target(word))
}

fn is_target(word: &str) -> bool {
    !word.starts_with('-')
        && word.split_once(':').is_some_and(|(module, app)| {
            let plain = |part: &str| {
                part.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '.' | '(' | ')'))
            };
            plain(module)
                && plain(app)
                && app.starts_with(|first: char| first.is_alphabetic() || first == '_')
        })
}

/// The words of a command; the shell form is one that a shell splits.
fn spelled(command: &Command) -> Vec<String> {
    match command {
        Command::Exec(words, _) => words.iter().map(|word| word.value.clone()).collect(),
        Command::Shell(text) => words(&text.value),
    }
}

fn quoted(word: &str) -> String {
    match word {
        "&&" | ";" | "&" | "|" | "||" => word.to_owned(),
        _ => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

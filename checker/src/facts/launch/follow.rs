//! From a command to what it loads.

use super::commands::bare;
use super::python;
use super::{Program, Target};
use crate::facts::Facts;
use crate::facts::image::scripts;
use crate::facts::image::shell::{Simple, commands, place};
use crate::facts::image::{Image, Presence};
use crate::facts::startup::{flag, join};
use crate::finding::Site;
use crate::span::Span;

/// Where a shell looks for programs, without the first slash.
const PATH: [&str; 6] = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];
/// Scripts inside scripts.
const DEPTH: usize = 6;

pub(super) struct Follower<'f, 's> {
    pub(super) facts: &'f Facts<'s>,
    pub(super) image: &'f Image<'s>,
    /// Directories of `PYTHONPATH`; `None` when they are not known.
    pub(super) roots: Option<Vec<String>>,
    pub(super) effective: bool,
    pub(super) out: &'f mut Vec<Program>,
}

/// Where a command stands.
pub(super) struct Here<'h> {
    pub(super) dir: &'h str,
    pub(super) site: &'h Site,
    pub(super) firm: bool,
    pub(super) conditional: bool,
    pub(super) depth: usize,
    /// Wrappers that stood before the program.
    pub(super) via: &'h [String],
}

impl Follower<'_, '_> {
    /// Follows every command of a list. `rest` are the words that `"$@"` stands for.
    pub(super) fn all(&mut self, list: &[Simple], site: &Site, firm: bool, rest: &[String], depth: usize) {
        for (at, simple) in list.iter().enumerate() {
            let stays = simple.exec || at + 1 == list.len();
            let firm = firm && !simple.conditional && (!simple.tolerated || stays);
            let mut line = bare(simple);
            if let Some(hole) = line.iter().position(|word| matches!(word.as_str(), "$@" | "$*")) {
                line.splice(hole..=hole, rest.iter().cloned());
            }
            let before = simple.words.len().saturating_sub(bare(simple).len());
            let via = simple.words.get(..before).unwrap_or_default();
            let conditional = simple.conditional;
            self.one(&line, &Here { dir: &simple.dir, site, firm, conditional, depth, via });
        }
    }

    fn one(&mut self, words: &[String], here: &Here<'_>) {
        let Some((program, rest)) = words.split_first().filter(|_| here.depth < DEPTH) else { return };
        let name = program.rsplit('/').next().unwrap_or(program);
        let words_of = |first: &str| rest.first().is_some_and(|word| word == first);
        match name {
            "sh" | "bash" | "ash" | "dash" | "zsh" => self.shell(words, rest, here),
            "node" | "tsx" | "ts-node" | "ts-node-dev" | "nodemon" | "ts-node-esm" => {
                self.node(name, words, rest, here);
            }
            "bun" | "deno" if rest.iter().any(|word| crate::facts::chain::language(word).is_some()) => {
                self.node(name, words, rest, here);
            }
            "npm" | "pnpm" | "yarn" | "bun" => self.script(rest, words, here),
            "supervisord" => self.supervisor(rest, here),
            "honcho" | "foreman" | "overmind" => self.procfile(rest, here),
            "concurrently" | "npm-run-all" => {
                for command in rest.iter().filter(|word| word.contains(' ')) {
                    self.all(&commands(command, here.dir, true), here.site, false, &[], here.depth + 1);
                }
            }
            "java" if flag(rest, &["-jar"]).is_some() => {
                self.file(flag(rest, &["-jar"]).unwrap_or_default(), "java", words, here);
            }
            "nohup" | "wait" | "sleep" | "echo" | "true" | ":" | "export" | "trap" | "exit" | "test"
            | "[" | "cat" => {}
            "serve" | "http-server" if words_of("-s") || rest.len() == 1 => {}
            _ if python::loads(name) => {
                let roots =
                    self.roots.as_deref().filter(|_| name != "gunicorn" || !self.is_moved(rest, here));
                for target in python::targets(name, rest, here.dir, roots) {
                    self.push(target, words, here);
                }
            }
            _ if program.contains('/')
                || crate::facts::chain::language(program).is_some()
                || has_end(program, "sh") =>
            {
                self.direct(program, words, rest, here);
            }
            _ => self.push(Target::Other, words, here),
        }
    }

    /// True when a configuration of Gunicorn may lead it to another directory.
    fn is_moved(&self, rest: &[String], here: &Here<'_>) -> bool {
        let moves = |text: &str| ["chdir", "pythonpath", "sys.path"].iter().any(|word| text.contains(word));
        let args = self.image.last().and_then(|stage| stage.env.get("GUNICORN_CMD_ARGS"));
        if args.is_some_and(|args| args.as_deref().is_none_or(moves)) {
            return true;
        }
        let named = flag(rest, &["-c", "--config"]);
        let config = named.unwrap_or("gunicorn.conf.py").trim_start_matches("file:");
        let Some(path) = place(here.dir, config) else { return true };
        match self.image.presence(self.image.finished(), &path) {
            Presence::File { source: Some(source), .. } => {
                self.facts.snapshot.text(&source).is_ok_and(|text| moves(&text.text))
            }
            Presence::Absent => config.starts_with("python:"),
            _ => named.is_some(),
        }
    }

    pub(super) fn push(&mut self, target: Target, words: &[String], here: &Here<'_>) {
        // Words that are still a list of Python's own servers are followed as such.
        if let Target::Module { name, .. } = &target
            && python::loads(name)
            && let Some(at) = words.iter().position(|word| word == name)
        {
            return self.one(&words[at..], here);
        }
        self.out.push(Program {
            site: here.site.clone(),
            words: words.to_vec(),
            via: here.via.to_vec(),
            dir: here.dir.to_owned(),
            target,
            firm: here.firm && self.effective,
            conditional: here.conditional,
            effective: self.effective,
        });
    }

    fn file(&mut self, written: &str, by: &str, words: &[String], here: &Here<'_>) {
        let Some(found) = place(here.dir, written) else { return self.push(Target::Other, words, here) };
        let target = Target::File { place: found, written: written.to_owned(), by: by.to_owned() };
        self.push(target, words, here);
    }

    fn node(&mut self, name: &str, words: &[String], rest: &[String], here: &Here<'_>) {
        let mut at = 0;
        while let Some(word) = rest.get(at) {
            match word.as_str() {
                "-e" | "--eval" | "-p" | "--print" | "-h" | "--version" | "-v" => return,
                "-r"
                | "--require"
                | "--import"
                | "--loader"
                | "--experimental-loader"
                | "-P"
                | "--project"
                | "--tsconfig"
                | "--exec"
                | "--watch-path"
                | "-C"
                | "--conditions" => at += 2,
                "watch" | "run" => at += 1,
                _ if word.starts_with('-') => at += 1,
                _ => break,
            }
        }
        if let Some(path) = rest.get(at) {
            self.file(path, name, words, here);
        }
    }

    fn shell(&mut self, words: &[String], rest: &[String], here: &Here<'_>) {
        let mut at = 0;
        while let Some(word) = rest.get(at).filter(|word| word.starts_with('-')) {
            at += 1;
            if word.ends_with('c') && !word.starts_with("--") {
                self.push(Target::Other, words, here);
                if let Some(script) = rest.get(at) {
                    let stops = word.contains('e');
                    self.all(&commands(script, here.dir, stops), here.site, here.firm, &[], here.depth + 1);
                }
                return;
            }
        }
        if let Some(path) = rest.get(at) {
            self.file(path, "sh", words, here);
            self.inside(path, rest.get(at + 1..).unwrap_or_default(), here);
        }
    }

    fn direct(&mut self, program: &str, words: &[String], rest: &[String], here: &Here<'_>) {
        // A bare name is looked for in PATH, not in the working directory.
        if !program.contains('/') {
            let places = PATH.iter().map(|dir| format!("/{dir}/{program}"));
            let found = places
                .into_iter()
                .find(|place| self.image.presence(self.image.finished(), &place[1..]).source().is_some());
            let Some(place) = found else { return self.push(Target::Other, words, here) };
            self.file(&place, "", words, here);
            return self.inside(&place, rest, here);
        }
        self.file(program, "", words, here);
        self.inside(program, rest, here);
    }

    /// Follows the shell script at `path`, when it is one of the tree.
    fn inside(&mut self, path: &str, rest: &[String], here: &Here<'_>) {
        let Some(found) = place(here.dir, path) else { return };
        let presence = self.image.presence(self.image.finished(), &found);
        let Some(source) = presence.source() else { return };
        let Ok(text) = self.facts.snapshot.text(source) else { return };
        let first = text.text.lines().next().unwrap_or_default();
        if !(has_end(source, "sh") || first.starts_with("#!") && first.contains("sh")) {
            return;
        }
        let stops = first.contains(" -e");
        for simple in commands(&text.text, here.dir, stops) {
            let line = simple
                .words
                .iter()
                .filter(|word| word.len() > 2)
                .find_map(|word| text.text.find(word.as_str()));
            let site = Site::new(source, line.map_or(Span::START, |at| text.line_at(at)));
            self.all(
                std::slice::from_ref(&simple),
                &site,
                here.firm && !simple.tolerated,
                rest,
                here.depth + 1,
            );
        }
    }

    fn script(&mut self, rest: &[String], words: &[String], here: &Here<'_>) {
        let to = flag(rest, &["--prefix", "-C", "--cwd", "--dir"]);
        let elsewhere = ["--filter", "-F", "-w", "--workspace", "workspace"];
        if rest.iter().any(|word| elsewhere.contains(&word.split('=').next().unwrap_or(word))) {
            if self.member(words, here).is_none() {
                self.push(Target::Other, words, here);
            }
            return;
        }
        let Some(dir) = to.map_or(Some(here.dir.to_owned()), |to| place(here.dir, to)) else { return };
        let mut plain = rest.iter().filter(|word| !word.starts_with('-') && Some(word.as_str()) != to);
        let name = match plain.next().map(String::as_str) {
            Some("run" | "run-script") => plain.next().map(String::as_str),
            Some("exec" | "dlx" | "x") => return self.push(Target::Other, words, here),
            first => first,
        };
        let Some(name) = name else { return };
        let found = self.image.presence(self.image.finished(), &join(&dir, "package.json"));
        let Some(manifest) = found.source().map(str::to_owned) else {
            return self.push(Target::Other, words, here);
        };
        let own = manifest.rsplit_once('/').map_or("", |(dir, _)| dir);
        let Some(project) = self.facts.node_projects().get(own) else { return };
        let stated = rest.iter().any(|word| word == "run" || word == "run-script") || matches!(name, "start");
        match project.script(name) {
            Some(script) => {
                let site = Site::new(manifest, script.span);
                self.all(&commands(&script.value, &dir, true), &site, here.firm, &[], here.depth + 1);
            }
            // `npm start` without a script starts `server.js`.
            None if name == "start" && project.script("start").is_none() && project.error.is_none() => {
                let server = join(&dir, "server.js");
                if self.image.presence(self.image.finished(), &server).is_absent() {
                    self.push(Target::NoScript { name: name.to_owned(), manifest }, words, here);
                }
            }
            None if stated && project.error.is_none() => {
                self.push(Target::NoScript { name: name.to_owned(), manifest }, words, here);
            }
            None => self.push(Target::Other, words, here),
        }
    }

    /// Follows the script of one member of a workspace.
    fn member(&mut self, words: &[String], here: &Here<'_>) -> Option<()> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (member, name) = scripts::of_member(&words)?;
        let manifest = |dir: &str| {
            let found = self.image.presence(self.image.finished(), &join(dir, "package.json"));
            found.source().map(str::to_owned)
        };
        let root = manifest(here.dir)?;
        let root = root.rsplit_once('/').map_or("", |(root, _)| root);
        let dir = join(here.dir, scripts::below(self.facts, root, &member)?);
        let manifest = manifest(&dir)?;
        let own = manifest.rsplit_once('/').map_or("", |(own, _)| own);
        let script = self.facts.node_projects().get(own)?.script(&name)?;
        let site = Site::new(manifest, script.span);
        // What the manager of a workspace links where is not certain.
        self.all(&commands(&script.value, &dir, true), &site, false, &[], here.depth + 1);
        Some(())
    }

    /// The text and the source of a file of the image.
    fn read(&self, dir: &str, path: &str) -> Option<(String, String)> {
        let found = self.image.presence(self.image.finished(), &place(dir, path)?);
        let source = found.source()?.to_owned();
        let text = self.facts.snapshot.text(&source).ok()?;
        Some((text.text.clone(), source))
    }

    /// `[program:x]` sections (<https://supervisord.org/configuration.html>).
    fn supervisor(&mut self, rest: &[String], here: &Here<'_>) {
        let path = flag(rest, &["-c", "--configuration"]).unwrap_or("/etc/supervisord.conf");
        self.file(path, "supervisord", rest, here);
        let Some((text, source)) = self.read(here.dir, path) else { return };
        let mut dir = here.dir.to_owned();
        let mut command: Option<(String, Site)> = None;
        let mut offset = 0;
        let mut found = Vec::new();
        for line in text.split_inclusive('\n').chain(["[end]"]) {
            let span = Span::new(offset, offset + line.trim_end().len());
            offset += line.len();
            let line = line.split(" ;").next().unwrap_or_default().trim();
            if line.starts_with('[') {
                found.extend(command.take().map(|(text, site)| (text, site, dir.clone())));
                here.dir.clone_into(&mut dir);
            } else if let Some((key, value)) = line.split_once('=') {
                match key.trim() {
                    "command" => command = Some((value.trim().to_owned(), Site::new(source.clone(), span))),
                    "directory" => dir = place(here.dir, value.trim()).unwrap_or_default(),
                    _ => {}
                }
            }
        }
        for (text, site, dir) in found {
            self.all(&commands(&text, &dir, true), &site, false, &[], here.depth + 1);
        }
    }

    fn procfile(&mut self, rest: &[String], here: &Here<'_>) {
        let path = flag(rest, &["-f", "--procfile"]).unwrap_or("Procfile");
        self.file(path, "honcho", rest, here);
        let Some((_, source)) = self.read(here.dir, path) else { return };
        let Some(file) = self.facts.procfiles.get(&source).cloned() else { return };
        for process in &file.processes {
            let site = Site::new(source.clone(), process.span);
            self.all(&commands(&process.command, here.dir, true), &site, false, &[], here.depth + 1);
        }
    }
}

fn has_end(path: &str, end: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, own)| own == end)
}

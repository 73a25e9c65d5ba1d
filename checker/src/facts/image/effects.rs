//! What a command of a build does to the files of the image.

use super::file_tools::{self, filled, made};
use super::shell::{Simple, is_unknown};
use super::tools::{BUILDS, HARMLESS, INSTALLS};
use crate::facts::startup::join;

/// One thing a command may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A file comes to be at this path, or is there already.
    Makes(String),
    /// A directory comes to be at this path.
    Directory(String),
    /// Files that are built, installed or unpacked may come to be below this directory.
    Fills(String),
    /// A compiler or bundler writes its outputs below this directory; sources are none of them.
    Builds(String),
    /// Anything may come to be anywhere.
    Anything,
    /// This path goes, with what lies below it; the shell's patterns stand in it.
    Removes(String),
    /// What lies at this path or below it may go.
    MayRemove(String),
    /// This path, in which the shell's patterns stand, becomes executable or not; true with all that lies below it. `None`
    /// is a change that cannot be told.
    Executable(String, bool, Option<bool>),
    /// The carriage returns of this file go; an empty path is any file.
    Unix(String),
    /// A Python project at this directory is installed, so that its modules are found everywhere.
    InstallsPython(String),
}

/// What `command` may do. `npm run` and its like are to be replaced by the script before.
pub fn effects(command: &Simple) -> Vec<Effect> {
    let doubtful = command.conditional || command.tolerated;
    let certain = certain(command).into_iter().map(|effect| if doubtful { doubted(effect) } else { effect });
    certain.collect()
}

/// `effect` of a command that may not have run, or may have failed.
fn doubted(effect: Effect) -> Effect {
    match effect {
        Effect::Makes(path) | Effect::Directory(path) => Effect::Fills(path),
        Effect::Removes(path) => {
            let plain = path.split('/').take_while(|part| !part.contains(['*', '?', '[']));
            Effect::MayRemove(plain.collect::<Vec<_>>().join("/"))
        }
        Effect::Executable(path, all, _) => Effect::Executable(path, all, None),
        effect => effect,
    }
}

/// What `command` does when it runs and succeeds.
fn certain(command: &Simple) -> Vec<Effect> {
    let mut found = redirections(command);
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let program = command.program();
    let own = |written: &str| command.place(written);
    let plain = operands(command);
    if let Some(own) = file_tools::effects(command, &plain) {
        found.extend(own);
        return found;
    }
    match program {
        "sed" | "perl" => {
            let strips = words.iter().any(|word| word.contains("\\r"));
            found.extend(plain.iter().filter(|_| strips).filter_map(|path| own(path)).map(Effect::Unix));
        }
        "dos2unix" | "fromdos" => {
            found.extend(plain.iter().map(|path| Effect::Unix(own(path).unwrap_or_default())));
        }
        "git" => found.extend(clone(command, &plain)),
        "curl" | "wget" => found.extend(download(command, &words)),
        "tar" | "unzip" | "bsdtar" | "7z" => {
            found.push(filled(command, value(&words, &["-C", "--directory", "-d"]).unwrap_or(".")));
        }
        "npm" | "pnpm" | "yarn" | "bun" | "npx" | "bunx" => found.extend(packages(command, program, &plain)),
        "uv" | "poetry" | "pipenv" | "pdm" => {
            found.push(filled(command, ".venv"));
            let project = words.iter().any(|word| matches!(*word, "sync" | "install"))
                && !words.iter().any(|word| matches!(*word, "--no-root" | "--no-install-project"));
            found.extend(project.then(|| Effect::InstallsPython(command.dir.clone())));
        }
        "go" => found.push(filled(command, value(&words, &["-o"]).unwrap_or("."))),
        "composer" => found.extend(composer(command, &plain, &words)),
        "python" | "python3" => found.extend(python(command, &plain, &words)),
        "source" | "." => found.extend(sourced(&plain)),
        "bundle" if plain.first() == Some(&"exec") => found.push(Effect::Anything),
        _ if HARMLESS.contains(&program) => {}
        "node" if writes_nothing(&words) => {}
        _ => found.extend(built(command, program, &words)),
    }
    if matches!(program, "pip" | "pip3" | "python" | "python3" | "uv") {
        found.extend(python_install(command, &words));
        let to = value(&words, &["-t", "--target", "--prefix", "--root"]);
        found.extend(to.map(|to| filled(command, to)));
    }
    if is_unknown(&command.dir) {
        // Where it ran is not known, so that relative paths are not.
        found.push(Effect::Fills(String::new()));
    }
    found
}

/// The words that are no flags and no redirections.
fn operands(command: &Simple) -> Vec<&str> {
    let mut found = Vec::new();
    let mut words = command.plain();
    while let Some(word) = words.next() {
        let file = word.trim_start_matches(|char: char| char.is_ascii_digit()).trim_start_matches('&');
        match file.strip_prefix(['>', '<']) {
            Some("" | ">" | "<") => drop(words.next()),
            Some(_) => {}
            None => found.push(word),
        }
    }
    found
}

/// Files that `>` writes.
fn redirections(command: &Simple) -> Vec<Effect> {
    let mut found = Vec::new();
    let mut words = command.words.iter().peekable();
    while let Some(word) = words.next() {
        let Some((before, rest)) = word.split_once('>') else { continue };
        let rest = rest.trim_start_matches('>');
        let to = if rest.is_empty() { words.peek().map_or("", |next| next.as_str()) } else { rest };
        if to.is_empty() || to.starts_with('&') || to.starts_with("/dev/") {
            continue;
        }
        let number = before.trim_start_matches('&').chars().all(|char| char.is_ascii_digit());
        // Quotes are gone from the words, so that one in the midst of a word may be none.
        found.push(if number { made(command, to, Effect::Makes) } else { filled(command, to) });
    }
    found
}

/// What a package manager of Node does: it installs, packs, or runs a program.
fn packages(command: &Simple, program: &str, plain: &[&str]) -> Vec<Effect> {
    let to = value(
        &command.words.iter().map(String::as_str).collect::<Vec<_>>(),
        &["--prefix", "-C", "--cwd", "--dir", "--filter", "-F"],
    )
    .map(str::to_owned);
    let plain: Vec<&str> = plain.iter().copied().filter(|word| Some(*word) != to.as_deref()).collect();
    let dir = to.as_deref().and_then(|to| command.place(to)).unwrap_or_else(|| command.dir.clone());
    let modules = Effect::Fills(join(&dir, "node_modules"));
    let filtered = command.words.iter().any(|word| {
        word.starts_with("--filter")
            || matches!(
                word.as_str(),
                "-F" | "-r" | "--recursive" | "-w" | "--workspaces" | "workspaces" | "workspace"
            )
            || word.starts_with("--workspace")
    });
    let first = plain.first().copied().unwrap_or_default();
    if plain.contains(&"deploy") {
        return vec![plain.last().map_or(Effect::Anything, |to| filled(command, to)), modules];
    }
    if (first.is_empty() || INSTALLS.contains(&first)) && !matches!(program, "npx" | "bunx") {
        return vec![modules];
    }
    let skip = usize::from(matches!(first, "run" | "run-script" | "exec" | "dlx" | "x"));
    if filtered || plain.len() <= skip {
        return vec![Effect::Anything];
    }
    let words = plain.iter().skip(skip).map(|word| (*word).to_owned()).collect();
    let mut found = effects(&Simple { words, ..command.clone() });
    found.push(modules);
    found
}

/// What Composer does: packages, and what the scripts of Laravel and Symfony write when they are installed.
fn composer(command: &Simple, plain: &[&str], words: &[&str]) -> Vec<Effect> {
    let dir = value(words, &["-d", "--working-dir"]).unwrap_or(".");
    match plain.first() {
        Some(&("install" | "i" | "update" | "require" | "dump-autoload" | "dumpautoload")) => {
            ["vendor", "bootstrap/cache", "var", "public", "storage"]
                .map(|below| filled(command, &format!("{dir}/{below}")))
                .into()
        }
        Some(
            &("config" | "clear-cache" | "clearcache" | "validate" | "diagnose" | "check-platform-reqs"),
        ) => Vec::new(),
        _ => vec![Effect::Anything],
    }
}

/// Modules and commands of Python that are known to write in one place only.
fn python(command: &Simple, plain: &[&str], words: &[&str]) -> Vec<Effect> {
    let module = value(words, &["-m"]);
    match (module, plain.first().copied()) {
        (Some("venv" | "virtualenv"), Some(to)) => vec![filled(command, plain.last().unwrap_or(&to))],
        (
            Some("pip" | "compileall" | "ensurepip" | "playwright" | "spacy" | "nltk.downloader" | "pytest"),
            _,
        ) => Vec::new(),
        (None, _) if writes_nothing(words) => Vec::new(),
        (None, Some(path)) if path.ends_with("manage.py") => {
            ["static", "staticfiles", "media"].map(|dir| Effect::Fills(join(&command.dir, dir))).into()
        }
        _ => vec![Effect::Anything],
    }
}

/// True for code on the command line that shows no sign of writing a file.
fn writes_nothing(words: &[&str]) -> bool {
    let code = value(words, &["-c", "-e", "--eval", "-p"]);
    code.is_some_and(|code| {
        let signs = [
            "open(",
            "write",
            "download",
            "save",
            "mkdir",
            "copy",
            "from_pretrained",
            "exec",
            "system",
            "Model(",
            "run(",
        ];
        !signs.iter().any(|sign| code.contains(sign))
    })
}

/// Scripts of the system and of environments set variables; one of the repository may do anything.
fn sourced(plain: &[&str]) -> Option<Effect> {
    let script = plain.first()?;
    let own = !script.starts_with(['/', '$', '~', '"']) && !script.ends_with("activate");
    own.then_some(Effect::Anything)
}

fn clone(command: &Simple, plain: &[&str]) -> Option<Effect> {
    if plain.first() != Some(&"clone") {
        return Some(Effect::Fills(command.dir.clone())).filter(|_| {
            plain.iter().any(|word| matches!(*word, "checkout" | "submodule" | "lfs" | "pull" | "apply"))
        });
    }
    let address = plain.iter().position(|word| word.contains("://") || word.contains('@'))?;
    let named = plain.get(address + 1).copied();
    let own = plain[address].trim_end_matches('/').rsplit('/').next()?.trim_end_matches(".git");
    Some(filled(command, named.unwrap_or(own)))
}

fn download(command: &Simple, words: &[&str]) -> Vec<Effect> {
    let to = value(
        words,
        &["-o", "-O", "--output", "--output-document", "-P", "--output-dir", "-qO", "-fsSLo", "-sSLo", "-Lo"],
    );
    match to {
        Some("-") => Vec::new(),
        Some(path) if !path.starts_with('-') && !path.contains("://") => vec![filled(command, path)],
        _ if command.program() == "curl" && !words.iter().any(|word| word.contains('O')) => Vec::new(),
        _ => vec![Effect::Fills(command.dir.clone())],
    }
}

fn built(command: &Simple, program: &str, words: &[&str]) -> Vec<Effect> {
    let Some((_, outputs)) = BUILDS.iter().find(|(name, _)| *name == program) else {
        return vec![Effect::Anything];
    };
    let mut found: Vec<Effect> = outputs.iter().map(|dir| Effect::Builds(join(&command.dir, dir))).collect();
    let named = value(words, &["--outDir", "--out-dir", "--outdir", "--outfile", "-o", "--output", "-d"]);
    found.extend(named.and_then(|dir| command.place(dir)).map(Effect::Builds));
    found
}

/// `pip install .`: the project's modules are then found without its directory.
fn python_install(command: &Simple, words: &[&str]) -> Option<Effect> {
    let at = words.iter().position(|word| *word == "install")?;
    let local = |word: &&&str| {
        word.starts_with('.') || word.starts_with('/') || word.ends_with(".whl") || word.contains(".whl[")
    };
    let path = words[at + 1..].iter().filter(|word| !word.starts_with("-r")).find(local)?;
    let after_file = words[at + 1..].windows(2).any(|pair| {
        matches!(pair[0], "-r" | "-c" | "--target" | "-t" | "--prefix" | "--find-links") && pair[1] == *path
    });
    if after_file {
        return None;
    }
    let bare = path.split('[').next().unwrap_or(path);
    Some(Effect::InstallsPython(command.place(bare).unwrap_or_default()))
}

/// The value of the flag called one of `names`.
pub fn value<'w>(words: &[&'w str], names: &[&str]) -> Option<&'w str> {
    words.iter().enumerate().find_map(|(at, word)| {
        if names.contains(word) {
            return words.get(at + 1).copied();
        }
        let (name, value) = word.split_once('=')?;
        names.contains(&name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::image::shell::commands;

    fn of(script: &str) -> Vec<Effect> {
        commands(script, "app", true).iter().flat_map(effects).collect()
    }

    #[test]
    fn commands_fill_make_remove_and_leave_alone() {
        let fills = |path: &str| Effect::Fills(path.into());
        assert_eq!(of("apt-get update && apt-get install -y curl"), []);
        assert_eq!(
            of("mkdir -p logs /data"),
            [Effect::Directory("app/logs".into()), Effect::Directory("data".into())]
        );
        assert_eq!(of("npm ci"), [fills("app/node_modules")]);
        assert_eq!(of("git clone https://x/y/z.git"), [fills("app/z")]);
        assert_eq!(of("git clone https://x/y/z.git ."), [fills("app")]);
        assert_eq!(of("printf '{}' > /app/package.json"), [Effect::Makes("app/package.json".into())]);
        assert_eq!(of("rm -rf src"), [Effect::Removes("app/src".into())]);
        assert_eq!(of("./configure"), [Effect::Anything]);
        assert_eq!(of("curl -fsSL https://x | sh"), [Effect::Anything]);
        assert_eq!(of("chmod +x run.sh"), [Effect::Executable("app/run.sh".into(), false, Some(true))]);
        assert_eq!(of("chmod 755 *.sh"), [Effect::Executable("app/*.sh".into(), false, Some(true))]);
        assert_eq!(of("chmod 644 a"), [Effect::Executable("app/a".into(), false, Some(false))]);
        assert_eq!(of("chmod -x a"), [Effect::Executable("app/a".into(), false, Some(false))]);
        assert_eq!(of("chmod go-x a"), [Effect::Executable("app/a".into(), false, None)]);
        assert_eq!(of("ln -s src/app app"), [fills("app/app")]);
        assert_eq!(of("ln -s ../shared"), [fills("app/shared")]);
        assert_eq!(of(". venv/bin/activate"), []);
        assert_eq!(of("source ./prepare.sh"), [Effect::Anything]);
        assert_eq!(of("pip install ."), [Effect::InstallsPython("app".into())]);
        assert_eq!(of("pip install -r requirements.txt"), []);
    }

    #[test]
    fn what_is_not_certain_is_a_doubt() {
        let (fills, may_go) =
            (|path: &str| Effect::Fills(path.into()), |path: &str| Effect::MayRemove(path.into()));
        assert_eq!(of("touch a/$NAME/b $HOME/c"), [fills("app/a"), fills("")]);
        assert_eq!(of("mkdir -p x/{a,b}"), [fills("app/x")]);
        assert_eq!(of("rm -rf *.log $OLD/x"), [Effect::Removes("app/*.log".into()), may_go("")]);
        assert_eq!(of("rm a || true"), [may_go("app/a")]);
        assert_eq!(of("[ -d b ] && touch c"), [fills("app/c")]);
        assert_eq!(of("find . -name x -delete"), [may_go("app")]);
        assert_eq!(of("mv a b"), [Effect::Removes("app/a".into()), fills("app/b")]);
        assert_eq!(of("ln -s /opt/x/y"), [fills("app/y")]);
        assert_eq!(of("cd $X && touch a"), [fills("")]);
        assert_eq!(of("echo a >b 2>/dev/null >&2"), [Effect::Makes("app/b".into())]);
        assert_eq!(of("pip install -t lib x"), [fills("app/lib")]);
    }
}

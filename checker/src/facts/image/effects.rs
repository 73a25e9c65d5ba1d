//! What a command of a build does to the files of the image.

use super::shell::{Simple, place};
use super::tools::{BUILDS, HARMLESS, INSTALLS};
use crate::facts::startup::join;

/// One thing a command may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This path comes to be.
    Makes(String),
    /// Files that are built, installed or unpacked may come to be below this directory.
    Fills(String),
    /// A compiler or bundler writes its outputs below this directory; sources are none of them.
    Builds(String),
    /// Anything may come to be anywhere.
    Anything,
    /// This path and what lies below it goes.
    Removes(String),
    /// This path becomes executable; true with all that lies below it.
    Executable(String, bool),
    /// The carriage returns of this file go; an empty path is any file.
    Unix(String),
    /// A Python project at this directory is installed, so that its modules are found everywhere.
    InstallsPython(String),
}

/// What `command` may do. `npm run` and its like are to be replaced by the script before.
pub fn effects(command: &Simple) -> Vec<Effect> {
    let mut found = redirections(command);
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let program = command.program();
    let own = |written: &str| command.place(written);
    let plain: Vec<&str> = command.plain().filter(|word| !word.starts_with(['>', '<'])).collect();
    match program {
        "mkdir" | "touch" | "install" | "useradd" | "adduser" | "ln" => {
            found.extend(plain.iter().filter_map(|path| own(path)).map(Effect::Makes));
        }
        "rm" | "rimraf" | "unlink" => {
            found.extend(plain.iter().filter_map(|path| own(path)).map(Effect::Removes));
        }
        "chmod" => found.extend(executable(command, &plain)),
        "sed" | "perl" => {
            let strips = words.iter().any(|word| word.contains("\\r"));
            found.extend(plain.iter().filter(|_| strips).filter_map(|path| own(path)).map(Effect::Unix));
        }
        "dos2unix" | "fromdos" => {
            found.extend(plain.iter().map(|path| Effect::Unix(own(path).unwrap_or_default())));
        }
        "cp" | "mv" | "rsync" => found.push(filled(command, plain.last().copied())),
        "tee" => found.extend(plain.iter().filter_map(|path| own(path)).map(Effect::Makes)),
        "git" => found.extend(clone(command, &plain)),
        "curl" | "wget" => found.extend(download(command, &words)),
        "tar" | "unzip" | "bsdtar" | "gunzip" | "7z" => {
            let to = value(&words, &["-C", "--directory", "-d"]);
            found.push(filled(command, Some(to.unwrap_or("."))));
        }
        "npm" | "pnpm" | "yarn" | "bun" | "npx" | "bunx" => found.extend(packages(command, program, &plain)),
        "uv" | "poetry" | "pipenv" | "pdm" => {
            found.push(Effect::Fills(join(&command.dir, ".venv")));
            let project = words.iter().any(|word| matches!(*word, "sync" | "install"))
                && !words.iter().any(|word| matches!(*word, "--no-root" | "--no-install-project"));
            found.extend(project.then(|| Effect::InstallsPython(command.dir.clone())));
        }
        "go" => {
            let out = value(&words, &["-o"]);
            found.push(filled(command, Some(out.unwrap_or("."))));
        }
        "python" | "python3" => found.extend(python(command, &plain, &words)),
        _ if HARMLESS.contains(&program) => {}
        "node" if writes_nothing(&words) => {}
        _ => found.extend(built(command, program, &words)),
    }
    if matches!(program, "pip" | "pip3" | "python" | "python3" | "uv") {
        found.extend(python_install(command, &words));
    }
    found
}

/// Files that `>` writes.
fn redirections(command: &Simple) -> Vec<Effect> {
    let mut found = Vec::new();
    let mut words = command.words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(rest) = word.strip_prefix('>').map(|rest| rest.trim_start_matches('>')) else { continue };
        let to = if rest.is_empty() { words.peek().map_or("", |next| next.as_str()) } else { rest };
        found.extend(command.place(to).filter(|_| !to.is_empty()).map(Effect::Makes));
    }
    found
}

fn executable(command: &Simple, plain: &[&str]) -> Vec<Effect> {
    let mode = plain.first().copied().unwrap_or_default();
    let octal = u32::from_str_radix(mode, 8).ok();
    let grants = octal.map_or_else(
        || {
            mode.split(',').any(|part| {
                part.contains('+') && part.contains('x') || part.contains('=') && part.contains('x')
            })
        },
        |bits| bits & 0o111 != 0,
    );
    // `chmod +x file` has its mode among the flags of no program, but `-R` is one.
    let all = command.words.iter().any(|word| matches!(word.as_str(), "-R" | "--recursive"));
    let paths = plain.iter().skip(1).filter(|_| grants);
    paths
        .map(|path| match command.place(path) {
            Some(place) => Effect::Executable(place, all),
            // A pattern: everything beside it.
            None => Effect::Executable(pattern_dir(command, path), true),
        })
        .collect()
}

fn pattern_dir(command: &Simple, path: &str) -> String {
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    place(&command.dir, if dir.is_empty() && !path.starts_with('/') { "." } else { dir }).unwrap_or_default()
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
        return vec![filled(command, plain.last().copied()), modules];
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

/// Modules and commands of Python that are known to write in one place only.
fn python(command: &Simple, plain: &[&str], words: &[&str]) -> Vec<Effect> {
    let module = value(words, &["-m"]);
    match (module, plain.first().copied()) {
        (Some("venv" | "virtualenv"), _) => vec![filled(command, plain.last().copied())],
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

fn filled(command: &Simple, to: Option<&str>) -> Effect {
    to.and_then(|to| command.place(to)).map_or(Effect::Anything, Effect::Fills)
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
    Some(filled(command, Some(named.unwrap_or(own))))
}

fn download(command: &Simple, words: &[&str]) -> Vec<Effect> {
    let to = value(
        words,
        &["-o", "-O", "--output", "--output-document", "-P", "--output-dir", "-qO", "-fsSLo", "-sSLo", "-Lo"],
    );
    match to {
        Some("-") => Vec::new(),
        Some(path) if !path.starts_with('-') && !path.contains("://") => vec![filled(command, Some(path))],
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
            [Effect::Makes("app/logs".into()), Effect::Makes("data".into())]
        );
        assert_eq!(of("npm ci"), [fills("app/node_modules")]);
        assert_eq!(of("git clone https://x/y/z.git"), [fills("app/z")]);
        assert_eq!(of("git clone https://x/y/z.git ."), [fills("app")]);
        assert_eq!(of("printf '{}' > /app/package.json"), [Effect::Makes("app/package.json".into())]);
        assert_eq!(of("rm -rf src"), [Effect::Removes("app/src".into())]);
        assert_eq!(of("./configure"), [Effect::Anything]);
        assert_eq!(of("curl -fsSL https://x | sh"), [Effect::Anything]);
        assert_eq!(of("chmod +x run.sh"), [Effect::Executable("app/run.sh".into(), false)]);
        assert_eq!(of("chmod 755 *.sh"), [Effect::Executable("app".into(), true)]);
        assert_eq!(of("chmod 644 a"), []);
        assert_eq!(of("pip install ."), [Effect::InstallsPython("app".into())]);
        assert_eq!(of("pip install -r requirements.txt"), []);
    }
}

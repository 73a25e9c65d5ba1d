//! What the commands that handle files do: `mkdir`, `touch`, `rm`, `mv`, `cp`, `ln`, `chmod`, `find` and their like.

use super::effects::{Effect, value};
use super::shell::{Simple, is_unknown};
use crate::facts::gitignore::part_matches;
use crate::facts::startup::join;

/// What `command` does; `None` when its program is no such tool. `plain` are its words without flags.
pub(super) fn effects(command: &Simple, plain: &[&str]) -> Option<Vec<Effect>> {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let each = |make: fn(String) -> Effect| -> Vec<Effect> {
        plain.iter().map(|path| made(command, path, make)).collect()
    };
    Some(match command.program() {
        "mkdir" => each(Effect::Directory),
        "touch" | "tee" => each(Effect::Makes),
        "rm" | "rimraf" | "unlink" | "rmdir" => plain.iter().map(|path| gone(command, path)).collect(),
        "mv" => {
            let (to, from) = plain.split_last()?;
            let mut found: Vec<Effect> = from.iter().map(|path| gone(command, path)).collect();
            found.push(filled(command, to));
            found
        }
        "install" if words.contains(&"-d") => each(Effect::Directory),
        "cp" | "rsync" | "install" => vec![filled(command, plain.last()?)],
        "ln" => vec![filled(command, link(plain)?)],
        "chmod" => chmod(command, plain),
        "find" => find(command, &words),
        "xargs" if words.iter().any(|word| matches!(*word, "rm" | "mv" | "unlink")) => {
            vec![Effect::MayRemove(String::new()), Effect::Fills(String::new())]
        }
        "useradd" | "adduser" => {
            let home = value(&words, &["-d", "-h", "--home", "--home-dir"]);
            let home = home.map(|home| filled(command, home));
            home.into_iter().chain([Effect::Fills("home".to_owned())]).collect()
        }
        "gzip" | "gunzip" | "bzip2" | "bunzip2" | "xz" | "unxz" | "zstd" => {
            let packed = plain.iter().flat_map(|path| {
                let dir = region(command, &format!("{path}/.."));
                [Effect::MayRemove(region(command, path)), Effect::Fills(dir)]
            });
            packed.collect()
        }
        _ => return None,
    })
}

/// The path that a link gets.
fn link<'w>(plain: &[&'w str]) -> Option<&'w str> {
    match plain {
        [] => None,
        [target] => target.trim_end_matches('/').rsplit('/').next(),
        [.., path] => Some(path),
    }
}

/// `make` of the path, or a doubt about where it lies.
pub(super) fn made(command: &Simple, written: &str, make: fn(String) -> Effect) -> Effect {
    command.place(written).map_or_else(|| filled(command, written), make)
}

/// Anything may come to be where `written` is.
pub(super) fn filled(command: &Simple, written: &str) -> Effect {
    Effect::Fills(region(command, written))
}

fn gone(command: &Simple, written: &str) -> Effect {
    match pattern(command, written) {
        Some(path) => Effect::Removes(path),
        None => Effect::MayRemove(region(command, written)),
    }
}

/// The directory of the image that `written` certainly leads into: what stands before a variable or a pattern.
fn region(command: &Simple, written: &str) -> String {
    let parts: Vec<&str> = written.split('/').collect();
    let plain = parts.iter().take_while(|part| !part.contains(['$', '*', '?', '[', '`', '~', '{', '(']));
    let known: Vec<&str> = plain.copied().collect();
    let dir = if written.starts_with(['/', '$', '`', '~']) { "" } else { command.dir.as_str() };
    if is_unknown(dir) { String::new() } else { join(dir, known.join("/").trim_start_matches('/')) }
}

/// The path of the image with the shell's patterns left in it; `None` when a variable is in it.
fn pattern(command: &Simple, written: &str) -> Option<String> {
    if written.contains(['$', '`', '~', '{', '(']) || (is_unknown(&command.dir) && !written.starts_with('/'))
    {
        return None;
    }
    Some(if written.starts_with('/') { join("", written) } else { join(&command.dir, written) })
}

/// True when `pattern` stands for `path` or for a directory above it.
pub(super) fn covers(pattern: &str, path: &str) -> bool {
    let mut names = path.split('/');
    pattern.is_empty()
        || pattern.split('/').all(|part| {
            // A name that begins with a dot is met by no wildcard.
            names.next().is_some_and(|name| {
                part_matches(part, name) && !(name.starts_with('.') && part.starts_with(['*', '?', '[']))
            })
        })
}

/// True when `pattern` stands for `path` and nothing above it.
pub(super) fn is(pattern: &str, path: &str) -> bool {
    pattern.matches('/').count() == path.matches('/').count() && covers(pattern, path)
}

/// `chmod` and what it says of the executable bit.
fn chmod(command: &Simple, plain: &[&str]) -> Vec<Effect> {
    let all = command.words.iter().any(|word| matches!(word.as_str(), "-R" | "--recursive"));
    // `chmod -x file` has its mode among the flags.
    let takes = command.words.iter().skip(1).find(|word| {
        word.starts_with('-')
            && !word.starts_with("--")
            && word.chars().skip(1).all(|char| "rwxst".contains(char))
    });
    let (bit, paths) = match (takes, plain.split_first()) {
        (Some(mode), _) => (executable(mode), plain),
        (None, Some((mode, paths))) => (executable(mode), paths),
        (None, None) => return Vec::new(),
    };
    let of = |path: &&str| match pattern(command, path) {
        Some(place) => Effect::Executable(place, all, bit),
        None => Effect::Executable(region(command, path), true, None),
    };
    // What becomes executable that way is not known one by one.
    let said = |effect| match effect {
        Effect::Executable(place, true, Some(false)) => Effect::Executable(place, true, None),
        effect => effect,
    };
    paths.iter().map(of).map(said).collect()
}

/// What a mode says of the executable bit; `None` when it leaves it or cannot be told.
pub(super) fn executable(mode: &str) -> Option<bool> {
    if let Ok(bits) = u32::from_str_radix(mode, 8) {
        return Some(bits & 0o111 != 0);
    }
    let mut found = None;
    for part in mode.split(',') {
        let (who, rest) = part.split_at(part.find(['+', '-', '='])?);
        let (sign, bits) = rest.split_at(1);
        let everybody = who.is_empty() || who.contains('a') || who == "ugo";
        match (sign, bits.contains('x')) {
            ("+" | "=", true) => found = Some(true),
            ("-", true) | ("=", false) if everybody && !bits.contains('X') => found = Some(false),
            ("-", true) | ("=", false) => return None,
            _ => {}
        }
    }
    found
}

/// `find` that deletes or runs something.
fn find(command: &Simple, words: &[&str]) -> Vec<Effect> {
    let runs = |program: &str| {
        words.windows(2).any(|pair| matches!(pair[0], "-exec" | "-execdir" | "-ok") && pair[1] == program)
    };
    let begins = words.iter().skip(1).take_while(|word| !word.starts_with(['-', '(', '!', '\\']));
    let begins: Vec<&str> = begins.copied().collect();
    let begins = if begins.is_empty() { vec!["."] } else { begins };
    let regions = begins.iter().map(|path| region(command, path));
    if words.contains(&"-delete") || runs("rm") || runs("rmdir") {
        regions.map(Effect::MayRemove).collect()
    } else if runs("chmod") {
        regions.map(|dir| Effect::Executable(dir, true, None)).collect()
    } else if runs("sed") || runs("chown") || runs("dos2unix") || runs("touch") {
        Vec::new()
    } else if words.iter().any(|word| word.starts_with("-exec")) {
        vec![Effect::MayRemove(String::new()), Effect::Fills(String::new())]
    } else {
        Vec::new()
    }
}

//! Whether a path is in an image.

use super::{Image, Presence};
use crate::config::Config;
use crate::facts::Facts;
use crate::fixture::MemoryTree;
use crate::snapshot::{Day, Snapshot, Trigger};

/// What is said of each path: `f` a file with its path in the tree, `d` a directory, `-` nothing, `?` not known.
fn said(fixture: &str, paths: &[&str]) -> Vec<String> {
    let tree = MemoryTree::parse(fixture);
    let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
    let config = Config::of(&snapshot).expect("the configuration of the test is valid");
    let facts = Facts::gather(&snapshot, &config);
    let images = Image::of(&facts, &facts.services[0]);
    let image = &images[0];
    let say = |path: &&str| match image.presence(image.finished(), path) {
        Presence::File { source, executable, .. } => {
            let bit = if executable == Some(true) { "x" } else { "" };
            format!("f{bit} {}", source.unwrap_or_default()).trim_end().to_owned()
        }
        Presence::Directory { .. } => "d".to_owned(),
        Presence::Absent => "-".to_owned(),
        Presence::Unknown(_) => "?".to_owned(),
    };
    paths.iter().map(say).collect()
}

#[test]
fn copies_land_where_docker_puts_them() {
    let fixture = "//- Dockerfile\nFROM python:3.12\nWORKDIR /app\nCOPY a.py .\nCOPY a.py renamed.py\nCOPY a.py /opt/x/\n\
                   COPY lib /srv/lib\nCOPY lib/*.py conf* /srv/flat/\nCOPY a.py lib ./both/\n//- a.py\n//- lib/b.py\n//- lib/in/c.py executable\n//- conf.d/z\n";
    assert_eq!(
        said(fixture, &["app/a.py", "app/renamed.py", "opt/x/a.py", "srv/lib/in/c.py", "srv/lib/a.py"]),
        ["f a.py", "f a.py", "f a.py", "fx lib/in/c.py", "-"]
    );
    // A directory that a pattern matches is unpacked, like any other.
    assert_eq!(
        said(
            fixture,
            &["srv/flat/b.py", "srv/flat/z", "srv/flat/c.py", "app/both/a.py", "app/both/b.py", "app/both"]
        ),
        ["f lib/b.py", "f conf.d/z", "-", "f a.py", "f lib/b.py", "d"]
    );
}

#[test]
fn stages_variables_and_modes_are_followed() {
    let fixture = "//- Dockerfile\nARG V=3\nFROM python:${V} AS base\nENV HOME_DIR=/home/app\nWORKDIR $HOME_DIR\n\
                   FROM base AS build\nCOPY . src\nRUN npm run build\n\
                   FROM base\nCOPY --from=build --chmod=755 /home/app/src/run.sh ./bin/\nCOPY --from=build /home/app/src/dist ./dist\n\
                   COPY --from=2 /x /y\nCOPY <<EOF note.txt\nhi\nEOF\n//- run.sh\n//- package.json\n{\"scripts\": {\"build\": \"tsc\"}}\n";
    assert_eq!(
        said(
            fixture,
            &["home/app/bin/run.sh", "home/app/dist/a.js", "home/app/src/run.sh", "home/app/note.txt", "y/z"]
        ),
        ["fx run.sh", "?", "-", "f", "?"]
    );
}

#[test]
fn commands_make_remove_and_hide() {
    let fixture = "//- Dockerfile\nFROM node:22\nWORKDIR /app\nCOPY . .\nRUN rm -rf tests && mkdir -p /data && chmod +x go.sh && npm ci\n//- go.sh\n//- tests/a\n//- package.json\n{}\n";
    assert_eq!(
        said(
            fixture,
            &["app/tests/a", "app/go.sh", "app/node_modules/x", "app/other", "data", "usr/bin/env"]
        ),
        ["-", "fx go.sh", "?", "-", "d", "?"]
    );
    let unknown =
        "//- Dockerfile\nFROM node:22\nWORKDIR /app\nCOPY a.js .\nRUN ./make-everything\n//- a.js\n";
    assert_eq!(said(unknown, &["app/a.js", "app/b.js"]), ["f a.js", "?"]);
}

#[test]
fn a_foreign_base_hides_everything_and_scratch_nothing() {
    let fixture = |base: &str| format!("//- Dockerfile\nFROM {base}\nCOPY a /a\n//- a\n");
    assert_eq!(said(&fixture("ghcr.io/x/y"), &["a", "app/b"]), ["f a", "?"]);
    assert_eq!(said(&fixture("scratch"), &["a", "etc/passwd"]), ["f a", "-"]);
}

#[test]
fn what_is_ignored_is_not_there_and_a_link_is_not_known() {
    let fixture = "//- Dockerfile\nFROM alpine\nCOPY . /app\n//- .dockerignore\n*.md\n//- a.md\n//- link symlink\n//- b\n";
    assert_eq!(said(fixture, &["app/a.md", "app/b", "app/link/x"]), ["-", "f b", "?"]);
}

#[test]
fn railways_builders_bring_the_whole_root_directory() {
    let fixture = "//- .github/preflight.toml\n[services.a]\nroot = \"web\"\nbuilder = \"railpack\"\n//- web/package.json\n{\"scripts\": {\"build\": \"vite build\"}}\n//- web/src/a.ts\n//- b.ts\n";
    assert_eq!(said(fixture, &["app/src/a.ts", "app/dist/x", "app/b.ts"]), ["f web/src/a.ts", "?", "-"]);
}

#[test]
fn a_file_goes_into_a_directory_that_is_there() {
    let fixture = "//- Dockerfile\nFROM python:3.12 AS base\nWORKDIR /one\nWORKDIR /app\nFROM base\nCOPY a /app\nCOPY a /one\n\
                   COPY a /usr/local/bin\nCOPY a /opt/a/.\nRUN ./make\nCOPY a /made\nCOPY a /named.txt\n//- a\n";
    let paths = ["app/a", "one/a", "usr/local/bin/a", "opt/a/a", "made", "made/a", "named.txt", "two"];
    assert_eq!(said(fixture, &paths), ["f a", "f a", "f a", "f a", "?", "?", "f a", "?"]);
}

#[test]
fn what_a_variable_hides_is_not_known() {
    let fixture = "//- Dockerfile\nFROM python:3.12\nWORKDIR /app/$DIR/x\nCOPY a .\nWORKDIR /known\nCOPY a $TO/\n//- a\n";
    assert_eq!(said(fixture, &["app/x/a", "a", "known", "known/b"]), ["?", "?", "d", "?"]);
    let inherited =
        "//- Dockerfile\nFROM python:3.12 AS base\nARG DIR=/srv/x\nFROM base\nCOPY a $DIR/\n//- a\n";
    assert_eq!(said(inherited, &["srv/x/a"]), ["f a"]);
}

#[test]
fn archives_are_unpacked_and_links_followed() {
    let fixture = "//- Dockerfile\nFROM scratch\nADD a.tgz a.txt /x/\nCOPY a.tgz /y/\nCOPY link /z/\n//- a.tgz\n//- a.txt\n//- link symlink\n";
    let paths = ["x/a.tgz", "x/a.txt", "x/other", "y/a.tgz", "z/link", "z/x"];
    assert_eq!(said(fixture, &paths), ["?", "f a.txt", "?", "f a.tgz", "?", "?"]);
}

#[test]
fn a_pattern_unpacks_the_directories_that_it_matches() {
    let fixture = "//- Dockerfile\nFROM scratch AS b\nCOPY . /o\nFROM scratch\nCOPY --from=b /o/*.txt /x/\nCOPY --from=b /o/* /y/\n//- a.txt\n//- d/b.txt\n";
    assert_eq!(
        said(fixture, &["x/a.txt", "x/b.txt", "x/d/b.txt", "y/a.txt", "y/b.txt", "y/d/b.txt"]),
        ["f a.txt", "-", "-", "f a.txt", "?", "?"]
    );
}

#[test]
fn an_ignored_content_leaves_its_directory() {
    let fixture = "//- Dockerfile\nFROM scratch\nCOPY . /app\n//- .dockerignore\nlogs/*\ngone\n//- logs/a\n//- gone/a\n";
    assert_eq!(said(fixture, &["app/logs", "app/logs/a", "app/gone"]), ["d", "-", "-"]);
}

#[test]
fn scripts_and_here_documents_are_read() {
    let fixture = "//- Dockerfile\nFROM alpine\nWORKDIR /app\nCOPY . .\nRUN ./s.sh\nRUN <<EOF\ntouch made\nEOF\nRUN cat <<EOF >note\nrm a\nEOF\n\
                   RUN --mount=type=cache,target=/cache true 2>&1\n//- s.sh executable\n#!/bin/sh\nrm b\n//- a\n//- b\n";
    let paths = ["app/a", "app/b", "app/made", "app/note", "cache", "other"];
    assert_eq!(said(fixture, &paths), ["f a", "-", "f", "f", "?", "-"]);
}

#[test]
fn what_a_stage_leaves_to_be_done_is_done_on_top_of_it() {
    let fixture = "//- Dockerfile\nFROM scratch AS base\nWORKDIR /app\nONBUILD COPY a .\nFROM base\n//- a\n";
    assert_eq!(said(fixture, &["app/a"]), ["f a"]);
}

#[test]
fn a_change_of_mode_is_followed() {
    let fixture = "//- Dockerfile\nFROM alpine\nCOPY a.sh b.sh c.txt /x/\nRUN chmod +x /x/*.sh && chmod -x /x/b.sh\n//- a.sh\n//- b.sh executable\n//- c.txt\n";
    assert_eq!(said(fixture, &["x/a.sh", "x/b.sh", "x/c.txt"]), ["fx a.sh", "f b.sh", "f c.txt"]);
}

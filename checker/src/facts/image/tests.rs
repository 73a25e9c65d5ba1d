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
        ["-", "fx go.sh", "?", "-", "f", "?"]
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

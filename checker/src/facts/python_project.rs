//! `pyproject.toml`, `requirements*.txt` and `Pipfile`: the distributions a Python project asks for.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::document::{self, Node, NodeKind};
use crate::finding::Site;
use crate::snapshot::{Snapshot, Text};
use crate::span::Span;

/// The manifests of one directory, taken together.
#[derive(Debug, Clone, Default)]
pub struct PythonProject {
    /// The directory; `""` is the root.
    pub directory: String,
    /// What it asks for, in file order.
    pub requirements: Vec<Requirement>,
    /// Every distribution of `uv.lock` or `poetry.lock`, normalised; empty without one.
    pub locked: BTreeSet<String>,
    /// Top names of the packages that installing the project itself brings, where `pyproject.toml` lists them.
    pub packages: Option<BTreeSet<String>>,
    /// Requirement files that these include with `-r`, from the root of the tree.
    pub includes: Vec<String>,
}

/// One distribution that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Its name, normalised: lower case, runs of `-`, `_` and `.` are one `-`.
    pub name: String,
    /// Where it is asked for.
    pub site: Site,
    /// True when it belongs to a group or extra that is not installed by default.
    pub optional: bool,
}

impl PythonProject {
    /// True when its `requirements.txt` asks for nothing, and nothing else does.
    pub fn is_empty_list(&self, snapshot: &Snapshot<'_>) -> bool {
        let path = |name: &str| crate::facts::startup::join(&self.directory, name);
        let there = |name: &str| snapshot.entry(&path(name)).is_some();
        let others = [
            "pyproject.toml",
            "Pipfile",
            "uv.lock",
            "poetry.lock",
            "pdm.lock",
            "setup.py",
            "environment.yml",
        ];
        let list = snapshot.text(&path("requirements.txt"));
        let empty = list.is_ok_and(|text| {
            text.text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#'))
        });
        empty && !others.iter().any(|name| there(name))
    }

    /// True when a default installation brings the distribution `name` (normalised).
    pub fn asks_for(&self, name: &str) -> bool {
        self.requirements.iter().any(|requirement| requirement.name == name && !requirement.optional)
    }
}

/// Reads every Python project of the tree, by directory. Files of `requirements/` belong to the directory above.
pub fn gather(snapshot: &Snapshot<'_>) -> BTreeMap<String, PythonProject> {
    let mut projects: BTreeMap<String, PythonProject> = BTreeMap::new();
    for entry in snapshot.entries() {
        let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let (above, last) = directory.rsplit_once('/').unwrap_or(("", directory));
        let inside = last == "requirements";
        let is_list = name.strip_suffix(".txt").is_some_and(|stem| stem.contains("requirements") || inside);
        let wanted = is_list || matches!(name, "pyproject.toml" | "Pipfile" | "uv.lock" | "poetry.lock");
        let installed = |part: &str| matches!(part, "node_modules" | "site-packages" | ".venv" | "venv");
        if !wanted || directory.split('/').any(installed) {
            continue;
        }
        let directory = if inside { above } else { directory };
        let Ok(text) = snapshot.text(&entry.path) else { continue };
        let project = projects.entry(directory.to_owned()).or_default();
        directory.clone_into(&mut project.directory);
        match name {
            "pyproject.toml" => project.pyproject(&text),
            "Pipfile" => project.pipfile(&text),
            "uv.lock" | "poetry.lock" => project.lock(&text),
            _ => project.list(&text),
        }
    }
    projects
}

impl PythonProject {
    fn ask(&mut self, text: &Text, written: &str, span: Span, optional: bool) {
        if let Some(name) = distribution(written) {
            self.requirements.push(Requirement { name, site: Site::new(text.path.clone(), span), optional });
        }
    }

    fn list(&mut self, text: &Text) {
        let file = text.path.rsplit('/').next().unwrap_or_default();
        let optional = ["dev", "test", "lint", "docs", "local"].iter().any(|word| file.contains(word));
        let mut start = 0;
        for line in text.text.split_inclusive('\n') {
            let written = line.split(" #").next().unwrap_or_default().trim();
            let span = Span::new(start, start + line.trim_end().len());
            start += line.len();
            let include = written.strip_prefix("-r").or_else(|| written.strip_prefix("--requirement"));
            if let Some(path) = include {
                let above =
                    text.path.rsplit_once('/').map_or(String::new(), |(above, _)| format!("{above}/"));
                self.includes
                    .push(format!("{above}{}", path.trim_start_matches(['=', ' ']).trim_start_matches("./")));
            } else if !written.starts_with(['#', '-']) {
                self.ask(text, written, span, optional);
            }
        }
    }

    fn pyproject(&mut self, text: &Text) {
        let Ok(root) = document::toml(&text.text) else { return };
        self.packages = listed_packages(&root);
        let list = |keys: &[&str]| root.at(keys).map_or(&[][..], Node::items).to_vec();
        for item in list(&["project", "dependencies"]) {
            self.ask(text, item.text().unwrap_or_default(), item.span, false);
        }
        let extras = root.at(&["project", "optional-dependencies"]).map_or(&[][..], Node::members);
        let groups = root.get("dependency-groups").map_or(&[][..], Node::members);
        for group in extras.iter().chain(groups) {
            for item in group.value.items() {
                self.ask(text, item.text().unwrap_or_default(), item.span, true);
            }
        }
        let Some(poetry) = root.at(&["tool", "poetry"]) else { return };
        self.table(text, poetry.get("dependencies"), false);
        self.table(text, poetry.get("dev-dependencies"), true);
        for group in poetry.get("group").map_or(&[][..], Node::members) {
            self.table(text, group.value.get("dependencies"), group.key.value != "main");
        }
    }

    fn pipfile(&mut self, text: &Text) {
        let Ok(root) = document::toml(&text.text) else { return };
        self.table(text, root.get("packages"), false);
        self.table(text, root.get("dev-packages"), true);
    }

    /// A table whose keys are distributions.
    fn table(&mut self, text: &Text, table: Option<&Node>, optional: bool) {
        for member in table.map_or(&[][..], Node::members) {
            let extra = matches!(&member.value.kind, NodeKind::Map(_))
                && member.value.get("optional").is_some_and(|node| node.kind == NodeKind::Bool(true));
            if member.key.value != "python" {
                self.ask(text, &member.key.value, member.key.span, optional || extra);
            }
        }
    }

    fn lock(&mut self, text: &Text) {
        let Ok(root) = document::toml(&text.text) else { return };
        let packages = root.get("package").map_or(&[][..], Node::items);
        self.locked.extend(packages.iter().filter_map(|package| distribution(package.get("name")?.text()?)));
    }
}

/// What `packages` of Hatch, setuptools or Poetry lists; `None` when the build backend searches by itself.
fn listed_packages(root: &Node) -> Option<BTreeSet<String>> {
    let hatch = root.at(&["tool", "hatch", "build", "targets", "wheel"]);
    let lists = [
        hatch.and_then(|wheel| wheel.get("packages")),
        hatch.and_then(|wheel| wheel.get("only-include")),
        root.at(&["tool", "setuptools", "packages"]).filter(|node| matches!(node.kind, NodeKind::List(_))),
        root.at(&["tool", "poetry", "packages"]),
    ];
    let listed = lists.into_iter().flatten().next()?;
    let name = |item: &Node| {
        let path = item.text().or_else(|| item.get("include")?.text())?;
        Some(path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or(path).to_owned())
    };
    Some(listed.items().iter().filter_map(name).collect())
}

/// The normalised name that a requirement begins with; `None` for an address or a path, unless `#egg=` or `name @` says
/// it.
fn distribution(written: &str) -> Option<String> {
    let written = written.trim();
    let named = written.split_once("#egg=").map_or(written, |(_, name)| name);
    let end = named
        .find(|char: char| !(char.is_ascii_alphanumeric() || "-_.".contains(char)))
        .unwrap_or(named.len());
    let name = &named[..end];
    let rest = named[end..].trim_start();
    let plausible = name.starts_with(|char: char| char.is_ascii_alphanumeric())
        && !rest.starts_with([':', '/'])
        && !name.ends_with(".whl");
    plausible.then(|| normal(name))
}

/// A distribution's name as pip compares it.
pub fn normal(name: &str) -> String {
    let words: Vec<&str> = name.split(['-', '_', '.']).filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Trigger};

    fn projects(fixture: &str) -> BTreeMap<String, PythonProject> {
        let tree = MemoryTree::parse(fixture);
        gather(&Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub))
    }

    #[test]
    fn every_manifest_of_a_directory_counts() {
        let projects = projects(
            "//- requirements.txt\n# x\nFlask_RQ2==1 ; python_version > '3'\nuvicorn[standard]>=0.3 # y\n-r base.txt\n--hash=x\ngit+https://x/y.git#egg=Thing\nhttps://x/z.whl\nname @ file:///x\n
//- requirements-dev.txt\npytest\n
//- api/pyproject.toml\n[project]\ndependencies = [\"redis>=5\"]\n[project.optional-dependencies]\nx = [\"a\"]\n[dependency-groups]\ndev = [\"ruff\", {include-group = \"x\"}]\n
//- api/uv.lock\n[[package]]\nname = \"redis\"\n[[package]]\nname = \"async-timeout\"\n
//- old/pyproject.toml\n[tool.poetry.dependencies]\npython = \"^3.11\"\nDjango = \"*\"\nx = {version = \"1\", optional = true}\n
//- pipenv/Pipfile\n[packages]\ncelery = \"*\"\n
//- set/requirements/prod.txt\ngunicorn\n",
        );
        let names = |directory: &str, optional: bool| {
            let list = projects[directory].requirements.iter().filter(|each| each.optional == optional);
            list.map(|each| each.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("", false), ["flask-rq2", "uvicorn", "thing", "name"]);
        assert_eq!(names("", true), ["pytest"]);
        assert_eq!(projects[""].includes, ["base.txt"]);
        assert_eq!(
            (names("api", false), names("api", true)),
            (vec!["redis".into()], vec!["a".into(), "ruff".into()])
        );
        assert!(projects["api"].locked.contains("async-timeout"));
        assert_eq!((names("old", false), names("old", true)), (vec!["django".into()], vec!["x".into()]));
        assert!(projects["pipenv"].asks_for("celery") && projects["set"].asks_for("gunicorn"));
    }
}

//! `package.json` and its lockfiles: scripts, dependencies, workspaces, package manager.

use std::collections::BTreeMap;

use crate::facts::dockerfile::Spanned;
use crate::facts::document::{self, Member, Node};
use crate::snapshot::{Snapshot, is_called};

/// One `package.json`.
#[derive(Debug, Clone, Default)]
pub struct NodeProject {
    /// Its directory; `""` is the root.
    pub directory: String,
    /// Path in the tree.
    pub path: String,
    /// Why it does not parse.
    pub error: Option<Spanned<String>>,
    /// `name`.
    pub name: Option<Spanned<String>>,
    /// `main`.
    pub main: Option<Spanned<String>>,
    /// `type` is `module`.
    pub is_module: bool,
    /// Scripts in file order: name, command.
    pub scripts: Vec<(String, Spanned<String>)>,
    /// What it asks for, in file order.
    pub dependencies: Vec<Dependency>,
    /// `engines.node`.
    pub node: Option<Spanned<String>>,
    /// `packageManager`, such as `pnpm@9.1.0`.
    pub package_manager: Option<Spanned<String>>,
    /// Patterns of workspaces, from `workspaces` or `pnpm-workspace.yaml`.
    pub workspaces: Vec<Spanned<String>>,
    /// Lockfiles beside it, by name.
    pub lockfiles: Vec<&'static str>,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub name: Spanned<String>,
    /// The version that is asked for.
    pub version: String,
    /// True for `devDependencies`.
    pub dev: bool,
}

/// Lockfiles by the package manager that writes them.
pub const LOCKFILES: [(&str, &str); 6] = [
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
    ("yarn.lock", "yarn"),
    ("pnpm-lock.yaml", "pnpm"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
];

impl NodeProject {
    /// True when a production installation brings `name`.
    pub fn asks_for(&self, name: &str) -> bool {
        self.dependencies.iter().any(|dependency| dependency.name.value == name && !dependency.dev)
    }

    /// The command of script `name`.
    pub fn script(&self, name: &str) -> Option<&Spanned<String>> {
        self.scripts.iter().rev().find(|(known, _)| known == name).map(|(_, command)| command)
    }

    /// The package managers whose lockfiles lie beside it.
    pub fn managers(&self) -> Vec<&'static str> {
        let known = LOCKFILES.iter().filter(|(file, _)| self.lockfiles.contains(file));
        let mut managers: Vec<&str> = known.map(|(_, manager)| *manager).collect();
        managers.dedup();
        managers
    }
}

/// Reads every `package.json` of the tree outside `node_modules`, by directory.
pub fn gather(snapshot: &Snapshot<'_>) -> BTreeMap<String, NodeProject> {
    let mut projects = BTreeMap::new();
    for entry in snapshot.entries() {
        if !is_called(&entry.path, "package.json") {
            continue;
        }
        let directory = entry.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        if directory.split('/').any(|part| part == "node_modules") {
            continue;
        }
        let Ok(text) = snapshot.text(&entry.path) else { continue };
        let mut project = parse(&entry.path, &text.text);
        let beside =
            |file: &str| if directory.is_empty() { file.to_owned() } else { format!("{directory}/{file}") };
        let locks = LOCKFILES.iter().map(|(file, _)| *file);
        project.lockfiles = locks.filter(|file| snapshot.entry(&beside(file)).is_some()).collect();
        if let Ok(text) = snapshot.text(&beside("pnpm-workspace.yaml")) {
            let packages = document::yaml(&text.text).ok().and_then(|root| root.get("packages").cloned());
            project.workspaces.extend(packages.iter().flat_map(Node::items).filter_map(spanned));
        }
        projects.insert(directory.to_owned(), project);
    }
    projects
}

/// Reads one `package.json`.
pub fn parse(path: &str, text: &str) -> NodeProject {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
    let mut project = NodeProject { directory, path: path.to_owned(), ..NodeProject::default() };
    let root = match document::json(text) {
        Ok(root) => root,
        Err(error) => {
            project.error = Some(error);
            return project;
        }
    };
    let field = |name: &str| root.get(name).and_then(spanned);
    project.name = field("name");
    project.main = field("main");
    project.package_manager = field("packageManager");
    project.is_module = root.get("type").and_then(Node::text) == Some("module");
    project.node = root.at(&["engines", "node"]).and_then(spanned);
    let members = |name: &str| root.get(name).map_or(&[][..], Node::members);
    let script = |member: &Member| Some((member.key.value.clone(), spanned(&member.value)?));
    project.scripts = members("scripts").iter().filter_map(script).collect();
    for (table, dev) in [("dependencies", false), ("optionalDependencies", false), ("devDependencies", true)]
    {
        project.dependencies.extend(members(table).iter().map(|member| Dependency {
            name: member.key.clone(),
            version: member.value.text().unwrap_or_default().to_owned(),
            dev,
        }));
    }
    let workspaces = root.get("workspaces");
    let listed = workspaces.and_then(|node| node.get("packages")).or(workspaces);
    project.workspaces = listed.map_or(&[][..], Node::items).iter().filter_map(spanned).collect();
    project
}

fn spanned(node: &Node) -> Option<Spanned<String>> {
    Some(Spanned { value: node.text()?.to_owned(), span: node.span })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Trigger};

    #[test]
    fn a_manifest_is_read_with_what_lies_beside_it() {
        let text = "{\"name\": \"a\", \"type\": \"module\", \"packageManager\": \"pnpm@9\", \"engines\": {\"node\": \">=20\"},
 \"scripts\": {\"start\": \"node a.js\"}, \"dependencies\": {\"bullmq\": \"^5\"}, \"devDependencies\": {\"tsx\": \"1\"},
 \"workspaces\": {\"packages\": [\"apps/*\"]}}";
        let fixture = format!(
            "//- web/package.json\n{text}\n//- web/pnpm-lock.yaml\n//- web/yarn.lock\n//- web/pnpm-workspace.yaml\npackages:\n  - 'libs/*'\n//- node_modules/x/package.json\n{{}}\n"
        );
        let tree = MemoryTree::parse(&fixture);
        let projects = gather(&Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub));
        assert_eq!(projects.keys().collect::<Vec<_>>(), ["web"]);
        let web = &projects["web"];
        assert_eq!(web.script("start").unwrap().span.of(text), "\"node a.js\"");
        assert!(web.asks_for("bullmq") && !web.asks_for("tsx") && web.is_module);
        assert_eq!(web.managers(), ["yarn", "pnpm"]);
        let patterns: Vec<&str> = web.workspaces.iter().map(|each| each.value.as_str()).collect();
        assert_eq!(patterns, ["apps/*", "libs/*"]);
        assert_eq!(web.node.as_ref().unwrap().value, ">=20");
    }

    #[test]
    fn a_broken_manifest_is_kept_with_its_error() {
        assert!(parse("package.json", "{\"a\": 1,}").error.is_some());
    }
}

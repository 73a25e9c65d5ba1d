//! `compose.yaml` and its older names: services, their builds, ports, commands and variables.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::facts::dockerfile::Spanned;
use crate::facts::document::{self, Member, Node, NodeKind};
use crate::snapshot::Snapshot;

/// One compose file.
#[derive(Debug, Clone)]
pub struct Compose {
    /// Path in the tree.
    pub path: String,
    /// Why it does not parse.
    pub error: Option<Spanned<String>>,
    /// Its services in file order.
    pub services: Vec<ComposeService>,
}

/// One service of a compose file.
#[derive(Debug, Clone)]
pub struct ComposeService {
    /// Its name.
    pub name: Spanned<String>,
    /// The image it is made from, or that its build is called.
    pub image: Option<Spanned<String>>,
    /// How it is built.
    pub build: Option<ComposeBuild>,
    /// Its command, as one line.
    pub command: Option<Spanned<String>>,
    /// Published ports, as written.
    pub ports: Vec<Spanned<String>>,
    /// Names of variables it sets, never the values.
    pub environment: Vec<Spanned<String>>,
    /// Services it waits for.
    pub depends_on: Vec<Spanned<String>>,
}

/// The `build` of a compose service; paths are from the root of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeBuild {
    /// Directory of the build context.
    pub context: String,
    /// The Dockerfile, `Dockerfile` in the context unless one is named.
    pub dockerfile: Spanned<String>,
    /// The stage that is built.
    pub target: Option<String>,
}

/// Reads every compose file of the tree: `compose.yaml`, `docker-compose.yml` and variants such as
/// `docker-compose.prod.yml`.
pub fn gather(snapshot: &Snapshot<'_>) -> BTreeMap<String, Rc<Compose>> {
    let named = snapshot.entries().iter().filter(|entry| is_compose(&entry.path));
    named
        .filter_map(|entry| {
            let text = snapshot.text(&entry.path).ok()?;
            Some((entry.path.clone(), Rc::new(parse(&entry.path, &text.text))))
        })
        .collect()
}

/// Reads one compose file.
pub fn parse(path: &str, text: &str) -> Compose {
    let mut compose = Compose { path: path.to_owned(), error: None, services: Vec::new() };
    match document::yaml(text) {
        Ok(root) => {
            let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
            let members = root.get("services").map_or(&[][..], Node::members);
            compose.services = members.iter().map(|member| service(directory, member)).collect();
        }
        Err(error) => compose.error = Some(error),
    }
    compose
}

fn is_compose(path: &str) -> bool {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else { return false };
    let first = stem.split('.').next().unwrap_or_default();
    matches!(first, "compose" | "docker-compose")
        && !directories.split('/').any(|part| part == "node_modules")
}

fn service(directory: &str, member: &Member) -> ComposeService {
    let node = &member.value;
    ComposeService {
        name: member.key.clone(),
        image: node.get("image").and_then(spanned),
        build: node.get("build").and_then(|each| build(directory, each)),
        command: node.get("command").and_then(line),
        ports: node.get("ports").map(ports).unwrap_or_default(),
        environment: node.get("environment").map(names).unwrap_or_default(),
        depends_on: node.get("depends_on").map(names).unwrap_or_default(),
    }
}

fn build(directory: &str, node: &Node) -> Option<ComposeBuild> {
    let (context, stated, target) = match &node.kind {
        NodeKind::Text(context) => (context.as_str(), None, None),
        NodeKind::Map(_) => (
            node.get("context").and_then(Node::text).unwrap_or("."),
            node.get("dockerfile"),
            node.get("target").and_then(Node::text),
        ),
        _ => return None,
    };
    let context = below(directory, context)?;
    let name = stated.and_then(Node::text).unwrap_or("Dockerfile");
    let span = stated.map_or(node.span, |stated| stated.span);
    let dockerfile = Spanned { value: below(&context, name)?, span };
    Some(ComposeBuild { context, dockerfile, target: target.map(str::to_owned) })
}

/// `path` seen from `directory`; `None` when it leaves the tree, is absolute, an address or holds a variable.
fn below(directory: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~']) || path.contains("://") || path.contains('$') {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn spanned(node: &Node) -> Option<Spanned<String>> {
    let value = match &node.kind {
        NodeKind::Text(text) => text.clone(),
        NodeKind::Integer(number) => number.to_string(),
        NodeKind::Bool(value) => value.to_string(),
        _ => return None,
    };
    Some(Spanned { value, span: node.span })
}

fn line(node: &Node) -> Option<Spanned<String>> {
    match &node.kind {
        NodeKind::List(items) => {
            let words: Vec<String> = items.iter().filter_map(|item| Some(spanned(item)?.value)).collect();
            Some(Spanned { value: words.join(" "), span: node.span })
        }
        _ => spanned(node),
    }
}

fn ports(node: &Node) -> Vec<Spanned<String>> {
    let port = |item: &Node| spanned(item).or_else(|| spanned(item.get("target")?));
    node.items().iter().filter_map(port).collect()
}

/// The keys of a map, or the names before `=` of a list.
fn names(node: &Node) -> Vec<Spanned<String>> {
    let keys = node.members().iter().map(|member| member.key.clone());
    let items = node.items().iter().filter_map(spanned).map(|item| {
        let name = item.value.split('=').next().unwrap_or_default().trim().to_owned();
        Spanned { value: name, span: item.span }
    });
    keys.chain(items).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_read_in_both_spellings() {
        let compose = parse(
            "deploy/compose.yaml",
            "services:
  web:
    build: ../web
    ports: ['8000:80', {target: 90}]
    environment:
      - SECRET=abc
      - PLAIN
    depends_on: [cache]
  worker:
    build: {context: .., dockerfile: docker/worker.Dockerfile, target: run}
    command: [rq, worker]
    environment: {REDIS_URL: redis://cache}
    depends_on: {cache: {condition: service_started}}
  cache: {image: 'redis:8'}
  far: {build: 'https://example.com/a.git'}
",
        );
        let [web, worker, cache, far] = compose.services.as_slice() else { panic!("{compose:?}") };
        let build = web.build.as_ref().unwrap();
        assert_eq!((build.context.as_str(), build.dockerfile.value.as_str()), ("web", "web/Dockerfile"));
        let values =
            |list: &[Spanned<String>]| list.iter().map(|each| each.value.clone()).collect::<Vec<_>>();
        assert_eq!(values(&web.environment), ["SECRET", "PLAIN"]);
        assert_eq!(values(&web.ports), ["8000:80", "90"]);
        let build = worker.build.as_ref().unwrap();
        assert_eq!(
            (build.context.as_str(), build.dockerfile.value.as_str()),
            ("", "docker/worker.Dockerfile")
        );
        assert_eq!(worker.command.as_ref().unwrap().value, "rq worker");
        assert_eq!(values(&worker.depends_on), ["cache"]);
        assert_eq!(cache.image.as_ref().unwrap().value, "redis:8");
        assert!(far.build.is_none());
    }

    #[test]
    fn variants_count_and_strangers_do_not() {
        for path in ["compose.yml", "a/docker-compose.prod.yaml"] {
            assert!(is_compose(path), "{path}");
        }
        for path in ["composer.yml", "node_modules/x/docker-compose.yml", "compose.json"] {
            assert!(!is_compose(path), "{path}");
        }
    }
}

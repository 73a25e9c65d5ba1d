//! GitHub workflow files: which build, start or deploy the image.

use crate::facts::dockerfile::Spanned;
use crate::facts::document::{self, Node, NodeKind};
use crate::snapshot::Snapshot;

/// One file of `.github/workflows`.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Path in the tree.
    pub path: String,
    /// Why it does not parse.
    pub error: Option<Spanned<String>>,
    /// The events it runs on, such as `push`.
    pub events: Vec<String>,
    /// The steps of all its jobs, in file order.
    pub steps: Vec<Step>,
}

/// One step of a job.
#[derive(Debug, Clone)]
pub struct Step {
    /// The job it belongs to.
    pub job: String,
    /// What it does.
    pub action: StepAction,
    /// Its `run` or `uses`, with its place.
    pub text: Spanned<String>,
    /// What an action is given, with the place of each value.
    pub inputs: Vec<(String, Spanned<String>)>,
    /// The image that the job's container is made from.
    pub container: Option<String>,
}

impl Step {
    /// What the action is given as `name`.
    pub fn input(&self, name: &str) -> Option<&Spanned<String>> {
        self.inputs.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// True when it uses the action `name`, whatever its owner and version.
    pub fn uses(&self, name: &str) -> bool {
        let action = self.text.value.split('@').next().unwrap_or_default();
        !self.text.value.contains('\n') && action.rsplit('/').next() == Some(name)
    }
}

/// What a step does to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAction {
    /// `railway up` or `railway redeploy`.
    Deploy,
    /// `railway config apply`.
    Apply,
    /// `railway config plan`.
    Plan,
    /// `docker build`, or an action that builds.
    Build,
    /// Preflight itself.
    Preflight,
    /// Anything else.
    Other,
}

/// Reads every workflow of the tree, sorted by path.
pub fn gather(snapshot: &Snapshot<'_>) -> Vec<Workflow> {
    let files = snapshot.under(".github/workflows").iter();
    let named = files.filter(|entry| entry.path.ends_with(".yml") || entry.path.ends_with(".yaml"));
    named
        .filter_map(|entry| {
            let text = snapshot.text(&entry.path).ok()?;
            Some(parse(&entry.path, &text.text))
        })
        .collect()
}

/// Reads one workflow.
pub fn parse(path: &str, text: &str) -> Workflow {
    let mut workflow = Workflow { path: path.to_owned(), error: None, events: Vec::new(), steps: Vec::new() };
    match document::yaml(text) {
        Ok(root) => {
            workflow.events = events(&root);
            for job in root.get("jobs").map_or(&[][..], Node::members) {
                let steps = job.value.get("steps").map_or(&[][..], Node::items);
                let container = job.value.get("container");
                let container = container.and_then(|node| node.get("image").or(Some(node)));
                let container = container.and_then(Node::text);
                workflow.steps.extend(steps.iter().filter_map(|each| step(&job.key.value, container, each)));
            }
        }
        Err(error) => workflow.error = Some(error),
    }
    workflow
}

/// `on` as a word, a list or a table. A reader of YAML 1.1 takes the key for a truth value.
fn events(root: &Node) -> Vec<String> {
    let Some(on) = root.get("on").or_else(|| root.get("true")) else { return Vec::new() };
    let words = on.text().into_iter().chain(on.items().iter().filter_map(Node::text)).map(str::to_owned);
    words.chain(on.members().iter().map(|member| member.key.value.clone())).collect()
}

fn step(job: &str, container: Option<&str>, node: &Node) -> Option<Step> {
    let (key, value) = ["run", "uses"].iter().find_map(|key| Some((*key, node.get(key)?)))?;
    let text = Spanned { value: value.text()?.to_owned(), span: value.span };
    let action = if key == "run" { of_command(&text.value) } else { of_action(&text.value) };
    let inputs = node.get("with").map_or(&[][..], Node::members).iter().filter_map(|member| {
        let value = match &member.value.kind {
            NodeKind::Text(text) => text.clone(),
            NodeKind::Integer(number) => number.to_string(),
            NodeKind::Float(number) => number.to_string(),
            NodeKind::Bool(value) => value.to_string(),
            _ => return None,
        };
        Some((member.key.value.clone(), Spanned { value, span: member.value.span }))
    });
    Some(Step {
        job: job.to_owned(),
        action,
        text,
        inputs: inputs.collect(),
        container: container.map(str::to_owned),
    })
}

fn of_command(script: &str) -> StepAction {
    let folded = script.replace("\\\n", " ");
    let words: Vec<&str> = folded.split_whitespace().collect();
    let runs = |first: &str, rest: &[&str]| {
        words.iter().enumerate().any(|(at, word)| {
            let program = word.rsplit('/').next().unwrap_or_default();
            let program = program.strip_prefix("@railway").map_or(program, |_| "railway");
            let program = program.split('@').next().unwrap_or_default();
            program == first && words.get(at + 1..).is_some_and(|after| after.starts_with(rest))
        })
    };
    let railway = |rest: &[&str]| runs("railway", rest) || runs("cli", rest);
    if railway(&["config", "apply"]) {
        StepAction::Apply
    } else if railway(&["config", "plan"]) {
        StepAction::Plan
    } else if railway(&["up"]) || railway(&["redeploy"]) {
        StepAction::Deploy
    } else if runs("docker", &["build"]) || runs("docker", &["buildx"]) || runs("docker", &["compose"]) {
        StepAction::Build
    } else if runs("preflight", &["check"]) {
        StepAction::Preflight
    } else {
        StepAction::Other
    }
}

fn of_action(uses: &str) -> StepAction {
    let name = uses.split('@').next().unwrap_or_default();
    match name.rsplit('/').next() {
        Some("build-push-action" | "bake-action") => StepAction::Build,
        Some("preflight") => StepAction::Preflight,
        _ => StepAction::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_inputs_and_containers_are_read() {
        let workflow = parse(
            ".github/workflows/a.yml",
            "on: {push: {branches: [main]}, workflow_dispatch: }
jobs:
  a:
    container: {image: node:24}
    steps:
      - uses: actions/setup-node@v5
        with: {node-version: 20}
",
        );
        assert_eq!(workflow.events, ["push", "workflow_dispatch"]);
        let step = &workflow.steps[0];
        assert!(step.uses("setup-node") && !step.uses("checkout"));
        assert_eq!(step.input("node-version").map(|value| value.value.as_str()), Some("20"));
        assert_eq!(step.container.as_deref(), Some("node:24"));
    }

    #[test]
    fn steps_are_told_apart() {
        let workflow = parse(
            ".github/workflows/a.yml",
            "on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: docker/build-push-action@v6
      - run: |
          npm ci
          docker build -t x .
      - run: npx railway up --ci
      - run: railway config apply --yes
      - run: echo railway config
      - name: neither
  b:
    uses: ./.github/workflows/other.yml
",
        );
        let actions: Vec<StepAction> = workflow.steps.iter().map(|step| step.action).collect();
        assert_eq!(
            actions,
            [
                StepAction::Other,
                StepAction::Build,
                StepAction::Build,
                StepAction::Deploy,
                StepAction::Apply,
                StepAction::Other
            ]
        );
        assert!(workflow.steps.iter().all(|step| step.job == "a"));
        assert_eq!(workflow.events, ["push"]);
    }
}

//! An environment block that no environment takes.

use crate::facts::Facts;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A block under `environments` has a name that looks like one for pull requests, but is not `pr`.
    ///
    /// ## Why it matters
    /// Railway takes the block whose name is the environment's, and `pr` for the environments of pull requests. A block called
    /// `preview` is used by an environment of that name only, and otherwise by none.
    ///
    /// ## What to do
    /// Call it `pr`.
    ///
    /// ## What it cannot know
    /// The names of your environments: a permanent one may be called `preview`. Only names that speak of pull requests are
    /// reported, and `preview` only as a note.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"environments": {"pull-request": {"deploy": {"numReplicas": 1}}}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [environments.PR.deploy]
    /// numReplicas = 1
    /// ```
    ///
    /// ```repo,fires,note
    /// //- railway.json
    /// {"environments": {"preview": {"deploy": {"numReplicas": 1}}}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"environments": {"pr": {"deploy": {"numReplicas": 1}}, "preview": {}, "staging": {}}}
    /// ```
    "config-environment-name", Warning, Config, since "0.2.0",
    sources: ["https://docs.railway.com/config-as-code/reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, config) in facts.configured() {
        let blocks = config.root.as_ref().and_then(|root| root.get("environments"));
        let members = blocks.map_or(&[][..], crate::facts::document::Node::members);
        if members.iter().any(|member| member.key.value == "pr") {
            continue;
        }
        for member in members {
            let written = member.key.value.as_str();
            let plain: String = written.chars().filter(char::is_ascii_alphanumeric).collect();
            let plain = plain.to_ascii_lowercase();
            let certain =
                matches!(plain.as_str(), "pr" | "prs" | "pullrequest" | "pullrequests" | "ephemeral");
            if !certain && !matches!(plain.as_str(), "preview" | "previews") {
                continue;
            }
            let site = Site::new(config.path.clone(), member.key.span);
            let message =
                format!("only `pr` is taken for pull requests; `{written}` is the name of one environment");
            let finding = out.at(site.clone(), message);
            finding.service(&service.name).help("Call the block `pr`");
            if certain {
                let quote = if config.path.ends_with(".json") { "\"" } else { "" };
                finding.fix(Fix::edit("Call the block pr", site, format!("{quote}pr{quote}")));
            } else {
                finding.severity(crate::finding::Severity::Note);
            }
        }
    }
}

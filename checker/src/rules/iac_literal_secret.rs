//! A secret in the program that describes the project.

use crate::facts::Facts;
use crate::facts::railway_iac::VariableValue;
use crate::finding::{Edit, Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// `.railway/railway.ts` holds a secret as a literal.
    ///
    /// ## Why it matters
    /// Whoever can read the repository can read it, and `railway config plan --json` prints it.
    ///
    /// ## What to do
    /// Set the value once in Railway and write `preserve()`, which keeps what is stored there. Replace a secret that was
    /// committed.
    ///
    /// ## What it cannot know
    /// Whether the value is secret: names such as `TOKEN`, `SECRET`, `PASSWORD` and `API_KEY` are taken for one.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { env: { STRIPE_SECRET_KEY: "sk_live_0123456789abcdef" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    ///
    /// References, kept values and public names are no secrets in the file:
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, preserve, project, service } from "railway/iac";
    /// const web = service("web", { env: { API_KEY: preserve(), DB_PASSWORD: "${{Postgres.PGPASSWORD}}", MODE: "x", NEXT_PUBLIC_API_KEY: "pk", ADMIN_PASSWORD: "" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    "iac-literal-secret", Warning, Config, since "0.2.0",
    sources: ["https://docs.railway.com/infrastructure-as-code"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    let Ok(text) = facts.snapshot.text(&iac.path) else { return };
    for service in &iac.services {
        for variable in service.variables.iter().filter(|each| each.value == VariableValue::Literal) {
            let name = &variable.name;
            let written = name.span.of(&text.text);
            let literal = written.trim_matches(['"', '\'', '`']);
            if !super::arg_secret_persisted::is_secret(&name.value)
                || literal.is_empty()
                || literal.contains("${{")
            {
                continue;
            }
            let site = Site::new(iac.path.clone(), name.span);
            let finding =
                out.at(site.clone(), format!("the value of `{}` can be read in the repository", name.value));
            finding.help("Set it in Railway, write `preserve()` here, and replace the secret");
            if let Some(service) = service.name.yes() {
                finding.service(service);
            }
            // A constant's name, or an object with more than the value, is left to a person.
            if written.starts_with(['"', '\'', '`'])
                && let Some(import) = import(&iac.path, &text.text)
            {
                let value = Edit { site, text: "preserve()".into() };
                let edits = import.into_iter().chain([value]).collect();
                finding.fix(Fix { title: "Keep the value that Railway holds".into(), edits });
            }
        }
    }
}

/// The edit that imports `preserve`, none when it is imported; `None` when there is no import to add it to.
fn import(path: &str, text: &str) -> Option<Vec<Edit>> {
    let module = text.find("\"railway/iac\"").or_else(|| text.find("'railway/iac'"))?;
    let start = text[..module].rfind("import")?;
    let clause = &text[start..module];
    let open = start + clause.find('{')?;
    let imported = clause.split(['{', '}', ',']).any(|name| name.trim() == "preserve");
    let span = Span::new(open + 1, open + 1);
    let edit = Edit { site: Site::new(path, span), text: " preserve,".into() };
    Some(if imported { Vec::new() } else { vec![edit] })
}

//! Scaffolding: the next rule is one file and one line.

use std::fs;
use std::path::Path;

use anyhow::bail;

/// Writes `checker/src/rules/<id>.rs` from the template and adds its line to the table.
pub(crate) fn write(root: &Path, id: &str) -> anyhow::Result<()> {
    let valid = id.split('-').all(|word| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if !valid {
        bail!("an id is written in kebab case, such as late-health-server");
    }
    let module = id.replace('-', "_");
    let rules = root.join("checker/src/rules");
    let file = rules.join(format!("{module}.rs"));
    if file.exists() {
        bail!("{} exists", file.display());
    }
    let table = root.join("checker/src/rules.rs");
    let text = fs::read_to_string(&table)?;
    let Some((head, rest)) = text.split_once("rules![\n") else { bail!("{} has no table", table.display()) };
    let Some((names, tail)) = rest.split_once("];") else { bail!("{} has no table", table.display()) };
    let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
    names.push(format!("    {module},"));
    names.sort();
    fs::write(&file, TEMPLATE.replace("RULE-ID", id))?;
    fs::write(&table, format!("{head}rules![\n{}\n];{tail}", names.join("\n")))?;
    println!("wrote {}; describe the defect, then run `cargo xtask gen`", file.display());
    Ok(())
}

const TEMPLATE: &str = r#"//! One sentence on the defect.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// What is wrong, in one line.
    ///
    /// ## Why it matters
    /// What Railway does then, with the line of the log that people will see.
    ///
    /// ## What to do
    /// The change.
    ///
    /// ## What it cannot know
    /// When it is silent, and why.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "RULE-ID", Warning, Build, since "0.1.0",
    sources: ["https://docs.railway.com/"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        if file.stages.is_empty() {
            out.at(Site::file(file.path.clone()), "what is wrong here, and what will happen")
                .service(&service.name)
                .help("What to change");
        }
    }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_rule_is_a_file_and_a_line_in_its_place() {
        let root = std::env::temp_dir().join(format!("preflight-new-rule-{}", std::process::id()));
        let rules = root.join("checker/src/rules");
        fs::create_dir_all(&rules).unwrap();
        let table = root.join("checker/src/rules.rs");
        fs::write(&table, "//! Table.\nrules![\n    bind_loopback,\n    cron_syntax,\n];\n").unwrap();
        write(&root, "config-late").unwrap();
        let expected = "//! Table.\nrules![\n    bind_loopback,\n    config_late,\n    cron_syntax,\n];\n";
        assert_eq!(fs::read_to_string(&table).unwrap(), expected);
        assert!(
            fs::read_to_string(rules.join("config_late.rs")).unwrap().contains("\"config-late\", Warning")
        );
        for wrong in ["config-late", "Config", "a--b", "../x", ""] {
            assert!(write(&root, wrong).is_err(), "{wrong}");
        }
        assert_eq!(fs::read_to_string(&table).unwrap(), expected);
        fs::remove_dir_all(&root).unwrap();
    }
}

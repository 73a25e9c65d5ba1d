//! Pages of Next.js that the build renders, told by their files.

use crate::facts::Facts;
use crate::facts::chain::Reached;
use crate::facts::launch::{Delivered, Trace};

/// Words that make Next render a page, or all below a layout, at each request.
const DYNAMIC: [&str; 16] = [
    "force-dynamic",
    "cookies(",
    "headers(",
    "noStore",
    "connection(",
    "draftMode(",
    "getServerSession(",
    "auth(",
    "currentUser(",
    "revalidate = 0",
    "createServerComponentClient",
    "no-store",
    "getSession(",
    "getUser(",
    "getLocale(",
    "getTranslations(",
];

/// What stands above a page.
#[derive(Debug, Default)]
pub struct Above {
    /// The texts of its layouts, with the words that were looked for.
    pub texts: Vec<String>,
    /// True when a `loading` file wraps it.
    pub loading: bool,
}

/// The builds of Next in `delivered`.
pub fn builds<'d>(delivered: &'d Delivered<'_>) -> impl Iterator<Item = &'d Trace> {
    delivered.traces.iter().filter(|trace| {
        let program = trace.words.first().and_then(|word| word.rsplit('/').next());
        trace.build && program == Some("next")
    })
}

/// The pages of the app router that have a fixed address, among the modules that a build begins with.
pub fn fixed_pages(trace: &Trace) -> impl Iterator<Item = &Reached> {
    trace.chain.modules.iter().filter(|reached| reached.by.is_none() && is_fixed_page(&reached.source))
}

/// True for `app/a/page.tsx` without a parameter in its path.
pub fn is_fixed_page(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("page.") && !path.contains('[') && (path.starts_with("app/") || path.contains("/app/"))
}

/// What stands above the page at `path`; `None` when some of it cannot be read.
pub fn above(facts: &Facts<'_>, path: &str) -> Option<Above> {
    let mut found = Above::default();
    let mut dir = path;
    while let Some((here, _)) = dir.rsplit_once('/') {
        for name in ["layout", "template", "loading"] {
            for end in ["tsx", "jsx", "js", "ts"] {
                let beside = format!("{here}/{name}.{end}");
                if facts.snapshot.entry(&beside).is_some() {
                    found.loading |= name == "loading";
                    found.texts.push(facts.snapshot.text(&beside).ok()?.text.clone());
                }
            }
        }
        // A page below it may have an `app` in its address too.
        if here == "app" || (here.ends_with("/app") && !here[..here.len() - "app".len()].contains("app/")) {
            break;
        }
        dir = here;
    }
    Some(found)
}

/// True when `text` makes what it renders wait for a request.
pub fn is_dynamic(text: &str) -> bool {
    DYNAMIC.iter().any(|word| text.contains(word))
}

/// True for a module that begins with `"use client"`.
pub fn is_client(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with(['/', '*']))
        .take(1)
        .any(|line| line.starts_with("\"use client\"") || line.starts_with("'use client'"))
}

/// The major version of `package` that the project asks for.
pub fn major(facts: &Facts<'_>, source: &str, package: &str) -> Option<u32> {
    let project = facts.nearest_project(source)?;
    let asked = project.dependencies.iter().find(|each| each.name.value == package)?;
    asked.version.trim_start_matches(['^', '~', '=', 'v', '>']).split(['.', '-']).next()?.parse().ok()
}

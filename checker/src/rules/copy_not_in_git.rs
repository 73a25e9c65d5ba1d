//! COPY of something git does not track.

use crate::facts::Facts;
use crate::facts::build_context::Absence;
use crate::facts::copies;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `COPY` or `ADD` takes a file that exists here but is not tracked by git.
    ///
    /// ## Why it matters
    /// A deploy from GitHub has the tracked files of the commit and nothing else. Build output that `.gitignore` keeps out
    /// is on your machine and not on the builder, so the image builds at home only.
    ///
    /// ## What to do
    /// Make the file inside the image, in a build stage, or commit it.
    ///
    /// ## What it cannot know
    /// In a fresh checkout untracked files are not there at all; then `copy-source-missing` speaks. With the trigger
    /// `railway-up` this rule is silent.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM nginx
    /// COPY dist /usr/share/nginx/html
    /// //- dist/index.html untracked
    /// hello
    /// //- .gitignore
    /// dist
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM nginx
    /// COPY dist /usr/share/nginx/html
    /// //- dist/index.html
    /// hello
    /// ```
    "copy-not-in-git", Error, Build, since "0.1.0",
    sources: ["https://docs.railway.com/cli/up", "https://docs.docker.com/reference/dockerfile/#copy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Some((_, missing)) = copies::missing(facts, service, &file) else { continue };
        for each in missing.iter().filter(|each| each.absence == Absence::NotTracked) {
            let message = format!(
                "git does not track `{}`, so a deploy from GitHub does not have it",
                each.source.value
            );
            out.at(Site::new(file.path.clone(), each.source.span), message)
                .service(&service.name)
                .help("Make it inside the image, in a build stage, or commit it");
        }
    }
}

//! What BuildKit cannot parse, Railway cannot build.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The Dockerfile does not parse.
    ///
    /// ## Why it matters
    /// Railway stops with `dockerfile invalid: failed to parse dockerfile` before any layer is built.
    ///
    /// ## What to do
    /// Correct the line that is named.
    ///
    /// ## What it cannot know
    /// A `# syntax=` line that names another frontend may allow instructions that this checker does not know; such files
    /// are passed over.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// CPOY . /app
    /// CMD ["true"]
    /// ```
    ///
    /// Every form of heredoc, an empty exec form and an escape directive are valid:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// # escape=`
    /// FROM alpine
    /// RUN cat > /f << 'EOF' && chmod +x /f
    /// CPOY . /app
    /// EOF
    /// ENTRYPOINT []
    /// CMD echo `
    ///   hello
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// # syntax=example.com/own/frontend:1
    /// FROM alpine
    /// INCLUDE common
    /// ```
    "dockerfile-parse-error", Error, Config, since "0.1.0",
    sources: ["https://docs.docker.com/reference/dockerfile/"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let frontend = file.syntax.as_ref().map(|syntax| syntax.value.as_str());
        if frontend
            .is_some_and(|name| !name.trim_start_matches("docker.io/").starts_with("docker/dockerfile"))
        {
            continue;
        }
        let Some(error) = file.errors.first() else { continue };
        let more = match file.errors.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let message = format!("the Dockerfile does not parse: {}{more}", error.value);
        let finding = out.at(Site::new(file.path.clone(), error.span), message);
        finding.service(&service.name).help("Correct this line");
        for other in file.errors.iter().skip(1).take(3) {
            finding.related(Site::new(file.path.clone(), other.span), other.value.clone());
        }
    }
}

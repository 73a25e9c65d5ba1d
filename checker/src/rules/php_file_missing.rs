//! A PHP page requires a file that is not in the image.

use std::collections::{BTreeSet, VecDeque};

use crate::facts::Facts;
use crate::facts::image::{LayerKind, Source};
use crate::facts::launch::Delivered;
use crate::facts::pattern::Pattern;
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The PHP page that every request begins with requires a file that the repository does not have.
    ///
    /// ## Why it matters
    /// On the developer's machine the file is there, often a `config.php` that `.gitignore` hides. In the image it is not:
    /// `PHP Fatal error: Uncaught Error: Failed opening required 'config.php'`, and with errors hidden, as in production, the answer is 500, to the probe as well.
    ///
    /// ## What to do
    /// Commit the file with its secrets taken from variables (`getenv`), or make it while the image is built.
    ///
    /// ## What it cannot know
    /// Files that a program writes while it runs; where the page asks for the file first (`file_exists`), where the build may
    /// write it and below `vendor` it is silent. Nor does it know whether PHP shows errors: where it does, as without a `php.ini`,
    /// the message goes out with status 200, and only the page is broken.
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}, "deploy": {"healthcheckPath": "/"}}
    /// //- Dockerfile
    /// FROM php:8.3-cli
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["php", "-S", "0.0.0.0:8080", "-t", "."]
    /// //- .gitignore
    /// config/config.php
    /// //- index.php
    /// <?php
    /// require_once __DIR__ . '/includes/start.php';
    /// //- includes/start.php
    /// <?php
    /// require_once __DIR__ . '/../config/config.php';
    /// //- config/config.php.example
    /// <?php
    /// ```
    ///
    /// Files that are there, that composer makes, that a condition guards, and that the page looks for:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}, "deploy": {"healthcheckPath": "/"}}
    /// //- Dockerfile
    /// FROM php:8.3-cli
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["php", "-S", "0.0.0.0:8080", "-t", "."]
    /// //- index.php
    /// <?php
    /// require __DIR__ . '/vendor/autoload.php';
    /// require_once 'lib.php';
    /// // require 'gone.php';
    /// if ($local) {
    ///     require __DIR__ . '/local.php';
    /// }
    /// include 'extra.php';
    /// if (!file_exists(__DIR__ . '/made.php')) { copy('made.php.example', 'made.php'); }
    /// require __DIR__ . '/made.php';
    /// //- lib.php
    /// <?php
    /// ```
    "php-file-missing", Warning, Health, since "0.3.0",
    sources: ["https://www.php.net/manual/en/function.require.php"]
}

/// Pages that answer `/`, by where servers look for them.
const PAGES: [&str; 4] = ["index.php", "public/index.php", "web/index.php", "src/index.php"];
/// Pages that are read for one image.
const LIMIT: usize = 50;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let root = &delivered.image.context.root;
        let first =
            PAGES.iter().map(|page| join(root, page)).find(|path| facts.snapshot.entry(path).is_some());
        let Some(first) = first.filter(|path| delivered.image.copies(path) && serves(delivered)) else {
            continue;
        };
        // What stands behind the first one is never reached.
        for (site, source) in missing(facts, delivered, &first).into_iter().take(1) {
            if !told.insert(source.clone()) {
                continue;
            }
            let finding =
                out.at(site, format!("the image has no `{source}`, so PHP ends here with an error"));
            finding
                .service(&service.name)
                .help("Commit the file with its secrets taken from variables, or make it in the build");
        }
    }
}

/// True when something of the image is a server of PHP: its base, or the command that is started.
fn serves(delivered: &Delivered<'_>) -> bool {
    let image = &delivered.image;
    let stage = image.stages.len().saturating_sub(1);
    let base = image.reference(stage).is_some_and(|reference| reference.contains("php"));
    base || image.dockerfile.is_none()
        || delivered.programs.iter().any(|program| program.words.first().is_some_and(|word| word == "php"))
}

/// Files that `page`, or what it requires, requires in vain.
fn missing(facts: &Facts<'_>, delivered: &Delivered<'_>, page: &str) -> Vec<(Site, String)> {
    static REQUIRED: Pattern = Pattern::new(
        r"(?m)^require(?:_once)?[ (]+(__DIR__|dirname\(__FILE__\))?[ .]*['\x22]([^'\x22$]+\.php)['\x22]\)?;",
        "require",
    );
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([page.to_owned()]);
    let mut queue = VecDeque::from([page.to_owned()]);
    let home = page.rsplit_once('/').map_or("", |(home, _)| home);
    while let Some(path) = queue.pop_front() {
        let Ok(text) = facts.snapshot.text(&path) else { continue };
        let own = path.rsplit_once('/').map_or("", |(own, _)| own);
        // A script that changes where PHP looks is not followed.
        if text.text.contains("set_include_path") || text.text.contains("chdir(") {
            continue;
        }
        for groups in REQUIRED.captures_iter(&text.text) {
            let (Some(whole), Some(written)) = (groups.get(0), groups.get(2)) else { continue };
            // A bare path counts from the page and from the file itself.
            let bases = if groups.get(1).is_some() { vec![own] } else { vec![home, own] };
            let written = written.as_str();
            if written.starts_with('/') && groups.get(1).is_none() {
                continue;
            }
            let tried: Vec<String> =
                bases.into_iter().map(|base| join(base, written.trim_start_matches('/'))).collect();
            if let Some(there) = tried
                .iter()
                .find(|path| facts.snapshot.entry(path).is_some_and(|entry| facts.snapshot.travels(entry)))
            {
                if seen.len() < LIMIT && seen.insert(there.clone()) {
                    queue.push_back(there.clone());
                }
                continue;
            }
            let name = written.rsplit('/').next().unwrap_or(written);
            let brought = |path: &String| path.contains("vendor/") || path.contains("cache/");
            if tried.iter().any(brought) || is_made(facts, delivered, name) {
                continue;
            }
            let span = Span::new(whole.start(), whole.end());
            found.push((Site::new(path.clone(), span), tried[0].clone()));
        }
    }
    // A page that asks for a file first, or writes it, knows what to do without it.
    let asks = ["file_exists", "is_file", "is_readable", "file_put_contents", "copy("];
    let texts: Vec<_> = seen.iter().filter_map(|path| facts.snapshot.text(path).ok()).collect();
    found.retain(|(_, source)| {
        let name = source.rsplit('/').next().unwrap_or(source);
        !texts.iter().any(|text| text.text.contains(name) && asks.iter().any(|word| text.text.contains(word)))
    });
    found
}

/// True when an instruction, a script or a command of the image names the file `name`.
fn is_made(facts: &Facts<'_>, delivered: &Delivered<'_>, name: &str) -> bool {
    let layers = delivered.image.stages.iter().flat_map(|stage| &stage.layers);
    let mut kinds = layers.map(|layer| &layer.kind);
    let named = |words: &[String]| words.iter().any(|word| word.contains(name));
    let in_image = kinds.any(|kind| match kind {
        LayerKind::Copy(items, _) => {
            items.iter().any(|item| item.to.ends_with(name) || matches!(item.from, Source::Stage(..)))
        }
        LayerKind::Run(commands, _) => commands.iter().any(|command| named(&command.words)),
        LayerKind::Directory(_) => false,
    });
    let scripts = facts.snapshot.entries().iter().filter(|entry| entry.path.ends_with(".sh"));
    let mut scripts = scripts.filter_map(|entry| facts.snapshot.text(&entry.path).ok());
    in_image
        || delivered.programs.iter().any(|program| named(&program.words))
        || scripts.any(|text| text.text.contains(name))
}

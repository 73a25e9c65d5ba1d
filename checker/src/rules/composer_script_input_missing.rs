//! Composer runs scripts before their files are there.

use std::collections::BTreeSet;

use crate::facts::document::Node;
use crate::facts::image::effects::value;
use crate::facts::image::shell::Simple;
use crate::facts::image::{Image, View};
use crate::facts::startup::join;
use crate::facts::{Facts, copies};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `composer install` runs scripts of the application before its files are copied.
    ///
    /// ## Why it matters
    /// Laravel's `composer.json` runs `php artisan package:discover` when packages are installed, and Symfony's runs
    /// `bin/console`. With only the manifests copied that ends with `Could not open input file: artisan`, or with
    /// `Failed opening required '/app/bootstrap/app.php'`, and
    /// `Script @php artisan package:discover … returned with error code 1` stops the build.
    ///
    /// ## What to do
    /// `composer install --no-scripts --no-autoloader` first, `COPY . .`, then `composer dump-autoload`; or copy the
    /// application before.
    ///
    /// ## What it cannot know
    /// What else the scripts need, such as a database.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM php:8.3-cli
    /// COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
    /// WORKDIR /app
    /// COPY composer.json composer.lock ./
    /// RUN composer install --no-dev
    /// COPY . .
    /// CMD ["php", "artisan", "serve"]
    /// //- composer.json
    /// {"scripts": {"post-autoload-dump": ["@php artisan package:discover --ansi"]}}
    /// //- composer.lock
    /// {}
    /// //- artisan
    /// //- bootstrap/app.php
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM php:8.3-cli
    /// COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
    /// WORKDIR /app
    /// COPY composer.json composer.lock artisan ./
    /// RUN composer install --no-dev
    /// COPY . .
    /// CMD ["php", "artisan", "serve"]
    /// //- composer.json
    /// {"scripts": {"post-autoload-dump": "@php artisan package:discover --ansi"}}
    /// //- composer.lock
    /// {}
    /// //- artisan
    /// //- bootstrap/app.php
    /// ```
    ///
    /// Without scripts, with the application, or where a failure is borne:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM php:8.3-cli
    /// COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
    /// WORKDIR /app
    /// COPY composer.json composer.lock ./
    /// RUN composer install --no-scripts --no-autoloader
    /// RUN composer install || true
    /// COPY . .
    /// RUN composer install
    /// CMD ["php", "artisan", "serve"]
    /// //- composer.json
    /// {"scripts": {"post-autoload-dump": ["@php artisan package:discover --ansi"], "post-create-project-cmd": ["@php artisan key:generate"]}}
    /// //- composer.lock
    /// {}
    /// //- artisan
    /// //- bootstrap/app.php
    /// //- bootstrap/cache/.gitignore
    /// ```
    "composer-script-input-missing", Error, Build, since "0.3.0",
    sources: ["https://getcomposer.org/doc/articles/scripts.md", "https://getcomposer.org/doc/03-cli.md#install-i"]
}

/// Events of an installation (<https://getcomposer.org/doc/articles/scripts.md#event-names>).
const EVENTS: [&str; 4] = ["pre-install-cmd", "pre-autoload-dump", "post-autoload-dump", "post-install-cmd"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else {
            continue;
        };
        let image = &delivered.image;
        let one = service.roots.len() == 1 || copies::fitting(facts, service, file).len() == 1;
        let mut told = BTreeSet::new();
        for stage in image.built_stages() {
            for (view, layer, list) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage)
            {
                let certain = list.iter().filter(|command| !command.conditional && !command.tolerated);
                let Some((event, lack, site)) =
                    certain.into_iter().find_map(|command| lacking(facts, image, view, command))
                else {
                    continue;
                };
                if !told.insert(layer.site.clone()) {
                    continue;
                }
                let message = format!("`{event}` of Composer runs here, and `{lack}` is not copied yet");
                let finding = out.at(layer.site.clone(), message);
                finding.service(&service.name).related(site, "it is asked for here");
                finding.help(
                    "Install with `--no-scripts --no-autoloader`, and dump the autoloader after `COPY . .`",
                );
                if !one {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// The event whose script lacks a file when `command` runs, the file, and where the script is written.
fn lacking(
    facts: &Facts<'_>,
    image: &Image<'_>,
    view: View,
    command: &Simple,
) -> Option<(&'static str, String, Site)> {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let at = words
        .iter()
        .position(|word| matches!(word.rsplit('/').next(), Some("composer" | "composer.phar")))?;
    let verb = words.iter().skip(at + 1).find(|word| !word.starts_with('-'))?;
    let dumps = matches!(*verb, "dump-autoload" | "dumpautoload");
    if at > 1 || !(dumps || matches!(*verb, "install" | "i" | "update")) || words.contains(&"--no-scripts") {
        return None;
    }
    let dir = value(&words, &["-d", "--working-dir"]);
    let dir = dir.map_or_else(|| Some(command.dir.clone()), |dir| command.place(dir))?;
    let manifest = image.presence(view, &join(&dir, "composer.json")).source()?.to_owned();
    let document = facts.config_document(&manifest)?;
    let scripts = document.get("scripts")?;
    let bare = words.contains(&"--no-autoloader");
    let events = EVENTS.iter().filter(|event| {
        let of_dump = event.contains("autoload");
        if of_dump { !bare } else { !dumps }
    });
    events.into_iter().find_map(|event| {
        let node = scripts.get(event)?;
        let site = Site::new(manifest.clone(), node.span);
        let lines = node.items().iter().filter_map(Node::text).chain(node.text());
        let lack = lines.into_iter().find_map(|line| {
            needs(scripts, line)
                .iter()
                .find(|path| image.presence(view, &join(&dir, path)).is_absent())
                .copied()
        })?;
        Some((*event, lack.to_owned(), site))
    })
}

/// Files that a line of a script cannot do without.
fn needs(scripts: &Node, line: &str) -> &'static [&'static str] {
    let line = line.trim();
    let plain = line.trim_start_matches("@php ").trim_start_matches("php ").trim_start_matches("./");
    if plain.starts_with("artisan ") && !line.contains("||") {
        return &["artisan", "bootstrap/app.php", "bootstrap/cache"];
    }
    let symfony = plain.starts_with("bin/console ")
        || (line == "@auto-scripts"
            && scripts.get("auto-scripts").is_some_and(|own| {
                own.members().iter().any(|member| member.value.text() == Some("symfony-cmd"))
            }));
    if symfony && !line.contains("||") { &["bin/console"] } else { &[] }
}

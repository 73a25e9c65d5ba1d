//! A template of nginx's configuration that nothing fills in.

use crate::facts::Facts;
use crate::facts::distribution::official_tag;
use crate::facts::dockerfile::Command;
use crate::facts::image::{LayerKind, Source};
use crate::facts::launch::Delivered;
use crate::facts::settings::{Key, Value};
use crate::facts::shell::CommandLine;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The command goes around the entry point of the nginx image, which fills the templates in.
    ///
    /// ## Why it matters
    /// Files in `/etc/nginx/templates` become configuration when `/docker-entrypoint.sh` is run with `nginx` as its first
    /// word. A Railway start command replaces the entry point, and `CMD nginx …` without brackets gives it a shell as its
    /// first word. No template is filled in, nginx keeps the configuration that it brings, and listens on port 80 instead of
    /// `PORT`: `Application failed to respond`. And the entry point's `envsubst` knows no defaults: `listen ${PORT:-80};`
    /// stays as it is, and nginx ends with `invalid port in "${PORT:-80}"`.
    ///
    /// ## What to do
    /// Delete the start command and write `CMD ["nginx", "-g", "daemon off;"]`, or begin it with
    /// `/docker-entrypoint.sh`. Write `${PORT}` in templates and set defaults with `ENV PORT=80`.
    ///
    /// ## What it cannot know
    /// Whether the service's own `PORT` or target port is 80. So what is not filled in is a warning.
    ///
    /// ```repo,fires,warning
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "nginx -g 'daemon off;'"
    /// //- Dockerfile
    /// FROM nginx:alpine
    /// COPY site.conf /etc/nginx/templates/default.conf.template
    /// //- site.conf
    /// server { listen ${PORT}; }
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM nginx:1.27
    /// COPY templates/ /etc/nginx/templates/
    /// CMD nginx -g 'daemon off;'
    /// //- templates/default.conf.template
    /// server { listen ${PORT}; }
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM nginx:alpine
    /// COPY site.conf /etc/nginx/templates/default.conf.template
    /// //- site.conf
    /// server { listen ${PORT:-80}; }
    /// ```
    ///
    /// The entry point is run, or something else fills in:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM nginx:alpine
    /// COPY site.conf /etc/nginx/templates/default.conf.template
    /// CMD ["nginx", "-g", "daemon off;"]
    /// //- site.conf
    /// server { listen ${PORT}; }
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "/docker-entrypoint.sh nginx -g 'daemon off;'"}}
    /// //- Dockerfile
    /// FROM nginx:alpine
    /// COPY site.conf /etc/nginx/templates/default.conf.template
    /// //- site.conf
    /// server { listen ${PORT}; }
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM nginx:alpine
    /// COPY site.conf /etc/nginx/templates/default.conf.template
    /// CMD ["sh", "-c", "envsubst < /etc/nginx/templates/default.conf.template > /etc/nginx/conf.d/default.conf && nginx -g 'daemon off;'"]
    /// //- site.conf
    /// server { listen ${PORT}; }
    /// ```
    "nginx-template-not-rendered", Error, Start, since "0.3.0",
    sources: [
        "https://hub.docker.com/_/nginx",
        "https://github.com/nginx/docker-nginx/blob/master/entrypoint/docker-entrypoint.sh",
        "https://docs.railway.com/deployments/start-command",
    ]
}

/// Where the entry point looks, without the first slash.
const TEMPLATES: &str = "etc/nginx/templates";

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let Some(template) = template(facts, delivered) else { continue };
        if let Some(site) = bypassed(facts, delivered) {
            out.at(site, "this goes around the entry point of nginx, so its templates are not filled in")
                .service(&service.name)
                .related(template.copied, "the template is copied here")
                .help(
                    "Leave the start to `CMD [\"nginx\", \"-g\", \"daemon off;\"]`, without a start command",
                )
                .severity(Severity::Warning);
        } else if let Some((site, text)) = template.with_default {
            out.at(site, format!("`envsubst` knows no defaults, so nginx reads `{text}` as it is and ends"))
                .service(&service.name)
                .related(template.copied, "the template is copied here")
                .help("Write `${PORT}`, and set a default with `ENV`");
        }
    }
}

/// A template that is copied to where the entry point looks.
struct Template {
    copied: Site,
    /// A `listen` with a default, when there is one.
    with_default: Option<(Site, String)>,
}

fn template(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Option<Template> {
    let image = &delivered.image;
    let reference = image.reference(image.stages.len().checked_sub(1)?)?;
    let vendor = reference.split(['@', ':']).next()? == "nginxinc/nginx-unprivileged";
    let official = vendor || official_tag(reference, "nginx").is_some();
    let layers = image.last().filter(|_| official)?.layers.iter();
    let mut found: Option<Template> = None;
    for layer in layers {
        let LayerKind::Copy(items, _) = &layer.kind else { continue };
        for item in items.iter().filter(|item| item.to.starts_with(TEMPLATES)) {
            let Source::Context(from) = &item.from else { continue };
            for entry in image.context.matches(from) {
                let is_dir = image.context.file(from).is_none();
                let name = if is_dir { entry.path.as_str() } else { item.to.as_str() };
                if !name.ends_with(".template") {
                    continue;
                }
                let with_default = facts.snapshot.text(&entry.path).ok().and_then(|text| {
                    let found = text.text.match_indices("listen").find_map(|(at, _)| {
                        let written = text.text[at..].split([';', '\n']).next().unwrap_or_default();
                        (written.contains("${") && written.contains(":-")).then_some((at, written))
                    });
                    let (at, written) = found?;
                    let span = Span::new(at, at + written.len());
                    Some((Site::new(entry.path.clone(), span), written.to_owned()))
                });
                let more = found.get_or_insert(Template { copied: layer.site.clone(), with_default: None });
                more.with_default = more.with_default.take().or(with_default);
            }
        }
    }
    found
}

/// The command in effect, when it does not run the entry point with `nginx`, and fills nothing in itself.
fn bypassed(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Option<Site> {
    let service = delivered.service(facts)?;
    let stage = delivered.image.last()?;
    for setting in service.settings.every(Key::StartCommand) {
        let text = setting.value.yes().and_then(Value::text).unwrap_or_default();
        if !text.trim().is_empty() {
            return (is_nginx(text)).then(|| setting.site.clone());
        }
    }
    if let Some((command, site)) = &stage.entrypoint {
        return is_nginx(&super::start_overrides_entrypoint::line(command)).then(|| site.clone());
    }
    let (command, site) = stage.command.as_ref()?;
    let first = match command {
        Command::Shell(_) => "sh",
        Command::Exec(words, _) => words.first().map_or("", |word| word.value.as_str()),
    };
    let shell = matches!(first.rsplit('/').next(), Some("sh" | "bash" | "ash"));
    (shell && is_nginx(&super::start_overrides_entrypoint::line(command))).then(|| site.clone())
}

/// True when `text` starts nginx and neither the entry point nor anything that could fill templates in.
fn is_nginx(text: &str) -> bool {
    let fills = ["envsubst", "docker-entrypoint", ".sh", "sed ", "20-envsubst", "python", "node "];
    let line = CommandLine::read(text);
    let words = line
        .shell_script()
        .unwrap_or(text)
        .split_whitespace()
        .any(|word| matches!(word.trim_matches(['"', '\'', ';']).rsplit('/').next(), Some("nginx")));
    words && !fills.iter().any(|word| text.contains(word))
}

//! A build step writes into a directory that is not there.

use crate::facts::Facts;
use crate::facts::dockerfile::Command;
use crate::facts::image::base::Base;
use crate::facts::image::effects::{Effect, effects};
use crate::facts::image::shell::commands;
use crate::facts::image::{Image, Layer, LayerKind, Origin, Presence, View};
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// A `RUN` writes a file into a directory that nothing makes.
    ///
    /// ## Why it matters
    /// `>` and `touch` make files, not directories: `/bin/sh: can't create /app/conf/x: nonexistent directory`, and the build
    /// stops. `/etc/nginx/templates` is such a directory too: the entry point of nginx looks into it, but the image does not
    /// have it.
    ///
    /// ## What to do
    /// `RUN mkdir -p /app/conf && echo … > /app/conf/x`, or `COPY` the file, which makes its directories.
    ///
    /// ## What it cannot know
    /// Directories of base images that are not known, and what commands make that may do anything.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM nginx:alpine
    /// RUN echo 'server { listen ${PORT}; }' > /etc/nginx/templates/default.conf.template
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY main.py .
    /// RUN touch logs/app.log
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// ```
    ///
    /// Made before, copied, a volume's place, or a failure that is borne:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM nginx:alpine
    /// WORKDIR /app
    /// COPY conf/a.txt conf/
    /// RUN mkdir -p /etc/nginx/templates && echo x > /etc/nginx/templates/a
    /// RUN echo x > conf/b.txt && echo x > c.txt && echo x > /etc/nginx/conf.d/d && touch /tmp/e
    /// RUN cd /srv && echo x > f && touch nowhere/x || true
    /// RUN install -d made && touch made/x && git clone https://x/y && touch y/z
    /// //- conf/a.txt
    /// ```
    "build-directory-missing", Error, Build, since "0.3.0",
    sources: ["https://hub.docker.com/_/nginx", "https://pubs.opengroup.org/onlinepubs/9799919799/utilities/touch.html"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        for stage in delivered.image.built_stages() {
            let runs = delivered.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
            for (view, layer, _) in runs {
                let Some((file, dir)) = homeless(&delivered.image, view, layer) else { continue };
                out.at(
                    layer.site.clone(),
                    format!("there is no `/{dir}` for `/{file}`, so the build stops here"),
                )
                .service(&service.name)
                .help(format!("Make it before: `mkdir -p /{dir}`"));
            }
        }
    }
}

/// The file that the RUN of `layer` writes where no directory is, and that directory.
fn homeless(image: &Image<'_>, view: View, layer: &Layer) -> Option<(String, String)> {
    let run = image.run(layer).filter(|run| run.heredocs.is_empty() && run.flags.is_empty())?;
    let Command::Shell(text) = &run.command else { return None };
    let list = commands(&text.value, &layer.workdir, true);
    let mut made: Vec<Effect> = Vec::new();
    for command in &list {
        let own = effects(command);
        let file = own.iter().find_map(|effect| match effect {
            Effect::Makes(file) => Some((file.clone(), file.rsplit_once('/')?.0.to_owned())),
            _ => None,
        });
        if let Some((file, dir)) = file.filter(|_| !command.conditional && !command.tolerated)
            && is_absent(image, view, &dir)
            && !made.iter().any(|effect| may_make(effect, &dir))
        {
            return Some((file, dir));
        }
        made.extend(own);
    }
    None
}

/// True when there is certainly no directory at `dir`.
fn is_absent(image: &Image<'_>, view: View, dir: &str) -> bool {
    match image.presence(view, dir) {
        Presence::Absent => true,
        // The base image is all that is left to ask, and nothing was copied there.
        Presence::Unknown(None) => {
            let base = image.reference(view.stage).and_then(Base::of);
            let external =
                image.stages.get(view.stage).is_some_and(|own| matches!(own.base, Origin::External(_)));
            external && base.is_some_and(|base| base.lacks_directory(dir)) && !may_come(image, view, dir)
        }
        _ => false,
    }
}

/// True when a layer before may bring the directory.
fn may_come(image: &Image<'_>, view: View, dir: &str) -> bool {
    let layers = image.stages.get(view.stage).map_or(&[][..], |own| own.layers.as_slice());
    layers.iter().take(view.layers).any(|layer| match &layer.kind {
        LayerKind::Copy(items, _) => items.iter().any(|item| covers(&item.to, dir) || covers(dir, &item.to)),
        LayerKind::Directory(made) => covers(dir, made),
        LayerKind::Run(_, effects) => effects.iter().any(|effect| may_make(effect, dir)),
    })
}

fn may_make(effect: &Effect, dir: &str) -> bool {
    match effect {
        Effect::Directory(made) | Effect::Makes(made) => covers(dir, made),
        Effect::Fills(made) | Effect::Builds(made) => covers(made, dir) || covers(dir, made),
        Effect::Anything => true,
        _ => false,
    }
}

/// True when `path` is `dir` or lies below it.
fn covers(dir: &str, path: &str) -> bool {
    dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

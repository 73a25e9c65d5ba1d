//! An extension of PHP that is compiled without its library.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::distribution::Family;
use crate::facts::distribution::official_tag;
use crate::facts::image::{Image, View};
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// `docker-php-ext-install` compiles an extension whose library is not installed.
    ///
    /// ## Why it matters
    /// The image of PHP brings no headers. `mbstring` ends with `Package 'oniguruma', required by 'virtual:world', not found`,
    /// `gd` with `Package 'libpng' not found`, `pdo_pgsql` with `Cannot find libpq-fe.h`, and the build with them.
    ///
    /// ## What to do
    /// Install the library before, in the same stage: `apt-get install -y libonig-dev`, or `apk add oniguruma-dev` on Alpine.
    ///
    /// ## What it cannot know
    /// What other packages for developers bring along: with one that is not known here it is silent, and so it is after a
    /// script.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM php:8.3-cli
    /// RUN apt-get update && apt-get install -y libzip-dev unzip
    /// RUN docker-php-ext-install zip mbstring
    /// CMD ["php", "-S", "0.0.0.0:8080"]
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM php:8.3-fpm-alpine
    /// RUN docker-php-ext-install -j$(nproc) pdo_pgsql
    /// CMD ["php-fpm"]
    /// ```
    ///
    /// Installed, brought along, or without a library:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM php:8.3-cli AS one
    /// RUN apt-get update && apt-get install -y libxml2-dev libonig-dev libfreetype6-dev
    /// RUN docker-php-ext-install intl mbstring gd soap bcmath pdo_mysql opcache
    /// FROM php:8.3-cli AS two
    /// RUN apt-get update && apt-get install -y libmagickwand-dev && docker-php-ext-install gd zip
    /// FROM php:8.3-fpm-alpine
    /// COPY --from=one / /
    /// COPY --from=two / /
    /// RUN apk add --no-cache --virtual .deps $PHPIZE_DEPS libpq-dev icu-dev && docker-php-ext-install pdo_pgsql intl
    /// CMD ["php-fpm"]
    /// ```
    "php-extension-library-missing", Error, Build, since "0.3.0",
    sources: [
        "https://hub.docker.com/_/php",
        "https://www.php.net/manual/en/mbstring.installation.php",
    ]
}

/// Extensions with the packages any of which brings their library: on Debian, on Alpine. Names are beginnings.
const LIBRARIES: [(&str, &[&str], &[&str]); 18] = [
    ("mbstring", &["libonig-dev"], &["oniguruma-dev"]),
    ("zip", &["libzip-dev"], &["libzip-dev"]),
    ("gd", &["libpng-dev", "libgd-dev"], &["libpng-dev", "gd-dev"]),
    ("intl", &["libicu-dev"], &["icu-dev"]),
    ("pdo_pgsql", &["libpq-dev", "postgresql-server-dev"], &["libpq-dev", "postgresql"]),
    ("pgsql", &["libpq-dev", "postgresql-server-dev"], &["libpq-dev", "postgresql"]),
    ("xsl", &["libxslt1-dev", "libxslt-dev"], &["libxslt-dev"]),
    ("soap", &["libxml2-dev"], &["libxml2-dev"]),
    ("dom", &["libxml2-dev"], &["libxml2-dev"]),
    ("xml", &["libxml2-dev"], &["libxml2-dev"]),
    ("simplexml", &["libxml2-dev"], &["libxml2-dev"]),
    ("bz2", &["libbz2-dev"], &["bzip2-dev"]),
    ("curl", &["libcurl4"], &["curl-dev"]),
    ("ldap", &["libldap"], &["openldap-dev"]),
    ("gmp", &["libgmp-dev"], &["gmp-dev"]),
    ("tidy", &["libtidy-dev"], &["tidyhtml-dev"]),
    ("imap", &["libc-client"], &["imap-dev"]),
    ("ffi", &["libffi-dev"], &["libffi-dev"]),
];

/// Packages for developers whose company is known, with those of the table that they bring along.
const COMPANY: [(&str, &[&str]); 32] = [
    ("libonig-dev", &[]),
    ("oniguruma-dev", &[]),
    ("libzip-dev", &["libbz2-dev", "bzip2-dev"]),
    ("libpng-dev", &[]),
    ("libjpeg", &[]),
    ("libwebp-dev", &[]),
    ("libfreetype", &["libpng-dev", "libbz2-dev"]),
    ("freetype-dev", &["libpng-dev", "bzip2-dev"]),
    ("libicu-dev", &[]),
    ("icu-dev", &[]),
    ("libpq-dev", &["libldap"]),
    ("libxml2-dev", &["libicu-dev", "icu-dev"]),
    ("libxslt1-dev", &["libxml2-dev", "libicu-dev"]),
    ("libxslt-dev", &["libxml2-dev", "icu-dev", "libicu-dev"]),
    ("libbz2-dev", &[]),
    ("bzip2-dev", &[]),
    ("zlib", &[]),
    ("libssl-dev", &[]),
    ("openssl-dev", &[]),
    ("libgmp-dev", &[]),
    ("gmp-dev", &[]),
    ("libxpm-dev", &[]),
    ("libsqlite3-dev", &[]),
    ("sqlite-dev", &[]),
    ("default-libmysqlclient-dev", &[]),
    ("libmcrypt-dev", &[]),
    ("libldap", &[]),
    ("libsodium-dev", &[]),
    ("libc-dev", &[]),
    ("libc6-dev", &[]),
    ("libffi-dev", &[]),
    ("linux-headers", &[]),
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        let image = &delivered.image;
        let mut told = BTreeSet::new();
        for stage in image.built_stages() {
            let Some(family) = image.reference(stage).filter(|name| is_php(name)).and_then(Family::of_image)
            else {
                continue;
            };
            let runs = image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
            for (view, layer, list) in runs {
                let certain = list.iter().filter(|command| {
                    command.program() == "docker-php-ext-install"
                        && !command.conditional
                        && !command.tolerated
                });
                let lacking: Vec<_> =
                    certain.flat_map(|command| lacking(image, view, family, command.plain())).collect();
                let Some((_, package)) = lacking.first().filter(|_| told.insert(layer.site.clone())) else {
                    continue;
                };
                let names: Vec<String> = lacking.iter().map(|(name, _)| format!("`{name}`")).collect();
                let message =
                    format!("the library of {} is not installed, so the build stops here", names.join(", "));
                out.at(layer.site.clone(), message)
                    .service(&service.name)
                    .help(format!("Install `{package}` with `{}` before", family.manager()));
            }
        }
    }
}

/// True for an official image of PHP that needs all these libraries: 7.4 and later.
fn is_php(reference: &str) -> bool {
    let old = ["5", "7.0", "7.1", "7.2", "7.3"];
    official_tag(reference, "php").is_some_and(|tag| !old.iter().any(|version| tag.starts_with(version)))
}

/// Extensions of `words` whose library is certainly not there, with the package that brings it.
fn lacking<'w>(
    image: &Image<'_>,
    view: View,
    family: Family,
    words: impl Iterator<Item = &'w str>,
) -> Vec<(&'static str, &'static str)> {
    let Some(installed) = installed(image, view) else { return Vec::new() };
    let has = |wanted: &&str| installed.iter().any(|own| own.starts_with(wanted));
    let rows = words.filter_map(|word| LIBRARIES.iter().find(|(name, ..)| *name == word));
    let lacking = rows.filter_map(|(name, debian, alpine)| {
        let any = if family == Family::Debian { debian } else { alpine };
        (!any.iter().any(has)).then(|| Some((*name, *any.first()?))).flatten()
    });
    lacking.collect()
}

/// The packages that are there at `view`, and what they bring along; `None` when that is not known.
fn installed(image: &Image<'_>, view: View) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let runs = image.runs(view.stage).into_iter();
    let before = runs.filter(|(own, ..)| own.stage != view.stage || own.layers <= view.layers);
    for command in before.flat_map(|(_, _, list)| list) {
        let program = command.program();
        let installs = (matches!(program, "apt-get" | "apt") && command.has("install"))
            || (program == "apk" && command.has("add"));
        let script = program.ends_with(".sh")
            || matches!(program, "dpkg" | "make" | "bash" | "sh" | "install-php-extensions" | "xargs");
        if script {
            return None;
        }
        for word in command.plain().filter(|_| installs) {
            let word = word.split(['=', '~', '<', '>', ':', '/']).next().unwrap_or(word);
            if word.contains('$') && !word.contains("PHPIZE_DEPS") {
                return None;
            }
            let company = COMPANY.iter().find(|(name, _)| word.starts_with(name));
            let own = LIBRARIES
                .iter()
                .any(|(_, debian, alpine)| debian.iter().chain(*alpine).any(|name| word.starts_with(name)));
            if company.is_none() && (word.ends_with("-dev") && !own || word.starts_with("postgresql")) {
                return None;
            }
            found.extend(company.iter().flat_map(|(_, more)| *more).map(|name| (*name).to_owned()));
            found.insert(word.to_owned());
        }
    }
    Some(found)
}

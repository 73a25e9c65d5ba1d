//! A database address in a form that the driver does not take.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::facts::Facts;
use crate::facts::launch::Delivered;
use crate::facts::pattern::Pattern;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::snapshot::{Entry, Text};
use crate::span::Span;

/// Beginnings of addresses that name a driver.
const FORMS: [&str; 4] = ["+asyncpg", "+psycopg", "+aiosqlite", "+aiomysql"];

declare_rule! {
    /// The program hands `DATABASE_URL` to a driver that does not take its form.
    ///
    /// ## Why it matters
    /// Railway's `DATABASE_URL` is `postgresql://user:password@host:5432/railway`. JDBC takes only `jdbc:postgresql://host…`
    /// with the user apart: `Driver org.postgresql.Driver claims to not accept jdbcUrl`. SQLAlchemy's asynchronous engine takes
    /// only `postgresql+asyncpg://…`: `The asyncio extension requires an async driver`.
    ///
    /// ## What to do
    /// For JDBC set `SPRING_DATASOURCE_URL` to `jdbc:postgresql://${{Postgres.PGHOST}}:${{Postgres.PGPORT}}/${{Postgres.PGDATABASE}}`
    /// with user and password apart, or convert the address in the program. For SQLAlchemy replace the beginning.
    ///
    /// ## What it cannot know
    /// The value in the dashboard: somebody may have written it in the right form by hand. A program that mentions the right
    /// form is taken to convert; where only a default has it, that is a note.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM eclipse-temurin:21
    /// COPY . .
    /// CMD ["java", "-jar", "app.jar"]
    /// //- src/main/resources/application.yml
    /// spring:
    ///   datasource:
    ///     url: ${DATABASE_URL:jdbc:postgresql://localhost:5432/app}
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os
    /// from sqlalchemy.ext.asyncio import create_async_engine
    /// engine = create_async_engine(os.environ["DATABASE_URL"])
    /// ```
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// from sqlalchemy.ext.asyncio import create_async_engine
    /// from settings import Settings
    /// engine = create_async_engine(Settings().database_url)
    /// //- settings.py
    /// from pydantic_settings import BaseSettings
    /// class Settings(BaseSettings):
    ///     database_url: str = "postgresql+asyncpg://me:me@localhost/me"
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM eclipse-temurin:21
    /// COPY . .
    /// CMD ["java", "-jar", "app.jar"]
    /// //- src/main/resources/application.yml
    /// spring:
    ///   datasource:
    ///     url: ${SPRING_DATASOURCE_URL:jdbc:postgresql://localhost:5432/app}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM eclipse-temurin:21
    /// COPY . .
    /// CMD ["java", "-jar", "app.jar"]
    /// //- src/main/resources/application.properties
    /// spring.datasource.url=${DATABASE_URL}
    /// //- src/main/java/app/DataSourceConfig.java
    /// class DataSourceConfig { String url(java.net.URI uri) { return "jdbc:postgresql://" + uri.getHost(); } }
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os
    /// from sqlalchemy.ext.asyncio import create_async_engine
    /// url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
    /// engine = create_async_engine(url)
    /// ```
    /// Flask's setting straight from the variable is a note: Railway's own address is fine, one of another provider that
    /// begins with `postgres://` is not (`Can't load plugin: sqlalchemy.dialects:postgres`).
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["gunicorn", "app:app"]
    /// //- app/config.py
    /// import os
    /// class Config:
    ///     SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL") or "sqlite:///app.db"
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["gunicorn", "app:app"]
    /// //- config.py
    /// import os
    /// url = os.environ.get("DATABASE_URL", "sqlite:///app.db").replace("postgres://", "postgresql://", 1)
    /// SQLALCHEMY_DATABASE_URI = url
    /// ```
    "database-url-scheme", Warning, Start, since "0.2.0",
    sources: ["https://docs.railway.com/databases/postgresql", "https://jdbc.postgresql.org/documentation/use/"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    if facts.services.is_empty() {
        return;
    }
    spring(facts, out);
    flask(facts, out);
    for delivered in facts.delivered() {
        defaults(facts, delivered, out);
    }
    for service in &facts.services {
        let startup = facts.startup(service);
        let texts: Vec<_> = startup.files.iter().filter_map(|path| facts.snapshot.text(path).ok()).collect();
        let has = |word: &str| texts.iter().any(|text| text.text.contains(word));
        if FORMS.iter().any(|word| has(word)) {
            continue;
        }
        if !has("DATABASE_URL") {
            continue;
        }
        for text in &texts {
            let Some(at) = text.text.find("create_async_engine(").filter(|_| text.path.ends_with(".py"))
            else {
                continue;
            };
            let site = Site::new(text.path.clone(), Span::new(at, at + "create_async_engine".len()));
            out.at(site, "this engine needs `postgresql+asyncpg://`, and Railway's address begins with `postgresql://`")
                .service(&service.name)
                .help("Replace the beginning of the address before the engine is made");
            break;
        }
    }
}

/// The right form stands only where it is taken in place of a variable that is not set; Railway's has another.
fn defaults(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    let modules = delivered
        .traces
        .iter()
        .filter(|trace| trace.stated && !trace.build)
        .flat_map(|trace| &trace.chain.modules);
    let sources: BTreeSet<&str> =
        modules.map(|reached| reached.source.as_str()).filter(|path| path.ends_with(".py")).collect();
    let texts: Vec<_> = sources.into_iter().filter_map(|path| facts.snapshot.text(path).ok()).collect();
    let turns = |text: &Rc<Text>| {
        let own = ["postgres", "database_url", "DATABASE_URL", "create_async_engine"]
            .iter()
            .any(|word| text.text.contains(word));
        own && ["drivername", "make_url", ".replace(", "re.sub(", "URL.create"]
            .iter()
            .any(|word| text.text.contains(word))
    };
    if !texts.iter().any(|text| text.text.contains("create_async_engine(")) || texts.iter().any(turns) {
        return;
    }
    let mut found = None;
    for text in &texts {
        let mut start = 0;
        for line in text.text.split_inclusive('\n') {
            let span = Span::new(start, start + line.trim_end().len());
            start += line.len();
            let written = line.trim_start();
            if written.starts_with('#') || !FORMS.iter().any(|form| written.contains(form)) {
                continue;
            }
            let lower = written.to_ascii_lowercase();
            let field = lower.starts_with("database_url:") && lower.contains('=');
            let variable =
                ["getenv(", "environ.get(", "config(", "default="].iter().any(|call| lower.contains(call));
            if !(field || variable && lower.contains("database_url")) {
                return;
            }
            let skipped = line.len() - written.len();
            found = Some(Site::new(text.path.clone(), Span::new(span.start + skipped, span.end)));
        }
    }
    let Some(site) = found else { return };
    out.at(site, "only this default has the form that the engine needs: Railway's `DATABASE_URL` begins with `postgresql://`")
        .severity(Severity::Note)
        .service(&service.name)
        .help("Replace the beginning of the address before the engine is made, or write the variable in this form");
}

/// `SQLALCHEMY_DATABASE_URI` taken straight from `DATABASE_URL`, where no file mends its beginning.
fn flask(facts: &Facts<'_>, out: &mut Findings) {
    static TAKEN: Pattern = Pattern::new(
        r"(?m)^[ \t]*(?:app\.config\[['\x22])?SQLALCHEMY_DATABASE_URI\b.*\bDATABASE_URL\b",
        "SQLALCHEMY_DATABASE_URI",
    );
    let named = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        ["config", "settings", "database", "extensions", "__init__", "app", "main"]
            .iter()
            .any(|stem| name.starts_with(stem))
    };
    let sources =
        facts.snapshot.entries().iter().filter(|entry| entry.path.ends_with(".py") && named(&entry.path));
    let texts: Vec<_> = sources.filter_map(|entry| facts.snapshot.text(&entry.path).ok()).collect();
    if texts.iter().any(|text| text.text.contains("postgres://")) {
        return;
    }
    for text in &texts {
        let Some(found) = TAKEN.find(&text.text) else { continue };
        let start = found.start() + found.as_str().len() - found.as_str().trim_start().len();
        out.at(
            Site::new(text.path.clone(), Span::new(start, found.end())),
            "SQLAlchemy does not take an address that begins with `postgres://`, as some providers give it",
        )
        .severity(Severity::Note)
        .help("Replace `postgres://` by `postgresql://` where the variable is read");
    }
}

/// Spring's datasource taken straight from `DATABASE_URL`, with no class that makes a JDBC address of it.
fn spring(facts: &Facts<'_>, out: &mut Findings) {
    static TAKEN: Pattern = Pattern::new(
        r"(?m)^\s*(?:spring\.datasource\.)?url\s*[:=]\s*.*\$\{(?:DATABASE_URL|DATABASE_PRIVATE_URL)\b",
        "DATABASE_",
    );
    let ends =
        |entry: &&Entry| [".yml", ".yaml", ".properties"].iter().any(|ending| entry.path.ends_with(ending));
    for entry in facts.snapshot.entries().iter().filter(ends) {
        let Some((before, name)) = entry.path.split_once("src/main/resources/") else { continue };
        let plain = matches!(name, "application.yml" | "application.yaml" | "application.properties")
            || name.starts_with("application-prod")
            || name.starts_with("application-railway");
        let Some(text) = plain.then(|| facts.snapshot.text(&entry.path).ok()).flatten() else { continue };
        let Some(found) = TAKEN.find(&text.text) else { continue };
        if found.as_str().contains("jdbc:postgresql://${") || converts(facts, before) {
            continue;
        }
        let start = found.start() + found.as_str().len() - found.as_str().trim_start().len();
        out.at(
            Site::new(entry.path.clone(), Span::new(start, found.end())),
            "JDBC does not take Railway's `DATABASE_URL`, which begins with `postgresql://`",
        )
        .help("Set `SPRING_DATASOURCE_URL` with `jdbc:postgresql://`, or convert the address in the program");
    }
}

/// True when a class of the module speaks of the JDBC form.
fn converts(facts: &Facts<'_>, before: &str) -> bool {
    let sources = format!("{before}src/main");
    facts.snapshot.under(&sources).iter().any(|entry| {
        let code = entry.path.ends_with(".java") || entry.path.ends_with(".kt");
        code && facts.snapshot.text(&entry.path).is_ok_and(|text| text.text.contains("jdbc:postgresql"))
    })
}

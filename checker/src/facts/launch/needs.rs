//! Distributions of Python that a program needs although it imports nothing of them: a library loads them by itself.

use super::Trace;
use crate::facts::Facts;
use crate::facts::chain::{To, When};
use crate::facts::startup::flag;
use crate::finding::Site;
use crate::span::Span;

/// One need.
#[derive(Debug, Clone)]
pub struct Need {
    /// Any of these distributions will do; the first is the usual one.
    pub any: &'static [&'static str],
    /// What asks for it, as written in the source.
    pub by: &'static str,
    /// Where.
    pub site: Site,
    /// When the module that says so is loaded.
    pub when: When,
}

/// What a source shows of a need.
enum Sign {
    /// One of the names is taken from one of the modules, and the file has all of the words.
    Taken(&'static [&'static str], &'static str, &'static [&'static str]),
    /// The file has the word, and none of the others stands in any file that is loaded.
    Word(&'static str, &'static [&'static str]),
    /// The command that is started names a class of workers that begins so.
    Started(&'static str),
}

struct Row {
    sign: Sign,
    any: &'static [&'static str],
    /// Distributions that bring it along, and extras that do.
    brought: &'static [&'static str],
}

const FASTAPI: &[&str] = &["fastapi", "fastapi.param_functions", "fastapi.params"];
const TEMPLATES: &[&str] = &["jinja2"];
const MULTIPART: &[&str] = &["python-multipart"];
const WITH_MULTIPART: &[&str] = &[
    "fastapi[all]",
    "fastapi[standard]",
    "starlette[full]",
    "fastapi-users",
    "gradio",
    "mcp",
    "fastmcp",
    "chainlit",
];
const REDIS: &[&str] = &["redis"];
const WITH_REDIS: &[&str] = &[
    "celery[redis]",
    "kombu[redis]",
    "rq",
    "django-rq",
    "django-redis",
    "fakeredis",
    "arq",
    "channels-redis",
    "redis-om",
    "rq-scheduler",
    "flask-rq2",
    "redbeat",
    "celery-redbeat",
    "dramatiq[redis]",
    "flask-limiter[redis]",
];
const UVICORN: &[&str] = &["uvicorn"];
const WITH_UVICORN: &[&str] = &[
    "fastapi[all]",
    "fastapi[standard]",
    "uvicorn-worker",
    "mcp",
    "fastmcp",
    "gradio",
    "chainlit",
    "fastapi-cli",
];
const POSTGRES: &[&str] = &["psycopg2-binary", "psycopg2", "psycopg", "psycopg-binary", "psycopg-c"];

/// What libraries ask for; from the source of each.
const ROWS: &[Row] = &[
    Row {
        sign: Sign::Taken(&["pydantic", "pydantic.networks"], "EmailStr", &[": EmailStr"]),
        any: &["email-validator"],
        brought: &[
            "pydantic[email]",
            "fastapi[all]",
            "fastapi[standard]",
            "fastapi-users",
            "fastapi-mail",
            "wtforms[email]",
            "flask-security",
            "flask-security-too",
        ],
    },
    Row { sign: Sign::Taken(FASTAPI, "Form", &["Form(", "def "]), any: MULTIPART, brought: WITH_MULTIPART },
    Row { sign: Sign::Taken(FASTAPI, "File", &["File(", "def "]), any: MULTIPART, brought: WITH_MULTIPART },
    Row {
        sign: Sign::Taken(FASTAPI, "UploadFile", &[": UploadFile", ".post("]),
        any: MULTIPART,
        brought: WITH_MULTIPART,
    },
    Row {
        sign: Sign::Taken(
            &["fastapi.security"],
            "OAuth2PasswordRequestForm",
            &[": OAuth2PasswordRequestForm"],
        ),
        any: MULTIPART,
        brought: WITH_MULTIPART,
    },
    Row {
        sign: Sign::Taken(
            &["fastapi.templating", "starlette.templating"],
            "Jinja2Templates",
            &["Jinja2Templates("],
        ),
        any: TEMPLATES,
        brought: &[
            "fastapi[all]",
            "fastapi[standard]",
            "starlette[full]",
            "flask",
            "torch",
            "torchvision",
            "torchaudio",
            "sentence-transformers",
            "easyocr",
            "openai-whisper",
            "fastapi-mail",
            "gradio",
            "altair",
            "streamlit",
            "litellm",
            "sqladmin",
            "starlette-admin",
            "jinja2-fragments",
            "ultralytics",
            "sphinx",
            "mkdocs",
        ],
    },
    Row {
        sign: Sign::Taken(
            &["starlette.middleware.sessions", "fastapi.middleware.sessions"],
            "SessionMiddleware",
            &[],
        ),
        any: &["itsdangerous"],
        brought: &[
            "fastapi[all]",
            "starlette[full]",
            "flask",
            "fastapi-csrf-protect",
            "starsessions",
            "gradio[oauth]",
        ],
    },
    Row { sign: Sign::Taken(&["celery"], "Celery", &["redis://"]), any: REDIS, brought: WITH_REDIS },
    Row { sign: Sign::Taken(&["celery"], "Celery", &["REDIS_URL"]), any: REDIS, brought: WITH_REDIS },
    Row { sign: Sign::Word("worker_class = \"uvicorn.workers", &[]), any: UVICORN, brought: WITH_UVICORN },
    Row { sign: Sign::Word("worker_class = 'uvicorn.workers", &[]), any: UVICORN, brought: WITH_UVICORN },
    Row { sign: Sign::Started("uvicorn.workers"), any: UVICORN, brought: WITH_UVICORN },
    Row { sign: Sign::Started("uvicorn_worker"), any: &["uvicorn-worker"], brought: &[] },
    Row {
        sign: Sign::Started("gevent"),
        any: &["gevent"],
        brought: &["gunicorn[gevent]", "locust", "grequests"],
    },
    Row { sign: Sign::Started("eventlet"), any: &["eventlet"], brought: &["gunicorn[eventlet]"] },
    Row {
        sign: Sign::Word("default_response_class=ORJSONResponse", &[]),
        any: &["orjson"],
        brought: &[
            "fastapi[all]",
            "langchain",
            "langsmith",
            "langchain-core",
            "gradio",
            "chainlit",
            "langgraph",
        ],
    },
    Row {
        sign: Sign::Word("django.db.backends.postgresql", &["sqlite"]),
        any: POSTGRES,
        brought: &["psycopg2cffi", "django-tenants"],
    },
    Row {
        sign: Sign::Word("postgresql+asyncpg://", &[]),
        any: &["asyncpg"],
        brought: &[
            "sqlalchemy[postgresql-asyncpg]",
            "sqlalchemy[postgresql_asyncpg]",
            "databases[postgresql]",
            "databases[asyncpg]",
            "tortoise-orm[asyncpg]",
        ],
    },
    Row {
        sign: Sign::Word("postgresql+psycopg://", &[]),
        any: &["psycopg", "psycopg-binary", "psycopg-c"],
        brought: &[],
    },
    Row { sign: Sign::Word("mysql+pymysql://", &[]), any: &["pymysql"], brought: &[] },
];

/// SQLAlchemy takes psycopg2 for an address that names no driver, as Railway's does; one that replaces its beginning is
/// seen in the sources (<https://docs.sqlalchemy.org/en/20/dialects/postgresql.html>).
fn psycopg2(facts: &Facts<'_>, trace: &Trace, has: &dyn Fn(&str) -> bool) -> Option<Need> {
    let any: &[&str] = &["psycopg2-binary", "psycopg2", "psycopg2cffi"];
    let other = ["psycopg", "psycopg-binary", "asyncpg", "pg8000"].iter().any(|name| has(name));
    let modules = trace.chain.modules.iter().filter(|reached| reached.when <= When::Sometimes);
    let texts: Vec<_> = modules
        .filter_map(|reached| Some((facts.snapshot.text(&reached.source).ok()?, reached.when)))
        .collect();
    let says = |word: &str| texts.iter().any(|(text, _)| text.text.contains(word));
    let chosen = ["+psycopg", "+asyncpg", "+pg8000", "drivername", "creator="].iter().any(|word| says(word));
    if chosen || !has("sqlalchemy") || !says("DATABASE_URL") || !(other || says("postgresql://")) {
        return None;
    }
    let (text, at, when) =
        texts.iter().find_map(|(text, when)| Some((text, code(&text.text, " create_engine(")?, *when)))?;
    let span = Span::new(at + 1, at + " create_engine".len());
    Some(Need { any, by: "create_engine", site: Site::new(text.path.clone(), span), when })
}

/// What the modules of `trace` need in this way; `has` tells what is installed.
pub fn needs(facts: &Facts<'_>, trace: &Trace, has: &dyn Fn(&str) -> bool) -> Vec<Need> {
    let mut found: Vec<Need> = psycopg2(facts, trace, has).into_iter().collect();
    let modules = trace.chain.modules.iter().filter(|reached| reached.when <= When::Sometimes);
    let modules: Vec<_> =
        modules.filter_map(|reached| Some((reached, facts.snapshot.text(&reached.source).ok()?))).collect();
    for row in ROWS {
        if let Sign::Started(class) = row.sign {
            let named = flag(&trace.words, &["-k", "--worker-class"]);
            if named.is_some_and(|named| named.starts_with(class)) {
                found.push(Need { any: row.any, by: class, site: trace.site.clone(), when: When::Always });
            }
            continue;
        }
        for (reached, text) in &modules {
            let at = match row.sign {
                Sign::Taken(modules, name, words) => {
                    if !text.text.contains(name) || !words.iter().all(|word| text.text.contains(word)) {
                        continue;
                    }
                    let links = facts.links(&reached.source);
                    links.and_then(|links| {
                        let taken = links.iter().find(|link| link.when == When::Always && matches!(
                            &link.to,
                            To::Module { name: from, level: 0, names }
                                if modules.contains(&from.as_str()) && names.iter().any(|each| each == name)
                        ));
                        taken.map(|link| link.span)
                    })
                }
                Sign::Word(word, others) => code(&text.text, word)
                    .filter(|_| !others.iter().any(|other| text.text.contains(other)))
                    .map(|at| Span::new(at, at + word.len())),
                Sign::Started(_) => None,
            };
            let by = match row.sign {
                Sign::Taken(_, name, _) => name,
                Sign::Word(word, _) | Sign::Started(word) => word,
            };
            if let Some(span) = at {
                let site = Site::new(reached.source.clone(), span);
                found.push(Need { any: row.any, by, site, when: reached.when });
                break;
            }
        }
    }
    found
}

/// Where `word` stands in a line that is no comment.
fn code(text: &str, word: &str) -> Option<usize> {
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let line = text[..*at].rsplit('\n').next().unwrap_or_default();
        !line.contains('#')
    })
}

/// True when another distribution or an extra that the files ask for brings one of `need`.
pub fn is_brought(facts: &Facts<'_>, need: &Need, has: &dyn Fn(&str) -> bool) -> bool {
    let rows = ROWS.iter().filter(|row| row.any == need.any);
    let mut brought = rows.flat_map(|row| row.brought);
    brought.any(|name| match name.split_once('[') {
        None => has(name),
        Some((name, extra)) => asks_for_extra(facts, name, extra.trim_end_matches(']')),
    })
}

/// True when some manifest asks for the extra, or for the one release of FastAPI that brought it by itself.
fn asks_for_extra(facts: &Facts<'_>, name: &str, extra: &str) -> bool {
    let mut all = facts.python_projects().values().flat_map(|project| &project.requirements);
    all.any(|requirement| {
        let Ok(text) = facts.snapshot.text(&requirement.site.path) else { return true };
        let line = text.line_at(requirement.site.span.start);
        let written = line.of(&text.text).replace([' ', '"', '\''], "");
        requirement.name == name
            && (written.contains("extras")
                || written.contains("==0.111.")
                || written.split_once('[').is_some_and(|(_, rest)| {
                    rest.split(']').next().is_some_and(|list| list.split(',').any(|each| each == extra))
                }))
    })
}

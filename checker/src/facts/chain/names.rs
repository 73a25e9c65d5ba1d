//! Names of modules: which come with the language, and which distribution brings the others.

/// Modules of Python's standard library from 3.8 to 3.14, and what every installation brings
/// (<https://docs.python.org/3/py-modindex.html>, `sys.stdlib_module_names`).
const PYTHON: &[&str] = &[
    "__future__", "_thread", "_typeshed", "abc", "aifc", "antigravity", "argparse", "array", "ast", "asynchat",
    "asyncio", "asyncore", "atexit", "audioop", "base64", "bdb", "binascii", "binhex", "bisect", "builtins", "bz2",
    "cProfile", "calendar", "cgi", "cgitb", "chunk", "cmath", "cmd", "code", "codecs", "codeop", "collections",
    "colorsys", "compileall", "concurrent", "configparser", "contextlib", "contextvars", "copy", "copyreg", "crypt",
    "csv", "ctypes", "curses", "dataclasses", "datetime", "dbm", "decimal", "difflib", "dis", "distutils", "doctest",
    "email", "encodings", "ensurepip", "enum", "errno", "faulthandler", "fcntl", "filecmp", "fileinput", "fnmatch",
    "formatter", "fractions", "ftplib", "functools", "gc", "genericpath", "getopt", "getpass", "gettext", "glob",
    "graphlib", "grp", "gzip", "hashlib", "heapq", "hmac", "html", "http", "idlelib", "imaplib", "imghdr", "imp",
    "importlib", "inspect", "io", "ipaddress", "itertools", "json", "keyword", "lib2to3", "linecache", "locale",
    "logging", "lzma", "macpath", "mailbox", "mailcap", "marshal", "math", "mimetypes", "mmap", "modulefinder",
    "msilib", "msvcrt", "multiprocessing", "netrc", "nis", "nntplib", "nt", "ntpath", "nturl2path", "numbers",
    "opcode", "operator", "optparse", "os", "ossaudiodev", "parser", "pathlib", "pdb", "pickle", "pickletools", "pip",
    "pipes", "pkg_resources", "pkgutil", "platform", "plistlib", "poplib", "posix", "posixpath", "pprint", "profile",
    "pstats", "pty", "pwd", "py_compile", "pyclbr", "pydoc", "pydoc_data", "pyexpat", "queue", "quopri", "random",
    "re", "readline", "reprlib", "resource", "rlcompleter", "runpy", "sched", "secrets", "select", "selectors",
    "setuptools", "shelve", "shlex", "shutil", "signal", "site", "smtpd", "smtplib", "sndhdr", "socket",
    "socketserver", "spwd", "sqlite3", "sre_compile", "sre_constants", "sre_parse", "ssl", "stat", "statistics",
    "string", "stringprep", "struct", "subprocess", "sunau", "symbol", "symtable", "sys", "sysconfig", "syslog",
    "tabnanny", "tarfile", "telnetlib", "tempfile", "termios", "textwrap", "this", "threading", "time", "timeit",
    "tkinter", "token", "tokenize", "tomllib", "trace", "traceback", "tracemalloc", "tty", "turtle", "turtledemo",
    "types", "typing", "unicodedata", "unittest", "urllib", "uu", "uuid", "venv", "warnings", "wave", "weakref",
    "webbrowser", "wheel", "winreg", "winsound", "wsgiref", "xdrlib", "xml", "xmlrpc", "zipapp", "zipfile",
    "zipimport", "zlib", "zoneinfo",
];

/// Modules of Node (<https://nodejs.org/api/module.html#modulebuiltinmodules>).
const NODE: &[&str] = &[
    "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
    "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net", "os",
    "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream", "string_decoder", "sys",
    "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi", "worker_threads", "zlib",
];

/// Import names whose distributions are called otherwise; from each distribution's page on <https://pypi.org>. Any one of
/// the distributions brings the module.
const DISTRIBUTIONS: &[(&str, &[&str])] = &[
    ("yaml", &["pyyaml"]),
    ("PIL", &["pillow", "pillow-simd"]),
    ("cv2", &["opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"]),
    ("sklearn", &["scikit-learn"]),
    ("skimage", &["scikit-image"]),
    ("dotenv", &["python-dotenv"]),
    ("jwt", &["pyjwt"]),
    ("jose", &["python-jose"]),
    ("bs4", &["beautifulsoup4", "bs4"]),
    ("dateutil", &["python-dateutil"]),
    ("multipart", &["python-multipart"]),
    ("magic", &["python-magic", "python-magic-bin"]),
    ("docx", &["python-docx"]),
    ("pptx", &["python-pptx"]),
    ("fitz", &["pymupdf"]),
    ("psycopg2", &["psycopg2", "psycopg2-binary"]),
    ("psycopg", &["psycopg", "psycopg-binary"]),
    ("MySQLdb", &["mysqlclient"]),
    ("pymysql", &["pymysql"]),
    ("Crypto", &["pycryptodome", "pycrypto"]),
    ("nacl", &["pynacl"]),
    ("OpenSSL", &["pyopenssl"]),
    ("serial", &["pyserial"]),
    ("git", &["gitpython"]),
    ("github", &["pygithub"]),
    ("telegram", &["python-telegram-bot"]),
    ("telebot", &["pytelegrambotapi"]),
    ("discord", &["discord-py", "py-cord", "nextcord"]),
    ("slack_sdk", &["slack-sdk"]),
    ("slack_bolt", &["slack-bolt"]),
    ("socketio", &["python-socketio"]),
    ("engineio", &["python-engineio"]),
    ("flask_cors", &["flask-cors"]),
    ("flask_sqlalchemy", &["flask-sqlalchemy"]),
    ("flask_migrate", &["flask-migrate"]),
    ("flask_login", &["flask-login"]),
    ("flask_socketio", &["flask-socketio"]),
    ("flask_jwt_extended", &["flask-jwt-extended"]),
    ("rest_framework", &["djangorestframework"]),
    ("rest_framework_simplejwt", &["djangorestframework-simplejwt"]),
    ("corsheaders", &["django-cors-headers"]),
    ("whitenoise", &["whitenoise"]),
    ("environ", &["django-environ"]),
    ("dj_database_url", &["dj-database-url"]),
    ("django_filters", &["django-filter"]),
    ("celery", &["celery"]),
    ("kombu", &["kombu", "celery"]),
    ("attr", &["attrs"]),
    ("usb", &["pyusb"]),
    ("zmq", &["pyzmq"]),
    ("ldap", &["python-ldap"]),
    ("Levenshtein", &["levenshtein", "python-levenshtein"]),
    ("slugify", &["python-slugify"]),
    ("decouple", &["python-decouple"]),
    ("pythonjsonlogger", &["python-json-logger"]),
    ("email_validator", &["email-validator"]),
    ("pydantic_settings", &["pydantic-settings"]),
    ("sentence_transformers", &["sentence-transformers"]),
    ("langchain_openai", &["langchain-openai"]),
    ("langchain_community", &["langchain-community"]),
    ("langchain_core", &["langchain-core", "langchain"]),
    ("sse_starlette", &["sse-starlette"]),
    ("prometheus_client", &["prometheus-client"]),
    ("sentry_sdk", &["sentry-sdk"]),
    ("apscheduler", &["apscheduler"]),
    ("playwright", &["playwright"]),
    ("edge_tts", &["edge-tts"]),
    ("youtube_transcript_api", &["youtube-transcript-api"]),
    ("googleapiclient", &["google-api-python-client"]),
    ("faiss", &["faiss-cpu", "faiss-gpu"]),
    ("openai", &["openai"]),
    ("whisper", &["openai-whisper"]),
    ("tavily", &["tavily-python"]),
    ("pinecone", &["pinecone", "pinecone-client"]),
    ("qdrant_client", &["qdrant-client"]),
    ("alembic", &["alembic"]),
    ("asyncpg", &["asyncpg"]),
    ("snowflake", &["snowflake-connector-python"]),
    ("markdown", &["markdown"]),
    ("jinja2", &["jinja2"]),
];

/// Distributions that bring others along, as far as their users import those: from the `Requires-Dist` of each.
const BRINGS: &[(&str, &[&str])] = &[
    ("fastapi", &["starlette", "pydantic", "anyio", "typing-extensions", "pydantic-core", "annotated-types"]),
    ("flask", &["werkzeug", "jinja2", "click", "markupsafe", "itsdangerous", "blinker"]),
    ("django", &["asgiref", "sqlparse"]),
    ("requests", &["urllib3", "certifi", "idna", "charset-normalizer"]),
    ("httpx", &["httpcore", "anyio", "certifi", "idna", "h11", "sniffio"]),
    ("pandas", &["numpy", "python-dateutil", "pytz", "tzdata", "six"]),
    ("celery", &["kombu", "billiard", "vine", "click", "amqp", "python-dateutil"]),
    ("rq", &["redis", "click", "croniter"]),
    ("sqlalchemy", &["greenlet", "typing-extensions"]),
    ("sqlmodel", &["sqlalchemy", "pydantic"]),
    ("alembic", &["sqlalchemy", "mako", "markupsafe"]),
    ("flask-sqlalchemy", &["sqlalchemy", "flask"]),
    ("flask-migrate", &["alembic", "flask", "flask-sqlalchemy", "sqlalchemy"]),
    ("aiohttp", &["multidict", "yarl", "attrs", "aiosignal", "frozenlist"]),
    ("boto3", &["botocore", "s3transfer", "jmespath"]),
    ("openai", &["httpx", "pydantic", "anyio", "tqdm", "distro", "sniffio", "typing-extensions"]),
    ("anthropic", &["httpx", "pydantic", "anyio", "distro", "sniffio", "typing-extensions"]),
    ("scikit-learn", &["numpy", "scipy", "joblib", "threadpoolctl"]),
    ("uvicorn", &["h11", "click", "pyyaml", "python-dotenv", "websockets", "httptools", "uvloop", "watchfiles"]),
    ("transformers", &["numpy", "pyyaml", "requests", "tqdm", "huggingface-hub", "tokenizers", "regex", "packaging"]),
];

/// True when `name` is the top of a module that comes with Python.
pub fn comes_with_python(name: &str) -> bool {
    PYTHON.binary_search(&name).is_ok()
}

/// True when `specifier` is a module of Node itself.
pub fn comes_with_node(specifier: &str) -> bool {
    let bare = specifier.split('/').next().unwrap_or(specifier);
    specifier.starts_with("node:") || specifier.starts_with("bun:") || specifier == "bun" || NODE.binary_search(&bare).is_ok()
}

/// The distributions any of which brings the module `name`, normalised; true when the name is in the list.
pub fn distributions(name: &str) -> (Vec<String>, bool) {
    let listed = DISTRIBUTIONS.iter().find(|(module, _)| *module == name);
    match listed {
        Some((_, names)) => (names.iter().map(|name| (*name).to_owned()).collect(), true),
        None => (vec![crate::facts::python_project::normal(name)], false),
    }
}

/// The distributions that the distribution `name` brings along.
pub fn brings(name: &str) -> &'static [&'static str] {
    BRINGS.iter().find(|(own, _)| *own == name).map_or(&[], |(_, others)| others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_for_the_search() {
        assert!(PYTHON.is_sorted() && NODE.is_sorted());
    }

    #[test]
    fn a_module_is_told_from_its_distribution() {
        assert_eq!(distributions("yaml"), (vec!["pyyaml".to_owned()], true));
        assert_eq!(distributions("flask_thing"), (vec!["flask-thing".to_owned()], false));
        assert!(comes_with_python("json") && comes_with_node("node:fs") && comes_with_node("fs/promises"));
    }
}

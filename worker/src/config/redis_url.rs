//! The address of Redis, and how to write it where others can read.

use std::sync::LazyLock;

use redis::IntoConnectionInfo as _;
use regex::Regex;

/// Where Redis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// As given; never logged.
    pub url: String,
    /// Without secrets.
    pub masked: String,
    /// Set when sentinels know the address.
    pub sentinel: Option<Sentinel>,
    /// An extra root certificate, in PEM.
    pub ca: Option<Vec<u8>>,
    /// Where that is, for the Python children.
    pub ca_file: Option<String>,
}

/// Sentinels and what to ask them for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentinel {
    /// `redis://host:port/` of each sentinel.
    pub nodes: Vec<String>,
    /// Name of the master.
    pub master: String,
    /// For the master.
    pub username: Option<String>,
    /// For the master.
    pub password: Option<String>,
    /// Database of the master.
    pub db: i64,
    /// TLS to the master.
    pub tls: bool,
}

/// Parses `redis://`, `rediss://`, `unix://` and `redis+sentinel://[user:password@]h1:p1,h2:p2/master[/db]`.
///
/// # Errors
/// A sentence that says what is wrong, without secrets.
pub fn parse(url: &str) -> Result<Server, String> {
    let masked = mask(url);
    if url.contains("${{") {
        return Err(format!(
            "REDIS_URL is an unresolved Railway reference: {url}; the referenced service has another name"
        ));
    }
    let sentinel = if let Some((rest, tls)) = url
        .strip_prefix("redis+sentinel://")
        .map(|rest| (rest, false))
        .or_else(|| url.strip_prefix("rediss+sentinel://").map(|rest| (rest, true)))
    {
        Some(parse_sentinel(rest, tls).ok_or_else(|| {
        format!("REDIS_URL is not of the form redis+sentinel://[user:password@]host:port[,host:port]/master[/db]: {masked}")
    })?)
    } else {
        url.into_connection_info().map_err(|error| {
            format!(
                "REDIS_URL cannot be read ({}): {masked}; expected redis://[user:password@]host:port/db",
                error.category()
            )
        })?;
        None
    };
    Ok(Server { url: url.to_owned(), masked, sentinel, ca: None, ca_file: None })
}

fn parse_sentinel(rest: &str, tls: bool) -> Option<Sentinel> {
    let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
    let mut parts = rest.splitn(3, '/');
    let hosts = parts.next().filter(|hosts| !hosts.is_empty())?;
    let master = parts.next().filter(|master| !master.is_empty())?.to_owned();
    let db = parts.next().filter(|db| !db.is_empty()).map_or(Ok(0), str::parse).ok()?;
    let nodes = hosts.split(',').map(|host| {
        if host.contains(':') { format!("redis://{host}/") } else { format!("redis://{host}:26379/") }
    });
    let (username, password) = match login.map(|login| login.split_once(':').unwrap_or(("", login))) {
        Some((user, password)) => {
            (Some(user.to_owned()).filter(|user| !user.is_empty()), Some(password.to_owned()))
        }
        None => (None, None),
    };
    Some(Sentinel { nodes: nodes.collect(), master, username, password, db, tls })
}

static LOGIN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"([a-z+]+://)[^ \t\r\n"']*@"#).expect("the tests below use it"));
static SECRET_PARAMETER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"((?:pass|password|token)=)[^& \t\r\n]+").expect("the tests below use it"));

/// `redis://user:secret@host:6379/0` becomes `redis://*****@host:6379/0`, anywhere in `text`.
pub fn mask(text: &str) -> String {
    let text = LOGIN.replace_all(text, "${1}*****@");
    SECRET_PARAMETER.replace_all(&text, "${1}*****").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_survive() {
        for (url, masked) in [
            ("redis://:secret@host:6379/0", "redis://*****@host:6379/0"),
            ("redis://default:sec@ret@host:6379/0", "redis://*****@host:6379/0"),
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("unix:///run/redis.sock?pass=secret&db=1", "unix:///run/redis.sock?pass=*****&db=1"),
        ] {
            assert_eq!(mask(url), masked);
        }
        assert!(!mask("could not reach rediss://a:b@c:1 and redis://:x@y").contains(":b@"));
    }

    #[test]
    fn sentinels_are_read() {
        let server = parse("redis+sentinel://:pw@s1:26379,s2/mymaster/3").unwrap();
        let sentinel = server.sentinel.unwrap();
        assert_eq!(sentinel.nodes, ["redis://s1:26379/", "redis://s2:26379/"]);
        assert_eq!(
            (sentinel.master.as_str(), sentinel.db, sentinel.password.as_deref()),
            ("mymaster", 3, Some("pw"))
        );
        assert_eq!(server.masked, "redis+sentinel://*****@s1:26379,s2/mymaster/3");
    }

    #[test]
    fn what_cannot_be_read_is_named_without_the_secret() {
        for url in ["http://:secret@host", "redis+sentinel://:secret@host", "", "host:6379"] {
            let error = parse(url).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(parse("${{Redis.REDIS_URL}}").unwrap_err().contains("unresolved"));
    }
}

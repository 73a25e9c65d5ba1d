//! What can be wrong with Redis, by name, with the next thing to do about it.

use std::sync::LazyLock;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use regex::RegexSet;

use crate::config::redis_url::mask;

/// A named fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which.
    pub kind: Kind,
    /// The words of the server, the library or the system, secrets masked.
    pub detail: String,
}

/// The names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The name of the host does not resolve.
    NameNotFound,
    /// Nobody listens.
    Refused,
    /// No answer in time: black hole, half-open connection or a hanging server.
    NoAnswer,
    /// The connection broke.
    Dropped,
    /// The handshake failed.
    Tls,
    /// Password or user are wrong.
    WrongPassword,
    /// The server wants a password and got none.
    PasswordMissing,
    /// The user may not do what the worker needs.
    NotAllowed,
    /// Still reading its data.
    Loading,
    /// A replica: during a failover, or the wrong address.
    ReadOnly,
    /// Writes are refused for lack of memory.
    OutOfMemory,
    /// Writes are refused because the server cannot save.
    CannotSave,
    /// The replica lost its master, or the cluster is down.
    MasterDown,
    /// No sentinel knows the master.
    NoMaster,
    /// Too many clients.
    TooManyClients,
    /// Answers something that is not Redis.
    NotRedis,
    /// The server runs another client's long script.
    Busy,
    /// Anything else.
    Other,
}

static SIGNS: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i-u)failed to lookup address|name or service not known|no address associated|nodename nor servname|temporary failure in name",
        r"(?i-u)invalidcertificate|certificate|tls|handshake|corrupt message",
        r"(?i-u)WRONGPASS|invalid username-password|invalid password|AuthenticationFailed",
        r"NOAUTH|(?i-u)authentication required",
        r"MISCONF",
        r"(?i-u)OOM |out of memory|'maxmemory'",
        r"(?i-u)max number of clients",
        r"READONLY|(?i-u)read only replica",
        r"NOREPLICAS",
        r"^BUSY | BUSY ",
    ])
    .expect("the tests below use it")
});

const KIND_OF_SIGN: [Kind; 10] = [
    Kind::NameNotFound,
    Kind::Tls,
    Kind::WrongPassword,
    Kind::PasswordMissing,
    Kind::CannotSave,
    Kind::OutOfMemory,
    Kind::TooManyClients,
    Kind::ReadOnly,
    Kind::MasterDown,
    Kind::Busy,
];

impl Fault {
    /// Names an error of the library.
    pub fn of(error: &RedisError) -> Self {
        let detail = mask(&error.to_string());
        Self { kind: kind(error, &detail), detail }
    }

    /// A fault that was seen and not reported by the library.
    pub fn seen(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// Whether another connection may do better. The others are waited out on the same connection.
    pub fn breaks_connection(&self) -> bool {
        !matches!(
            self.kind,
            Kind::OutOfMemory | Kind::CannotSave | Kind::Busy | Kind::Other | Kind::NotAllowed
        )
    }

    /// Whether waiting and asking again can help. An error of the worker's own making never goes away.
    pub fn passes(&self) -> bool {
        self.kind != Kind::Other
    }
}

fn kind(error: &RedisError, detail: &str) -> Kind {
    if let Some(index) = SIGNS.matches(detail).iter().next() {
        return KIND_OF_SIGN[index];
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed => return Kind::WrongPassword,
        ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel
        | ErrorKind::EmptySentinelList => {
            return Kind::NoMaster;
        }
        ErrorKind::Parse => return Kind::NotRedis,
        ErrorKind::Server(kind) => match kind {
            ServerErrorKind::BusyLoading => return Kind::Loading,
            ServerErrorKind::ReadOnly => return Kind::ReadOnly,
            ServerErrorKind::MasterDown | ServerErrorKind::ClusterDown => return Kind::MasterDown,
            ServerErrorKind::NoPerm => return Kind::NotAllowed,
            _ => {}
        },
        _ => {}
    }
    if error.is_timeout() {
        Kind::NoAnswer
    } else if error.is_connection_refusal() {
        Kind::Refused
    } else if error.is_connection_dropped() || error.is_io_error() || error.is_unrecoverable_error() {
        Kind::Dropped
    } else {
        Kind::Other
    }
}

impl Kind {
    /// A word for logs, metrics and `/health`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NameNotFound => "name-not-found",
            Self::Refused => "connection-refused",
            Self::NoAnswer => "no-answer",
            Self::Dropped => "connection-dropped",
            Self::Tls => "tls-failed",
            Self::WrongPassword => "wrong-password",
            Self::PasswordMissing => "password-missing",
            Self::NotAllowed => "not-allowed",
            Self::Loading => "loading",
            Self::ReadOnly => "read-only",
            Self::OutOfMemory => "out-of-memory",
            Self::CannotSave => "cannot-save",
            Self::MasterDown => "master-down",
            Self::NoMaster => "no-master",
            Self::TooManyClients => "too-many-clients",
            Self::NotRedis => "not-redis",
            Self::Busy => "busy",
            Self::Other => "error",
        }
    }

    /// What a person does next.
    pub fn next_action(self) -> &'static str {
        match self {
            Self::NameNotFound => {
                "Check the host name in REDIS_URL; on Railway it is <service>.railway.internal in the same environment"
            }
            Self::Refused => {
                "Check that the Redis service runs and that host and port in REDIS_URL are its own"
            }
            Self::NoAnswer => {
                "Check that Redis is reachable from here and not stuck; nothing answered in time"
            }
            Self::Dropped => "Redis closed the connection or the network broke it; the worker connects again",
            Self::Tls => {
                "Check that REDIS_URL has rediss:// exactly when the server speaks TLS, and redis.ca_file for a private root"
            }
            Self::WrongPassword => {
                "Copy user and password from the Redis service, or reference it: ${{Redis.REDIS_URL}}"
            }
            Self::PasswordMissing => "Put the password into REDIS_URL: redis://default:<password>@host:port",
            Self::NotAllowed => {
                "Give the Redis user the commands RQ needs: ~* &* +@all -@dangerous +info +client"
            }
            Self::Loading => "Wait: Redis reads its data after a restart",
            Self::ReadOnly => "Wait for the failover, or point REDIS_URL at the primary",
            Self::OutOfMemory => "Raise maxmemory, or delete old results; writes are refused",
            Self::CannotSave => "Check the disk of Redis; it refuses writes because it cannot save",
            Self::MasterDown => "Wait for the failover; the replica has lost its master",
            Self::NoMaster => "Check the master's name in REDIS_URL and that a sentinel is reachable",
            Self::TooManyClients => "Raise maxclients or close idle clients",
            Self::NotRedis => "Check host and port in REDIS_URL: what answers is not Redis",
            Self::Busy => "Wait: Redis runs a long script of another client",
            Self::Other => "See the error",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.word(), self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: &str, detail: &str) -> RedisError {
        redis::make_extension_error(code.to_owned(), Some(detail.to_owned()))
    }

    #[test]
    fn faults_are_named() {
        for (error, kind) in [
            (server("WRONGPASS", "invalid username-password pair or user is disabled."), Kind::WrongPassword),
            (server("NOAUTH", "Authentication required."), Kind::PasswordMissing),
            (server("OOM", "command not allowed when used memory > 'maxmemory'."), Kind::OutOfMemory),
            (server("MISCONF", "Redis is configured to save RDB snapshots"), Kind::CannotSave),
            (server("READONLY", "You can't write against a read only replica."), Kind::ReadOnly),
            (std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into(), Kind::Refused),
            (std::io::Error::from(std::io::ErrorKind::ConnectionReset).into(), Kind::Dropped),
            (std::io::Error::from(std::io::ErrorKind::TimedOut).into(), Kind::NoAnswer),
            (
                std::io::Error::other("failed to lookup address information: Name or service not known")
                    .into(),
                Kind::NameNotFound,
            ),
            (std::io::Error::other("invalid peer certificate: UnknownIssuer").into(), Kind::Tls),
            (server("ERR", "max number of clients reached"), Kind::TooManyClients),
            (server("WRONGTYPE", "Operation against a key holding the wrong kind of value"), Kind::Other),
        ] {
            assert_eq!(Fault::of(&error).kind, kind, "{error}");
        }
    }
}

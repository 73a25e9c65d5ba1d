//! The connection to Redis: opened with a deadline, watched, and made again for ever once it has worked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, FromRedisValue, IntoConnectionInfo as _, RedisConnectionInfo, RedisError,
    RedisResult, TlsCertificates, TlsMode,
};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::fault::{Fault, Kind};
use super::scripts::Invocation;
use crate::backoff::Reconnect;
use crate::config::Server;
use crate::health::Vitals;

/// A command that has no answer for so long never gets one: the peer is gone, whatever TCP says.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// A working connection and the number of connections before it.
#[derive(Clone)]
pub struct Live {
    number: u64,
    /// For commands.
    pub connection: MultiplexedConnection,
}

impl Live {
    /// Counts up with every new connection.
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// What the server says of itself.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// `7.0.15`.
    pub version: String,
    /// `maxmemory_policy`.
    pub eviction: String,
    /// Our address as the server sees it.
    pub address: String,
}

impl About {
    /// Whether blocking moves are there (6.2).
    pub fn can_block(&self) -> bool {
        let mut parts = self.version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (6, 2)
    }
}

/// The way to Redis.
pub struct Link {
    server: Server,
    name: String,
    connect_timeout: Duration,
    vitals: Arc<Vitals>,
    live: watch::Sender<Option<Live>>,
    made: AtomicU64,
    /// What it refuses although it answers.
    refuses: Mutex<Option<Kind>>,
}

impl Link {
    /// Not connected yet. `name` is shown in `CLIENT LIST`.
    pub fn new(server: Server, name: String, connect_timeout: Duration, vitals: Arc<Vitals>) -> Self {
        Self {
            server,
            name,
            connect_timeout,
            vitals,
            live: watch::Sender::new(None),
            made: AtomicU64::new(0),
            refuses: Mutex::new(None),
        }
    }

    /// Where, without secrets.
    pub fn address(&self) -> &str {
        &self.server.masked
    }

    /// Opens and checks one connection; the fault has a name.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn connect(&self) -> Result<About, Fault> {
        let attempt = timeout(self.connect_timeout, self.open());
        let opened = attempt.await.unwrap_or_else(|_| {
            Err(Fault::seen(
                Kind::NoAnswer,
                format!("{} did not answer within {:?}", self.server.masked, self.connect_timeout),
            ))
        });
        match opened {
            Ok((connection, about)) => {
                let number = self.made.fetch_add(1, Ordering::Relaxed);
                self.vitals.connected();
                self.live.send_replace(Some(Live { number, connection }));
                Ok(about)
            }
            Err(fault) => {
                self.vitals.disconnected(fault.to_string());
                Err(fault)
            }
        }
    }

    async fn open(&self) -> Result<(MultiplexedConnection, About), Fault> {
        let mut connection = self.raw(ANSWER_WITHIN).await.map_err(|error| Fault::of(&error))?;
        let about = self.check(&mut connection).await?;
        Ok((connection, about))
    }

    /// A connection of one's own, such as for a blocking command that may take `answer_within`.
    pub async fn raw(&self, answer_within: Duration) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(answer_within));
        self.client().await?.get_multiplexed_async_connection_with_config(&config).await
    }

    /// A client for the master of the moment.
    pub async fn client(&self) -> RedisResult<Client> {
        let tcp = tcp();
        let certificates =
            self.server.ca.clone().map(|ca| TlsCertificates { client_tls: None, root_cert: Some(ca) });
        let Some(sentinel) = &self.server.sentinel else {
            let info = self.server.url.as_str().into_connection_info()?.set_tcp_settings(tcp);
            return match certificates {
                Some(certificates) => Client::build_with_tls(info, certificates),
                None => Client::open(info),
            };
        };
        let mut redis = RedisConnectionInfo::default().set_db(sentinel.db);
        if let Some(username) = &sentinel.username {
            redis = redis.set_username(username);
        }
        if let Some(password) = &sentinel.password {
            redis = redis.set_password(password);
        }
        let mut node =
            SentinelNodeConnectionInfo::default().set_redis_connection_info(redis).set_tcp_settings(tcp);
        if sentinel.tls {
            node = node.set_tls_mode(TlsMode::Secure);
        }
        let mut client = SentinelClient::build(
            sentinel.nodes.clone(),
            &sentinel.master,
            Some(node),
            SentinelServerType::Master,
        )?;
        client.async_get_client().await
    }

    async fn check(&self, connection: &mut MultiplexedConnection) -> Result<About, Fault> {
        let fault = |error: RedisError| Fault::of(&error);
        let info: String = redis::cmd("INFO").query_async(connection).await.map_err(fault)?;
        let field = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().trim().to_owned()
        };
        if field("loading") == "1" {
            return Err(Fault::seen(Kind::Loading, "Redis is loading the dataset in memory"));
        }
        if field("role") == "slave" {
            return Err(Fault::seen(Kind::ReadOnly, "this Redis is a replica"));
        }
        // Names are for people; a server without the command works as well.
        let _: RedisResult<()> =
            redis::cmd("CLIENT").arg("SETNAME").arg(&self.name).query_async(connection).await;
        let client: RedisResult<String> = redis::cmd("CLIENT").arg("INFO").query_async(connection).await;
        let address = client
            .unwrap_or_default()
            .split(' ')
            .find_map(|part| part.strip_prefix("addr="))
            .unwrap_or("unknown")
            .to_owned();
        Ok(About { version: field("redis_version"), eviction: field("maxmemory_policy"), address })
    }

    /// The connection; waits while there is none.
    pub async fn live(&self) -> Live {
        let mut watched = self.live.subscribe();
        match watched.wait_for(Option::is_some).await {
            Ok(live) => live.clone(),
            Err(_) => None,
        }
        .unwrap_or_else(|| unreachable!("the sender lives in this struct, and waited for a value"))
    }

    /// Whether there is a connection now.
    pub fn is_up(&self) -> bool {
        self.live.borrow().is_some()
    }

    /// Returns when a later connection than `live` was made: what ended that one may have taken others along in silence.
    pub async fn renewed(&self, live: &Live) {
        let later = |now: &Option<Live>| now.as_ref().is_some_and(|now| now.number > live.number);
        // The sender lives in this struct.
        let _ = self.live.subscribe().wait_for(later).await;
    }

    /// Tells that an answer was a fault; a broken connection is given up, once.
    pub fn report(&self, live: &Live, fault: &Fault) {
        self.vitals
            .metrics
            .faults
            .get_or_create(&crate::health::metrics::ReasonLabels { reason: fault.kind.word().to_owned() })
            .inc();
        if !fault.breaks_connection() {
            self.refused(fault);
            return;
        }
        let given_up = self.live.send_if_modified(|current| {
            let same = current.as_ref().is_some_and(|current| current.number == live.number);
            if same {
                *current = None;
            }
            same
        });
        if given_up {
            self.vitals.disconnected(fault.to_string());
            tracing::warn!(error = %fault, next_action = fault.kind.next_action(), "lost Redis at {}: {}", self.server.masked, fault.kind.word());
        }
    }

    /// One line when it begins to refuse, one when it stops.
    fn refused(&self, fault: &Fault) {
        self.vitals.refused(fault.to_string());
        let mut refuses = self.refuses.lock().unwrap_or_else(PoisonError::into_inner);
        if refuses.replace(fault.kind) != Some(fault.kind) {
            tracing::warn!(error = %fault, next_action = fault.kind.next_action(), "Redis at {} refuses: {}", self.server.masked, fault.kind.word());
        }
    }

    fn accepted(&self) {
        if self.refuses.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            self.vitals.connected();
            tracing::info!("Redis at {} accepts again", self.server.masked);
        }
    }

    /// Makes the connection again whenever it is lost, for ever.
    pub async fn keep(self: Arc<Self>) {
        let mut watched = self.live.subscribe();
        loop {
            if watched.wait_for(Option::is_none).await.is_err() {
                return;
            }
            let lost = std::time::Instant::now();
            let mut waits = Reconnect::new();
            let mut named = None;
            loop {
                match self.connect().await {
                    Ok(_) => break,
                    Err(fault) => {
                        // One line a kind of fault: an outage of an hour is not a thousand lines.
                        if named != Some(fault.kind) {
                            tracing::warn!(error = %fault, next_action = fault.kind.next_action(), "Redis at {} is away: {}", self.server.masked, fault.kind.word());
                            named = Some(fault.kind);
                        }
                    }
                }
                sleep(waits.next_wait()).await;
            }
            self.vitals.metrics.reconnects.inc();
            tracing::info!(
                away_seconds = lost.elapsed().as_secs_f64(),
                "Redis at {} answers again",
                self.server.masked
            );
        }
    }

    /// Runs a script once, on the connection of the moment.
    ///
    /// # Errors
    /// The fault, already reported. Whether the script ran is not known then.
    pub async fn run<T: FromRedisValue>(&self, invocation: &Invocation) -> Result<T, Fault> {
        let live = self.live().await;
        let mut connection = live.connection.clone();
        match invocation.on(&mut connection).await {
            Ok(answer) => {
                self.accepted();
                Ok(answer)
            }
            Err(error) => {
                let fault = Fault::of(&error);
                self.report(&live, &fault);
                Err(fault)
            }
        }
    }

    /// Runs a script until it has been written, through outages of any length. `build` is asked again for each attempt,
    /// so that the times in it are those of the attempt.
    ///
    /// # Errors
    /// Only what no waiting can mend.
    pub async fn write<T: FromRedisValue>(&self, build: impl Fn() -> Invocation) -> Result<T, Fault> {
        let mut waits = Reconnect::new();
        loop {
            match self.run(&build()).await {
                Ok(answer) => return Ok(answer),
                Err(fault) if fault.passes() => {
                    tracing::debug!(error = %fault, "a write is tried again");
                    sleep(waits.next_wait()).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }
}

/// Keepalive finds a peer that vanished without a word, even on a connection that only listens.
fn tcp() -> TcpSettings {
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(10))
        .with_interval(Duration::from_secs(5))
        .with_retries(3);
    TcpSettings::default().set_nodelay(true).set_keepalive(keepalive)
}

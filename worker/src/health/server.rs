//! The HTTP side of the probes.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use socket2::{Domain, Protocol, Socket, Type};

use super::Vitals;

/// A job loop that has not turned for so long never will.
const WEDGED: Duration = Duration::from_mins(1);

/// Binds the port and answers from a thread of its own, for as long as the process lives.
///
/// # Errors
/// The port cannot be bound.
pub fn start(port: u16, vitals: Arc<Vitals>) -> std::io::Result<()> {
    let listener = listen(port)?;
    std::thread::Builder::new().name("health".to_owned()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async move {
            tokio::spawn(watch(Arc::clone(&vitals)));
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            let _ = axum::serve(listener, router(vitals)).await;
        });
    })?;
    Ok(())
}

/// `[::]` takes IPv4 as well; a machine without IPv6 gets `0.0.0.0`.
fn listen(port: u16) -> std::io::Result<TcpListener> {
    let bind = |domain, address: SocketAddr| {
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if domain == Domain::IPV6 {
            socket.set_only_v6(false)?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(128)?;
        socket.set_nonblocking(true)?;
        Ok(TcpListener::from(socket))
    };
    bind(Domain::IPV6, (Ipv6Addr::UNSPECIFIED, port).into()).or_else(|error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            return Err(error);
        }
        bind(Domain::IPV4, (Ipv4Addr::UNSPECIFIED, port).into())
    })
}

fn router(vitals: Arc<Vitals>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(vitals)
}

async fn health(State(vitals): State<Arc<Vitals>>) -> impl IntoResponse {
    let (_, code) = vitals.status();
    json(code, vitals.body().to_string())
}

async fn live(State(vitals): State<Arc<Vitals>>) -> impl IntoResponse {
    let alive = vitals.still_for() < WEDGED;
    json(if alive { 200 } else { 503 }, format!("{{\"live\":{alive}}}"))
}

async fn ready(State(vitals): State<Arc<Vitals>>) -> impl IntoResponse {
    let ready = vitals.ready();
    json(if ready { 200 } else { 503 }, format!("{{\"ready\":{ready}}}"))
}

async fn metrics(State(vitals): State<Arc<Vitals>>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], vitals.metrics.text())
}

fn json(code: u16, body: String) -> impl IntoResponse {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (code, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body)
}

/// Nothing outside restarts a worker that hangs: the platform stops probing once a deployment is up.
async fn watch(vitals: Arc<Vitals>) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        if vitals.still_for() >= WEDGED {
            tracing::error!(
                next_action = "the platform restarts it",
                "the job loop hangs; ending the process"
            );
            crate::exit::at_once(crate::exit::INTERNAL);
        }
    }
}

/// Asks the worker on this machine; the body and whether it said 200.
///
/// # Errors
/// Nothing answers on the port.
pub fn ask(port: u16) -> std::io::Result<(bool, String)> {
    let limit = Duration::from_secs(5);
    let mut stream =
        [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))]
            .iter()
            .map(|address| TcpStream::connect_timeout(address, limit))
            .reduce(std::result::Result::or)
            .unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()))?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let good = answer.split_whitespace().nth(1) == Some("200");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((good, body.to_owned()))
}

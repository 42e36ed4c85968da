//! Accepting connections: with a bound on their number, deadlines on their headers, and a graceful end.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

use crate::peer::{Peer, PeerCounts};
use crate::proxies::TrustedProxies;
use crate::socket::watched;
use crate::tls::{LiveCertificate, handshake};

/// Connections that are open at once, those that shake hands among them; more wait to be accepted.
pub const MAX_CONNECTIONS: usize = 4_096;
/// How long the head of a request may take, and a connection be idle between requests.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// Header fields of one request.
const MAX_HEADERS: usize = 100;
/// Bytes of the head of one request: a token of 16 KiB and all that stands beside it.
const MAX_HEAD_SIZE_BYTES: usize = 48 * 1024;
/// How long nothing is accepted after accepting failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests in flight may take after the end was asked for.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(20);

/// Where clients come in.
pub struct Entrance {
    /// The socket that they connect to.
    pub listener: TcpListener,
    /// The certificate that they are shown; without one they speak plain HTTP.
    pub certificate: Option<Arc<LiveCertificate>>,
    /// Peers that may have any number of connections, since everybody is behind them.
    pub trusted_proxies: TrustedProxies,
}

impl From<TcpListener> for Entrance {
    /// Plain HTTP with nobody trusted.
    fn from(listener: TcpListener) -> Self {
        Self { listener, certificate: None, trusted_proxies: TrustedProxies::default() }
    }
}

/// How the end of the server went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every request in flight was answered.
    Completely,
    /// Some were cut off at [`DRAIN_DEADLINE`].
    CutOff,
}

/// One connection that was accepted.
struct Guest {
    stream: TcpStream,
    peer: Peer,
    router: Router,
    /// Tells it of the end, and the end of it.
    watcher: Watcher,
}

/// Serves until `end` resolves, then answers what is in flight and returns.
pub async fn serve(entrance: impl Into<Entrance>, router: Router, end: impl Future<Output = ()>) -> Drained {
    let Entrance { listener, certificate, trusted_proxies } = entrance.into();
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let peers = PeerCounts::default();
    let graceful = GracefulShutdown::new();
    let (ending, has_not_ended) = watch::channel(());
    let mut end = std::pin::pin!(end);
    loop {
        let accepted = tokio::select! {
            () = &mut end => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                // Out of file descriptors, say: trying again at once would only burn the processor.
                match tokio::time::timeout(ACCEPT_PAUSE, &mut end).await {
                    Ok(()) => break,
                    Err(_) => continue,
                }
            }
        };
        let Some(place) = peers.admit(peer, &trusted_proxies) else {
            tracing::debug!(%peer, "a connection beyond those that one address may have was closed");
            continue;
        };
        let guest = Guest { stream, peer, router: router.clone(), watcher: graceful.watcher() };
        let (certificate, has_not_ended) = (certificate.clone(), has_not_ended.clone());
        tokio::spawn(async move {
            if let Err(error) = guest.receive(certificate, has_not_ended).await {
                tracing::debug!("a connection broke off: {error}");
            }
            drop((place, permit));
        });
    }
    drop((listener, ending));
    match tokio::time::timeout(DRAIN_DEADLINE, graceful.shutdown()).await {
        Ok(()) => Drained::Completely,
        Err(_) => Drained::CutOff,
    }
}

/// The next connection, once there is room for one more.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let room = Arc::clone(connections).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, Peer(peer.ip()), room))
}

impl Guest {
    /// Shakes hands where there is a certificate, and answers requests. At the end, who still shakes hands has asked for nothing
    /// yet and is let go.
    async fn receive(
        self,
        certificate: Option<Arc<LiveCertificate>>,
        mut has_not_ended: watch::Receiver<()>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Self { stream, peer, router, watcher } = self;
        let Some(certificate) = certificate else {
            return Ok(watcher.watch(connection(watched(stream), peer, router)).await?);
        };
        let shaken = tokio::select! {
            // Fails when the other end is dropped, and nothing is ever sent.
            _ = has_not_ended.changed() => return Ok(()),
            shaken = handshake(stream, certificate.config()) => shaken?,
        };
        match shaken {
            Some(stream) => Ok(watcher.watch(connection(stream, peer, router)).await?),
            None => Ok(()),
        }
    }
}

fn connection<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: Peer,
    router: Router,
) -> http1::Connection<
    TokioIo<S>,
    TowerToHyperService<
        impl tower::Service<
            hyper::Request<Incoming>,
            Response = axum::response::Response,
            Error = std::convert::Infallible,
            Future = impl Send,
        > + Clone,
    >,
> {
    let service = router.map_request(move |request: hyper::Request<Incoming>| -> Request {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_SIZE_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}

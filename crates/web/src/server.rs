//! Accepting connections: with a bound on their number, deadlines on their headers, and a graceful end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

use crate::peer::{Peer, PeerCounts};

/// Connections that are open at once; more wait to be accepted.
pub const MAX_CONNECTIONS: usize = 4_096;
/// How long the head of a request may take, and a connection be idle between requests.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// How long a client may leave what was written to it unread.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// Header fields of one request.
const MAX_HEADERS: usize = 100;
/// Bytes of the head of one request: a token of 16 KiB and all that stands beside it.
const MAX_HEAD_SIZE_BYTES: usize = 48 * 1024;
/// How long nothing is accepted after accepting failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests in flight may take after the end was asked for.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(20);

/// Bytes to and from a client, which must read what it is sent.
type Stream = TokioIo<Pin<Box<TimeoutStream<TcpStream>>>>;

/// How the end of the server went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every request in flight was answered.
    Completely,
    /// Some were cut off at [`DRAIN_DEADLINE`].
    CutOff,
}

/// Serves until `end` resolves, then answers what is in flight and returns.
pub async fn serve(listener: TcpListener, router: Router, end: impl Future<Output = ()>) -> Drained {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let peers = PeerCounts::default();
    let graceful = GracefulShutdown::new();
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
        let Some(place) = peers.admit(peer) else {
            tracing::debug!(%peer, "a connection beyond those that one address may have was closed");
            continue;
        };
        let connection = graceful.watch(connection(stream, peer, router.clone()));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection broke off: {error}");
            }
            drop((place, permit));
        });
    }
    drop(listener);
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

fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
) -> http1::Connection<
    Stream,
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
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_DEADLINE));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_SIZE_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service))
}

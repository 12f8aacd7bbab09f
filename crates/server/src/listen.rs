//! A port for HTTP, with limits on the callers, their number, and the time that a connection may be silent.
//!
//! Connections without a valid token are strangers': counted by address, bounded in all, and the first to
//! make way when others need the room. A client that leaves something out (a byte, a header, a handshake, an
//! acknowledgement) cannot hold a connection for long.

mod activity;
mod answer;
pub mod descriptors;
mod open_connections;
mod opening;
mod service;
mod stream;
mod turns;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use sideroom_rpc::connection::Connection as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

pub use activity::IdleLimits;
pub use open_connections::OpenConnections;
pub use service::PortConfig;

use crate::metrics;
use crate::shutdown::{Phase, Shutdown};
use crate::tls::Acceptor;
use crate::turn::{self, Relay};
use answer::answer;
use opening::{Opening, Reread};
use service::Service;
use stream::{ConnectionState, Stream};
use turns::Turns;

/// Headers of one request at most, HTTP/1 and HTTP/2 alike.
pub const HEADER_BYTES: u32 = 16 * 1_024;
/// Requests at once on one connection. A watch is one.
const STREAMS: u32 = 200;
/// The most bytes of one request, and of one connection, that a client may send before they are read.
const STREAM_WINDOW: u32 = 64 * 1_024;
const CONNECTION_WINDOW: u32 = 256 * 1_024;
/// Whether a silent peer is still there is asked so often, and it has as long to answer.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Time for requests under way on a connection that is overdue.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The system has no descriptor for another connection: one may be free after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections taken in a row, before everything else that is ready has run.
const IN_A_ROW: usize = 16;

/// Serves `router` from now on. With `shutdown` until the server closes.
pub fn open(door: PortConfig, listener: TcpListener, router: Router, shutdown: Option<&Shutdown>) {
    let service = Arc::new(Service {
        door,
        router,
        turns: Turns::new(),
        shutdown: shutdown.cloned(),
    });
    tokio::spawn(accept(listener, service));
}

async fn accept(listener: TcpListener, service: Arc<Service>) {
    let mut closing = pin!(service.closing());
    let mut in_a_row = 0;
    loop {
        if in_a_row == IN_A_ROW {
            in_a_row = 0;
            yield_now().await;
        }
        in_a_row += 1;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut closing => return,
        };
        match accepted {
            Ok((tcp, peer)) => service.admit(tcp, peer),
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(name = service.door.name, %error, "no connection can be taken");
                sleep(PAUSE).await;
            }
        }
    }
}

impl Service {
    fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        let reached = self.shutdown.as_ref().map(|it| it.reached(Phase::Closing));
        async move {
            match reached {
                Some(reached) => reached.await,
                None => std::future::pending().await,
            }
        }
    }

    fn admit(self: &Arc<Self>, tcp: TcpStream, peer: SocketAddr) {
        let Ok(guest) = ConnectionState::new(&self.door.guests, peer.ip()) else {
            return metrics::connection_cut("refused");
        };
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "a connection answers with delay");
        }
        let stream = Stream::new(tcp, Arc::clone(&guest));
        tokio::spawn(Arc::clone(self).receive(stream, guest, peer));
    }

    /// Serves a connection once something has come that is worth its buffers: this future is all that a
    /// silent one holds, so later ones are boxed.
    async fn receive(
        self: Arc<Self>,
        stream: Stream,
        guest: Arc<ConnectionState>,
        peer: SocketAddr,
    ) {
        let opening = match &self.door.tls {
            Some(_) => Opening::Handshake,
            None => Opening::Request,
        };
        let Some(stream) = self.opened(opening, stream).await else {
            return;
        };
        match &self.door.tls {
            Some(acceptor) => Box::pin(self.receive_tls(acceptor, stream, guest, peer)).await,
            None => Box::pin(Arc::clone(&self).tell_apart(stream, guest, peer, None)).await,
        }
    }

    /// Answers a TLS handshake that has begun, then serves the connection.
    async fn receive_tls(
        self: &Arc<Self>,
        acceptor: &Acceptor,
        stream: Reread<Stream>,
        guest: Arc<ConnectionState>,
        peer: SocketAddr,
    ) {
        let handshake = Box::pin(acceptor.accept(stream));
        match timeout(self.door.patience.headers, handshake).await {
            Ok(Ok(stream)) => {
                let shown = acceptor.shown(&stream);
                let withdrawn = shown.map(|shown| {
                    guest.shows(shown.certificate());
                    Box::pin(shown.withdrawn()) as Withdrawn
                });
                if let Some(stream) = Box::pin(self.opened(Opening::Request, stream)).await {
                    Box::pin(Arc::clone(self).tell_apart(stream, guest, peer, withdrawn)).await;
                }
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
            Err(_) => metrics::connection_cut("overdue"),
        }
    }

    /// Waits for the first bytes; `None` if the connection ends without them.
    async fn opened<S>(&self, opening: Opening, stream: S) -> Option<Reread<S>>
    where
        S: AsyncRead + Unpin,
    {
        tokio::select! {
            opened = opening.read(stream) => opened,
            () = self.closing() => None,
            () = sleep(self.door.patience.headers) => {
                metrics::connection_cut("overdue");
                None
            }
        }
    }

    /// Serves HTTP or TURN, by the first byte.
    async fn tell_apart<S>(
        self: Arc<Self>,
        stream: Reread<S>,
        guest: Arc<ConnectionState>,
        peer: SocketAddr,
        withdrawn: Option<Withdrawn>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let begins_as_turn = stream.first().is_some_and(Relay::begins_with);
        let relay = self.door.turn.as_ref().filter(|_| begins_as_turn);
        let Some(relay) = relay else {
            return Box::pin(self.serve(stream, guest, peer, withdrawn)).await;
        };
        // With too many clients it stays a stranger's, which makes way for others.
        let allocated = || {
            let _ = guest.joined();
        };
        let served = Box::pin(turn::serve_stream(relay, stream, peer, allocated));
        let ended = tokio::select! {
            ended = served => ended,
            () = self.closing() => turn::Ending::Closed,
        };
        match ended {
            turn::Ending::Closed => {}
            turn::Ending::NotTurn => metrics::turn_refused("not_turn"),
            turn::Ending::Overdue => metrics::turn_refused("overdue"),
        }
    }

    async fn serve<S>(
        self: Arc<Self>,
        stream: S,
        guest: Arc<ConnectionState>,
        peer: SocketAddr,
        mut withdrawn: Option<Withdrawn>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.turns.take().await;
        let (service, of) = (Arc::clone(&self), Arc::clone(&guest));
        let answers = service_fn(move |request| {
            answer(Arc::clone(&service), (Arc::clone(&of), peer), request)
        });
        let builder = builder();
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), answers);
        let mut connection = pin!(connection);
        let mut closing = pin!(self.closing());
        let patience = &self.door.patience;
        let mut reason = "overdue";
        while let Some(left) = guest.activity.remaining(patience) {
            tokio::select! {
                // It ended, or became a socket: that one keeps its guest.
                _ = connection.as_mut() => return,
                () = &mut closing => {
                    connection.as_mut().graceful_shutdown();
                    drop(connection.await);
                    return;
                }
                () = until(&mut withdrawn) => {
                    reason = "certificate";
                    break;
                }
                // Looks again: the activity, and with it the time left, may have changed meanwhile.
                () = sleep(left.min(patience.headers)) => {}
            }
        }
        metrics::connection_cut(reason);
        connection.as_mut().graceful_shutdown();
        if timeout(LAST_WORDS, connection).await.is_err() {
            guest.cut();
        }
    }
}

/// Resolves when the certificate of a connection's client is not valid any more.
type Withdrawn = Pin<Box<dyn Future<Output = ()> + Send>>;

async fn until(withdrawn: &mut Option<Withdrawn>) {
    match withdrawn {
        Some(withdrawn) => withdrawn.await,
        None => std::future::pending().await,
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // The watchdog of `serve` keeps the time of HTTP/1.
    builder.http1().max_buf_size(HEADER_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_EVERY)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // For WebSockets over HTTP/2 (RFC 8441).
        .enable_connect_protocol();
    builder
}

/// Errors of `accept` that are the connection's, not the listener's.
fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

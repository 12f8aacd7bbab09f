//! The bytes of one connection, with its place among the guests: it ends when it has to make way.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use axum::http::HeaderMap;
use sideroom_rpc::auth::ShownCertificate;
use sideroom_rpc::connection::{self, Connection};
use sideroom_rpc::crowd::{Full, Member};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::activity::Activity;
use super::open_connections::{ConnectionRank, OpenConnections};
use crate::metrics;

/// The state of a connection. It lives as long as the connection's stream, also as a socket.
pub(super) struct ConnectionState {
    guests: OpenConnections,
    /// Address of the client; behind a proxy that of the present request's client.
    from: Mutex<IpAddr>,
    peer: IpAddr,
    cut: Arc<Cut>,
    pub(super) activity: Arc<Activity>,
    standing: Mutex<ConnectionRank>,
    /// True from the first join on this connection until it is closed.
    joined: AtomicBool,
    /// The certificate that its client has shown.
    certificate: OnceLock<Arc<ShownCertificate>>,
}

/// Ends a stream from outside.
#[derive(Default)]
struct Cut {
    cut: AtomicBool,
    reader: Mutex<Option<Waker>>,
}

impl Cut {
    fn reader(&self) -> MutexGuard<'_, Option<Waker>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member for Cut {
    fn make_way(&self) {
        if !self.cut.swap(true, Ordering::AcqRel) {
            metrics::connection_cut("make_way");
        }
        if let Some(reader) = self.reader().take() {
            reader.wake();
        }
    }
}

impl ConnectionState {
    /// A stranger's connection, if there is room for it.
    pub(super) fn new(guests: &OpenConnections, from: IpAddr) -> Result<Arc<Self>, Full> {
        let cut = Arc::new(Cut::default());
        let standing = guests.stranger(from, cut.clone())?;
        Ok(Arc::new(Self {
            guests: guests.clone(),
            from: Mutex::new(from),
            peer: from,
            cut,
            activity: Arc::new(Activity::new()),
            standing: Mutex::new(standing),
            joined: AtomicBool::new(false),
            certificate: OnceLock::new(),
        }))
    }

    /// Keeps the certificate that the client has shown in the handshake.
    pub(super) fn shows(&self, certificate: &Arc<ShownCertificate>) {
        self.certificate.get_or_init(|| Arc::clone(certificate));
    }

    /// The certificate that the client has shown.
    pub(super) fn certificate(&self) -> Option<&Arc<ShownCertificate>> {
        self.certificate.get()
    }

    fn from(&self) -> IpAddr {
        *self.from.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a stranger's connection from a proxy by the address that the proxy names for its request. Fails
    /// if that address has no place: the request is to be refused.
    pub(super) fn name(&self, headers: &HeaderMap) -> Result<(), Full> {
        let client = self.guests.proxies().client(self.peer, headers);
        if client == self.from() {
            return Ok(());
        }
        let mut standing = self.standing();
        if matches!(*standing, ConnectionRank::Stranger { .. }) {
            let moved = self.guests.stranger(client, self.cut.clone())?;
            let before = std::mem::replace(&mut *standing, moved);
            drop(standing);
            drop(before);
        }
        *self.from.lock().unwrap_or_else(PoisonError::into_inner) = client;
        Ok(())
    }

    /// Ends the connection.
    pub(super) fn cut(&self) {
        self.cut.make_way();
    }

    /// True if nobody has shown a valid token here, or only with earlier requests.
    pub(super) fn is_strange(&self) -> bool {
        matches!(*self.standing(), ConnectionRank::Stranger { .. })
    }

    /// Called when no request is being answered any more: the client counts as a stranger again, so that one
    /// token cannot hold idle connections.
    pub(super) fn idle(&self) {
        if self.joined.load(Ordering::Relaxed)
            || !matches!(*self.standing(), ConnectionRank::Client { .. })
        {
            return;
        }
        match self.guests.stranger(self.from(), self.cut.clone()) {
            Ok(stranger) => drop(std::mem::replace(&mut *self.standing(), stranger)),
            Err(_) => self.cut(),
        }
    }

    fn standing(&self) -> MutexGuard<'_, ConnectionRank> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection for ConnectionState {
    fn known(&self, standing: connection::CallerKind) -> bool {
        let new = match (standing, &*self.standing()) {
            (_, ConnectionRank::Operator { .. }) => return true,
            (connection::CallerKind::Client, ConnectionRank::Client { .. }) => return true,
            (connection::CallerKind::Operator, _) => Some(self.guests.operator()),
            (connection::CallerKind::Client, _) => self.guests.client(),
        };
        let Some(new) = new else {
            metrics::connection_cut("full");
            return false;
        };
        drop(std::mem::replace(&mut *self.standing(), new));
        true
    }

    fn joined(&self) -> bool {
        let fits = self.known(connection::CallerKind::Client);
        self.joined.store(fits, Ordering::Relaxed);
        fits
    }
}

/// A connection's bytes.
pub(super) struct Stream {
    tcp: TcpStream,
    guest: Arc<ConnectionState>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, guest: Arc<ConnectionState>) -> Self {
        Self { tcp, guest }
    }

    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        self.guest.activity.written(written.is_pending());
        written
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(context, buffer);
        if read.is_pending() {
            *self.guest.cut.reader() = Some(context.waker().clone());
        } else if buffer.filled().len() > before {
            self.guest.activity.read();
        }
        // Looked at after the waker is left, so that no cut is missed.
        if self.guest.cut.cut.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, bytes);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

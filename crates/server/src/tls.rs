//! TLS for the HTTP and gRPC ports, and the certificates that callers show.
//!
//! Handshakes run beside each other, and [`listen`](crate::listen) bounds their number and time, so that an
//! unfinished handshake keeps no other client waiting. The files can be read again while the server runs: new
//! connections then use the files as read last.

mod files;
mod verified_chain;

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

pub use files::TlsError;
pub use verified_chain::VerifiedChain;

use crate::config::TlsConfig;

/// The TLS configuration of both ports, replaced when the files are read again. Clones share it.
#[derive(Clone)]
pub struct Tls(watch::Sender<Arc<TlsFiles>>);

/// The certificates and keys, as read from the files.
pub struct TlsFiles {
    server: Arc<ServerConfig>,
    /// For gRPC, if its clients have to show a certificate.
    callers: Option<Callers>,
}

struct Callers {
    server: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Tls {
    /// `None` if no certificate is configured.
    pub fn read(config: &TlsConfig) -> Result<Option<Self>, TlsError> {
        let read = files::read(config)?;
        Ok(read.map(|read| Self(watch::Sender::new(Arc::new(read)))))
    }

    /// Replaces certificates, authority and revocations at once. Connections whose client's certificate is
    /// not valid any more end.
    pub fn replace(&self, read: TlsFiles) {
        self.0.send_replace(Arc::new(read));
    }

    /// The port for browsers and clients.
    pub fn http(&self) -> Acceptor {
        Acceptor {
            read: self.0.subscribe(),
            asks: false,
        }
    }

    /// The port for signaling servers.
    pub fn grpc(&self) -> Acceptor {
        Acceptor {
            read: self.0.subscribe(),
            asks: true,
        }
    }
}

impl TlsFiles {
    /// Reads everything; `None` if no certificate is configured.
    pub fn files(config: &TlsConfig) -> Result<Option<Self>, TlsError> {
        files::read(config)
    }
}

/// Accepts TLS handshakes on one port, with the files as read last.
#[derive(Clone)]
pub struct Acceptor {
    read: watch::Receiver<Arc<TlsFiles>>,
    /// Clients have to show a certificate, if there is an authority.
    asks: bool,
}

impl Acceptor {
    /// Begins a handshake.
    pub fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Accept<S> {
        let read = self.read.borrow();
        let callers = read.callers.as_ref().filter(|_| self.asks);
        let server = callers.map_or(&read.server, |callers| &callers.server);
        TlsAcceptor::from(Arc::clone(server)).accept(stream)
    }

    /// The certificate that the client of a connection has shown.
    pub fn shown<S>(&self, stream: &TlsStream<S>) -> Option<VerifiedChain> {
        let chain = stream.get_ref().1.peer_certificates()?;
        VerifiedChain::new(self.read.clone(), chain)
    }
}

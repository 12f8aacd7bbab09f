//! TLS for the HTTP and gRPC ports, and callers who are known by their certificate.
//!
//! Handshakes run beside each other, and [`listen`](crate::listen) bounds their number and time, so that a
//! client that never finishes its own keeps nobody else waiting.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use sideroom_rpc::auth::{ApiClaims, Keyring};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

use crate::clock;
use crate::config::TlsConfig;

/// How long a token lives that stands for a certificate: for one request.
const TOKEN_LIFE_S: u64 = 60;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or is not PEM.
    #[error("{key}: {path}: {source}")]
    File {
        /// Which key of the configuration.
        key: &'static str,
        /// Which file.
        path: String,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// Certificate and key cannot be used.
    #[error("tls.certificate_file: {0}")]
    Unusable(#[from] rustls::Error),
    /// The authority's certificate cannot be used.
    #[error("tls.client_authority_file: {0}")]
    Authority(#[from] VerifierBuilderError),
}

/// What both ports need, read once.
#[derive(Clone)]
pub struct Tls {
    server: Arc<ServerConfig>,
    /// The same, but only for clients with a certificate of the authority.
    known_clients: Option<Arc<ServerConfig>>,
}

impl Tls {
    /// `None` if no certificate is configured.
    pub fn read(config: &TlsConfig) -> Result<Option<Self>, TlsError> {
        if config.certificate_file.is_empty() {
            return Ok(None);
        }
        let server = Arc::new(server_config(config, None)?);
        let known_clients = match config.client_authority_file.as_str() {
            "" => None,
            path => Some(Arc::new(server_config(config, Some(path))?)),
        };
        Ok(Some(Self {
            server,
            known_clients,
        }))
    }

    /// True if clients of gRPC are known by their certificate.
    pub fn knows_clients(&self) -> bool {
        self.known_clients.is_some()
    }

    /// The port for browsers and clients.
    pub fn http(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.server))
    }

    /// The port for signaling servers.
    pub fn grpc(&self) -> TlsAcceptor {
        let config = self.known_clients.as_ref().unwrap_or(&self.server);
        TlsAcceptor::from(Arc::clone(config))
    }
}

fn server_config(config: &TlsConfig, authority: Option<&str>) -> Result<ServerConfig, TlsError> {
    let certificates = certificates("tls.certificate_file", &config.certificate_file)?;
    let key = PrivateKeyDer::from_pem_file(&config.key_file)
        .map_err(|source| file_error("tls.key_file", &config.key_file, source))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match authority {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in self::certificates("tls.client_authority_file", path)? {
                roots.add(certificate)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build()?)
        }
    };
    let mut server = builder.with_single_cert(certificates, key)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(server)
}

fn certificates(key: &'static str, path: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(Path::new(path))
        .and_then(Iterator::collect)
        .map_err(|source| file_error(key, path, source))
}

fn file_error(key: &'static str, path: &str, source: pem::Error) -> TlsError {
    TlsError::File {
        key,
        path: path.to_owned(),
        source,
    }
}

/// Lets a caller without a token speak as the first API key. Only for a port whose every client has
/// shown a certificate of the authority.
pub async fn known_by_certificate(
    State(keyring): State<Arc<Keyring>>,
    mut request: Request,
    next: Next,
) -> Response {
    if !request.headers().contains_key(header::AUTHORIZATION)
        && let Some(value) = token(&keyring)
    {
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    next.run(request).await
}

fn token(keyring: &Keyring) -> Option<HeaderValue> {
    let claims = ApiClaims::new(clock::unix_ms() / 1_000 + TOKEN_LIFE_S);
    let token = keyring.mint_api(keyring.minting_key()?, &claims).ok()?;
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

//! From the configured files to what rustls needs, with an answer for every mistake.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

use super::{Callers, TlsFiles};
use crate::config::TlsConfig;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or is not PEM.
    #[error("{key}: {path}: {source}")]
    File {
        /// The key of the configuration that names the file.
        key: &'static str,
        path: String,
        source: pem::Error,
    },
    /// A file holds nothing of the kind that it should.
    #[error("{key}: {path}: there is no {missing} in this file")]
    Empty {
        /// The key of the configuration that names the file.
        key: &'static str,
        path: String,
        /// The kind of content that the file should hold.
        missing: &'static str,
    },
    /// Certificate and key cannot be used.
    #[error("tls.certificate_file: {0}")]
    Unusable(#[from] rustls::Error),
    /// The authority's certificate or its revocation lists cannot be used.
    #[error("tls.client_authority_file, tls.client_revocation_file: {0}")]
    Authority(#[from] VerifierBuilderError),
    /// Ports change from plain to TLS, or back, with a restart only.
    #[error("tls.certificate_file: whether the ports speak TLS is decided at the start; restart")]
    SwitchedOver,
}

/// Reads everything; `None` if no certificate is configured.
pub(super) fn read(config: &TlsConfig) -> Result<Option<TlsFiles>, TlsError> {
    if config.certificate_file.is_empty() {
        return Ok(None);
    }
    let server = Arc::new(server_config(config, None)?);
    let callers = match config.client_authority_file.as_str() {
        "" => None,
        authority => {
            let verifier = verifier(authority, &config.client_revocation_file)?;
            let server = server_config(config, Some(Arc::clone(&verifier)))?;
            Some(Callers {
                server: Arc::new(server),
                verifier,
            })
        }
    };
    Ok(Some(TlsFiles { server, callers }))
}

fn server_config(
    config: &TlsConfig,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<ServerConfig, TlsError> {
    let chain = certificates("tls.certificate_file", &config.certificate_file)?;
    let key = PrivateKeyDer::from_pem_file(&config.key_file)
        .map_err(|source| file_error("tls.key_file", &config.key_file, source))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match verifier {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let mut server = builder.with_single_cert(chain, key)?;
    server.alpn_protocols = vec![
        b"h2".to_vec(),
        b"http/1.1".to_vec(),
        // RFC 7443: TURN on the same port. Most clients name no protocol, and their first byte tells.
        b"stun.turn".to_vec(),
        // RFC 8833: browsers name it for connections of WebRTC, those to TURN included.
        b"webrtc".to_vec(),
        b"c-webrtc".to_vec(),
    ];
    Ok(server)
}

/// Verifies the chains of callers. Revocation lists are for the callers' own certificates; one without a list
/// of its issuer is not revoked.
fn verifier(authority: &str, revocations: &str) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("tls.client_authority_file", authority)? {
        roots.add(certificate)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    if !revocations.is_empty() {
        builder = builder
            .with_crls(lists(revocations)?)
            .only_check_end_entity_revocation()
            .allow_unknown_revocation_status();
    }
    Ok(builder.build()?)
}

fn certificates(key: &'static str, path: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    all(key, path, "certificate")
}

fn lists(path: &str) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    all("tls.client_revocation_file", path, "revocation list")
}

fn all<T: PemObject>(
    key: &'static str,
    path: &str,
    missing: &'static str,
) -> Result<Vec<T>, TlsError> {
    let found: Vec<T> = T::pem_file_iter(Path::new(path))
        .and_then(Iterator::collect)
        .map_err(|source| file_error(key, path, source))?;
    match found.is_empty() {
        false => Ok(found),
        true => Err(TlsError::Empty {
            key,
            path: path.to_owned(),
            missing,
        }),
    }
}

fn file_error(key: &'static str, path: &str, source: pem::Error) -> TlsError {
    TlsError::File {
        key,
        path: path.to_owned(),
        source,
    }
}

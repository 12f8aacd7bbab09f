//! The certificate that the client of one connection has shown.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use sideroom_rpc::auth::ShownCertificate;
use tokio::sync::watch;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};

use super::TlsFiles;

/// A certificate chain that the handshake has verified.
pub struct VerifiedChain {
    read: watch::Receiver<Arc<TlsFiles>>,
    chain: Vec<CertificateDer<'static>>,
    certificate: Arc<ShownCertificate>,
}

impl VerifiedChain {
    /// `None` for a chain without a certificate that can be read, which no handshake leaves behind.
    pub(super) fn new(
        read: watch::Receiver<Arc<TlsFiles>>,
        chain: &[CertificateDer<'static>],
    ) -> Option<Self> {
        let own = chain.first()?;
        let parsed = webpki::EndEntityCert::try_from(own).ok()?;
        let names = parsed.valid_dns_names().chain(parsed.valid_uri_names());
        let names = names.map(str::to_owned).collect();
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, own).as_ref());
        Some(Self {
            read,
            chain: chain.to_vec(),
            certificate: Arc::new(ShownCertificate { names, fingerprint }),
        })
    }

    /// The names and the fingerprint of the certificate.
    pub fn certificate(&self) -> &Arc<ShownCertificate> {
        &self.certificate
    }

    /// Resolves when the files were read again and the certificate does not pass any more: it is revoked or
    /// has expired, or the authority is another one.
    pub async fn withdrawn(mut self) {
        while self.read.changed().await.is_ok() {
            let read = Arc::clone(&self.read.borrow_and_update());
            if !self.passes(&read) {
                return;
            }
        }
        // The files are not read again.
        std::future::pending::<()>().await;
    }

    fn passes(&self, read: &TlsFiles) -> bool {
        let (Some(callers), [own, others @ ..]) = (&read.callers, self.chain.as_slice()) else {
            return false;
        };
        let verified = callers
            .verifier
            .verify_client_cert(own, others, UnixTime::now());
        verified.is_ok()
    }
}

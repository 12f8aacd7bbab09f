//! Per-certificate state that the handshakes of all participants share.

use super::{classic, modern};

/// The engines' configuration, made once for each certificate.
pub(crate) struct Prepared {
    pub(super) modern: modern::Prepared,
    pub(super) classic: classic::Prepared,
}

impl Prepared {
    pub(crate) fn new(certificate: &[u8], pkcs8: &[u8]) -> Option<Self> {
        Some(Self {
            modern: modern::Prepared::new(certificate, pkcs8)?,
            classic: classic::Prepared::new(certificate, pkcs8)?,
        })
    }
}

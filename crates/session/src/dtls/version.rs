//! Versions of DTLS: those allowed, and the negotiated one.

/// The allowed versions of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum DtlsVersions {
    /// 1.3 with those who offer it, unless that would cost them AEAD media: a 1.3 server here takes the
    /// client's first protection profile, a 1.2 server its own preference.
    #[default]
    Auto,
    /// 1.2 only: for clients with an RSA certificate that offer 1.3, where the server cannot check it.
    Only12,
    /// 1.3 only.
    Only13,
}

/// The version that a handshake ended with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DtlsVersion {
    /// DTLS 1.2 (RFC 6347).
    V12,
    /// DTLS 1.3 (RFC 9147).
    V13,
}

//! The server's certificate for handshakes, and fingerprints, which identify a peer's certificate (RFC 8122).
//! Names, dates and chains are not checked.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::agreement::{self, PrivateKey};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SerialNumber};
use thiserror::Error;

use crate::dtls::Prepared;

/// A certificate cannot be made or used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// The seed is no private key; all but one in 2^32 are, so take another.
    #[error("the seed makes no private key: take another")]
    Seed,
    /// The key is neither ECDSA P-256 nor RSA, or not in PKCS #8.
    #[error("the key is neither ECDSA P-256 nor RSA in PKCS #8: convert it")]
    Key,
    /// The certificate cannot be made.
    #[error("the certificate cannot be made: {0}")]
    Certificate(String),
}

/// A certificate with its key, and whatever the handshakes of all participants share. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    key: Vec<u8>,
    fingerprint: Fingerprint,
    prepared: Prepared,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate")
            .field(&self.0.fingerprint)
            .finish()
    }
}

impl Certificate {
    /// Makes a self-signed certificate with an ECDSA P-256 key from 32 random bytes, which become the
    /// private key and must be kept as secret.
    /// The signature is random, so each call makes another certificate: keep the bytes, not the seed.
    pub fn generate(seed: &[u8; 32]) -> Result<Self, CertificateError> {
        let private = PrivateKey::from_private_key(&agreement::ECDH_P256, seed)
            .map_err(|_| CertificateError::Seed)?;
        let public = private
            .compute_public_key()
            .map_err(|_| CertificateError::Seed)?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            seed,
            public.as_ref(),
        )
        .map_err(|_| CertificateError::Seed)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| CertificateError::Seed)?;
        Self::self_signed(pkcs8.as_ref())
    }

    /// Makes a self-signed certificate for an existing private key in PKCS #8 (DER): ECDSA P-256, or
    /// RSA, which only a client may have here.
    pub fn self_signed(pkcs8: &[u8]) -> Result<Self, CertificateError> {
        let key = KeyPair::try_from(pkcs8).map_err(|_| CertificateError::Key)?;
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "Sideroom");
        params.distinguished_name = name;
        // The serial number is derived, so that only the signature uses ambient randomness.
        let serial = digest::digest(&digest::SHA256, key.public_key_raw());
        params.serial_number = serial
            .as_ref()
            .get(..15)
            .map(|bytes| SerialNumber::from_slice(&[&[1], bytes].concat()));
        let certificate = params
            .self_signed(&key)
            .map_err(|error| CertificateError::Certificate(error.to_string()))?;
        Self::from_der(certificate.der().to_vec(), pkcs8.to_vec())
    }

    /// A certificate (DER) with its private key (PKCS #8, DER).
    pub fn from_der(certificate: Vec<u8>, pkcs8: Vec<u8>) -> Result<Self, CertificateError> {
        let prepared = Prepared::new(&certificate, &pkcs8).ok_or(CertificateError::Key)?;
        Ok(Self(Arc::new(Inner {
            fingerprint: Fingerprint::of(FingerprintHash::Sha256, &certificate),
            der: certificate,
            key: pkcs8,
            prepared,
        })))
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The private key in PKCS #8 (DER), to keep the certificate over a restart.
    pub fn private_key(&self) -> &[u8] {
        &self.0.key
    }

    /// The SHA-256 fingerprint, for the session description.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.0.fingerprint
    }

    pub(crate) fn prepared(&self) -> &Prepared {
        &self.0.prepared
    }
}

/// The hash functions that a fingerprint may be made with. SHA-1 and MD5 are refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FingerprintHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl FingerprintHash {
    const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    const fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// The hash of a certificate.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    hash: FingerprintHash,
    digest: Vec<u8>,
}

impl Fingerprint {
    /// The fingerprint of this certificate (DER).
    pub fn of(hash: FingerprintHash, certificate: &[u8]) -> Self {
        Self {
            hash,
            digest: digest::digest(hash.algorithm(), certificate)
                .as_ref()
                .to_vec(),
        }
    }

    /// True if `certificate` (DER) is the one that is meant.
    pub fn matches(&self, certificate: &[u8]) -> bool {
        Self::of(self.hash, certificate) == *self
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hash.name())?;
        let mut separator = ' ';
        for byte in &self.digest {
            write!(f, "{separator}{byte:02X}")?;
            separator = ':';
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// No fingerprint that can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a fingerprint is sha-256, sha-384 or sha-512 and as many pairs of hexadecimal digits as it has"
)]
pub struct NoFingerprint;

/// Reads the value of an `a=fingerprint` line.
impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let (name, digits) = text.trim().split_once(' ').ok_or(NoFingerprint)?;
        let hash = match name.to_ascii_lowercase().as_str() {
            "sha-256" => FingerprintHash::Sha256,
            "sha-384" => FingerprintHash::Sha384,
            "sha-512" => FingerprintHash::Sha512,
            _ => return Err(NoFingerprint),
        };
        let digest: Vec<u8> = digits
            .trim()
            .split(':')
            .map(|pair| {
                let is_pair = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
                is_pair
                    .then(|| u8::from_str_radix(pair, 16).ok())
                    .flatten()
                    .ok_or(NoFingerprint)
            })
            .collect::<Result<_, _>>()?;
        if digest.len() != hash.algorithm().output_len() {
            return Err(NoFingerprint);
        }
        Ok(Self { hash, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_known_by_its_fingerprint_in_every_hash() {
        let certificate = Certificate::generate(&[3; 32]).expect("a key");
        let other = Certificate::generate(&[4; 32]).expect("a key");
        for hash in [
            FingerprintHash::Sha256,
            FingerprintHash::Sha384,
            FingerprintHash::Sha512,
        ] {
            let fingerprint = Fingerprint::of(hash, certificate.der());
            let read: Fingerprint = fingerprint.to_string().parse().expect("its own text");
            assert_eq!(read, fingerprint);
            assert!(read.matches(certificate.der()) && !read.matches(other.der()));
        }
        assert!(certificate.fingerprint().matches(certificate.der()));
    }

    #[test]
    fn a_certificate_survives_being_stored() {
        let made = Certificate::generate(&[3; 32]).expect("a key");
        let loaded = Certificate::from_der(made.der().to_vec(), made.private_key().to_vec());
        assert_eq!(
            loaded.expect("it was made").fingerprint(),
            made.fingerprint()
        );
        assert_eq!(
            Certificate::from_der(made.der().to_vec(), vec![1, 2, 3]).err(),
            Some(CertificateError::Key)
        );
    }

    #[test]
    fn zero_is_no_private_key() {
        assert_eq!(
            Certificate::generate(&[0; 32]).err(),
            Some(CertificateError::Seed)
        );
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        let good = Fingerprint::of(FingerprintHash::Sha256, b"x").to_string();
        assert!(good.to_lowercase().parse::<Fingerprint>().is_ok());
        let short = &good[..good.len() - 3];
        let weak = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB";
        for bad in [
            "",
            "sha-256",
            "sha-256 ",
            short,
            weak,
            "sha-256 +1:+2",
            "sha-256 é",
        ] {
            assert_eq!(bad.parse::<Fingerprint>(), Err(NoFingerprint), "{bad}");
        }
    }
}

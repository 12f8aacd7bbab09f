//! Client certificates of signaling servers: named in the configuration, each an actor of its own.
//!
//! The listener verifies the chain. Here is decided whom a verified certificate speaks for.

use std::borrow::Cow;

use sideroom_control::KeyId;

use super::{KeyError, Keyring, Operator, Scope};
use crate::error::ApiError;

/// How the configuration names a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CertificateName {
    /// A DNS name or URI among its subject alternative names.
    Alternative(String),
    /// The SHA-256 of the whole certificate.
    Fingerprint([u8; 32]),
}

/// A client certificate of a signaling server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedCertificate {
    /// The public name of the actor: in the journal and for limits. No API key has the same.
    pub id: String,
    /// The name or fingerprint that tells this certificate from others.
    pub name: CertificateName,
    pub scopes: Vec<Scope>,
}

/// A client certificate shown on a connection; the listener has verified the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownCertificate {
    /// DNS names and URIs among its subject alternative names.
    pub names: Vec<String>,
    /// The SHA-256 of the whole certificate.
    pub fingerprint: [u8; 32],
}

impl NamedCertificate {
    fn is(&self, shown: &ShownCertificate) -> bool {
        match &self.name {
            CertificateName::Fingerprint(fingerprint) => *fingerprint == shown.fingerprint,
            // DNS names have no case (RFC 4343); URIs are compared as they are.
            CertificateName::Alternative(name) if name.contains(':') => shown.names.contains(name),
            CertificateName::Alternative(name) => {
                shown.names.iter().any(|one| one.eq_ignore_ascii_case(name))
            }
        }
    }
}

impl Keyring {
    /// Adds certificates to the keys.
    pub fn with_certificates(
        mut self,
        certificates: Vec<NamedCertificate>,
    ) -> Result<Self, KeyError> {
        let mut ids: Vec<&String> = self.signers.keys().collect();
        for NamedCertificate { id, .. } in &certificates {
            if KeyId::new(id).is_err() {
                return Err(KeyError::IdTooLong(id.clone()));
            }
            if ids.contains(&id) {
                return Err(KeyError::Twice(id.clone()));
            }
            ids.push(id);
        }
        self.certificates = certificates;
        Ok(self)
    }

    /// The operator that a certificate speaks for.
    pub fn certified(&self, shown: &ShownCertificate) -> Result<Operator, ApiError> {
        let named = find(&self.certificates, shown)
            .map_err(|why| ApiError::Unauthenticated(Cow::Owned(why)))?;
        Ok(Operator {
            key_id: named.id.clone(),
            scopes: named.scopes.clone(),
        })
    }

    /// The key that signs client tokens for `operator`: the operator's own, or for a certificate, which has none, the
    /// first key that may mint.
    pub fn signing_key_of<'a>(&'a self, operator: &'a Operator) -> Option<&'a str> {
        match self.signers.contains_key(&operator.key_id) {
            true => Some(&operator.key_id),
            false => self.minting_key(),
        }
    }

    /// True if the key or certificate `id` of `before` is here as well and opens `scope`.
    pub(super) fn still_opens(&self, before: &Self, id: &str, scope: Scope) -> bool {
        let certificate = |ring: &Self| {
            let found = ring.certificates.iter().find(|one| one.id == id);
            found.map(|one| (one.name.clone(), one.scopes.contains(&scope)))
        };
        let of_key = match (before.signers.get(id), self.signers.get(id)) {
            (Some(old), Some(new)) => {
                old.secret_sha256 == new.secret_sha256 && new.scopes.contains(&scope)
            }
            _ => false,
        };
        let named_then = certificate(before).map(|(name, _)| name);
        let of_certificate = certificate(self)
            .is_some_and(|(name, opens)| opens && named_then.as_ref() == Some(&name));
        of_key || of_certificate
    }
}

/// Finds the one that is meant. A fingerprint says more than a name; two names of one certificate that are
/// two actors say nothing.
fn find<'a>(
    named: &'a [NamedCertificate],
    shown: &ShownCertificate,
) -> Result<&'a NamedCertificate, String> {
    let mut matching = named.iter().filter(|one| one.is(shown));
    let by_fingerprint = matching
        .clone()
        .find(|one| matches!(one.name, CertificateName::Fingerprint(_)));
    match (by_fingerprint, matching.next(), matching.next()) {
        (Some(one), ..) | (None, Some(one), None) => Ok(one),
        (None, Some(one), Some(other)) => Err(format!(
            "this client certificate is both `{}` and `{}` of auth.certificates; name it by its \
             fingerprint, {}",
            one.id,
            other.id,
            hex(&shown.fingerprint)
        )),
        (None, None, _) => Err(format!(
            "this client certificate is not named in auth.certificates; add it with fingerprint = \
             \"{}\" or by one of its names, or send a token",
            hex(&shown.fingerprint)
        )),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

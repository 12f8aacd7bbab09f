//! From the configured keys to those that the front ends verify with. Secrets are read here, once, and
//! shown nowhere.

use sideroom_rpc::auth::{
    ApiKey as Key, CertificateName, Keyring, NamedCertificate, Scope, TokenRules,
};

use super::{ApiKey, ClientCertificate, Config};

/// Why there are no keys to verify with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A `secret_file` cannot be read.
    #[error("auth.keys: the secret of `{id}` cannot be read from {path}: {source}")]
    Unreadable {
        id: String,
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A scope that nothing needs.
    #[error(
        "{key}: `{id}` has the unknown scope `{scope}`; there are {}",
        known_scopes()
    )]
    UnknownScope {
        /// Where in the configuration.
        key: &'static str,
        /// The id of the key or certificate.
        id: String,
        scope: String,
    },
    /// A fingerprint that is none.
    #[error(
        "auth.certificates: the fingerprint of `{id}` is not a SHA-256, 64 hexadecimal digits; \
         `openssl x509 -noout -fingerprint -sha256 -in FILE` prints it"
    )]
    BadFingerprint {
        /// The id of the certificate.
        id: String,
    },
    /// The keys cannot be used together.
    #[error("auth: {0}")]
    Unusable(#[from] sideroom_rpc::auth::KeyError),
}

fn known_scopes() -> String {
    Scope::ALL.map(Scope::name).join(", ")
}

impl Config {
    /// The keys that tokens are verified with.
    pub fn keyring(&self) -> Result<Keyring, KeysError> {
        let keys = self
            .auth
            .keys
            .iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        let rules = TokenRules {
            clock_skew_s: self.auth.clock_skew_s.into(),
            max_client_life_s: self.auth.max_token_life_s.into(),
            max_api_life_s: self.auth.max_api_token_life_s.into(),
        };
        let certificates = self
            .auth
            .certificates
            .iter()
            .map(named)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Keyring::with_rules(keys, rules)?.with_certificates(certificates)?)
    }
}

fn read(key: &ApiKey) -> Result<Key, KeysError> {
    Ok(Key {
        id: key.id.clone(),
        secret: secret(key)?,
        scopes: scopes("auth.keys", &key.id, &key.scopes)?,
    })
}

fn named(certificate: &ClientCertificate) -> Result<NamedCertificate, KeysError> {
    let ClientCertificate {
        id,
        name,
        fingerprint,
        scopes: names,
    } = certificate;
    let name = match fingerprint.is_empty() {
        true => CertificateName::Alternative(name.clone()),
        false => {
            let bytes = bytes_of(fingerprint);
            let bytes = bytes.ok_or_else(|| KeysError::BadFingerprint { id: id.clone() })?;
            CertificateName::Fingerprint(bytes)
        }
    };
    Ok(NamedCertificate {
        id: id.clone(),
        name,
        scopes: scopes("auth.certificates", id, names)?,
    })
}

/// A SHA-256 in hexadecimal digits, with or without colons between its bytes.
fn bytes_of(fingerprint: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = fingerprint
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes: Vec<u8> = digits?
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    let even = fingerprint.chars().filter(|c| *c != ':').count() == 64;
    bytes.try_into().ok().filter(|_| even)
}

/// The scopes of these names; none means all.
fn scopes(key: &'static str, id: &str, names: &[String]) -> Result<Vec<Scope>, KeysError> {
    if names.is_empty() {
        return Ok(Scope::ALL.to_vec());
    }
    let scopes = names.iter().map(|scope| {
        Scope::named(scope).ok_or_else(|| KeysError::UnknownScope {
            key,
            id: id.to_owned(),
            scope: scope.clone(),
        })
    });
    scopes.collect()
}

fn secret(key: &ApiKey) -> Result<String, KeysError> {
    if key.secret_file.is_empty() {
        return Ok(key.secret.clone());
    }
    let text = std::fs::read_to_string(&key.secret_file);
    let text = text.map_err(|source| KeysError::Unreadable {
        id: key.id.clone(),
        path: key.secret_file.clone(),
        source,
    })?;
    // Editors end files with a line break, which is no part of the secret.
    Ok(text.trim_end().to_owned())
}

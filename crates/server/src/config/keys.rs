//! From the configured keys to those that the front ends verify with. Secrets are read here, once, and
//! shown nowhere.

use sideroom_rpc::auth::{ApiKey as Key, Keyring, Scope, TokenRules};

use super::{ApiKey, Config};

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
        "auth.keys: `{id}` has the unknown scope `{scope}`; there are {}",
        known_scopes()
    )]
    UnknownScope {
        /// Which key.
        id: String,
        scope: String,
    },
    /// The keys cannot be used together.
    #[error("auth.keys: {0}")]
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
        Ok(Keyring::with_rules(keys, rules)?)
    }
}

fn read(key: &ApiKey) -> Result<Key, KeysError> {
    let scopes = key.scopes.iter().map(|scope| {
        Scope::named(scope).ok_or_else(|| KeysError::UnknownScope {
            id: key.id.clone(),
            scope: scope.clone(),
        })
    });
    let scopes = scopes.collect::<Result<Vec<_>, _>>()?;
    Ok(Key {
        id: key.id.clone(),
        secret: secret(key)?,
        scopes: if scopes.is_empty() {
            Scope::ALL.to_vec()
        } else {
            scopes
        },
    })
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

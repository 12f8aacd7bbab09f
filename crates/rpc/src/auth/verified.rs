//! Tokens whose signature was found right: a signaling server sends the same one with every call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

/// Tokens that are kept. More begin anew: an attacker can add none, as each has a right signature.
const MOST: usize = 1_024;

/// The content of tokens, by their digest, so that neither a look at the memory nor the time of a comparison tells a
/// token. Belongs to one keyring: a key that is withdrawn takes its tokens with it.
pub(super) struct VerifiedTokens<T>(Mutex<HashMap<Vec<u8>, Arc<T>>>);

impl<T> VerifiedTokens<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    pub(super) fn find(&self, token: &str) -> Option<Arc<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(digest(&SHA256, token.as_bytes()).as_ref()).cloned()
    }

    pub(super) fn keep(&self, token: &str, content: T) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        let key = digest(&SHA256, token.as_bytes()).as_ref().to_vec();
        all.insert(key, Arc::new(content));
    }
}

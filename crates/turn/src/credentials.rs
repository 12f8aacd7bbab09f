//! Credentials with a time limit. The user name holds the expiry and the user, the password is its HMAC under the
//! server's secret, so the server keeps no list of credentials.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

/// The realm of all credentials. Short: it is in answers to strangers.
pub(crate) const REALM: &str = "sideroom";
/// The longest user name that is looked at (RFC 8489 section 14.3).
const MAX_USERNAME: usize = 508;

/// The key that credentials are made with.
#[derive(Clone)]
pub struct Secret(hmac::Key);

/// A user name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The time of its end in seconds since 1970, a colon, and the user.
    pub username: String,
    pub password: String,
}

impl fmt::Debug for Secret {
    /// Never shows the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl fmt::Debug for Credentials {
    /// Never shows the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A user name that is well-formed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Username<'a> {
    pub(crate) whole: &'a str,
    pub(crate) expires_unix_s: u64,
    pub(crate) user: &'a str,
}

impl<'a> Username<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MAX_USERNAME {
            return None;
        }
        let whole = std::str::from_utf8(bytes).ok()?;
        let (expires, user) = whole.split_once(':')?;
        Some(Self {
            whole,
            expires_unix_s: expires.parse().ok()?,
            user,
        })
    }
}

impl Secret {
    /// At least 20 bytes of chance.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, bytes))
    }

    pub(crate) fn credentials(&self, user: &str, expires_unix_s: u64) -> Credentials {
        let username = format!("{expires_unix_s}:{user}");
        let password = self.password(&username);
        Credentials { username, password }
    }

    fn password(&self, username: &str) -> String {
        STANDARD.encode(hmac::sign(&self.0, username.as_bytes()))
    }

    /// The key that messages of this user are signed with.
    pub(crate) fn key_of(&self, username: &str) -> hmac::Key {
        long_term_key(username, REALM, &self.password(username))
    }

    /// Another key, for another purpose.
    pub(crate) fn derive(&self, purpose: &[u8]) -> hmac::Key {
        let bytes = hmac::sign(&self.0, purpose);
        hmac::Key::new(hmac::HMAC_SHA256, bytes.as_ref())
    }
}

/// The key of long-term credentials (RFC 8489 section 9.2.2).
pub(crate) fn long_term_key(username: &str, realm: &str, password: &str) -> hmac::Key {
    let key = Md5::digest(format!("{username}:{realm}:{password}"));
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_says_until_when() {
        let parsed = Username::parse(b"1700000000:room/ada:2").expect("well-formed");
        assert_eq!(
            (parsed.expires_unix_s, parsed.user),
            (1_700_000_000, "room/ada:2")
        );
        for odd in [
            &b"ada"[..],
            b":ada",
            b"-1:ada",
            b"x:ada",
            b"1\xff:ada",
            &[b'1'; 600],
        ] {
            assert_eq!(Username::parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let secret = Secret::new(&[b's'; 32]);
        let credentials = secret.credentials("ada", 5);
        let printed = format!("{secret:?} {credentials:?}");
        assert!(
            !printed.contains(&credentials.password) && !printed.contains("ssss"),
            "{printed}"
        );
    }
}

//! Nonces that expire. A nonce holds the expiry, and an HMAC over expiry and client address, so the server keeps no
//! list of nonces.

use std::net::SocketAddr;
use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use sideroom_route::Time;

use crate::credentials::Secret;

/// How long a nonce is good.
const LIFE: Duration = Duration::from_secs(600);
/// Hexadecimal digits: 8 of the time, 16 of the HMAC.
const LENGTH: usize = 24;

/// The key of all nonces.
#[derive(Debug)]
pub(crate) struct NonceKey(hmac::Key);

impl NonceKey {
    pub(crate) fn of(secret: &Secret) -> Self {
        Self(secret.derive(b"nonces"))
    }

    pub(crate) fn make(&self, now: Time, client: SocketAddr) -> String {
        self.of_end(seconds(now + LIFE), client)
    }

    pub(crate) fn is_good(&self, now: Time, client: SocketAddr, nonce: &[u8]) -> bool {
        let end = nonce.get(..8).and_then(|end| std::str::from_utf8(end).ok());
        let Some(end) = end.and_then(|end| u32::from_str_radix(end, 16).ok()) else {
            return false;
        };
        let expected = self.of_end(end, client);
        let same = constant_time::verify_slices_are_equal(expected.as_bytes(), nonce).is_ok();
        same && seconds(now) <= end
    }

    fn of_end(&self, end: u32, client: SocketAddr) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&end.to_be_bytes());
        context.update(client.to_string().as_bytes());
        let tag = context.sign();
        let mut nonce = format!("{end:08x}");
        for byte in tag.as_ref().iter().take((LENGTH - 8) / 2) {
            nonce += &format!("{byte:02x}");
        }
        nonce
    }
}

fn seconds(time: Time) -> u32 {
    u32::try_from(time.as_millis() / 1_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_its_client_and_its_time() {
        let key = NonceKey::of(&Secret::new(&[1; 32]));
        let now = Time::from_millis(5_000);
        let client: SocketAddr = "192.0.2.1:5000".parse().expect("an address");
        let other: SocketAddr = "192.0.2.1:5001".parse().expect("an address");
        let nonce = key.make(now, client);
        assert_eq!(nonce.len(), LENGTH);
        assert!(key.is_good(now + LIFE, client, nonce.as_bytes()));
        assert!(!key.is_good(
            now + LIFE + Duration::from_secs(1),
            client,
            nonce.as_bytes()
        ));
        assert!(!key.is_good(now, other, nonce.as_bytes()));
        let later = NonceKey::of(&Secret::new(&[2; 32]));
        assert!(!later.is_good(now, client, nonce.as_bytes()));
        for odd in [
            &b""[..],
            b"zzzzzzzz",
            &nonce.as_bytes()[..23],
            b"ffffffff0123456789abcdef",
        ] {
            assert!(!key.is_good(now, client, odd), "{odd:?}");
        }
    }
}

//! Randomness, from the system: the one place of the control plane that draws any.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use sideroom_session::IceCredentials;

/// A random number.
pub(crate) fn draw() -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("invariant: the system has randomness");
    u64::from_le_bytes(bytes)
}

/// Credentials for one transport: the name finds it, the password proves it (RFC 8445 section 5.3 asks
/// for 24 and 128 bits).
pub(super) fn credentials() -> IceCredentials {
    IceCredentials {
        ufrag: letters(8),
        password: letters(24),
    }
}

fn letters(count: usize) -> String {
    const ICE_CHARS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = vec![0; count];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("invariant: the system has randomness");
    bytes
        .iter()
        .map(|byte| {
            char::from(
                ICE_CHARS
                    .get(usize::from(byte & 63))
                    .copied()
                    .unwrap_or(b'A'),
            )
        })
        .collect()
}

//! The clock and the dice of the front ends, which are adapters: nothing that decides is in here.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[expect(clippy::disallowed_methods, reason = "an adapter brings the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Seconds since the Unix epoch.
pub(crate) fn unix_s() -> u64 {
    unix_ms() / 1000
}

/// Milliseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "an adapter brings the clock")]
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// 128 random bits that cannot be guessed, in hexadecimal.
pub(crate) fn secret() -> String {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("invariant: the system has randomness");
    hex(&bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

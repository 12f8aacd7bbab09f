//! The one place of this crate that asks what time it is.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock for durations.
#[expect(
    clippy::disallowed_methods,
    reason = "the server is an adapter: it brings the clock"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// A clock for journals and people: milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the server is an adapter: it brings the clock"
)]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

//! The arrival of a datagram.

use std::time::Duration;

use sideroom_route::Time;

/// When a datagram is looked at, and how long it waited for that.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub(super) now: Time,
    pub(super) waited: Option<Duration>,
}

impl Arrival {
    /// When the packet had left the server.
    pub(super) fn left(self) -> Time {
        let waited = self.waited.unwrap_or_default();
        let waited = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        Time::from_micros(self.now.as_micros().saturating_sub(waited))
    }
}

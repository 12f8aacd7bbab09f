//! The two clocks of a room.

use std::time::Duration;

use sideroom_control::UnixMillis;
use sideroom_route::Time;

/// The moment of an input, on both clocks: spans are measured on the first, which never jumps; people and
/// journals see the second.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// The monotonic clock.
    pub at: Time,
    /// The time of day.
    pub wall: UnixMillis,
}

impl Now {
    /// When the calendar will show `wall`, if it does not jump.
    pub(crate) fn when(self, wall: UnixMillis) -> Time {
        self.at + Duration::from_millis(wall.since(self.wall))
    }
}

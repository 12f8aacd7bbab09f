//! Which events a receiver wants.

use sideroom_store::OutgoingEvent;

/// By the room's name and by the event's type; empty lists let everything through.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Prefixes of the names of rooms.
    pub(super) rooms: Vec<String>,
    pub(super) kinds: Vec<String>,
}

impl Filter {
    pub(super) fn wants(&self, event: &OutgoingEvent) -> bool {
        let room = self.rooms.is_empty()
            || self
                .rooms
                .iter()
                .any(|prefix| event.room.starts_with(prefix));
        room && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }
}

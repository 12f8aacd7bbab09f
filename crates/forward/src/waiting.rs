//! Slots that are routed to a track which has no source on this worker: its publisher has not connected, or the track
//! is not routed yet. They are found again when it comes, without a look at all routes of the room.

use std::collections::BTreeSet;

use sideroom_route::TrackId;

/// At most one entry for each slot.
#[derive(Debug, Default)]
pub(crate) struct WaitingSlots(BTreeSet<(TrackId, u32)>);

impl WaitingSlots {
    /// A slot waits for a track, if there is one.
    pub(crate) fn insert(&mut self, track: Option<TrackId>, slot: u32) {
        if let Some(track) = track {
            self.0.insert((track, slot));
        }
    }

    /// A slot waits no longer for the track, if it did.
    pub(crate) fn remove(&mut self, track: Option<TrackId>, slot: u32) {
        if let Some(track) = track {
            self.0.remove(&(track, slot));
        }
    }

    /// The slots that wait for a track.
    pub(crate) fn slots(&self, track: TrackId) -> impl Iterator<Item = u32> + '_ {
        let waiting = self.0.range((track, 0)..=(track, u32::MAX));
        waiting.map(|(_, slot)| *slot)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    #[test]
    fn slots_are_found_by_the_track_that_they_wait_for() {
        let [one, other] = [1, 2].map(|index| TrackId::new(RoomId(1), index));
        let mut waiting = WaitingSlots::default();
        for (track, slot) in [(Some(one), 7), (Some(other), 3), (Some(one), 0), (None, 9)] {
            waiting.insert(track, slot);
        }
        assert_eq!(waiting.slots(one).collect::<Vec<_>>(), [0, 7]);
        waiting.remove(Some(one), 0);
        waiting.remove(None, 7);
        assert_eq!(waiting.slots(one).collect::<Vec<_>>(), [7]);
        assert_eq!(waiting.len(), 2);
    }
}

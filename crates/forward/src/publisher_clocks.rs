//! Offsets of the publishers' clocks.

use sideroom_route::ParticipantId;

use crate::ids::IdMap;

/// The offset of each publisher's wall clock from ours, in microseconds: the smallest difference seen, since the
/// fastest report is the most exact. All tracks of a publisher share one offset, so sound and picture stay
/// together in every slot, and reports of one slot never jump when another publisher's source comes in.
#[derive(Debug, Default)]
pub(crate) struct PublisherClocks(IdMap<ParticipantId, i64>);

impl PublisherClocks {
    pub(crate) fn learn(&mut self, publisher: ParticipantId, behind_us: i64) {
        let known = self.0.entry(publisher).or_insert(behind_us);
        *known = behind_us.min(*known);
    }

    pub(crate) fn forget(&mut self, publisher: ParticipantId) {
        self.0.remove(&publisher);
    }

    pub(crate) fn behind_us(&self, publisher: ParticipantId) -> Option<i64> {
        self.0.get(&publisher).copied()
    }
}

//! The state of one room in the plane.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use sideroom_forward::IngressConfig;
use sideroom_route::{ParticipantId, RoomId, RoutePlan, SlotId, TrackId, WorkerId};

use crate::rankings::{LayerMasks, Rankings};
use crate::relays::Relays;

/// See the module.
#[derive(Debug)]
pub(crate) struct RoomMedia {
    /// The table that the workers have, once they have carried out their orders.
    pub(crate) plan: RoutePlan,
    /// The open routes, counted by track and worker.
    pub(crate) relays: Relays,
    /// How each track is wired, for the workers that it is relayed to.
    pub(crate) wired: HashMap<TrackId, IngressConfig>,
    /// The workers that each track crosses to.
    pub(crate) crossing: BTreeMap<TrackId, Vec<WorkerId>>,
    /// The active talkers, as each worker ranks them.
    pub(crate) rankings: Rankings,
    /// The layers that each worker wants.
    pub(crate) masks: LayerMasks,
}

impl RoomMedia {
    pub(crate) fn new(room: RoomId, workers: usize) -> Self {
        Self {
            plan: RoutePlan::empty(room),
            relays: Relays::new(workers),
            wired: HashMap::new(),
            crossing: BTreeMap::new(),
            rankings: Rankings::default(),
            masks: LayerMasks::default(),
        }
    }

    /// Removes the wiring of a publisher's tracks. Returns each track with the workers that received it by relay.
    pub(crate) fn unwire(&mut self, publisher: ParticipantId) -> Vec<(TrackId, Vec<WorkerId>)> {
        let theirs = self
            .wired
            .iter()
            .filter(|(_, config)| config.publisher == publisher);
        let mut tracks: Vec<_> = theirs.map(|(track, _)| *track).collect();
        tracks.sort_unstable();
        let removed = tracks.into_iter().map(|track| {
            self.wired.remove(&track);
            self.masks.forget(track);
            (track, self.crossing.remove(&track).unwrap_or_default())
        });
        removed.collect()
    }
}

/// Every slot that a participant can have.
pub(crate) fn slots_of(participant: ParticipantId) -> RangeInclusive<(ParticipantId, SlotId)> {
    let first = SlotId::audio(0);
    let last = SlotId::video(u8::MAX);
    (participant, first)..=(participant, last)
}

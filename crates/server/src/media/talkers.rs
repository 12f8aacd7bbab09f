//! Merges the active talkers of a group whose publishers are on several workers: each worker ranks those that
//! it hears first-hand.

use std::collections::{BTreeMap, HashMap};

use sideroom_route::{GroupId, RoomId, TrackId, WorkerId};

/// Tracks with their scores, the best first.
type Ranking = Vec<(TrackId, u16)>;

/// The last ranking of every worker.
#[derive(Debug, Default)]
pub struct TalkerLists {
    lists: HashMap<(RoomId, GroupId), BTreeMap<WorkerId, Ranking>>,
}

impl TalkerLists {
    /// Takes a worker's ranking, gives the group's.
    pub fn merge(
        &mut self,
        worker: WorkerId,
        room: RoomId,
        group: GroupId,
        ranked: Vec<(TrackId, u16)>,
    ) -> Vec<TrackId> {
        let lists = self.lists.entry((room, group)).or_default();
        if ranked.is_empty() {
            lists.remove(&worker);
        } else {
            lists.insert(worker, ranked);
        }
        let mut merged: Vec<_> = lists.values().flatten().copied().collect();
        merged.sort_by_key(|(track, score)| (std::cmp::Reverse(*score), *track));
        if lists.is_empty() {
            self.lists.remove(&(room, group));
        }
        merged.into_iter().map(|(track, _)| track).collect()
    }

    /// Forgets a room that is closed.
    pub fn forget(&mut self, room: RoomId) {
        self.lists.retain(|(held, _), _| *held != room);
    }
}

/// The layers that each worker wants of a track: the publisher gets their union.
#[derive(Debug, Default)]
pub struct LayerMasks {
    masks: HashMap<TrackId, BTreeMap<WorkerId, u8>>,
}

impl LayerMasks {
    /// Takes in one worker's layers, and returns the union.
    pub fn merge(&mut self, worker: WorkerId, track: TrackId, layers: u8) -> u8 {
        let masks = self.masks.entry(track).or_default();
        masks.insert(worker, layers);
        masks.values().fold(0, |all, mask| all | mask)
    }

    /// Forgets a room that is closed.
    pub fn forget(&mut self, room: RoomId) {
        self.masks.retain(|track, _| track.room() != room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_several_workers_become_one_by_score() {
        let room = RoomId(1);
        let track = |index| TrackId::new(room, index);
        let mut lists = TalkerLists::default();
        let parent = GroupId::Parent;
        lists.merge(
            WorkerId(0),
            room,
            parent,
            vec![(track(1), 90), (track(2), 10)],
        );
        let merged = lists.merge(WorkerId(1), room, parent, vec![(track(3), 40)]);
        assert_eq!(merged, [track(1), track(3), track(2)]);
        let merged = lists.merge(WorkerId(0), room, parent, Vec::new());
        assert_eq!(merged, [track(3)]);
    }

    #[test]
    fn a_layer_is_wanted_as_long_as_any_worker_wants_it() {
        let track = TrackId::new(RoomId(1), 3);
        let mut masks = LayerMasks::default();
        assert_eq!(masks.merge(WorkerId(0), track, 0b001), 0b001);
        assert_eq!(masks.merge(WorkerId(1), track, 0b100), 0b101);
        assert_eq!(masks.merge(WorkerId(0), track, 0), 0b100);
    }
}

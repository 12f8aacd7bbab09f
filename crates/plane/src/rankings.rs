//! Reports that are merged over the workers of a room: active talkers, and wanted layers.

use std::collections::BTreeMap;

use sideroom_route::{GroupId, TrackId, WorkerId};

/// Tracks with their scores, the best first.
type Ranking = Vec<(TrackId, u16)>;

/// The last ranking of each group by each worker, which ranks only publishers on that worker.
#[derive(Debug, Default)]
pub(crate) struct Rankings {
    lists: BTreeMap<GroupId, BTreeMap<WorkerId, Ranking>>,
}

impl Rankings {
    /// Replaces a worker's ranking of a group.
    pub(crate) fn set(&mut self, worker: WorkerId, group: GroupId, ranked: Ranking) {
        let lists = self.lists.entry(group).or_default();
        if ranked.is_empty() {
            lists.remove(&worker);
        } else {
            lists.insert(worker, ranked);
        }
        if lists.is_empty() {
            self.lists.remove(&group);
        }
    }

    /// The ranking of a group over all workers, without entries that are `valid` no longer.
    pub(crate) fn merged(
        &self,
        group: GroupId,
        valid: impl Fn(WorkerId, TrackId) -> bool,
    ) -> Vec<TrackId> {
        let mut merged = Vec::new();
        for (worker, ranking) in self.lists.get(&group).into_iter().flatten() {
            let tracks = ranking.iter().copied();
            merged.extend(tracks.filter(|(track, _)| valid(*worker, *track)));
        }
        merged.sort_by_key(|(track, score)| (std::cmp::Reverse(*score), *track));
        merged.into_iter().map(|(track, _)| track).collect()
    }

    /// Forgets a worker, and gives the groups that it had ranked.
    pub(crate) fn forget_worker(&mut self, worker: WorkerId) -> Vec<GroupId> {
        let mut changed = Vec::new();
        self.lists.retain(|group, lists| {
            if lists.remove(&worker).is_some() {
                changed.push(*group);
            }
            !lists.is_empty()
        });
        changed
    }
}

/// The layers of each track that each worker wants, and the sum that its publisher was told last.
#[derive(Debug, Default)]
pub(crate) struct LayerMasks {
    tracks: BTreeMap<TrackId, Wanted>,
}

#[derive(Debug, Default)]
struct Wanted {
    by_worker: BTreeMap<WorkerId, u8>,
    told: Option<u8>,
}

impl LayerMasks {
    /// Replaces the layers that a worker wants.
    pub(crate) fn set(&mut self, worker: WorkerId, track: TrackId, layers: u8) {
        let wanted = self.tracks.entry(track).or_default();
        wanted.by_worker.insert(worker, layers);
    }

    /// Keeps the masks of the workers that have the track, and gives the sum if it has changed.
    pub(crate) fn merge(
        &mut self,
        track: TrackId,
        has_track: impl Fn(WorkerId) -> bool,
    ) -> Option<u8> {
        let wanted = self.tracks.get_mut(&track)?;
        wanted.by_worker.retain(|worker, _| has_track(*worker));
        let layers = wanted.by_worker.values().fold(0, |all, mask| all | mask);
        if wanted.told == Some(layers) {
            return None;
        }
        wanted.told = Some(layers);
        Some(layers)
    }

    /// The publisher has to be told again, also the same.
    pub(crate) fn tell_again(&mut self, track: TrackId) {
        if let Some(wanted) = self.tracks.get_mut(&track) {
            wanted.told = None;
        }
    }

    /// Forgets a track: its publisher has to be told anew.
    pub(crate) fn forget(&mut self, track: TrackId) {
        self.tracks.remove(&track);
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    const fn track(index: u32) -> TrackId {
        TrackId::new(RoomId(1), index)
    }

    #[test]
    fn lists_of_several_workers_become_one_by_score() {
        let mut lists = Rankings::default();
        let parent = GroupId::Parent;
        lists.set(WorkerId(0), parent, vec![(track(1), 90), (track(2), 10)]);
        lists.set(WorkerId(1), parent, vec![(track(3), 40)]);
        assert_eq!(
            lists.merged(parent, |_, _| true),
            [track(1), track(3), track(2)]
        );
        assert_eq!(lists.forget_worker(WorkerId(0)), [parent]);
        assert_eq!(lists.merged(parent, |_, _| true), [track(3)]);
        lists.set(WorkerId(1), parent, Vec::new());
        assert!(lists.merged(parent, |_, _| true).is_empty() && lists.lists.is_empty());
    }

    #[test]
    fn a_layer_is_wanted_as_long_as_a_worker_with_the_track_wants_it() {
        let mut masks = LayerMasks::default();
        masks.set(WorkerId(0), track(3), 0b001);
        assert_eq!(masks.merge(track(3), |_| true), Some(0b001));
        masks.set(WorkerId(1), track(3), 0b100);
        assert_eq!(masks.merge(track(3), |_| true), Some(0b101));
        assert_eq!(masks.merge(track(3), |_| true), None, "nothing has changed");
        let first_only = |worker| worker == WorkerId(0);
        assert_eq!(masks.merge(track(3), first_only), Some(0b001));
        assert_eq!(masks.merge(track(3), |_| true), None, "it stays forgotten");
        masks.forget(track(3));
        assert!(masks.tracks.is_empty());
    }
}

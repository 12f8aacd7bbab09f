//! The tracks that each worker needs by relay: those with an open route there. Counted from the same routing table
//! that the workers apply, so a packet crosses only where somebody may receive it.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::{Gate, ParticipantId, Route, RouteUpdate, SlotId, TrackId, WorkerId};

/// The open routes of one room, counted for each track and worker.
#[derive(Debug, Default)]
pub(crate) struct Relays {
    wanted: BTreeMap<TrackId, BTreeMap<WorkerId, u32>>,
    changed: BTreeSet<TrackId>,
    /// There is no other worker.
    idle: bool,
}

impl Relays {
    /// No routes yet.
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            idle: workers < 2,
            ..Self::default()
        }
    }

    /// Follows an update; `before` says what a slot carried, `home_of` who is served where.
    pub(crate) fn apply(
        &mut self,
        update: &RouteUpdate,
        before: impl Fn(ParticipantId, SlotId) -> Option<Route>,
        home_of: impl Fn(ParticipantId) -> Option<WorkerId>,
    ) {
        if self.idle {
            return;
        }
        for change in &update.routes {
            let Some(worker) = home_of(change.subscriber) else {
                continue;
            };
            if let Some(old) = before(change.subscriber, change.slot) {
                self.remove(&old, worker);
            }
            if let Some(new) = &change.route {
                self.add(new, worker);
            }
        }
        for change in &update.tracks {
            self.changed.insert(change.track);
        }
    }

    /// Looks at a track again: its publisher is wired now.
    pub(crate) fn touch(&mut self, track: TrackId) {
        self.changed.insert(track);
    }

    /// A subscriber on `worker` has this route now.
    pub(crate) fn add(&mut self, route: &Route, worker: WorkerId) {
        if self.idle || route.gate != Gate::Open {
            return;
        }
        *self
            .wanted
            .entry(route.track)
            .or_default()
            .entry(worker)
            .or_default() += 1;
        self.changed.insert(route.track);
    }

    /// A subscriber on `worker` no longer has this route.
    pub(crate) fn remove(&mut self, route: &Route, worker: WorkerId) {
        if self.idle || route.gate != Gate::Open {
            return;
        }
        let Some(workers) = self.wanted.get_mut(&route.track) else {
            return;
        };
        if let Some(count) = workers.get_mut(&worker) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                workers.remove(&worker);
            }
        }
        if workers.is_empty() {
            self.wanted.remove(&route.track);
        }
        self.changed.insert(route.track);
    }

    /// The tracks whose relays may have changed, each with the workers that want it, `home` excluded.
    pub(crate) fn take_changes(
        &mut self,
        home_of: impl Fn(TrackId) -> Option<WorkerId>,
    ) -> Vec<(TrackId, WorkerId, Vec<WorkerId>)> {
        let changed = std::mem::take(&mut self.changed);
        let with_home = changed.into_iter().filter_map(|track| {
            let home = home_of(track)?;
            let wanted = self.wanted.get(&track);
            let workers = wanted.into_iter().flat_map(|held| held.keys().copied());
            Some((
                track,
                home,
                workers.filter(|worker| *worker != home).collect(),
            ))
        });
        with_home.collect()
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::{DropReason, RoomId, RouteReason};

    use super::*;

    const TRACK: TrackId = TrackId::new(RoomId(1), 7);

    fn route(gate: Gate) -> Route {
        Route {
            track: TRACK,
            gate,
            placement: RouteReason::OwnGroup,
            max_height: Route::ANY_HEIGHT,
        }
    }

    fn workers(relays: &mut Relays) -> Vec<Vec<WorkerId>> {
        relays
            .take_changes(|_| Some(WorkerId(0)))
            .into_iter()
            .map(|change| change.2)
            .collect()
    }

    #[test]
    fn a_track_crosses_once_for_any_number_of_subscribers_and_stops_with_the_last() {
        let mut relays = Relays::default();
        for _ in 0..3 {
            relays.add(&route(Gate::Open), WorkerId(1));
        }
        relays.add(&route(Gate::Open), WorkerId(0));
        assert_eq!(workers(&mut relays), [vec![WorkerId(1)]]);
        for _ in 0..3 {
            relays.remove(&route(Gate::Open), WorkerId(1));
        }
        assert_eq!(workers(&mut relays), [Vec::<WorkerId>::new()]);
    }

    #[test]
    fn a_shut_gate_wants_nothing() {
        let mut relays = Relays::default();
        relays.add(&route(Gate::Shut(DropReason::ParentPaused)), WorkerId(1));
        assert!(workers(&mut relays).is_empty());
    }
}

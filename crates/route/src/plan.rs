//! The routing plan of a room, "who hears whom", as plain data.

use std::collections::BTreeMap;

use crate::{
    Epoch, OutOfOrder, ParticipantId, RoomId, Route, RouteChange, RouteUpdate, SlotId, TrackChange,
    TrackId, TrackRoute,
};

/// Every track and every route of one room at one epoch. Control computes it from the room; the forwarder
/// holds it in compiled form; applying every update since the beginning must always equal it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RoutePlan {
    pub room: RoomId,
    /// The version of the table.
    pub epoch: Epoch,
    /// How many talkers at most are audible in a group that has more live audio than slots.
    pub max_active_talkers: u8,
    /// Every published track that is routed to a group. A track that is not here is *absent*: no packet
    /// of it leaves the node, whatever else the table says.
    pub tracks: BTreeMap<TrackId, TrackRoute>,
    /// The route of each slot of each participant. A slot that is not here is empty.
    pub routes: BTreeMap<(ParticipantId, SlotId), Route>,
}

impl RoutePlan {
    /// The plan of an empty room, at epoch 0.
    pub fn empty(room: RoomId) -> Self {
        Self {
            room,
            ..Self::default()
        }
    }

    /// The changes that turn this plan into `next`.
    pub fn diff(&self, next: &Self) -> RouteUpdate {
        let mut update = RouteUpdate::empty(self.room, self.epoch, next.epoch);
        if self.max_active_talkers != next.max_active_talkers {
            update.max_active_talkers = Some(next.max_active_talkers);
        }
        let tracks = changes(&self.tracks, &next.tracks);
        update.tracks = tracks
            .map(|(track, route)| TrackChange { track, route })
            .collect();
        let routes = changes(&self.routes, &next.routes);
        update.routes = routes
            .map(|((subscriber, slot), route)| RouteChange {
                subscriber,
                slot,
                route,
            })
            .collect();
        update
    }

    /// Makes the changes of `update`, all of them or, if it does not follow this epoch, none.
    pub fn apply(&mut self, update: &RouteUpdate) -> Result<(), OutOfOrder> {
        update.check_follows(self.room, self.epoch)?;
        self.epoch = update.epoch;
        if let Some(max) = update.max_active_talkers {
            self.max_active_talkers = max;
        }
        for change in &update.tracks {
            set(&mut self.tracks, change.track, change.route);
        }
        for change in &update.routes {
            set(
                &mut self.routes,
                (change.subscriber, change.slot),
                change.route,
            );
        }
        Ok(())
    }
}

fn set<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => {
            map.insert(key, value);
        }
        None => {
            map.remove(&key);
        }
    }
}

/// Removals first, then new and changed entries: so a table that is applied in this order never holds more
/// than the larger of both.
fn changes<'a, K: Ord + Copy, V: PartialEq + Copy>(
    old: &'a BTreeMap<K, V>,
    new: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (K, Option<V>)> + 'a {
    let gone = old
        .keys()
        .filter(|key| !new.contains_key(key))
        .map(|key| (*key, None));
    let set = new
        .iter()
        .filter(|(key, value)| old.get(key) != Some(value));
    gone.chain(set.map(|(key, value)| (*key, Some(*value))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DropReason, Gate, GroupId, RouteReason, TrackKind};

    const ROOM: RoomId = RoomId(1);

    fn plan(epoch: u64, routes: &[(u32, u8, u32, Gate)]) -> RoutePlan {
        let mut plan = RoutePlan::empty(ROOM);
        plan.epoch = Epoch(epoch);
        for &(subscriber, slot, track, gate) in routes {
            let track = TrackId::new(ROOM, track);
            let route = Route {
                track,
                gate,
                placement: RouteReason::OwnGroup,
                max_height: Route::ANY_HEIGHT,
            };
            let publisher = ParticipantId::new(ROOM, 9);
            let group = GroupId::Parent;
            let about = TrackRoute {
                publisher,
                kind: TrackKind::Audio,
                group,
                since: Epoch(0),
            };
            plan.tracks.insert(track, about);
            plan.routes.insert(
                (ParticipantId::new(ROOM, subscriber), SlotId::audio(slot)),
                route,
            );
        }
        plan
    }

    #[test]
    fn applying_a_diff_gives_the_plan_that_it_was_made_for() {
        let shut = Gate::Shut(DropReason::ParentPaused);
        let old = plan(
            4,
            &[
                (1, 0, 1, Gate::Open),
                (2, 0, 1, Gate::Open),
                (2, 1, 2, Gate::Open),
            ],
        );
        let new = plan(
            5,
            &[
                (1, 0, 1, shut),
                (2, 0, 3, Gate::Open),
                (3, 0, 3, Gate::Open),
            ],
        );
        let mut applied = old.clone();
        applied.apply(&old.diff(&new)).expect("it follows");
        assert_eq!(applied, new);
    }

    #[test]
    fn an_update_that_does_not_follow_changes_nothing() {
        let mut held = plan(4, &[(1, 0, 1, Gate::Open)]);
        let before = held.clone();
        let ahead = plan(6, &[]).diff(&plan(7, &[(1, 0, 2, Gate::Open)]));
        assert_eq!(
            held.apply(&ahead),
            Err(OutOfOrder {
                held: Epoch(4),
                after: Epoch(6)
            })
        );
        assert_eq!(held, before);
    }
}

//! Defines who hears whom: the five lines, and the full plan that follows from them.
//!
//! This is a specification, not fast code: [`crate::planner`] computes the same step by step, and the
//! property tests hold the two against each other.

use std::collections::BTreeMap;

use sideroom_route::{
    DropReason, Gate, GroupId, Media, ParticipantId, Route, RoutePlan, RouteReason, SlotId,
    TrackId, TrackKind, TrackRoute,
};

use crate::room::Room;
use crate::state::Participant;
use crate::volatile::Wish;

/// True if packets of `track` reach `subscriber`.
pub fn hears(room: &Room, subscriber: ParticipantId, track: TrackId) -> bool {
    let Some(pair) = Pair::find(room, subscriber, track) else {
        return false;
    };
    pair.is_live()
        && pair.is_carried()
        && pair.is_reached()
        && pair.is_among_talkers()
        && pair.has_a_slot()
}

/// The whole table, computed from only the room and the present slots.
pub fn plan(room: &Room) -> RoutePlan {
    plan_after(room, &room.table())
}

/// The whole table, if the slots were as in `held`: a source that keeps its claim keeps its slot.
pub fn plan_after(room: &Room, held: &RoutePlan) -> RoutePlan {
    let mut plan = RoutePlan::empty(room.id());
    plan.epoch = room.epoch();
    plan.max_active_talkers = room.state.settings().max_active_talkers;
    for (publisher, one) in &room.state.participants {
        for track in &one.tracks {
            if let Some(routed) = track.routed {
                let route = TrackRoute {
                    publisher: *publisher,
                    kind: track.kind,
                    group: routed.group,
                    since: routed.since,
                };
                plan.tracks.insert(track.id, route);
            }
        }
    }
    let connected = room.state.participants.iter();
    for (id, one) in connected.filter(|(_, one)| one.is_connected()) {
        for (media, slots) in [
            (Media::Audio, one.slots.audio),
            (Media::Video, one.slots.video),
        ] {
            let claims = claims(room, *id, media, usize::from(slots));
            let held = &held.routes;
            fill_slots(*id, media, slots, (claims, held), &mut plan.routes);
        }
    }
    plan
}

type Routes = BTreeMap<(ParticipantId, SlotId), Route>;

fn fill_slots(
    subscriber: ParticipantId,
    media: Media,
    slots: u8,
    (mut claims, held): (Vec<Route>, &Routes),
    routes: &mut Routes,
) {
    let all = || (0..slots).map(|index| (subscriber, SlotId { media, index }));
    for slot in all() {
        let holds = held.get(&slot).map(|route| route.track);
        let claim = claims.iter().position(|claim| Some(claim.track) == holds);
        if let Some(index) = claim {
            routes.insert(slot, claims.remove(index));
        }
    }
    let mut waiting = claims.into_iter();
    for slot in all() {
        if let std::collections::btree_map::Entry::Vacant(free) = routes.entry(slot) {
            match waiting.next() {
                Some(claim) => free.insert(claim),
                None => return,
            };
        }
    }
}

/// The sources that `subscriber` would receive with unlimited slots, the most important first, cut off at the
/// number of slots.
fn claims(room: &Room, subscriber: ParticipantId, media: Media, slots: usize) -> Vec<Route> {
    let mut claims = Vec::new();
    for (publisher, one) in &room.state.participants {
        let tracks = one
            .tracks
            .iter()
            .filter(|track| track.kind.media() == media);
        for track in tracks.filter(|track| track.routed.is_some()) {
            if let Some(pair) = Pair::of(room, subscriber, *publisher, track.kind)
                && let Some(claim) = pair.claim()
            {
                claims.push(claim);
            }
        }
    }
    claims.sort_by_key(|claim| claim.0);
    claims.truncate(slots);
    claims.into_iter().map(|claim| claim.1).collect()
}

/// Order of claims: open gates first; then placement; live; pinned; screens before canvases before cameras;
/// more active talkers; older tracks.
type Priority = (bool, RouteReason, bool, bool, u8, u16, TrackId);

/// A subscriber and a track of somebody else in the same room.
struct Pair<'a> {
    room: &'a Room,
    subscriber: ParticipantId,
    to: &'a Participant,
    publisher: ParticipantId,
    from: &'a Participant,
    kind: TrackKind,
    track: TrackId,
}

impl<'a> Pair<'a> {
    fn find(room: &'a Room, subscriber: ParticipantId, track: TrackId) -> Option<Self> {
        let mut participants = room.state.participants.iter();
        let (publisher, kind) = participants.find_map(|(id, one)| {
            let own = one.tracks.iter().find(|own| own.id == track)?;
            Some((*id, own.kind))
        })?;
        Self::of(room, subscriber, publisher, kind)
    }

    fn of(
        room: &'a Room,
        subscriber: ParticipantId,
        publisher: ParticipantId,
        kind: TrackKind,
    ) -> Option<Self> {
        let to = room.state.participants.get(&subscriber)?;
        let from = room.state.participants.get(&publisher)?;
        if subscriber == publisher || !to.is_connected() {
            return None;
        }
        Some(Self {
            room,
            subscriber,
            to,
            publisher,
            from,
            kind,
            track: from.track(kind)?.id,
        })
    }

    /// 1. The track is live: published over a connection, and muted neither by its publisher nor by a
    ///    moderator.
    fn is_live(&self) -> bool {
        let published = self
            .from
            .track(self.kind)
            .is_some_and(|track| track.published);
        published && self.from.is_connected() && self.from.mute_of(self.kind).is_none()
    }

    /// 2. Its kind is allowed in the publisher's group, and brought along there.
    fn is_carried(&self) -> bool {
        self.room.state.audience_of(self.from, self.kind).is_some()
    }

    /// 3. Same group; or the parent, through the subscriber's gate; or an intercom; or listening in. What an
    ///    intercom suspends reaches those only whom it addresses.
    fn is_reached(&self) -> bool {
        match self.placement() {
            None => false,
            Some(RouteReason::Parent) => self.parent_gate().is_open(),
            Some(RouteReason::AddressAll | RouteReason::OwnGroup | RouteReason::ListeningIn) => {
                true
            }
        }
    }

    /// 4. For audio in a group with more live audio than slots: the publisher is one of those who talk
    ///    most. An intercom is always heard.
    fn is_among_talkers(&self) -> bool {
        if self.kind != TrackKind::Audio || self.placement() == Some(RouteReason::AddressAll) {
            return true;
        }
        let mut others: Vec<(u16, TrackId)> = Vec::new();
        for (id, one) in &self.room.state.participants {
            let pair = Pair {
                publisher: *id,
                from: one,
                ..*self
            };
            let audio = one.track(TrackKind::Audio).map(|track| track.id);
            if let Some(audio) = audio
                && *id != self.subscriber
                && one.group == self.from.group
                && !self.room.state.suspended(*id).contains(TrackKind::Audio)
                && pair.is_live()
                && pair.is_carried()
            {
                others.push((self.room.volatile.rank(one.group, Some(audio)), audio));
            }
        }
        if others.len() <= usize::from(self.to.slots.audio) {
            return true;
        }
        others.sort_unstable();
        let loudest = usize::from(self.room.state.settings().max_active_talkers);
        let mut loudest = others.iter().take(loudest);
        loudest.any(|(_, track)| *track == self.track)
    }

    /// 5. The subscriber has a slot left for the track, after the claims that come before it.
    fn has_a_slot(&self) -> bool {
        let slots = match self.kind.media() {
            Media::Audio => self.to.slots.audio,
            Media::Video => self.to.slots.video,
        };
        let claims = claims(
            self.room,
            self.subscriber,
            self.kind.media(),
            usize::from(slots),
        );
        claims.iter().any(|claim| claim.track == self.track)
    }

    /// The most important reason for which the track could reach the subscriber.
    fn placement(&self) -> Option<RouteReason> {
        let state = &self.room.state;
        let group = self.from.group;
        let to = (self.subscriber, self.to.group);
        let reach = state.reach_of(self.publisher);
        if reach.iter().any(|it| it.covers(self.kind, to)) {
            Some(RouteReason::AddressAll)
        } else if state.suspended(self.publisher).contains(self.kind) {
            None
        } else if group == self.to.group {
            Some(RouteReason::OwnGroup)
        } else if group == GroupId::Parent {
            Some(RouteReason::Parent)
        } else if group.breakout() == self.to.listening {
            Some(RouteReason::ListeningIn)
        } else {
            None
        }
    }

    fn parent_gate(&self) -> Gate {
        self.room.state.parent_gate(self.to, self.kind.media())
    }

    fn gate(&self, placement: RouteReason) -> Gate {
        let reason: Option<DropReason> = self.from.mute_of(self.kind);
        match (placement, self.parent_gate(), reason) {
            (RouteReason::Parent, Gate::Shut(reason), _) | (_, _, Some(reason)) => {
                Gate::Shut(reason)
            }
            _ => Gate::Open,
        }
    }

    /// The claim that this track has on a slot of the subscriber, if any.
    fn claim(&self) -> Option<(Priority, Route)> {
        let placement = self.placement()?;
        let gate = self.gate(placement);
        let announced = placement == RouteReason::AddressAll;
        let wishes = self.room.volatile.wishes.get(&self.subscriber);
        let wish = wishes.and_then(|wishes| wishes.wish(self.publisher, self.kind));
        let others = wishes.is_none_or(|wishes| wishes.everything_else);
        let video = self.kind.media() == Media::Video && !announced;
        if video && (wish == Some(Wish::Hidden) || wish.is_none() && !others) {
            return None;
        }
        if gate.is_open() && !self.is_among_talkers() {
            return None;
        }
        let pinned = video && wish == Some(Wish::Pinned);
        let audio = self.from.track(TrackKind::Audio).map(|track| track.id);
        let order = match self.kind {
            TrackKind::Audio | TrackKind::Screen => 0,
            TrackKind::Canvas => 1,
            TrackKind::Camera => 2,
        };
        let priority = (
            !gate.is_open(),
            placement,
            self.from.mute_of(self.kind).is_some(),
            !pinned,
            order,
            self.room.volatile.rank(self.from.group, audio),
            self.track,
        );
        let height = wishes.map(|wishes| wishes.max_height(self.publisher, self.kind));
        let route = Route {
            track: self.track,
            gate,
            placement,
            max_height: height.unwrap_or(Route::ANY_HEIGHT),
        };
        Some((priority, route))
    }
}

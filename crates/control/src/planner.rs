//! The routing table, kept step by step.
//!
//! Each group has one list of its sources in the order of their priority, shared by all its subscribers. A
//! change goes into the lists that it concerns; only subscribers that could see the difference are placed
//! anew. The result equals the difference of two full plans ([`crate::hears`]).

mod claims;
mod list;
mod reach;
mod route;
mod slot_assignment;

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::{
    Epoch, Gate, GroupId, Media, ParticipantId, Route, RouteChange, RoutePlan, SlotId, TrackChange,
    TrackId, TrackKind, TrackRoute,
};

use self::list::{PerMedia, Source, SourceList};
pub use self::reach::Forecast;
pub(crate) use self::route::route_tracks;
use crate::reach::Reach;
use crate::state::{Participant, State};
use crate::volatile::Volatile;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Planner {
    subscribers: BTreeMap<ParticipantId, Subscriber>,
    lists: Lists,
    tracks: BTreeMap<TrackId, TrackRoute>,
    /// Participants whose wishes affect their sources.
    choosy: BTreeSet<ParticipantId>,
    /// The most slots that anybody has had.
    widest: PerMedia<u8>,
}

/// The lists that all subscribers share.
#[derive(Clone, Debug, Default)]
struct Lists {
    groups: BTreeMap<GroupId, Group>,
    /// Sources that intercoms take to other groups, and whom each speaker reaches.
    announced: PerMedia<SourceList>,
    reach: BTreeMap<ParticipantId, Vec<Reach>>,
    /// Every source once more, to find the one that somebody wishes for.
    by_publisher: BTreeMap<(ParticipantId, TrackKind), RoutedSource>,
    max_active_talkers: u8,
}

/// A connected participant.
#[derive(Clone, Debug)]
struct Subscriber {
    group: GroupId,
    listening: Option<GroupId>,
    /// The gate of each of the parent's media for a participant who is away.
    gates: PerMedia<Gate>,
    slots: PerMedia<u8>,
    /// The route of each slot.
    held: PerMedia<Vec<Option<Route>>>,
    /// The participant's published tracks, as entered in the lists.
    sources: Vec<RoutedSource>,
    /// Disconnected: its slots are emptied and then it is forgotten.
    gone: bool,
}

/// A source, and the list that it lies in.
#[derive(Clone, Copy, PartialEq, Debug)]
struct RoutedSource {
    group: GroupId,
    since: Epoch,
    source: Source,
}

#[derive(Clone, Debug, Default)]
struct Group {
    members: BTreeSet<ParticipantId>,
    listeners: BTreeSet<ParticipantId>,
    sources: PerMedia<SourceList>,
}

/// The changes of the table.
#[derive(Default)]
pub(crate) struct Delta {
    pub(crate) max_active_talkers: Option<u8>,
    pub(crate) tracks: Vec<TrackChange>,
    pub(crate) routes: Vec<RouteChange>,
}

impl Delta {
    pub(crate) fn is_empty(&self) -> bool {
        self.max_active_talkers.is_none() && self.tracks.is_empty() && self.routes.is_empty()
    }
}

/// The work of one update.
#[derive(Default)]
struct Work {
    tracks: BTreeMap<TrackId, Option<TrackRoute>>,
    /// Lists that changed.
    lists: BTreeSet<(GroupId, Media)>,
    announced: BTreeSet<Media>,
    /// Subscribers to place anew, not sorted, perhaps more than once.
    subscribers: Vec<ParticipantId>,
    everyone: bool,
}

impl Planner {
    /// Follows `state` where `touched` participants (or everyone) may have changed.
    pub(crate) fn update(
        &mut self,
        state: &State,
        volatile: &Volatile,
        touched: &BTreeSet<ParticipantId>,
        everyone: bool,
    ) -> Delta {
        let mut work = Work {
            everyone,
            ..Work::default()
        };
        let mut delta = Delta::default();
        let limit = state.settings().max_active_talkers;
        if self.lists.max_active_talkers != limit {
            self.lists.max_active_talkers = limit;
            delta.max_active_talkers = Some(limit);
            work.everyone = true;
        }
        for participant in touched {
            self.follow(state, volatile, *participant, &mut work);
        }
        self.spread(&mut work);
        self.place_all(volatile, &mut work, &mut delta);
        let (gone, set): (Vec<_>, Vec<_>) = work
            .tracks
            .into_iter()
            .map(|(track, route)| TrackChange { track, route })
            .partition(|change| change.route.is_none());
        delta.tracks = gone;
        delta.tracks.extend(set);
        delta
    }

    /// The group that a track is routed to.
    pub(crate) fn group_of(&self, track: TrackId) -> Option<GroupId> {
        self.tracks.get(&track).map(|route| route.group)
    }

    /// The whole table.
    pub(crate) fn table(&self, state: &State, epoch: Epoch) -> RoutePlan {
        let mut plan = RoutePlan::empty(state.config.id);
        plan.epoch = epoch;
        plan.max_active_talkers = self.lists.max_active_talkers;
        plan.tracks = self.tracks.clone();
        for (id, subscriber) in &self.subscribers {
            for media in [Media::Audio, Media::Video] {
                let held = subscriber.held.of(media).iter().zip(0_u8..);
                plan.routes.extend(held.filter_map(|(route, index)| {
                    Some(((*id, SlotId { media, index }), (*route)?))
                }));
            }
        }
        plan
    }

    /// Notes whether a participant has wishes, and has to be placed anew.
    pub(crate) fn set_choosy(&mut self, participant: ParticipantId, choosy: bool) {
        if choosy {
            self.choosy.insert(participant);
        } else {
            self.choosy.remove(&participant);
        }
    }

    /// Follows the new state of one participant.
    fn follow(&mut self, state: &State, volatile: &Volatile, id: ParticipantId, work: &mut Work) {
        let one = state.participants.get(&id);
        let one = one.filter(|one| one.is_connected());
        if one.is_none() && !self.subscribers.contains_key(&id) {
            return;
        }
        work.subscribers.push(id);
        let mut subscriber = match self.subscribers.remove(&id) {
            Some(subscriber) => subscriber,
            None => Subscriber::new(),
        };
        let sources = one.map_or_else(Vec::new, |one| sources_of(state, volatile, id, one));
        self.follow_reach(state, id, work);
        self.replace_sources(&subscriber.sources, &sources, work);
        subscriber.sources = sources;
        let before = (subscriber.group, subscriber.listening, subscriber.gone);
        match one {
            Some(one) => self.describe(&mut subscriber, state, one),
            None => subscriber.gone = true,
        }
        let after = (subscriber.group, subscriber.listening, subscriber.gone);
        if before != after {
            self.leave_group(id, before.0, before.1);
            if !subscriber.gone {
                self.enter_group(id, after.0, after.1);
            }
        }
        self.subscribers.insert(id, subscriber);
    }

    fn describe(&mut self, subscriber: &mut Subscriber, state: &State, one: &Participant) {
        subscriber.gone = false;
        subscriber.group = one.group;
        subscriber.listening = one.listening.map(GroupId::Breakout);
        for (media, slots) in [
            (Media::Audio, one.slots.audio),
            (Media::Video, one.slots.video),
        ] {
            *subscriber.gates.of_mut(media) = state.parent_gate(one, media);
            *subscriber.slots.of_mut(media) = slots;
            let widest = self.widest.of_mut(media);
            *widest = slots.max(*widest);
        }
    }

    fn leave_group(&mut self, id: ParticipantId, group: GroupId, listening: Option<GroupId>) {
        for left in [Some(group), listening].into_iter().flatten() {
            if let Some(held) = self.lists.groups.get_mut(&left) {
                if left == group {
                    held.members.remove(&id);
                } else {
                    held.listeners.remove(&id);
                }
            }
        }
    }

    fn enter_group(&mut self, id: ParticipantId, group: GroupId, listening: Option<GroupId>) {
        self.lists
            .groups
            .entry(group)
            .or_default()
            .members
            .insert(id);
        if let Some(listening) = listening {
            self.lists
                .groups
                .entry(listening)
                .or_default()
                .listeners
                .insert(id);
        }
    }

    fn replace_sources(
        &mut self,
        before: &[RoutedSource],
        after: &[RoutedSource],
        work: &mut Work,
    ) {
        for old in before.iter().filter(|old| !after.contains(old)) {
            let media = old.source.media();
            if let Some(group) = self.lists.groups.get_mut(&old.group)
                && !old.source.suspended
            {
                group.sources.of_mut(media).remove(&old.source);
            }
            work.lists.insert((old.group, media));
            if old.source.announced {
                self.lists.announced.of_mut(media).remove(&old.source);
                work.announced.insert(media);
            }
            let source = (old.source.publisher, old.source.kind);
            self.lists.by_publisher.remove(&source);
            self.tracks.remove(&old.source.track);
            work.tracks.insert(old.source.track, None);
        }
        for new in after.iter().filter(|new| !before.contains(new)) {
            let media = new.source.media();
            let group = self.lists.groups.entry(new.group).or_default();
            if !new.source.suspended {
                group.sources.of_mut(media).insert(new.source);
            }
            work.lists.insert((new.group, media));
            if new.source.announced {
                self.lists.announced.of_mut(media).insert(new.source);
                work.announced.insert(media);
            }
            let source = (new.source.publisher, new.source.kind);
            self.lists.by_publisher.insert(source, *new);
            let route = new.route();
            self.tracks.insert(new.source.track, route);
            let old = before
                .iter()
                .find(|old| old.source.track == new.source.track);
            if old.map(RoutedSource::route) == Some(route) {
                // Only its place in the list is different: the table still says the same of the track.
                work.tracks.remove(&new.source.track);
            } else {
                work.tracks.insert(new.source.track, Some(route));
            }
        }
    }

    /// Finds the subscribers that could see the changes of the lists.
    fn spread(&mut self, work: &mut Work) {
        for media in std::mem::take(&mut work.announced) {
            self.lists.announced.of_mut(media).refresh();
            work.everyone = true;
        }
        for (id, media) in std::mem::take(&mut work.lists) {
            let Some(group) = self.lists.groups.get_mut(&id) else {
                continue;
            };
            let list = group.sources.of_mut(media);
            let first_change = list.refresh();
            // How far down the list a claim can reach: the slots; own tracks and announced sources, which are
            // skipped; and one more, since a list is limited to its talkers only where sources outnumber slots.
            let own = if media == Media::Audio { 1 } else { 3 };
            let looked_at = usize::from(*self.widest.of(media)) + own + 1;
            let looked_at = looked_at + self.lists.announced.of(media).len();
            if first_change < looked_at {
                work.subscribers.extend(&group.members);
                work.subscribers.extend(&group.listeners);
                if id == GroupId::Parent {
                    let away = self.lists.groups.iter().filter(|(other, _)| **other != id);
                    let away = away.flat_map(|(_, group)| &group.members);
                    work.subscribers.extend(away);
                }
            } else if media == Media::Video {
                work.subscribers.extend(&self.choosy);
            }
        }
        self.lists.groups.retain(|_, group| !group.is_empty());
        if work.everyone {
            work.subscribers.extend(self.subscribers.keys());
        }
        work.subscribers.sort_unstable();
        work.subscribers.dedup();
    }
}

impl Subscriber {
    /// A participant without a place: any state is a change.
    fn new() -> Self {
        Self {
            group: GroupId::Parent,
            listening: None,
            gates: PerMedia::new(Gate::Open, Gate::Open),
            slots: PerMedia::default(),
            held: PerMedia::default(),
            sources: Vec::new(),
            gone: true,
        }
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        self.members.is_empty()
            && self.listeners.is_empty()
            && self.sources.of(Media::Audio).is_empty()
            && self.sources.of(Media::Video).is_empty()
    }
}

impl RoutedSource {
    fn route(&self) -> TrackRoute {
        TrackRoute {
            publisher: self.source.publisher,
            kind: self.source.kind,
            group: self.group,
            since: self.since,
        }
    }
}

fn sources_of(
    state: &State,
    volatile: &Volatile,
    publisher: ParticipantId,
    one: &Participant,
) -> Vec<RoutedSource> {
    let reach = state.reach_of(publisher);
    let suspended = state.suspended(publisher);
    let audio = one.track(TrackKind::Audio).map(|track| track.id);
    let routed = one
        .tracks
        .iter()
        .filter_map(|track| Some((track, track.routed?)));
    routed
        .map(|(track, routed)| RoutedSource {
            group: routed.group,
            since: routed.since,
            source: Source {
                order: list::order_of(track.kind),
                rank: volatile.rank(routed.group, audio),
                track: track.id,
                publisher,
                kind: track.kind,
                mute: one.mute_of(track.kind),
                announced: reach.iter().any(|it| it.kinds.contains(track.kind)),
                suspended: suspended.contains(track.kind),
            },
        })
        .collect()
}

//! No packet leaves through a gate that is shut or a route that is absent, and none is held back that
//! should leave: against a table that the test keeps for itself, from the log of updates.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use std::collections::{BTreeMap, BTreeSet};

use kit::*;
use proptest::prelude::*;
use sideroom_forward::{Forwarder, IngressId, PacketKind, SubscriberConfig, SubscriberId};
use sideroom_route::{
    BreakoutId, DropReason, Epoch, Gate, GroupId, Media, Route, RouteUpdate, SlotId, Time, TrackId,
    TrackKind, TrackRoute,
};

const PEOPLE: u32 = 5;
const AUDIO_TRACKS: u32 = 4;
const TRACKS: u32 = 8;
const SLOTS: [SlotId; 4] = [
    SlotId::audio(0),
    SlotId::audio(1),
    SlotId::video(0),
    SlotId::video(1),
];

type Place = (u32, SlotId);

fn kind_of(track: u32) -> TrackKind {
    match track {
        ..AUDIO_TRACKS => TrackKind::Audio,
        4 | 5 => TrackKind::Camera,
        6 => TrackKind::Screen,
        _ => TrackKind::Canvas,
    }
}

/// The table as the log of updates says: nothing here is taken from the code under test.
#[derive(Clone, Default)]
struct Oracle {
    tracks: BTreeMap<TrackId, TrackRoute>,
    routes: BTreeMap<Place, Route>,
}

impl Oracle {
    fn follow(&mut self, update: &RouteUpdate) {
        for change in &update.tracks {
            self.tracks.remove(&change.track);
            self.tracks
                .extend(change.route.map(|route| (change.track, route)));
        }
        for change in &update.routes {
            let place = (change.subscriber.serial(), change.slot);
            self.routes.remove(&place);
            self.routes.extend(change.route.map(|route| (place, route)));
        }
    }

    fn lets(&self, place: &Place, track: TrackId) -> bool {
        self.tracks.contains_key(&track)
            && self
                .routes
                .get(place)
                .is_some_and(|route| route.track == track && route.gate == Gate::Open)
    }

    /// Where a packet of `track` must leave now.
    fn must(&self, track: TrackId) -> BTreeSet<Place> {
        let places = self.routes.keys().filter(|place| self.lets(place, track));
        places.copied().collect()
    }

    /// Whether it may leave there: also through a slot that waits for its new source's keyframe, if the
    /// table routes the track to another slot of the same participant.
    fn may(&self, (person, slot): Place, track: TrackId) -> bool {
        let mut slots = SLOTS.iter().filter(|other| other.media == slot.media);
        slots.any(|other| self.lets(&(person, *other), track))
    }
}

/// The next update: a few random changes to the state of the log.
fn update(chance: &mut Chance, oracle: &Oracle, updates: &mut Updates) -> RouteUpdate {
    let mut tracks = BTreeMap::new();
    for _ in 0..chance.below(3) {
        let serial = chance.below(TRACKS.into()) as u32;
        let mut about = routed(serial % PEOPLE, kind_of(serial), updates.epoch + 1);
        about.group = chance.pick(&[GroupId::Parent, GroupId::Breakout(BreakoutId(1))]);
        tracks.insert(serial, (!chance.percent(25)).then_some(about));
    }
    let mut routes = BTreeMap::new();
    for _ in 0..chance.below(6) {
        let place = (chance.below(PEOPLE.into()) as u32, chance.pick(&SLOTS));
        let serial = match place.1.media {
            Media::Audio => chance.below(AUDIO_TRACKS.into()),
            Media::Video => u64::from(AUDIO_TRACKS) + chance.below((TRACKS - AUDIO_TRACKS).into()),
        } as u32;
        let gate = chance.pick(&[
            Gate::Open,
            Gate::Open,
            Gate::Shut(DropReason::ParentPaused),
            Gate::Shut(DropReason::PublisherMuted),
        ]);
        let mut next = route(serial, gate);
        // Often only the gate changes.
        if let Some(held) = oracle.routes.get(&place).filter(|_| chance.percent(50)) {
            next.track = held.track;
        }
        routes.insert(place, (!chance.percent(20)).then_some(next));
    }
    let tracks: Vec<_> = tracks.into_iter().collect();
    let routes: Vec<_> = routes
        .into_iter()
        .map(|((person, slot), route)| (person, slot, route))
        .collect();
    updates.next(&tracks, &routes)
}

/// A worker with all participants, and the state of the oracle.
struct World {
    forwarder: Forwarder,
    ingresses: Vec<Option<IngressId>>,
    subscribers: Vec<Option<SubscriberId>>,
    sources: Vec<Source>,
    now: Time,
    /// The track of each sent number of each slot, and the epoch since which the track had that audience.
    sent: BTreeMap<(Place, u64), (TrackId, Epoch)>,
}

impl World {
    fn new() -> Self {
        let sources = (0..TRACKS)
            .map(|at| {
                let payload_type = if at < AUDIO_TRACKS { OPUS } else { VP8 };
                Source::new(at + 1, payload_type, 65_500, at * 1_000)
            })
            .collect();
        Self {
            forwarder: Forwarder::new(Default::default()),
            ingresses: vec![None; TRACKS as usize],
            subscribers: vec![None; PEOPLE as usize],
            sources,
            now: Time::ZERO,
            sent: BTreeMap::new(),
        }
    }

    fn connect_publisher(&mut self, serial: u32) {
        let config = ingress(serial, serial % PEOPLE, kind_of(serial), 1);
        let id = self.forwarder.add_ingress(config);
        if let Some(old) = self.ingresses[serial as usize].replace(id) {
            self.forwarder.remove_ingress(old);
        }
    }

    fn connect_subscriber(&mut self, person: u32) {
        let id = self.forwarder.add_subscriber(SubscriberConfig {
            participant: participant(person),
            transport_cc: true,
        });
        for place in SLOTS {
            assert!(self.forwarder.add_slot(self.now, id, slot(person, place)));
        }
        if let Some(old) = self.subscribers[person as usize].replace(id) {
            self.forwarder.remove_subscriber(old);
        }
        self.sent.retain(|((other, _), _), _| *other != person);
    }

    fn person(&self, id: SubscriberId) -> u32 {
        let at = self.subscribers.iter().position(|held| *held == Some(id));
        at.expect("a packet for somebody who is gone") as u32
    }

    /// Puts a packet in; every video packet is a keyframe, so that every switch is due at once.
    fn publish(&mut self, serial: u32) -> Vec<Sent> {
        let Some(from) = self.ingresses[serial as usize] else {
            return Vec::new();
        };
        let source = &mut self.sources[serial as usize];
        let packet = match source.payload_type {
            OPUS => source.audio(30),
            _ => source.vp8(3_000, true, 0, 1).remove(0),
        };
        put(&mut self.forwarder, self.now, from, 0, &packet)
    }

    fn check_packet(&mut self, serial: u32, oracle: &Oracle) {
        let id = track(serial);
        let got = self.publish(serial);
        let mut places = BTreeSet::new();
        for sent in &got {
            let place = (self.person(sent.to), sent.slot);
            assert!(places.insert(place), "twice into {place:?}");
            assert_eq!((sent.track, sent.kind), (Some(id), PacketKind::Media));
            assert_eq!(sent.view().ssrc(), ssrc_of(place.0, place.1));
            assert!(oracle.may(place, id), "{id} leaked into {place:?}");
            let since = oracle.tracks[&id].since;
            self.sent.insert((place, sent.number), (id, since));
        }
        if self.ingresses[serial as usize].is_none() {
            return;
        }
        let mut must = oracle.must(id);
        must.retain(|(person, _)| self.subscribers[*person as usize].is_some());
        assert!(must.is_subset(&places), "{id}: {must:?} but {places:?}");
    }

    /// Asks for everything again that a slot was ever sent, and more.
    fn check_retransmission(&mut self, place: Place, oracle: &Oracle) {
        let Some(to) = self.subscribers[place.0 as usize] else {
            return;
        };
        let known = self.sent.range((place, 0)..=(place, u64::MAX));
        let mut asked: Vec<_> = known.map(|((_, number), _)| *number as u16).collect();
        asked.extend(asked.last().map(|last| last.wrapping_add(1)));
        asked.extend([0, 7, u16::MAX]);
        let mut sink = Sink::default();
        let ssrc = ssrc_of(place.0, place.1);
        let asked = asked.into_iter();
        self.forwarder
            .handle_nack(self.now, to, ssrc, asked, &mut sink);
        for again in sink.sent {
            assert_eq!(
                (again.kind, again.to, again.slot),
                (PacketKind::Rtx, to, place.1)
            );
            let original = u16::from_be_bytes(again.view().payload()[..2].try_into().unwrap());
            let mut known = self.sent.range((place, 0)..=(place, u64::MAX));
            let (id, since) = known
                .find_map(|((_, number), held)| (*number as u16 == original).then_some(*held))
                .expect("it was sent before");
            assert!(oracle.may(place, id), "{id} retransmitted into {place:?}");
            assert_eq!(oracle.tracks[&id].since, since, "from before a move");
        }
    }
}

fn live(seed: u64) {
    let mut chance = Chance(seed);
    let (mut world, mut oracle, mut updates) =
        (World::new(), Oracle::default(), Updates::default());
    for step in 0..400 {
        world.now = ms(step * 7);
        match chance.below(20) {
            0 => world.connect_publisher(chance.below(TRACKS.into()) as u32),
            1 => world.connect_subscriber(chance.below(PEOPLE.into()) as u32),
            2 => {
                let at = chance.below(TRACKS.into()) as usize;
                if let Some(id) = world.ingresses[at].take() {
                    world.forwarder.remove_ingress(id);
                }
            }
            3..9 => {
                let next = update(&mut chance, &oracle, &mut updates);
                world.forwarder.apply(world.now, &next).unwrap();
                oracle.follow(&next);
                let twice = world.forwarder.apply(world.now, &next);
                assert!(twice.is_err(), "an update fits once");
            }
            9 => {
                let place = (chance.below(PEOPLE.into()) as u32, chance.pick(&SLOTS));
                world.check_retransmission(place, &oracle);
            }
            _ => world.check_packet(chance.below(TRACKS.into()) as u32, &oracle),
        }
        if step % 10 == 0 {
            world.forwarder.handle_timeout(world.now);
        }
    }
}

/// Applies a chain of updates to one forwarder, and the table that results to another, at once.
fn chain(seed: u64) {
    let mut chance = Chance(seed);
    let (mut one, mut other) = (World::new(), World::new());
    for world in [&mut one, &mut other] {
        (0..TRACKS).for_each(|serial| world.connect_publisher(serial));
        (0..PEOPLE).for_each(|person| world.connect_subscriber(person));
    }
    let (mut oracle, mut updates, mut log) = (Oracle::default(), Updates::default(), Vec::new());
    for step in 0..chance.below(60) {
        let next = update(&mut chance, &oracle, &mut updates);
        one.now = ms(step);
        one.forwarder.apply(one.now, &next).unwrap();
        oracle.follow(&next);
        log.push(next);
        one.publish(chance.below(TRACKS.into()) as u32);
    }
    let full = plan_after(&log);
    other.forwarder.apply_full(one.now, &full);
    assert_eq!(
        one.forwarder.plan(ROOM),
        other.forwarder.plan(ROOM).filter(|_| !log.is_empty())
    );
    // Each slot's first packet after a switch is a keyframe; then nothing lingers.
    (0..TRACKS).for_each(|serial| drop(one.publish(serial)));
    for serial in 0..TRACKS {
        let [mut a, mut b] = [&mut one, &mut other].map(|world| {
            let sent = world.publish(serial);
            sent.iter()
                .map(|sent| (world.person(sent.to), sent.slot))
                .collect::<Vec<_>>()
        });
        a.sort_unstable();
        b.sort_unstable();
        assert_eq!(a, b);
        let must: Vec<_> = oracle.must(track(serial)).into_iter().collect();
        assert_eq!(a, must);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_leaves_that_the_table_does_not_let_out(seed: u64) {
        live(seed);
    }

    #[test]
    fn a_chain_of_updates_equals_the_last_table(seed: u64) {
        chain(seed);
    }
}

/// A packet that another worker relays is held to the same `since`.
#[test]
fn a_relayed_packet_of_another_grouping_is_dropped() {
    let (mut forwarder, _) = with_subscribers(2, 1, 0);
    forwarder.add_relayed_ingress(ingress(0, 0, TrackKind::Audio, 1));
    let mut updates = Updates::default();
    let update = updates.next(
        &[(0, Some(routed(0, TrackKind::Audio, 3)))],
        &[(1, SlotId::audio(0), Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    let mut source = Source::new(1, OPUS, 1, 1);
    let mut sink = Sink::default();
    for (since, passes) in [(3, true), (2, false), (4, false)] {
        let before = sink.sent.len();
        let packet = source.audio(30);
        forwarder.handle_relay(ms(20), track(0), Epoch(since), 0, &packet, &mut sink);
        assert_eq!(sink.sent.len() > before, passes, "since {since}");
    }
    assert_eq!(forwarder.drops().of(DropReason::StaleEpoch), 2);
    forwarder.handle_relay(ms(20), track(1), Epoch(3), 0, &source.audio(30), &mut sink);
    assert_eq!(forwarder.drops().of(DropReason::UnknownTrack), 1);
}

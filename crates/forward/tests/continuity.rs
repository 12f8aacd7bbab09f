//! However packets are lost, late, doubled, switched or paused on the way in, a subscriber sees one
//! continuous stream.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use std::collections::{BTreeMap, BTreeSet};

use kit::*;
use proptest::prelude::*;
use sideroom_forward::{Forwarder, IngressId, LayerTarget, PacketKind, SubscriberId};
use sideroom_route::{DropReason, Epoch, Gate, SlotId, Time, TrackKind};

/// How bad the way in is.
#[derive(Clone, Copy, Debug)]
struct Weather {
    seed: u64,
    loss: u64,
    twice: u64,
    jitter_ms: u64,
    /// The first sequence number and time stamp: near the end of the circle, often.
    sequence: u16,
    timestamp: u32,
}

fn weather() -> impl Strategy<Value = Weather> {
    let sequence = prop_oneof![any::<u16>(), (65_300_u16..=u16::MAX)];
    let timestamp = prop_oneof![any::<u32>(), (u32::MAX - 400_000..=u32::MAX)];
    (
        any::<u64>(),
        0_u64..20,
        0_u64..10,
        0_u64..120,
        sequence,
        timestamp,
    )
        .prop_map(
            |(seed, loss, twice, jitter_ms, sequence, timestamp)| Weather {
                seed,
                loss,
                twice,
                jitter_ms,
                sequence,
                timestamp,
            },
        )
}

/// One stream of packets that comes in: a layer of an ingress.
type StreamId = (usize, u8);

/// A packet on its way.
#[derive(Clone, Debug)]
struct Coming {
    at_us: u64,
    stream: StreamId,
    /// The packet's index in the source stream.
    index: u64,
    bytes: Vec<u8>,
}

/// A number of the slot, as it was sent first.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at_us: u64,
    /// Stream, index and time stamp of the source; `None` for padding.
    source: Option<(StreamId, u64, u32)>,
    timestamp: u32,
    /// How often the slot had begun anew by then.
    segment: u64,
}

/// One run: packets in and packets out, in the order of time.
struct Run {
    clock_khz: u64,
    weather: Weather,
    /// When each packet came in first.
    arrived: BTreeMap<(StreamId, u64), u64>,
    count: BTreeMap<StreamId, u64>,
    timestamps: BTreeMap<(StreamId, u64), u32>,
    numbers: BTreeMap<u64, Seen>,
    order: Vec<u64>,
    pictures: Vec<(u16, u8)>,
}

fn tag(stream: StreamId, index: u64) -> [u8; 10] {
    let mut tag = [stream.0 as u8, stream.1, 0, 0, 0, 0, 0, 0, 0, 0];
    tag[2..].copy_from_slice(&index.to_be_bytes());
    tag
}

/// The tag stands at the end of the payload.
fn read_tag(payload: &[u8]) -> (StreamId, u64) {
    let tag = &payload[payload.len() - 10..];
    let index = u64::from_be_bytes(tag[2..].try_into().unwrap());
    ((tag[0].into(), tag[1]), index)
}

const LENGTH_MS: u64 = 4_000;
const SHUT: Gate = Gate::Shut(DropReason::ParentMuted);

fn video_coming(weather: Weather, chance: &mut Chance) -> Vec<Coming> {
    let mut coming = Vec::new();
    for stream in [(0, 0), (0, 1), (1, 0)] {
        let salt = 1 + stream.0 as u32 * 2 + u32::from(stream.1);
        let mut source = Source::new(
            salt,
            VP8,
            weather.sequence.wrapping_mul(salt as u16),
            weather.timestamp.wrapping_mul(salt),
        );
        let (mut index, first) = (0, chance.below(30));
        for frame in 0..LENGTH_MS / 30 {
            let keyframe = frame % 12 == 0 || chance.percent(5);
            let temporal = if keyframe { 0 } else { (frame % 2) as u8 };
            let packets = 1 + chance.below(3) as usize;
            for mut bytes in source.vp8(2_700, keyframe, temporal, packets) {
                bytes.truncate(60);
                bytes.extend(tag(stream, index));
                let at_us = (first + frame * 30) * 1_000;
                coming.push(Coming {
                    at_us,
                    stream,
                    index,
                    bytes,
                });
                index += 1;
            }
        }
    }
    coming
}

fn audio_coming(weather: Weather, chance: &mut Chance) -> Vec<Coming> {
    let mut coming = Vec::new();
    for which in 0..3 {
        let (stream, salt) = ((which, 0), 1 + which as u32);
        let mut source = Source::new(
            salt,
            OPUS,
            weather.sequence.wrapping_mul(salt as u16),
            weather.timestamp.wrapping_mul(salt),
        );
        let first = chance.below(20);
        for index in 0..LENGTH_MS / 20 {
            let mut bytes = source.audio(30);
            bytes.extend(tag(stream, index));
            let at_us = (first + index * 20) * 1_000;
            coming.push(Coming {
                at_us,
                stream,
                index,
                bytes,
            });
        }
    }
    coming
}

/// Loses, doubles and delays.
fn spoil(coming: Vec<Coming>, weather: Weather, chance: &mut Chance) -> Vec<Coming> {
    let mut spoilt = Vec::new();
    for packet in coming {
        let copies = if chance.percent(weather.loss) {
            0
        } else {
            1 + u64::from(chance.percent(weather.twice))
        };
        for _ in 0..copies {
            let mut copy = packet.clone();
            copy.at_us += chance.below(weather.jitter_ms * 1_000 + 1);
            spoilt.push(copy);
        }
    }
    spoilt.sort_by_key(|packet| packet.at_us);
    spoilt
}

/// Switches, pauses, regroups and changes layers, at random.
struct Control {
    updates: Updates,
    slot: SlotId,
    kind: TrackKind,
    tracks: u64,
    on: u32,
    gate: Gate,
}

impl Control {
    fn start(&mut self, forwarder: &mut Forwarder) {
        let tracks: Vec<_> = (0..self.tracks as u32)
            .map(|at| (at, Some(routed(at, self.kind, 0))))
            .collect();
        let update = self
            .updates
            .next(&tracks, &[(9, self.slot, Some(route(0, Gate::Open)))]);
        forwarder.apply(Time::ZERO, &update).unwrap();
    }

    fn act(&mut self, now: Time, forwarder: &mut Forwarder, to: SubscriberId, chance: &mut Chance) {
        let mut tracks = Vec::new();
        match chance.below(6) {
            0 | 1 => self.on = chance.below(self.tracks) as u32,
            2 | 3 => self.gate = chance.pick(&[SHUT, Gate::Open, Gate::Open]),
            4 => {
                let mut about = routed(self.on, self.kind, 0);
                about.since = Epoch(self.updates.epoch + 1);
                tracks.push((self.on, Some(about)));
            }
            _ => {
                let target = chance.pick(&[
                    LayerTarget::TOP,
                    LayerTarget::Layer {
                        encoding: 0,
                        temporal: 1,
                    },
                    LayerTarget::Layer {
                        encoding: 1,
                        temporal: 0,
                    },
                    LayerTarget::Paused,
                ]);
                forwarder.set_layer_target(now, to, self.slot, target);
            }
        }
        let routes = [(9, self.slot, Some(route(self.on, self.gate)))];
        let update = self.updates.next(&tracks, &routes);
        forwarder.apply(now, &update).unwrap();
    }
}

fn run(weather: Weather, kind: TrackKind) -> Run {
    let mut chance = Chance(weather.seed);
    let (slot, clock_khz, layers) = match kind {
        TrackKind::Audio => (SlotId::audio(0), 48, [1, 1, 1].as_slice()),
        _ => (SlotId::video(0), 90, [2, 1].as_slice()),
    };
    let coming = match kind {
        TrackKind::Audio => audio_coming(weather, &mut chance),
        _ => video_coming(weather, &mut chance),
    };
    let (mut forwarder, ids) = with_subscribers(10, 1, 1);
    let from: Vec<IngressId> = (0..)
        .zip(layers)
        .map(|(at, layers)| forwarder.add_ingress(ingress(at, at, kind, *layers)))
        .collect();
    let mut control = Control {
        updates: Updates::default(),
        slot,
        kind,
        tracks: from.len() as u64,
        on: 0,
        gate: Gate::Open,
    };
    control.start(&mut forwarder);
    let mut run = Run::new(clock_khz, weather, &coming);
    let mut next_action = 0;
    for packet in spoil(coming, weather, &mut chance) {
        let now = Time::from_micros(packet.at_us);
        while next_action <= packet.at_us {
            next_action += 1_000 * (20 + chance.below(250));
            control.act(now, &mut forwarder, ids[9], &mut chance);
        }
        forwarder.handle_timeout(now);
        run.arrived
            .entry((packet.stream, packet.index))
            .or_insert(packet.at_us);
        let ingress = from[packet.stream.0];
        for sent in put(&mut forwarder, now, ingress, packet.stream.1, &packet.bytes) {
            assert_eq!(sent.to, ids[9]);
            let segment = forwarder.slot_counts(sent.to, slot).unwrap().switches;
            run.note(&sent, packet.at_us, segment);
        }
    }
    run
}

impl Run {
    fn new(clock_khz: u64, weather: Weather, coming: &[Coming]) -> Self {
        let (mut count, mut timestamps) = (BTreeMap::new(), BTreeMap::new());
        for packet in coming {
            *count.entry(packet.stream).or_default() += 1;
            let view = sideroom_rtp::RtpView::parse(&packet.bytes).unwrap();
            timestamps.insert((packet.stream, packet.index), view.timestamp());
        }
        Self {
            clock_khz,
            weather,
            arrived: BTreeMap::new(),
            count,
            timestamps,
            numbers: BTreeMap::new(),
            order: Vec::new(),
            pictures: Vec::new(),
        }
    }

    fn note(&mut self, sent: &Sent, at_us: u64, segment: u64) {
        let view = sent.view();
        let source = match sent.kind {
            PacketKind::Media => {
                let (stream, index) = read_tag(view.payload());
                assert!(self.arrived.contains_key(&(stream, index)));
                let timestamp = self.timestamps[&(stream, index)];
                if self.clock_khz == 90 {
                    let (picture, tl0, _) = vp8_of(view.payload());
                    self.pictures.push((picture, tl0));
                }
                Some((stream, index, timestamp))
            }
            PacketKind::Padding => None,
            PacketKind::Rtx | PacketKind::Silence => panic!("nobody asked"),
        };
        let seen = Seen {
            at_us,
            source,
            timestamp: view.timestamp(),
            segment,
        };
        let before = self.numbers.insert(sent.number, seen);
        assert!(before.is_none(), "number {} was sent twice", sent.number);
        self.order.push(sent.number);
    }

    /// A stretch of one source.
    fn segment(seen: &Seen) -> Option<(StreamId, u64)> {
        seen.source.map(|(stream, _, _)| (stream, seen.segment))
    }

    /// Numbers go back only to fill a place that was left free for a late packet of the same stretch.
    fn check_order(&self) {
        let mut highest: Option<u64> = None;
        for number in &self.order {
            let seen = &self.numbers[number];
            if let Some(highest) = highest.filter(|highest| number < highest)
                && let Some((stream, index, _)) = seen.source
            {
                let later = self.numbers.range(number + 1..=highest);
                let same: Vec<_> = later
                    .filter_map(|(_, seen)| seen.source)
                    .filter(|(other, _, _)| *other == stream)
                    .collect();
                assert!(same.iter().all(|(_, other, _)| *other > index));
            }
            highest = Some(highest.map_or(*number, |highest| highest.max(*number)));
        }
    }

    /// A gap between two numbers is no larger than the packets that the source did not deliver before the
    /// stretch ended.
    fn check_gaps(&self) {
        let all: Vec<_> = self.numbers.iter().collect();
        let mut ends = BTreeMap::new();
        for number in &self.order {
            let seen = &self.numbers[number];
            ends.extend(Run::segment(seen).map(|segment| (segment, seen.at_us)));
        }
        let mut last_of = None;
        for pair in all.windows(2) {
            let [(a, from), (b, to)] = pair else {
                continue;
            };
            last_of = Run::segment(from).zip(from.source).or(last_of);
            let missing = *b - *a - 1;
            self.check_places(missing, from, to);
            let Some((segment, (stream, index, _))) = last_of.filter(|_| missing > 0) else {
                continue;
            };
            let end = match to.source {
                Some((other, index, _)) if other == stream => index,
                _ => self.count[&stream],
            };
            let late = |index: &u64| {
                self.arrived
                    .get(&(stream, *index))
                    .is_none_or(|at| *at > ends[&segment])
            };
            let undelivered = (index + 1..end).filter(late).count() as u64;
            assert!(
                missing <= undelivered,
                "{missing} missing before {b}, {undelivered} undelivered"
            );
        }
    }

    /// Sound has no layers to leave out: inside a stretch, missing packets keep their places.
    fn check_places(&self, missing: u64, from: &Seen, to: &Seen) {
        if let (Some((_, from_index, _)), Some((_, to_index, _))) = (from.source, to.source)
            && self.clock_khz == 48
            && Run::segment(from) == Run::segment(to)
        {
            assert_eq!(missing, to_index - from_index - 1);
        }
    }

    /// Inside a stretch time stamps follow the source's; where one begins they follow the wall clock.
    fn check_clock(&self) {
        let mut known = BTreeSet::new();
        let mut shifts = BTreeMap::new();
        let mut newest: Option<(u32, u64)> = None;
        for number in &self.order {
            let seen = &self.numbers[number];
            let Some((segment, (_, _, source))) = Run::segment(seen).zip(seen.source) else {
                continue;
            };
            let shift = seen.timestamp.wrapping_sub(source);
            assert_eq!(*shifts.entry(segment).or_insert(shift), shift);
            if known.insert(segment)
                && let Some((timestamp, at_us)) = newest
            {
                let ticks = u64::from(seen.timestamp.wrapping_sub(timestamp));
                assert!(ticks > 0 && ticks < 1 << 31, "the clock went back");
                let elapsed = (seen.at_us - at_us) * self.clock_khz / 1_000;
                let error = ticks.abs_diff(elapsed);
                assert!(error <= self.clock_khz, "{error} ticks off after {elapsed}");
            }
            let newer = |(old, _): (u32, u64)| {
                let step = seen.timestamp.wrapping_sub(old);
                step != 0 && step < 1 << 31
            };
            if newest.is_none_or(newer) {
                newest = Some((seen.timestamp, seen.at_us));
            }
        }
    }

    /// Without jitter every source runs on the wall clock, so the slot does, from beginning to end.
    fn check_wall_clock(&self) {
        let Some(first) = self.order.first().map(|number| &self.numbers[number]) else {
            return;
        };
        for seen in self.numbers.values().filter(|seen| seen.source.is_some()) {
            let ticks = i64::from(seen.timestamp.wrapping_sub(first.timestamp) as i32);
            let elapsed = (seen.at_us - first.at_us) * self.clock_khz / 1_000;
            let error = ticks.abs_diff(elapsed as i64);
            assert!(error <= self.clock_khz, "{error} ticks off after {elapsed}");
        }
    }

    /// Where nothing was lost or late, pictures are counted without a gap, whatever was left out.
    fn check_pictures(&self) {
        for pair in self.pictures.windows(2) {
            let picture = pair[1].0.wrapping_sub(pair[0].0) & 0x7fff;
            let tl0 = pair[1].1.wrapping_sub(pair[0].1);
            assert!(picture <= 1 && tl0 <= 1, "{pair:?}");
        }
    }

    fn check(&self) {
        self.check_order();
        self.check_gaps();
        self.check_clock();
        if self.weather.jitter_ms == 0 {
            self.check_wall_clock();
            if self.weather.loss == 0 {
                self.check_pictures();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn video_is_one_stream(weather in weather()) {
        run(weather, TrackKind::Camera).check();
    }

    #[test]
    fn audio_is_one_stream(weather in weather()) {
        run(weather, TrackKind::Audio).check();
    }

    /// The ways in that lose nothing, or delay nothing, allow for stricter checks.
    #[test]
    fn better_weather(weather in weather(), loss: bool) {
        let mut weather = Weather { jitter_ms: 0, ..weather };
        if !loss {
            weather.loss = 0;
        }
        for kind in [TrackKind::Camera, TrackKind::Audio] {
            run(weather, kind).check();
        }
    }
}

#[test]
fn the_runs_are_worth_checking() {
    let weather = Weather {
        seed: 3,
        loss: 5,
        twice: 3,
        jitter_ms: 50,
        sequence: 65_400,
        timestamp: u32::MAX - 9_000,
    };
    for kind in [TrackKind::Camera, TrackKind::Audio] {
        let run = run(weather, kind);
        let segments: BTreeSet<_> = run.numbers.values().filter_map(Run::segment).collect();
        assert!(segments.len() > 5, "{} segments", segments.len());
        assert!(run.numbers.len() > 60, "{} packets", run.numbers.len());
    }
}

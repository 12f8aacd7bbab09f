//! Cost of a packet in the forwarder: `cargo bench -p sideroom-bench --bench forward`.
//!
//! `fanout/N/shut=P` is a packet of 1,200 bytes to N subscribers, P per cent of them behind a shut gate,
//! copied into a batch but not sealed; `ingress` is the same packet without subscribers. The difference,
//! divided by their number, is the cost of a subscriber. All figures are CPU time of the bench's thread, so
//! that other work of the machine matters less.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use sideroom_forward::{
    Egress, ForwardConfig, Forwarder, IngressConfig, IngressId, Mid, Outgoing, PayloadTypes,
    SlotConfig, SubscriberConfig, SubscriberId,
};
use sideroom_route::{
    BreakoutId, DropReason, Epoch, Gate, GroupId, ParticipantId, RoomId, Route, RouteChange,
    RouteReason, RouteUpdate, SlotId, Time, TrackChange, TrackId, TrackKind, TrackRoute, WorkerId,
};
use sideroom_rtp::{Codec, ExtensionKind, ExtensionMap, Header, HeaderWriter, RtpViewMut};

const ROOM: RoomId = RoomId(1);
const VIDEO: SlotId = SlotId::video(0);
const PACKET: usize = 1_200;
const SSRC: u32 = 1_000;

/// CPU time of this thread.
struct CpuTime;

fn cpu_time() -> Duration {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(at.tv_sec as u64, at.tv_nsec as u32)
}

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        cpu_time()
    }

    fn end(&self, start: Duration) -> Duration {
        cpu_time() - start
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Copies every packet into a batch buffer that fits the cache, as a sealer would; and seals nothing.
struct Batch {
    bytes: Vec<u8>,
    at: usize,
    packets: u64,
    last: u16,
}

impl Batch {
    fn new() -> Self {
        Self {
            bytes: vec![0; 64 << 10],
            at: 0,
            packets: 0,
            last: 0,
        }
    }
}

impl Egress for Batch {
    #[inline]
    fn send(&mut self, _: SubscriberId, packet: Outgoing<'_>) {
        if self.at + packet.len() > self.bytes.len() {
            self.at = 0;
        }
        let place = self.bytes.get_mut(self.at..).unwrap_or_default();
        self.at += packet.write_to(place).unwrap_or(0);
        self.packets += 1;
        self.last = packet.extended_sequence as u16;
    }

    fn relay(&mut self, _: WorkerId, _: TrackId, _: Epoch, _: u8, _: &[u8]) {}
}

fn participant(serial: u32) -> ParticipantId {
    ParticipantId::new(ROOM, serial)
}

fn extensions() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    map.set(ExtensionKind::Mid, 4);
    map.set(ExtensionKind::TransportCc, 3);
    map.set(ExtensionKind::AbsSendTime, 2);
    map
}

/// A worker with one publisher and many subscribers, and a packet to send through.
struct Stage {
    forwarder: Forwarder,
    from: IngressId,
    subscribers: Vec<SubscriberId>,
    packet: Vec<u8>,
    sequence: u16,
    now: Time,
}

impl Stage {
    fn new(subscribers: u32, shut_percent: u32) -> Self {
        let mut forwarder = Forwarder::new(ForwardConfig::default());
        let track = TrackId::new(ROOM, 0);
        let publisher = participant(u32::MAX);
        let from = forwarder.add_ingress(IngressConfig {
            track,
            publisher,
            kind: TrackKind::Camera,
            codecs: vec![(96, Codec::Vp8)],
            extensions: extensions(),
            layers: 1,
        });
        let ids = (0..subscribers)
            .map(|serial| add_subscriber(&mut forwarder, serial))
            .collect();
        let mut update = RouteUpdate::empty(ROOM, Epoch(0), Epoch(1));
        let about = TrackRoute {
            publisher,
            kind: TrackKind::Camera,
            group: GroupId::Parent,
            since: Epoch(1),
        };
        update.tracks.push(TrackChange {
            track,
            route: Some(about),
        });
        update.routes = (0..subscribers)
            .map(|serial| RouteChange {
                subscriber: participant(serial),
                slot: VIDEO,
                route: Some(Route {
                    track,
                    gate: if serial * 100 < shut_percent * subscribers {
                        Gate::Shut(DropReason::ParentPaused)
                    } else {
                        Gate::Open
                    },
                    placement: RouteReason::OwnGroup,
                    max_height: Route::ANY_HEIGHT,
                }),
            })
            .collect();
        forwarder.apply(Time::ZERO, &update).unwrap();
        let mut stage = Self {
            forwarder,
            from,
            subscribers: ids,
            packet: packet(),
            sequence: 0,
            now: Time::ZERO,
        };
        let mut batch = Batch::new();
        stage.put(&mut batch);
        // From now on frames are no keyframes, and picture ids are patched.
        if let Some(byte) = stage.packet.get_mut(34) {
            *byte = 1;
        }
        for _ in 0..2_000 {
            stage.put(&mut batch);
        }
        stage
    }

    #[inline]
    fn put(&mut self, batch: &mut Batch) {
        self.sequence = self.sequence.wrapping_add(1);
        self.now = self.now + Duration::from_micros(3_333);
        let mut view = RtpViewMut::parse(&mut self.packet).unwrap();
        view.set_sequence(self.sequence);
        view.set_timestamp(u32::from(self.sequence) * 300);
        self.forwarder
            .handle_rtp(self.now, self.from, 0, &self.packet, batch);
    }
}

fn add_subscriber(forwarder: &mut Forwarder, serial: u32) -> SubscriberId {
    let id = forwarder.add_subscriber(SubscriberConfig {
        participant: participant(serial),
        transport_cc: true,
    });
    let config = SlotConfig {
        slot: VIDEO,
        ssrc: SSRC,
        rtx_ssrc: Some(SSRC + 1),
        mid: Mid::new("v0").unwrap(),
        payload_types: PayloadTypes::new().with(Codec::Vp8, 96, Some(97)),
        extensions: extensions(),
    };
    assert!(forwarder.add_slot(Time::ZERO, id, config));
    id
}

/// A keyframe's first packet: VP8 with picture id, TL0PICIDX and a temporal layer.
fn packet() -> Vec<u8> {
    let mut writer = HeaderWriter::new();
    let header = Header {
        marker: true,
        payload_type: 96,
        sequence: 0,
        timestamp: 0,
        ssrc: 7,
    };
    writer.begin(&header, false);
    writer.sending_time_extensions(&extensions());
    writer.extension(4, b"v0");
    writer.finish();
    let mut bytes = writer.bytes().to_vec();
    bytes.extend([0x90, 0xe0, 0x80, 1, 1, 0x20, 0]);
    bytes.resize(PACKET, 0xaa);
    bytes
}

fn fanout(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("fanout");
    for subscribers in [1, 10, 100, 1_000] {
        for shut in [0, 50, 100] {
            let mut stage = Stage::new(subscribers, shut);
            let mut batch = Batch::new();
            group.throughput(Throughput::Elements(subscribers.into()));
            let id = BenchmarkId::new(subscribers.to_string(), format!("shut={shut}"));
            group.bench_function(id, |bencher| {
                bencher.iter(|| stage.put(&mut batch));
            });
            black_box(batch.packets);
        }
    }
    group.finish();
    let mut stage = Stage::new(0, 0);
    let mut batch = Batch::new();
    criterion.bench_function("ingress", |bencher| {
        bencher.iter(|| stage.put(&mut batch));
    });
}

/// Packets of the ring that a round of NACKs asks for, of each subscriber.
const ASKED: u16 = 256;

/// A NACK for one packet that is in the ring, answered on the RTX stream, before sealing. New packets
/// come in between rounds, unmeasured: the same one is not retransmitted without end.
fn nack(criterion: &mut Criterion<CpuTime>) {
    let mut stage = Stage::new(10, 0);
    let mut batch = Batch::new();
    criterion.bench_function("nack", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            let mut left = rounds;
            while left > 0 {
                for _ in 0..ASKED {
                    stage.put(&mut batch);
                }
                let (newest, now, before) = (batch.last, stage.now, batch.packets);
                let subscribers = &stage.subscribers;
                let start = cpu_time();
                let asked = subscribers
                    .iter()
                    .flat_map(|to| (0..ASKED).map(move |at| (*to, at)));
                let mut answered = 0;
                for (to, at) in asked.take(left as usize) {
                    let lost = [newest.wrapping_sub(at)].into_iter();
                    stage.forwarder.handle_nack(now, to, SSRC, lost, &mut batch);
                    answered += 1;
                }
                spent += cpu_time() - start;
                assert_eq!(batch.packets - before, answered, "each is answered");
                left -= answered;
            }
            spent
        });
    });
}

/// A hundred people, each with a microphone and ten slots that carry the others: all of them move to
/// ten breakouts and back, in one update each time.
fn apply(criterion: &mut Criterion<CpuTime>) {
    let mut forwarder = Forwarder::new(ForwardConfig::default());
    let people = 0..100_u32;
    for serial in people.clone() {
        forwarder.add_ingress(IngressConfig {
            track: TrackId::new(ROOM, serial),
            publisher: participant(serial),
            kind: TrackKind::Audio,
            codecs: vec![(111, Codec::Opus)],
            extensions: extensions(),
            layers: 1,
        });
        let id = forwarder.add_subscriber(SubscriberConfig {
            participant: participant(serial),
            transport_cc: true,
        });
        for index in 0..10 {
            let config = SlotConfig {
                slot: SlotId::audio(index),
                ssrc: SSRC + u32::from(index),
                rtx_ssrc: None,
                mid: Mid::new("a").unwrap(),
                payload_types: PayloadTypes::new().with(Codec::Opus, 111, None),
                extensions: extensions(),
            };
            assert!(forwarder.add_slot(Time::ZERO, id, config));
        }
    }
    let mut epoch = 0;
    criterion.bench_function("apply/100 people move", |bencher| {
        bencher.iter_batched(
            || {
                epoch += 1;
                everybody_moves(epoch, people.clone())
            },
            |update| forwarder.apply(Time::from_millis(epoch_of(&update)), &update),
            criterion::BatchSize::PerIteration,
        );
    });
}

fn epoch_of(update: &RouteUpdate) -> u64 {
    update.epoch.0
}

/// To breakouts of ten in odd epochs, to the parent in even ones.
fn everybody_moves(epoch: u64, people: std::ops::Range<u32>) -> RouteUpdate {
    let mut update = RouteUpdate::empty(ROOM, Epoch(epoch - 1), Epoch(epoch));
    for serial in people {
        let group = if epoch.is_multiple_of(2) {
            GroupId::Parent
        } else {
            GroupId::Breakout(BreakoutId(serial / 10))
        };
        update.tracks.push(TrackChange {
            track: TrackId::new(ROOM, serial),
            route: Some(TrackRoute {
                publisher: participant(serial),
                kind: TrackKind::Audio,
                group,
                since: Epoch(epoch),
            }),
        });
        for index in 0..10_u8 {
            let heard = if epoch.is_multiple_of(2) {
                u32::from(index)
            } else {
                serial / 10 * 10 + u32::from(index)
            };
            update.routes.push(RouteChange {
                subscriber: participant(serial),
                slot: SlotId::audio(index),
                route: (heard != serial).then_some(Route {
                    track: TrackId::new(ROOM, heard),
                    gate: Gate::Open,
                    placement: RouteReason::OwnGroup,
                    max_height: Route::ANY_HEIGHT,
                }),
            });
        }
    }
    update
}

criterion_group! {
    name = forward;
    config = Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1_500));
    targets = fanout, nack, apply
}
criterion_main!(forward);

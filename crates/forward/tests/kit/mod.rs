//! Shared by the tests: a source of packets, and an egress that records its output.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part of it"
)]

use sideroom_forward::{
    Egress, ForwardConfig, ForwardEvent, Forwarder, IngressConfig, IngressId, Mid, Outgoing,
    PacketKind, PayloadTypes, SlotConfig, SubscriberConfig, SubscriberId,
};
use sideroom_route::{
    Epoch, Gate, GroupId, Media, ParticipantId, RoomId, Route, RouteChange, RoutePlan, RouteReason,
    RouteUpdate, SlotId, Time, TrackChange, TrackId, TrackKind, TrackRoute, WorkerId,
};
use sideroom_rtp::{Codec, ExtensionKind, ExtensionMap, Header, HeaderWriter, RtpView};

pub const ROOM: RoomId = RoomId(7);
pub const OPUS: u8 = 111;
pub const RED: u8 = 63;
pub const VP8: u8 = 96;
pub const VP9: u8 = 98;
pub const AV1: u8 = 45;

/// A packet that left, in one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub to: SubscriberId,
    pub slot: SlotId,
    pub kind: PacketKind,
    pub track: Option<TrackId>,
    pub number: u64,
    pub keyframe: bool,
    pub bytes: Vec<u8>,
}

impl Sent {
    pub fn view(&self) -> RtpView<'_> {
        RtpView::parse(&self.bytes).unwrap()
    }
}

/// A packet that was relayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relayed {
    pub to: WorkerId,
    pub track: TrackId,
    pub since: Epoch,
    pub layer: u8,
    pub bytes: Vec<u8>,
}

/// Records every packet.
#[derive(Default, Debug)]
pub struct Sink {
    pub sent: Vec<Sent>,
    pub relayed: Vec<Relayed>,
}

impl Egress for Sink {
    fn send(&mut self, to: SubscriberId, packet: Outgoing<'_>) {
        let mut bytes = vec![0; packet.len()];
        assert_eq!(packet.write_to(&mut bytes), Some(bytes.len()));
        let view = RtpView::parse(&bytes).unwrap();
        assert_eq!(view.header_len(), packet.header.len());
        assert_eq!(view.sequence(), packet.extended_sequence as u16);
        assert_eq!(view.ssrc(), packet.ssrc);
        assert_eq!(view.marker(), packet.marker);
        self.sent.push(Sent {
            to,
            slot: packet.slot,
            kind: packet.kind,
            track: packet.track,
            number: packet.extended_sequence,
            keyframe: packet.keyframe,
            bytes,
        });
    }

    fn relay(&mut self, to: WorkerId, track: TrackId, since: Epoch, layer: u8, packet: &[u8]) {
        self.relayed.push(Relayed {
            to,
            track,
            since,
            layer,
            bytes: packet.to_vec(),
        });
    }
}

pub fn participant(serial: u32) -> ParticipantId {
    ParticipantId::new(ROOM, serial)
}

pub fn track(serial: u32) -> TrackId {
    TrackId::new(ROOM, serial)
}

pub fn ms(millis: u64) -> Time {
    Time::from_millis(millis)
}

/// Ids of the publishers' transports.
pub fn inner_extensions() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    map.set(ExtensionKind::Mid, 1);
    map.set(ExtensionKind::AudioLevel, 2);
    map.set(ExtensionKind::TransportCc, 3);
    map.set(ExtensionKind::DependencyDescriptor, 4);
    map
}

/// Ids of the subscribers' transports: others on purpose.
pub fn outer_extensions() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    map.set(ExtensionKind::Mid, 9);
    map.set(ExtensionKind::AudioLevel, 7);
    map.set(ExtensionKind::TransportCc, 5);
    map.set(ExtensionKind::AbsSendTime, 6);
    map.set(ExtensionKind::DependencyDescriptor, 4);
    map
}

pub fn ingress(serial: u32, publisher: u32, kind: TrackKind, layers: u8) -> IngressConfig {
    IngressConfig {
        track: track(serial),
        publisher: participant(publisher),
        kind,
        codecs: vec![
            (OPUS, Codec::Opus),
            (RED, Codec::Red),
            (VP8, Codec::Vp8),
            (VP9, Codec::Vp9),
            (AV1, Codec::Av1),
        ],
        extensions: inner_extensions(),
        layers,
    }
}

pub fn ssrc_of(subscriber: u32, slot: SlotId) -> u32 {
    let media = match slot.media {
        Media::Audio => 0,
        Media::Video => 100,
    };
    1_000 * (subscriber + 1) + media + u32::from(slot.index)
}

pub fn slot(subscriber: u32, slot: SlotId) -> SlotConfig {
    let ssrc = ssrc_of(subscriber, slot);
    SlotConfig {
        slot,
        ssrc,
        rtx_ssrc: Some(ssrc + 500),
        mid: Mid::new("m1").unwrap(),
        payload_types: PayloadTypes::new()
            .with(Codec::Opus, 109, Some(110))
            .with(Codec::Vp8, 120, Some(121))
            .with(Codec::Vp9, 122, Some(123))
            .with(Codec::Av1, 124, Some(125)),
        extensions: outer_extensions(),
    }
}

/// A forwarder with subscribers `0..count`, each with `audio` and `video` slots.
pub fn with_subscribers(count: u32, audio: u8, video: u8) -> (Forwarder, Vec<SubscriberId>) {
    let mut forwarder = Forwarder::new(ForwardConfig::default());
    let ids = (0..count)
        .map(|serial| {
            let id = forwarder.add_subscriber(SubscriberConfig {
                participant: participant(serial),
                transport_cc: true,
            });
            for index in 0..audio {
                assert!(forwarder.add_slot(Time::ZERO, id, slot(serial, SlotId::audio(index))));
            }
            for index in 0..video {
                assert!(forwarder.add_slot(Time::ZERO, id, slot(serial, SlotId::video(index))));
            }
            id
        })
        .collect();
    (forwarder, ids)
}

pub fn routed(publisher: u32, kind: TrackKind, since: u64) -> TrackRoute {
    TrackRoute {
        publisher: participant(publisher),
        kind,
        group: GroupId::Parent,
        since: Epoch(since),
    }
}

pub fn route(of: u32, gate: Gate) -> Route {
    Route {
        track: track(of),
        gate,
        placement: RouteReason::OwnGroup,
        max_height: Route::ANY_HEIGHT,
    }
}

/// Builds updates that follow each other.
#[derive(Default)]
pub struct Updates {
    pub epoch: u64,
}

impl Updates {
    pub fn next(
        &mut self,
        tracks: &[(u32, Option<TrackRoute>)],
        routes: &[(u32, SlotId, Option<Route>)],
    ) -> RouteUpdate {
        let mut update = RouteUpdate::empty(ROOM, Epoch(self.epoch), Epoch(self.epoch + 1));
        self.epoch += 1;
        update.tracks = tracks
            .iter()
            .map(|(serial, route)| TrackChange {
                track: track(*serial),
                route: *route,
            })
            .collect();
        update.routes = routes
            .iter()
            .map(|(subscriber, slot, route)| RouteChange {
                subscriber: participant(*subscriber),
                slot: *slot,
                route: *route,
            })
            .collect();
        update
    }
}

/// A source: makes packets one after another.
#[derive(Clone, Debug)]
pub struct Source {
    pub ssrc: u32,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub picture: u16,
    pub tl0: u8,
}

impl Source {
    pub fn new(ssrc: u32, payload_type: u8, sequence: u16, timestamp: u32) -> Self {
        Self {
            ssrc,
            payload_type,
            sequence,
            timestamp,
            picture: sequence & 0x7fff,
            tl0: sequence as u8,
        }
    }

    fn packet(&mut self, marker: bool, extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
        let mut writer = HeaderWriter::new();
        let header = Header {
            marker,
            payload_type: self.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        writer.begin(&header, extensions.iter().any(|(_, data)| data.len() > 16));
        writer.extension(1, b"in");
        for (id, data) in extensions {
            assert!(writer.extension(*id, data));
        }
        writer.finish();
        let mut bytes = writer.bytes().to_vec();
        bytes.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        bytes
    }

    /// 20 ms of sound at `attenuation` dB below full scale.
    pub fn audio(&mut self, attenuation: u8) -> Vec<u8> {
        self.timestamp = self.timestamp.wrapping_add(960);
        self.packet(false, &[(2, &[0x80 | attenuation])], &[0x78; 80])
    }

    /// A payload under the current time stamp, with its extensions.
    pub fn raw(&mut self, marker: bool, extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
        self.packet(marker, extensions, payload)
    }

    /// One VP8 frame of several packets; the time stamp advances by `ticks` before it.
    pub fn vp8(
        &mut self,
        ticks: u32,
        keyframe: bool,
        temporal: u8,
        packets: usize,
    ) -> Vec<Vec<u8>> {
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.picture = self.picture.wrapping_add(1) & 0x7fff;
        if temporal == 0 {
            self.tl0 = self.tl0.wrapping_add(1);
        }
        let [high, low] = (self.picture | 0x8000).to_be_bytes();
        (0..packets)
            .map(|at| {
                let first = if at == 0 { 0x90 } else { 0x80 };
                let sync = if keyframe || temporal > 0 { 0x20 } else { 0 };
                let start = u8::from(!keyframe);
                let mut payload = vec![
                    first,
                    0xe0,
                    high,
                    low,
                    self.tl0,
                    temporal << 6 | sync,
                    start,
                ];
                payload.resize(1_000, at as u8);
                self.packet(at + 1 == packets, &[], &payload)
            })
            .collect()
    }
}

/// Everything that waits.
pub fn events(forwarder: &mut Forwarder) -> Vec<ForwardEvent> {
    std::iter::from_fn(|| forwarder.poll_event()).collect()
}

/// The keyframe requests among the waiting events: track and layer.
pub fn keyframe_requests(forwarder: &mut Forwarder) -> Vec<(TrackId, u8)> {
    let requests = events(forwarder)
        .into_iter()
        .filter_map(|event| match event {
            ForwardEvent::KeyframeRequest { track, layer, .. } => Some((track, layer)),
            ForwardEvent::Media(_) => None,
        });
    requests.collect()
}

/// The reading of VP8's descriptor in a packet that left: picture id, TL0PICIDX, temporal layer.
pub fn vp8_of(payload: &[u8]) -> (u16, u8, u8) {
    let read = sideroom_rtp::codec::vp8::parse(payload).unwrap();
    (
        read.picture_id.unwrap().value,
        read.tl0.unwrap().0,
        read.temporal,
    )
}

/// The table that results from the updates, as a plan.
pub fn plan_after(updates: &[RouteUpdate]) -> RoutePlan {
    let mut plan = RoutePlan::empty(ROOM);
    for update in updates {
        plan.apply(update).unwrap();
    }
    plan
}

pub fn put(
    forwarder: &mut Forwarder,
    now: Time,
    ingress: IngressId,
    layer: u8,
    packet: &[u8],
) -> Vec<Sent> {
    let mut sink = Sink::default();
    forwarder.handle_rtp(now, ingress, layer, packet, &mut sink);
    sink.sent
}

/// Chance from a seed (a linear congruential generator: good enough to shuffle tests).
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % bound.max(1)
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// Two cameras, and the first video slot of a subscriber that carries the first.
pub fn two_cameras() -> (
    sideroom_forward::Forwarder,
    [sideroom_forward::IngressId; 2],
    Updates,
) {
    let (mut forwarder, _) = with_subscribers(3, 0, 2);
    let cameras = [0, 1].map(|at| forwarder.add_ingress(ingress(at, at, TrackKind::Camera, 1)));
    let mut updates = Updates::default();
    let update = updates.next(
        &[
            (0, Some(routed(0, TrackKind::Camera, 1))),
            (1, Some(routed(1, TrackKind::Camera, 1))),
        ],
        &[(2, SlotId::video(0), Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    (forwarder, cameras, updates)
}

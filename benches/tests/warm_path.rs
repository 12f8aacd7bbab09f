//! From a packet that comes in to a sealed batch for a hundred subscribers, the warm path allocates
//! nothing: the real forwarder and the real SRTP, without the sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use allocation_counter::measure;
use sideroom_forward::{
    Egress, ForwardConfig, Forwarder, IngressConfig, Mid, Outgoing, PayloadTypes, SlotConfig,
    SubscriberConfig, SubscriberId,
};
use sideroom_route::{
    Epoch, Gate, GroupId, ParticipantId, RoomId, Route, RouteChange, RouteReason, RouteUpdate,
    SlotId, Time, TrackChange, TrackId, TrackKind, TrackRoute, WorkerId,
};
use sideroom_rtp::{Codec, ExtensionKind, ExtensionMap, Header, HeaderWriter};
use sideroom_session::srtp::{KeyMaterial, Role, SrtpOut, SrtpProfile};

const SUBSCRIBERS: u32 = 100;
const ROOM: RoomId = RoomId(1);
const VIDEO: SlotId = SlotId::video(0);

/// A context and a place in the batch for each subscriber.
struct Sealer {
    contexts: Vec<SrtpOut>,
    batch: Vec<u8>,
    at: usize,
    packets: u64,
}

impl Egress for Sealer {
    fn send(&mut self, to: SubscriberId, packet: Outgoing<'_>) {
        if self.at + packet.len() + 32 > self.batch.len() {
            self.at = 0;
        }
        let context = &self.contexts[to.0 as usize];
        let payload = (packet.prefix, packet.payload);
        let place = &mut self.batch[self.at..];
        let len = context.seal_with_prefix(packet.header, payload, packet.extended_sequence, place);
        assert_eq!(len, packet.len() + context.rtp_overhead());
        self.at += len;
        self.packets += 1;
    }

    fn relay(&mut self, _: WorkerId, _: TrackId, _: Epoch, _: u8, _: &[u8]) {}
}

fn extensions() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    map.set(ExtensionKind::Mid, 4);
    map.set(ExtensionKind::TransportCc, 3);
    map
}

fn participant(serial: u32) -> ParticipantId {
    ParticipantId::new(ROOM, serial)
}

/// A forwarder with one camera, which publishes to everybody.
fn stage() -> (Forwarder, sideroom_forward::IngressId) {
    let mut forwarder = Forwarder::new(ForwardConfig::default());
    let (track, publisher) = (TrackId::new(ROOM, 0), participant(SUBSCRIBERS));
    let mut update = RouteUpdate::empty(ROOM, Epoch(0), Epoch(1));
    update.tracks.push(TrackChange {
        track,
        route: Some(TrackRoute {
            publisher,
            kind: TrackKind::Camera,
            group: GroupId::Parent,
            since: Epoch(1),
        }),
    });
    for serial in 0..SUBSCRIBERS {
        let id = forwarder.add_subscriber(SubscriberConfig {
            participant: participant(serial),
            transport_cc: true,
        });
        let config = SlotConfig {
            slot: VIDEO,
            ssrc: 1_000 + serial,
            rtx_ssrc: Some(5_000 + serial),
            mid: Mid::new("3").unwrap(),
            payload_types: PayloadTypes::new().with(Codec::Vp8, 96, Some(97)),
            extensions: extensions(),
        };
        assert!(forwarder.add_slot(Time::ZERO, id, config));
        update.routes.push(RouteChange {
            subscriber: participant(serial),
            slot: VIDEO,
            route: Some(Route {
                track,
                gate: Gate::Open,
                placement: RouteReason::OwnGroup,
                max_height: Route::ANY_HEIGHT,
            }),
        });
    }
    let from = forwarder.add_ingress(IngressConfig {
        track,
        publisher,
        kind: TrackKind::Camera,
        codecs: vec![(96, Codec::Vp8)],
        extensions: extensions(),
        layers: 1,
    });
    forwarder.apply(Time::ZERO, &update).unwrap();
    (forwarder, from)
}

/// A keyframe in one packet of VP8.
fn packet(sequence: u16) -> Vec<u8> {
    let mut writer = HeaderWriter::new();
    let header = Header {
        marker: true,
        payload_type: 96,
        sequence,
        timestamp: u32::from(sequence) * 3_000,
        ssrc: 7,
    };
    writer.begin(&header, false);
    writer.finish();
    let mut bytes = writer.bytes().to_vec();
    bytes.extend([0x90, 0xe0, 0x80, 1, 1, 0x20, 0]);
    bytes.resize(1_200, 0xaa);
    bytes
}

fn check(profile: SrtpProfile) {
    let (mut forwarder, from) = stage();
    let contexts = (0..SUBSCRIBERS).map(|serial| {
        let exported = [serial as u8; 200];
        SrtpOut::new(&KeyMaterial::from_exported(profile, &exported, Role::Server).unwrap())
    });
    let mut sealer = Sealer {
        contexts: contexts.collect(),
        batch: vec![0; 1 << 17],
        at: 0,
        packets: 0,
    };
    let mut warm = 0;
    for sequence in 0..300 {
        let (now, packet) = (
            Time::from_millis(u64::from(sequence) * 33),
            packet(sequence),
        );
        let made = measure(|| forwarder.handle_rtp(now, from, 0, &packet, &mut sealer));
        if sequence >= 200 {
            warm += made.count_total;
        }
        while forwarder.poll_event().is_some() {}
    }
    assert_eq!(sealer.packets, 300 * u64::from(SUBSCRIBERS));
    assert_eq!(warm, 0, "{profile:?}: allocations when warm");
}

#[test]
fn sealing_for_a_hundred_subscribers_allocates_nothing() {
    check(SrtpProfile::AeadAes128Gcm);
    check(SrtpProfile::AesCm128HmacSha1_80);
}

//! Bytes that no honest client sends are dropped and counted: nothing panics, nothing grows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use kit::*;
use proptest::prelude::*;
use sideroom_forward::Forwarder;
use sideroom_route::{Epoch, Gate, SlotId, TrackKind};

/// One track of each medium, one subscriber with a slot for each.
fn stage() -> (Forwarder, [sideroom_forward::IngressId; 2]) {
    let (mut forwarder, _) = with_subscribers(2, 1, 1);
    let audio = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    let video = forwarder.add_ingress(ingress(1, 0, TrackKind::Camera, 2));
    let mut updates = Updates::default();
    let update = updates.next(
        &[
            (0, Some(routed(0, TrackKind::Audio, 1))),
            (1, Some(routed(0, TrackKind::Camera, 1))),
        ],
        &[
            (1, SlotId::audio(0), Some(route(0, Gate::Open))),
            (1, SlotId::video(0), Some(route(1, Gate::Open))),
        ],
    );
    forwarder.apply(ms(0), &update).unwrap();
    (forwarder, [audio, video])
}

/// A header that is nearly right, and anything behind it.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop::sample::select(vec![OPUS, RED, VP8, VP9, AV1, 5]);
    let first = prop::sample::select(vec![0x80_u8, 0x90, 0xa0, 0xb0, 0x8f, 0x40]);
    let rest = prop::collection::vec(any::<u8>(), 0..60);
    (
        first,
        kinds,
        any::<bool>(),
        any::<u16>(),
        any::<u32>(),
        0_u8..2,
        rest,
    )
        .prop_map(|(first, kind, marker, sequence, timestamp, ssrc, rest)| {
            let mut bytes = vec![first, kind | u8::from(marker) << 7];
            bytes.extend(sequence.to_be_bytes());
            bytes.extend(timestamp.to_be_bytes());
            bytes.extend([0, 0, 0, ssrc]);
            if first & 0x10 != 0 {
                let profile = if ssrc == 0 {
                    [0xbe, 0xde]
                } else {
                    [0x10, 0x00]
                };
                bytes.extend(profile);
                bytes.extend([0, rest.len() as u8 / 8]);
            }
            bytes.extend(rest);
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn anything_may_come_in(
        packets in prop::collection::vec((packet(), 0_u8..3, any::<bool>(), any::<u8>()), 1..80),
    ) {
        let (mut forwarder, from) = stage();
        let mut sink = Sink::default();
        let to = sideroom_forward::SubscriberId(1);
        for (at, (packet, layer, video, cut)) in packets.iter().enumerate() {
            let now = ms(at as u64 * 50);
            let ingress = from[usize::from(*video)];
            let before = forwarder.drops().total() + sink.sent.len() as u64;
            let whole = packet.len() - usize::from(*cut) % packet.len() / 8;
            forwarder.handle_rtp(now, ingress, *layer, &packet[..whole], &mut sink);
            let after = forwarder.drops().total() + sink.sent.len() as u64;
            prop_assert!(after > before, "sent or counted");
            let slot = if *video { SlotId::video(0) } else { SlotId::audio(0) };
            let lost = packet.iter().map(|byte| u16::from(*byte) * 257);
            forwarder.handle_nack(now, to, ssrc_of(1, slot), lost, &mut sink);
            forwarder.handle_keyframe_request(now, to, ssrc_of(1, slot));
            forwarder.handle_sender_report(now, ingress, *layer, u64::MAX - at as u64, at as u32);
            forwarder.sender_report(now, to, slot);
            let track = track(u32::from(*video));
            forwarder.handle_relay(now, track, Epoch(1), *layer, packet, &mut sink);
            forwarder.handle_timeout(now);
        }
        prop_assert!(events(&mut forwarder).len() < 1_000);
    }

    /// Source numbers that jump wildly: outgoing numbers still count up one by one, or keep places free.
    #[test]
    fn a_source_that_jumps_does_not_make_a_slot_jump(
        jumps in prop::collection::vec((any::<u16>(), any::<u32>(), 0_u32..2), 1..200),
    ) {
        let (mut forwarder, [audio, _]) = stage();
        let mut last = None;
        for (at, (sequence, timestamp, ssrc)) in jumps.into_iter().enumerate() {
            let mut source = Source::new(ssrc, OPUS, sequence, timestamp);
            for sent in put(&mut forwarder, ms(at as u64 * 20), audio, 0, &source.audio(30)) {
                if let Some(last) = last {
                    prop_assert!(sent.number.abs_diff(last) <= 300, "{} after {last}", sent.number);
                }
                last = last.max(Some(sent.number));
            }
        }
    }
}

#[test]
fn events_that_nobody_polls_are_bounded() {
    let (mut forwarder, [_, video]) = stage();
    let mut source = Source::new(1, VP8, 1, 1);
    let to = sideroom_forward::SubscriberId(1);
    for at in 0..20_000 {
        let now = ms(at * 600);
        put(
            &mut forwarder,
            now,
            video,
            0,
            &source.vp8(3_000, true, 0, 1)[0],
        );
        forwarder.handle_keyframe_request(now, to, ssrc_of(1, SlotId::video(0)));
        forwarder.handle_timeout(now);
    }
    assert!(forwarder.lost_events() > 0);
    assert!(events(&mut forwarder).len() <= 4_096);
}

//! The rewriting of each codec when its packets are forwarded, thinned out, or switched between sources.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use kit::*;
use sideroom_forward::{
    Forwarder, IngressId, LayerTarget, PayloadTypes, SlotConfig, SubscriberConfig, SubscriberId,
};
use sideroom_route::{DropReason, Gate, SlotId, TrackKind};
use sideroom_rtp::{Codec, ExtensionKind, ExtensionMap};

const AUDIO: SlotId = SlotId::audio(0);
const VIDEO: SlotId = SlotId::video(0);

/// Two publishers, and one subscriber with a slot for the first.
fn stage(at: SlotId, kind: TrackKind) -> (Forwarder, [IngressId; 2], SubscriberId, Updates) {
    let (mut forwarder, ids) = with_subscribers(3, 1, 1);
    let from = [0, 1].map(|at| forwarder.add_ingress(ingress(at, at, kind, 1)));
    let mut updates = Updates::default();
    let update = updates.next(
        &[(0, Some(routed(0, kind, 1))), (1, Some(routed(1, kind, 1)))],
        &[(2, at, Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    (forwarder, from, ids[2], updates)
}

/// A VP9 picture of three spatial layers, one packet each.
fn vp9_picture(source: &mut Source, keyframe: bool) -> Vec<Vec<u8>> {
    source.timestamp = source.timestamp.wrapping_add(3_000);
    source.picture = source.picture.wrapping_add(1) & 0x7fff;
    let [high, low] = (source.picture | 0x8000).to_be_bytes();
    (0..3_u8)
        .map(|spatial| {
            let predicted = if keyframe { 0 } else { 0x40 };
            let first = 0x80 | 0x20 | 0x08 | 0x04 | predicted;
            let layer = spatial << 1 | u8::from(spatial > 0);
            let payload = [first, high, low, layer, 0, 1, 2, 3];
            source.raw(spatial == 2, &[], &payload)
        })
        .collect()
}

#[test]
fn spatial_layers_of_one_stream_are_thinned_out_and_the_marker_moves() {
    let (mut forwarder, [from, _], to, _) = stage(VIDEO, TrackKind::Camera);
    let lower = LayerTarget::Layer {
        encoding: 1,
        temporal: u8::MAX,
    };
    forwarder.set_layer_target(ms(0), to, VIDEO, lower);
    let mut source = Source::new(1, VP9, 65_533, 1);
    let mut sent = Vec::new();
    let mut layers = Vec::new();
    for picture in 0..20 {
        if picture == 10 {
            // Up again: not before the next keyframe, which is asked for.
            keyframe_requests(&mut forwarder);
            forwarder.set_layer_target(ms(900), to, VIDEO, LayerTarget::TOP);
            assert_eq!(keyframe_requests(&mut forwarder), [(track(0), 0)]);
        }
        let now = ms(33 * (picture + 1) + if picture >= 10 { 900 } else { 0 });
        let mut count = 0;
        for packet in vp9_picture(&mut source, picture % 15 == 0) {
            let out = put(&mut forwarder, now, from, 0, &packet);
            count += out.len();
            sent.extend(out);
        }
        assert!(sent.last().unwrap().view().marker(), "the picture ends");
        layers.push(count);
    }
    assert_eq!(
        layers[1..10],
        [2; 9],
        "after the first picture told what there is"
    );
    assert_eq!(layers[10..15], [2; 5]);
    assert_eq!(layers[15..], [3; 5], "from the keyframe on");
    for pair in sent.windows(2) {
        assert_eq!(pair[1].number, pair[0].number + 1);
    }
    let markers = sent.iter().filter(|sent| sent.view().marker()).count();
    assert!(markers >= 20, "one for each picture");
}

/// A dependency descriptor of a keyframe, with the structure that all others refer to.
fn keyframe_descriptor(frame: u16, pad_to: usize) -> Vec<u8> {
    let [high, low] = frame.to_be_bytes();
    // One template, one decode target: switch; no differences, no chains, no resolutions.
    let bits: u32 = 0x0040_0070;
    let bits = bits << 1;
    let mut data = vec![
        0xc0,
        high,
        low,
        (bits >> 16) as u8,
        (bits >> 8) as u8,
        bits as u8,
    ];
    data.resize(pad_to.max(6), 0);
    data
}

#[test]
fn frame_numbers_of_a_dependency_descriptor_go_on_across_sources() {
    let (mut forwarder, from, _, mut updates) = stage(VIDEO, TrackKind::Camera);
    let mut frames = Vec::new();
    let mut sources = [Source::new(1, AV1, 5, 5), Source::new(2, AV1, 9_000, 77)];
    for (which, frame) in [(0, 65_534_u16), (0, 65_535), (0, 0), (1, 700), (1, 701)] {
        if which == 1 && frame == 700 {
            let update = updates.next(&[], &[(2, VIDEO, Some(route(1, Gate::Open)))]);
            forwarder.apply(ms(100), &update).unwrap();
        }
        let source = &mut sources[which];
        source.timestamp += 3_000;
        // The first needs the two-byte form, the others do not.
        let pad = if frame == 65_534 { 20 } else { 0 };
        let data = keyframe_descriptor(frame, pad);
        let packet = source.raw(true, &[(4, &data)], &[0x18, 1, 2, 3]);
        let sent = put(&mut forwarder, ms(110), from[which], 0, &packet).remove(0);
        let view = sent.view();
        let data = view.extension(4).unwrap();
        assert_eq!(data.len(), pad.max(6));
        frames.push(u16::from_be_bytes([data[1], data[2]]));
        assert_eq!(view.payload(), [0x18, 1, 2, 3]);
        assert_eq!(view.extension(9), Some(&b"m1"[..]), "in either form");
    }
    assert_eq!(frames, [65_534, 65_535, 0, 1, 2]);
}

fn red(opus: u8) -> Vec<u8> {
    // One redundant block of 3 bytes, 960 ticks older, and a primary of 4.
    let length: u32 = 960 << 10 | 3;
    let mut payload = vec![0x80 | opus];
    payload.extend(&length.to_be_bytes()[1..]);
    payload.push(opus);
    payload.extend([1, 2, 3, 9, 8, 7, 6]);
    payload
}

#[test]
fn redundant_audio_passes_or_is_unwrapped() {
    let unwrapped = || (109, vec![9, 8, 7, 6]);
    for (has_red, useful, expected) in [
        (true, true, (64, red(109))),
        (true, false, unwrapped()),
        (false, true, unwrapped()),
    ] {
        let (mut forwarder, [from, _], to, _) = stage(AUDIO, TrackKind::Audio);
        let mut config = slot(2, AUDIO);
        config.payload_types = PayloadTypes::new().with(Codec::Opus, 109, None);
        if has_red {
            config.payload_types = config.payload_types.with(Codec::Red, 64, None);
        }
        assert!(forwarder.add_slot(ms(0), to, config));
        forwarder.set_redundancy(to, useful);
        let mut source = Source::new(1, RED, 5, 5);
        let packet = source.raw(false, &[], &red(OPUS));
        let sent = put(&mut forwarder, ms(20), from, 0, &packet).remove(0);
        let view = sent.view();
        assert_eq!((view.payload_type(), view.payload().to_vec()), expected);
    }
}

/// Redundant audio of a client that encrypts end to end: the content is unreadable, and may resemble RED by chance.
#[test]
fn encrypted_redundant_audio_passes_untouched_or_not_at_all() {
    let looks_like_red = [vec![OPUS], vec![7; 30]].concat();
    let payloads = [
        looks_like_red.clone(),
        vec![0x80 | OPUS, 0xff, 0xff, 0xff, 9, 9],
        looks_like_red,
        red(OPUS),
    ];
    for (has_red, useful, expected) in [(true, true, 4), (true, false, 4), (false, true, 1)] {
        let (mut forwarder, [from, _], to, _) = stage(AUDIO, TrackKind::Audio);
        let mut config = slot(2, AUDIO);
        config.payload_types = PayloadTypes::new().with(Codec::Opus, OPUS, None);
        if has_red {
            config.payload_types = config.payload_types.with(Codec::Red, 64, None);
        }
        assert!(forwarder.add_slot(ms(0), to, config));
        forwarder.set_redundancy(to, useful);
        let mut source = Source::new(1, RED, 5, 5);
        let mut sent = Vec::new();
        for (at, payload) in (1..).zip(&payloads) {
            let packet = source.raw(false, &[], payload);
            sent.extend(put(&mut forwarder, ms(at * 20), from, 0, &packet));
        }
        assert_eq!(sent.len(), expected, "RED {has_red}, of use {useful}");
        if has_red {
            for (sent, payload) in sent.iter().zip(&payloads) {
                let view = sent.view();
                assert_eq!((view.payload_type(), view.payload()), (64, &payload[..]));
            }
        }
    }
}

#[test]
fn a_later_answer_changes_types_and_extensions_and_leaves_no_gap() {
    let (mut forwarder, [from, _], to, _) = stage(AUDIO, TrackKind::Audio);
    let mut source = Source::new(1, OPUS, 5, 5);
    let before = put(&mut forwarder, ms(20), from, 0, &source.audio(30)).remove(0);
    let level = outer_extensions().id(ExtensionKind::AudioLevel).unwrap();
    assert_eq!(before.view().extension(level), Some(&[0x80 | 30][..]));
    let mut config = slot(2, AUDIO);
    config.payload_types = PayloadTypes::new().with(Codec::Opus, 96, None);
    config.extensions = ExtensionMap::new();
    config.extensions.set(ExtensionKind::AudioLevel, 13);
    forwarder.renegotiate(ms(30), to, false, [config]);
    let after = put(&mut forwarder, ms(40), from, 0, &source.audio(30)).remove(0);
    let view = after.view();
    assert_eq!(after.number, before.number + 1);
    assert_eq!(
        (view.ssrc(), view.payload_type()),
        (before.view().ssrc(), 96)
    );
    assert_eq!(view.extension(13), Some(&[0x80 | 30][..]));
    assert_eq!(view.extensions().count(), 1, "only what was agreed");
}

#[test]
fn a_codec_that_the_subscriber_does_not_have_is_counted_and_leaves_no_gap() {
    let (mut forwarder, [from, _], to, _) = stage(AUDIO, TrackKind::Audio);
    let mut config = slot(2, AUDIO);
    config.payload_types = PayloadTypes::new().with(Codec::Opus, 109, None);
    assert!(forwarder.add_slot(ms(0), to, config));
    let mut source = Source::new(1, OPUS, 5, 5);
    let before = put(&mut forwarder, ms(20), from, 0, &source.audio(30)).remove(0);
    source.payload_type = VP8;
    let strange = source.raw(false, &[], &[0x10, 0, 0, 0]);
    assert_eq!(put(&mut forwarder, ms(40), from, 0, &strange), []);
    assert_eq!(forwarder.drops().of(DropReason::UnknownPayloadType), 1);
    source.payload_type = OPUS;
    let after = put(&mut forwarder, ms(60), from, 0, &source.audio(30)).remove(0);
    assert_eq!(after.number, before.number + 1);
}

#[test]
fn a_publishers_padding_stays_behind() {
    let (mut forwarder, [from, _], _, _) = stage(VIDEO, TrackKind::Camera);
    let mut source = Source::new(1, VP8, 5, 5);
    let before = put(
        &mut forwarder,
        ms(10),
        from,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    )
    .remove(0);
    let mut padding = source.raw(false, &[], &[0, 0, 0, 4]);
    padding[0] |= 0x20;
    assert_eq!(put(&mut forwarder, ms(11), from, 0, &padding), []);
    assert_eq!(forwarder.drops().of(DropReason::PaddingOnly), 1);
    let after = put(
        &mut forwarder,
        ms(43),
        from,
        0,
        &source.vp8(3_000, false, 0, 1)[0],
    )
    .remove(0);
    assert_eq!(after.number, before.number + 1);
}

#[test]
fn ids_above_14_take_the_two_byte_form() {
    let (mut forwarder, _) = with_subscribers(1, 0, 0);
    let mut extensions = ExtensionMap::new();
    extensions.set(ExtensionKind::Mid, 20);
    extensions.set(ExtensionKind::AudioLevel, 21);
    extensions.set(ExtensionKind::TransportCc, 22);
    for (person, transport_cc) in [(1, true), (2, false)] {
        let to = forwarder.add_subscriber(SubscriberConfig {
            participant: participant(person),
            transport_cc,
        });
        let config = SlotConfig {
            extensions,
            ..slot(person, AUDIO)
        };
        assert!(forwarder.add_slot(ms(0), to, config));
    }
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    let open = Some(route(0, Gate::Open));
    let update = Updates::default().next(
        &[(0, Some(routed(0, TrackKind::Audio, 1)))],
        &[(1, AUDIO, open), (2, AUDIO, open)],
    );
    forwarder.apply(ms(0), &update).unwrap();
    let mut source = Source::new(1, OPUS, 5, 5);
    let sent = put(&mut forwarder, ms(20), from, 0, &source.audio(30));
    assert_eq!(sent.len(), 2);
    for (sent, transport_cc) in sent.iter().zip([Some(&[0, 0][..]), None]) {
        let view = sent.view();
        assert_eq!(view.extension(20), Some(&b"m1"[..]));
        assert_eq!(view.extension(21), Some(&[0x80 | 30][..]));
        assert_eq!(view.extension(22), transport_cc);
        assert_eq!(view.payload(), [0x78; 80]);
    }
}

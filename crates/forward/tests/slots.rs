//! The output of one slot as its source switches, pauses, moves and changes layers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use kit::*;
use sideroom_forward::{IngressId, LayerTarget, PacketKind};
use sideroom_route::{DropReason, Gate, GroupId, SlotId, TrackKind};
use sideroom_rtp::ExtensionKind;

const AUDIO: SlotId = SlotId::audio(0);
const VIDEO: SlotId = SlotId::video(0);
const SHUT: Gate = Gate::Shut(DropReason::ParentPaused);

#[test]
fn a_packet_leaves_with_the_slots_own_header_and_the_sources_payload() {
    let (mut forwarder, ids) = with_subscribers(2, 1, 0);
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    let mut updates = Updates::default();
    let update = updates.next(
        &[(0, Some(routed(0, TrackKind::Audio, 1)))],
        &[(1, AUDIO, Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    let mut source = Source::new(42, OPUS, 65_530, 5);
    let first = put(&mut forwarder, ms(20), from, 0, &source.audio(30));
    let second = put(&mut forwarder, ms(40), from, 0, &source.audio(31));
    let [first, second] = [&first[..], &second[..]].map(|sent| match sent {
        [one] => one.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!((first.to, first.slot), (ids[1], AUDIO));
    let (a, b) = (first.view(), second.view());
    assert_eq!((a.ssrc(), b.ssrc()), (ssrc_of(1, AUDIO), ssrc_of(1, AUDIO)));
    assert_eq!((a.payload_type(), a.payload()), (109, &[0x78; 80][..]));
    assert_eq!(b.sequence(), a.sequence().wrapping_add(1));
    assert_eq!(b.timestamp(), a.timestamp().wrapping_add(960));
    assert!(a.marker() && !b.marker(), "talk begins once");
    let outer = outer_extensions();
    let data = |kind| a.extension(outer.id(kind).unwrap()).map(<[u8]>::to_vec);
    assert_eq!(data(ExtensionKind::Mid), Some(b"m1".to_vec()));
    assert_eq!(data(ExtensionKind::AudioLevel), Some(vec![0x80 | 30]));
    assert_eq!(data(ExtensionKind::TransportCc), Some(vec![0, 0]));
    assert_eq!(data(ExtensionKind::AbsSendTime), Some(vec![0, 0, 0]));
}

#[test]
fn copies_and_what_nobody_routed_do_not_leave() {
    let (mut forwarder, _) = with_subscribers(2, 1, 0);
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    let mut source = Source::new(42, OPUS, 1, 5);
    assert!(put(&mut forwarder, ms(0), from, 0, &source.audio(30)).is_empty());
    assert_eq!(forwarder.drops().of(DropReason::NotRouted), 1);
    let mut updates = Updates::default();
    let update = updates.next(
        &[(0, Some(routed(0, TrackKind::Audio, 1)))],
        &[(1, AUDIO, Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    let packet = source.audio(30);
    assert_eq!(put(&mut forwarder, ms(20), from, 0, &packet).len(), 1);
    assert!(put(&mut forwarder, ms(20), from, 0, &packet).is_empty());
    assert_eq!(forwarder.drops().of(DropReason::Duplicate), 1);
    assert!(put(&mut forwarder, ms(20), from, 1, &source.audio(30)).is_empty());
    assert_eq!(
        forwarder.drops().of(DropReason::UnknownSsrc),
        1,
        "no such layer"
    );
    assert!(put(&mut forwarder, ms(20), from, 0, &packet[..11]).is_empty());
    assert_eq!(forwarder.drops().of(DropReason::Malformed), 1);
    source.payload_type = 5;
    assert!(put(&mut forwarder, ms(20), from, 0, &source.audio(30)).is_empty());
    assert_eq!(forwarder.drops().of(DropReason::UnknownPayloadType), 1);
}

#[test]
fn a_pause_leaves_no_gap_and_the_clock_goes_on() {
    let (mut forwarder, _) = with_subscribers(2, 1, 0);
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    let mut updates = Updates::default();
    let update = updates.next(
        &[(0, Some(routed(0, TrackKind::Audio, 1)))],
        &[(1, AUDIO, Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    let mut source = Source::new(42, OPUS, 100, 5);
    let before = put(&mut forwarder, ms(20), from, 0, &source.audio(30)).remove(0);
    let shut = updates.next(&[], &[(1, AUDIO, Some(route(0, SHUT)))]);
    forwarder.apply(ms(30), &shut).unwrap();
    for step in 0..50 {
        let sent = put(
            &mut forwarder,
            ms(40 + step * 20),
            from,
            0,
            &source.audio(30),
        );
        assert!(sent.is_empty());
    }
    assert_eq!(forwarder.drops().of(DropReason::ParentPaused), 50);
    let open = updates.next(&[], &[(1, AUDIO, Some(route(0, Gate::Open)))]);
    forwarder.apply(ms(1_990), &open).unwrap();
    // The publisher's clock stood still for a while, as that of a muted microphone may.
    let after = put(&mut forwarder, ms(2_020), from, 0, &source.audio(30)).remove(0);
    assert_eq!(after.number, before.number + 1);
    let ticks = after
        .view()
        .timestamp()
        .wrapping_sub(before.view().timestamp());
    assert_eq!(ticks, 2 * 48_000);
    assert!(after.view().marker());
}

#[test]
fn video_switches_on_a_keyframe_that_was_asked_for_once() {
    let (mut forwarder, [a, b], mut updates) = two_cameras();
    assert_eq!(keyframe_requests(&mut forwarder), [(track(0), 0)]);
    let mut first = Source::new(1, VP8, 9_000, 77);
    let mut second = Source::new(2, VP8, 100, 1_000_000);
    assert!(
        put(
            &mut forwarder,
            ms(5),
            a,
            0,
            &first.vp8(3_000, false, 0, 1)[0]
        )
        .is_empty()
    );
    assert_eq!(forwarder.drops().of(DropReason::AwaitingKeyframe), 1);
    let mut last = None;
    for packet in first.vp8(3_000, true, 0, 3) {
        last = put(&mut forwarder, ms(10), a, 0, &packet).pop();
    }
    let last = last.unwrap();
    let update = updates.next(&[], &[(2, VIDEO, Some(route(1, Gate::Open)))]);
    forwarder.apply(ms(20), &update).unwrap();
    assert_eq!(keyframe_requests(&mut forwarder), [(track(1), 0)]);
    // The first camera has no route to this subscriber any more, so the picture stands still.
    assert!(
        put(
            &mut forwarder,
            ms(30),
            a,
            0,
            &first.vp8(3_000, false, 0, 1)[0]
        )
        .is_empty()
    );
    assert!(
        put(
            &mut forwarder,
            ms(30),
            b,
            0,
            &second.vp8(3_000, false, 0, 1)[0]
        )
        .is_empty()
    );
    let keyframe = second.vp8(3_000, true, 0, 2);
    let new = put(&mut forwarder, ms(110), b, 0, &keyframe[0]).remove(0);
    assert_eq!(new.number, last.number + 1);
    assert!(
        new.keyframe && !new.view().marker(),
        "the marker ends a frame"
    );
    let ticks = new.view().timestamp().wrapping_sub(last.view().timestamp());
    assert_eq!(ticks, 9_000);
    let (picture, tl0, _) = vp8_of(new.view().payload());
    let (old_picture, old_tl0, _) = vp8_of(last.view().payload());
    assert_eq!((picture, tl0), (old_picture + 1, old_tl0.wrapping_add(1)));
    assert_eq!(keyframe_requests(&mut forwarder), []);
}

#[test]
fn a_source_lingers_only_while_the_table_routes_it_to_the_same_subscriber() {
    let (mut forwarder, [a, _], mut updates) = two_cameras();
    let mut first = Source::new(1, VP8, 9_000, 77);
    put(
        &mut forwarder,
        ms(10),
        a,
        0,
        &first.vp8(3_000, true, 0, 1)[0],
    );
    // The first camera moves to the other slot of the same subscriber.
    let other = SlotId::video(1);
    let swap = updates.next(
        &[],
        &[
            (2, VIDEO, Some(route(1, Gate::Open))),
            (2, other, Some(route(0, Gate::Open))),
        ],
    );
    forwarder.apply(ms(20), &swap).unwrap();
    let sent = put(
        &mut forwarder,
        ms(30),
        a,
        0,
        &first.vp8(3_000, false, 0, 1)[0],
    );
    assert_eq!(
        sent.iter().map(|sent| sent.slot).collect::<Vec<_>>(),
        [VIDEO]
    );
    let shut = updates.next(&[], &[(2, other, Some(route(0, SHUT)))]);
    forwarder.apply(ms(40), &shut).unwrap();
    let sent = put(
        &mut forwarder,
        ms(50),
        a,
        0,
        &first.vp8(3_000, true, 0, 1)[0],
    );
    assert_eq!(sent, []);
}

#[test]
fn after_a_move_nothing_from_before_is_retransmitted() {
    let (mut forwarder, ids) = with_subscribers(3, 0, 1);
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Camera, 1));
    let mut updates = Updates::default();
    let mut about = routed(0, TrackKind::Camera, 1);
    let update = updates.next(
        &[(0, Some(about))],
        &[(1, VIDEO, Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    let mut source = Source::new(1, VP8, 9_000, 77);
    let before = put(
        &mut forwarder,
        ms(10),
        from,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    );
    let ssrc = ssrc_of(1, VIDEO);
    let mut sink = Sink::default();
    let lost = [before[0].number as u16];
    forwarder.handle_nack(ms(30), ids[1], ssrc, lost.into_iter(), &mut sink);
    let again = sink.sent.pop().unwrap();
    assert_eq!(
        (again.kind, again.view().ssrc()),
        (PacketKind::Rtx, ssrc + 500)
    );
    assert_eq!(again.view().payload_type(), 121);
    assert_eq!(again.view().payload()[..2], lost[0].to_be_bytes());
    assert_eq!(again.view().payload()[2..], *before[0].view().payload());
    // Publisher and subscriber move together: the slot keeps the route, the track has a new audience.
    about.group = GroupId::Breakout(sideroom_route::BreakoutId(1));
    about.since = sideroom_route::Epoch(2);
    forwarder
        .apply(ms(40), &updates.next(&[(0, Some(about))], &[]))
        .unwrap();
    forwarder.handle_nack(ms(80), ids[1], ssrc, lost.into_iter(), &mut sink);
    assert_eq!(sink.sent, []);
    assert_eq!(forwarder.drops().of(DropReason::NotInRing), 1);
    let after = put(
        &mut forwarder,
        ms(90),
        from,
        0,
        &source.vp8(3_000, false, 0, 1)[0],
    );
    assert_eq!(
        after[0].number,
        before[0].number + 1,
        "and the stream goes on"
    );
}

/// Asks for numbers again, and tells how many packets came of it.
fn asked_again(
    forwarder: &mut sideroom_forward::Forwarder,
    now: sideroom_route::Time,
    numbers: &[u16],
) -> usize {
    let mut sink = Sink::default();
    let to = sideroom_forward::SubscriberId(2);
    let lost = numbers.iter().copied();
    forwarder.handle_nack(now, to, ssrc_of(2, VIDEO), lost, &mut sink);
    sink.sent.len()
}

/// Other people come and go until an ingress of the second camera gets the number of an earlier one.
fn add_under_the_number(
    forwarder: &mut sideroom_forward::Forwarder,
    wanted: IngressId,
) -> IngressId {
    for guest in 100..1_000 {
        let again = forwarder.add_ingress(ingress(1, 1, TrackKind::Camera, 1));
        if again == wanted {
            return again;
        }
        forwarder.remove_ingress(again);
        let other = forwarder.add_ingress(ingress(guest, guest, TrackKind::Audio, 1));
        forwarder.remove_ingress(other);
    }
    panic!("no number is used again");
}

#[test]
fn numbers_of_one_source_are_never_answered_with_packets_of_another() {
    let (mut forwarder, [a, b], mut updates) = two_cameras();
    // Another subscriber watches the second camera. Both cameras count packets from the same number.
    let both = updates.next(&[], &[(1, VIDEO, Some(route(1, Gate::Open)))]);
    forwarder.apply(ms(0), &both).unwrap();
    let [mut first, mut second] = [1, 2].map(|ssrc| Source::new(ssrc, VP8, 9_000, 77));
    let mut numbers = Vec::new();
    for frame in 0..10 {
        let now = ms(33 * frame);
        let sent = put(
            &mut forwarder,
            now,
            a,
            0,
            &first.vp8(3_000, frame == 0, 0, 1)[0],
        );
        numbers.extend(sent.iter().map(|sent| sent.number as u16));
        put(
            &mut forwarder,
            now,
            b,
            0,
            &second.vp8(3_000, frame == 0, 0, 1)[0],
        );
    }
    assert_eq!(asked_again(&mut forwarder, ms(350), &numbers), 10);
    let switch = updates.next(&[], &[(2, VIDEO, Some(route(1, Gate::Open)))]);
    forwarder.apply(ms(360), &switch).unwrap();
    let keyframe = second.vp8(3_000, true, 0, 1).remove(0);
    assert_eq!(put(&mut forwarder, ms(370), b, 0, &keyframe).len(), 2);
    assert_eq!(asked_again(&mut forwarder, ms(400), &numbers), 0);
    // The second camera's publisher comes back, and counts from the beginning: no packet of the new
    // transport stands for one of the old.
    let before = put(
        &mut forwarder,
        ms(410),
        b,
        0,
        &second.vp8(3_000, false, 0, 1)[0],
    );
    let number = before
        .iter()
        .find(|sent| sent.slot == VIDEO && sent.to.0 == 2);
    let number = number.unwrap().number as u16;
    forwarder.remove_ingress(b);
    let again = add_under_the_number(&mut forwarder, b);
    let mut second = Source::new(2, VP8, 9_000, 77);
    for frame in 0..14 {
        let packet = second.vp8(3_000, frame == 0, 0, 1).remove(0);
        assert_eq!(
            put(&mut forwarder, ms(450 + frame), again, 0, &packet).len(),
            2
        );
    }
    assert_eq!(asked_again(&mut forwarder, ms(480), &[number]), 0);
}

#[test]
fn a_late_packet_finds_its_place_and_one_that_is_left_out_is_filled() {
    let (mut forwarder, [a, _], _) = two_cameras();
    let mut source = Source::new(1, VP8, 9_000, 77);
    let keyframe = source.vp8(3_000, true, 0, 1).remove(0);
    let base = put(&mut forwarder, ms(10), a, 0, &keyframe)[0].number;
    let coming = [
        source.vp8(3_000, false, 1, 1).remove(0),
        source.vp8(3_000, false, 0, 1).remove(0),
        source.vp8(3_000, false, 1, 1).remove(0),
        source.vp8(3_000, false, 0, 1).remove(0),
    ];
    let mut number_of = |at: usize| {
        let sent = put(&mut forwarder, ms(50), a, 0, &coming[at]);
        sent.first().map(|sent| (sent.number - base, sent.kind))
    };
    assert_eq!(number_of(1), Some((2, PacketKind::Media)), "one is missing");
    assert_eq!(number_of(0), Some((1, PacketKind::Media)));
    assert_eq!(number_of(3), Some((4, PacketKind::Media)));
    let target = LayerTarget::Layer {
        encoding: 0,
        temporal: 0,
    };
    let to = sideroom_forward::SubscriberId(2);
    forwarder.set_layer_target(ms(60), to, VIDEO, target);
    let next = source.vp8(3_000, false, 0, 1).remove(0);
    assert_eq!(put(&mut forwarder, ms(70), a, 0, &next).len(), 1);
    let filled = put(&mut forwarder, ms(80), a, 0, &coming[2]).remove(0);
    assert_eq!(
        (filled.number - base, filled.kind),
        (3, PacketKind::Padding)
    );
    assert_eq!(filled.view().payload(), []);
}

#[test]
fn a_slot_that_is_routed_early_begins_when_its_track_comes() {
    let (mut forwarder, ids) = with_subscribers(2, 1, 0);
    let mut updates = Updates::default();
    let early = updates.next(&[], &[(1, AUDIO, Some(route(0, Gate::Open)))]);
    forwarder.apply(ms(0), &early).unwrap();
    let mut source = Source::new(42, OPUS, 1, 5);
    // The publisher connects before the track is routed, and another time after it.
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    let there = updates.next(&[(0, Some(routed(0, TrackKind::Audio, 1)))], &[]);
    forwarder.apply(ms(0), &there).unwrap();
    let sent = put(&mut forwarder, ms(20), from, 0, &source.audio(30));
    assert_eq!(
        sent.iter().map(|sent| sent.to).collect::<Vec<_>>(),
        [ids[1]]
    );
    forwarder.remove_ingress(from);
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    assert_eq!(
        put(&mut forwarder, ms(40), from, 0, &source.audio(30)).len(),
        1
    );
    // A slot that waits is given another source, and hears nothing of the first when it comes after all.
    forwarder.remove_ingress(from);
    let other = updates.next(&[], &[(1, AUDIO, Some(route(5, Gate::Open)))]);
    forwarder.apply(ms(50), &other).unwrap();
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    assert!(put(&mut forwarder, ms(60), from, 0, &source.audio(30)).is_empty());
}

//! The output of one slot as its source switches, pauses, moves and changes layers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use kit::*;
use sideroom_forward::{ForwardEvent, Forwarder, IngressId, LayerTarget, PacketKind, SlotConfig};
use sideroom_route::{DropReason, Gate, GroupId, MediaEvent, SlotId, SlotPause, TrackKind};
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

/// Two cameras, one slot that carries the first.
fn two_cameras() -> (
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
        &[(2, VIDEO, Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    (forwarder, cameras, updates)
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

#[test]
fn temporal_layers_leave_without_a_trace() {
    let (mut forwarder, [a, _], _) = two_cameras();
    let mut source = Source::new(1, VP8, 9_000, 77);
    let subscriber = sideroom_forward::SubscriberId(2);
    let target = LayerTarget::Layer {
        encoding: 0,
        temporal: 0,
    };
    forwarder.set_layer_target(ms(0), subscriber, VIDEO, target);
    let mut sent = put(
        &mut forwarder,
        ms(10),
        a,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    );
    for frame in 1..20 {
        for packet in source.vp8(3_000, false, frame % 2, 2) {
            sent.extend(put(
                &mut forwarder,
                ms(10 + 33 * u64::from(frame)),
                a,
                0,
                &packet,
            ));
        }
    }
    let read: Vec<_> = sent
        .iter()
        .map(|sent| vp8_of(sent.view().payload()))
        .collect();
    assert!(read.iter().all(|(_, _, temporal)| *temporal == 0));
    for (a, b) in sent.iter().zip(&sent[1..]) {
        assert_eq!(b.number, a.number + 1);
    }
    let mut pictures: Vec<_> = read.iter().map(|(picture, _, _)| *picture).collect();
    pictures.dedup();
    assert!(
        pictures.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{pictures:?}"
    );
    assert_eq!(forwarder.drops().of(DropReason::LayerNotSelected), 20);
    // Up again where the next frame of the higher layer says that one can.
    forwarder.set_layer_target(ms(900), subscriber, VIDEO, LayerTarget::TOP);
    let up = put(
        &mut forwarder,
        ms(910),
        a,
        0,
        &source.vp8(3_000, false, 1, 1)[0],
    );
    assert_eq!(vp8_of(up[0].view().payload()).2, 1);
}

/// The large layer flows; then the target is the small one, cut or not. Which frames go on until the small
/// one's keyframe.
#[test]
fn a_layer_that_is_cut_off_does_not_go_on_until_the_smaller_one_comes() {
    for cut in [false, true] {
        let (mut forwarder, ids) = with_subscribers(1, 0, 1);
        let to = ids[0];
        let from = forwarder.add_ingress(ingress(0, 9, TrackKind::Camera, 2));
        let update = Updates::default().next(
            &[(0, Some(routed(9, TrackKind::Camera, 1)))],
            &[(0, VIDEO, Some(route(0, Gate::Open)))],
        );
        forwarder.apply(ms(0), &update).unwrap();
        let mut layers = [10, 20].map(|at| Source::new(at, VP8, 1_000 * at as u16, at));
        let mut carried = Vec::new();
        for frame in 0..30_u64 {
            let now = ms(frame * 33);
            if frame == 10 {
                let small = LayerTarget::Layer {
                    encoding: 0,
                    temporal: u8::MAX,
                };
                if cut {
                    forwarder.cut_to_layer(now, to, VIDEO, small);
                } else {
                    forwarder.set_layer_target(now, to, VIDEO, small);
                }
                assert_eq!(
                    keyframe_requests(&mut forwarder).last(),
                    Some(&(track(0), 0))
                );
            }
            for (layer, source) in layers.iter_mut().enumerate() {
                let keyframe = frame == 0 || frame == 20;
                let packet = source.vp8(3_000, keyframe, 0, 1).remove(0);
                let sent = put(&mut forwarder, now, from, layer as u8, &packet);
                carried.extend(sent.iter().map(|_| (frame, layer)));
            }
        }
        let of = |wanted| {
            let frames = carried.iter().filter(move |(_, layer)| *layer == wanted);
            frames.map(|(frame, _)| *frame).collect::<Vec<_>>()
        };
        let until = if cut { 10 } else { 20 };
        assert_eq!(of(1), (0..until).collect::<Vec<_>>(), "cut: {cut}");
        let small: Vec<u64> = of(0).into_iter().filter(|frame| *frame > 0).collect();
        assert_eq!(small, (20..30).collect::<Vec<_>>(), "cut: {cut}");
    }
}

#[test]
fn simulcast_switches_layers_without_a_gap_and_falls_back_when_one_goes_silent() {
    let (mut forwarder, _) = with_subscribers(2, 0, 1);
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Camera, 3));
    let mut updates = Updates::default();
    let update = updates.next(
        &[(0, Some(routed(0, TrackKind::Camera, 1)))],
        &[(1, VIDEO, Some(route(0, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    let mut layers = [10, 20, 30].map(|at| Source::new(at, VP8, 1_000 * at as u16, at));
    let mut sent = Vec::new();
    let mut carried = Vec::new();
    for frame in 0..200_u64 {
        let now = ms(frame * 33);
        for (layer, source) in layers.iter_mut().enumerate() {
            // The top layer starts late and stops early.
            if layer == 2 && !(20..90).contains(&frame) {
                source.timestamp += 3_000;
                continue;
            }
            let keyframe = frame % 30 == 0 || layer == 2 && frame == 20;
            for packet in source.vp8(3_000, keyframe, 0, 2) {
                let out = put(&mut forwarder, now, from, layer as u8, &packet);
                carried.extend(out.iter().map(|_| layer));
                sent.extend(out);
            }
        }
        forwarder.handle_timeout(now);
    }
    for (a, b) in sent.iter().zip(&sent[1..]) {
        assert_eq!(b.number, a.number + 1);
        let step = b.view().timestamp().wrapping_sub(a.view().timestamp());
        assert!(step < 90_000 * 4, "{step}");
    }
    carried.dedup();
    assert_eq!(carried, [0, 1, 2, 1]);
}

#[test]
fn want_of_bandwidth_is_told_and_costs_no_gap() {
    let (mut forwarder, [a, _], _) = two_cameras();
    let subscriber = sideroom_forward::SubscriberId(2);
    let mut source = Source::new(1, VP8, 9_000, 77);
    let before = put(
        &mut forwarder,
        ms(10),
        a,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    )
    .remove(0);
    events(&mut forwarder);
    let told = |reason| {
        ForwardEvent::Media(MediaEvent::SlotPaused {
            subscriber: participant(2),
            slot: VIDEO,
            track: track(0),
            reason,
        })
    };
    forwarder.set_layer_target(ms(20), subscriber, VIDEO, LayerTarget::Paused);
    assert_eq!(events(&mut forwarder), [told(Some(SlotPause::Bandwidth))]);
    assert_eq!(
        put(
            &mut forwarder,
            ms(43),
            a,
            0,
            &source.vp8(3_000, true, 0, 1)[0]
        ),
        []
    );
    assert_eq!(forwarder.drops().of(DropReason::Bandwidth), 1);
    forwarder.set_layer_target(ms(1_050), subscriber, VIDEO, LayerTarget::TOP);
    let events = events(&mut forwarder);
    assert_eq!(events.last(), Some(&told(None)));
    assert_eq!(events.len(), 2, "a keyframe is asked for: {events:?}");
    let after = put(
        &mut forwarder,
        ms(1_110),
        a,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    )
    .remove(0);
    assert_eq!(after.number, before.number + 1);
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

/// The client has switched the middle one of three streams off: the last one takes its number, and its source.
#[test]
fn a_stream_that_takes_another_number_carries_the_source_of_that_slot() {
    let (mut forwarder, ids) = with_subscribers(1, 3, 0);
    let from = forwarder.add_ingress(ingress(5, 5, TrackKind::Audio, 1));
    let [middle, last] = [1, 2].map(SlotId::audio);
    let mut updates = Updates::default();
    let update = updates.next(
        &[(5, Some(routed(5, TrackKind::Audio, 1)))],
        &[(0, middle, Some(route(5, Gate::Open)))],
    );
    forwarder.apply(ms(0), &update).unwrap();
    let mut source = Source::new(1, OPUS, 5, 5);
    let mut heard_in = |forwarder: &mut Forwarder, at| {
        let mut sink = Sink::default();
        forwarder.handle_rtp(ms(at), from, 0, &source.audio(30), &mut sink);
        let packets = sink.sent.iter();
        packets
            .map(|sent| (sent.slot, sent.view().ssrc()))
            .collect::<Vec<_>>()
    };
    assert_eq!(heard_in(&mut forwarder, 20), [(middle, ssrc_of(0, middle))]);
    let renamed = [(middle, last), (last, middle)].map(|(stream, number)| SlotConfig {
        slot: number,
        ..slot(0, stream)
    });
    forwarder.renegotiate(ms(30), ids[0], true, renamed);
    assert_eq!(heard_in(&mut forwarder, 40), [(middle, ssrc_of(0, last))]);
    let update = updates.next(
        &[],
        &[(0, middle, None), (0, last, Some(route(5, Gate::Open)))],
    );
    forwarder.apply(ms(50), &update).unwrap();
    assert_eq!(heard_in(&mut forwarder, 60), [(last, ssrc_of(0, middle))]);
}

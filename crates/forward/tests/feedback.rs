//! Feedback to publishers: keyframe requests, retransmissions, reports, layers wanted, talkers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use kit::*;
use sideroom_forward::{ForwardEvent, Forwarder, IngressId, LayerTarget, PacketKind};
use sideroom_route::{DropReason, Epoch, Gate, MediaEvent, SlotId, TrackKind, WorkerId};
use sideroom_rtp::ExtensionMap;

const AUDIO: SlotId = SlotId::audio(0);
const VIDEO: SlotId = SlotId::video(0);
const VIEWERS: u32 = 20;

/// One camera and its viewers: participants 0 to 19; the publisher is number 20.
fn camera(layers: u8) -> (Forwarder, IngressId, Updates) {
    let (mut forwarder, _) = with_subscribers(VIEWERS + 1, 0, 1);
    let from = forwarder.add_ingress(ingress(0, VIEWERS, TrackKind::Camera, layers));
    let mut updates = Updates::default();
    let routes: Vec<_> = (0..VIEWERS)
        .map(|viewer| (viewer, VIDEO, Some(route(0, Gate::Open))))
        .collect();
    let about = routed(VIEWERS, TrackKind::Camera, 1);
    let update = updates.next(&[(0, Some(about))], &routes);
    forwarder.apply(ms(0), &update).unwrap();
    (forwarder, from, updates)
}

#[test]
fn one_keyframe_is_asked_for_whatever_the_audience() {
    let (mut forwarder, from, _) = camera(1);
    assert_eq!(keyframe_requests(&mut forwarder), [(track(0), 0)]);
    for at in (0..1_000).step_by(100) {
        forwarder.handle_timeout(ms(at));
    }
    assert_eq!(keyframe_requests(&mut forwarder), []);
    forwarder.handle_timeout(ms(1_000));
    assert_eq!(
        keyframe_requests(&mut forwarder),
        [(track(0), 0)],
        "still waiting"
    );
    let mut source = Source::new(1, VP8, 5, 5);
    let keyframe = source.vp8(3_000, true, 0, 1);
    assert_eq!(
        put(&mut forwarder, ms(1_100), from, 0, &keyframe[0]).len(),
        VIEWERS as usize
    );
    for at in (1_100..9_000).step_by(100) {
        forwarder.handle_timeout(ms(at));
    }
    assert_eq!(keyframe_requests(&mut forwarder), []);
    assert_eq!(
        forwarder.track_counts(track(0)).unwrap().keyframe_requests,
        2
    );
}

#[test]
fn a_flood_of_picture_losses_is_throttled() {
    let (mut forwarder, from, _) = camera(1);
    let ids: Vec<_> = (0..VIEWERS).map(sideroom_forward::SubscriberId).collect();
    let mut source = Source::new(1, VP8, 5, 5);
    put(
        &mut forwarder,
        ms(0),
        from,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    );
    keyframe_requests(&mut forwarder);
    let mut asked = 0;
    for at in 1_000..4_000_u64 {
        for (viewer, id) in (0..).zip(&ids) {
            forwarder.handle_keyframe_request(ms(at), *id, ssrc_of(viewer, VIDEO));
        }
        if at % 100 == 0 {
            forwarder.handle_timeout(ms(at));
        }
        let requests = keyframe_requests(&mut forwarder);
        asked += requests.len();
        if !requests.is_empty() {
            put(
                &mut forwarder,
                ms(at),
                from,
                0,
                &source.vp8(3_000, true, 0, 1)[0],
            );
        }
    }
    assert!((5..=7).contains(&asked), "{asked} in three seconds");
    assert_eq!(forwarder.drops().of(DropReason::UnknownSsrc), 0);
    forwarder.handle_keyframe_request(ms(5_000), ids[0], 1);
    assert_eq!(forwarder.drops().of(DropReason::UnknownSsrc), 1);
    assert!(forwarder.drops().of(DropReason::Throttled) > 50_000);
}

/// One viewer of many sources asks for keyframes of all of them, again and again: the other viewers would
/// pay for it.
#[test]
fn one_subscriber_cannot_force_keyframes_without_end() {
    const SOURCES: u8 = 20;
    let (mut forwarder, ids) = with_subscribers(1, 0, SOURCES);
    let from: Vec<_> = (0..u32::from(SOURCES))
        .map(|at| forwarder.add_ingress(ingress(at, 1, TrackKind::Camera, 1)))
        .collect();
    let tracks: Vec<_> = (0..u32::from(SOURCES))
        .map(|at| (at, Some(routed(1, TrackKind::Camera, 1))))
        .collect();
    let routes: Vec<_> = (0..SOURCES)
        .map(|at| (0, SlotId::video(at), Some(route(at.into(), Gate::Open))))
        .collect();
    let mut updates = Updates::default();
    forwarder
        .apply(ms(0), &updates.next(&tracks, &routes))
        .unwrap();
    let mut sources: Vec<_> = (0..u32::from(SOURCES))
        .map(|at| Source::new(at, VP8, 5, 5))
        .collect();
    let mut asked = 0;
    for at in 0..10_000_u64 {
        for slot in 0..SOURCES {
            let ssrc = ssrc_of(0, SlotId::video(slot));
            forwarder.handle_keyframe_request(ms(at), ids[0], ssrc);
        }
        asked += keyframe_requests(&mut forwarder).len();
        if at % 33 == 0 {
            for (source, from) in sources.iter_mut().zip(&from) {
                let packet = source.vp8(3_000, true, 0, 1).remove(0);
                put(&mut forwarder, ms(at), *from, 0, &packet);
            }
        }
    }
    // Every source would give one each half a second: 400. A burst, and four a second, are allowed.
    assert!(asked <= 64 + 4 * 10 + 20, "{asked} in ten seconds");
}

#[test]
fn nacks_are_answered_within_bounds() {
    let (mut forwarder, from, _) = camera(1);
    let to = sideroom_forward::SubscriberId(3);
    let ssrc = ssrc_of(3, VIDEO);
    let mut source = Source::new(1, VP8, 65_500, 5);
    let mut numbers = Vec::new();
    for frame in 0..50 {
        for packet in source.vp8(3_000, frame == 0, 0, 2) {
            let sent = put(&mut forwarder, ms(frame * 33), from, 0, &packet);
            let own = sent.iter().find(|sent| sent.to == to).unwrap();
            numbers.push(own.number as u16);
        }
    }
    let now = ms(50 * 33);
    let ask = |forwarder: &mut Forwarder, now, lost: &[u16]| {
        let mut sink = Sink::default();
        forwarder.handle_nack(now, to, ssrc, lost.iter().copied(), &mut sink);
        sink.sent
    };
    let again = ask(&mut forwarder, now, &numbers[40..60]);
    assert_eq!(again.len(), 20);
    for (pair, number) in again.windows(2).zip(&numbers[40..]) {
        assert_eq!(
            pair[1].number,
            pair[0].number + 1,
            "RTX has numbers of its own"
        );
        assert_eq!(pair[0].view().payload()[..2], number.to_be_bytes());
        assert_eq!(pair[0].kind, PacketKind::Rtx);
    }
    assert_eq!(ask(&mut forwarder, now, &numbers[40..60]), [], "too soon");
    assert_eq!(forwarder.drops().of(DropReason::Throttled), 20);
    let future = numbers.last().unwrap().wrapping_add(9);
    assert_eq!(ask(&mut forwarder, now, &[future]), []);
    let past = numbers[0].wrapping_sub(3);
    assert_eq!(ask(&mut forwarder, now, &[past]), []);
    assert_eq!(forwarder.drops().of(DropReason::NotInRing), 2);
    assert_eq!(
        ask(&mut forwarder, ms(9_000), &numbers[98..]),
        [],
        "too old by now"
    );
    let mut count = 0;
    for round in 0..100 {
        count += ask(&mut forwarder, ms(1_700 + round * 3), &numbers[99..]).len();
    }
    assert!(count <= 8, "{count} times the same");
    forwarder.handle_nack(now, to, 77, [1].into_iter(), &mut Sink::default());
    assert_eq!(forwarder.drops().of(DropReason::UnknownSsrc), 1);
}

#[test]
fn whoever_missed_too_much_goes_on_with_a_keyframe_and_gets_nothing_from_before() {
    let (mut forwarder, from, _) = camera(1);
    let [back, other] = [3, 4].map(sideroom_forward::SubscriberId);
    let mut source = Source::new(1, VP8, 65_500, 5);
    let mut show = |forwarder: &mut Forwarder, at, keyframe| {
        let packet = &source.vp8(3_000, keyframe, 0, 1)[0];
        let sent = put(forwarder, ms(at), from, 0, packet);
        [back, other].map(|to| sent.iter().find(|sent| sent.to == to).unwrap().number as u16)
    };
    show(&mut forwarder, 0, true);
    keyframe_requests(&mut forwarder);
    let missed = show(&mut forwarder, 600, false);
    let ask = |forwarder: &mut Forwarder, at, to, viewer, number| {
        let mut sink = Sink::default();
        let ssrc = ssrc_of(viewer, VIDEO);
        forwarder.handle_nack(ms(at), to, ssrc, [number].into_iter(), &mut sink);
        sink.sent.len()
    };
    forwarder.restart_subscriber(ms(1_200), back);
    assert_eq!(keyframe_requests(&mut forwarder), [(track(0), 0)]);
    forwarder.restart_subscriber(ms(1_250), back);
    assert_eq!(keyframe_requests(&mut forwarder), [], "no storm");
    assert_eq!(ask(&mut forwarder, 1_210, back, 3, missed[0]), 0);
    assert_eq!(ask(&mut forwarder, 1_210, other, 4, missed[1]), 1);
    let keyframe = show(&mut forwarder, 1_300, true);
    assert_eq!(ask(&mut forwarder, 1_310, back, 3, keyframe[0]), 1);
}

#[test]
fn a_shut_gate_retransmits_nothing() {
    let (mut forwarder, from, mut updates) = camera(1);
    let mut source = Source::new(1, VP8, 65_500, 5);
    let sent = put(
        &mut forwarder,
        ms(0),
        from,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    );
    let number = sent[3].number as u16;
    let shut = Gate::Shut(DropReason::RoomPaused);
    let update = updates.next(&[], &[(3, VIDEO, Some(route(0, shut)))]);
    forwarder.apply(ms(10), &update).unwrap();
    let mut sink = Sink::default();
    let to = sideroom_forward::SubscriberId(3);
    forwarder.handle_nack(
        ms(20),
        to,
        ssrc_of(3, VIDEO),
        [number].into_iter(),
        &mut sink,
    );
    assert_eq!(sink.sent, []);
    assert_eq!(forwarder.drops().of(DropReason::RoomPaused), 1);
}

#[test]
fn padding_goes_out_on_the_rtx_stream() {
    let (mut forwarder, from, _) = camera(1);
    let to = sideroom_forward::SubscriberId(3);
    let mut sink = Sink::default();
    assert_eq!(
        forwarder.send_padding(ms(0), to, 1_000, &mut sink),
        0,
        "nothing sent yet"
    );
    let mut source = Source::new(1, VP8, 65_500, 5);
    put(
        &mut forwarder,
        ms(0),
        from,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    );
    let bytes = forwarder.send_padding(ms(10), to, 1_000, &mut sink);
    assert!((1_000..1_400).contains(&bytes), "{bytes}");
    assert_eq!(
        sink.sent.iter().map(|sent| sent.bytes.len()).sum::<usize>(),
        bytes
    );
    for sent in &sink.sent {
        assert_eq!(sent.view().ssrc(), ssrc_of(3, VIDEO) + 500);
        assert_eq!(
            (sent.view().padding_len(), sent.view().payload().len()),
            (255, 0)
        );
    }
}

#[test]
fn sender_reports_are_carried_over_to_the_slots_time_line() {
    let (mut forwarder, from, _) = camera(1);
    let to = sideroom_forward::SubscriberId(3);
    let mut source = Source::new(1, VP8, 65_500, 4_000_000_000);
    let sent = put(
        &mut forwarder,
        ms(10_000),
        from,
        0,
        &source.vp8(3_000, true, 0, 1)[0],
    );
    let out = sent
        .iter()
        .find(|sent| sent.to == to)
        .unwrap()
        .view()
        .timestamp();
    assert_eq!(
        forwarder.sender_report(ms(10_000), to, VIDEO),
        None,
        "nothing known yet"
    );
    // The publisher's clock says 2001, and the report took 30 ms more than the one that comes next.
    let ntp = |ms: u64| ((3_190_000_000 + ms / 1_000) << 32) | (((ms % 1_000) << 32) / 1_000);
    forwarder.handle_sender_report(ms(10_030), from, 0, ntp(10_000), source.timestamp);
    let later = source.timestamp.wrapping_add(90 * 500);
    forwarder.handle_sender_report(ms(10_500), from, 0, ntp(10_500), later);
    let report = forwarder.sender_report(ms(11_250), to, VIDEO).unwrap();
    assert_eq!(report.ssrc, ssrc_of(3, VIDEO));
    assert_eq!((report.packets, report.octets), (1, 1_000));
    let ticks = report.rtp.wrapping_sub(out);
    assert!(ticks.abs_diff(90 * 1_250) <= 1, "{ticks}");
    let seconds = report.ntp as f64 / f64::from(1 << 16) / f64::from(1 << 16);
    assert!((seconds - 11.25).abs() < 1e-5, "{seconds}: our clock");
}

fn layers_told(forwarder: &mut Forwarder) -> Vec<u8> {
    let told = events(forwarder)
        .into_iter()
        .filter_map(|event| match event {
            ForwardEvent::Media(MediaEvent::LayersWanted { layers, .. }) => Some(layers),
            _ => None,
        });
    told.collect()
}

#[test]
fn publishers_learn_which_layers_are_wanted() {
    let (mut forwarder, _, mut updates) = camera(3);
    forwarder.handle_timeout(ms(100));
    assert_eq!(layers_told(&mut forwarder), [0b100]);
    let target = |encoding| LayerTarget::Layer {
        encoding,
        temporal: u8::MAX,
    };
    let to = |viewer: u32| sideroom_forward::SubscriberId(viewer);
    forwarder.set_layer_target(ms(150), to(0), VIDEO, target(0));
    forwarder.handle_timeout(ms(200));
    assert_eq!(layers_told(&mut forwarder), [0b101], "more at once");
    (1..VIEWERS)
        .for_each(|viewer| forwarder.set_layer_target(ms(250), to(viewer), VIDEO, target(0)));
    for at in (300..3_300).step_by(100) {
        forwarder.handle_timeout(ms(at));
        assert_eq!(layers_told(&mut forwarder), [], "fewer after a while");
    }
    forwarder.handle_timeout(ms(3_300));
    assert_eq!(layers_told(&mut forwarder), [0b001]);
    let gone: Vec<_> = (0..VIEWERS).map(|viewer| (viewer, VIDEO, None)).collect();
    forwarder
        .apply(ms(3_400), &updates.next(&[], &gone))
        .unwrap();
    for at in (3_500..7_000).step_by(100) {
        forwarder.handle_timeout(ms(at));
    }
    assert_eq!(layers_told(&mut forwarder), [0], "nobody wants it");
}

#[test]
fn the_loudest_of_a_group_are_told_once() {
    let (mut forwarder, _) = with_subscribers(1, 1, 0);
    let from: Vec<_> = (0..4)
        .map(|at| forwarder.add_ingress(ingress(at, at, TrackKind::Audio, 1)))
        .collect();
    let mut updates = Updates::default();
    let tracks: Vec<_> = (0..4)
        .map(|at| (at, Some(routed(at, TrackKind::Audio, 1))))
        .collect();
    let mut update = updates.next(&tracks, &[]);
    update.max_active_talkers = Some(2);
    forwarder.apply(ms(0), &update).unwrap();
    let mut sources: Vec<_> = (0..4).map(|at| Source::new(at, OPUS, 5, 5)).collect();
    let mut told = Vec::new();
    for at in (0..3_000).step_by(20) {
        for ((source, id), level) in sources.iter_mut().zip(&from).zip([70, 30, 20, 40]) {
            let packet = source.audio(level);
            put(&mut forwarder, ms(at), *id, 0, &packet);
        }
        if at % 100 == 0 {
            forwarder.handle_timeout(ms(at));
        }
        told.extend(events(&mut forwarder));
    }
    let [ForwardEvent::Media(MediaEvent::Talkers { ranked, .. })] = &told[..] else {
        panic!("{told:?}");
    };
    let order: Vec<_> = ranked.iter().map(|(track, _)| track.serial()).collect();
    assert_eq!(order, [2, 1]);
}

/// An encoder that speaks WHIP says no audio levels. It is a talker by its packets, unless somebody is
/// clearly speaking.
#[test]
fn a_source_without_levels_takes_the_place_of_who_fell_silent() {
    let (mut forwarder, _) = with_subscribers(1, 1, 0);
    let mut unlevelled = ingress(1, 1, TrackKind::Audio, 1);
    unlevelled.extensions = ExtensionMap::new();
    let from = [
        forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1)),
        forwarder.add_ingress(unlevelled),
    ];
    let mut updates = Updates::default();
    let tracks = [0, 1].map(|at| (at, Some(routed(at, TrackKind::Audio, 1))));
    let mut update = updates.next(&tracks, &[]);
    update.max_active_talkers = Some(1);
    forwarder.apply(ms(0), &update).unwrap();
    let mut sources = [0, 1].map(|at| Source::new(at, OPUS, 5, 5));
    let mut told = Vec::new();
    for at in (0..8_000).step_by(20) {
        let level = if at < 3_000 { 25 } else { 90 };
        let speech = sources[0].audio(level);
        put(&mut forwarder, ms(at), from[0], 0, &speech);
        if at >= 1_000 {
            let music = sources[1].raw(false, &[], &[0x78; 80]);
            put(&mut forwarder, ms(at), from[1], 0, &music);
        }
        if at % 100 == 0 {
            forwarder.handle_timeout(ms(at));
        }
        for event in events(&mut forwarder) {
            if let ForwardEvent::Media(MediaEvent::Talkers { ranked, .. }) = event {
                let ranked: Vec<_> = ranked.iter().map(|(track, _)| track.serial()).collect();
                told.push((at >= 3_000, ranked));
            }
        }
    }
    assert_eq!(told, [(false, vec![0]), (true, vec![1])]);
}

#[test]
fn a_packet_goes_to_another_worker_once_under_its_grouping() {
    let (mut owner, from, _) = camera(1);
    owner.set_relays(track(0), &[WorkerId(1), WorkerId(2)]);
    let mut source = Source::new(1, VP8, 65_500, 5);
    let packet = source.vp8(3_000, true, 0, 1).remove(0);
    let mut sink = Sink::default();
    owner.handle_rtp(ms(0), from, 0, &packet, &mut sink);
    owner.handle_rtp(ms(0), from, 0, &packet, &mut sink);
    let to: Vec<_> = sink.relayed.iter().map(|relayed| relayed.to).collect();
    assert_eq!(to, [WorkerId(1), WorkerId(2)], "a copy is not relayed");
    let [relayed, _] = &sink.relayed[..] else {
        panic!("two");
    };
    assert_eq!((relayed.since, &relayed.bytes), (Epoch(1), &packet));
    // The same packet behaves the same on the other worker.
    let (mut other, _) = with_subscribers(1, 0, 1);
    other.add_relayed_ingress(ingress(0, VIEWERS, TrackKind::Camera, 1));
    let about = routed(VIEWERS, TrackKind::Camera, 1);
    let routes = [(0, VIDEO, Some(route(0, Gate::Open)))];
    let update = Updates::default().next(&[(0, Some(about))], &routes);
    other.apply(ms(0), &update).unwrap();
    let asked = events(&mut other);
    let [ForwardEvent::KeyframeRequest { relayed: true, .. }] = &asked[..] else {
        panic!("{asked:?}");
    };
    keyframe_requests(&mut owner);
    owner.handle_relayed_keyframe_request(ms(600), track(0), 0);
    assert_eq!(keyframe_requests(&mut owner), [(track(0), 0)]);
    let mut sink = Sink::default();
    other.handle_relay(ms(0), track(0), relayed.since, 0, &relayed.bytes, &mut sink);
    assert_eq!(sink.sent.len(), 1);
}

#[test]
fn what_comes_in_is_accounted_for() {
    let (mut forwarder, from, mut updates) = camera(1);
    let shut = Gate::Shut(DropReason::ParentMuted);
    let update = updates.next(&[], &[(0, VIDEO, Some(route(0, shut)))]);
    forwarder.apply(ms(0), &update).unwrap();
    let mut source = Source::new(1, VP8, 65_500, 5);
    for frame in 0..10 {
        for packet in source.vp8(3_000, frame == 3, 0, 2) {
            put(&mut forwarder, ms(frame * 33), from, 0, &packet);
        }
    }
    let counts = forwarder.track_counts(track(0)).unwrap();
    let drops = forwarder.drops();
    assert_eq!(counts.packets_in, 20);
    assert_eq!((counts.routes_open, counts.routes_shut), (VIEWERS - 1, 1));
    assert_eq!(
        (counts.packets_gated, drops.of(DropReason::ParentMuted)),
        (20, 20)
    );
    let waited = drops.of(DropReason::AwaitingKeyframe);
    assert_eq!(waited, 6 * u64::from(VIEWERS - 1));
    assert_eq!(
        counts.packets_out + waited + counts.packets_gated,
        20 * u64::from(VIEWERS)
    );
    let slot = forwarder
        .slot_counts(sideroom_forward::SubscriberId(5), VIDEO)
        .unwrap();
    assert_eq!(slot.packets, 14);
    assert!(
        forwarder
            .slot_counts(sideroom_forward::SubscriberId(5), AUDIO)
            .is_none()
    );
}

//! The output of one slot as the layers of its source change.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use kit::*;
use sideroom_forward::{ForwardEvent, LayerTarget};
use sideroom_route::{DropReason, Gate, MediaEvent, SlotId, SlotPause, TrackKind};

const VIDEO: SlotId = SlotId::video(0);

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

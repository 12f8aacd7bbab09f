//! A later offer gives a stream another slot number.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use kit::*;
use sideroom_forward::{Forwarder, SlotConfig};
use sideroom_route::{Gate, SlotId, TrackKind};

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

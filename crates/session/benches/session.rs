//! Cost that a session adds to a packet besides the cipher: finding the track, missing packets and arrival
//! times; and sequence number and sending time on the way out. 1,200-byte packets, AES-128-GCM.
//!
//! `cargo bench -p sideroom-session --bench session`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use common::{Builder, OPUS, Sent, TRANSPORT_CC, VP8, World, config};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use sideroom_rtp::Codec;
use sideroom_session::srtp::{SrtpIn, SrtpOut};
use sideroom_session::{DatagramClass, DatagramOutcome, RtpParts};

/// The offer of the client SDK: four tracks and nine slots of each media type.
fn world() -> World {
    let mut offer = Builder::new();
    offer.section("audio", "sendonly");
    offer.line(0, "a=ssrc:1000 cname:c");
    for mid in 1..=3 {
        offer.section("video", "sendonly");
        offer.line(mid, &format!("a=ssrc:{} cname:c", mid * 1000 + 1000));
    }
    (0..9).for_each(|_| offer.section("audio", "recvonly"));
    (0..9).for_each(|_| offer.section("video", "recvonly"));
    World::connected(config(Codec::Vp8), &mut offer)
}

fn packet(payload_type: u8, ssrc: u32, sequence: u16) -> Sent {
    let mut packet =
        Sent::new(payload_type, ssrc, sequence).with(TRANSPORT_CC, sequence.to_be_bytes());
    packet.payload = vec![7; 1_200];
    packet
}

/// The client's packets, each with the next number.
struct Source {
    sealing: SrtpOut,
    next: u64,
}

impl Source {
    fn next(&mut self) -> Vec<u8> {
        let packet = packet(VP8, 2000, self.next as u16);
        let mut out = vec![0; 1_500];
        let len = self
            .sealing
            .seal(&packet.header(), &packet.payload, self.next, &mut out);
        out.truncate(len);
        self.next += 1;
        out
    }
}

fn receive(c: &mut Criterion) {
    let mut group = c.benchmark_group("receive");
    let mut world = world();
    let mut source = Source {
        sealing: world.sending.take().unwrap(),
        next: 1,
    };
    group.bench_function("session", |b| {
        b.iter_batched_ref(
            || source.next(),
            |packet| {
                let received = world.deliver(DatagramClass::Rtp, packet);
                assert!(matches!(received, DatagramOutcome::Rtp { .. }));
            },
            BatchSize::SmallInput,
        );
    });
    // The cipher alone, with the keys of the client's other direction.
    let keys = common::keys();
    let mut opening = SrtpIn::new(&keys.mirrored());
    opening.accept_ssrc(2000);
    let mut source = Source {
        sealing: SrtpOut::new(&keys),
        next: 1,
    };
    group.bench_function("cipher", |b| {
        b.iter_batched_ref(
            || source.next(),
            |packet| opening.open(packet).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

fn send(c: &mut Criterion) {
    let mut group = c.benchmark_group("send");
    let mut world = world();
    let packet = packet(OPUS, world.answer.slots[0].ssrc, 1);
    let header = packet.header();
    let mut out = [0; 1_500];
    let mut sequence = 0;
    let mut seal = |prefix: &[u8], now| {
        sequence += 1;
        let parts = RtpParts {
            header: &header,
            prefix,
            payload: &packet.payload,
            extended_sequence: sequence,
            transport_cc_at: Some(17),
            abs_send_time_at: None,
        };
        world.session.seal_rtp(now, &parts, black_box(&mut out))
    };
    let now = world.now;
    group.bench_function("session", |b| b.iter(|| seal(&[], now)));
    group.bench_function("session, payload in two pieces", |b| {
        b.iter(|| seal(&[1, 2, 3, 4], now))
    });
    let sealing = SrtpOut::new(&common::keys());
    let mut out = [0; 1_500];
    group.bench_function("cipher", |b| {
        b.iter(|| {
            sequence += 1;
            sealing.seal(&header, &packet.payload, sequence, black_box(&mut out))
        });
    });
}

fn answer(c: &mut Criterion) {
    let offer = include_str!("../tests/offers/chromium156-simulcast.sdp");
    c.bench_function("answer to Chromium", |b| {
        b.iter(|| common::session(config(Codec::Vp8), black_box(offer)).unwrap());
    });
}

criterion_group!(benches, receive, send, answer);
criterion_main!(benches);

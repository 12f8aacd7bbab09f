//! The warm path, from a packet that comes in to the batch of a hundred subscribers, allocates nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use allocation_counter::measure;
use kit::*;
use sideroom_forward::{Egress, IngressId, Outgoing, SubscriberId};
use sideroom_route::{DropReason, Epoch, Gate, SlotId, TrackId, TrackKind, WorkerId};

/// Copies every packet into a batch and "seals" it there: all bytes are touched.
struct Batch {
    bytes: Vec<u8>,
    at: usize,
    packets: usize,
    relayed: usize,
    last: u16,
}

impl Egress for Batch {
    fn send(&mut self, _: SubscriberId, packet: Outgoing<'_>) {
        if self.at + packet.len() > self.bytes.len() {
            self.at = 0;
        }
        let place = &mut self.bytes[self.at..];
        let len = packet.write_to(place).unwrap();
        if let Some(at) = packet.transport_cc_at {
            place[at..at + 2].copy_from_slice(&(self.packets as u16).to_be_bytes());
        }
        place[packet.header.len()..len]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x5a);
        self.at += len;
        self.packets += 1;
        self.last = packet.extended_sequence as u16;
    }

    fn relay(&mut self, _: WorkerId, _: TrackId, _: Epoch, _: u8, _: &[u8]) {
        self.relayed += 1;
    }
}

const SUBSCRIBERS: u32 = 100;

fn check(kind: TrackKind, at: SlotId, mut packets: impl FnMut(u64) -> Vec<Vec<u8>>) {
    let (mut forwarder, ids) = with_subscribers(SUBSCRIBERS + 1, 1, 1);
    let from: IngressId = forwarder.add_ingress(ingress(0, SUBSCRIBERS, kind, 1));
    forwarder.set_relays(track(0), &[WorkerId(1)]);
    let mut updates = Updates::default();
    let gate = |person: u32| match person % 10 {
        0 => Gate::Shut(DropReason::ParentPaused),
        _ => Gate::Open,
    };
    let routes: Vec<_> = (0..SUBSCRIBERS)
        .map(|person| (person, at, Some(route(0, gate(person)))))
        .collect();
    let update = updates.next(&[(0, Some(routed(SUBSCRIBERS, kind, 1)))], &routes);
    forwarder.apply(ms(0), &update).unwrap();
    let mut batch = Batch {
        bytes: vec![0; 1 << 18],
        at: 0,
        packets: 0,
        relayed: 0,
        last: 0,
    };
    let mut warm = 0;
    for round in 0..600 {
        let now = ms(round * 10);
        let coming = packets(round);
        let made = measure(|| {
            for packet in &coming {
                forwarder.handle_rtp(now, from, 0, packet, &mut batch);
            }
            let lost = [batch.last, batch.last.wrapping_sub(1)].into_iter();
            forwarder.handle_nack(now, ids[99], ssrc_of(99, at), lost, &mut batch);
        });
        if round >= 300 {
            warm += made.count_total;
        }
        events(&mut forwarder);
    }
    assert!(batch.packets >= 600 * 90, "{} packets", batch.packets);
    assert!(batch.relayed >= 600);
    assert_eq!(warm, 0, "allocations when warm");
    let one = measure(|| drop(std::hint::black_box(vec![1_u8])));
    assert_eq!(one.count_total, 1, "the counter counts");
}

#[test]
fn video_allocates_nothing_when_warm() {
    let mut source = Source::new(1, VP8, 65_000, 1);
    check(TrackKind::Camera, SlotId::video(0), |round| {
        source.vp8(900, round % 100 == 0, 0, 2)
    });
}

#[test]
fn audio_allocates_nothing_when_warm() {
    let mut source = Source::new(1, OPUS, 65_000, 1);
    check(TrackKind::Audio, SlotId::audio(0), |_| {
        vec![source.audio(30)]
    });
}

//! The cost of a session: an idle one takes little memory, a busy one allocates nothing for a packet.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    unsafe_code
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use common::{Builder, OPUS, Sent, TRANSPORT_CC, VP8, World, config};
use sideroom_rtp::Codec;
use sideroom_session::{DatagramClass, DatagramOutcome, RtpParts};

/// Counts the allocations of the test's own thread.
struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn count(calls: usize, bytes: isize) {
    // While a thread ends, its counters may be gone.
    let _ = CALLS.try_with(|counter| counter.set(counter.get() + calls));
    let _ = HELD.try_with(|counter| counter.set(counter.get() + bytes));
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, -(layout.size() as isize));
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The offer of the client SDK: four tracks and nine slots of each media type.
fn meeting() -> Builder {
    let mut offer = Builder::new();
    offer.section("audio", "sendonly");
    offer.line(0, "a=ssrc:1000 cname:c");
    for mid in 1..=3 {
        offer.section("video", "sendonly");
        offer.line(mid, &format!("a=ssrc:{} cname:c", mid * 1000 + 1000));
    }
    (0..9).for_each(|_| offer.section("audio", "recvonly"));
    (0..9).for_each(|_| offer.section("video", "recvonly"));
    offer
}

#[test]
fn an_idle_participant_with_18_slots_is_small() {
    const MANY: usize = 20;
    drop(World::connected(config(Codec::Vp8), &mut meeting()));
    let mut kept = Vec::with_capacity(MANY);
    let before = HELD.get();
    for _ in 0..MANY {
        let world = World::connected(config(Codec::Vp8), &mut meeting());
        kept.push(world.session);
    }
    let each = (HELD.get() - before) as usize / MANY;
    println!("an idle session holds {each} bytes");
    // The cryptographic library's own contexts are not in this count.
    assert!(each < 18 * 1024, "{each} bytes");
}

#[test]
fn a_warm_session_allocates_nothing_for_a_packet() {
    let mut world = World::connected(config(Codec::Vp8), &mut meeting());
    let slot = world.answer.slots[12].ssrc;
    let mut out = [0; 1_500];
    let mut allocated = Vec::new();
    for round in 0..200_u16 {
        let number = round.to_be_bytes();
        let video = Sent::new(VP8, 2000, round).with(TRANSPORT_CC, number);
        let mut incoming = [
            world.sealed(&Sent::new(OPUS, 1000, round)),
            world.sealed(&video),
        ];
        let outgoing = Sent::new(VP8, slot, round).with(TRANSPORT_CC, [0, 0]);
        let header = outgoing.header();
        let parts = RtpParts {
            header: &header,
            prefix: &[1, 2],
            payload: &outgoing.payload,
            extended_sequence: round.into(),
            transport_cc_at: Some(17),
            abs_send_time_at: None,
        };
        let before = CALLS.get();
        for packet in &mut incoming {
            let received = world.deliver(DatagramClass::Rtp, packet);
            assert!(
                matches!(received, DatagramOutcome::Rtp { .. }),
                "{received:?}"
            );
        }
        assert_ne!(world.session.seal_rtp(world.now, &parts, &mut out), 0);
        allocated.push(CALLS.get() - before);
        if round % 10 == 0 {
            world.run(Duration::from_millis(50));
        }
    }
    let late = &allocated[100..];
    assert!(late.iter().all(|calls| *calls == 0), "{late:?}");
}

//! Missing packets of a client's video: requested repeatedly as browsers do, and at last given up for a
//! keyframe.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::rtcp::{write_nack, write_pli, write_receiver_report};

use super::super::feedback::Streams;
use super::counts::PathCounts;

/// Between two requests for the same packet.
const AGAIN: Duration = Duration::from_millis(100);
/// The most requests for one packet.
const TRIES: u8 = 10;
/// Between two requests for a keyframe.
const KEYFRAME_EVERY: Duration = Duration::from_millis(500);
/// The most packets in one request.
const MAX_ASKED: usize = 100;
/// More than this is not asked for packet by packet.
const MAX_MISSING: usize = 512;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Repair {
    streams: Streams,
    /// In the order in which they were missed.
    missing: Vec<Missing>,
    /// The stream of which a keyframe is needed.
    keyframe_of: Option<u32>,
    next_keyframe: Time,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    ssrc: u32,
    sequence: u16,
    next: Time,
    tries: u8,
}

impl Repair {
    /// A packet of a stream has arrived.
    pub(super) fn note(&mut self, now: Time, ssrc: u32, sequence: u16) {
        let step = self.streams.note(ssrc, sequence);
        if step < 0 {
            self.fill(ssrc, sequence);
            return;
        }
        if self.missing.len() + step as usize > MAX_MISSING {
            self.keyframe_of = Some(ssrc);
            self.missing.retain(|missing| missing.ssrc != ssrc);
            return;
        }
        let first = sequence.wrapping_sub(step as u16);
        self.missing.extend((0..step as u16).map(|at| Missing {
            ssrc,
            sequence: first.wrapping_add(at),
            next: now,
            tries: 0,
        }));
    }

    /// A packet has arrived late, or again; true if it was missing.
    pub(super) fn fill(&mut self, ssrc: u32, sequence: u16) -> bool {
        let before = self.missing.len();
        self.missing
            .retain(|missing| (missing.ssrc, missing.sequence) != (ssrc, sequence));
        self.missing.len() < before
    }

    /// Writes the requests due at `now`.
    pub(super) fn poll(&mut self, now: Time, own: u32, counts: &mut PathCounts, out: &mut Vec<u8>) {
        let before = self.missing.len();
        let keyframe_of = &mut self.keyframe_of;
        self.missing.retain(|missing| {
            let over = missing.tries >= TRIES && missing.next <= now;
            if over {
                *keyframe_of = Some(missing.ssrc);
            }
            !over
        });
        counts.given_up += (before - self.missing.len()) as u64;
        let mut asked: Vec<(u32, u16)> = Vec::new();
        let due = self.missing.iter_mut().filter(|it| it.next <= now);
        for missing in due.take(MAX_ASKED) {
            missing.next = now + AGAIN;
            missing.tries += 1;
            asked.push((missing.ssrc, missing.sequence));
        }
        let keyframe_of = self.keyframe_of.filter(|_| now >= self.next_keyframe);
        if asked.is_empty() && keyframe_of.is_none() {
            return;
        }
        if out.is_empty() {
            write_receiver_report(out, own, &[]);
        }
        counts.nacked += asked.len() as u64;
        asked.sort_by_key(|(ssrc, _)| *ssrc);
        for stream in asked.chunk_by(|one, other| one.0 == other.0) {
            let lost: Vec<u16> = stream.iter().map(|(_, sequence)| *sequence).collect();
            write_nack(out, own, stream.first().map_or(0, |one| one.0), &lost);
        }
        if let Some(ssrc) = keyframe_of {
            self.keyframe_of = None;
            self.next_keyframe = now + KEYFRAME_EVERY;
            counts.keyframes_asked += 1;
            write_pli(out, own, ssrc);
        }
    }
}

#[cfg(test)]
mod tests {
    use sideroom_rtp::rtcp::{Packet, packets};

    use super::*;

    /// The numbers asked for at `now`, and whether a keyframe was.
    fn asked(repair: &mut Repair, now: Time, counts: &mut PathCounts) -> (Vec<u16>, bool) {
        let mut out = Vec::new();
        repair.poll(now, 1, counts, &mut out);
        let mut told = (Vec::new(), false);
        for packet in packets(&out).map_while(Result::ok) {
            match packet {
                Packet::Nack { media: 5, lost, .. } => told.0.extend(lost.sequences()),
                Packet::Pli { media: 5, .. } => told.1 = true,
                _ => {}
            }
        }
        told
    }

    #[test]
    fn what_is_missing_is_asked_for_until_it_comes_or_is_given_up() {
        let mut repair = Repair::default();
        let mut counts = PathCounts::default();
        let mut now = Time::from_millis(1_000);
        for sequence in [65_534, 2, 0] {
            repair.note(now, 5, sequence);
        }
        assert_eq!(
            asked(&mut repair, now, &mut counts),
            (vec![65_535, 1], false)
        );
        assert_eq!(asked(&mut repair, now, &mut counts), (vec![], false));
        assert!(repair.fill(5, 1) && !repair.fill(5, 1));
        for _ in 1..TRIES {
            now = now + AGAIN;
            assert_eq!(asked(&mut repair, now, &mut counts), (vec![65_535], false));
        }
        now = now + AGAIN;
        assert_eq!(asked(&mut repair, now, &mut counts), (vec![], true));
        assert_eq!(asked(&mut repair, now, &mut counts), (vec![], false));
        let told = (counts.nacked, counts.given_up, counts.keyframes_asked);
        assert_eq!(told, (11, 1, 1));
    }

    #[test]
    fn a_jump_asks_for_a_keyframe_and_not_for_thousands_of_packets() {
        let mut repair = Repair::default();
        let now = Time::from_millis(1_000);
        repair.note(now, 5, 1);
        repair.note(now, 5, 1_000);
        let told = asked(&mut repair, now, &mut PathCounts::default());
        assert_eq!(told, (vec![], true));
    }
}

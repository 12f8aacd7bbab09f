//! The way from a client to the server: a link, and the packets that the client keeps for retransmission.

use std::collections::VecDeque;

use sideroom_net::{Destination, SendBatch};
use sideroom_route::Time;
use sideroom_sim::link::{Impairment, Link};

use super::counts::PathCounts;
use super::pass;

/// Packets that a client keeps: some seconds of a camera.
const KEPT: usize = 1_024;

/// See the module.
pub(in crate::load) struct Upward {
    link: Link<Box<[u8]>>,
    kept: VecDeque<SentCopy>,
}

/// A packet that was sent, sealed. It leaves again as it was, so that the server's replay window tells
/// whether it ever came.
struct SentCopy {
    ssrc: u32,
    sequence: u16,
    lost: bool,
    bytes: Box<[u8]>,
}

impl Upward {
    pub(super) fn new(impairment: Impairment, seed: u64) -> Self {
        Self {
            link: Link::new(impairment, seed),
            kept: VecDeque::new(),
        }
    }

    /// A media packet sets out.
    pub(in crate::load) fn send_media(
        &mut self,
        now: Time,
        (ssrc, sequence): (u32, u16),
        bytes: Vec<u8>,
        counts: &mut PathCounts,
    ) {
        let bytes = bytes.into_boxed_slice();
        let lost = pass(&mut self.link, now, bytes.len(), bytes.clone());
        counts.lost_up += u64::from(lost);
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(SentCopy {
            ssrc,
            sequence,
            lost,
            bytes,
        });
    }

    /// RTCP sets out.
    pub(in crate::load) fn send_control(&mut self, now: Time, bytes: &[u8]) {
        pass(&mut self.link, now, bytes.len(), bytes.into());
    }

    /// The server asks for a packet again.
    pub(in crate::load) fn resend(
        &mut self,
        now: Time,
        ssrc: u32,
        sequence: u16,
        counts: &mut PathCounts,
    ) {
        let mut kept = self.kept.iter_mut();
        let Some(kept) = kept.rfind(|kept| (kept.ssrc, kept.sequence) == (ssrc, sequence)) else {
            return;
        };
        counts.resent_up += 1;
        let bytes = kept.bytes.clone();
        let arrives = !pass(&mut self.link, now, bytes.len(), bytes);
        if arrives && std::mem::take(&mut kept.lost) {
            counts.repaired_up += 1;
        }
    }

    /// Delivers the packets that have come through by `now`.
    pub(in crate::load) fn poll(&mut self, now: Time, to: &Destination, send: &mut SendBatch) {
        while let Some(bytes) = self.link.poll(now) {
            // A full batch loses a packet, as a full socket would.
            send.push(to, &bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_way_up_lost_is_sent_again_when_asked_for() {
        let lossy = super::super::settings("loss=50%").unwrap();
        let mut upward = Upward::new(lossy, 4);
        let mut counts = PathCounts::default();
        for sequence in 0..100 {
            upward.send_media(Time::ZERO, (7, sequence), vec![1; 50], &mut counts);
        }
        assert!((30..70).contains(&counts.lost_up), "{counts:?}");
        for _ in 0..20 {
            for sequence in 0..100 {
                upward.resend(Time::ZERO, 7, sequence, &mut counts);
            }
        }
        upward.resend(Time::ZERO, 8, 1, &mut counts);
        assert_eq!(
            (counts.resent_up, counts.repaired_up),
            (2_000, counts.lost_up)
        );
    }
}

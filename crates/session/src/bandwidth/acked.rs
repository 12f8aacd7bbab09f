//! The acknowledged rate: bits a second that arrive, by the client's clock.

use std::collections::VecDeque;

/// The rate covers the last microseconds, this many.
const WINDOW_US: i64 = 500_000;
/// A shorter window: while packets queue, it shows sooner what the path carries.
const QUEUED_US: i64 = 150_000;
/// A queued rate above this share of the long one is ignored: frames come unevenly.
const FALLEN: f64 = 0.6;
/// Packets that are remembered at most.
const MAX_PACKETS: usize = 8_192;

/// The acknowledged rate.
#[derive(Debug, Default)]
pub(super) struct AckedRate {
    packets: VecDeque<(i64, u16)>,
    bytes: u64,
    latest: i64,
}

impl AckedRate {
    pub(super) fn arrived(&mut self, at: i64, size: u16) {
        if self
            .packets
            .back()
            .is_some_and(|(last, _)| at < *last - WINDOW_US * 4)
        {
            // The client's clock went back.
            self.packets.clear();
            self.bytes = 0;
            self.latest = at;
        }
        self.latest = self.latest.max(at);
        self.packets.push_back((at, size));
        self.bytes += u64::from(size);
        while let Some((first, bytes)) = self.packets.front().copied() {
            if self.latest - first <= WINDOW_US && self.packets.len() <= MAX_PACKETS {
                break;
            }
            self.packets.pop_front();
            self.bytes -= u64::from(bytes);
        }
    }

    /// Bits a second; 0 if next to nothing arrived.
    pub(super) fn bps(&self) -> u64 {
        let first = self.packets.front().map_or(self.latest, |(at, _)| *at);
        let span = (self.latest - first).max(0);
        if span < WINDOW_US / 4 {
            return 0;
        }
        let span = u64::try_from(span).unwrap_or(1).max(1);
        self.bytes * 8 * 1_000_000 / span
    }

    /// While the queue grows, the arriving rate is the path's capacity: the rate over the short window,
    /// unless it is only a little lower, which may be the gap between two frames.
    pub(super) fn queued_bps(&self) -> u64 {
        let (bps, from) = (self.bps(), self.latest - QUEUED_US);
        let recent = self.packets.iter().rev();
        let recent = recent.take_while(|(at, _)| *at > from);
        let bytes: u64 = recent.map(|(_, size)| u64::from(*size)).sum();
        let recent = bytes * 8 * 1_000_000 / QUEUED_US as u64;
        if (recent as f64) < FALLEN * bps as f64 {
            recent
        } else {
            bps.max(recent)
        }
    }
}

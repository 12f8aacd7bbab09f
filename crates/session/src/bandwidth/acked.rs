//! What arrives, in bits a second of the client's clock.

use std::collections::VecDeque;

/// The rate is that of the last so many microseconds.
const WINDOW_US: i64 = 500_000;
/// Packets that are remembered at most.
const MAX_PACKETS: usize = 8_192;

/// The rate of what arrives.
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
}

//! The last packets of one layer, kept once for all subscribers: retransmissions are served from here.
//!
//! Bounded in packets, in bytes and in time. Packets lie one behind the other in one buffer that begins
//! small and doubles only while a lap through it takes less than the time that packets are kept for.

use std::time::Duration;

use sideroom_route::Time;

/// The first size of a buffer: some laps of audio, some frames of video.
const FIRST_BYTES: usize = 16 << 10;

#[derive(Clone, Copy, Debug, Default)]
struct RingEntry {
    number: u64,
    at: Time,
    /// Position of the first byte, counted since the beginning of time.
    start: u64,
    len: u32,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct PacketRing {
    /// Empty until the first packet: most layers are never asked for.
    index: Box<[RingEntry]>,
    bytes: Box<[u8]>,
    /// Where the next packet begins, on the same count as `RingEntry::start`.
    head: u64,
    /// Packets before this number are not given out any more.
    valid_from: u64,
    lap_began: Time,
    bounds: RingBounds,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RingBounds {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
    pub(crate) age: Duration,
}

impl PacketRing {
    pub(crate) fn new(bounds: RingBounds) -> Self {
        Self {
            index: Box::default(),
            bytes: Box::default(),
            head: 1,
            valid_from: 1,
            lap_began: Time::ZERO,
            bounds,
        }
    }

    /// Keeps a copy, unless the packet is larger than the buffer may become.
    #[inline]
    pub(crate) fn keep(&mut self, now: Time, number: u64, packet: &[u8]) {
        if self.index.is_empty() {
            self.allocate(now);
        }
        let Some(start) = self.room_for(now, packet.len()) else {
            return;
        };
        let offset = self.offset(start);
        let Some(place) = self.bytes.get_mut(offset..offset + packet.len()) else {
            return;
        };
        place.copy_from_slice(packet);
        self.head = start + packet.len() as u64;
        let key = number as usize & (self.index.len() - 1);
        if let Some(kept) = self.index.get_mut(key) {
            *kept = RingEntry {
                number,
                at: now,
                start,
                len: packet.len() as u32,
            };
        }
    }

    /// The packet with this number, if it is still here and not too old.
    #[inline]
    pub(crate) fn fetch(&self, now: Time, number: u64) -> Option<&[u8]> {
        let key = number as usize & self.index.len().checked_sub(1)?;
        let kept = self.index.get(key)?;
        let here = kept.number == number
            && kept.start >= self.valid_from
            && self.head - kept.start <= self.bytes.len() as u64
            && now.since(kept.at) <= self.bounds.age;
        if !here {
            return None;
        }
        let offset = self.offset(kept.start);
        self.bytes.get(offset..offset + kept.len as usize)
    }

    /// Forgets everything: nothing from before is ever given out again.
    pub(crate) fn clear(&mut self) {
        self.valid_from = self.head;
    }

    #[inline]
    fn offset(&self, position: u64) -> usize {
        (position % self.bytes.len().max(1) as u64) as usize
    }

    /// Where a packet of this length begins; a packet never goes around the end of the buffer.
    #[inline]
    fn room_for(&mut self, now: Time, len: usize) -> Option<u64> {
        loop {
            let offset = self.offset(self.head);
            if offset + len <= self.bytes.len() && offset != 0 {
                return Some(self.head);
            }
            let crowded = now.since(self.lap_began) < self.bounds.age || len > self.bytes.len();
            if crowded && self.bytes.len() < self.bounds.bytes {
                self.grow();
                continue;
            }
            if len > self.bytes.len() {
                return None;
            }
            self.lap_began = now;
            let size = self.bytes.len() as u64;
            return Some(self.head.next_multiple_of(size));
        }
    }

    #[cold]
    fn allocate(&mut self, now: Time) {
        let packets = self.bounds.packets.next_power_of_two();
        self.index = vec![RingEntry::default(); packets].into();
        self.bytes = vec![0; FIRST_BYTES.min(self.bounds.bytes)].into();
        self.lap_began = now;
    }

    /// Doubles the size; the packets move to their positions in the larger buffer.
    #[cold]
    fn grow(&mut self) {
        let old_len = self.bytes.len() as u64;
        let size = (self.bytes.len() * 2).min(self.bounds.bytes);
        let old = std::mem::replace(&mut self.bytes, vec![0; size].into());
        let size = size as u64;
        // Everything valid lies in the last lap, and a lap of the new buffer has room for it.
        let base = self.head.next_multiple_of(size);
        let mut kept: Vec<&mut RingEntry> = self.index.iter_mut().collect();
        kept.retain(|kept| {
            kept.len > 0 && kept.start >= self.valid_from && self.head - kept.start <= old_len
        });
        kept.sort_by_key(|kept| kept.start);
        let mut head = base;
        for kept in kept {
            let from = (kept.start % old_len) as usize;
            let to = (head % size) as usize;
            let len = kept.len as usize;
            if let (Some(place), Some(packet)) =
                (self.bytes.get_mut(to..to + len), old.get(from..from + len))
            {
                place.copy_from_slice(packet);
            }
            kept.start = head;
            head += len as u64;
        }
        self.valid_from = base;
        self.head = head.max(base + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const BOUNDS: RingBounds = RingBounds {
        packets: 64,
        bytes: 64 << 10,
        age: Duration::from_millis(500),
    };

    fn packet(number: u64, len: usize) -> Vec<u8> {
        (0..len)
            .map(|at| (number as usize * 31 + at) as u8)
            .collect()
    }

    #[test]
    fn gives_back_what_is_young_and_forgets_what_is_cleared() {
        let mut ring = PacketRing::new(BOUNDS);
        let at = Time::from_millis;
        ring.keep(at(0), 7, &packet(7, 1_000));
        assert_eq!(ring.fetch(at(500), 7), Some(&packet(7, 1_000)[..]));
        assert_eq!(ring.fetch(at(501), 7), None, "too old");
        assert_eq!(ring.fetch(at(0), 8), None, "never there");
        ring.clear();
        assert_eq!(ring.fetch(at(1), 7), None, "cleared");
        ring.keep(at(2), 8, &packet(8, 1_000));
        assert_eq!(ring.fetch(at(2), 8), Some(&packet(8, 1_000)[..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// For any input, a returned packet is the last one kept under that number; the newest is always
        /// there; and the buffer keeps its bound.
        #[test]
        fn never_gives_back_anything_else(
            steps in prop::collection::vec((1_usize..3_000, 0_u64..40, 0_u64..3, 0_u8..40), 1..200),
        ) {
            let mut ring = PacketRing::new(BOUNDS);
            let mut model = BTreeMap::new();
            let (mut now, mut number) = (Time::ZERO, 1_000);
            for (len, pause, skip, action) in steps {
                now = now + Duration::from_millis(pause);
                number += 1 + skip;
                if action == 0 {
                    ring.clear();
                    model.clear();
                }
                ring.keep(now, number, &packet(number, len));
                model.insert(number, (now, len));
                prop_assert_eq!(ring.fetch(now, number), Some(&packet(number, len)[..]));
                prop_assert!(ring.bytes.len() <= BOUNDS.bytes);
                for back in (0..80).step_by(3) {
                    let asked = number - back;
                    let Some(found) = ring.fetch(now, asked) else {
                        continue;
                    };
                    let Some((at, len)) = model.get(&asked) else {
                        return Err(TestCaseError::fail("never kept, or cleared"));
                    };
                    prop_assert!(now.since(*at) <= BOUNDS.age);
                    prop_assert_eq!(found, &packet(asked, *len)[..]);
                }
            }
        }
    }

    #[test]
    fn grows_until_a_lap_lasts_long_enough() {
        let mut ring = PacketRing::new(BOUNDS);
        for number in 0..1_000 {
            let now = Time::from_millis(number * 10);
            ring.keep(now, number, &packet(number, 1_000));
            let oldest = number.saturating_sub(40);
            assert!(ring.fetch(now, oldest).is_some(), "{oldest} at {number}");
        }
        assert!(ring.bytes.len() <= BOUNDS.bytes);
    }
}

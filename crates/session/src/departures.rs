//! The departure times of packets: a bounded memory, by transport-wide sequence number, to match feedback
//! with.

use sideroom_route::Time;
use sideroom_rtp::rtcp::TransportCc;

use crate::{SentPacket, TransportFeedback};

/// The first size of the ring, and the last: at 8 bytes an entry, 32 KiB for the busiest.
const FIRST_CAPACITY: usize = 256;
const MAX_CAPACITY: usize = 4096;
/// Feedback on older packets is worthless: the ring does not grow for it.
const WANTED_MICROS: u32 = 2_000_000;

/// Record of a sent packet. The time is the lower half of the microseconds; the upper half follows from
/// `now`.
#[derive(Clone, Copy, Debug, Default)]
struct Departure {
    micros: u32,
    size: u16,
    reported: bool,
}

/// Numbers packets and remembers the last ones.
#[derive(Debug, Default)]
pub(crate) struct Departures {
    /// The next number.
    next: u64,
    /// A power of two in length; a packet has its place by its number.
    ring: Vec<Departure>,
}

impl Departures {
    /// Assigns the next number to a packet that leaves now. The size is added later, when the packet is sealed.
    #[inline]
    pub(crate) fn depart(&mut self, now: Time) -> u16 {
        let sequence = self.next;
        let micros = now.as_micros() as u32;
        self.make_room(sequence, micros);
        let mask = self.ring.len() - 1;
        if let Some(place) = self.ring.get_mut(sequence as usize & mask) {
            *place = Departure {
                micros,
                size: 0,
                reported: false,
            };
        }
        self.next = sequence + 1;
        sequence as u16
    }

    /// Asks for the place of the next packet.
    #[inline]
    pub(crate) fn prefetch(&self) {
        let mask = self.ring.len().wrapping_sub(1);
        if let Some(place) = self.ring.get(self.next as usize & mask) {
            sideroom_prefetch::prefetch(place);
        }
    }

    /// The number that the next packet will take.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Says how long the packet that took the last number has become.
    #[inline]
    pub(crate) fn set_size(&mut self, size: usize) {
        let mask = self.ring.len().wrapping_sub(1);
        if let Some(place) = self.ring.get_mut(self.next.wrapping_sub(1) as usize & mask) {
            place.size = u16::try_from(size).unwrap_or(u16::MAX);
        }
    }

    /// Grows instead of overwriting packets that feedback may still report.
    #[inline]
    fn make_room(&mut self, sequence: u64, micros: u32) {
        let len = self.ring.len();
        if len == MAX_CAPACITY {
            return;
        }
        let oldest = self.ring.get(sequence as usize & len.wrapping_sub(1));
        let overwrites = oldest.is_none_or(|oldest| {
            sequence >= len as u64 && micros.wrapping_sub(oldest.micros) < WANTED_MICROS
        });
        if overwrites {
            self.grow(sequence, (len * 2).max(FIRST_CAPACITY));
        }
    }

    #[cold]
    fn grow(&mut self, next: u64, capacity: usize) {
        let mut ring = vec![Departure::default(); capacity];
        let len = self.ring.len() as u64;
        for sequence in next.saturating_sub(len)..next {
            let old = self.ring.get(sequence as usize & (self.ring.len() - 1));
            let new = ring.get_mut(sequence as usize & (capacity - 1));
            if let (Some(old), Some(new)) = (old, new) {
                *new = *old;
            }
        }
        self.ring = ring;
    }

    /// Looks up the packets of a feedback. Each arrival is returned once, a loss as often as it is reported.
    pub(crate) fn matched(&mut self, now: Time, feedback: &TransportCc<'_>) -> TransportFeedback {
        let mut packets = Vec::with_capacity(usize::from(feedback.count).min(MAX_CAPACITY));
        for (number, arrived) in feedback.packets().take(MAX_CAPACITY) {
            let Some(sequence) = self.extended(number) else {
                continue;
            };
            let mask = self.ring.len().wrapping_sub(1);
            let Some(departure) = self.ring.get_mut(sequence as usize & mask) else {
                continue;
            };
            if departure.reported {
                continue;
            }
            departure.reported = arrived.is_some();
            let age = (now.as_micros() as u32).wrapping_sub(departure.micros);
            packets.push(SentPacket {
                sequence,
                size: departure.size,
                sent: Time::from_micros(now.as_micros().saturating_sub(u64::from(age))),
                arrived,
            });
        }
        TransportFeedback { packets }
    }

    /// The full number of a packet that is still remembered.
    fn extended(&self, number: u16) -> Option<u64> {
        let last = self.next.checked_sub(1)?;
        let back = u64::from((last as u16).wrapping_sub(number));
        let sequence = last.checked_sub(back)?;
        (back < self.ring.len() as u64).then_some(sequence)
    }
}

#[cfg(test)]
mod tests {
    use sideroom_rtp::rtcp::{Packet, packets, write_transport_cc};

    use super::*;

    fn feedback(base: u16, arrivals: &[Option<i64>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let told = write_transport_cc(&mut bytes, (1, 2), 0, base, arrivals);
        assert_eq!(told, arrivals.len());
        bytes
    }

    fn matched(departures: &mut Departures, now: Time, bytes: &[u8]) -> Vec<SentPacket> {
        let Some(Ok(Packet::TransportCc(feedback))) = packets(bytes).next() else {
            panic!("not a transport-cc feedback");
        };
        departures.matched(now, &feedback).packets
    }

    #[test]
    fn feedback_finds_the_packets_that_were_sent() {
        let mut departures = Departures::default();
        for step in 0..70_000_u64 {
            departures.depart(Time::from_micros(step * 1_000));
            departures.set_size(1_000 + (step % 7) as usize);
        }
        let now = Time::from_micros(70_050_000);
        let base = 69_990_u64;
        let bytes = feedback(base as u16, &[Some(64_000), None, Some(65_000)]);
        let told = matched(&mut departures, now, &bytes);
        let expected: Vec<_> = [
            (base, Some(64_000)),
            (base + 1, None),
            (base + 2, Some(65_000)),
        ]
        .into_iter()
        .map(|(sequence, arrived)| SentPacket {
            sequence,
            size: 1_000 + (sequence % 7) as u16,
            sent: Time::from_micros(sequence * 1_000),
            arrived,
        })
        .collect();
        assert_eq!(told, expected);
        let again = matched(&mut departures, now, &bytes);
        assert_eq!(again.len(), 1, "an arrival is told once: {again:?}");
    }

    #[test]
    fn a_slow_stream_keeps_a_small_ring_and_a_fast_one_a_bounded_one() {
        let mut slow = Departures::default();
        let mut fast = Departures::default();
        for step in 0..20_000_u64 {
            slow.depart(Time::from_millis(step * 20));
            fast.depart(Time::from_micros(step * 10));
        }
        assert_eq!(
            (slow.ring.len(), fast.ring.len()),
            (FIRST_CAPACITY, MAX_CAPACITY)
        );
    }

    #[test]
    fn feedback_on_what_was_never_sent_is_passed_over() {
        let mut departures = Departures::default();
        let bytes = feedback(500, &[Some(64_000), Some(65_000)]);
        assert_eq!(matched(&mut departures, Time::ZERO, &bytes), []);
        departures.depart(Time::ZERO);
        assert_eq!(matched(&mut departures, Time::ZERO, &bytes), []);
    }
}

//! The link between two workers: one writer, one reader, bounded. It carries packets and their metadata.
//! Messages are written in place into buffers that go round, so nothing is allocated, zeroed or moved once it
//! is warm. When it is full the message is dropped and counted; a worker never waits for another.

use rtrb::{Consumer, Producer, RingBuffer};
use sideroom_route::{Epoch, TrackId};

/// Messages that wait at most between two workers.
pub(super) const RING_MESSAGES: usize = 1024;

/// The largest packet that is relayed.
pub(super) const MAX_PACKET: usize = 1500;

/// What one worker has to tell another about a track.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relayed<'a> {
    /// A packet.
    Packet {
        /// Since when the track has its audience, as its own worker knew it when it read the packet.
        since: Epoch,
        /// The RTP packet.
        bytes: &'a [u8],
    },
    /// What the publisher's last sender report says.
    SenderReport {
        /// The publisher's clock.
        ntp: u64,
        /// The track's time stamp at that moment.
        rtp: u32,
    },
}

/// A buffer for one message.
struct Message {
    track: TrackId,
    layer: u8,
    kind: Kind,
    len: u16,
    bytes: [u8; MAX_PACKET],
}

#[derive(Clone, Copy)]
enum Kind {
    Packet(Epoch),
    SenderReport(u64, u32),
}

/// The end that writes.
pub(super) struct RelayWriter {
    full: Producer<Box<Message>>,
    empty: Consumer<Box<Message>>,
    /// Buffers that were made so far.
    made: usize,
}

/// The end that reads.
pub(super) struct RelayReader {
    full: Consumer<Box<Message>>,
    empty: Producer<Box<Message>>,
}

/// A link between two workers.
pub(super) fn relay_ring() -> (RelayWriter, RelayReader) {
    let (into_full, full) = RingBuffer::new(RING_MESSAGES);
    let (into_empty, empty) = RingBuffer::new(RING_MESSAGES);
    let writer = RelayWriter {
        full: into_full,
        empty,
        made: 0,
    };
    let reader = RelayReader {
        full,
        empty: into_empty,
    };
    (writer, reader)
}

impl RelayWriter {
    /// Puts a message into the link; false if it is full or the packet too large.
    pub(super) fn push(&mut self, track: TrackId, layer: u8, message: Relayed<'_>) -> bool {
        let (kind, bytes) = match message {
            Relayed::Packet { since, bytes } => (Kind::Packet(since), bytes),
            Relayed::SenderReport { ntp, rtp } => (Kind::SenderReport(ntp, rtp), &[][..]),
        };
        let Ok(len) = u16::try_from(bytes.len()) else {
            return false;
        };
        if bytes.len() > MAX_PACKET {
            return false;
        }
        let Some(mut buffer) = self.buffer() else {
            return false;
        };
        (buffer.track, buffer.layer, buffer.kind, buffer.len) = (track, layer, kind, len);
        if let Some(place) = buffer.bytes.get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.full.push(buffer).is_ok()
    }

    /// A buffer that came back, or a new one: as many exist as the link holds.
    fn buffer(&mut self) -> Option<Box<Message>> {
        if let Ok(buffer) = self.empty.pop() {
            return Some(buffer);
        }
        if self.made == RING_MESSAGES {
            return None;
        }
        self.made += 1;
        Some(Box::new(Message {
            track: TrackId(0),
            layer: 0,
            kind: Kind::SenderReport(0, 0),
            len: 0,
            bytes: [0; MAX_PACKET],
        }))
    }
}

impl RelayReader {
    /// Hands the link's messages to `take`, at most `limit`; returns their number.
    pub(super) fn drain(
        &mut self,
        limit: usize,
        mut take: impl FnMut(TrackId, u8, Relayed<'_>),
    ) -> usize {
        let waiting = self.full.slots().min(limit);
        for _ in 0..waiting {
            let Ok(message) = self.full.pop() else {
                break;
            };
            let relayed = match message.kind {
                Kind::Packet(since) => Relayed::Packet {
                    since,
                    bytes: message
                        .bytes
                        .get(..usize::from(message.len))
                        .unwrap_or_default(),
                },
                Kind::SenderReport(ntp, rtp) => Relayed::SenderReport { ntp, rtp },
            };
            take(message.track, message.layer, relayed);
            // It fits: there are no more buffers than places.
            let _ = self.empty.push(message);
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    const TRACK: TrackId = TrackId::new(RoomId(1), 2);

    fn packet(bytes: &[u8]) -> Relayed<'_> {
        let since = Epoch(3);
        Relayed::Packet { since, bytes }
    }

    #[test]
    fn packets_arrive_in_order_and_a_full_link_refuses() {
        let (mut writer, mut reader) = relay_ring();
        for round in 0..3 {
            let pushed = (0..RING_MESSAGES + 1)
                .filter(|index| writer.push(TRACK, 1, packet(&index.to_be_bytes())))
                .count();
            assert_eq!(pushed, RING_MESSAGES, "round {round}");
            let mut next = 0_usize;
            let drained = reader.drain(usize::MAX, |track, layer, relayed| {
                assert_eq!((track, layer), (TRACK, 1));
                assert_eq!(relayed, packet(&next.to_be_bytes()));
                next += 1;
            });
            assert_eq!(drained, RING_MESSAGES);
        }
    }

    #[test]
    fn sender_reports_keep_their_place_between_packets() {
        let (mut writer, mut reader) = relay_ring();
        let report = Relayed::SenderReport {
            ntp: 7 << 32,
            rtp: 9,
        };
        for message in [packet(b"before"), report, packet(b"after")] {
            assert!(writer.push(TRACK, 0, message));
        }
        let mut kinds = Vec::new();
        reader.drain(10, |_, _, relayed| kinds.push(relayed == report));
        assert_eq!(kinds, [false, true, false]);
    }

    #[test]
    fn a_packet_that_is_too_large_is_refused() {
        let (mut writer, _reader) = relay_ring();
        assert!(!writer.push(TRACK, 0, packet(&[0; MAX_PACKET + 1])));
    }
}

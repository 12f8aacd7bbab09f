//! The link between two workers: one writer, one reader, bounded. It carries packets and their metadata.
//! Messages are written in place into buffers that go round, so nothing is allocated, zeroed or moved once it
//! is warm. When it is full the message is dropped and counted; a worker never waits for another.

use rtrb::{Consumer, Producer, RingBuffer};
use sideroom_plane::Message;
use sideroom_route::{Epoch, TrackId};

/// Messages that wait at most between two workers.
pub(super) const RING_MESSAGES: usize = 1024;

/// The largest packet that is relayed.
pub(super) const MAX_PACKET: usize = 1500;

/// A buffer for one message.
struct Buffer {
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
    KeyframeWish,
}

/// The end that writes.
pub(super) struct RelayWriter {
    full: Producer<Box<Buffer>>,
    empty: Consumer<Box<Buffer>>,
    /// Buffers that were made so far.
    made: usize,
}

/// The end that reads.
pub(super) struct RelayReader {
    full: Consumer<Box<Buffer>>,
    empty: Producer<Box<Buffer>>,
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
    pub(super) fn push(&mut self, track: TrackId, layer: u8, message: Message<'_>) -> bool {
        let (kind, bytes) = match message {
            Message::Packet { since, bytes } => (Kind::Packet(since), bytes),
            Message::SenderReport { ntp, rtp } => (Kind::SenderReport(ntp, rtp), &[][..]),
            Message::KeyframeWish => (Kind::KeyframeWish, &[][..]),
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
    fn buffer(&mut self) -> Option<Box<Buffer>> {
        if let Ok(buffer) = self.empty.pop() {
            return Some(buffer);
        }
        if self.made == RING_MESSAGES {
            return None;
        }
        self.made += 1;
        Some(Box::new(Buffer {
            track: TrackId(0),
            layer: 0,
            kind: Kind::KeyframeWish,
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
        mut take: impl FnMut(TrackId, u8, Message<'_>),
    ) -> usize {
        let waiting = self.full.slots().min(limit);
        for _ in 0..waiting {
            let Ok(buffer) = self.full.pop() else {
                break;
            };
            let told = match buffer.kind {
                Kind::Packet(since) => Message::Packet {
                    since,
                    bytes: buffer
                        .bytes
                        .get(..usize::from(buffer.len))
                        .unwrap_or_default(),
                },
                Kind::SenderReport(ntp, rtp) => Message::SenderReport { ntp, rtp },
                Kind::KeyframeWish => Message::KeyframeWish,
            };
            take(buffer.track, buffer.layer, told);
            // It fits: there are no more buffers than places.
            let _ = self.empty.push(buffer);
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    const TRACK: TrackId = TrackId::new(RoomId(1), 2);

    fn packet(bytes: &[u8]) -> Message<'_> {
        let since = Epoch(3);
        Message::Packet { since, bytes }
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
    fn reports_and_wishes_keep_their_place_between_packets() {
        let (mut writer, mut reader) = relay_ring();
        let report = Message::SenderReport {
            ntp: 7 << 32,
            rtp: 9,
        };
        for message in [
            packet(b"before"),
            report,
            Message::KeyframeWish,
            packet(b"after"),
        ] {
            assert!(writer.push(TRACK, 0, message));
        }
        let mut kinds = Vec::new();
        reader.drain(10, |_, _, message| {
            kinds.push((message == report, message == Message::KeyframeWish));
        });
        let expected = [(false, false), (true, false), (false, true), (false, false)];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_packet_that_is_too_large_is_refused() {
        let (mut writer, _reader) = relay_ring();
        assert!(!writer.push(TRACK, 0, packet(&[0; MAX_PACKET + 1])));
    }
}

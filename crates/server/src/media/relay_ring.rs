//! The ring that carries packets from one worker to another: one writer, one reader, one copy a packet,
//! bounded. When it is full the packet is dropped and counted; a worker never waits for another.

use rtrb::{Consumer, Producer, RingBuffer};
use sideroom_route::{Epoch, TrackId};

/// Packets that wait at most between two workers.
pub(super) const RING_PACKETS: usize = 1024;

/// The largest packet that is relayed.
pub(super) const MAX_PACKET: usize = 1500;

/// A packet on its way to another worker.
pub(super) struct RelayPacket {
    /// Which track it is of.
    pub track: TrackId,
    /// Since when the track has its audience, as its own worker knew it when it read the packet.
    pub since: Epoch,
    /// Its simulcast layer.
    pub layer: u8,
    len: u16,
    bytes: [u8; MAX_PACKET],
}

impl RelayPacket {
    /// The RTP packet.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// The end that writes.
pub(super) struct RelayWriter(Producer<RelayPacket>);

/// The end that reads.
pub(super) struct RelayReader(Consumer<RelayPacket>);

/// A ring between two workers.
pub(super) fn relay_ring() -> (RelayWriter, RelayReader) {
    let (producer, consumer) = RingBuffer::new(RING_PACKETS);
    (RelayWriter(producer), RelayReader(consumer))
}

impl RelayWriter {
    /// Puts a packet into the ring; false if it is full or the packet too large.
    pub(super) fn push(&mut self, track: TrackId, since: Epoch, layer: u8, packet: &[u8]) -> bool {
        let Ok(len) = u16::try_from(packet.len()) else {
            return false;
        };
        let mut entry = RelayPacket {
            track,
            since,
            layer,
            len,
            bytes: [0; MAX_PACKET],
        };
        let Some(place) = entry.bytes.get_mut(..packet.len()) else {
            return false;
        };
        place.copy_from_slice(packet);
        self.0.push(entry).is_ok()
    }
}

impl RelayReader {
    /// Hands what is in the ring now to `take`, at most `limit` packets; says how many.
    pub(super) fn drain(&mut self, limit: usize, mut take: impl FnMut(&RelayPacket)) -> usize {
        let waiting = self.0.slots().min(limit);
        let Ok(chunk) = self.0.read_chunk(waiting) else {
            return 0;
        };
        let (first, second) = chunk.as_slices();
        first.iter().chain(second).for_each(&mut take);
        chunk.commit_all();
        waiting
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    #[test]
    fn packets_arrive_in_order_and_a_full_ring_refuses() {
        let (mut writer, mut reader) = relay_ring();
        let track = TrackId::new(RoomId(1), 2);
        let pushed = (0..RING_PACKETS + 1)
            .filter(|index| writer.push(track, Epoch(3), 1, &index.to_be_bytes()))
            .count();
        assert_eq!(pushed, RING_PACKETS);
        let mut seen = Vec::new();
        reader.drain(10, |packet| seen.push(packet.bytes().to_vec()));
        assert_eq!(
            seen,
            (0..10_usize)
                .map(|index| index.to_be_bytes().to_vec())
                .collect::<Vec<_>>()
        );
        assert!(writer.push(track, Epoch(3), 1, b"again"));
    }

    #[test]
    fn a_packet_that_is_too_large_is_refused() {
        let (mut writer, _reader) = relay_ring();
        assert!(!writer.push(
            TrackId::new(RoomId(1), 2),
            Epoch(3),
            0,
            &[0; MAX_PACKET + 1]
        ));
    }
}

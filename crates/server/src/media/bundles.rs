//! Packets of a burst, noted until they are sealed: subscriber by subscriber instead of packet by packet.
//!
//! A frame of five packets for two hundred subscribers is a thousand packets. Sealed in the order in which
//! the forwarder makes them, each needs other keys and another place of a batch larger than the processor's
//! cache, and when the second packet comes everything of the first one is cold again. So packets are noted
//! down first, a payload once for all its subscribers, and sealed when the burst is over: keys are fetched
//! once for a frame, and sealed packets are still in the cache when the kernel copies them.

use sideroom_forward::{Outgoing, SubscriberId};
use sideroom_session::RtpParts;

/// The most packets that are noted.
const MAX_PACKETS: usize = 4_096;
/// The most bytes of headers and payloads.
const MAX_BYTES: usize = 1 << 20;
/// No packet follows.
const END: u32 = u32::MAX;

/// Packets that wait to be sealed, those of one subscriber in their order.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    bytes: Vec<u8>,
    packets: Vec<BundledPacket>,
    bundles: Vec<Bundle>,
    /// The bundle of each subscriber, where `bundles` says so too.
    by_subscriber: Vec<u32>,
    /// The payload that was noted last.
    payload: Span,
}

/// The packets of one subscriber: a chain.
#[derive(Clone, Copy, Debug)]
struct Bundle {
    subscriber: SubscriberId,
    first: u32,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct BundledPacket {
    head: Span,
    prefix_len: u16,
    transport_cc_at: Option<u16>,
    abs_send_time_at: Option<u16>,
    payload: Span,
    extended_sequence: u64,
    next: u32,
}

/// A piece of the bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    len: u16,
}

impl Bundles {
    /// True if nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Notes a packet down; false if there is no room.
    #[inline]
    pub(super) fn note(&mut self, to: SubscriberId, packet: &Outgoing<'_>) -> bool {
        if self.packets.len() >= MAX_PACKETS || self.bytes.len() + packet.len() > MAX_BYTES {
            return false;
        }
        let head = self.copy(&[packet.header, packet.prefix]);
        // Payloads are compared by content, not by address: equal ones are shared, from any source.
        if self.bytes_of(self.payload) != packet.payload {
            self.payload = self.copy(&[packet.payload]);
        }
        let index = self.packets.len() as u32;
        self.packets.push(BundledPacket {
            head,
            prefix_len: packet.prefix.len() as u16,
            transport_cc_at: packet.transport_cc_at.map(|at| at as u16),
            abs_send_time_at: packet.abs_send_time_at.map(|at| at as u16),
            payload: self.payload,
            extended_sequence: packet.extended_sequence,
            next: END,
        });
        self.chain(to, index);
        true
    }

    /// How many subscribers get something.
    pub(super) fn len(&self) -> usize {
        self.bundles.len()
    }

    /// The subscriber of a bundle.
    pub(super) fn subscriber(&self, bundle: usize) -> Option<SubscriberId> {
        Some(self.bundles.get(bundle)?.subscriber)
    }

    /// The packets of a bundle, in order.
    pub(super) fn packets(&self, bundle: usize) -> impl Iterator<Item = RtpParts<'_>> {
        let mut next = self.bundles.get(bundle).map_or(END, |bundle| bundle.first);
        std::iter::from_fn(move || {
            let packet = self.packets.get(next as usize)?;
            next = packet.next;
            let head = self.bytes_of(packet.head);
            let header_len = head.len() - usize::from(packet.prefix_len);
            let (header, prefix) = head.split_at_checked(header_len)?;
            Some(RtpParts {
                header,
                prefix,
                payload: self.bytes_of(packet.payload),
                extended_sequence: packet.extended_sequence,
                transport_cc_at: packet.transport_cc_at.map(usize::from),
                abs_send_time_at: packet.abs_send_time_at.map(usize::from),
            })
        })
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.packets.clear();
        self.bundles.clear();
        self.payload = Span::default();
    }

    /// Appends a packet to the bundle of its subscriber, or begins one.
    #[inline]
    fn chain(&mut self, subscriber: SubscriberId, index: u32) {
        let place = subscriber.0 as usize;
        if place >= self.by_subscriber.len() {
            self.by_subscriber.resize(place + 1, 0);
        }
        let Some(bundle) = self.by_subscriber.get_mut(place) else {
            return;
        };
        let open = self.bundles.get_mut(*bundle as usize);
        if let Some(open) = open.filter(|open| open.subscriber == subscriber) {
            if let Some(last) = self.packets.get_mut(open.last as usize) {
                last.next = index;
            }
            open.last = index;
            return;
        }
        *bundle = self.bundles.len() as u32;
        self.bundles.push(Bundle {
            subscriber,
            first: index,
            last: index,
        });
    }

    #[inline]
    fn copy(&mut self, pieces: &[&[u8]]) -> Span {
        let start = self.bytes.len();
        for piece in pieces {
            self.bytes.extend_from_slice(piece);
        }
        Span {
            start: start as u32,
            len: (self.bytes.len() - start) as u16,
        }
    }

    #[inline]
    fn bytes_of(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        let bytes = self.bytes.get(start..start + usize::from(span.len));
        bytes.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use sideroom_forward::PacketKind;
    use sideroom_route::Media;

    use super::super::worker_tests;
    use super::*;

    fn packet<'a>(number: u64, header: &'a [u8], payload: &'a [u8]) -> Outgoing<'a> {
        Outgoing {
            header,
            transport_cc_at: Some(3),
            ..worker_tests::packet(number, Media::Audio, PacketKind::Media, payload)
        }
    }

    /// A number and a payload.
    type Seen = (u64, Vec<u8>);

    /// The noted packets of each subscriber.
    fn noted(bundles: &Bundles) -> Vec<(u32, Vec<Seen>)> {
        let each = (0..bundles.len()).map(|at| {
            let to = bundles.subscriber(at).expect("there is one").0;
            let packets = bundles.packets(at);
            let packets = packets.map(|parts| (parts.extended_sequence, parts.payload.to_vec()));
            (to, packets.collect())
        });
        each.collect()
    }

    #[test]
    fn packets_of_a_subscriber_are_together_and_in_order() {
        let mut bundles = Bundles::default();
        for (to, number) in [(7, 1), (0, 1), (7, 2), (0, 2), (7, 3)] {
            let payload = [number as u8; 5];
            assert!(bundles.note(SubscriberId(to), &packet(number, &[9; 12], &payload)));
        }
        let of = |number: u64| (number, vec![number as u8; 5]);
        assert_eq!(
            noted(&bundles),
            [(7, vec![of(1), of(2), of(3)]), (0, vec![of(1), of(2)])]
        );
        bundles.clear();
        assert!(bundles.is_empty() && noted(&bundles).is_empty());
        assert!(bundles.note(SubscriberId(0), &packet(3, &[9; 12], &[3; 5])));
        assert_eq!(noted(&bundles), [(0, vec![of(3)])]);
    }

    #[test]
    fn a_payload_is_kept_once_for_all_and_never_taken_for_another_one() {
        let mut bundles = Bundles::default();
        let mut payload = [1; 1_000];
        for to in 0..100 {
            assert!(bundles.note(SubscriberId(to), &packet(1, &[9; 12], &payload)));
        }
        assert_eq!(bundles.bytes.len(), 1_000 + 100 * 12);
        // At the same address, as long, but another one.
        payload[999] = 2;
        assert!(bundles.note(SubscriberId(5), &packet(2, &[9; 12], &payload)));
        let fifth: Vec<_> = bundles.packets(5).map(|parts| parts.payload[999]).collect();
        assert_eq!(fifth, [1, 2]);
    }

    #[test]
    fn pieces_come_back_as_they_were() {
        let mut bundles = Bundles::default();
        let (header, prefix, payload) = ([1; 20], [2; 4], [3; 30]);
        let whole = Outgoing {
            prefix: &prefix,
            abs_send_time_at: Some(17),
            ..packet(70_000, &header, &payload)
        };
        assert!(bundles.note(SubscriberId(1), &whole));
        let parts = bundles.packets(0).next().expect("it was noted");
        assert_eq!(
            (parts.header, parts.prefix, parts.payload),
            (&header[..], &prefix[..], &payload[..])
        );
        assert_eq!(
            (parts.transport_cc_at, parts.abs_send_time_at),
            (Some(3), Some(17))
        );
        assert_eq!(parts.extended_sequence, 70_000);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut bundles = Bundles::default();
        let payload = [0; 60_000];
        let mut taken = 0;
        while bundles.note(
            SubscriberId(0),
            &packet(taken, &[9; 12], &payload[taken as usize..]),
        ) {
            taken += 1;
        }
        assert_eq!(taken, (MAX_BYTES / 60_000) as u64);
        bundles.clear();
        assert!(bundles.note(SubscriberId(0), &packet(0, &[9; 12], &payload)));
    }
}

//! A batch of packets to send: an arena that packets are sealed into, grouped by destination.
//!
//! Packets lie in the arena in the order in which they were made; each destination has at most one open
//! *group*, to which a packet is appended if it has the size of those before it, or is a shorter last
//! one. A group leaves as one message that the kernel cuts into datagrams (`UDP_SEGMENT`). Packets of one
//! destination never overtake each other.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use sideroom_route::DropReason;

use crate::addr::{Destination, PeerAddr, Proto};
use crate::sys_send::Outgoing;

/// The most segments in one message that every kernel with `UDP_SEGMENT` accepts.
const MAX_GROUP: u16 = 64;
/// A message with its headers has to fit into one IP packet.
const MAX_GROUP_BYTES: usize = 65_000;
/// Longer packets are sent alone: the kernel only cuts what fits the path's MTU, and fragments the rest.
const MAX_SEGMENT: usize = 1_400;
/// Keys from here on are not grouped, so that the table of groups stays bounded.
const MAX_KEYS: u32 = 1 << 20;
/// Destinations that are remembered for refusing segments.
const MAX_ALONE: usize = 4_096;
/// Slots begin at multiples of this.
const ALIGN: usize = 16;
/// No packet follows.
pub(crate) const END: u32 = u32::MAX;

/// Policy for packets that the socket's buffer has no room for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenFull {
    /// They are dropped and counted: real-time media that waits is late.
    Drop,
    /// They stay in the batch; flush again when the port is writable.
    Keep,
}

/// Counts of packets flushed, by outcome.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Flushed {
    /// Packets that the kernel took.
    pub sent: u64,
    /// Messages that they went in.
    pub messages: u64,
    /// Packets dropped because a buffer was full ([`DropReason::SocketFull`]).
    pub full: u64,
    /// Packets that the kernel refused, or whose TCP connection is gone ([`DropReason::SendFailed`]).
    pub failed: u64,
    /// Packets that stay in the batch.
    pub kept: u64,
}

/// Packets that are to leave.
pub struct SendBatch {
    arena: Box<[u8]>,
    used: usize,
    reserved: usize,
    pub(crate) packets: Vec<Packet>,
    max_packets: usize,
    pub(crate) messages: Vec<Message>,
    /// Messages before this one have left.
    pub(crate) first: usize,
    pub(crate) frames: Vec<(PeerAddr, u32)>,
    groups: Vec<Group>,
    generation: u32,
    grouping: bool,
    /// Destinations whose path refused a segmented message: their packets are not grouped.
    alone: HashSet<SocketAddr>,
}

#[derive(Clone, Copy)]
pub(crate) struct Packet {
    start: u32,
    len: u16,
    pub(crate) next: u32,
}

#[derive(Clone, Copy)]
pub(crate) struct Message {
    pub(crate) to: SocketAddr,
    pub(crate) from: Option<IpAddr>,
    pub(crate) head: u32,
    tail: u32,
    pub(crate) count: u16,
    pub(crate) segment: u16,
    bytes: u32,
    /// A shorter packet is in it, nothing may follow.
    closed: bool,
}

/// The open message of a key, if `generation` is the batch's.
#[derive(Clone, Copy, Default)]
struct Group {
    generation: u32,
    message: u32,
}

/// The packets of a message, in order.
#[derive(Clone, Copy)]
pub(crate) struct Chain<'a> {
    arena: &'a [u8],
    packets: &'a [Packet],
    next: u32,
}

impl Flushed {
    /// How many packets were dropped for `reason`.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        match reason {
            DropReason::SocketFull => self.full,
            DropReason::SendFailed => self.failed,
            _ => 0,
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            messages: self.messages + other.messages,
            full: self.full + other.full,
            failed: self.failed + other.failed,
            kept: self.kept + other.kept,
        }
    }
}

impl SendBatch {
    /// Room for `max_packets` packets in an arena of `bytes` bytes.
    pub fn new(max_packets: usize, bytes: usize) -> Self {
        let bytes = bytes.min(u32::MAX as usize / 2);
        Self {
            arena: vec![0; bytes].into(),
            used: 0,
            reserved: 0,
            packets: Vec::with_capacity(max_packets),
            max_packets,
            messages: Vec::with_capacity(max_packets),
            first: 0,
            frames: Vec::new(),
            groups: Vec::new(),
            generation: 1,
            grouping: true,
            alone: HashSet::new(),
        }
    }

    /// True if nothing is waiting to leave.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Drops the waiting packets and returns their number.
    pub fn clear(&mut self) -> u64 {
        let dropped = self.packets.len() as u64;
        self.reset();
        self.close_groups();
        dropped
    }

    /// Number of packets committed since the batch was last empty.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Bytes of the arena in use.
    pub fn bytes(&self) -> usize {
        self.used
    }

    /// Reserves a slot of `max_len` bytes for the next packet; its content is unspecified. `None` if the
    /// batch is full: flush it, and if that does not help, drop the packet. The next call takes back a slot
    /// that was not committed.
    pub fn reserve(&mut self, max_len: usize) -> Option<&mut [u8]> {
        if self.packets.len() >= self.max_packets || max_len > usize::from(u16::MAX) {
            return None;
        }
        let slot = self.arena.get_mut(self.used..self.used + max_len)?;
        self.reserved = max_len;
        Some(slot)
    }

    /// The first `len` bytes of the slot last reserved are a packet for `destination`.
    ///
    /// # Panics
    /// If no slot of that size was reserved.
    pub fn commit(&mut self, destination: &Destination, len: usize) {
        assert!(
            len <= self.reserved && len > 0,
            "invariant: a packet lies in the slot reserved for it"
        );
        let index = self.packets.len() as u32;
        self.packets.push(Packet {
            start: self.used as u32,
            len: len as u16,
            next: END,
        });
        self.used += len.next_multiple_of(ALIGN);
        self.reserved = 0;
        match destination.to.proto {
            Proto::Tcp | Proto::Turn(_) => self.frames.push((destination.to, index)),
            Proto::Udp => self.place(index, len, destination),
        }
    }

    /// Copies `packet` into a slot; false if the batch is full.
    pub fn push(&mut self, destination: &Destination, packet: &[u8]) -> bool {
        let Some(slot) = self.reserve(packet.len()) else {
            return false;
        };
        slot.copy_from_slice(packet);
        self.commit(destination, packet.len());
        true
    }

    /// Appends a packet to the open group of its destination, or begins a new one.
    fn place(&mut self, index: u32, len: usize, destination: &Destination) {
        let keyed = self.grouping
            && destination.key < MAX_KEYS
            && len <= MAX_SEGMENT
            && !self.is_alone(destination);
        if keyed && self.append(index, len, destination) {
            return;
        }
        let message = self.messages.len() as u32;
        self.messages.push(Message {
            to: destination.to.addr,
            from: destination.from,
            head: index,
            tail: index,
            count: 1,
            segment: len as u16,
            bytes: len as u32,
            closed: !keyed,
        });
        // A packet that is not grouped still ends the group before it: nothing may overtake it.
        if self.grouping && destination.key < MAX_KEYS {
            let key = destination.key as usize;
            if key >= self.groups.len() {
                self.groups.resize(key + 1, Group::default());
            }
            if let Some(group) = self.groups.get_mut(key) {
                *group = Group {
                    generation: self.generation,
                    message,
                };
            }
        }
    }

    #[inline]
    fn is_alone(&self, destination: &Destination) -> bool {
        !self.alone.is_empty() && self.alone.contains(&destination.to.addr)
    }

    /// Groups nothing more for this destination. Past the bound all are forgotten and learnt again.
    pub(crate) fn send_alone(&mut self, to: SocketAddr) {
        if self.alone.len() >= MAX_ALONE {
            self.alone.clear();
        }
        self.alone.insert(to);
    }

    fn append(&mut self, index: u32, len: usize, destination: &Destination) -> bool {
        let generation = self.generation;
        let group = self.groups.get(destination.key as usize);
        let Some(group) = group.filter(|group| group.generation == generation) else {
            return false;
        };
        let Some(message) = self.messages.get_mut(group.message as usize) else {
            return false;
        };
        let fits = !message.closed
            && message.count < MAX_GROUP
            && len <= usize::from(message.segment)
            && message.bytes as usize + len <= MAX_GROUP_BYTES
            && message.to == destination.to.addr
            && message.from == destination.from;
        if !fits {
            return false;
        }
        if let Some(tail) = self.packets.get_mut(message.tail as usize) {
            tail.next = index;
        }
        message.tail = index;
        message.count += 1;
        message.bytes += len as u32;
        message.closed = len < usize::from(message.segment);
        true
    }

    /// Removes the packets for TCP connections and relayed clients, in order.
    pub(crate) fn drain_frames(&mut self, mut each: impl FnMut(PeerAddr, &[u8])) {
        for (to, index) in self.frames.drain(..) {
            if let Some(packet) = self.packets.get(index as usize) {
                let start = packet.start as usize;
                let bytes = self.arena.get(start..start + usize::from(packet.len));
                each(to, bytes.unwrap_or_default());
            }
        }
    }

    pub(crate) fn set_grouping(&mut self, grouping: bool) {
        self.grouping = grouping;
    }

    pub(crate) fn reset(&mut self) {
        self.used = 0;
        self.reserved = 0;
        self.packets.clear();
        self.messages.clear();
        self.frames.clear();
        self.first = 0;
    }

    pub(crate) fn close_groups(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.groups.fill(Group::default());
            self.generation = 1;
        }
    }

    pub(crate) fn outgoing(&self) -> impl Iterator<Item = Outgoing<Chain<'_>>> {
        let waiting = self.messages.get(self.first..).unwrap_or_default();
        waiting.iter().map(|message| Outgoing {
            to: message.to,
            from: message.from,
            segment: message.segment,
            count: usize::from(message.count),
            packets: self.chain(message.head),
        })
    }

    pub(crate) fn chain(&self, head: u32) -> Chain<'_> {
        Chain {
            arena: &self.arena,
            packets: &self.packets,
            next: head,
        }
    }
}

impl<'a> Iterator for Chain<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let packet = self.packets.get(self.next as usize)?;
        self.next = packet.next;
        let start = packet.start as usize;
        self.arena.get(start..start + usize::from(packet.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(key: u32, port: u16) -> Destination {
        Destination::keyed(key, PeerAddr::udp(([127, 0, 0, 1], port).into()))
    }

    /// Commits packets of these (key, size) and checks the (port, sizes) of each message.
    fn check(packets: &[(u32, usize)], expected: &[(u16, &[usize])]) {
        let mut batch = SendBatch::new(100, 1 << 20);
        for &(key, size) in packets {
            batch.reserve(1_500).expect("room");
            let port = if key == Destination::UNKEYED {
                9
            } else {
                key as u16
            };
            batch.commit(&destination(key, port), size);
        }
        let messages: Vec<_> = batch
            .outgoing()
            .map(|message| {
                let sizes: Vec<_> = message.packets.map(<[u8]>::len).collect();
                assert_eq!(sizes.len(), message.count);
                (message.to.port(), sizes)
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|(p, s)| (*p, s.to_vec())).collect();
        assert_eq!(messages, expected);
    }

    #[test]
    fn packets_of_a_destination_are_grouped_by_size() {
        check(
            &[(1, 500), (2, 500), (1, 500), (2, 500), (1, 200), (2, 600)],
            &[(1, &[500, 500, 200]), (2, &[500, 500]), (2, &[600])],
        );
        // A shorter packet ends its message, and a message that begins with audio takes in no video.
        check(
            &[(1, 100), (1, 900), (1, 100), (1, 900)],
            &[(1, &[100]), (1, &[900, 100]), (1, &[900])],
        );
    }

    #[test]
    fn what_is_unkeyed_or_too_long_stands_alone_and_keeps_its_place() {
        let alone = Destination::UNKEYED;
        check(&[(alone, 90), (alone, 90)], &[(9, &[90]), (9, &[90])]);
        check(
            &[(1, 1_400), (1, 1_450), (1, 1_400), (1, 1_400)],
            &[(1, &[1_400]), (1, &[1_450]), (1, &[1_400, 1_400])],
        );
    }

    #[test]
    fn a_path_that_refuses_segments_stands_alone_and_the_others_do_not() {
        let mut batch = SendBatch::new(10, 10_000);
        batch.send_alone(([127, 0, 0, 1], 1).into());
        for key in [1, 2, 1, 2] {
            assert!(batch.push(&destination(key, key as u16), &[1; 300]));
        }
        let counts: Vec<_> = batch.outgoing().map(|m| (m.to.port(), m.count)).collect();
        assert_eq!(counts, [(1, 1), (2, 2), (1, 1)]);
    }

    #[test]
    fn a_group_is_bounded_in_count_and_in_bytes() {
        let sizes = |size: usize, count: usize| vec![size; count];
        check(
            &vec![(1, 40); 70],
            &[(1, &sizes(40, 64)), (1, &sizes(40, 6))],
        );
        check(
            &vec![(1, 1_300); 51],
            &[(1, &sizes(1_300, 50)), (1, &sizes(1_300, 1))],
        );
    }

    #[test]
    fn a_full_batch_says_so() {
        let mut batch = SendBatch::new(2, 2_000);
        assert!(batch.reserve(2_001).is_none());
        assert!(batch.push(&destination(1, 1), &[7; 1_000]));
        assert!(batch.reserve(1_000).is_none(), "aligned slots leave 992");
        assert!(batch.push(&destination(1, 1), &[7; 10]));
        assert!(batch.reserve(1).is_none(), "two packets are all");
    }

    #[test]
    fn an_address_that_changed_begins_a_new_group() {
        let mut batch = SendBatch::new(10, 10_000);
        for port in [5, 5, 6, 6] {
            assert!(batch.push(&destination(1, port), &[1; 300]));
        }
        let counts: Vec<_> = batch.outgoing().map(|m| (m.to.port(), m.count)).collect();
        assert_eq!(counts, [(5, 2), (6, 2)]);
    }
}

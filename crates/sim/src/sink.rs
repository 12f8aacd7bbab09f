//! Packets that leave the forwarders.

use sideroom_forward::{Egress, Outgoing, PacketKind, SubscriberId};
use sideroom_route::{Epoch, SlotId, TrackId, WorkerId};

use crate::packet::Tag;
use crate::plane::{Carried, Owned};

/// A packet for a subscriber.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery {
    pub(crate) to: SubscriberId,
    pub(crate) slot: SlotId,
    pub(crate) kind: PacketKind,
    pub(crate) track: Option<TrackId>,
    pub(crate) ssrc: u32,
    pub(crate) number: u64,
    /// The tag of the payload, if there is one.
    pub(crate) tag: Option<Tag>,
}

/// Remembers everything until it is looked at.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) relays: Vec<Carried>,
}

impl Egress for Sink {
    fn send(&mut self, to: SubscriberId, packet: Outgoing<'_>) {
        self.deliveries.push(Delivery {
            to,
            slot: packet.slot,
            kind: packet.kind,
            track: packet.track,
            ssrc: packet.ssrc,
            number: packet.extended_sequence,
            tag: Tag::read(packet.payload),
        });
    }

    fn relay(&mut self, to: WorkerId, track: TrackId, since: Epoch, layer: u8, packet: &[u8]) {
        self.relays.push(Carried {
            to,
            track,
            layer,
            message: Owned::Packet(since, packet.to_vec()),
        });
    }
}

//! Where the forwarder's packets go: sealed into the worker's batch, or into another worker's ring.

use sideroom_forward::{Egress, Outgoing, PacketKind, SubscriberId};
use sideroom_net::{Destination, PeerAddr, Port, Proto, SendBatch, WhenFull};
use sideroom_route::{DropReason, Epoch, Time, TrackId, WorkerId};
use sideroom_session::RtpParts;
use sideroom_session::srtp::MAX_RTP_OVERHEAD;

use super::counts::WorkerCounts;
use super::peers::{Peer, Peers};
use super::relay_ring::RelayWriter;

/// The wires of a worker: its port, what is to leave by it, and the rings to the other workers.
pub(super) struct Wires {
    /// The sockets.
    pub port: Port,
    /// What leaves with the next flush.
    pub batch: SendBatch,
    /// A ring to every other worker; `None` at its own place.
    pub relays: Vec<Option<RelayWriter>>,
    /// The workers that got something since they were last woken, one bit each.
    pub to_wake: u64,
    /// Whose pacers keep something.
    pub paced: Vec<SubscriberId>,
}

/// The forwarder's egress for the length of one call.
pub(super) struct Sealer<'a> {
    /// Now.
    pub now: Time,
    /// Who receives.
    pub peers: &'a mut Peers,
    /// How.
    pub wires: &'a mut Wires,
    /// What is counted.
    pub counts: &'a mut WorkerCounts,
}

impl Wires {
    /// Sends what is in the batch.
    pub(super) fn flush(&mut self, counts: &mut WorkerCounts) {
        if self.batch.is_empty() {
            return;
        }
        let flushed = self.port.flush(&mut self.batch, WhenFull::Drop);
        counts.packets_sent += flushed.sent;
        counts.messages_sent += flushed.messages;
        counts.drop_many(DropReason::SocketFull, flushed.full);
        counts.drop_many(DropReason::SendFailed, flushed.failed);
    }

    /// Sends one packet that is sealed already, or never will be.
    pub(super) fn push(
        &mut self,
        to: sideroom_session::PeerAddr,
        packet: &[u8],
        counts: &mut WorkerCounts,
    ) {
        let destination = Destination::alone(net_addr(to));
        if !self.batch.push(&destination, packet) {
            self.flush(counts);
            if !self.batch.push(&destination, packet) {
                counts.drop_many(DropReason::SocketFull, 1);
            }
        }
    }
}

impl Wires {
    /// Seals a packet for `peer` into the batch.
    #[inline]
    fn seal(
        &mut self,
        now: Time,
        peer: &mut Peer,
        parts: &RtpParts<'_>,
        counts: &mut WorkerCounts,
    ) {
        let Some(address) = peer.address else {
            return counts.drop_many(DropReason::NotSecured, 1);
        };
        let room = parts.header.len() + parts.prefix.len() + parts.payload.len() + MAX_RTP_OVERHEAD;
        if self.batch.reserve(room).is_none() {
            self.flush(counts);
        }
        let Some(place) = self.batch.reserve(room) else {
            return counts.drop_many(DropReason::SocketFull, 1);
        };
        let len = peer.session.seal_rtp(now, parts, place);
        if len == 0 {
            return counts.drop_many(DropReason::NotSecured, 1);
        }
        counts.bytes_sent += len as u64;
        self.batch.commit(
            &Destination::keyed(peer.subscriber.0, net_addr(address)),
            len,
        );
    }

    /// Sends what the pacers let go at `now`.
    pub(super) fn release(&mut self, now: Time, peers: &mut Peers, counts: &mut WorkerCounts) {
        let mut paced = std::mem::take(&mut self.paced);
        paced.retain(|subscriber| {
            let Some(peer) = peers.of_subscriber(*subscriber) else {
                return false;
            };
            let Some(mut pacer) = peer.pacer.take() else {
                return false;
            };
            pacer.release(now, |parts| self.seal(now, peer, parts, counts));
            let waits = !pacer.is_empty();
            peer.pacer = Some(pacer);
            waits
        });
        self.paced = paced;
        self.flush(counts);
    }
}

impl Egress for Sealer<'_> {
    #[inline]
    fn send(&mut self, to: SubscriberId, packet: Outgoing<'_>) {
        let Some(peer) = self.peers.of_subscriber(to) else {
            self.counts.drop_many(DropReason::UnknownTrack, 1);
            return;
        };
        let refused = peer
            .pacer
            .as_mut()
            .is_some_and(|pacer| pacer.refuses(self.now, &packet));
        if refused {
            return self.counts.drop_many(DropReason::Throttled, 1);
        }
        self.counts.retransmissions += u64::from(packet.kind == PacketKind::Rtx);
        if let Some(pacer) = &mut peer.pacer
            && !pacer.admits(self.now, &packet)
        {
            if pacer.is_empty() {
                self.wires.paced.push(to);
            }
            self.counts.paced += 1;
            return pacer.keep(self.now, &packet);
        }
        let parts = RtpParts {
            header: packet.header,
            prefix: packet.prefix,
            payload: packet.payload,
            extended_sequence: packet.extended_sequence,
            transport_cc_at: packet.transport_cc_at,
            abs_send_time_at: packet.abs_send_time_at,
        };
        self.wires.seal(self.now, peer, &parts, self.counts);
    }

    fn relay(&mut self, to: WorkerId, track: TrackId, since: Epoch, layer: u8, packet: &[u8]) {
        let ring = self
            .wires
            .relays
            .get_mut(usize::from(to.0))
            .and_then(Option::as_mut);
        if ring.is_some_and(|ring| ring.push(track, since, layer, packet)) {
            self.counts.relayed_out += 1;
            self.wires.to_wake |= 1_u64.checked_shl(u32::from(to.0)).unwrap_or(0);
        } else {
            self.counts.drop_many(DropReason::QueueFull, 1);
        }
    }
}

/// The session's words for an address, in the words of the sockets.
pub(super) fn net_addr(address: sideroom_session::PeerAddr) -> PeerAddr {
    let proto = match address.proto {
        sideroom_session::Proto::Udp => Proto::Udp,
        sideroom_session::Proto::Tcp => Proto::Tcp,
    };
    PeerAddr {
        proto,
        addr: address.addr,
    }
}

/// And back.
pub(super) fn session_addr(address: PeerAddr) -> sideroom_session::PeerAddr {
    let proto = match address.proto {
        Proto::Udp => sideroom_session::Proto::Udp,
        Proto::Tcp => sideroom_session::Proto::Tcp,
    };
    sideroom_session::PeerAddr {
        proto,
        addr: address.addr,
    }
}

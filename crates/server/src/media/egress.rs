//! Where the forwarder's packets go: noted down, and sealed into the worker's batch when the burst is over;
//! or into another worker's ring.

use std::net::IpAddr;
use std::sync::Arc;

use sideroom_forward::{Egress, Outgoing, PacketKind, SubscriberId};
use sideroom_net::{Clock, Destination, PeerAddr, Port, Proto, SendBatch, WhenFull};
use sideroom_plane::{Link, Message};
use sideroom_route::{DropReason, Epoch, Time, TrackId, WorkerId};
use sideroom_session::srtp::MAX_RTP_OVERHEAD;
use sideroom_session::{PrefetchStep, RtpParts};

use super::bundles::Bundles;
use super::counts::WorkerCounts;
use super::fence::Fence;
use super::lease::Lease;
use super::peers::{Peer, Peers};
use super::relay_ring::RelayWriter;

/// Sealed packets are sent at this size, while they are still in the processor's cache.
const SEND_BYTES: usize = 128 << 10;

/// The clock is read again after this many subscribers.
const CLOCK_EVERY: usize = 8;

/// Prefetch distances for the steps of [`Peers::prefetch`], in subscribers.
const AHEAD: [(PrefetchStep, usize); 3] = [
    (PrefetchStep::Far, 4),
    (PrefetchStep::Near, 2),
    (PrefetchStep::Next, 1),
];

/// A worker's send path: its port, the packets to send, and the rings to the other workers.
pub(super) struct SendPath {
    pub port: Port,
    /// The process's clock: packets carry the moment at which they are sealed.
    pub clock: Clock,
    /// Packets to be sealed.
    pub bundles: Bundles,
    /// Sealed packets that leave next.
    pub batch: SendBatch,
    /// A ring to every other worker; `None` at its own place.
    pub relays: Vec<Option<RelayWriter>>,
    /// The workers that got something since they were last woken, one bit each.
    pub to_wake: u64,
    /// Subscribers with packets in their pacers.
    pub paced: Vec<SubscriberId>,
    /// While it is raised nothing leaves.
    pub fence: Arc<Fence>,
    /// When it is over nothing leaves.
    pub lease: Arc<Lease>,
}

/// The forwarder's egress for the length of one call.
pub(super) struct Sealer<'a> {
    /// The time of the call.
    pub now: Time,
    pub peers: &'a mut Peers,
    pub send_path: &'a mut SendPath,
    pub counts: &'a mut WorkerCounts,
}

impl SendPath {
    /// Seals and sends everything.
    pub(super) fn flush(&mut self, now: Time, peers: &mut Peers, counts: &mut WorkerCounts) {
        self.seal_bundles(now, peers, counts);
        self.send_batch(counts);
    }

    /// Seals the noted packets, and sends full batches meanwhile.
    pub(super) fn seal_bundles(&mut self, now: Time, peers: &mut Peers, counts: &mut WorkerCounts) {
        if self.bundles.is_empty() {
            return;
        }
        let mut bundles = std::mem::take(&mut self.bundles);
        let mut sealed_at = now;
        for bundle in 0..bundles.len() {
            if bundle % CLOCK_EVERY == 0 {
                // In a large room the last of them leave milliseconds after `now`. A receiver would take
                // that for a queue on its path.
                sealed_at = now.max(self.clock.now());
            }
            for (step, ahead) in AHEAD {
                if let Some(soon) = bundles.subscriber(bundle + ahead) {
                    peers.prefetch(soon, step);
                }
            }
            let subscriber = bundles.subscriber(bundle);
            let Some(peer) = subscriber.and_then(|subscriber| peers.of_subscriber(subscriber))
            else {
                counts.drop_many(
                    DropReason::UnknownTrack,
                    bundles.packets(bundle).count() as u64,
                );
                continue;
            };
            for parts in bundles.packets(bundle) {
                self.seal(sealed_at, peer, &parts, counts);
            }
            if self.batch.bytes() >= SEND_BYTES {
                self.send_batch(counts);
            }
        }
        bundles.clear();
        self.bundles = bundles;
    }

    /// Sends what is in the batch.
    fn send_batch(&mut self, counts: &mut WorkerCounts) {
        if self.batch.is_empty() {
            return;
        }
        if self.fence.is_raised() || self.lease.is_over() {
            let dropped = self.batch.clear();
            return counts.drop_many(DropReason::Fenced, dropped);
        }
        let flushed = self.port.flush(&mut self.batch, WhenFull::Drop);
        counts.packets_sent += flushed.sent;
        counts.messages_sent += flushed.messages;
        counts.drop_many(DropReason::SocketFull, flushed.full);
        counts.drop_many(DropReason::SendFailed, flushed.failed);
    }

    /// Sends one packet that is sealed already, or never will be, `from` a local address if it matters.
    pub(super) fn push(
        &mut self,
        (to, from): (sideroom_session::PeerAddr, Option<IpAddr>),
        packet: &[u8],
        counts: &mut WorkerCounts,
    ) {
        let destination = Destination {
            from,
            ..Destination::alone(net_addr(to))
        };
        if !self.batch.push(&destination, packet) {
            self.send_batch(counts);
            if !self.batch.push(&destination, packet) {
                counts.drop_many(DropReason::SocketFull, 1);
            }
        }
    }
}

impl SendPath {
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
            self.send_batch(counts);
        }
        let Some(place) = self.batch.reserve(room) else {
            return counts.drop_many(DropReason::SocketFull, 1);
        };
        let len = peer.session.seal_rtp(now, parts, place);
        if len == 0 {
            return counts.drop_many(DropReason::NotSecured, 1);
        }
        counts.bytes_sent += len as u64;
        let destination = Destination {
            from: peer.source,
            ..Destination::keyed(peer.subscriber.0, net_addr(address))
        };
        self.batch.commit(&destination, len);
    }

    /// Sends the packets that the pacers release at `now`.
    pub(super) fn release(&mut self, now: Time, peers: &mut Peers, counts: &mut WorkerCounts) {
        self.seal_bundles(now, peers, counts);
        let mut paced = std::mem::take(&mut self.paced);
        paced.retain(|subscriber| {
            let Some(mut pacer) = peers.take_pacer(*subscriber) else {
                return false;
            };
            let Some(peer) = peers.of_subscriber(*subscriber) else {
                return false;
            };
            pacer.release(now, |parts| self.seal(now, peer, parts, counts));
            let waits = !pacer.is_empty();
            peers.set_pacer(*subscriber, pacer);
            waits
        });
        self.paced = paced;
        self.send_batch(counts);
    }
}

impl Link for SendPath {
    fn send(&mut self, to: WorkerId, track: TrackId, layer: u8, message: Message<'_>) -> bool {
        let ring = self.relays.get_mut(usize::from(to.0));
        let ring = ring.and_then(Option::as_mut);
        let taken = ring.is_some_and(|ring| ring.push(track, layer, message));
        if taken {
            self.to_wake |= 1_u64.checked_shl(u32::from(to.0)).unwrap_or(0);
        }
        taken
    }
}

impl Egress for Sealer<'_> {
    #[inline]
    fn send(&mut self, to: SubscriberId, packet: Outgoing<'_>) {
        if let Some(pacer) = self.peers.pacer_of(to)
            && pacer.refuses(self.now, &packet)
        {
            return self.counts.drop_many(DropReason::Throttled, 1);
        }
        self.counts.retransmissions += u64::from(packet.kind == PacketKind::Rtx);
        if let Some(pacer) = self.peers.pacer_of(to)
            && !pacer.admits(self.now, &packet)
        {
            if pacer.is_empty() {
                self.send_path.paced.push(to);
            }
            self.counts.paced += 1;
            return pacer.keep(self.now, &packet);
        }
        if !self.send_path.bundles.note(to, &packet) {
            self.send_path
                .seal_bundles(self.now, self.peers, self.counts);
            if !self.send_path.bundles.note(to, &packet) {
                self.counts.drop_many(DropReason::SocketFull, 1);
            }
        }
    }

    fn relay(&mut self, to: WorkerId, track: TrackId, since: Epoch, layer: u8, packet: &[u8]) {
        let message = Message::Packet {
            since,
            bytes: packet,
        };
        if Link::send(self.send_path, to, track, layer, message) {
            self.counts.relayed_out += 1;
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
        sideroom_session::Proto::Turn(peer) => Proto::Turn(peer),
    };
    PeerAddr {
        proto,
        addr: address.addr,
    }
}

/// The reverse conversion.
pub(super) fn session_addr(address: PeerAddr) -> sideroom_session::PeerAddr {
    let proto = match address.proto {
        Proto::Udp => sideroom_session::Proto::Udp,
        Proto::Tcp => sideroom_session::Proto::Tcp,
        Proto::Turn(peer) => sideroom_session::Proto::Turn(peer),
    };
    sideroom_session::PeerAddr {
        proto,
        addr: address.addr,
    }
}

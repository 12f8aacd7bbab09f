//! The participants of a worker: their transports, and the lookup of a datagram's transport.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use sideroom_forward::{IngressId, SubscriberId};
use sideroom_prefetch::prefetch;
use sideroom_route::{ParticipantId, SlotId, Time, TrackId};
use sideroom_session::{PeerAddr, PrefetchStep, Session};

use super::pacer::Pacer;

/// Names a peer on its worker: dense, used again.
pub(super) type PeerKey = u32;

/// One participant's transport, with the ids of the ingresses and the subscriber in the forwarder.
pub(super) struct Peer {
    pub participant: ParticipantId,
    /// Names the transport.
    pub transport: u64,
    pub session: Session,
    /// The subscriber's id in the forwarder.
    pub subscriber: SubscriberId,
    /// The forwarder's name for each entry of the session's list of ingress tracks; `None` for one that
    /// control has given no track.
    pub ingress: Vec<Option<IngressId>>,
    /// The tracks of those entries.
    pub(super) tracks: Vec<TrackId>,
    /// Every slot with its SSRC.
    pub slots: Vec<(SlotId, u32)>,
    /// The state of its path, from its client's first report on.
    pub(super) downlink: Option<Box<super::bandwidth::Downlink>>,
    /// Where packets go, as the session last selected.
    pub address: Option<PeerAddr>,
    /// The local address that packets leave from; `None` leaves it to the kernel's routes, which choose the same.
    pub source: Option<IpAddr>,
    /// The local address that the client's packets come to, on a host with many.
    pub asked_at: Option<IpAddr>,
    /// Local ICE names, by which checks find the peer: one, or after a restart the old one too.
    ufrags: Vec<String>,
    /// Every address under which the peer is filed.
    addresses: Vec<PeerAddr>,
}

/// The most addresses of a peer: a client has a few interfaces and families.
const MAX_ADDRESSES: usize = 8;
/// How long an address stays the client's without a check. Consent checks come every few seconds (RFC 7675).
const HELD: Duration = Duration::from_secs(12);

/// All peers of a worker.
#[derive(Default)]
pub(super) struct Peers {
    peers: Vec<Option<Box<Peer>>>,
    free: Vec<PeerKey>,
    by_address: HashMap<PeerAddr, PeerKey>,
    by_ufrag: HashMap<String, PeerKey>,
    by_participant: HashMap<ParticipantId, PeerKey>,
    by_subscriber: Vec<PeerKey>,
    /// By subscriber. Apart from the peers, because each packet looks a pacer up.
    pacers: Vec<Option<Box<Pacer>>>,
}

const NOBODY: PeerKey = PeerKey::MAX;

impl Peer {
    /// A peer without an address yet.
    pub(super) fn new(
        (participant, transport): (ParticipantId, u64),
        session: Session,
        subscriber: SubscriberId,
        ufrag: String,
    ) -> Self {
        Self {
            participant,
            transport,
            session,
            subscriber,
            ingress: Vec::new(),
            tracks: Vec::new(),
            slots: Vec::new(),
            downlink: None,
            address: None,
            source: None,
            asked_at: None,
            ufrags: vec![ufrag],
            addresses: Vec::new(),
        }
    }

    /// Packets come to this local address now: answers leave from it.
    pub(super) fn answer_from(&mut self, asked_at: Option<IpAddr>) {
        self.asked_at = asked_at;
        let natural = self
            .address
            .filter(|_| asked_at.is_some())
            .and_then(|address| sideroom_net::source_towards(address.addr));
        self.source = asked_at.filter(|asked| natural != Some(*asked));
    }

    /// Takes the ICE name of a later answer, which may be another one; the last one holds on until the client
    /// has switched. Only between [`Peers::remove`] and [`Peers::insert`].
    pub(super) fn rename(&mut self, ufrag: &str) {
        if self.ufrags.iter().any(|held| held == ufrag) {
            return;
        }
        self.ufrags.push(ufrag.to_owned());
        if self.ufrags.len() > 2 {
            self.ufrags.remove(0);
        }
    }
}

impl Peers {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_participant.len()
    }

    /// Adds a peer. No other peer here may have the same participant.
    pub(super) fn insert(&mut self, peer: Peer) -> PeerKey {
        let key = self.free.pop().unwrap_or_else(|| {
            self.peers.push(None);
            PeerKey::try_from(self.peers.len() - 1).unwrap_or(NOBODY)
        });
        for ufrag in &peer.ufrags {
            self.by_ufrag.insert(ufrag.clone(), key);
        }
        for address in &peer.addresses {
            self.by_address.entry(*address).or_insert(key);
        }
        self.by_participant.insert(peer.participant, key);
        let index = peer.subscriber.0 as usize;
        if index >= self.by_subscriber.len() {
            self.by_subscriber.resize(index + 1, NOBODY);
            self.pacers.resize_with(index + 1, || None);
        }
        if let Some(place) = self.by_subscriber.get_mut(index) {
            *place = key;
        }
        if let Some(place) = self.peers.get_mut(key as usize) {
            *place = Some(Box::new(peer));
        }
        key
    }

    /// Removes a peer, with all its entries. Its pacer stays, so that a peer that is put in again keeps its
    /// waiting packets; otherwise the caller [takes](Self::take_pacer) it.
    pub(super) fn remove(&mut self, key: PeerKey) -> Option<Box<Peer>> {
        let peer = self.peers.get_mut(key as usize)?.take()?;
        for address in &peer.addresses {
            if self.by_address.get(address) == Some(&key) {
                self.by_address.remove(address);
            }
        }
        for ufrag in &peer.ufrags {
            self.by_ufrag.remove(ufrag);
        }
        self.by_participant.remove(&peer.participant);
        if let Some(place) = self.by_subscriber.get_mut(peer.subscriber.0 as usize) {
            *place = NOBODY;
        }
        self.free.push(key);
        Some(peer)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.peers.get_mut(key as usize)?.as_deref_mut()
    }

    /// The peer that the forwarder calls `subscriber`.
    #[inline]
    pub(super) fn of_subscriber(&mut self, subscriber: SubscriberId) -> Option<&mut Peer> {
        let key = *self.by_subscriber.get(subscriber.0 as usize)?;
        self.get_mut(key)
    }

    /// Prefetches memory for sealing a subscriber's packets, in the steps of [`Session::prefetch`].
    #[inline]
    pub(super) fn prefetch(&self, subscriber: SubscriberId, step: PrefetchStep) {
        let key = self.by_subscriber.get(subscriber.0 as usize);
        let peer = key.and_then(|key| self.peers.get(*key as usize));
        let Some(peer) = peer.and_then(Option::as_deref) else {
            return;
        };
        if step == PrefetchStep::Far {
            prefetch(&peer.address);
        }
        peer.session.prefetch(step);
    }

    /// The pacer of a subscriber; none while the path has shown no limit.
    #[inline]
    pub(super) fn pacer_of(&mut self, subscriber: SubscriberId) -> Option<&mut Pacer> {
        self.pacers.get_mut(subscriber.0 as usize)?.as_deref_mut()
    }

    /// Removes and returns a subscriber's pacer.
    pub(super) fn take_pacer(&mut self, subscriber: SubscriberId) -> Option<Box<Pacer>> {
        self.pacers.get_mut(subscriber.0 as usize)?.take()
    }

    /// Sets a subscriber's pacer.
    pub(super) fn set_pacer(&mut self, subscriber: SubscriberId, pacer: Box<Pacer>) {
        if let Some(place) = self.pacers.get_mut(subscriber.0 as usize) {
            *place = Some(pacer);
        }
    }

    /// The transport that this address was validated for.
    #[inline]
    pub(super) fn at(&self, address: PeerAddr) -> Option<PeerKey> {
        self.by_address.get(&address).copied()
    }

    /// The transport with this ICE user name.
    pub(super) fn named(&self, ufrag: &str) -> Option<PeerKey> {
        self.by_ufrag.get(ufrag).copied()
    }

    pub(super) fn key_of(&self, participant: ParticipantId) -> Option<PeerKey> {
        self.by_participant.get(&participant).copied()
    }

    /// Files a peer under the address of one of its ICE checks; false if the address belongs to another peer
    /// that was heard there lately. The oldest entry goes when there are too many.
    pub(super) fn file(&mut self, now: Time, key: PeerKey, address: PeerAddr) -> bool {
        match self.by_address.get(&address).copied() {
            Some(holder) if holder == key => return true,
            Some(holder) if self.holds(now, holder, address) => return false,
            _ => {}
        }
        let Some(peer) = self
            .peers
            .get_mut(key as usize)
            .and_then(Option::as_deref_mut)
        else {
            return false;
        };
        if peer.addresses.len() >= MAX_ADDRESSES {
            let oldest = peer
                .addresses
                .iter()
                .position(|held| Some(*held) != peer.address);
            let gone = peer.addresses.remove(oldest.unwrap_or(0));
            if self.by_address.get(&gone) == Some(&key) {
                self.by_address.remove(&gone);
            }
        }
        peer.addresses.retain(|held| *held != address);
        peer.addresses.push(address);
        self.by_address.insert(address, key);
        true
    }

    /// True if the peer's client checked this path lately. A check with a forged source address takes nothing
    /// from the address's owner; a client that got the port of one who left waits a little.
    fn holds(&self, now: Time, key: PeerKey, address: PeerAddr) -> bool {
        let peer = self.peers.get(key as usize).and_then(Option::as_deref);
        let checked = peer.and_then(|peer| peer.session.checked_at(address));
        checked.is_some_and(|at| now.since(at) < HELD)
    }

    /// Forgets an address of a peer.
    pub(super) fn unfile(&mut self, key: PeerKey, address: PeerAddr) {
        if self.by_address.get(&address) == Some(&key) {
            self.by_address.remove(&address);
        }
        if let Some(peer) = self.get_mut(key) {
            peer.addresses.retain(|held| *held != address);
        }
    }
}

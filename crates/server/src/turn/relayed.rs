//! One client of TURN: protocol state, send queue, and the workers in use.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use sideroom_net::PeerAddr;
use sideroom_route::Time;
use sideroom_turn::{Client, Dropped, Handled, PeerIndex, is_stun};

use super::outlet::ClientOutlet;
use super::relay::Relay;
use crate::metrics;

/// A client. Dropping this frees the relayed address.
pub(super) struct Relayed {
    relay: Arc<Relay>,
    client: Client,
    outlet: Arc<ClientOutlet>,
    relayed: Option<SocketAddr>,
    /// Peers that got a packet.
    talked_to: BTreeSet<PeerIndex>,
    packets: Packets,
    answer: Vec<u8>,
}

/// Packets for one peer that go to its worker together.
#[derive(Default)]
struct Packets {
    peer: PeerIndex,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Relayed {
    pub(super) fn new(relay: &Arc<Relay>, address: SocketAddr, stream: bool) -> Self {
        let turn = &relay.turn;
        let rate = (turn.limits().bytes_per_s, relay.clock);
        Self {
            relay: Arc::clone(relay),
            client: Client::new(address),
            outlet: ClientOutlet::new(turn.peers().into(), stream, rate),
            relayed: None,
            talked_to: BTreeSet::new(),
            packets: Packets::default(),
            answer: Vec::new(),
        }
    }

    pub(super) fn outlet(&self) -> Arc<ClientOutlet> {
        Arc::clone(&self.outlet)
    }

    /// True while there is a relayed address.
    pub(super) fn is_allocated(&self) -> bool {
        self.relayed.is_some()
    }

    /// Takes one message. Packets wait until [`Self::flush`].
    pub(super) fn handle(&mut self, message: &[u8]) -> Result<(), Dropped> {
        let now = self.relay.now();
        let relay = Arc::clone(&self.relay);
        let mut answer = std::mem::take(&mut self.answer);
        answer.clear();
        let handled = match message.first() {
            Some(first) if !is_stun(*first) => {
                self.client.handle_channel_data(&relay.turn, now, message)
            }
            _ => {
                let shared = (&relay.turn, &mut *relay.strangers());
                self.client.handle(shared, now, message, &mut answer)
            }
        };
        let done = handled.map(|handled| match handled {
            Handled::Relay { peer, packet } => {
                self.note(peer, message.get(packet).unwrap_or_default());
            }
            Handled::Answered => self.refresh_paths(now.time),
            Handled::Allocate(requested) => {
                let found = relay.take_address(&requested.user, requested.ipv6);
                let clock = (&relay.turn, now);
                self.client.allocate(clock, requested, found, &mut answer);
                self.relayed = self.client.relayed();
                if let Some(relayed) = self.relayed {
                    relay.links.open(relayed, self.outlet());
                }
            }
            Handled::Ended { user, port } => self.end(&user, port),
        });
        if !answer.is_empty() {
            self.outlet.answer(&answer);
        }
        self.answer = answer;
        done.inspect_err(|reason| metrics::turn_dropped(name_of(*reason), 1))
    }

    fn note(&mut self, peer: PeerIndex, packet: &[u8]) {
        if self.packets.peer != peer {
            self.flush();
            self.packets.peer = peer;
        }
        self.packets.bytes.extend_from_slice(packet);
        self.packets.ends.push(self.packets.bytes.len());
    }

    /// Gives the noted packets to their worker.
    pub(super) fn flush(&mut self) {
        let count = self.packets.ends.len();
        if count == 0 {
            return;
        }
        let peer = self.packets.peer;
        let worker = self.relay.workers.get(usize::from(peer));
        if let Some((worker, relayed)) = worker.zip(self.relayed) {
            let Packets { bytes, ends, .. } = &self.packets;
            let mut begin = 0;
            let packets = ends.iter().map(|end| {
                let packet = bytes.get(begin..*end).unwrap_or_default();
                begin = *end;
                packet
            });
            let from = PeerAddr::turn(relayed, peer);
            let refused = self.relay.links.push(*worker, from, packets);
            metrics::turn_relayed("to_workers", count as u64 - refused);
            metrics::turn_dropped("full", refused);
            self.talked_to.insert(peer);
        }
        self.packets.bytes.clear();
        self.packets.ends.clear();
    }

    fn refresh_paths(&self, now: Time) {
        let turn = &self.relay.turn;
        let peers = 0..PeerIndex::try_from(turn.peers().len()).unwrap_or(PeerIndex::MAX);
        let paths = peers
            .map(|peer| self.client.path(turn, now, peer))
            .collect();
        self.outlet.set_paths(paths);
    }

    /// The time at which the relayed address expires.
    pub(super) fn ends_at(&self) -> Time {
        self.client.poll_timeout()
    }

    /// Ends an allocation that was not refreshed.
    pub(super) fn handle_timeout(&mut self) {
        if let Some((user, port)) = self.client.handle_timeout(self.relay.clock.now()) {
            self.end(&user, port);
        }
    }

    fn end(&mut self, user: &str, port: u16) {
        let Some(relayed) = self.relayed.take() else {
            return;
        };
        let workers = &self.relay.workers;
        let talked_to = std::mem::take(&mut self.talked_to).into_iter();
        let talked_to = talked_to.filter_map(|peer| {
            let worker = workers.get(usize::from(peer))?;
            Some((*worker, PeerAddr::turn(relayed, peer)))
        });
        self.relay.links.close(port, talked_to);
        self.outlet.set_paths(Vec::new());
        self.relay.give_back(user, port);
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        if let Some((user, port)) = self.client.end() {
            self.end(&user, port);
        }
    }
}

const fn name_of(reason: Dropped) -> &'static str {
    match reason {
        Dropped::Malformed => "malformed",
        Dropped::TooOften => "too_often",
        Dropped::NotPermitted => "not_permitted",
        Dropped::TooMuch => "too_much",
    }
}

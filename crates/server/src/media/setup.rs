//! How a participant's transport is made, changed and taken away.

use std::sync::Arc;

use sideroom_forward::{IngressConfig, Mid, PayloadTypes, SlotConfig, SubscriberConfig};
use sideroom_plane::Order;
use sideroom_route::{
    DropReason, LostReason, MediaEvent, ParticipantId, RoomId, SlotId, Time, TrackId,
};
use sideroom_session::sdp::{NegotiatedCodec, NegotiatedIngress, NegotiatedSlot};
use sideroom_session::{Answer, Session};

use super::command::{Acknowledge, AnsweredOffer, Connected, NewLink, WorkerCommand};
use super::peers::{Peer, PeerKey};
use super::worker::Worker;

impl Worker {
    pub(super) fn handle_command(&mut self, now: Time, command: WorkerCommand) {
        match command {
            WorkerCommand::Connect(answered, reply) => {
                // The caller may be gone; then the transport times out by itself.
                let _ = reply.send(self.connect(now, &answered));
            }
            WorkerCommand::Reoffer(answered, reply) => {
                if let Some(connected) = self.reoffer(now, &answered) {
                    let _ = reply.send(connected);
                }
            }
            WorkerCommand::Order(order, acknowledge) => {
                self.handle_order(now, &order, acknowledge);
            }
            WorkerCommand::Link(link) => self.replace_link(*link),
            WorkerCommand::Panic => panic!("a test has asked for it"),
            WorkerCommand::Stop => {}
        }
    }

    fn handle_order(&mut self, now: Time, order: &Order, acknowledge: Option<Acknowledge>) {
        let done = self.follower.handle_order(now, order, &mut self.forwarder);
        match order {
            Order::Disconnect(participant) => {
                if let Some(key) = self.peers.key_of(*participant) {
                    self.remove_peer(now, key);
                }
            }
            Order::Apply(update) if done.is_ok() => self.unpace(update.room, |track| {
                update.tracks.iter().any(|change| change.track == track)
            }),
            Order::Apply(update) => self.unpace(update.room, |_| true),
            Order::ApplyWhole(plan) => self.unpace(plan.room, |_| true),
            Order::RemoveRoom(room) => self.unpace(*room, |_| true),
            Order::SetRelays(..) | Order::AddRelayed { .. } | Order::RemoveRelayed(_) => {}
        }
        if let Some((acknowledge, done)) = acknowledge.zip(done.transpose()) {
            // The room may have given up waiting.
            let _ = acknowledge.send(done);
        }
    }

    /// Another worker was started anew.
    fn replace_link(&mut self, link: NewLink) {
        let peer = usize::from(link.peer.0);
        if let Some(place) = self.send_path.relays.get_mut(peer) {
            *place = Some(link.writer);
        }
        if let Some(place) = self.relays_in.get_mut(peer) {
            *place = Some(link.reader);
        }
        if let Some(place) = self.wakers.get_mut(peer) {
            *place = link.waker;
        }
    }

    /// Drops packets from pacers after a change of a room's table: those of tracks that have `changed`, or
    /// whose route is not open any longer.
    fn unpace(&mut self, room: RoomId, changed: impl Fn(TrackId) -> bool) {
        let plan = self.forwarder.plan(room);
        for subscriber in &self.send_path.paced {
            let Some(peer) = self.peers.of_subscriber(*subscriber) else {
                continue;
            };
            let participant = peer.participant;
            if participant.room() != room {
                continue;
            }
            let Some(pacer) = self.peers.pacer_of(*subscriber) else {
                continue;
            };
            let dropped = pacer.retain(|slot, track| {
                let route = plan.and_then(|plan| plan.routes.get(&(participant, slot)));
                track.is_none_or(|track| {
                    route.is_some_and(|route| route.track == track && route.gate.is_open())
                        && !changed(track)
                })
            });
            self.counts.drop_many(DropReason::NotRouted, dropped);
        }
    }

    /// Makes a transport, in place of the one that its owner had.
    fn connect(&mut self, now: Time, answered: &AnsweredOffer) -> Connected {
        if let Some(key) = self.peers.key_of(answered.participant) {
            self.remove_peer(now, key);
        }
        let mut session = Session::new(now, Arc::clone(&answered.negotiation));
        session.shake_hands_apart();
        let subscriber = self.forwarder.add_subscriber(SubscriberConfig {
            participant: answered.participant,
            transport_cc: answered.answer.transport_cc,
        });
        let names = (answered.participant, answered.transport);
        let ufrag = answered.answer.ufrag.clone();
        let mut peer = Peer::new(names, session, subscriber, ufrag);
        let connected = self.wire(now, &mut peer, answered);
        let due = peer.session.poll_timeout();
        let key = self.peers.insert(peer);
        self.timers.bring_forward(key, due);
        connected
    }

    /// Changes a transport; `None` if it is gone.
    fn reoffer(&mut self, now: Time, answered: &AnsweredOffer) -> Option<Connected> {
        let key = self.peers.key_of(answered.participant)?;
        let transport = self.peers.get_mut(key)?.transport;
        if transport != answered.transport {
            return None;
        }
        let mut peer = self.peers.remove(key)?;
        let next = Arc::clone(&answered.negotiation);
        peer.session.renegotiate(now, next);
        peer.rename(&answered.answer.ufrag);
        let connected = self.wire(now, &mut peer, answered);
        let due = peer.session.poll_timeout();
        let key = self.peers.insert(*peer);
        self.timers.bring_forward(key, due);
        Some(connected)
    }

    /// Makes the new ingresses and slots of an answer in the forwarder.
    fn wire(&mut self, now: Time, peer: &mut Peer, answered: &AnsweredOffer) -> Connected {
        let (answer, tracks) = (&answered.answer, &answered.tracks);
        let before = answer.slots.iter().take(peer.slots.len());
        self.forwarder.renegotiate(
            now,
            peer.subscriber,
            answer.transport_cc,
            before.map(slot_config),
        );
        let renumbered = self.renumber(peer, answer);
        for slot in answer.slots.iter().skip(peer.slots.len()) {
            self.forwarder
                .add_slot(now, peer.subscriber, slot_config(slot));
            peer.slots.push((slot.slot, slot.ssrc));
        }
        let downlink = peer.downlink.as_ref();
        let redundancy = downlink.is_some_and(|known| known.wants_redundancy());
        self.forwarder.set_redundancy(peer.subscriber, redundancy);
        let mut configs = Vec::new();
        for (index, ingress) in answer.ingress.iter().enumerate() {
            let track = tracks.iter().find(|(kind, _)| *kind == ingress.kind);
            let config = track.map(|(_, track)| ingress_config(peer.participant, *track, ingress));
            if let Some(config) = &config {
                self.follower.note_layers(config);
            }
            if index >= peer.ingress.len() {
                let made = config
                    .clone()
                    .map(|config| self.forwarder.add_ingress(config));
                peer.ingress.push(made);
                peer.tracks
                    .extend(config.as_ref().map(|config| config.track));
            }
            configs.extend(config);
        }
        Connected {
            negotiation: Arc::clone(&answered.negotiation),
            answer: answer.sdp.clone(),
            slots: answer
                .slots
                .iter()
                .map(|slot| (slot.slot, slot.mid.clone()))
                .collect(),
            renumbered,
            tracks: answer
                .ingress
                .iter()
                .map(|one| (one.kind, one.mid.clone()))
                .collect(),
            ingress: configs,
        }
    }

    /// Gives the slots of a peer the numbers that they have in a later answer, and returns those that belong to
    /// another stream now. Packets under the old numbers are dropped.
    fn renumber(&mut self, peer: &mut Peer, answer: &Answer) -> Vec<SlotId> {
        let mut renumbered = Vec::new();
        for (held, slot) in peer.slots.iter_mut().zip(&answer.slots) {
            if held.0 != slot.slot {
                held.0 = slot.slot;
                renumbered.push(slot.slot);
            }
        }
        if let Some(pacer) = self.peers.pacer_of(peer.subscriber) {
            let dropped = pacer.retain(|slot, _| !renumbered.contains(&slot));
            self.counts.drop_many(DropReason::NotRouted, dropped);
        }
        if let Some(downlink) = &mut peer.downlink {
            downlink.forget_sent(&renumbered);
        }
        renumbered
    }

    /// Ends a participant's transport, after sending the packets that still wait.
    pub(super) fn remove_peer(&mut self, now: Time, key: PeerKey) {
        self.send_path.flush(now, &mut self.peers, &mut self.counts);
        if let Some(peer) = self.peers.get_mut(key) {
            peer.session.close(now);
        }
        self.transmit(now, key);
        self.send_path.flush(now, &mut self.peers, &mut self.counts);
        let Some(peer) = self.peers.remove(key) else {
            return;
        };
        self.timers.cancel(key);
        if let Some(mut pacer) = self.peers.take_pacer(peer.subscriber) {
            let kept = pacer.retain(|_, _| false);
            self.counts.drop_many(DropReason::NotRouted, kept);
        }
        if let Some(address) = peer.address {
            self.send_path.port.close(super::egress::net_addr(address));
        }
        for ingress in peer.ingress.into_iter().flatten() {
            self.forwarder.remove_ingress(ingress);
        }
        self.follower.forget_layers(&peer.tracks);
        self.forwarder.remove_subscriber(peer.subscriber);
    }

    /// Removes the peer of a lost transport, and reports the loss.
    pub(super) fn lose_peer(&mut self, now: Time, key: PeerKey, reason: LostReason) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let (participant, transport) = (peer.participant, peer.transport);
        self.remove_peer(now, key);
        self.outbox.push_vital(
            transport,
            MediaEvent::Lost {
                participant,
                reason,
            },
        );
    }
}

fn payload_types(codecs: &[NegotiatedCodec]) -> PayloadTypes {
    codecs.iter().fold(PayloadTypes::new(), |types, one| {
        types.with(one.codec, one.payload_type, one.rtx)
    })
}

fn slot_config(slot: &NegotiatedSlot) -> SlotConfig {
    SlotConfig {
        slot: slot.slot,
        ssrc: slot.ssrc,
        rtx_ssrc: slot.rtx_ssrc,
        mid: Mid::new(&slot.mid).unwrap_or_default(),
        payload_types: payload_types(&slot.codecs),
        extensions: slot.extensions,
    }
}

fn ingress_config(
    publisher: ParticipantId,
    track: TrackId,
    ingress: &NegotiatedIngress,
) -> IngressConfig {
    IngressConfig {
        track,
        publisher,
        kind: ingress.kind,
        codecs: ingress
            .codecs
            .iter()
            .map(|one| (one.payload_type, one.codec))
            .collect(),
        extensions: ingress.extensions,
        layers: u8::try_from(ingress.layers.len().max(1)).unwrap_or(1),
    }
}

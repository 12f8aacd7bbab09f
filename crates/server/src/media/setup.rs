//! How a participant's transport is made, changed and taken away.

use sideroom_forward::{IngressConfig, Mid, PayloadTypes, SlotConfig, SubscriberConfig};
use sideroom_plane::Order;
use sideroom_route::{
    DropReason, LostReason, MediaEvent, ParticipantId, RoomId, Time, TrackId, TrackKind,
};
use sideroom_session::dtls::DtlsVersions;
use sideroom_session::sdp::{NegotiatedCodec, NegotiatedIngress, NegotiatedSlot, OfferError};
use sideroom_session::srtp::SrtpProfile;
use sideroom_session::{Answer, Candidate, Certificate, Session, SessionConfig};

use super::command::{Acknowledge, Connect, Connected, NewLink, WorkerCommand};
use super::peers::{Peer, PeerKey};
use super::worker::Worker;

/// Common to all transports of a worker.
#[derive(Clone, Debug)]
pub(super) struct Transports {
    /// Where clients can reach the worker, the best first.
    pub candidates: Vec<Candidate>,
    /// The certificate of the node.
    pub certificate: Certificate,
    /// The allowed versions of DTLS.
    pub dtls_versions: DtlsVersions,
    /// How packets may be protected, the preferred way first.
    pub srtp_profiles: Vec<SrtpProfile>,
}

impl Worker {
    pub(super) fn handle_command(&mut self, now: Time, command: WorkerCommand) {
        match command {
            WorkerCommand::Connect(connect, answer) => {
                let made = self.connect(now, *connect);
                // The caller may be gone; then the transport times out by itself.
                let _ = answer.send(made);
            }
            WorkerCommand::Reoffer(connect, answer) => {
                let _ = answer.send(self.reoffer(now, *connect));
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
        if let Some(place) = self.wires.relays.get_mut(peer) {
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
        for subscriber in &self.wires.paced {
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

    fn connect(&mut self, now: Time, connect: Connect) -> Result<Connected, OfferError> {
        let config = SessionConfig {
            participant: connect.participant,
            credentials: connect.credentials.clone(),
            candidates: self.transports.candidates.clone(),
            certificate: self.transports.certificate.clone(),
            dtls_versions: self.transports.dtls_versions,
            srtp_profiles: self.transports.srtp_profiles.clone(),
            codecs: connect.codecs,
            hints: connect.hints,
            cname: format!("sideroom-{:x}", connect.seed),
            seed: connect.seed,
        };
        // Refused offers change nothing: the old transport, if there is one, goes on.
        let (session, answer) = Session::accept(now, config, &connect.offer)?;
        if let Some(key) = self.peers.key_of(connect.participant) {
            self.remove_peer(now, key);
        }
        let subscriber = self.forwarder.add_subscriber(SubscriberConfig {
            participant: connect.participant,
            transport_cc: answer.transport_cc,
        });
        let names = (connect.participant, connect.seed);
        let mut peer = Peer::new(names, session, subscriber, connect.credentials.ufrag);
        let connected = self.wire(now, &mut peer, &answer, &connect.tracks);
        let due = peer.session.poll_timeout();
        let key = self.peers.insert(peer);
        self.timers.bring_forward(key, due);
        Ok(connected)
    }

    fn reoffer(&mut self, now: Time, connect: Connect) -> Result<Connected, OfferError> {
        let Some(key) = self.peers.key_of(connect.participant) else {
            return self.connect(now, connect);
        };
        let Some(mut peer) = self.peers.remove(key) else {
            return self.connect(now, connect);
        };
        let fresh = connect.credentials.ufrag.clone();
        let answered =
            peer.session
                .reoffer(now, &connect.offer, &connect.hints, connect.credentials);
        if answered
            .as_ref()
            .is_ok_and(|answer| answer.sdp.contains(&fresh))
        {
            peer.rename(fresh);
        }
        let answered = answered.map(|answer| self.wire(now, &mut peer, &answer, &connect.tracks));
        let due = peer.session.poll_timeout();
        let key = self.peers.insert(*peer);
        self.timers.bring_forward(key, due);
        answered
    }

    /// Makes the new ingresses and slots of an answer in the forwarder.
    fn wire(
        &mut self,
        now: Time,
        peer: &mut Peer,
        answer: &Answer,
        tracks: &[(TrackKind, TrackId)],
    ) -> Connected {
        let before = answer.slots.iter().take(peer.slots.len());
        self.forwarder.renegotiate(
            peer.subscriber,
            answer.transport_cc,
            before.map(slot_config),
        );
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
            answer: answer.sdp.clone(),
            slots: answer
                .slots
                .iter()
                .map(|slot| (slot.slot, slot.mid.clone()))
                .collect(),
            tracks: answer
                .ingress
                .iter()
                .map(|one| (one.kind, one.mid.clone()))
                .collect(),
            ingress: configs,
        }
    }

    /// Ends a participant's transport, after sending the packets that still wait.
    pub(super) fn remove_peer(&mut self, now: Time, key: PeerKey) {
        self.wires.flush(now, &mut self.peers, &mut self.counts);
        if let Some(peer) = self.peers.get_mut(key) {
            peer.session.close(now);
        }
        self.transmit(now, key);
        self.wires.flush(now, &mut self.peers, &mut self.counts);
        let Some(peer) = self.peers.remove(key) else {
            return;
        };
        self.timers.cancel(key);
        if let Some(mut pacer) = self.peers.take_pacer(peer.subscriber) {
            let kept = pacer.retain(|_, _| false);
            self.counts.drop_many(DropReason::NotRouted, kept);
        }
        if let Some(address) = peer.address {
            self.wires.port.close(super::egress::net_addr(address));
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

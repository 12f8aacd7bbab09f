//! Drives a participant's transport after each input.

use sideroom_forward::IngressId;
use sideroom_net::demux::{self, Kind};
use sideroom_plane::Follower;
use sideroom_route::{DropReason, MediaEvent, Time, TrackId};
use sideroom_session::SessionEvent;

use super::bandwidth::LossReport;
use super::egress::{Sealer, net_addr};
use super::peers::PeerKey;
use super::worker::Worker;

impl Worker {
    /// Sends the session's datagrams, acts on its events, and notes its next timeout.
    pub(super) fn drive_session(&mut self, now: Time, key: PeerKey) {
        self.pass_handshake_on(now, key);
        while let Some(event) = self
            .peers
            .get_mut(key)
            .and_then(|peer| peer.session.poll_event())
        {
            self.handle_session_event(now, key, event);
        }
        self.transmit(now, key);
        let refresh_at = self.refresh_at(key);
        if let Some(peer) = self.peers.get_mut(key) {
            self.timers.bring_forward(key, refresh_at);
            self.timers.bring_forward(key, peer.session.poll_timeout());
        }
    }

    /// Sends the session's datagrams.
    pub(super) fn transmit(&mut self, now: Time, key: PeerKey) {
        let mut packet = std::mem::take(&mut self.scratch);
        while let Some(to) = self
            .peers
            .get_mut(key)
            .and_then(|peer| peer.session.poll_transmit(now, &mut packet))
        {
            // A check is answered from where it came to, also one of another path than that of the media.
            let is_answer = demux::classify(&packet) == Some(Kind::Stun);
            let peer = self.peers.get_mut(key);
            let from = match peer.filter(|_| !is_answer) {
                Some(peer) => peer.source,
                None => self.asked_at,
            };
            self.send_path.push((to, from), &packet, &mut self.counts);
        }
        self.scratch = packet;
    }

    fn handle_session_event(&mut self, now: Time, key: PeerKey, event: SessionEvent) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let (participant, subscriber) = (peer.participant, peer.subscriber);
        match event {
            SessionEvent::Connected => {
                tracing::info!(participant = %participant, worker = self.id.0, "connected");
                let transport = peer.transport;
                self.outbox
                    .push_vital(transport, MediaEvent::Connected { participant });
            }
            SessionEvent::Lost(reason) => {
                tracing::info!(participant = %participant, worker = self.id.0, ?reason, "lost");
                self.lose_peer(now, key, reason);
            }
            SessionEvent::AddressSelected(address) => {
                peer.address = Some(address);
                peer.answer_from(self.asked_at);
                self.peers.file(now, key, address);
                self.send_path.port.validate(net_addr(address));
            }
            SessionEvent::Nack { ssrc, lost } => {
                let mut egress = Sealer {
                    now,
                    peers: &mut self.peers,
                    send_path: &mut self.send_path,
                    counts: &mut self.counts,
                };
                let mut asked = 0;
                let lost = lost.into_iter().inspect(|_| asked += 1);
                self.forwarder
                    .handle_nack(now, subscriber, ssrc, lost, &mut egress);
                self.counts.nacked += asked;
            }
            SessionEvent::KeyframeRequest { ssrc } => {
                self.counts.keyframe_requests_received += 1;
                self.forwarder
                    .handle_keyframe_request(now, subscriber, ssrc);
            }
            SessionEvent::SenderReport {
                ingress,
                layer,
                ntp,
                rtp,
            } => {
                if let Some(id) = peer.ingress.get(ingress).copied().flatten() {
                    self.take_report(now, (id, layer), (ntp, rtp));
                }
            }
            SessionEvent::SlotReportsDue => self.send_reports(now, key),
            SessionEvent::TransportFeedback(feedback) => self.handle_feedback(now, key, &feedback),
            SessionEvent::Remb { bps } => self.handle_remb(now, key, bps),
            SessionEvent::ReceiverReport {
                ssrc,
                fraction_lost: fraction,
                rtt,
                ..
            } => {
                if let Some(rtt) = rtt {
                    self.handle_rtt(key, rtt);
                }
                self.handle_loss(now, key, LossReport { ssrc, fraction });
            }
        }
    }

    /// Sends the sender reports of a peer's slots.
    fn send_reports(&mut self, now: Time, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let (slots, forwarder) = (peer.slots.iter(), &self.forwarder);
        let reports: Vec<_> = slots
            .filter_map(|(slot, _)| forwarder.sender_report(now, peer.subscriber, *slot))
            .collect();
        peer.session.send_reports(now, reports);
    }

    /// Handles a publisher's sender report.
    pub(super) fn take_report(
        &mut self,
        now: Time,
        (ingress, layer): (IngressId, u8),
        (ntp, rtp): (u64, u32),
    ) {
        let (forwarder, links) = (&mut self.forwarder, &mut self.send_path);
        let refused =
            Follower::handle_sender_report(now, (ingress, layer), (ntp, rtp), (forwarder, links));
        self.counts.drop_many(DropReason::QueueFull, refused);
    }

    /// Asks a publisher of this worker for a keyframe.
    pub(super) fn request_keyframe(
        &mut self,
        now: Time,
        (ingress, track): (IngressId, TrackId),
        layer: u8,
    ) {
        let plan = self.forwarder.plan(track.room());
        let Some(route) = plan.and_then(|plan| plan.tracks.get(&track)) else {
            return;
        };
        let Some(key) = self.peers.key_of(route.publisher) else {
            return;
        };
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let place = peer.ingress.iter().position(|held| *held == Some(ingress));
        if let Some(place) = place
            && peer.session.request_keyframe(place, layer)
        {
            self.counts.keyframe_requests_sent += 1;
            self.transmit(now, key);
        }
    }
}

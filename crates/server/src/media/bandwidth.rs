//! The bandwidth of a worker's subscribers: feeds their clients' reports to the estimator, the estimate to
//! the allocator, and the outcome to the forwarder.

use std::collections::HashMap;
use std::time::Duration;

use sideroom_forward::SubscriberId;
use sideroom_route::{Media, ParticipantId, SlotId, Time};
use sideroom_session::TransportFeedback;
use sideroom_session::bandwidth::Bandwidth;

use super::allocator::{Estimate, Shares};
use super::egress::Sealer;
use super::ladder::SlotDemand;
use super::loss::PathLoss;
use super::pacer::Pacer;
use super::path_outage::PathOutage;
use super::peers::{PeerKey, Peers};
use super::worker::Worker;

/// Bandwidth is shared out anew so often.
const SHARE_EVERY: Duration = Duration::from_millis(200);
/// Before anything is known of the round trip.
const DEFAULT_RTT: Duration = Duration::from_millis(100);
/// Receiver reports that come faster than this are put together, in seconds.
const MIN_REPORT_S: f64 = 0.2;

/// The state of a subscriber's path. Made with its client's first report.
#[derive(Debug)]
pub(super) struct Downlink {
    bandwidth: Bandwidth,
    loss: PathLoss,
    outage: PathOutage,
    shares: Shares,
    next_share: Time,
    rtt: Duration,
    wanted_bps: u64,
    /// Something was reported since it was shared out last.
    is_news: bool,
    /// Packets sent in each slot until the client's last receiver report.
    sent: HashMap<SlotId, Sent>,
}

/// How much a slot had sent at a moment.
#[derive(Clone, Copy, Debug)]
struct Sent {
    packets: u64,
    octets: u64,
    at: Time,
}

/// A receiver report on one slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossReport {
    /// The slot's SSRC.
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction: u8,
}

impl Downlink {
    fn new(now: Time) -> Self {
        Self {
            bandwidth: Bandwidth::new(now),
            loss: PathLoss::new(now),
            outage: PathOutage::default(),
            shares: Shares::default(),
            next_share: now,
            rtt: DEFAULT_RTT,
            wanted_bps: 0,
            is_news: false,
            sent: HashMap::new(),
        }
    }

    /// True if the path loses so much that redundant audio is of use.
    pub(super) fn wants_redundancy(&self) -> bool {
        self.loss.wants_redundancy()
    }

    /// Other streams have these numbers now.
    pub(super) fn forget_sent(&mut self, slots: &[SlotId]) {
        self.sent.retain(|slot, _| !slots.contains(slot));
    }

    /// True if the wanted layers cost more than the estimate.
    fn is_short(&self) -> bool {
        self.wanted_bps > self.bandwidth.estimate_bps()
    }

    /// True if the estimate is to be shared out again without another report.
    fn is_open(&self) -> bool {
        self.is_short() || self.is_news
    }

    /// For a client that reports only losses.
    fn by_loss(now: Time) -> Self {
        let mut downlink = Self::new(now);
        downlink.bandwidth.handle_loss(now, (0, 0), 0);
        downlink
    }
}

impl Peers {
    /// Paces a path with a known limit: bursts are no larger than it can take.
    fn pace(&mut self, now: Time, key: PeerKey) {
        let Some(peer) = self.get_mut(key) else {
            return;
        };
        let Some(downlink) = &peer.downlink else {
            return;
        };
        let bps = downlink.bandwidth.estimate_bps();
        let (subscriber, limited) = (peer.subscriber, downlink.bandwidth.is_limited());
        match self.pacer_of(subscriber) {
            Some(pacer) => pacer.set_estimate(bps),
            None if limited => {
                self.set_pacer(subscriber, Box::new(Pacer::new(now, bps)));
            }
            None => {}
        }
    }
}

impl Worker {
    /// Handles a client's transport-wide feedback.
    pub(super) fn handle_feedback(
        &mut self,
        now: Time,
        key: PeerKey,
        feedback: &TransportFeedback,
    ) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let downlink = peer
            .downlink
            .get_or_insert_with(|| Box::new(Downlink::new(now)));
        let before = downlink.bandwidth.estimate_bps();
        downlink
            .bandwidth
            .handle_feedback(now, feedback, downlink.rtt);
        let redundancy = downlink.wants_redundancy();
        downlink.loss.handle_feedback(now, feedback);
        if downlink.wants_redundancy() != redundancy {
            self.forwarder.set_redundancy(peer.subscriber, !redundancy);
        }
        let missed = downlink.outage.handle_feedback(feedback);
        let subscriber = peer.subscriber;
        let fell = downlink.bandwidth.estimate_bps() * 10 < before * 9;
        let due = fell || now >= downlink.next_share;
        self.peers.pace(now, key);
        if due {
            self.share(now, key);
        }
        if missed {
            self.forwarder.restart_subscriber(now, subscriber);
        }
        self.probe(now, key);
    }

    /// Handles REMB: the receive rate that a client estimates.
    pub(super) fn handle_remb(&mut self, now: Time, key: PeerKey, bps: u64) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let downlink = peer
            .downlink
            .get_or_insert_with(|| Box::new(Downlink::new(now)));
        downlink.bandwidth.handle_remb(now, bps);
        self.share_soon(now, key);
    }

    /// Handles a client's receiver report, for clients without transport-wide feedback.
    pub(super) fn handle_loss(&mut self, now: Time, key: PeerKey, report: LossReport) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if peer.session.reports_arrivals() {
            return;
        }
        let Some((slot, _)) = peer.slots.iter().find(|(_, ssrc)| *ssrc == report.ssrc) else {
            return;
        };
        let Some(counts) = self.forwarder.slot_counts(peer.subscriber, *slot) else {
            return;
        };
        let downlink = peer
            .downlink
            .get_or_insert_with(|| Box::new(Downlink::by_loss(now)));
        let sent = downlink.sent.entry(*slot).or_insert(Sent {
            packets: counts.packets,
            octets: counts.octets,
            at: now,
        });
        let packets = u32::try_from(counts.packets - sent.packets).unwrap_or(u32::MAX);
        let seconds = now.since(sent.at).as_secs_f64();
        if seconds < MIN_REPORT_S {
            return;
        }
        let bps = ((counts.octets - sent.octets) as f64 * 8.0 / seconds) as u64;
        *sent = Sent {
            packets: counts.packets,
            octets: counts.octets,
            at: now,
        };
        let lost = u64::from(packets) * u64::from(report.fraction) / 256;
        let lost = u32::try_from(lost).unwrap_or(u32::MAX);
        downlink.bandwidth.handle_loss(now, (packets, lost), bps);
        self.share_soon(now, key);
    }

    /// Allocates now, or as soon as it is due.
    fn share_soon(&mut self, now: Time, key: PeerKey) {
        self.peers.pace(now, key);
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let Some(downlink) = peer.downlink.as_mut() else {
            return;
        };
        if now >= downlink.next_share {
            self.share(now, key);
        } else {
            downlink.is_news = true;
        }
    }

    /// Allocates and probes without a report. So a subscriber below the wanted layers gets more in time, even one who
    /// receives no media and so sends no reports.
    pub(super) fn refresh(&mut self, now: Time, key: PeerKey) {
        let downlink = self
            .peers
            .get_mut(key)
            .and_then(|peer| peer.downlink.as_ref());
        if downlink.is_some_and(|downlink| downlink.is_open() && now >= downlink.next_share) {
            self.share(now, key);
            self.peers.pace(now, key);
            self.probe(now, key);
        }
    }

    /// When [`Self::refresh`] wants to be called.
    pub(super) fn refresh_at(&mut self, key: PeerKey) -> Time {
        let downlink = self
            .peers
            .get_mut(key)
            .and_then(|peer| peer.downlink.as_ref());
        downlink
            .filter(|downlink| downlink.is_open())
            .map_or(Time::NEVER, |one| one.next_share)
    }

    /// How long a packet and its answer take.
    pub(super) fn handle_rtt(&mut self, key: PeerKey, rtt: Duration) {
        if let Some(downlink) = self
            .peers
            .get_mut(key)
            .and_then(|peer| peer.downlink.as_mut())
        {
            downlink.rtt = (downlink.rtt * 7 + rtt) / 8;
        }
    }

    fn share(&mut self, now: Time, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let (participant, subscriber) = (peer.participant, peer.subscriber);
        let (audio, wants) = self.wants(participant);
        let Some(downlink) = self
            .peers
            .get_mut(key)
            .and_then(|peer| peer.downlink.as_mut())
        else {
            return;
        };
        downlink.bandwidth.observe(now);
        downlink.is_news = false;
        let estimate = Estimate {
            bps: downlink.bandwidth.estimate_bps(),
            limited: downlink.bandwidth.is_limited(),
        };
        // With redundancy everything is sent twice.
        let voices = audio << usize::from(downlink.wants_redundancy());
        let shared = downlink.shares.share(now, estimate, voices, wants);
        downlink.next_share = now + SHARE_EVERY;
        downlink.wanted_bps = shared.wanted_bps;
        tracing::trace!(
            %participant,
            estimate_bps = estimate.bps,
            limited = estimate.limited,
            wanted_bps = shared.wanted_bps,
            "bandwidth shared out"
        );
        if let Some(pacer) = self.peers.pacer_of(subscriber).filter(|_| shared.cut) {
            pacer.cut(now);
        }
        for (slot, target) in shared.targets {
            if shared.cut {
                self.forwarder.cut_to_layer(now, subscriber, slot, target);
            } else {
                self.forwarder
                    .set_layer_target(now, subscriber, slot, target);
            }
        }
    }

    /// The audio slots of a participant with a source, and the video slots that could have one.
    fn wants(&self, participant: ParticipantId) -> (usize, Vec<SlotDemand>) {
        let Some(plan) = self.forwarder.plan(participant.room()) else {
            return (0, Vec::new());
        };
        let first = (participant, SlotId::audio(0));
        let last = (participant, SlotId::video(u8::MAX));
        let mut audio = 0;
        let mut wants = Vec::new();
        for ((_, slot), route) in plan.routes.range(first..=last) {
            let Some(track) = plan
                .tracks
                .get(&route.track)
                .filter(|_| route.gate.is_open())
            else {
                continue;
            };
            if slot.media == Media::Audio {
                audio += 1;
                continue;
            }
            wants.push(SlotDemand {
                track: route.track,
                slot: *slot,
                placement: route.placement,
                kind: track.kind,
                max_height: route.max_height,
                rates: self.forwarder.layer_rates(route.track).to_vec(),
                simulcast: self.follower.is_simulcast(route.track),
            });
        }
        (audio, wants)
    }

    /// Tries whether the path carries more, if more is wanted.
    fn probe(&mut self, now: Time, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let subscriber: SubscriberId = peer.subscriber;
        let Some(downlink) = peer.downlink.as_mut() else {
            return;
        };
        let wanted = downlink.wanted_bps;
        let Some(probe) = downlink.bandwidth.poll_probe(now, wanted) else {
            return;
        };
        let bytes = usize::try_from(probe.bytes).unwrap_or(usize::MAX);
        // Numbers are assigned when packets are sealed: waiting packets are not part of the probe.
        self.seal_bundles(now);
        let first = self.next_sequence(key);
        let mut egress = Sealer {
            now,
            peers: &mut self.peers,
            send_path: &mut self.send_path,
            counts: &mut self.counts,
        };
        self.forwarder
            .send_padding(now, subscriber, bytes, &mut egress);
        self.seal_bundles(now);
        let next = self.next_sequence(key);
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if let Some(downlink) = peer.downlink.as_mut().filter(|_| next > first) {
            downlink.bandwidth.probe_sent(now, first, next - 1);
        }
    }

    fn seal_bundles(&mut self, now: Time) {
        self.send_path
            .seal_bundles(now, &mut self.peers, &mut self.counts);
    }

    /// The transport-wide number of the next packet that is sealed for a peer.
    fn next_sequence(&mut self, key: PeerKey) -> u64 {
        let peer = self.peers.get_mut(key);
        peer.map_or(0, |peer| peer.session.next_transport_sequence())
    }
}

//! Bandwidth estimation for a subscriber's path, from the client's feedback on arrival times: the delay
//! trend, the loss beyond the path's usual loss, and probes (after draft-ietf-rmcat-gcc-02 and published
//! descriptions of its implementations).
//!
//! This module only estimates. The caller decides how the estimate is shared out and what a probe carries. A packet
//! costs no allocation once the estimator is warm.

mod acked;
mod bounds;
mod loss;
mod probe;
mod queue;
mod rate;
mod remb;
mod trend;

use std::time::Duration;

use sideroom_route::Time;

use crate::{SentPacket, TransportFeedback};
use acked::AckedRate;
pub use bounds::{MAX_BPS, MIN_BPS, START_BPS};
use loss::LossBound;
pub use probe::Probe;
use probe::Prober;
use queue::Queue;
use rate::RateControl;
use remb::Remb;
use trend::{Trend, Usage};

/// A path that has said nothing for so long has no queue to speak of, or is down.
const SILENCE: Duration = Duration::from_millis(1_500);
/// A trend counts only with a queue of at least this many microseconds. The shorter queue has to be there in
/// two reports, since the last packet of a delayed burst may have waited too.
const QUEUE_US: i64 = 20_000;
const LARGE_QUEUE_US: i64 = 60_000;

/// Packets that one receiver report is believed to be about, at most.
const MAX_REPORTED: u32 = 10_000;

/// The estimate for one subscriber.
#[derive(Debug)]
pub struct Bandwidth {
    trend: Trend,
    queue: Queue,
    /// The last report showed a queue.
    queued: bool,
    acked: AckedRate,
    loss: LossBound,
    rate: RateControl,
    probes: Prober,
    heard: Time,
    /// Packets sent before this moment were sent into an outage.
    fresh_from: Time,
    remb: Option<Remb>,
    /// The latest time passed in.
    now: Time,
}

impl Bandwidth {
    /// An estimator without feedback so far.
    pub fn new(now: Time) -> Self {
        Self {
            trend: Trend::default(),
            queue: Queue::default(),
            queued: false,
            acked: AckedRate::default(),
            loss: LossBound::default(),
            rate: RateControl::new(now, START_BPS),
            probes: Prober::new(now),
            heard: now,
            fresh_from: Time::ZERO,
            remb: None,
            now,
        }
    }

    /// Bits a second that the path is believed to carry now.
    pub fn estimate_bps(&self) -> u64 {
        let own = self.rate.estimate_bps().min(self.loss.bound_bps());
        self.remb
            .map_or(own, |remb| own.min(remb.bps(self.now)))
            .clamp(MIN_BPS, MAX_BPS)
    }

    /// True once the path has shown its limit.
    pub fn is_limited(&self) -> bool {
        self.remb.is_some_and(|remb| remb.bps(self.now) < MAX_BPS)
            || self.rate.has_decreased()
            || self.loss.bound_bps() < MAX_BPS
    }

    /// Handles transport-wide feedback.
    pub fn handle_feedback(&mut self, now: Time, feedback: &TransportFeedback, rtt: Duration) {
        if feedback.packets.is_empty() {
            return;
        }
        self.observe(now);
        let was_silent = now.since(self.heard) > SILENCE;
        self.heard = now;
        if was_silent {
            // The path was down: the queue before the outage says nothing about its capacity now.
            self.trend = Trend::default();
            self.fresh_from = Time::ZERO + now.since(Time::ZERO).saturating_sub(rtt);
        }
        for packet in &feedback.packets {
            self.handle_packet(packet);
        }
        self.queue.judge(self.rate.just_decreased(now));
        self.loss
            .judge_window(now, self.acked.bps(), self.queue.is_shared());
        let usage = self.usage();
        if let Some(measured) = self.probes.result(now) {
            self.rate.probed(now, measured, usage);
            if usage != Usage::Over {
                self.loss.probed(measured);
            }
        }
        let acked_bps = match usage {
            // Our share is the rate that we send at: a download on the same path has the rest, and the queue.
            Usage::Over if self.queue.is_shared() => self.rate.estimate_bps(),
            Usage::Over => self.queue.drains(self.acked.queued_bps()),
            Usage::Normal | Usage::Under => self.acked.bps(),
        };
        self.rate.update(now, usage, acked_bps, rtt);
        self.probes
            .observe(now, usage, self.rate.just_decreased(now));
    }

    /// The state of the queue: the trend's, unless there is no queue, or one that other traffic fills.
    fn usage(&mut self) -> Usage {
        let waits_us = self.queue.waits_us();
        let was_queued = std::mem::replace(&mut self.queued, waits_us > QUEUE_US);
        let queued = self.queued && (was_queued || waits_us > LARGE_QUEUE_US);
        if self.queue.is_shared() {
            return self.loss.usage();
        }
        match self.trend.usage() {
            Usage::Over if !queued => Usage::Normal,
            usage @ (Usage::Over | Usage::Normal | Usage::Under) => usage,
        }
    }

    fn handle_packet(&mut self, packet: &SentPacket) {
        if packet.sent >= self.fresh_from {
            self.loss.count(packet.arrived.is_some());
        }
        let Some(arrived) = packet.arrived else {
            return;
        };
        self.acked.arrived(arrived, packet.size);
        self.trend.arrived(packet.sent, arrived, packet.size);
        self.queue.arrived(packet.sent, arrived);
        self.probes.arrived(packet.sequence, arrived, packet.size);
    }

    /// The client's own estimate, from clients that report no arrival times.
    pub fn handle_remb(&mut self, now: Time, bps: u64) {
        self.observe(now);
        self.remb = Some(Remb::new(now, bps));
        if self.acked.bps() == 0 {
            // It is the client's to say; ours knows nothing.
            self.rate.follow(MAX_BPS);
        }
    }

    /// A client that reports neither arrival times nor an estimate says how many packets it lost: of `sent`
    /// packets with `sent_bps`, `lost` did not arrive.
    pub fn handle_loss(&mut self, now: Time, (sent, lost): (u32, u32), sent_bps: u64) {
        self.observe(now);
        if self.acked.bps() == 0 {
            self.rate.follow(MAX_BPS);
        }
        for packet in 0..sent.min(MAX_REPORTED) {
            self.loss.count(packet >= lost);
        }
        self.loss.judge_window(now, sent_bps, false);
    }

    /// Time passes: old observations bound less.
    pub fn observe(&mut self, now: Time) {
        self.now = self.now.max(now);
    }

    /// Returns a probe, if more than the estimate is wanted and a probe is due. The caller sends this much
    /// padding at once, and reports the packets.
    pub fn poll_probe(&mut self, now: Time, wanted_bps: u64) -> Option<Probe> {
        // Also after a silence: if everything is paused, only a probe makes the client report.
        self.probes.poll(now, self.estimate_bps(), wanted_bps)
    }

    /// The packets of the probe that was polled last: those numbered from `first` up to `last`.
    pub fn probe_sent(&mut self, now: Time, first: u64, last: u64) {
        self.probes.sent(now, first, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// aiortc sends one estimate, 20 kb/s below the sending rate, and then none for long.
    #[test]
    fn an_estimate_said_once_does_not_bound_for_ever() {
        let mut bandwidth = Bandwidth::new(Time::ZERO);
        bandwidth.handle_remb(Time::ZERO, 380_000);
        assert_eq!(bandwidth.estimate_bps(), 380_000);
        assert!(bandwidth.is_limited());
        bandwidth.observe(Time::from_millis(5_000));
        assert!(
            bandwidth.estimate_bps() > 400_000,
            "the demand is met again"
        );
        bandwidth.observe(Time::from_millis(120_000));
        assert_eq!(bandwidth.estimate_bps(), MAX_BPS);
        assert!(!bandwidth.is_limited());
    }

    #[test]
    fn reported_losses_bound_a_client_that_says_nothing_else() {
        let mut bandwidth = Bandwidth::new(Time::ZERO);
        let mut report = |second: u64, lost| {
            let now = Time::from_millis(second * 1_000);
            bandwidth.handle_loss(now, (200, lost), 2_000_000);
            bandwidth.estimate_bps()
        };
        for second in 1..5 {
            assert_eq!(report(second, 2), MAX_BPS, "what the path always loses");
        }
        let congested = report(5, 60);
        assert!((1_500_000..2_000_000).contains(&congested), "{congested}");
        let recovered = (6..80).map(|second| report(second, 2)).last();
        assert_eq!(recovered, Some(MAX_BPS));
    }
}

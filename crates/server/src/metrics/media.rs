//! Publishes the media workers' counters as metrics. A worker counts in plain integers of its own, which are
//! published here from time to time, so that no packet pays for a metric.

use sideroom_route::{DropReason, WorkerId};

use super::catalogue as names;

/// Counters of one worker since it began.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct WorkerTotals {
    /// RTP packets from participants.
    pub packets_received: u64,
    pub bytes_received: u64,
    /// RTP packets to participants.
    pub packets_sent: u64,
    pub bytes_sent: u64,
    /// Packets that crossed to other workers.
    pub relayed_sent: u64,
    /// Packets that came from other workers.
    pub relayed_received: u64,
    /// Datagrams that the kernel dropped.
    pub kernel_drops: u64,
    /// Transports, now.
    pub transports: u64,
    /// Share of the last interval in which the worker was not waiting, 0 to 1.
    pub busy: f64,
}

impl WorkerTotals {
    /// Publishes the totals of `worker`.
    pub fn publish(&self, worker: WorkerId) {
        let worker = worker.0.to_string();
        let set = |name: &'static str, value: u64| {
            metrics::counter!(name, "worker" => worker.clone()).absolute(value);
        };
        set(names::PACKETS_RECEIVED, self.packets_received);
        set(names::BYTES_RECEIVED, self.bytes_received);
        set(names::PACKETS_SENT, self.packets_sent);
        set(names::BYTES_SENT, self.bytes_sent);
        set(names::KERNEL_DROPS, self.kernel_drops);
        for (direction, count) in [
            ("sent", self.relayed_sent),
            ("received", self.relayed_received),
        ] {
            let labels = [
                ("worker", worker.clone()),
                ("direction", direction.to_owned()),
            ];
            metrics::counter!(names::PACKETS_RELAYED, &labels).absolute(count);
        }
        metrics::gauge!(names::TRANSPORTS, "worker" => worker.clone()).set(self.transports as f64);
        metrics::gauge!(names::WORKER_BUSY, "worker" => worker).set(self.busy);
    }
}

/// Counters of all workers together since they began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaTotals {
    /// Packets that were not forwarded, in the order of [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// PLI and FIR from subscribers.
    pub keyframe_requests_received: u64,
    /// PLI and FIR to publishers.
    pub keyframe_requests_sent: u64,
    /// Packets that subscribers asked for again.
    pub nacked: u64,
    /// Packets sent again.
    pub retransmissions: u64,
    /// Packets that pacers kept for a while.
    pub paced: u64,
}

impl Default for MediaTotals {
    fn default() -> Self {
        Self {
            dropped: [0; DropReason::ALL.len()],
            keyframe_requests_received: 0,
            keyframe_requests_sent: 0,
            nacked: 0,
            retransmissions: 0,
            paced: 0,
        }
    }
}

impl MediaTotals {
    pub fn publish(&self) {
        for (reason, count) in DropReason::ALL.iter().zip(self.dropped) {
            metrics::counter!(names::PACKETS_DROPPED, "reason" => reason.name()).absolute(count);
        }
        let set = |name: &'static str, direction: &'static str, count: u64| {
            metrics::counter!(name, "direction" => direction).absolute(count);
        };
        set(
            names::KEYFRAME_REQUESTS,
            "received",
            self.keyframe_requests_received,
        );
        set(
            names::KEYFRAME_REQUESTS,
            "sent",
            self.keyframe_requests_sent,
        );
        metrics::counter!(names::NACKED_PACKETS).absolute(self.nacked);
        metrics::counter!(names::RETRANSMISSIONS).absolute(self.retransmissions);
        metrics::counter!(names::PACED).absolute(self.paced);
    }
}

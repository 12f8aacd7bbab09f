//! A worker's counters, and how others read them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use sideroom_route::DropReason;

/// The counters of one worker. It alone writes them; once a second it publishes a copy.
#[derive(Clone, Debug)]
pub struct WorkerCounts {
    pub packets_received: u64,
    /// Bytes in them.
    pub bytes_received: u64,
    /// Packets that the kernel took.
    pub packets_sent: u64,
    /// Messages that they went in.
    pub messages_sent: u64,
    /// Bytes in them.
    pub bytes_sent: u64,
    /// Packets that crossed to other workers.
    pub relayed_out: u64,
    /// Packets that came from other workers.
    pub relayed_in: u64,
    /// Datagrams that the kernel dropped because this worker was too slow.
    pub kernel_drops: u64,
    pub peers: u64,
    /// CPU time of the thread in microseconds.
    pub cpu_us: u64,
    /// Share of one core over the last second.
    pub load: f64,
    /// Rounds of the loop: a worker whose number does not change is stuck.
    pub rounds: u64,
    /// PLI and FIR from subscribers.
    pub keyframe_requests_received: u64,
    /// PLI to publishers.
    pub keyframe_requests_sent: u64,
    /// Packets that subscribers asked for again.
    pub nacked: u64,
    /// Packets sent again.
    pub retransmissions: u64,
    /// Packets that pacers kept for a while.
    pub paced: u64,
    /// Packets dropped outside the forwarder, by reason.
    pub drops: [u64; DropReason::ALL.len()],
    /// Packets dropped by the forwarder, by reason.
    pub forward_drops: [u64; DropReason::ALL.len()],
}

impl Default for WorkerCounts {
    fn default() -> Self {
        Self {
            packets_received: 0,
            bytes_received: 0,
            packets_sent: 0,
            messages_sent: 0,
            bytes_sent: 0,
            relayed_out: 0,
            relayed_in: 0,
            kernel_drops: 0,
            peers: 0,
            cpu_us: 0,
            load: 0.0,
            rounds: 0,
            keyframe_requests_received: 0,
            keyframe_requests_sent: 0,
            nacked: 0,
            retransmissions: 0,
            paced: 0,
            drops: [0; DropReason::ALL.len()],
            forward_drops: [0; DropReason::ALL.len()],
        }
    }
}

impl WorkerCounts {
    /// The counts with which a worker begins a new life: counters go on, states do not.
    pub fn of_a_new_life(mut self) -> Self {
        for (count, more) in self.drops.iter_mut().zip(&mut self.forward_drops) {
            *count += std::mem::take(more);
        }
        (self.peers, self.load) = (0, 0.0);
        self
    }

    /// Counts dropped packets.
    #[inline]
    pub fn drop_many(&mut self, reason: DropReason, packets: u64) {
        if let Some(count) = self.drops.get_mut(reason as usize) {
            *count += packets;
        }
    }

    /// Packets dropped for a reason, wherever.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        let index = reason as usize;
        self.drops.get(index).copied().unwrap_or(0)
            + self.forward_drops.get(index).copied().unwrap_or(0)
    }
}

/// The published copy.
#[derive(Debug, Default)]
pub struct PublishedCounts {
    counts: Mutex<WorkerCounts>,
    /// It was published and its load not taken since.
    is_new: AtomicBool,
}

impl PublishedCounts {
    /// Replaces the copy.
    pub fn publish(&self, counts: &WorkerCounts) {
        match self.counts.lock() {
            Ok(mut held) => held.clone_from(counts),
            Err(poisoned) => poisoned.into_inner().clone_from(counts),
        }
        self.is_new.store(true, Ordering::Release);
    }

    /// The share of one core that the worker used in its last second; none if it was taken already.
    pub fn take_load(&self) -> Option<f64> {
        self.is_new
            .swap(false, Ordering::AcqRel)
            .then(|| self.read().load)
    }

    /// Reads the copy.
    pub fn read(&self) -> WorkerCounts {
        match self.counts.lock() {
            Ok(held) => held.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }
}

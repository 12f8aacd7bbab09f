//! Counters: every packet that does not leave is counted under its reason.

use sideroom_route::DropReason;

/// One counter for each reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DropCounts([u64; DropReason::ALL.len()]);

impl Default for DropCounts {
    fn default() -> Self {
        Self([0; DropReason::ALL.len()])
    }
}

impl DropCounts {
    /// How many packets were dropped for this reason.
    pub fn of(&self, reason: DropReason) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }

    /// Every reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL
            .iter()
            .map(|reason| (*reason, self.of(*reason)))
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    #[inline]
    pub(crate) fn add(&mut self, reason: DropReason, packets: u64) {
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count += packets;
        }
    }
}

/// Packets and bytes in and out of one track on this worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TrackCounts {
    /// Packets accepted from the publisher (or the relaying worker).
    pub packets_in: u64,
    pub bytes_in: u64,
    /// Packets sent to subscribers.
    pub packets_out: u64,
    /// Packets relayed to other workers.
    pub packets_relayed: u64,
    /// Packets that a shut gate held back, for all subscribers together: every packet of every layer
    /// counts once for each of them.
    pub packets_gated: u64,
    /// Packets never received and not received late either.
    pub packets_lost: u64,
    /// Keyframes asked of the publisher.
    pub keyframe_requests: u64,
    /// Routes whose gate is open.
    pub routes_open: u32,
    /// Routes whose gate is shut, or that are paused for want of bandwidth.
    pub routes_shut: u32,
}

/// Packets and bytes that one slot sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SlotCounts {
    /// Packets on the media SSRC.
    pub packets: u64,
    /// Payload bytes, as a sender report counts them (RFC 3550 section 6.4.1).
    pub octets: u64,
    pub resent: u64,
    /// Padding-only packets.
    pub padding: u64,
    /// How often the source or its layer changed.
    pub switches: u64,
}

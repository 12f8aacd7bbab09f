//! Counters that a server reports of itself.

use serde::Serialize;

/// Counters of one media worker of a server since it began, in packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct WorkerCounts {
    /// Received from participants.
    pub received: u64,
    /// Sent to participants.
    pub sent: u64,
    /// Handed to other workers.
    pub relayed_out: u64,
    /// Packets relayed from other workers.
    pub relayed_in: u64,
}

/// Repairs and pacing for subscribers' paths since the server began, in packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Pacing {
    /// Kept for a while, so as not to fill a path at once.
    pub paced: u64,
    pub retransmissions: u64,
    /// Not sent again, because the path has no room for that.
    pub refused: u64,
    /// Keyframes asked of publishers.
    pub keyframe_requests: u64,
}

impl Pacing {
    /// The difference since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            paced: self.paced.saturating_sub(earlier.paced),
            retransmissions: self.retransmissions.saturating_sub(earlier.retransmissions),
            refused: self.refused.saturating_sub(earlier.refused),
            keyframe_requests: self
                .keyframe_requests
                .saturating_sub(earlier.keyframe_requests),
        }
    }
}

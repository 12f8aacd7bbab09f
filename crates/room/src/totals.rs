//! How much there is of a room, for lists and metrics: cheap to make after every cycle.

use sideroom_control::{UnixMillis, VideoCodec};
use sideroom_route::Epoch;

use crate::machine::{Lifecycle, RoomMachine};

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoomTotals {
    /// Where the room is in its life.
    pub lifecycle: Lifecycle,
    /// Participants, dropped ones too.
    pub participants: usize,
    /// Participants with a connection.
    pub connections: usize,
    /// Participants whose transport is up.
    pub up: usize,
    /// Count of breakouts.
    pub breakouts: usize,
    /// Count of watchers.
    pub watchers: usize,
    /// When the room was made.
    pub created_at: UnixMillis,
    /// The number of its last event.
    pub seq: u64,
    /// The version of its routing table.
    pub epoch: Epoch,
    /// The version of its state.
    pub version: u64,
    /// The video codec for those who come now.
    pub video: VideoCodec,
}

impl RoomMachine {
    /// As of the last cycle; `None` while the room is not in memory, when the last ones still hold.
    pub fn totals(&self) -> Option<RoomTotals> {
        let room = self.room.as_ref()?;
        Some(RoomTotals {
            lifecycle: self.lifecycle(),
            participants: room.participant_count(),
            connections: self.connections.len(),
            up: self.up,
            breakouts: room.breakout_count(),
            watchers: self.watchers.len(),
            created_at: room.created_at(),
            seq: room.seq(),
            epoch: room.epoch(),
            version: room.version(),
            video: room.settings().codecs.video,
        })
    }
}

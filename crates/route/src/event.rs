//! How the media plane tells control what it saw.

use serde::{Deserialize, Serialize};

use crate::{Epoch, GroupId, ParticipantId, RoomId, SlotId, TrackId, WorkerId};

/// Something that a worker saw and that the control plane must know. All of it is volatile: nothing here
/// is journalled as such, and losing one costs quality, never isolation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MediaEvent {
    /// The table of `room` is at `epoch` from the next packet on.
    Applied {
        /// The room.
        room: RoomId,
        /// What the table is now.
        epoch: Epoch,
        /// Which worker says so.
        worker: WorkerId,
    },
    /// The active talkers of a group changed: those that this worker hears first-hand, the dominant one
    /// first, with a score to merge the lists of several workers by.
    Talkers {
        /// The room.
        room: RoomId,
        /// The group.
        group: GroupId,
        /// Track and score (higher is more active), best first.
        ranked: Vec<(TrackId, u16)>,
    },
    /// ICE and DTLS are up.
    Connected {
        /// Who.
        participant: ParticipantId,
    },
    /// The transport is gone.
    Lost {
        /// Who.
        participant: ParticipantId,
        /// Why.
        reason: LostReason,
    },
    /// The server itself stopped or resumed what a slot carries.
    SlotPaused {
        /// Whose slot.
        subscriber: ParticipantId,
        /// Which slot.
        slot: SlotId,
        /// The source.
        track: TrackId,
        /// `None`: it flows again.
        reason: Option<SlotPause>,
    },
    /// Which simulcast layers of a track somebody receives, bit 0 the smallest. The publisher may stop
    /// sending the others.
    LayersWanted {
        /// The track.
        track: TrackId,
        /// One bit for each layer; 0 means that nobody receives the track at all.
        layers: u8,
    },
}

/// Why a transport is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LostReason {
    /// No consent for 30 seconds (RFC 7675).
    ConsentExpired,
    /// The client closed it.
    Closed,
    /// The handshake failed or the fingerprint is not the announced one.
    HandshakeFailed,
    /// No connection came about in time.
    NeverConnected,
}

/// Why the server pauses what a slot carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SlotPause {
    /// The subscriber's bandwidth does not suffice.
    Bandwidth,
}

//! Events of the media plane, for control.

use serde::{Deserialize, Serialize};

use crate::{Epoch, GroupId, ParticipantId, RoomId, SlotId, TrackId, WorkerId};

/// Something that a worker saw and that the control plane must know. All of it is volatile: nothing here
/// is journalled as such, and losing one costs quality, never isolation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MediaEvent {
    /// The table of `room` is at `epoch` from the next packet on.
    Applied {
        room: RoomId,
        /// The epoch of the table now.
        epoch: Epoch,
        /// The worker that reports this.
        worker: WorkerId,
    },
    /// The active talkers of a group changed: those that this worker hears first-hand, the dominant one
    /// first, with a score to merge the lists of several workers by.
    Talkers {
        room: RoomId,
        group: GroupId,
        /// Track and score (higher is more active), best first.
        ranked: Vec<(TrackId, u16)>,
    },
    /// ICE and DTLS are up.
    Connected { participant: ParticipantId },
    /// The transport is gone.
    Lost {
        participant: ParticipantId,
        reason: LostReason,
    },
    /// The server itself paused or resumed the source of a slot.
    SlotPaused {
        subscriber: ParticipantId,
        slot: SlotId,
        track: TrackId,
        /// `None`: it flows again.
        reason: Option<SlotPause>,
    },
    /// The simulcast layers of a track that any subscriber receives, bit 0 the smallest. The publisher may
    /// stop sending the others.
    LayersWanted {
        track: TrackId,
        /// One bit for each layer; 0: no subscriber receives the track.
        layers: u8,
    },
}

/// Why a transport is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LostReason {
    /// No consent for 30 seconds (RFC 7675).
    ConsentExpired,
    /// The client closed the transport.
    Closed,
    /// The handshake failed or the fingerprint is not the announced one.
    HandshakeFailed,
    /// No connection came about in time.
    NeverConnected,
    /// The worker that served it has ended.
    WorkerLost,
}

/// Why the server pauses the source of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SlotPause {
    /// The subscriber's bandwidth does not suffice.
    Bandwidth,
}

//! Changes of a routing plan, from control to the forwarder.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Epoch, ParticipantId, RoomId, Route, SlotId, TrackId, TrackRoute};

/// One step of a room's routing table: applied whole, between two packets, or not at all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RouteUpdate {
    pub room: RoomId,
    /// The epoch that the table must have for this update to fit.
    pub after: Epoch,
    /// The epoch that it has then.
    pub epoch: Epoch,
    /// A new limit of audible talkers, if it changed.
    pub max_active_talkers: Option<u8>,
    /// Tracks that came, went, or changed their audience.
    pub tracks: Vec<TrackChange>,
    /// Slots that carry something else, or the same behind another gate.
    pub routes: Vec<RouteChange>,
}

/// A track is routed so from now on, or (`None`) no longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackChange {
    pub track: TrackId,
    pub route: Option<TrackRoute>,
}

/// A slot carries this from now on, or (`None`) nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RouteChange {
    pub subscriber: ParticipantId,
    pub slot: SlotId,
    pub route: Option<Route>,
}

/// An update that does not follow the table it was given to: an update was lost on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfOrder {
    /// The epoch of the table.
    pub held: Epoch,
    /// The epoch that the update wants to follow.
    pub after: Epoch,
}

impl RouteUpdate {
    /// An update that changes nothing but the epoch.
    pub fn empty(room: RoomId, after: Epoch, epoch: Epoch) -> Self {
        Self {
            room,
            after,
            epoch,
            max_active_talkers: None,
            tracks: Vec::new(),
            routes: Vec::new(),
        }
    }

    /// True if nothing but the epoch would change.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty() && self.routes.is_empty() && self.max_active_talkers.is_none()
    }

    /// An update fits a table of its own room, at the very epoch that it names.
    pub fn check_follows(&self, room: RoomId, held: Epoch) -> Result<(), OutOfOrder> {
        if self.room == room && self.after == held {
            Ok(())
        } else {
            Err(OutOfOrder {
                held,
                after: self.after,
            })
        }
    }
}

impl fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the update follows epoch {}, the table is at epoch {}",
            self.after, self.held
        )
    }
}

impl std::error::Error for OutOfOrder {}

//! What a command led to.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, RouteUpdate, TrackId, TrackKind};

use crate::{BreakoutSettings, BreakoutView, Event, ParentGate, Record, RoomSettings, Timer};

/// What an accepted command led to.
#[derive(Clone, PartialEq, Debug)]
pub struct Applied {
    /// The answer.
    pub outcome: Outcome,
    /// What happened, to be told to those who may know. Empty for a repeated request.
    pub events: Vec<Event>,
    /// What the media plane has to change; `None` if nothing.
    pub update: Option<RouteUpdate>,
    /// The epoch of the routing table after the command: the answer is to go out when every worker
    /// concerned has applied it.
    pub epoch: Epoch,
    /// The version of the room's state after the command.
    pub version: u64,
    /// The number of the room's last event.
    pub seq: u64,
    /// What to append to the journal before anybody is told; `None` for a repeated request.
    pub record: Option<Record>,
    /// The same request was answered before, and this is that answer.
    pub repeated: bool,
    /// The timer that came due, if [`crate::Room::tick`] did this.
    pub due: Option<Timer>,
}

/// The answer to a command: the state that it led to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// It is done, and there is nothing more to say.
    Done,
    /// Somebody came in, or back.
    Joined {
        /// Its id.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// The track of each kind that it offered.
        tracks: Vec<(TrackKind, TrackId)>,
        /// It has its old place again.
        resumed: bool,
    },
    /// Breakouts were created, distributed or shuffled.
    Distributed {
        /// The breakouts, as they are now.
        breakouts: Vec<BreakoutView>,
        /// Who was invited or moved where.
        placed: Vec<(ParticipantId, BreakoutId)>,
        /// For whom there was no room; they stay in the parent.
        left_over: Vec<ParticipantId>,
        /// What the distribution was drawn with.
        seed: Option<u64>,
    },
    /// People were invited, or a breakout was changed.
    Breakout {
        /// As it is now.
        breakout: Box<BreakoutView>,
    },
    /// Somebody joined or left a breakout.
    Placed {
        /// Who.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
    },
    /// People were moved, or returned to the parent.
    Moved {
        /// Who, and where to.
        moves: Vec<(ParticipantId, GroupId)>,
    },
    /// Breakouts were opened, closed, cleared or destroyed.
    Breakouts {
        /// Which.
        breakouts: Vec<BreakoutId>,
        /// Who was moved by it, and where to.
        moves: Vec<(ParticipantId, GroupId)>,
    },
    /// The parent gate in question.
    Gate {
        /// As it is now.
        gate: ParentGate,
    },
    /// The room's settings.
    RoomSettings {
        /// As they are now.
        settings: Box<RoomSettings>,
    },
    /// The settings of the breakouts.
    BreakoutSettings {
        /// As they are now.
        settings: Box<BreakoutSettings>,
    },
}

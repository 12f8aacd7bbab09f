//! Results of commands.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, RouteUpdate, TrackId, TrackKind};

use crate::{
    ArrangementSummary, BreakoutSettings, BreakoutView, Event, IntercomView, ParentGate, Record,
    RoomSettings, RotationView, ScheduleView, Timer,
};

/// The result of an accepted command.
#[derive(Clone, PartialEq, Debug)]
pub struct Applied {
    pub outcome: Outcome,
    /// Events for those who may see them. Empty for a repeated request.
    pub events: Vec<Arc<Event>>,
    /// The change for the media plane, if any.
    pub update: Option<RouteUpdate>,
    /// The epoch of the routing table after the command: the answer is to go out when every worker
    /// concerned has applied it.
    pub epoch: Epoch,
    /// The version of the room's state after the command.
    pub version: u64,
    /// The number of the room's last event.
    pub seq: u64,
    /// The record to append to the journal before any answer; `None` for a repeated request.
    pub record: Option<Record>,
    /// True: this answers a repeated request with the first answer.
    pub repeated: bool,
    /// The timer that came due, if [`crate::Room::tick`] did this.
    pub due: Option<Timer>,
}

/// The answer to a command: the state that it led to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The command succeeded, and has no result.
    Done,
    /// A participant came in, or back.
    Joined {
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// The track of each kind that it offered.
        tracks: Vec<(TrackKind, TrackId)>,
        /// True: the participant is back in the old place.
        resumed: bool,
    },
    /// Breakouts were created, distributed or shuffled.
    Distributed {
        /// The breakouts, as they are now.
        breakouts: Vec<BreakoutView>,
        /// People who were invited or moved, with their breakouts.
        placed: Vec<(ParticipantId, BreakoutId)>,
        /// People without a place, who stay in the parent.
        left_over: Vec<ParticipantId>,
        /// The seed of the distribution.
        seed: Option<u64>,
    },
    /// People were invited, or a breakout was changed.
    Breakout {
        /// The breakout after the change.
        breakout: Box<BreakoutView>,
    },
    /// A participant joined or left a breakout.
    Placed {
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
    },
    /// People were moved, or returned to the parent.
    Moved {
        moves: Vec<(ParticipantId, GroupId)>,
    },
    /// Breakouts were opened, closed, cleared or destroyed.
    Breakouts {
        breakouts: Vec<BreakoutId>,
        /// People moved by it, with their new groups.
        moves: Vec<(ParticipantId, GroupId)>,
    },
    /// The parent gate in question.
    Gate {
        /// The gate after the change.
        gate: ParentGate,
    },
    /// The room's settings.
    RoomSettings {
        /// The settings after the change.
        settings: Box<RoomSettings>,
    },
    BreakoutSettings {
        /// The settings after the change.
        settings: Box<BreakoutSettings>,
    },
    /// A command was scheduled, or its schedule changed.
    Scheduled {
        /// The schedule after the change.
        schedule: Box<ScheduleView>,
    },
    /// An intercom runs.
    Intercom { intercom: Box<IntercomView> },
    /// A rotation runs.
    Rotation {
        /// The rotation after the command, with its plan.
        rotation: Box<RotationView>,
        /// People who were moved by a round that began, with their breakouts.
        placed: Vec<(ParticipantId, BreakoutId)>,
        /// People without a place in it, who stay in the parent.
        left_over: Vec<ParticipantId>,
    },
    /// An arrangement is kept.
    Arrangement { arrangement: ArrangementSummary },
    /// An arrangement was applied.
    Arranged {
        /// Its breakouts, in its order.
        breakouts: Vec<BreakoutId>,
        /// People who were moved there.
        placed: Vec<(ParticipantId, BreakoutId)>,
        /// Its identities that are not in the room: they are assigned.
        absent: Vec<String>,
    },
}

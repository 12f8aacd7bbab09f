//! A room: commands go in, outcomes, events, journal records and route updates come out.

use serde::{Deserialize, Serialize};
use sideroom_route::{
    Epoch, GroupId, ParticipantId, RoomId, RoutePlan, RouteUpdate, TrackId, TrackKind,
};

use crate::{
    Actor, Applied, BreakoutError, Command, Digest, Event, Record, RequestId, RoomConfig, RoomView,
    UnixMillis, Viewer,
};

/// One room: the only place where anything about it is decided.
#[derive(Clone, Debug)]
pub struct Room {
    config: RoomConfig,
}

/// Everything that a room must not forget when the server restarts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    config: RoomConfig,
}

/// What a subscriber wants to see of whom. Volatile: it is neither journalled nor part of the state.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Views {
    /// Sources that are not named in `wishes` are shown too, if slots are left.
    pub everything_else: bool,
    /// At most [`crate::bounds::VIEWS`].
    pub wishes: Vec<View>,
}

/// One wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct View {
    /// Of whom.
    pub publisher: ParticipantId,
    /// What.
    pub kind: TrackKind,
    /// How.
    pub wish: Wish,
    /// The largest picture that is of use, in lines.
    pub max_height: Option<u16>,
}

/// How much somebody wants to see a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Before all others of its group.
    Pinned,
    /// If a slot is left.
    Shown,
    /// Not at all.
    Hidden,
}

/// The events that were asked for are not kept any more: take a fresh snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("events after number {after} are not kept any more; take a fresh snapshot at {current}")]
pub struct Missed {
    /// What was asked for.
    pub after: u64,
    /// The number of the last event.
    pub current: u64,
}

impl Room {
    /// An empty room. Refuses settings that cannot be.
    pub fn new(config: RoomConfig) -> Result<Self, BreakoutError> {
        Ok(Self { config })
    }

    /// Does what `command` asks, whole, or changes nothing. The same request id of the same actor with the
    /// same command gets the first answer again.
    pub fn apply(
        &mut self,
        now: UnixMillis,
        actor: Actor,
        request_id: &RequestId,
        command: Command,
    ) -> Result<Applied, BreakoutError> {
        let _ = (now, actor, request_id, command);
        Err(BreakoutError::Internal("not yet"))
    }

    /// As [`Room::apply`], if the routing table is still at `expected`; a repeated request is answered
    /// whatever the epoch is.
    pub fn apply_at(
        &mut self,
        expected: Epoch,
        now: UnixMillis,
        actor: Actor,
        request: (&RequestId, Command),
    ) -> Result<Applied, BreakoutError> {
        let _ = expected;
        self.apply(now, actor, request.0, request.1)
    }

    /// Does what has come due, in order.
    pub fn tick(&mut self, now: UnixMillis) -> Vec<Applied> {
        let _ = now;
        Vec::new()
    }

    /// When [`Room::tick`] has something to do next; `None`: not before something else happens.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        None
    }

    /// Who talks in a group, the most active first. Volatile.
    pub fn handle_talkers(&mut self, group: GroupId, ranked: &[TrackId]) -> Option<RouteUpdate> {
        let _ = (group, ranked);
        None
    }

    /// What a subscriber wants to see. Volatile.
    pub fn set_views(
        &mut self,
        participant: ParticipantId,
        views: Views,
    ) -> Result<Option<RouteUpdate>, BreakoutError> {
        let _ = (participant, views);
        Ok(None)
    }

    /// The routing table as it is: what a worker is given that starts from nothing.
    pub fn table(&self) -> RoutePlan {
        RoutePlan::empty(self.config.id)
    }

    /// Everything that must survive a restart.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            config: self.config.clone(),
        }
    }

    /// The room of a snapshot, with the same state hash.
    pub fn restore(snapshot: Snapshot) -> Result<Self, BreakoutError> {
        Self::new(snapshot.config)
    }

    /// Applies one record of the journal, the next in the chain.
    pub fn replay(&mut self, record: &Record) -> Result<Applied, BreakoutError> {
        self.apply(
            record.now,
            record.actor,
            &record.request_id,
            record.command.clone(),
        )
    }

    /// A digest of everything that is journalled.
    pub fn state_hash(&self) -> Digest {
        Digest::default()
    }

    /// The room as `viewer` may see it; `None` if the viewer is not in it.
    pub fn view(&self, viewer: Viewer) -> Option<RoomView> {
        let _ = viewer;
        None
    }

    /// True if `viewer` may know of `event`, which has just happened.
    pub fn may_see(&self, viewer: Viewer, event: &Event) -> bool {
        let _ = (viewer, event);
        false
    }

    /// The events after number `after` that `viewer` may know of, judged by what it was at each.
    pub fn events_after(&self, viewer: Viewer, after: u64) -> Result<Vec<Event>, Missed> {
        let _ = viewer;
        Err(Missed { after, current: 0 })
    }

    /// The room's number on this node.
    pub fn id(&self) -> RoomId {
        self.config.id
    }

    /// The room's public id.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The version of the routing table.
    pub fn epoch(&self) -> Epoch {
        Epoch(0)
    }

    /// The number of the last event.
    pub fn seq(&self) -> u64 {
        0
    }

    /// The participant with this identity, if it is in the room or keeps its place.
    pub fn participant_id(&self, identity: &str) -> Option<ParticipantId> {
        let _ = identity;
        None
    }
}

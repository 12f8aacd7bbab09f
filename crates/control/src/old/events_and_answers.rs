//! Events and answers as rows of format 2 have them. Nothing here is changed any more.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, TrackId, TrackKind};

use super::state::{Actor, BreakoutSettings, Grants, ParentGate, Role, RoomSettings};
use crate::{KindSet, RequestId, UnixMillis};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum Outcome<const INVITES: bool> {
    Done,
    Joined {
        participant: ParticipantId,
        group: GroupId,
        tracks: Vec<(TrackKind, TrackId)>,
        resumed: bool,
    },
    Distributed {
        breakouts: Vec<BreakoutView>,
        placed: Vec<(ParticipantId, BreakoutId)>,
        left_over: Vec<ParticipantId>,
        seed: Option<u64>,
    },
    Breakout {
        breakout: Box<BreakoutView>,
    },
    Placed {
        participant: ParticipantId,
        group: GroupId,
    },
    Moved {
        moves: Vec<(ParticipantId, GroupId)>,
    },
    Breakouts {
        breakouts: Vec<BreakoutId>,
        moves: Vec<(ParticipantId, GroupId)>,
    },
    Gate {
        gate: ParentGate,
    },
    RoomSettings {
        settings: Box<RoomSettings<INVITES>>,
    },
    BreakoutSettings {
        settings: Box<BreakoutSettings<INVITES>>,
    },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Event<K> {
    pub(super) seq: u64,
    pub(super) epoch: Epoch,
    pub(super) at: UnixMillis,
    pub(super) request_id: Option<RequestId>,
    pub(super) actor: Actor,
    pub(super) audience: Audience,
    pub(super) kind: K,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MoveCause {
    JoinedRoom,
    Joined,
    Forced,
    AutoMoved,
    Moved,
    Shuffled,
    Left,
    Cleared,
    Closed,
    Destroyed,
    TimeUp,
    LeftRoom,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LeaveReason {
    Left,
    Removed,
    Expired,
    RoomClosed,
    Banned,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum EventKind {
    RoomChanged {
        settings: Box<RoomSettings<false>>,
    },
    Draining(bool),
    RoomClosed,
    ParticipantJoined {
        participant: Box<ParticipantView>,
    },
    ParticipantDropped {
        participant: ParticipantId,
        until: UnixMillis,
    },
    ParticipantReconnected {
        participant: ParticipantId,
    },
    ParticipantLeft {
        participant: ParticipantId,
        reason: LeaveReason,
    },
    RoleChanged {
        participant: ParticipantId,
        role: Role,
    },
    GrantsChanged {
        participant: ParticipantId,
        grants: Grants,
    },
    TrackPublished {
        participant: ParticipantId,
        group: GroupId,
        kind: TrackKind,
        track: TrackId,
    },
    TrackUnpublished {
        participant: ParticipantId,
        group: GroupId,
        kind: TrackKind,
        track: TrackId,
    },
    MuteChanged {
        participant: ParticipantId,
        group: GroupId,
        by_self: KindSet,
        by_moderator: KindSet,
    },
    StreamChanged {
        participant: ParticipantId,
        group: GroupId,
        stream: KindSet,
    },
    BreakoutsCreated {
        breakouts: Vec<BreakoutView>,
    },
    BreakoutChanged {
        breakout: Box<BreakoutView>,
    },
    BreakoutDetailsChanged {
        breakout: Box<BreakoutSummary>,
    },
    InvitationChanged {
        participant: ParticipantId,
        breakout: Box<BreakoutSummary>,
    },
    InvitationsVoid {
        participant: ParticipantId,
        breakouts: Vec<BreakoutId>,
    },
    BreakoutsDestroyed {
        breakouts: Vec<BreakoutId>,
        members: Vec<ParticipantId>,
    },
    SelectableBreakouts {
        breakouts: Vec<BreakoutSummary>,
    },
    Assigned {
        participant: ParticipantId,
        breakout: Option<Box<BreakoutSummary>>,
    },
    Invited {
        participant: ParticipantId,
        breakout: Box<BreakoutSummary>,
        requestor: Actor,
        force: bool,
    },
    InviteRejected {
        participant: ParticipantId,
        breakout: BreakoutId,
        owner: Option<ParticipantId>,
    },
    Placed {
        participant: ParticipantId,
        from: GroupId,
        to: GroupId,
        cause: MoveCause,
        by: Actor,
        breakout: Option<Box<BreakoutSummary>>,
    },
    MembersChanged {
        breakout: BreakoutId,
        joined: Vec<ParticipantId>,
        left: Vec<ParticipantId>,
    },
    AwayChanged {
        away: Vec<ParticipantId>,
        back: Vec<ParticipantId>,
    },
    BreakoutSettingsChanged {
        settings: Box<BreakoutSettings<false>>,
    },
    Countdown {
        remaining_ms: u64,
        ends_at: UnixMillis,
    },
    TimeUp {
        grace_until: UnixMillis,
    },
    GateChanged {
        participant: ParticipantId,
        gate: ParentGate,
    },
    RoomGateChanged {
        gate: ParentGate,
    },
    AddressAllStarted {
        participant: ParticipantId,
        kinds: KindSet,
    },
    AddressAllStopped {
        participant: ParticipantId,
    },
    AddressAllText {
        from: Actor,
        text: String,
    },
    ListeningStarted {
        participant: ParticipantId,
        breakout: BreakoutId,
    },
    ListeningStopped {
        participant: ParticipantId,
        breakout: BreakoutId,
    },
    HelpAsked {
        participant: ParticipantId,
        group: GroupId,
        note: String,
    },
    HelpAnswered {
        participant: ParticipantId,
        group: GroupId,
        by: Actor,
        note: String,
    },
    Chat {
        group: GroupId,
        from: Actor,
        text: String,
    },
    // Of the last rules only.
    Banned {
        ban: Box<BanView>,
    },
    Unbanned {
        identity: String,
        by: Actor,
    },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct BanView {
    pub(super) identity: String,
    pub(super) reason: String,
    pub(super) until: Option<UnixMillis>,
    pub(super) by: Actor,
    pub(super) since: UnixMillis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum Audience {
    Everyone,
    Moderators,
    Group(GroupId),
    Participant(ParticipantId),
    Several(Vec<Audience>),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct ParticipantView {
    pub(super) participant: ParticipantId,
    pub(super) identity: String,
    pub(super) display_name: String,
    pub(super) role: Role,
    pub(super) grants: Option<Grants>,
    pub(super) group: GroupId,
    pub(super) away: bool,
    pub(super) dropped: bool,
    pub(super) tracks: Vec<TrackView>,
    pub(super) joined_at: UnixMillis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct TrackView {
    pub(super) track: TrackId,
    pub(super) kind: TrackKind,
    pub(super) muted_by_self: bool,
    pub(super) muted_by_moderator: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct BreakoutView {
    pub(super) summary: BreakoutSummary,
    pub(super) owner: Option<ParticipantId>,
    pub(super) assigned: Vec<String>,
    pub(super) invited: Vec<String>,
    pub(super) members: Vec<ParticipantId>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct BreakoutSummary {
    pub(super) breakout: BreakoutId,
    pub(super) name: String,
    pub(super) open: bool,
    pub(super) capacity: u16,
    pub(super) occupancy: u16,
    pub(super) media: KindSet,
    pub(super) auto_move: bool,
    pub(super) self_select: bool,
    pub(super) thread_id: String,
}

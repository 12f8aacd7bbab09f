//! Events as the last layout of format 2 has them. Nothing here is changed any more.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackId, TrackKind};

use super::events_and_answers::{
    BanView, BreakoutSummary, BreakoutView, LeaveReason, MoveCause, TrackView,
};
use super::state::{Actor, BreakoutSettings, Grants, ParentGate, Role, RoomSettings};
use crate::{KindSet, UnixMillis};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum EventKind {
    RoomChanged {
        settings: Box<RoomSettings<true>>,
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
        track: TrackView,
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
        breakout: Box<BreakoutView>,
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
        breakout: Option<Box<BreakoutView>>,
        gate: ParentGate,
    },
    MembersChanged {
        breakout: BreakoutId,
        joined: Vec<ParticipantId>,
        left: Vec<ParticipantId>,
        people: Vec<ParticipantView>,
        listeners: Vec<ParticipantId>,
    },
    AwayChanged {
        away: Vec<ParticipantId>,
        back: Vec<ParticipantId>,
        people: Vec<ParticipantView>,
    },
    BreakoutSettingsChanged {
        settings: Box<BreakoutSettings<true>>,
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
        breakout: Box<BreakoutView>,
        people: Vec<ParticipantView>,
        listeners: Vec<ParticipantId>,
        announced: bool,
    },
    ListeningStopped {
        participant: ParticipantId,
        breakout: BreakoutId,
        announced: bool,
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
    Banned {
        ban: Box<BanView>,
    },
    Unbanned {
        identity: String,
        by: Actor,
    },
    Renamed {
        participant: ParticipantId,
        display_name: String,
    },
    InvitationEnded {
        participant: ParticipantId,
        breakout: BreakoutId,
        end: InvitationEnd,
        owner: Option<ParticipantId>,
    },
    OwnershipLost {
        participant: ParticipantId,
        breakout: Box<BreakoutSummary>,
    },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum InvitationEnd {
    Accepted,
    Rejected,
    Withdrawn,
    Expired,
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
    pub(super) connecting: bool,
    pub(super) tracks: Vec<TrackView>,
    pub(super) joined_at: UnixMillis,
}

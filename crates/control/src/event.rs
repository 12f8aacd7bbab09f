//! What happened in a room, numbered. Who may know of it is in [`crate::Audience`]'s file.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, TrackId, TrackKind};

use crate::{
    Actor, Audience, BanView, BreakoutSettings, BreakoutSummary, BreakoutView, Grants, KindSet,
    ParentGate, ParticipantView, RequestId, Role, RoomSettings, TrackView, UnixMillis,
};

/// One change of a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Counts the room's events, from 1, without a gap.
    pub seq: u64,
    /// The epoch of the routing table that goes with it.
    pub epoch: Epoch,
    /// The version of the room's state that it led to; 0 if an older version of this server did not say.
    #[serde(default)]
    pub version: u64,
    /// When.
    pub at: UnixMillis,
    /// The request that caused it; `None` if a timer did. Told only to the actor of the request and to
    /// moderators.
    pub request_id: Option<RequestId>,
    /// Who caused it.
    pub actor: Actor,
    /// Who may know.
    pub audience: Audience,
    /// What.
    pub kind: EventKind,
}

/// Why somebody is in another group than before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveCause {
    /// It joined the room.
    JoinedRoom,
    /// It joined a breakout by itself.
    Joined,
    /// It was invited with force.
    Forced,
    /// It was assigned to a breakout with `auto_move`.
    AutoMoved,
    /// Somebody with the power to do so moved it.
    Moved,
    /// The breakouts were shuffled.
    Shuffled,
    /// It left the breakout by itself.
    Left,
    /// The breakout was cleared.
    Cleared,
    /// The breakout was closed.
    Closed,
    /// The breakout was destroyed.
    Destroyed,
    /// The time was up.
    TimeUp,
    /// It left the room.
    LeftRoom,
}

/// Why somebody is no longer in the room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// It left.
    Left,
    /// A moderator put it out.
    Removed,
    /// It did not come back in time after a drop.
    Expired,
    /// The room ended.
    RoomClosed,
    /// A moderator banned the person.
    Banned,
}

/// How an invitation ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationEnd {
    /// The invitee is inside, by itself or because somebody moved it there.
    Accepted,
    /// The invitee declined.
    Rejected,
    /// A moderator or the owner took it back, or the breakout is gone.
    Withdrawn,
    /// The invitee left the room or went into another breakout, or the breakouts' time is up.
    Expired,
}

/// What happened. The audience of each is in [`EventKind::audience`], the one table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EventKind {
    /// The room's settings or its mode changed.
    RoomChanged {
        /// All of them, as they are now.
        settings: Box<RoomSettings>,
    },
    /// The room takes nobody in any more, or again.
    Draining(bool),
    /// The room ended.
    RoomClosed,
    /// Somebody came in.
    ParticipantJoined {
        /// Who, as everybody may see it.
        participant: Box<ParticipantView>,
    },
    /// Somebody's connection dropped; its place is kept.
    ParticipantDropped {
        /// Who.
        participant: ParticipantId,
        /// Until when.
        until: UnixMillis,
    },
    /// It came back.
    ParticipantReconnected {
        /// Who.
        participant: ParticipantId,
    },
    /// Somebody is no longer in the room.
    ParticipantLeft {
        /// Who.
        participant: ParticipantId,
        /// Why.
        reason: LeaveReason,
    },
    /// Somebody has another role.
    RoleChanged {
        /// Who.
        participant: ParticipantId,
        /// Which.
        role: Role,
    },
    /// Somebody may do more or less than before.
    GrantsChanged {
        /// Who.
        participant: ParticipantId,
        /// What it may do.
        grants: Grants,
    },
    /// Somebody sends a kind.
    TrackPublished {
        /// Who.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// The track, and who has muted its kind before.
        track: TrackView,
    },
    /// It no longer does.
    TrackUnpublished {
        /// Who.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// What.
        kind: TrackKind,
        /// The track.
        track: TrackId,
    },
    /// Which kinds of somebody are muted, and by whom.
    MuteChanged {
        /// Whose.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// By itself.
        by_self: KindSet,
        /// By a moderator.
        by_moderator: KindSet,
    },
    /// Which kinds somebody brings into its breakout.
    StreamChanged {
        /// Who.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// Which.
        stream: KindSet,
    },
    /// Breakouts were created.
    BreakoutsCreated {
        /// Which.
        breakouts: Vec<BreakoutView>,
    },
    /// A breakout changed: name, size, state, owner, invitees, assignees or members.
    BreakoutChanged {
        /// As it is now.
        breakout: Box<BreakoutView>,
    },
    /// The name, owner, size, state or media of a breakout changed. To those inside.
    BreakoutDetailsChanged {
        /// As it is now, for those inside.
        breakout: Box<BreakoutView>,
    },
    /// The same of a breakout that somebody is invited to, who is neither inside nor assigned to it.
    InvitationChanged {
        /// Who is invited.
        participant: ParticipantId,
        /// As it is now.
        breakout: Box<BreakoutSummary>,
    },
    /// Somebody was invited to breakouts that were removed, and was not inside.
    InvitationsVoid {
        /// Who was invited.
        participant: ParticipantId,
        /// Where.
        breakouts: Vec<BreakoutId>,
    },
    /// Breakouts were removed.
    BreakoutsDestroyed {
        /// Which.
        breakouts: Vec<BreakoutId>,
        /// Who was inside until then.
        members: Vec<ParticipantId>,
    },
    /// The breakouts that everybody may choose from by itself, all of them, as they are now.
    SelectableBreakouts {
        /// Without members and invitees.
        breakouts: Vec<BreakoutSummary>,
    },
    /// What somebody is assigned to, or its breakout changed.
    Assigned {
        /// Who.
        participant: ParticipantId,
        /// Where to; `None`: nowhere any more.
        breakout: Option<Box<BreakoutSummary>>,
    },
    /// Somebody is invited. With `force` it is moved in the same step.
    Invited {
        /// Who.
        participant: ParticipantId,
        /// Where to.
        breakout: Box<BreakoutSummary>,
        /// Who invites.
        requestor: Actor,
        /// Without asking.
        force: bool,
    },
    /// Somebody declined.
    InviteRejected {
        /// Who.
        participant: ParticipantId,
        /// What.
        breakout: BreakoutId,
        /// Who owns the breakout, and is told besides moderators.
        owner: Option<ParticipantId>,
    },
    /// Somebody is in another group. To itself and to moderators.
    Placed {
        /// Who.
        participant: ParticipantId,
        /// Where it was.
        from: GroupId,
        /// Where it is.
        to: GroupId,
        /// Why.
        cause: MoveCause,
        /// Who did it.
        by: Actor,
        /// The breakout that it is in now, for those inside.
        breakout: Option<Box<BreakoutView>>,
        /// What of the parent does not reach it now.
        gate: ParentGate,
    },
    /// Who came and went in a breakout. To those inside.
    MembersChanged {
        /// Where.
        breakout: BreakoutId,
        /// Who came.
        joined: Vec<ParticipantId>,
        /// Who went.
        left: Vec<ParticipantId>,
        /// If somebody came: everybody inside, with what they publish.
        people: Vec<ParticipantView>,
        /// If somebody came: who listens in, as far as those inside are told.
        listeners: Vec<ParticipantId>,
    },
    /// Who is away in some breakout, and who is back. To everybody: the parent's roster.
    AwayChanged {
        /// Who went away.
        away: Vec<ParticipantId>,
        /// Who came back.
        back: Vec<ParticipantId>,
        /// Those who came back, with what they publish.
        people: Vec<ParticipantView>,
    },
    /// The settings of the breakouts changed.
    BreakoutSettingsChanged {
        /// All of them, as they are now.
        settings: Box<BreakoutSettings>,
    },
    /// The breakouts end soon.
    Countdown {
        /// In how many milliseconds.
        remaining_ms: u64,
        /// When.
        ends_at: UnixMillis,
    },
    /// The time is up.
    TimeUp {
        /// When everybody is returned.
        grace_until: UnixMillis,
    },
    /// Somebody's own parent gate changed.
    GateChanged {
        /// Whose.
        participant: ParticipantId,
        /// As it is now.
        gate: ParentGate,
    },
    /// The room-wide parent gate changed.
    RoomGateChanged {
        /// As it is now.
        gate: ParentGate,
    },
    /// Somebody speaks to every group.
    AddressAllStarted {
        /// Who.
        participant: ParticipantId,
        /// With which kinds.
        kinds: KindSet,
    },
    /// It no longer does.
    AddressAllStopped {
        /// Who.
        participant: ParticipantId,
    },
    /// A text for everybody in every group.
    AddressAllText {
        /// Who says it.
        from: Actor,
        /// What.
        text: String,
    },
    /// Somebody hears a breakout without being in it.
    ListeningStarted {
        /// Who.
        participant: ParticipantId,
        /// Where, for those inside.
        breakout: Box<BreakoutView>,
        /// Everybody inside, with what they publish.
        people: Vec<ParticipantView>,
        /// Who listens in, as far as those inside are told.
        listeners: Vec<ParticipantId>,
        /// Those inside are told.
        announced: bool,
    },
    /// It no longer does.
    ListeningStopped {
        /// Who.
        participant: ParticipantId,
        /// Where.
        breakout: BreakoutId,
        /// Those inside are told.
        announced: bool,
    },
    /// Somebody asks the moderators to come.
    HelpAsked {
        /// Who.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// What it says.
        note: String,
    },
    /// A request for help was answered.
    HelpAnswered {
        /// Whose.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// Who answers.
        by: Actor,
        /// What it says.
        note: String,
    },
    /// Somebody says something in a group's chat.
    Chat {
        /// Where.
        group: GroupId,
        /// Who.
        from: Actor,
        /// What.
        text: String,
    },
    /// A person is kept out of the room.
    Banned {
        /// Whom, why, until when, and by whom.
        ban: Box<BanView>,
    },
    /// A ban was lifted.
    Unbanned {
        /// Whose.
        identity: String,
        /// By whom.
        by: Actor,
    },
    /// Somebody came back under another name.
    Renamed {
        /// Who.
        participant: ParticipantId,
        /// The new name.
        display_name: String,
    },
    /// An invitation is not pending any more.
    InvitationEnded {
        /// Who was invited.
        participant: ParticipantId,
        /// Where to.
        breakout: BreakoutId,
        /// How it ended.
        end: InvitationEnd,
        /// The owner of the breakout.
        owner: Option<ParticipantId>,
    },
    /// Somebody does not own a breakout any more.
    OwnershipLost {
        /// Who owned it.
        participant: ParticipantId,
        /// As it is now.
        breakout: Box<BreakoutSummary>,
    },
}

impl EventKind {
    /// A text that somebody sent to others: it is told, and no record of it is made.
    pub(crate) const fn is_text(&self) -> bool {
        matches!(self, Self::Chat { .. } | Self::AddressAllText { .. })
    }
}

//! Numbered events of a room. Their audiences are in [`crate::Audience`]'s file.

mod cause;

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, TrackId, TrackKind};

use crate::{
    Actor, Addressed, ArrangementSummary, Audience, BanView, BreakoutSettings, BreakoutSummary,
    BreakoutView, Grants, IntercomView, KindSet, KnockEnd, KnockView, ParentGate, ParticipantView,
    RequestId, Role, RoomSettings, RotationEnd, RotationView, Round, ScheduleEnd, ScheduleView,
    TrackView, UnixMillis,
};

pub use cause::{InvitationEnd, LeaveReason, MoveCause};

/// One change of a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Counts the room's events, from 1, without a gap.
    pub seq: u64,
    /// The epoch of the routing table that goes with it.
    pub epoch: Epoch,
    /// The version of the room's state that it led to; 0 in events of an older version of this server.
    #[serde(default)]
    pub version: u64,
    pub at: UnixMillis,
    /// The request that caused it; `None` if a timer did. Only the actor of the request and moderators see
    /// it.
    pub request_id: Option<RequestId>,
    pub actor: Actor,
    pub audience: Audience,
    pub kind: EventKind,
}

/// The content of an event. The audience of each is in [`EventKind::audience`], the one table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EventKind {
    /// The room's settings or its mode changed.
    RoomChanged {
        /// All of them, as they are now.
        settings: Box<RoomSettings>,
    },
    /// The room stops admitting people, or resumes.
    Draining(bool),
    /// The room ended.
    RoomClosed,
    /// A participant came in.
    ParticipantJoined {
        /// The participant, as everybody may see them.
        participant: Box<ParticipantView>,
    },
    /// A participant's connection dropped; their place is kept.
    ParticipantDropped {
        participant: ParticipantId,
        /// The end of the grace period.
        until: UnixMillis,
    },
    /// A participant came back after a drop.
    ParticipantReconnected {
        participant: ParticipantId,
    },
    /// A participant is no longer in the room.
    ParticipantLeft {
        participant: ParticipantId,
        reason: LeaveReason,
    },
    /// A participant's role changed.
    RoleChanged {
        participant: ParticipantId,
        role: Role,
    },
    /// A participant's grants changed.
    GrantsChanged {
        participant: ParticipantId,
        grants: Grants,
    },
    /// A participant publishes a kind.
    TrackPublished {
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// The track, with earlier mutes of its kind.
        track: TrackView,
    },
    /// A participant stopped sending a track.
    TrackUnpublished {
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        kind: TrackKind,
        track: TrackId,
    },
    /// The muted kinds of a participant changed.
    MuteChanged {
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// Kinds that they muted themselves.
        by_self: KindSet,
        by_moderator: KindSet,
    },
    /// A participant changed the kinds that they bring into their breakout.
    StreamChanged {
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        stream: KindSet,
    },
    /// Breakouts were created.
    BreakoutsCreated {
        breakouts: Vec<BreakoutView>,
    },
    /// A breakout changed: name, size, state, owner, invitees, assignees or members.
    BreakoutChanged {
        /// The breakout after the change.
        breakout: Box<BreakoutView>,
    },
    /// The name, owner, size, state or media of a breakout changed. To those inside.
    BreakoutDetailsChanged {
        /// The breakout after the change, for those inside.
        breakout: Box<BreakoutView>,
    },
    /// A breakout changed; sent to invitees who are neither inside nor assigned.
    InvitationChanged {
        /// The invited participant.
        participant: ParticipantId,
        /// The breakout after the change.
        breakout: Box<BreakoutSummary>,
    },
    /// A participant was invited to breakouts that were removed, and was not inside.
    InvitationsVoid {
        /// The invited participant.
        participant: ParticipantId,
        breakouts: Vec<BreakoutId>,
    },
    /// Breakouts were removed.
    BreakoutsDestroyed {
        breakouts: Vec<BreakoutId>,
        /// The members until then.
        members: Vec<ParticipantId>,
    },
    /// All breakouts that everybody may choose from, as they are now.
    SelectableBreakouts {
        /// Without members and invitees.
        breakouts: Vec<BreakoutSummary>,
    },
    /// A participant's assignment changed, or the assigned breakout did.
    Assigned {
        participant: ParticipantId,
        /// Where to; `None`: nowhere any more.
        breakout: Option<Box<BreakoutSummary>>,
    },
    /// A participant is invited. With `force` they are moved in the same step.
    Invited {
        /// The invited participant.
        participant: ParticipantId,
        breakout: Box<BreakoutSummary>,
        requestor: Actor,
        /// They are not asked.
        force: bool,
    },
    /// An invitee declined.
    InviteRejected {
        participant: ParticipantId,
        breakout: BreakoutId,
        /// The owner of the breakout, who sees this besides moderators.
        owner: Option<ParticipantId>,
    },
    /// A participant is in another group. Seen by themselves and moderators.
    Placed {
        participant: ParticipantId,
        /// Where it was.
        from: GroupId,
        /// Where it is.
        to: GroupId,
        cause: MoveCause,
        /// The author of the move.
        by: Actor,
        /// The breakout that it is in now, for those inside.
        breakout: Option<Box<BreakoutView>>,
        /// The parent's media that do not reach them now.
        gate: ParentGate,
    },
    /// Members came or went in a breakout. Seen by those inside.
    MembersChanged {
        breakout: BreakoutId,
        joined: Vec<ParticipantId>,
        left: Vec<ParticipantId>,
        /// If somebody came: everybody inside, with their tracks.
        people: Vec<ParticipantView>,
        /// If somebody came: those who listen in, as far as those inside may know.
        listeners: Vec<ParticipantId>,
    },
    /// People went away into a breakout, or came back. Seen by everybody: the parent's roster.
    AwayChanged {
        away: Vec<ParticipantId>,
        back: Vec<ParticipantId>,
        /// The participants who came back, with their tracks.
        people: Vec<ParticipantView>,
    },
    BreakoutSettingsChanged {
        /// All of them, as they are now.
        settings: Box<BreakoutSettings>,
    },
    /// The breakouts end soon.
    Countdown {
        /// In how many milliseconds.
        remaining_ms: u64,
        ends_at: UnixMillis,
    },
    TimeUp {
        /// When everybody is returned.
        grace_until: UnixMillis,
    },
    /// A participant's own parent gate changed.
    GateChanged {
        participant: ParticipantId,
        /// The gate after the change.
        gate: ParentGate,
    },
    /// The room-wide parent gate changed.
    RoomGateChanged {
        /// The gate after the change.
        gate: ParentGate,
    },
    /// A participant speaks to every group.
    AddressAllStarted {
        participant: ParticipantId,
        kinds: KindSet,
    },
    /// An announcement ended.
    AddressAllStopped {
        participant: ParticipantId,
    },
    /// A text for everybody in every group.
    AddressAllText {
        from: Actor,
        text: String,
    },
    /// A participant listens in on a breakout.
    ListeningStarted {
        participant: ParticipantId,
        /// The breakout, as those inside see it.
        breakout: Box<BreakoutView>,
        /// The participants inside, with their tracks.
        people: Vec<ParticipantView>,
        /// The listeners, as far as people inside may know.
        listeners: Vec<ParticipantId>,
        /// People inside are told that somebody listens in.
        announced: bool,
    },
    /// A participant stopped listening in.
    ListeningStopped {
        participant: ParticipantId,
        breakout: BreakoutId,
        /// People inside are told this.
        announced: bool,
    },
    /// A participant asks the moderators to come.
    HelpAsked {
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        note: String,
    },
    /// A request for help was answered.
    HelpAnswered {
        /// The participant who asked.
        participant: ParticipantId,
        /// Where it is.
        group: GroupId,
        /// The author of the answer.
        by: Actor,
        note: String,
    },
    /// A message in a group's chat.
    Chat {
        group: GroupId,
        from: Actor,
        text: String,
    },
    /// A person is kept out of the room.
    Banned {
        /// The ban: the person, the reason, the end, and the author.
        ban: Box<BanView>,
    },
    /// A ban was lifted.
    Unbanned {
        identity: String,
        by: Actor,
    },
    /// A participant came back under another name.
    Renamed {
        participant: ParticipantId,
        /// The new name.
        display_name: String,
    },
    /// An invitation is not pending any more.
    InvitationEnded {
        /// The invited participant.
        participant: ParticipantId,
        breakout: BreakoutId,
        /// How it ended.
        end: InvitationEnd,
        /// The owner of the breakout.
        owner: Option<ParticipantId>,
    },
    /// A participant does not own a breakout any more.
    OwnershipLost {
        /// The former owner.
        participant: ParticipantId,
        /// The breakout after the change.
        breakout: Box<BreakoutSummary>,
    },
    /// A participant speaks to a set of groups and people, in another way than before.
    IntercomChanged {
        intercom: Box<IntercomView>,
    },
    /// It no longer does.
    IntercomStopped {
        /// The speaker.
        participant: ParticipantId,
        /// The groups and people who were addressed.
        to: Addressed,
    },
    /// A participant came to where an intercom reaches them.
    IntercomEntered {
        participant: ParticipantId,
        intercom: Box<IntercomView>,
    },
    /// It went to where an intercom does not reach them.
    IntercomLeft {
        participant: ParticipantId,
        speaker: ParticipantId,
    },
    /// Somebody knocks at the door of a breakout.
    Knocked {
        knock: KnockView,
    },
    /// A knock is over.
    KnockEnded {
        participant: ParticipantId,
        breakout: BreakoutId,
        /// How it ended.
        end: KnockEnd,
    },
    /// A participant came into a breakout at whose door others knock.
    KnocksHeard {
        participant: ParticipantId,
        knocks: Vec<KnockView>,
    },
    /// A command was scheduled, or its schedule changed.
    Scheduled {
        /// The schedule after the change.
        schedule: Box<ScheduleView>,
    },
    /// A scheduled command was carried out or cancelled.
    ScheduleEnded {
        schedule: Box<ScheduleView>,
        /// How it ended.
        end: ScheduleEnd,
    },
    /// A scheduled command was refused when its time came.
    ScheduleFailed {
        schedule: Box<ScheduleView>,
        /// The name of the error.
        error: String,
        /// The sentence for a person.
        message: String,
    },
    /// A rotation began, went on, was paused or resumed.
    RotationChanged {
        /// The part that everybody sees.
        rotation: Box<RotationView>,
    },
    /// The rounds of a rotation that have not begun were planned, or the first of them began.
    RotationPlanned {
        ahead: Vec<Round>,
        /// How often pairs meet that have met before.
        repeats: u32,
        seed: u64,
    },
    RotationEnded {
        /// How it ended.
        end: RotationEnd,
    },
    /// An arrangement is kept under a name.
    ArrangementSaved {
        arrangement: ArrangementSummary,
    },
    ArrangementRemoved {
        name: String,
    },
}

impl EventKind {
    /// True for a text that somebody sent to others: it is told, and no record of it is made.
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Chat { .. } | Self::AddressAllText { .. })
    }
}

//! Commands of a room, and their actors.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackKind};

use crate::{
    Arrangement, BreakoutError, BreakoutPatch, BreakoutSettingsPatch, CreateBreakouts,
    CreateSideRoom, GateKinds, GateScope, Grants, IfLate, Join, KeyId, KindSet, MoveTo, Reconnect,
    Reoffer, Role, RoomMode, RoomPatch, RotationStep, ScheduleId, Selection, StartIntercom,
    StartRotation, UnixMillis, Whom, bounds,
};

/// The author of a command.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Actor {
    /// A participant in the room.
    Participant(ParticipantId),
    /// The app's signaling server without a key: in journals from before keys were actors, and in tests. It
    /// has the rights of a key.
    Operator,
    /// This server itself: timers, dropped connections. Its requests are not remembered, since they are never
    /// repeated.
    System,
    /// The app's signaling server, by its API key: it has a moderator's power and is in no group. Each key
    /// has request ids of its own.
    Key(KeyId),
}

impl Actor {
    /// True for the app's signaling server, by whatever key.
    pub const fn is_operator(self) -> bool {
        matches!(self, Self::Operator | Self::Key(_))
    }
}

/// Names one request of one actor: the same id with the same body has no second effect.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// From 1 to 128 bytes.
    pub fn new(id: &str) -> Result<Self, BreakoutError> {
        if id.is_empty() || id.len() > bounds::REQUEST_ID {
            return Err(BreakoutError::InvalidArgument(
                "a request id has 1 to 128 bytes",
            ));
        }
        Ok(Self(id.into()))
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One thing that is asked of a room. It happens whole, or not at all.
///
/// A command of a room. Participants give the commands that name a `participant` for themselves, the operator gives
/// them for anybody; further actors are listed at each command. "Moderator" includes the operator and the system.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    // ---- The room.
    /// Changes the room's settings. A moderator's.
    UpdateRoom(RoomPatch),
    /// Switches between group and lecture mode. A moderator's.
    SetMode(RoomMode),
    /// Stops or resumes admitting people. The operator only.
    Drain(bool),
    /// Ends the room; everybody leaves. Moderators only.
    CloseRoom,

    // ---- Participants.
    /// Lets somebody in; the operator's or the system's. An identity that is in the room already takes
    /// its old place over.
    Join(Join),
    /// An identity comes back after a drop, to the old place. The operator's or the system's.
    Reconnect(Reconnect),
    /// A further offer on the connection of a client. The operator or the system only.
    Reoffer(Reoffer),
    /// The transport is lost: the place is kept for the grace period. The system's or the operator's.
    Drop {
        participant: ParticipantId,
    },
    /// Leaves the room for good.
    Leave {
        participant: ParticipantId,
    },
    /// Puts somebody out of the room. A moderator's.
    Remove {
        participant: ParticipantId,
    },
    /// Makes somebody a moderator or a participant. A moderator's.
    SetRole {
        participant: ParticipantId,
        role: Role,
    },
    /// Changes a participant's grants. Moderators only.
    SetGrants {
        participant: ParticipantId,
        /// All of them.
        grants: Grants,
    },
    /// Starts to send an offered kind.
    Publish {
        participant: ParticipantId,
        kind: TrackKind,
    },
    /// Stops sending it.
    Unpublish {
        participant: ParticipantId,
        kind: TrackKind,
    },
    /// Mutes. Somebody mutes itself; a moderator mutes another. Both are kept apart.
    Mute {
        participant: ParticipantId,
        kinds: KindSet,
    },
    /// Lifts the actor's own kind of mute.
    Unmute {
        participant: ParticipantId,
        kinds: KindSet,
    },
    /// Changes which of its kinds somebody brings into the breakout that it is in.
    SetStream {
        participant: ParticipantId,
        /// The kinds to bring along; the others go nowhere.
        stream: KindSet,
    },

    // ---- Breakouts: creating, inviting.
    /// Creates breakouts. From the parent; a moderator's, or with the grant.
    CreateBreakouts(CreateBreakouts),
    /// Creates breakouts and distributes the parent's participants at random over them.
    CreateAndInvite {
        /// The breakouts to create.
        create: CreateBreakouts,
        /// Makes the distribution repeatable; without it the room draws one and says which.
        seed: Option<u64>,
        /// Moves them without asking.
        force: bool,
    },
    /// Invites people. From the parent; a moderator's, or the breakout's owner.
    Invite {
        breakout: BreakoutId,
        participants: Vec<ParticipantId>,
        /// Moves them without asking.
        force: bool,
    },
    /// Declines an invitation or assignment.
    Reject {
        participant: ParticipantId,
        breakout: BreakoutId,
    },
    /// Assigns people by identity, whether they are here yet or not. A moderator's, or the owner's.
    Assign {
        /// Where to; `None` takes their assignments back.
        breakout: Option<BreakoutId>,
        identities: Vec<String>,
    },

    // ---- Breakouts: going in and out.
    /// Joins a breakout, from the parent.
    JoinBreakout {
        participant: ParticipantId,
        /// `None`: where they are assigned, or, if that is one breakout only, invited.
        breakout: Option<BreakoutId>,
        /// The kinds that the participant brings along; the others go nowhere. `None`: all that the breakout carries.
        stream: Option<KindSet>,
    },
    /// Returns to the parent.
    LeaveBreakout {
        participant: ParticipantId,
    },
    /// Moves one or many, between any groups, in one step. A moderator's, or with the grant.
    Move {
        /// Each participant at most once. Those who are at their destination already stay.
        moves: Vec<MoveTo>,
    },
    /// Distributes everybody but moderators anew over the breakouts, avoiding pairs that were together
    /// before. A moderator's.
    Shuffle {
        breakouts: Selection,
        /// Makes the distribution repeatable; without it the room draws one and says which.
        seed: Option<u64>,
    },

    // ---- Breakouts: the groups as such.
    /// Opens; moves those assigned where `auto_move` is on. A moderator's, or the owner's.
    Open(Selection),
    /// Returns everybody and closes the breakouts until they are opened again. Moderators, or the owner.
    Close(Selection),
    /// Returns everybody and resumes the parent for them; the breakouts stay. By a plain participant:
    /// returns that participant only.
    Clear(Selection),
    /// Returns everybody, resumes and unmutes the parent for them, and removes the breakouts. A
    /// moderator's, or the owner's.
    Destroy(Selection),
    /// Renames, resizes and the like. A moderator's, or the owner's.
    UpdateBreakout {
        breakout: BreakoutId,
        patch: BreakoutPatch,
    },
    /// Changes the settings of all breakouts, the timer too. A moderator's.
    UpdateBreakoutSettings(BreakoutSettingsPatch),

    // ---- The parent gate.
    /// Pauses the parent: for one participant who is away, or (moderators only) for everybody who is.
    PauseParent(GateScope),
    ResumeParent(GateScope),
    /// Mutes the parent's audio, video or both.
    MuteParent {
        scope: GateScope,
        /// Audio, video, or both.
        kinds: GateKinds,
    },
    UnmuteParent {
        scope: GateScope,
        kinds: GateKinds,
    },

    // ---- Across groups.
    /// Speaks to every group until stopped. A moderator's, or with the grant.
    StartAddressAll {
        participant: ParticipantId,
        kinds: KindSet,
    },
    /// Speaks to its own group again.
    StopAddressAll {
        participant: ParticipantId,
    },
    /// Sends a text to everybody in every group. A moderator's, or with the grant.
    AddressAllText {
        /// Up to 4,096 bytes.
        text: String,
    },
    /// Hears a breakout without being in it. A moderator's, or with the grant.
    ListenIn {
        participant: ParticipantId,
        breakout: BreakoutId,
        /// Their own group hears nothing of them meanwhile.
        #[serde(default, with = "crate::layout::since_4")]
        follow: bool,
    },
    StopListening {
        participant: ParticipantId,
    },
    /// Asks the moderators to come.
    AskForHelp {
        participant: ParticipantId,
        /// Up to 512 bytes, may be empty.
        note: String,
    },
    /// Answers a request for help; the group sees the answer. Moderators, or the participant who asked.
    AnswerHelp {
        /// The participant who asked.
        participant: ParticipantId,
        /// Up to 512 bytes, may be empty.
        note: String,
    },
    /// Says something in a group's chat: one's own group, or (a moderator's) any.
    Chat {
        /// `None`: one's own group, or, for the app's signaling server, the parent.
        group: Option<GroupId>,
        /// Up to 4,096 bytes.
        text: String,
    },

    /// Something came due. The system's: [`crate::Room::tick`] makes these.
    Timer(Timer),

    // ---- Appended: the journal knows commands by their place in this list.
    /// Removes a person, and keeps them out whichever way they come. A moderator's.
    Ban {
        /// The person, who need not be in the room.
        whom: Whom,
        /// The reason, which the person sees when they try to join. Up to 512 bytes, may be empty.
        reason: String,
        /// When the ban ends, in the future; `None`: with the room.
        until: Option<UnixMillis>,
    },
    /// Lifts a ban. A moderator's.
    Unban {
        identity: String,
    },
    /// Withdraws pending invitations. A moderator's, or the owner's.
    WithdrawInvitations {
        breakout: BreakoutId,
        participants: Vec<ParticipantId>,
    },
    /// Speaks to a set of groups and people until stopped. A moderator's, or with the grant.
    StartIntercom {
        participant: ParticipantId,
        start: StartIntercom,
    },
    /// Ends a participant's intercom, whatever it addresses. Also a moderator's.
    StopIntercom {
        participant: ParticipantId,
    },
    /// Answers an intercom that allows it: those whom it addresses and its speaker hear the answer.
    StartReply {
        participant: ParticipantId,
        /// The speaker of the intercom.
        speaker: ParticipantId,
    },
    /// Ends an answer. Also a moderator's.
    StopReply {
        participant: ParticipantId,
    },
    /// Knocks at the door of a breakout, from the parent.
    Knock {
        participant: ParticipantId,
        breakout: BreakoutId,
    },
    StopKnocking {
        participant: ParticipantId,
        breakout: BreakoutId,
    },
    /// Lets somebody in who knocks, or not. Somebody's inside, the owner's or a moderator's.
    AnswerKnock {
        participant: ParticipantId,
        breakout: BreakoutId,
        admit: bool,
    },
    /// Makes a breakout for oneself and those one invites, and goes in. With the grant.
    CreateSideRoom(CreateSideRoom),
    /// Has a command carried out later, by the rules of that moment.
    Schedule {
        at: UnixMillis,
        if_late: IfLate,
        command: Box<Command>,
    },
    /// Changes when a scheduled command is carried out. Its author's, or a moderator's.
    ChangeSchedule {
        schedule: ScheduleId,
        at: Option<UnixMillis>,
        if_late: Option<IfLate>,
    },
    /// Takes a scheduled command back. Its author's, or a moderator's.
    CancelSchedule {
        schedule: ScheduleId,
    },
    /// Plans rounds in which people change breakouts, and begins the first. A moderator's.
    StartRotation(StartRotation),
    /// Pauses, resumes, skips a round, or ends it. A moderator's.
    ChangeRotation {
        step: RotationStep,
    },
    /// Keeps an arrangement under a name, in place of an earlier one. A moderator's.
    SaveArrangement {
        name: String,
        /// `None`: as things stand.
        arrangement: Option<Arrangement>,
    },
    RemoveArrangement {
        name: String,
    },
    /// Creates the breakouts of an arrangement that are missing, and assigns everybody. A moderator's.
    ApplyArrangement {
        name: String,
        /// Opens them, and moves everybody who is here.
        open: bool,
    },
}

/// A timer that is due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Timer {
    /// The breakouts end soon.
    Countdown,
    /// The breakouts' time is over, the grace period begins.
    TimeUp,
    /// The grace period is over: everybody returns, the breakouts close.
    End,
    /// The grace period of a dropped connection is over.
    Expire(ParticipantId),
    /// The time of a knock is over.
    Knock(BreakoutId, ParticipantId),
    /// The time of an intercom is over.
    Intercom(ParticipantId),
    /// A scheduled command is to be carried out.
    Schedule(ScheduleId),
    /// The present round of the rotation is over.
    Rotation,
    /// The time of one breakout is over: everybody inside returns, and it closes.
    BreakoutEnd(BreakoutId),
}

/// A request as it reaches a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    pub now: UnixMillis,
    pub actor: Actor,
    pub id: RequestId,
    pub command: Command,
}

//! Everything that can be asked of a room, and who asks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackKind};

use crate::{
    BreakoutError, BreakoutPatch, BreakoutSettingsPatch, CreateBreakouts, GateKinds, GateScope,
    Grants, Join, KeyId, KindSet, MoveTo, Reconnect, Reoffer, Role, RoomMode, RoomPatch, Selection,
    UnixMillis, Whom, bounds,
};

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Actor {
    /// Somebody in the room.
    Participant(ParticipantId),
    /// The app's signaling server without a key: in journals from before keys were actors, and in tests.
    /// It may do what a key may.
    Operator,
    /// This server itself: timers, dropped connections. Its requests are not remembered: nobody repeats
    /// them.
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

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One thing that is asked of a room. It happens whole, or not at all.
///
/// Where a command names a `participant`, the participant may ask it for itself and the operator for
/// anybody; who else may is said at each. "Moderator" includes the operator and the system.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    // ---- The room.
    /// Changes the room's settings. A moderator's.
    UpdateRoom(RoomPatch),
    /// Switches between group and lecture mode. A moderator's.
    SetMode(RoomMode),
    /// Takes nobody in any more (or again). The operator's.
    Drain(bool),
    /// Everybody leaves, and the room ends. A moderator's.
    CloseRoom,

    // ---- Participants.
    /// Lets somebody in; the operator's or the system's. An identity that is in the room already takes
    /// its old place over.
    Join(Join),
    /// The same identity comes back after a drop, to its old place. The operator's or the system's.
    Reconnect(Reconnect),
    /// The client made another offer on its connection. The operator's or the system's.
    Reoffer(Reoffer),
    /// The transport is lost: the place is kept for the grace period. The system's or the operator's.
    Drop {
        /// Who.
        participant: ParticipantId,
    },
    /// Leaves the room for good.
    Leave {
        /// Who.
        participant: ParticipantId,
    },
    /// Puts somebody out of the room. A moderator's.
    Remove {
        /// Whom.
        participant: ParticipantId,
    },
    /// Makes somebody a moderator or a participant. A moderator's.
    SetRole {
        /// Whom.
        participant: ParticipantId,
        /// What.
        role: Role,
    },
    /// Changes what somebody may do. A moderator's.
    SetGrants {
        /// Whose.
        participant: ParticipantId,
        /// All of them.
        grants: Grants,
    },
    /// Starts to send an offered kind.
    Publish {
        /// Who.
        participant: ParticipantId,
        /// What.
        kind: TrackKind,
    },
    /// Stops sending it.
    Unpublish {
        /// Who.
        participant: ParticipantId,
        /// What.
        kind: TrackKind,
    },
    /// Mutes. Somebody mutes itself; a moderator mutes another. Both are kept apart.
    Mute {
        /// Whom.
        participant: ParticipantId,
        /// Which kinds.
        kinds: KindSet,
    },
    /// Takes the actor's own kind of mute back.
    Unmute {
        /// Whom.
        participant: ParticipantId,
        /// Which kinds.
        kinds: KindSet,
    },
    /// Changes which of its kinds somebody brings into the breakout that it is in.
    SetStream {
        /// Who.
        participant: ParticipantId,
        /// Those kinds; the others go nowhere.
        stream: KindSet,
    },

    // ---- Breakouts: creating, inviting.
    /// Creates breakouts. From the parent; a moderator's, or with the grant.
    CreateBreakouts(CreateBreakouts),
    /// Creates breakouts and distributes the parent's participants at random over them.
    CreateAndInvite {
        /// As for creating.
        create: CreateBreakouts,
        /// Makes the distribution repeatable; without it the room draws one and says which.
        seed: Option<u64>,
        /// Moves them without asking.
        force: bool,
    },
    /// Invites people. From the parent; a moderator's, or the breakout's owner.
    Invite {
        /// Where to.
        breakout: BreakoutId,
        /// Whom.
        participants: Vec<ParticipantId>,
        /// Moves them without asking.
        force: bool,
    },
    /// Declines an invitation or assignment.
    Reject {
        /// Who.
        participant: ParticipantId,
        /// Which.
        breakout: BreakoutId,
    },
    /// Assigns people by identity, whether they are here yet or not. A moderator's, or the owner's.
    Assign {
        /// Where to; `None` takes their assignments back.
        breakout: Option<BreakoutId>,
        /// Whom.
        identities: Vec<String>,
    },

    // ---- Breakouts: going in and out.
    /// Joins a breakout, from the parent.
    JoinBreakout {
        /// Who.
        participant: ParticipantId,
        /// `None`: where they are assigned, or, if that is one breakout only, invited.
        breakout: Option<BreakoutId>,
        /// Which of their kinds they bring along; the others go nowhere. `None`: all that the breakout carries.
        stream: Option<KindSet>,
    },
    /// Returns to the parent.
    LeaveBreakout {
        /// Who.
        participant: ParticipantId,
    },
    /// Moves one or many, between any groups, in one step. A moderator's, or with the grant.
    Move {
        /// Everybody at most once. Who is where it should be already stays.
        moves: Vec<MoveTo>,
    },
    /// Distributes everybody but moderators anew over the breakouts, avoiding pairs that were together
    /// before. A moderator's.
    Shuffle {
        /// Over which.
        breakouts: Selection,
        /// Makes the distribution repeatable; without it the room draws one and says which.
        seed: Option<u64>,
    },

    // ---- Breakouts: the groups as such.
    /// Opens; moves those assigned where `auto_move` is on. A moderator's, or the owner's.
    Open(Selection),
    /// Returns everybody and lets nobody in until opened again. A moderator's, or the owner's.
    Close(Selection),
    /// Returns everybody and resumes the parent for them; the breakouts stay. By a plain participant:
    /// returns that participant only.
    Clear(Selection),
    /// Returns everybody, resumes and unmutes the parent for them, and removes the breakouts. A
    /// moderator's, or the owner's.
    Destroy(Selection),
    /// Renames, resizes and the like. A moderator's, or the owner's.
    UpdateBreakout {
        /// Which.
        breakout: BreakoutId,
        /// What.
        patch: BreakoutPatch,
    },
    /// Changes the settings of all breakouts, the timer too. A moderator's.
    UpdateBreakoutSettings(BreakoutSettingsPatch),

    // ---- The parent gate.
    /// Pauses the parent: for somebody who is away, or (a moderator's) for everybody who is.
    PauseParent(GateScope),
    /// Resumes it.
    ResumeParent(GateScope),
    /// Mutes the parent's audio, video or both.
    MuteParent {
        /// For whom.
        scope: GateScope,
        /// Which kinds; audio or not, video or not.
        kinds: GateKinds,
    },
    /// Unmutes them.
    UnmuteParent {
        /// For whom.
        scope: GateScope,
        /// Which kinds.
        kinds: GateKinds,
    },

    // ---- Across groups.
    /// Speaks to every group until stopped. A moderator's, or with the grant.
    StartAddressAll {
        /// Who speaks.
        participant: ParticipantId,
        /// With which kinds.
        kinds: KindSet,
    },
    /// Speaks to its own group again.
    StopAddressAll {
        /// Who.
        participant: ParticipantId,
    },
    /// Sends a text to everybody in every group. A moderator's, or with the grant.
    AddressAllText {
        /// Up to 4,096 bytes.
        text: String,
    },
    /// Hears a breakout without being in it. A moderator's, or with the grant.
    ListenIn {
        /// Who listens.
        participant: ParticipantId,
        /// Where.
        breakout: BreakoutId,
    },
    /// Stops that.
    StopListening {
        /// Who.
        participant: ParticipantId,
    },
    /// Asks the moderators to come.
    AskForHelp {
        /// Who asks.
        participant: ParticipantId,
        /// Up to 512 bytes, may be empty.
        note: String,
    },
    /// Answers a request for help; the answer is told to the group. A moderator's, or the one who asked.
    AnswerHelp {
        /// Whose request.
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
        /// Whom; they need not be in the room.
        whom: Whom,
        /// Told to the person when they try to join. Up to 512 bytes, may be empty.
        reason: String,
        /// When the ban ends, in the future; `None`: with the room.
        until: Option<UnixMillis>,
    },
    /// Lifts a ban. A moderator's.
    Unban {
        /// Whose.
        identity: String,
    },
    /// Takes pending invitations back. A moderator's, or the owner's.
    WithdrawInvitations {
        /// Where to.
        breakout: BreakoutId,
        /// Whose.
        participants: Vec<ParticipantId>,
    },
}

/// What came due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Timer {
    /// The breakouts end soon.
    Countdown,
    /// The breakouts' time is over, the grace period begins.
    TimeUp,
    /// The grace period is over: everybody returns, the breakouts close.
    End,
    /// Somebody whose connection dropped did not come back in time.
    Expire(ParticipantId),
}

/// A request as it reaches a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// When.
    pub now: UnixMillis,
    /// Who asks.
    pub actor: Actor,
    /// Which request.
    pub id: RequestId,
    /// What is asked.
    pub command: Command,
}

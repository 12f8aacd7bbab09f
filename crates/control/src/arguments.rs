//! Arguments of commands.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackKind};

use crate::{Door, KindSet, TimerChange};

/// The arguments of a join.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Join {
    /// The identity from the token; the same identity is the same participant.
    pub identity: String,
    /// How it is called.
    pub display_name: String,
    pub role: Role,
    pub grants: Grants,
    /// How much it can receive at once.
    pub slots: SlotPool,
    /// The kinds that their client can send, at most one track of each.
    pub offers: Vec<TrackKind>,
}

/// A participant who comes back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reconnect {
    pub identity: String,
    /// How much it can receive at once, now.
    pub slots: SlotPool,
    /// The kinds that their client can send now.
    pub offers: Vec<TrackKind>,
}

/// A participant's media since their client's last offer, over the same connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reoffer {
    pub participant: ParticipantId,
    /// How much it can receive at once, now.
    pub slots: SlotPool,
    /// The kinds that their client can send now.
    pub offers: Vec<TrackKind>,
}

/// The power of a participant.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May use their own grants.
    #[default]
    Participant,
    /// May act on others and on the room, and use their own grants.
    Moderator,
}

/// A participant's rights besides those of their role. Grants bound moderators too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grants {
    /// The kinds they may publish.
    pub publish: KindSet,
    /// Create breakouts, invite to them, and own them.
    pub create_breakouts: bool,
    pub move_others: bool,
    /// Hear a breakout without being in it.
    pub listen_in: bool,
    /// Speak to any set of groups and people, and write to every group.
    pub address_all: bool,
    /// Make a breakout for themselves and those they invite.
    #[serde(default, with = "crate::layout::since_4")]
    pub create_side_rooms: bool,
}

impl Default for Grants {
    fn default() -> Self {
        Self::of_role(Role::Participant)
    }
}

/// How many receive streams a participant has offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SlotPool {
    pub audio: u8,
    /// Slots for camera, screen and canvas.
    pub video: u8,
}

/// The breakouts to create.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CreateBreakouts {
    /// How many participants each holds. Required; it is an `Option` so that its absence is refused here,
    /// by its own name.
    pub participants: Option<u32>,
    /// How many breakouts.
    pub count: u32,
    /// The names of the breakouts in order; those without one are called "Breakout 1" and so on.
    pub names: Vec<String>,
    /// The kinds they carry.
    pub media: KindSet,
    /// People can go in at once.
    pub open: bool,
    /// Assigned people are moved without asking when the breakout opens.
    pub auto_move: bool,
    /// Participants may choose these breakouts by themselves.
    pub self_select: bool,
    #[serde(default, with = "crate::layout::since_4")]
    pub door: Door,
}

/// The side room to create.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CreateSideRoom {
    /// The participant who makes it, owns it and goes in.
    pub participant: ParticipantId,
    /// `None`: it is named after them.
    pub name: Option<String>,
    /// How many it holds; `None`: as many as the room allows.
    pub capacity: Option<u32>,
    /// The kinds it carries.
    pub media: KindSet,
    pub door: Door,
    /// The participants who are invited.
    pub invite: Vec<ParticipantId>,
}

impl Default for CreateBreakouts {
    fn default() -> Self {
        Self {
            participants: None,
            count: 1,
            names: Vec::new(),
            media: KindSet::WITHOUT_CAMERA,
            open: true,
            auto_move: false,
            self_select: false,
            door: Door::Open,
        }
    }
}

/// A change of one breakout; fields that are `None` stay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BreakoutPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new capacity, not below the number of its members.
    pub capacity: Option<u32>,
    /// The kinds it carries.
    pub media: Option<KindSet>,
    /// Assigned people are moved without asking when it opens.
    pub auto_move: Option<bool>,
    /// Participants may choose this breakout without being assigned or invited.
    pub self_select: Option<bool>,
    /// A new owner.
    pub owner: Option<ParticipantId>,
    /// The id of the app's own chat thread for it.
    pub thread_id: Option<String>,
    /// See [`CreateBreakouts::door`].
    #[serde(default, with = "crate::layout::since_4")]
    pub door: Option<Door>,
    /// When everybody inside returns and it closes.
    #[serde(default, with = "crate::layout::since_4")]
    pub timer: Option<TimerChange>,
}

/// The breakouts that a command is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// All of the room.
    All,
    Some(Vec<BreakoutId>),
}

/// A person, in the room or not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// A participant in the room.
    Participant(ParticipantId),
    /// By identity, which need not be in the room.
    Identity(String),
}

/// Where somebody is to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MoveTo {
    pub participant: ParticipantId,
    pub to: GroupId,
    /// The kinds that the participant brings along; `None`: whatever the breakout carries.
    pub stream: Option<KindSet>,
}

/// The scope of a change of the parent gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateScope {
    /// One participant's own.
    Participant(ParticipantId),
    /// All who are away. Moderators only.
    Room,
}

/// The kinds that a mute of the parent covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GateKinds {
    pub audio: bool,
    /// Camera, screen and canvas.
    pub video: bool,
}

impl GateKinds {
    pub const BOTH: Self = Self {
        audio: true,
        video: true,
    };
}

/// The arguments of a rotation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StartRotation {
    /// The breakouts that people change between; all: without side rooms.
    pub breakouts: Selection,
    /// How many rounds, 1 to 50.
    pub rounds: u32,
    /// How long each lasts, from a second to a day.
    pub round_ms: u32,
    /// Makes the plan repeatable; without it the room draws one and says which.
    pub seed: Option<u64>,
}

/// A change of a rotation that runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationStep {
    /// The present round lasts until the rotation is resumed.
    Pause,
    Resume,
    /// The next round begins at once; after the last one the rotation is over.
    Skip,
    /// No further round begins. People stay where they are.
    End,
}

//! What commands are given: who comes in with what power, what to create, whom to move where.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackKind};

use crate::KindSet;

/// Somebody who comes in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Join {
    /// Who it is, from the token; the same identity is the same participant.
    pub identity: String,
    /// How it is called.
    pub display_name: String,
    /// As what.
    pub role: Role,
    /// What it may do.
    pub grants: Grants,
    /// How much it can receive at once.
    pub slots: SlotPool,
    /// What it can send, at most one track of each kind.
    pub offers: Vec<TrackKind>,
}

/// Somebody who comes back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reconnect {
    /// Who.
    pub identity: String,
    /// How much it can receive at once, now.
    pub slots: SlotPool,
    /// What it can send, now.
    pub offers: Vec<TrackKind>,
}

/// What somebody can send and receive since its client's last offer, over the same connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reoffer {
    /// Who.
    pub participant: ParticipantId,
    /// How much it can receive at once, now.
    pub slots: SlotPool,
    /// What it can send, now.
    pub offers: Vec<TrackKind>,
}

/// The power of a participant.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do what its grants say.
    #[default]
    Participant,
    /// May act on others and on the room, and do what its grants say.
    Moderator,
}

/// What somebody may do besides what their role says. Grants bound moderators too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grants {
    /// What it may publish.
    pub publish: KindSet,
    /// Create breakouts, invite to them, and own them.
    pub create_breakouts: bool,
    /// Move others.
    pub move_others: bool,
    /// Hear a breakout without being in it.
    pub listen_in: bool,
    /// Speak and write to every group.
    pub address_all: bool,
}

impl Default for Grants {
    fn default() -> Self {
        Self::of_role(Role::Participant)
    }
}

/// How many receive streams a participant has offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SlotPool {
    /// For audio.
    pub audio: u8,
    /// For camera, screen and canvas.
    pub video: u8,
}

/// What breakouts to create.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CreateBreakouts {
    /// How many participants each holds. Required; it is an `Option` so that its absence is refused here,
    /// by its own name.
    pub participants: Option<u32>,
    /// How many breakouts.
    pub count: u32,
    /// Their names in order; those without one are called "Breakout 1" and so on.
    pub names: Vec<String>,
    /// What they carry.
    pub media: KindSet,
    /// People can go in at once.
    pub open: bool,
    /// Whoever is assigned is moved without asking when the breakout opens.
    pub auto_move: bool,
    /// Everybody may choose these breakouts by itself.
    pub self_select: bool,
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
        }
    }
}

/// A change of one breakout; what is `None` stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BreakoutPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new capacity, not below the number of its members.
    pub capacity: Option<u32>,
    /// What it carries.
    pub media: Option<KindSet>,
    /// Whoever is assigned is moved without asking when it opens.
    pub auto_move: Option<bool>,
    /// Everybody may choose it by itself.
    pub self_select: Option<bool>,
    /// A new owner.
    pub owner: Option<ParticipantId>,
    /// The id of the app's own chat thread for it.
    pub thread_id: Option<String>,
}

/// Which breakouts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// All of the room.
    All,
    /// These.
    Some(Vec<BreakoutId>),
}

/// A person, in the room or not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// Somebody in the room.
    Participant(ParticipantId),
    /// By identity, which need not be in the room.
    Identity(String),
}

/// Where somebody is to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MoveTo {
    /// Who.
    pub participant: ParticipantId,
    /// Where to.
    pub to: GroupId,
    /// Which of its kinds it brings along; `None`: whatever the breakout carries.
    pub stream: Option<KindSet>,
}

/// Whose parent gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateScope {
    /// One participant's own.
    Participant(ParticipantId),
    /// Everybody's who is away. A moderator's.
    Room,
}

/// What a mute of the parent covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GateKinds {
    /// Audio.
    pub audio: bool,
    /// Camera, screen and canvas.
    pub video: bool,
}

impl GateKinds {
    /// Both.
    pub const BOTH: Self = Self {
        audio: true,
        video: true,
    };
}

//! Configuration of a room, and the bounds of everything in it.

use serde::{Deserialize, Serialize};
use sideroom_route::RoomId;

use crate::UnixMillis;

/// How a room begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomConfig {
    /// The room's number on this node.
    pub id: RoomId,
    /// The room's public id, as the app knows it.
    pub name: String,
    /// The settings that can be changed later.
    pub settings: RoomSettings,
    /// Where the room's random choices start when a command gives no seed of its own.
    pub seed: u64,
    /// When the room was made.
    pub created_at: UnixMillis,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomSettings {
    /// Breakouts exist in group mode only.
    pub mode: RoomMode,
    /// How many talkers at most are audible in a group with more live audio than slots, 3 to 255. A
    /// breakout holds one participant less.
    pub max_active_talkers: u8,
    /// How many breakouts the room may have, 1 to 100.
    pub max_breakouts: u16,
    /// How many participants the room may have.
    pub max_participants: u32,
    /// How long the place of a participant whose connection dropped is kept.
    pub reconnect_grace_ms: u32,
    /// The one codec of each media type.
    pub codecs: CodecChoice,
    /// Everything about breakouts.
    pub breakouts: BreakoutSettings,
}

/// Whether a room has breakouts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomMode {
    /// All may talk; breakouts are possible.
    #[default]
    Group,
    /// Breakouts are not possible.
    Lecture,
}

/// One codec for each kind of media and room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CodecChoice {
    /// The video codec; audio is always Opus.
    pub video: VideoCodec,
}

/// The video codec of a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    #[default]
    Vp8,
    /// H.264.
    H264,
    Vp9,
    Av1,
}

/// The settings of a room's breakouts (rule 13).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BreakoutSettings {
    /// Whether this room has breakouts at all.
    pub availability: Availability,
    /// The parent's media that participants who join a breakout still receive.
    pub parent_while_away: ParentWhileAway,
    /// Participants may leave a breakout before the end of the timer. Moderators always may.
    pub allow_return: bool,
    /// Participants may choose an open breakout by themselves.
    pub self_select: bool,
    /// Camera video may be switched on for a breakout.
    pub allow_video: bool,
    /// When everybody is to return.
    pub ends_at: Option<UnixMillis>,
    /// How long after `ends_at` everybody is returned and the breakouts close.
    pub grace_ms: u32,
    /// How long before `ends_at` everybody is reminded; at most 10 entries.
    pub countdown_ms: Vec<u32>,
    /// People inside a breakout see who listens in.
    #[serde(default = "announced")]
    pub announce_presence: bool,
}

/// Whether a room has breakouts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// The room has breakouts.
    #[default]
    Available,
    /// The kind of room has none.
    NotSupported,
    /// The operator switched them off.
    Disabled,
}

/// The parent's media that participants who join a breakout still receive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParentWhileAway {
    /// All media. The app pauses or mutes the parent if the participant asks for that.
    Live,
    /// No media, until they resume the parent or return.
    #[default]
    Paused,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            mode: RoomMode::Group,
            max_active_talkers: 10,
            max_breakouts: 10,
            max_participants: 1_000,
            reconnect_grace_ms: 30_000,
            codecs: CodecChoice::default(),
            breakouts: BreakoutSettings::default(),
        }
    }
}

/// In settings from before this could be chosen.
const fn announced() -> bool {
    true
}

impl Default for BreakoutSettings {
    fn default() -> Self {
        Self {
            availability: Availability::Available,
            parent_while_away: ParentWhileAway::Paused,
            allow_return: true,
            self_select: false,
            allow_video: true,
            ends_at: None,
            grace_ms: 10_000,
            countdown_ms: vec![60_000, 30_000, 10_000],
            announce_presence: true,
        }
    }
}

impl RoomSettings {
    /// The largest capacity of a breakout.
    pub const fn largest_capacity(&self) -> u16 {
        (self.max_active_talkers as u16).saturating_sub(1)
    }
}

/// A change of a room's settings; fields that are `None` stay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RoomPatch {
    /// See [`RoomSettings::max_active_talkers`].
    pub max_active_talkers: Option<u8>,
    /// See [`RoomSettings::max_breakouts`].
    pub max_breakouts: Option<u16>,
    /// See [`RoomSettings::max_participants`].
    pub max_participants: Option<u32>,
    /// See [`RoomSettings::reconnect_grace_ms`].
    pub reconnect_grace_ms: Option<u32>,
    /// See [`RoomSettings::codecs`]; counts for those who join from then on.
    pub codecs: Option<CodecChoice>,
}

/// A change of the settings of a room's breakouts; fields that are `None` stay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BreakoutSettingsPatch {
    /// See [`BreakoutSettings::availability`]; the operator's only.
    pub availability: Option<Availability>,
    /// See [`BreakoutSettings::parent_while_away`]; counts for those who join from then on.
    pub parent_while_away: Option<ParentWhileAway>,
    /// See [`BreakoutSettings::allow_return`].
    pub allow_return: Option<bool>,
    /// See [`BreakoutSettings::self_select`].
    pub self_select: Option<bool>,
    /// See [`BreakoutSettings::allow_video`]; the operator's only.
    pub allow_video: Option<bool>,
    /// See [`BreakoutSettings::ends_at`].
    pub timer: Option<TimerChange>,
    /// See [`BreakoutSettings::grace_ms`].
    pub grace_ms: Option<u32>,
    /// See [`BreakoutSettings::countdown_ms`].
    pub countdown_ms: Option<Vec<u32>>,
    /// See [`BreakoutSettings::announce_presence`].
    #[serde(default)]
    pub announce_presence: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerChange {
    /// The breakouts end then. It must lie in the future.
    EndAt(UnixMillis),
    /// The breakouts have no set end.
    Stop,
}

/// Bounds on everything that a client can make grow. At the bound a command is refused, or the oldest entry
/// is forgotten, as noted at each.
pub mod bounds {
    /// Bytes of a request id; longer ones are refused.
    pub const REQUEST_ID: usize = 128;
    /// Bytes of the id of an API key; longer ones are refused.
    pub const KEY_ID: usize = 64;
    /// Bytes of a person's identity; longer ones are refused. That of a WHIP or WHEP stream has a suffix.
    pub const IDENTITY: usize = 128;
    /// People whose sanctions and changed rights are remembered; more are refused.
    pub const PEOPLE: usize = 20_000;
    /// Bytes of the reason for a ban; longer ones are refused.
    pub const REASON: usize = 512;
    /// Bytes of a display name or a breakout's name; longer ones are refused.
    pub const NAME: usize = 128;
    /// Bytes of a chat message or an announcement; longer ones are refused.
    pub const TEXT: usize = 4_096;
    /// Bytes of the note of a request for help; longer ones are refused.
    pub const NOTE: usize = 512;
    /// Participants of a room, whatever the room's settings allow.
    pub const PARTICIPANTS: u32 = 10_000;
    /// Breakouts of a room, whatever its settings say.
    pub const BREAKOUTS: u16 = 100;
    /// Slots of each media type of a participant; more are refused.
    pub const SLOTS: u8 = 64;
    /// Identities that are assigned or invited somewhere; more are refused.
    pub const ASSIGNMENTS: usize = 20_000;
    /// Speakers who address all groups at one time; more are refused.
    pub const ADDRESSING: usize = 4;
    /// Speakers who use an intercom at one time; more are refused.
    pub const INTERCOMS: usize = 16;
    /// Participants who answer an intercom at one time; more are refused.
    pub const REPLIES: usize = 16;
    /// People whom an intercom addresses by name; more are refused.
    pub const ADDRESSED: usize = 256;
    /// Knocks at one door that wait for an answer; more are refused.
    pub const KNOCKS: usize = 64;
    /// How long a knock lasts.
    pub const KNOCK_MS: u32 = 60_000;
    /// Scheduled commands of a room; more are refused.
    pub const SCHEDULES: usize = 200;
    /// Scheduled commands of one participant who is no moderator; more are refused.
    pub const SCHEDULES_OF_PERSON: usize = 8;
    /// How far ahead a command is scheduled at most.
    pub const SCHEDULE_AHEAD_MS: u64 = 366 * 86_400_000;
    /// How late a scheduled command may be at least, so that a busy server carries it out.
    pub const LATE_MS: u32 = 1_000;
    /// Arrangements of a room; more are refused.
    pub const ARRANGEMENTS: usize = 50;
    /// Identities in all arrangements of a room together; more are refused.
    pub const ARRANGED: usize = 10_000;
    /// People who rotate; more are refused.
    pub const ROTATING: usize = 1_000;
    /// Places in all rounds of a rotation together; more are refused.
    pub const ROTATION_SEATS: usize = 10_000;
    /// Rounds of a rotation; more are refused.
    pub const ROTATION_ROUNDS: u32 = 50;
    /// How long a round of a rotation lasts at least.
    pub const ROUND_MS: u32 = 1_000;
    /// Remembered request ids of a participant; their oldest is forgotten.
    pub const REQUESTS: usize = 256;
    /// Remembered request ids of an API key; its oldest is forgotten.
    pub const REQUESTS_OF_KEY: usize = 4_096;
    /// Remembered request ids of a room, all actors together; the oldest is forgotten.
    pub const REQUESTS_OF_ROOM: usize = 65_536;
    /// How long a request id is remembered at most.
    pub const REQUEST_MEMORY_MS: u64 = 600_000;
    /// Steps back of the calendar up to this are smoothed; a longer one is the end of an error, and followed.
    pub const STEP_BACK_MS: u64 = 10_000;
    /// Events that a room keeps for those who come back; the oldest is forgotten.
    pub const EVENTS: usize = 4_096;
    /// Stays that the move log keeps; the oldest is forgotten.
    pub const STAYS: usize = 20_000;
    /// Past standings of a participant, kept to judge which missed events they may see.
    pub const STANDINGS: usize = 32;
    /// Past rounds that shuffling looks at; the oldest is forgotten.
    pub const ROUNDS: usize = 8;
    /// Time between two requests for help of one participant; sooner ones are refused.
    pub const HELP_EVERY_MS: u64 = 5_000;
    /// Wishes for video of one subscriber; more are refused.
    pub const VIEWS: usize = 256;
    /// Entries of a countdown; more are refused.
    pub const COUNTDOWN: usize = 10;
    /// Grace periods, at most a day; longer ones are refused.
    pub const GRACE_MS: u32 = 86_400_000;
}

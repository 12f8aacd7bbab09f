//! Rooms as rows of format 2 have them, field for field. Nothing here is changed any more.
//!
//! Those rows have four layouts, one for each of [`super::Rules`]: parts were added without another number.
//! `WAITS`, `SANCTIONS` and `INVITES` say which parts a layout has.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, RoomId, TrackId, TrackKind};

use super::events_and_answers::{Event, MoveCause, Outcome};
use crate::{Digest, KindSet, RequestId, UnixMillis};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct RoomConfig<const INVITES: bool> {
    pub(super) id: RoomId,
    pub(super) name: String,
    pub(super) settings: RoomSettings<INVITES>,
    pub(super) seed: u64,
    pub(super) created_at: UnixMillis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct RoomSettings<const INVITES: bool> {
    pub(super) mode: RoomMode,
    pub(super) max_active_talkers: u8,
    pub(super) max_breakouts: u16,
    pub(super) max_participants: u32,
    pub(super) reconnect_grace_ms: u32,
    pub(super) codecs: CodecChoice,
    pub(super) breakouts: BreakoutSettings<INVITES>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoomMode {
    Group,
    Lecture,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct CodecChoice {
    pub(super) video: VideoCodec,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum VideoCodec {
    Vp8,
    H264,
    Vp9,
    Av1,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct BreakoutSettings<const INVITES: bool> {
    pub(super) availability: Availability,
    pub(super) parent_while_away: ParentWhileAway,
    pub(super) allow_return: bool,
    pub(super) self_select: bool,
    pub(super) allow_video: bool,
    pub(super) ends_at: Option<UnixMillis>,
    pub(super) grace_ms: u32,
    pub(super) countdown_ms: Vec<u32>,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub(super) announce_presence: Part<bool, INVITES>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Availability {
    Available,
    NotSupported,
    Disabled,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ParentWhileAway {
    Live,
    Paused,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct State<const WAITS: bool, const SANCTIONS: bool, const INVITES: bool> {
    pub(super) config: RoomConfig<INVITES>,
    pub(super) participants: BTreeMap<ParticipantId, Participant<SANCTIONS>>,
    pub(super) identities: BTreeMap<String, ParticipantId>,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub(super) people: Part<BTreeMap<String, Person>, SANCTIONS>,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub(super) ceiling: Part<Option<Ceiling>, SANCTIONS>,
    pub(super) breakouts: BTreeMap<BreakoutId, Breakout<INVITES>>,
    pub(super) assignments: BTreeMap<String, BreakoutId>,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub(super) waiting: Part<BTreeMap<(BreakoutId, String), u64>, WAITS>,
    pub(super) room_gate: ParentGate,
    pub(super) addressing: BTreeMap<ParticipantId, KindSet>,
    pub(super) help: BTreeMap<ParticipantId, HelpRequest>,
    pub(super) rounds: VecDeque<BTreeMap<ParticipantId, BreakoutId>>,
    pub(super) timer: TimerState,
    pub(super) expiries: BTreeSet<(UnixMillis, ParticipantId)>,
    pub(super) next_participant: u32,
    pub(super) next_track: u32,
    pub(super) next_breakout: u32,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub(super) next_ticket: Part<u64, WAITS>,
    pub(super) draws: u64,
    pub(super) draining: bool,
    pub(super) closed: bool,
    pub(super) chain: Chain,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct TimerState {
    pub(super) announced: u8,
    pub(super) time_up: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Participant<const SANCTIONS: bool> {
    pub(super) identity: String,
    pub(super) display_name: String,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub(super) token: Part<Rights, SANCTIONS>,
    pub(super) role: Role,
    pub(super) grants: Grants,
    pub(super) slots: SlotPool,
    pub(super) tracks: Vec<Track>,
    pub(super) muted_by_self: KindSet,
    pub(super) muted_by_moderator: KindSet,
    pub(super) group: GroupId,
    pub(super) stream: KindSet,
    pub(super) gate: ParentGate,
    pub(super) paused_by_joining: bool,
    pub(super) dropped: Option<UnixMillis>,
    pub(super) listening: Option<BreakoutId>,
    pub(super) joined_at: UnixMillis,
    pub(super) help_at: Option<UnixMillis>,
    pub(super) standings: VecDeque<Standing>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Track {
    pub(super) id: TrackId,
    pub(super) kind: TrackKind,
    pub(super) offered: bool,
    pub(super) published: bool,
    pub(super) routed: Option<Routed>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Routed {
    pub(super) group: GroupId,
    pub(super) since: Epoch,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Breakout<const INVITES: bool> {
    pub(super) name: String,
    pub(super) owner: Option<ParticipantId>,
    pub(super) orphaned: bool,
    pub(super) capacity: u16,
    pub(super) media: KindSet,
    pub(super) open: bool,
    pub(super) auto_move: bool,
    pub(super) self_select: bool,
    pub(super) thread_id: String,
    pub(super) invited: Invited<INVITES>,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub(super) welcome: Part<BTreeSet<String>, INVITES>,
    pub(super) members: BTreeSet<ParticipantId>,
}

/// Layouts without `INVITES` do not say by whom somebody is invited.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Invited<const INVITES: bool> {
    Identities(BTreeSet<String>),
    Asked(BTreeMap<String, Asked>),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) by: Actor,
    pub(super) assigned: bool,
}

impl<'de, const INVITES: bool> Deserialize<'de> for Invited<INVITES> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if INVITES {
            BTreeMap::deserialize(from).map(Self::Asked)
        } else {
            BTreeSet::deserialize(from).map(Self::Identities)
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Participant,
    Moderator,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Grants {
    pub(super) publish: KindSet,
    pub(super) create_breakouts: bool,
    pub(super) move_others: bool,
    pub(super) listen_in: bool,
    pub(super) address_all: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct SlotPool {
    pub(super) audio: u8,
    pub(super) video: u8,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct ParentGate {
    pub(super) paused: bool,
    pub(super) audio_muted: bool,
    pub(super) video_muted: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct HelpRequest {
    pub(super) participant: ParticipantId,
    pub(super) group: GroupId,
    pub(super) note: String,
    pub(super) at: UnixMillis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) seq: u64,
    pub(super) role: Role,
    pub(super) group: GroupId,
    pub(super) listening: Option<BreakoutId>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Chain {
    pub(super) seq: u64,
    pub(super) hash: Digest,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) enum Actor {
    Participant(ParticipantId),
    Operator,
    System,
    Key(String),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Rights {
    pub(super) role: Role,
    pub(super) grants: Grants,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) muted: KindSet,
    pub(super) role: Option<Role>,
    pub(super) given: Grants,
    pub(super) taken: Grants,
    pub(super) held: Option<BreakoutId>,
    pub(super) ban: Option<Ban>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Ban {
    pub(super) reason: String,
    pub(super) until: Option<UnixMillis>,
    pub(super) by: Actor,
    pub(super) since: UnixMillis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Ceiling {
    pub(super) max_active_talkers: u8,
    pub(super) max_breakouts: u16,
    pub(super) max_participants: u32,
    pub(super) reconnect_grace_ms: u32,
}

/// A part that only some layouts have. In the others it takes no byte.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Part<T, const THERE: bool>(Option<T>);

impl<T, const THERE: bool> Default for Part<T, THERE> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T, const THERE: bool> Part<T, THERE> {
    pub(super) const fn is_absent(&self) -> bool {
        self.0.is_none()
    }
}

impl<T: Serialize, const THERE: bool> Serialize for Part<T, THERE> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(part) => part.serialize(to),
            None => to.serialize_unit(),
        }
    }
}

impl<'de, T: Deserialize<'de>, const THERE: bool> Deserialize<'de> for Part<T, THERE> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if THERE {
            T::deserialize(from).map(|part| Self(Some(part)))
        } else {
            Ok(Self(None))
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Memory<E, const INVITES: bool> {
    pub(super) requests: Requests<INVITES>,
    pub(super) events: Events<E>,
    pub(super) moves: MoveLog,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Requests<const INVITES: bool> {
    pub(super) answers: BTreeMap<(Actor, RequestId), Answer<INVITES>>,
    pub(super) order: VecDeque<(UnixMillis, Actor, RequestId)>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Answer<const INVITES: bool> {
    pub(super) body: Digest,
    pub(super) outcome: Outcome<INVITES>,
    pub(super) epoch: Epoch,
    pub(super) seq: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Events<E> {
    pub(super) kept: VecDeque<Event<E>>,
    pub(super) seq: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Stay {
    pub(super) participant: ParticipantId,
    pub(super) identity: String,
    pub(super) group: GroupId,
    pub(super) from: UnixMillis,
    pub(super) cause: MoveCause,
    pub(super) by: Actor,
    pub(super) request_id: RequestId,
    pub(super) end: Option<StayEnd>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct StayEnd {
    pub(super) at: UnixMillis,
    pub(super) cause: MoveCause,
    pub(super) by: Actor,
    pub(super) request_id: RequestId,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct MoveLog {
    pub(super) stays: VecDeque<Stay>,
    pub(super) forgotten: u64,
    pub(super) lasting: BTreeMap<ParticipantId, u64>,
}

//! Commands as rows of format 2 have them. Nothing here is changed any more.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, RoomId, TrackKind};

use super::state::{
    Actor, Availability, CodecChoice, Grants, ParentWhileAway, Part, Role, RoomMode, SlotPool,
};
use crate::journal::digest_of;
use crate::{Digest, KindSet, RequestId, UnixMillis};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum Command<const INVITES: bool> {
    UpdateRoom(RoomPatch),
    SetMode(RoomMode),
    Drain(bool),
    CloseRoom,
    Join(Join),
    Reconnect(Reconnect),
    Reoffer(Reoffer),
    Drop {
        participant: ParticipantId,
    },
    Leave {
        participant: ParticipantId,
    },
    Remove {
        participant: ParticipantId,
    },
    SetRole {
        participant: ParticipantId,
        role: Role,
    },
    SetGrants {
        participant: ParticipantId,
        grants: Grants,
    },
    Publish {
        participant: ParticipantId,
        kind: TrackKind,
    },
    Unpublish {
        participant: ParticipantId,
        kind: TrackKind,
    },
    Mute {
        participant: ParticipantId,
        kinds: KindSet,
    },
    Unmute {
        participant: ParticipantId,
        kinds: KindSet,
    },
    SetStream {
        participant: ParticipantId,
        stream: KindSet,
    },
    CreateBreakouts(CreateBreakouts),
    CreateAndInvite {
        create: CreateBreakouts,
        seed: Option<u64>,
        force: bool,
    },
    Invite {
        breakout: BreakoutId,
        participants: Vec<ParticipantId>,
        force: bool,
    },
    Reject {
        participant: ParticipantId,
        breakout: BreakoutId,
    },
    Assign {
        breakout: Option<BreakoutId>,
        identities: Vec<String>,
    },
    JoinBreakout {
        participant: ParticipantId,
        breakout: BreakoutId,
        stream: KindSet,
    },
    LeaveBreakout {
        participant: ParticipantId,
    },
    Move {
        moves: Vec<MoveTo>,
    },
    Shuffle {
        breakouts: Selection,
        seed: Option<u64>,
    },
    Open(Selection),
    Close(Selection),
    Clear(Selection),
    Destroy(Selection),
    UpdateBreakout {
        breakout: BreakoutId,
        patch: BreakoutPatch,
    },
    UpdateBreakoutSettings(BreakoutSettingsPatch<INVITES>),
    PauseParent(GateScope),
    ResumeParent(GateScope),
    MuteParent {
        scope: GateScope,
        kinds: GateKinds,
    },
    UnmuteParent {
        scope: GateScope,
        kinds: GateKinds,
    },
    StartAddressAll {
        participant: ParticipantId,
        kinds: KindSet,
    },
    StopAddressAll {
        participant: ParticipantId,
    },
    AddressAllText {
        text: String,
    },
    ListenIn {
        participant: ParticipantId,
        breakout: BreakoutId,
    },
    StopListening {
        participant: ParticipantId,
    },
    AskForHelp {
        participant: ParticipantId,
        note: String,
    },
    AnswerHelp {
        participant: ParticipantId,
        note: String,
    },
    Chat {
        group: GroupId,
        text: String,
    },
    Timer(Timer),
    // Of the last two layouts only.
    Ban {
        whom: Whom,
        reason: String,
        until: Option<UnixMillis>,
    },
    Unban {
        identity: String,
    },
    // Of the last layout only.
    WithdrawInvitations {
        breakout: BreakoutId,
        participants: Vec<ParticipantId>,
    },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Whom {
    Participant(ParticipantId),
    Identity(String),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum Timer {
    Countdown,
    TimeUp,
    End,
    Expire(ParticipantId),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Join {
    pub(super) identity: String,
    pub(super) display_name: String,
    pub(super) role: Role,
    pub(super) grants: Grants,
    pub(super) slots: SlotPool,
    pub(super) offers: Vec<TrackKind>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Reconnect {
    pub(super) identity: String,
    pub(super) slots: SlotPool,
    pub(super) offers: Vec<TrackKind>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Reoffer {
    pub(super) participant: ParticipantId,
    pub(super) slots: SlotPool,
    pub(super) offers: Vec<TrackKind>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct CreateBreakouts {
    pub(super) participants: Option<u32>,
    pub(super) count: u32,
    pub(super) names: Vec<String>,
    pub(super) media: KindSet,
    pub(super) open: bool,
    pub(super) auto_move: bool,
    pub(super) self_select: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct BreakoutPatch {
    pub(super) name: Option<String>,
    pub(super) capacity: Option<u32>,
    pub(super) media: Option<KindSet>,
    pub(super) auto_move: Option<bool>,
    pub(super) self_select: Option<bool>,
    pub(super) owner: Option<ParticipantId>,
    pub(super) thread_id: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Selection {
    All,
    Some(Vec<BreakoutId>),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct MoveTo {
    pub(super) participant: ParticipantId,
    pub(super) to: GroupId,
    pub(super) stream: Option<KindSet>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GateScope {
    Participant(ParticipantId),
    Room,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct GateKinds {
    pub(super) audio: bool,
    pub(super) video: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct RoomPatch {
    pub(super) max_active_talkers: Option<u8>,
    pub(super) max_breakouts: Option<u16>,
    pub(super) max_participants: Option<u32>,
    pub(super) reconnect_grace_ms: Option<u32>,
    pub(super) codecs: Option<CodecChoice>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct BreakoutSettingsPatch<const INVITES: bool> {
    pub(super) availability: Option<Availability>,
    pub(super) parent_while_away: Option<ParentWhileAway>,
    pub(super) allow_return: Option<bool>,
    pub(super) self_select: Option<bool>,
    pub(super) allow_video: Option<bool>,
    pub(super) timer: Option<TimerChange>,
    pub(super) grace_ms: Option<u32>,
    pub(super) countdown_ms: Option<Vec<u32>>,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub(super) announce_presence: Part<Option<bool>, INVITES>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TimerChange {
    EndAt(UnixMillis),
    Stop,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Record<const INVITES: bool> {
    pub(super) version: u16,
    pub(super) room: RoomId,
    pub(super) seq: u64,
    pub(super) after: Epoch,
    pub(super) epoch: Epoch,
    pub(super) now: UnixMillis,
    pub(super) actor: Actor,
    pub(super) request_id: RequestId,
    pub(super) command: Command<INVITES>,
    pub(super) prev_hash: Digest,
    pub(super) hash: Digest,
}

/// The part of a record that its hash covers.
#[derive(Serialize)]
struct Hashed<'a, const INVITES: bool> {
    version: u16,
    room: RoomId,
    seq: u64,
    after: Epoch,
    epoch: Epoch,
    now: UnixMillis,
    actor: &'a Actor,
    request_id: &'a RequestId,
    command: &'a Command<INVITES>,
    prev_hash: Digest,
}

impl<const INVITES: bool> Record<INVITES> {
    /// The hash is that of the rest.
    pub(super) fn is_intact(&self) -> bool {
        let computed = digest_of(&Hashed {
            version: self.version,
            room: self.room,
            seq: self.seq,
            after: self.after,
            epoch: self.epoch,
            now: self.now,
            actor: &self.actor,
            request_id: &self.request_id,
            command: &self.command,
            prev_hash: self.prev_hash,
        });
        self.hash == computed
    }
}

impl<const INVITES: bool> Command<INVITES> {
    /// Leaves out what people wrote to others.
    pub(super) fn clear_text(&mut self) {
        if let Self::Chat { text, .. } | Self::AddressAllText { text } = self {
            text.clear();
        }
    }
}

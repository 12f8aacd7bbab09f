//! The state of a room: everything that is journalled, and queries on it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use sideroom_route::{
    BreakoutId, DropReason, Epoch, Gate, GroupId, Media, ParticipantId, TrackId, TrackKind,
};

use crate::ceiling::Ceiling;
use crate::diff_map::DiffMap;
use crate::intercom::Intercom;
use crate::journal::Chain;
use crate::person::Person;
use crate::{
    Actor, Arrangement, BreakoutError, Door, Grants, HelpRequest, KindSet, ParentGate, Rights,
    Role, RoomConfig, RoomSettings, Rotation, Schedule, ScheduleId, SlotPool, Standing, Subject,
    TrackView, UnixMillis, bounds,
};

/// The journalled state of a room. Its hash is the room's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) config: RoomConfig,
    pub(crate) participants: DiffMap<ParticipantId, Participant>,
    pub(crate) identities: BTreeMap<String, ParticipantId>,
    /// Records of people that outlast their stay.
    #[serde(default)]
    pub(crate) people: DiffMap<String, Person>,
    /// The operator's limits. States from before there were ceilings have none: see
    /// [`State::remember_people`].
    #[serde(default)]
    pub(crate) ceiling: Option<Ceiling>,
    pub(crate) breakouts: DiffMap<BreakoutId, Breakout>,
    /// By identity, so that people who are not here yet can be assigned.
    pub(crate) assignments: DiffMap<String, BreakoutId>,
    /// Identities that wait for a place in a breakout, with the number of their ticket: the smallest is
    /// served first.
    #[serde(default)]
    pub(crate) waiting: DiffMap<(BreakoutId, String), u64>,
    pub(crate) room_gate: ParentGate,
    /// Intercoms, by their speakers.
    pub(crate) addressing: DiffMap<ParticipantId, Intercom>,
    pub(crate) help: DiffMap<ParticipantId, HelpRequest>,
    /// The groups of past rounds in breakouts, the latest last.
    pub(crate) rounds: VecDeque<BTreeMap<ParticipantId, BreakoutId>>,
    pub(crate) timer: TimerState,
    /// When the places of dropped participants expire.
    pub(crate) expiries: BTreeSet<(UnixMillis, ParticipantId)>,
    pub(crate) next_participant: u32,
    pub(crate) next_track: u32,
    pub(crate) next_breakout: u32,
    #[serde(default)]
    pub(crate) next_ticket: u64,
    /// How many seeds the room has drawn.
    pub(crate) draws: u64,
    pub(crate) draining: bool,
    pub(crate) closed: bool,
    /// When the last command was given: see [`crate::bounds::STEP_BACK_MS`].
    #[serde(default)]
    pub(crate) seen: UnixMillis,
    /// The version of everything above: it moves when a command has changed something, and with nothing else.
    #[serde(default)]
    pub(crate) version: u64,
    /// The epoch since when this version holds.
    #[serde(default)]
    pub(crate) version_epoch: Epoch,
    pub(crate) chain: Chain,
    /// Those who answer an intercom, with its speaker.
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) replies: DiffMap<ParticipantId, ParticipantId>,
    /// Knocks without an answer, and when they end.
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) knocks: DiffMap<(BreakoutId, ParticipantId), UnixMillis>,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) schedules: DiffMap<ScheduleId, Schedule>,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) next_schedule: u32,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) arrangements: DiffMap<String, Arrangement>,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) rotation: Option<Box<Rotation>>,
    /// Moderators who watch all breakouts, and whether they want pictures.
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) walls: DiffMap<ParticipantId, bool>,
}

/// How far the timer has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TimerState {
    /// How many entries of the countdown are behind us.
    pub(crate) announced: u8,
    /// The time is up, the grace period runs.
    pub(crate) time_up: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Participant {
    pub(crate) identity: String,
    pub(crate) display_name: String,
    /// The rights in their token.
    #[serde(default)]
    pub(crate) token: Rights,
    /// The role that holds: the token's, as the room has changed it.
    pub(crate) role: Role,
    pub(crate) grants: Grants,
    pub(crate) slots: SlotPool,
    /// At most one of each kind.
    pub(crate) tracks: Vec<Track>,
    pub(crate) muted_by_self: KindSet,
    pub(crate) muted_by_moderator: KindSet,
    pub(crate) group: GroupId,
    /// The kinds they bring into their breakout.
    pub(crate) stream: KindSet,
    /// The media explicitly paused and muted by or for them.
    pub(crate) gate: ParentGate,
    /// Joining the breakout paused the parent.
    pub(crate) paused_by_joining: bool,
    /// The end of the grace period of a lost connection; `None` while connected.
    pub(crate) dropped: Option<UnixMillis>,
    pub(crate) listening: Option<BreakoutId>,
    /// Their own group hears nothing of them while they listen in elsewhere.
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) follows: bool,
    pub(crate) joined_at: UnixMillis,
    pub(crate) help_at: Option<UnixMillis>,
    /// Past standings, the latest last: they decide which missed events the participant may still get.
    pub(crate) standings: VecDeque<Standing>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Track {
    pub(crate) id: TrackId,
    pub(crate) kind: TrackKind,
    /// The client offered to send this kind.
    pub(crate) offered: bool,
    /// The client sends this kind now.
    pub(crate) published: bool,
    /// The audience that it is routed to, if any.
    pub(crate) routed: Option<Routed>,
}

/// Where a track is routed, and since which epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Routed {
    pub(crate) group: GroupId,
    pub(crate) since: Epoch,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Breakout {
    pub(crate) name: String,
    pub(crate) owner: Option<ParticipantId>,
    /// The owner left when no other moderator was there: the next moderator who joins becomes the owner.
    pub(crate) orphaned: bool,
    pub(crate) capacity: u16,
    pub(crate) media: KindSet,
    pub(crate) open: bool,
    pub(crate) auto_move: bool,
    pub(crate) self_select: bool,
    pub(crate) thread_id: String,
    /// The identities that are invited and have not answered.
    pub(crate) invited: BTreeMap<String, Asked>,
    /// The identities that were invited before and have not declined: they may come in without being asked
    /// again.
    #[serde(default)]
    pub(crate) welcome: BTreeSet<String>,
    pub(crate) members: BTreeSet<ParticipantId>,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) door: Door,
    /// A participant made it for themselves and those they invite.
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) side: bool,
    /// When everybody inside returns and it closes.
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) ends_at: Option<UnixMillis>,
}

/// An invitation that waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) by: Actor,
    /// The invitation assigned the invitee to the breakout.
    pub(crate) assigned: bool,
}

impl Breakout {
    /// The identity is invited, or was and has not declined.
    pub(crate) fn has_called(&self, identity: &str) -> bool {
        self.invited.contains_key(identity) || self.welcome.contains(identity)
    }

    /// It moves those in who wait, as far as there is room.
    pub(crate) fn takes_in(&self) -> bool {
        self.open && self.auto_move && self.door != Door::Locked && self.free() > 0
    }

    /// Participants may see it before they are asked.
    pub(crate) fn is_shown(&self) -> bool {
        self.self_select || self.door == Door::Knocking
    }

    pub(crate) fn occupancy(&self) -> u16 {
        u16::try_from(self.members.len()).unwrap_or(u16::MAX)
    }

    pub(crate) fn free(&self) -> usize {
        usize::from(self.capacity).saturating_sub(self.members.len())
    }
}

impl Participant {
    pub(crate) fn is_moderator(&self) -> bool {
        self.role == Role::Moderator
    }

    pub(crate) fn is_away(&self) -> bool {
        self.group != GroupId::Parent
    }

    /// In the group, or listening in on it.
    pub(crate) fn is_near(&self, group: GroupId) -> bool {
        self.group == group || self.listening.is_some() && self.listening == group.breakout()
    }

    /// A track of this participant, as the track's audience may see it.
    pub(crate) fn track_view(&self, track: &Track) -> TrackView {
        TrackView {
            track: track.id,
            kind: track.kind,
            muted_by_self: self.muted_by_self.contains(track.kind),
            muted_by_moderator: self.muted_by_moderator.contains(track.kind),
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.dropped.is_none()
    }

    pub(crate) fn track(&self, kind: TrackKind) -> Option<&Track> {
        self.tracks.iter().find(|track| track.kind == kind)
    }

    pub(crate) fn track_mut(&mut self, kind: TrackKind) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|track| track.kind == kind)
    }

    /// Why no packet of this kind may pass: the stronger mute counts.
    pub(crate) fn mute_of(&self, kind: TrackKind) -> Option<DropReason> {
        if self.muted_by_moderator.contains(kind) {
            Some(DropReason::ModeratorMuted)
        } else if self.muted_by_self.contains(kind) {
            Some(DropReason::PublisherMuted)
        } else {
            None
        }
    }

    /// Notes the participant's standing from an event on.
    pub(crate) fn keep_standing(&mut self, standing: Standing) {
        if self.standings.len() >= bounds::STANDINGS {
            self.standings.pop_front();
        }
        self.standings.push_back(standing);
    }

    /// The gate in effect, including the default on joining.
    pub(crate) fn effective_gate(&self) -> ParentGate {
        ParentGate {
            paused: self.gate.paused || self.paused_by_joining,
            ..self.gate
        }
    }
}

impl State {
    pub(crate) fn settings(&self) -> &RoomSettings {
        &self.config.settings
    }

    pub(crate) fn ceiling(&self) -> Ceiling {
        let own = || Ceiling::of(self.settings());
        self.ceiling.unwrap_or_else(own)
    }

    pub(crate) fn participant(&self, id: ParticipantId) -> Result<&Participant, BreakoutError> {
        self.participants
            .get(&id)
            .ok_or(BreakoutError::NotFound(Subject::Participant))
    }

    pub(crate) fn breakout(&self, id: BreakoutId) -> Result<&Breakout, BreakoutError> {
        self.breakouts
            .get(&id)
            .ok_or(BreakoutError::NotFound(Subject::Breakout))
    }

    /// Where a track of `kind` of `participant` belongs now; `None`: nowhere.
    pub(crate) fn audience_of(
        &self,
        participant: &Participant,
        kind: TrackKind,
    ) -> Option<GroupId> {
        let published = participant.track(kind).is_some_and(|track| track.published);
        if !published || !participant.is_connected() {
            return None;
        }
        match participant.group {
            GroupId::Parent => Some(GroupId::Parent),
            GroupId::Breakout(id) => {
                let carried = self.breakouts.get(&id)?.media;
                let brought = participant.stream.contains(kind) && carried.contains(kind);
                brought.then_some(participant.group)
            }
        }
    }

    /// The gate of the parent's `media` for a participant who is away.
    pub(crate) fn parent_gate(&self, participant: &Participant, media: Media) -> Gate {
        let own = participant.effective_gate();
        if own.paused {
            Gate::Shut(DropReason::ParentPaused)
        } else if self.room_gate.paused {
            Gate::Shut(DropReason::RoomPaused)
        } else if own.mutes(media) {
            Gate::Shut(DropReason::ParentMuted)
        } else if self.room_gate.mutes(media) {
            Gate::Shut(DropReason::RoomMuted)
        } else {
            Gate::Open
        }
    }

    /// Keeps the groups of a round, so that shuffling can avoid them later.
    pub(crate) fn keep_round(&mut self, round: BTreeMap<ParticipantId, BreakoutId>) {
        if self.rounds.len() >= bounds::ROUNDS {
            self.rounds.pop_front();
        }
        self.rounds.push_back(round);
    }

    /// The identities assigned to `breakout`.
    pub(crate) fn assigned_to(&self, breakout: BreakoutId) -> impl Iterator<Item = &String> {
        let assigned = self.assignments.iter();
        assigned.filter_map(move |(identity, to)| (*to == breakout).then_some(identity))
    }
}

/// `Err(error)` unless `condition` holds.
pub(crate) fn require(condition: bool, error: BreakoutError) -> Result<(), BreakoutError> {
    if condition { Ok(()) } else { Err(error) }
}

impl ParentGate {
    /// True if this mutes `media`.
    pub const fn mutes(&self, media: Media) -> bool {
        match media {
            Media::Audio => self.audio_muted,
            Media::Video => self.video_muted,
        }
    }
}

//! The oracle's own model of a room, built only from the log of accepted commands and their answers. It never
//! asks control who hears whom: its account is compared with the forwarders' output.

mod allow;
mod around;
mod arrangement;
mod enter;
mod groups;
mod people;
mod presence;
mod rights;
mod rotation;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sideroom_control::{
    Actor, BreakoutPatch, Command, Door, Grants, KindSet, MoveCause, Outcome, ParentGate,
    ParentWhileAway, Rights, RoomSettings, ScheduleId, SlotPool, Timer, TimerChange,
};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, RoomId, TrackId, TrackKind};

use crate::step::{Violation, ensure};
pub(crate) use allow::Picture;
pub(crate) use arrangement::Prepareds;
pub(crate) use presence::{Speech, Waiting};
pub(crate) use rights::Known;
pub(crate) use rotation::Rounds;

/// The number of the room in every world.
pub(crate) const ROOM: RoomId = RoomId(1);

/// The talkers of each group.
pub(crate) type Talkers = Rc<BTreeMap<GroupId, Vec<TrackId>>>;

/// A track, as its publisher's answers and commands tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Track {
    pub(crate) id: TrackId,
    pub(crate) kind: TrackKind,
    pub(crate) offered: bool,
    pub(crate) published: bool,
    pub(crate) routed: Option<GroupId>,
    /// Counts audiences: no two stays in a group have the same number.
    pub(crate) grouping: u32,
}

/// A participant, as the model knows them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) id: ParticipantId,
    /// The number in its identity.
    pub(crate) identity: u32,
    pub(crate) moderator: bool,
    pub(crate) token: Rights,
    pub(crate) grants: Grants,
    pub(crate) slots: SlotPool,
    pub(crate) connected: bool,
    pub(crate) group: GroupId,
    pub(crate) stream: KindSet,
    pub(crate) gate: ParentGate,
    pub(crate) paused_by_joining: bool,
    pub(crate) muted_by_self: KindSet,
    pub(crate) muted_by_moderator: KindSet,
    pub(crate) listening: Option<BreakoutId>,
    pub(crate) follows: bool,
    /// At the place of their kind.
    pub(crate) tracks: [Option<Track>; 4],
}

#[derive(Clone, Debug)]
pub(crate) struct Breakout {
    pub(crate) name: String,
    pub(crate) owner: Option<ParticipantId>,
    pub(crate) orphaned: bool,
    pub(crate) capacity: usize,
    pub(crate) media: KindSet,
    pub(crate) open: bool,
    pub(crate) auto_move: bool,
    pub(crate) self_select: bool,
    pub(crate) door: Door,
    pub(crate) side: bool,
    pub(crate) ends_at: Option<u64>,
    /// People with an invitation that they have not declined.
    pub(crate) invited: BTreeSet<u32>,
    /// Invitees without an answer, and whether the invitation assigned them.
    pub(crate) pending: BTreeMap<u32, bool>,
}

impl Breakout {
    /// An identity is not asked any more.
    pub(crate) fn forget(&mut self, number: u32) {
        self.invited.remove(&number);
        self.pending.remove(&number);
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// In the order of their ids.
    pub(crate) people: Vec<Person>,
    pub(crate) breakouts: BTreeMap<BreakoutId, Breakout>,
    pub(crate) assignments: BTreeMap<u32, BreakoutId>,
    pub(crate) known: BTreeMap<u32, Known>,
    /// The operator's limits.
    ceiling: RoomSettings,
    /// Identities that wait for a place in a breakout, in order of waiting.
    waiting: Vec<(BreakoutId, u32)>,
    pub(crate) settings: RoomSettings,
    pub(crate) room_gate: ParentGate,
    pub(crate) draining: bool,
    pub(crate) closed: bool,
    pub(crate) talkers: Talkers,
    /// Milliseconds since 1970.
    pub(crate) clock: u64,
    /// Intercoms, by their speakers.
    pub(crate) speeches: BTreeMap<ParticipantId, Speech>,
    /// Those who answer, and whom.
    pub(crate) answers: BTreeMap<ParticipantId, ParticipantId>,
    /// Knocks, and when they end.
    pub(crate) knocks: BTreeMap<(BreakoutId, ParticipantId), u64>,
    pub(crate) schedules: BTreeMap<ScheduleId, Waiting>,
    pub(crate) rotation: Option<Rounds>,
    pub(crate) arrangements: BTreeMap<String, Prepareds>,
    groupings: u32,
}

/// The identity with a number.
pub(crate) fn identity(number: u32) -> String {
    format!("u{number}")
}

/// The number of an identity.
pub(crate) fn number_of(identity: &str) -> u32 {
    let digits = identity.strip_prefix('u');
    digits.and_then(|it| it.parse().ok()).unwrap_or(u32::MAX)
}

impl Model {
    pub(crate) fn new(settings: RoomSettings) -> Self {
        Self {
            people: Vec::new(),
            breakouts: BTreeMap::new(),
            assignments: BTreeMap::new(),
            known: BTreeMap::new(),
            ceiling: settings.clone(),
            waiting: Vec::new(),
            settings,
            room_gate: ParentGate::default(),
            draining: false,
            closed: false,
            talkers: Talkers::default(),
            clock: 0,
            speeches: BTreeMap::new(),
            answers: BTreeMap::new(),
            knocks: BTreeMap::new(),
            schedules: BTreeMap::new(),
            rotation: None,
            arrangements: BTreeMap::new(),
            groupings: 0,
        }
    }

    /// Follows an accepted command, and tells if it should not have been accepted, or not answered so.
    pub(crate) fn follow(
        &mut self,
        actor: Actor,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        ensure(!self.closed, "ended room", || format!("{command:?}"))?;
        self.check_power(actor, command)?;
        self.check_mode(command)?;
        let inside = self.inside();
        self.dispatch(actor, command, outcome)?;
        self.fill_freed(actor, command, &inside)?;
        self.close_empty_side_rooms(command, &inside);
        self.finish()
    }

    fn dispatch(
        &mut self,
        actor: Actor,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::UpdateRoom(_)
            | Command::SetMode(_)
            | Command::Drain(_)
            | Command::CloseRoom
            | Command::UpdateBreakoutSettings(_) => self.follow_room(actor, command),
            Command::Join(_)
            | Command::Reconnect(_)
            | Command::Reoffer(_)
            | Command::Drop { .. }
            | Command::Leave { .. }
            | Command::Remove { .. }
            | Command::Ban { .. }
            | Command::Unban { .. } => self.follow_coming(command, outcome),
            Command::SetRole { .. }
            | Command::SetGrants { .. }
            | Command::Publish { .. }
            | Command::Unpublish { .. }
            | Command::Mute { .. }
            | Command::Unmute { .. }
            | Command::SetStream { .. } => self.follow_person(actor, command),
            Command::PauseParent(_)
            | Command::ResumeParent(_)
            | Command::MuteParent { .. }
            | Command::UnmuteParent { .. } => self.follow_gate(command),
            Command::StartAddressAll { .. }
            | Command::StopAddressAll { .. }
            | Command::ListenIn { .. }
            | Command::StopListening { .. } => self.follow_across(command),
            Command::StartIntercom { .. }
            | Command::StopIntercom { .. }
            | Command::StartReply { .. }
            | Command::StopReply { .. }
            | Command::Knock { .. }
            | Command::StopKnocking { .. }
            | Command::AnswerKnock { .. }
            | Command::CreateSideRoom(_)
            | Command::Schedule { .. }
            | Command::ChangeSchedule { .. }
            | Command::CancelSchedule { .. } => self.follow_presence(actor, command, outcome),
            Command::StartRotation(_) | Command::ChangeRotation { .. } => {
                self.follow_rotation(command, outcome)
            }
            Command::SaveArrangement { .. }
            | Command::RemoveArrangement { .. }
            | Command::ApplyArrangement { .. } => self.follow_arrangement(actor, command, outcome),
            Command::AddressAllText { .. }
            | Command::AskForHelp { .. }
            | Command::AnswerHelp { .. }
            | Command::Chat { .. } => Ok(()),
            Command::CreateBreakouts(_)
            | Command::CreateAndInvite { .. }
            | Command::Invite { .. }
            | Command::Reject { .. }
            | Command::WithdrawInvitations { .. }
            | Command::Assign { .. } => self.follow_inviting(actor, command, outcome),
            Command::JoinBreakout { .. }
            | Command::LeaveBreakout { .. }
            | Command::Move { .. }
            | Command::Shuffle { .. } => self.follow_going(actor, command, outcome),
            Command::Open(_)
            | Command::Close(_)
            | Command::Clear(_)
            | Command::Destroy(_)
            | Command::UpdateBreakout { .. } => self.follow_groups(actor, command, outcome),
            Command::Timer(Timer::Rotation) => self.follow_rotation(command, outcome),
            Command::Timer(timer) => self.follow_timer(*timer),
        }
    }

    /// Takes the steps that are the same after every command.
    fn finish(&mut self) -> Result<(), Violation> {
        self.keep_speeches();
        self.keep_knocks();
        self.keep_rotation();
        self.settle();
        self.check_limits()
    }

    /// Every track has its one audience.
    fn settle(&mut self) {
        for one in &mut self.people {
            one.follows &= one.listening.is_some();
            let carried = match one.group {
                GroupId::Parent => KindSet::ALL,
                GroupId::Breakout(id) => self
                    .breakouts
                    .get(&id)
                    .map_or(KindSet::NONE, |it| it.media.intersection(one.stream)),
            };
            for track in one.tracks.iter_mut().flatten() {
                let live = track.published && one.connected && carried.contains(track.kind);
                let routed = live.then_some(one.group);
                if track.routed != routed {
                    track.routed = routed;
                    self.groupings += 1;
                    track.grouping = self.groupings;
                }
            }
        }
    }

    /// Rules 3 and 4, and that everybody is in an existing group.
    fn check_limits(&self) -> Result<(), Violation> {
        let count = self.breakouts.len();
        ensure(
            count <= usize::from(self.settings.max_breakouts) || self.breakouts.is_empty(),
            "limits",
            || format!("{count} breakouts"),
        )?;
        let mut inside: BTreeMap<BreakoutId, usize> = BTreeMap::new();
        for one in &self.people {
            if let Some(id) = one.group.breakout() {
                *inside.entry(id).or_default() += 1;
            }
        }
        let largest = usize::from(self.settings.largest_capacity());
        for (id, breakout) in &self.breakouts {
            let capacity = breakout.capacity;
            ensure((2..=largest).contains(&capacity), "capacity", || {
                format!("{id} holds {capacity}, the room allows {largest}")
            })?;
            let count = inside.remove(id).unwrap_or_default();
            ensure(count <= capacity, "capacity", || {
                format!("{count} are in {id}, which holds {capacity}")
            })?;
            ensure(breakout.open || count == 0, "closed breakout", || {
                format!("{count} are in {id}, which is closed")
            })?;
        }
        ensure(inside.is_empty(), "groups", || {
            format!("people are in breakouts that do not exist: {inside:?}")
        })
    }

    pub(crate) fn index(&self, id: ParticipantId) -> Option<usize> {
        self.people.binary_search_by_key(&id, |one| one.id).ok()
    }

    pub(crate) fn person(&self, id: ParticipantId) -> Option<&Person> {
        self.people.get(self.index(id)?)
    }

    /// The participant that an accepted command names.
    pub(crate) fn named(&mut self, id: ParticipantId) -> Result<&mut Person, Violation> {
        let index = self.index(id);
        let person = index.and_then(|index| self.people.get_mut(index));
        person.ok_or_else(|| Violation::new("unknown", format!("{id} is not in the room")))
    }

    pub(crate) fn breakout(&mut self, id: BreakoutId) -> Result<&mut Breakout, Violation> {
        let breakout = self.breakouts.get_mut(&id);
        breakout.ok_or_else(|| Violation::new("unknown", format!("there is no {id}")))
    }

    pub(crate) fn members(&self, id: BreakoutId) -> Vec<ParticipantId> {
        let inside = |one: &&Person| one.group == GroupId::Breakout(id);
        self.people
            .iter()
            .filter(inside)
            .map(|one| one.id)
            .collect()
    }

    /// Places a participant in another group.
    fn place(
        &mut self,
        id: ParticipantId,
        to: GroupId,
        (cause, stream): (MoveCause, Option<KindSet>),
    ) -> Result<(), Violation> {
        let pauses = self.settings.breakouts.parent_while_away == ParentWhileAway::Paused;
        let one = self.named(id)?;
        let from = one.group;
        if from == to {
            return Ok(());
        }
        one.group = to;
        one.stream = stream.unwrap_or(KindSet::ALL);
        if to == GroupId::Parent {
            one.paused_by_joining = false;
            match cause {
                MoveCause::Cleared | MoveCause::Closed | MoveCause::TimeUp | MoveCause::Rotated => {
                    one.gate.paused = false;
                }
                MoveCause::Destroyed => one.gate = ParentGate::default(),
                _ => {}
            }
        } else if from == GroupId::Parent {
            one.paused_by_joining = pauses;
        }
        if one.listening == to.breakout() {
            one.listening = None;
        }
        let number = one.identity;
        if let Some(id) = to.breakout() {
            self.waiting.retain(|it| *it != (id, number));
            for breakout in self.breakouts.values_mut() {
                breakout.pending.remove(&number);
            }
        }
        Ok(())
    }

    fn patch_breakout(&mut self, id: BreakoutId, patch: &BreakoutPatch) -> Result<(), Violation> {
        let allow_video = self.settings.breakouts.allow_video;
        let clock = self.clock;
        let held = self.breakout(id)?;
        if let Some(name) = &patch.name {
            held.name.clone_from(name);
        }
        if let Some(capacity) = patch.capacity {
            held.capacity = capacity as usize;
        }
        if let Some(media) = patch.media {
            let camera = media.contains(TrackKind::Camera);
            let had = held.media.contains(TrackKind::Camera);
            ensure(allow_video || !camera || had, "media", || {
                format!("{id} got video")
            })?;
            held.media = media;
        }
        if let Some(owner) = patch.owner {
            held.owner = Some(owner);
            held.orphaned = false;
        }
        match patch.timer {
            None => {}
            Some(TimerChange::Stop) => held.ends_at = None,
            Some(TimerChange::EndAt(at)) => {
                ensure(at.0 > clock && held.open, "timers", || {
                    format!("{id} ends at {at:?}, it is {clock}")
                })?;
                held.ends_at = Some(at.0);
            }
        }
        let begins = patch.auto_move == Some(true) && !held.auto_move;
        held.door = patch.door.unwrap_or(held.door);
        held.auto_move = patch.auto_move.unwrap_or(held.auto_move);
        held.self_select = patch.self_select.unwrap_or(held.self_select);
        if begins {
            self.call_everybody(id);
        }
        self.fill(id)
    }
}

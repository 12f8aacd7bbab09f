//! Changes of the state, as values: the journal keeps these.
//!
//! Making the changes again needs no rules and cannot fail, so a newer server reads them whatever its rules
//! are. What follows from other parts of the state (members of a breakout, identities, expiries) is not
//! among them: [`State::make`] keeps it in step.

mod entries;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use self::entries::{breakouts_changed, change_entry, entries_changed, participants_changed};
use crate::ceiling::Ceiling;
use crate::intercom::Intercom;
use crate::journal::Chain;
use crate::person::Person;
use crate::state::{Asked, Breakout, Participant, State, TimerState, Track};
use crate::{
    Arrangement, Door, Grants, HelpRequest, KindSet, ParentGate, Rights, Role, RoomSettings,
    Rotation, Schedule, ScheduleId, SlotPool, Standing, UnixMillis,
};

/// One change. New kinds are added at the end: the journal knows them by their place in this list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Change {
    Settings(Box<RoomSettings>),
    RoomGate(ParentGate),
    Timer(TimerState),
    Counters(Counters),
    Draining(bool),
    Closed(bool),
    /// A round of breakouts was kept for shuffling.
    Round(BTreeMap<ParticipantId, BreakoutId>),
    BreakoutMade(BreakoutId, Box<Breakout>),
    Breakout(BreakoutId, BreakoutField),
    Came(ParticipantId, Box<Participant>),
    Participant(ParticipantId, ParticipantField),
    Standing(ParticipantId, Standing),
    Gone(ParticipantId),
    BreakoutGone(BreakoutId),
    Assigned(String, Option<BreakoutId>),
    Waiting(BreakoutId, String, Option<u64>),
    Addressing(ParticipantId, Option<Intercom>),
    Help(ParticipantId, Option<HelpRequest>),
    Person(String, Option<Person>),
    Ceiling(Option<Ceiling>),
    Reply(ParticipantId, Option<ParticipantId>),
    Knock(BreakoutId, ParticipantId, Option<UnixMillis>),
    Schedule(ScheduleId, Option<Box<Schedule>>),
    NextSchedule(u32),
    Arrangement(String, Option<Arrangement>),
    Rotation(Option<Box<Rotation>>),
    Wall(ParticipantId, Option<bool>),
}

/// The next numbers of everything that is numbered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Counters {
    participant: u32,
    track: u32,
    breakout: u32,
    ticket: u64,
    draws: u64,
}

/// The parts of the state that are no maps, as they were before a command.
pub(crate) struct ScalarsBefore {
    settings: RoomSettings,
    room_gate: ParentGate,
    timer: TimerState,
    counters: Counters,
    draining: bool,
    closed: bool,
    ceiling: Option<Ceiling>,
    next_schedule: u32,
    rotation: Option<Box<Rotation>>,
}

/// Makes the changes of single fields: one variant for each field of a type. Fields that are `apart` never
/// change or are looked after by [`State::make`]; a field that is in neither list does not compile.
macro_rules! fields {
    ($name:ident of $of:ident { $($variant:ident($field:ident: $type:ty),)* } apart { $($apart:ident),* }) => {
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        pub(crate) enum $name {
            $($variant($type),)*
        }

        impl $name {
            fn between(before: &$of, now: &$of) -> Vec<Self> {
                let $of { $($field,)* $($apart: _,)* } = now;
                let mut all = Vec::new();
                $(if before.$field != *$field {
                    all.push(Self::$variant($field.clone()));
                })*
                all
            }

            fn make(&self, on: &mut $of) {
                match self {
                    $(Self::$variant(value) => on.$field.clone_from(value),)*
                }
            }
        }
    };
}

fields! {
    ParticipantField of Participant {
        DisplayName(display_name: String),
        Token(token: Rights),
        Role(role: Role),
        Grants(grants: Grants),
        Slots(slots: SlotPool),
        Tracks(tracks: Vec<Track>),
        MutedBySelf(muted_by_self: KindSet),
        MutedByModerator(muted_by_moderator: KindSet),
        Group(group: GroupId),
        Stream(stream: KindSet),
        Gate(gate: ParentGate),
        PausedByJoining(paused_by_joining: bool),
        Dropped(dropped: Option<UnixMillis>),
        Listening(listening: Option<BreakoutId>),
        HelpAt(help_at: Option<UnixMillis>),
        Follows(follows: bool),
    } apart { identity, joined_at, standings }
}

fields! {
    BreakoutField of Breakout {
        Name(name: String),
        Owner(owner: Option<ParticipantId>),
        Orphaned(orphaned: bool),
        Capacity(capacity: u16),
        Media(media: KindSet),
        Open(open: bool),
        AutoMove(auto_move: bool),
        SelfSelect(self_select: bool),
        ThreadId(thread_id: String),
        Invited(invited: BTreeMap<String, Asked>),
        Welcome(welcome: std::collections::BTreeSet<String>),
        Door(door: Door),
        EndsAt(ends_at: Option<UnixMillis>),
    } apart { members, side }
}

impl ScalarsBefore {
    pub(crate) fn of(state: &State) -> Self {
        Self {
            settings: state.config.settings.clone(),
            room_gate: state.room_gate,
            timer: state.timer,
            counters: counters(state),
            draining: state.draining,
            closed: state.closed,
            ceiling: state.ceiling,
            next_schedule: state.next_schedule,
            rotation: state.rotation.clone(),
        }
    }
}

const fn counters(state: &State) -> Counters {
    Counters {
        participant: state.next_participant,
        track: state.next_track,
        breakout: state.next_breakout,
        ticket: state.next_ticket,
        draws: state.draws,
    }
}

impl State {
    /// Everything that has changed since `before`. `kept`: how many rounds were kept.
    pub(crate) fn take_changes(&mut self, before: &ScalarsBefore, kept: usize) -> Vec<Change> {
        let mut all = self.changes_of_room(before);
        // Without a rest: a part that is added to the state does not compile until it is here.
        let Self {
            participants,
            breakouts,
            assignments,
            waiting,
            addressing,
            help,
            people,
            rounds,
            replies,
            knocks,
            schedules,
            arrangements,
            walls,
            // By `changes_of_room`.
            config: _,
            room_gate: _,
            timer: _,
            next_participant: _,
            next_track: _,
            next_breakout: _,
            next_ticket: _,
            draws: _,
            draining: _,
            closed: _,
            ceiling: _,
            next_schedule: _,
            rotation: _,
            // These follow from the others, or from the record itself.
            identities: _,
            expiries: _,
            seen: _,
            version: _,
            version_epoch: _,
            chain: _,
        } = self;
        let earlier = rounds.len().saturating_sub(kept);
        all.extend(rounds.iter().skip(earlier).cloned().map(Change::Round));
        // Breakouts before those who come in, and after those who leave.
        let gone = breakouts_changed(&mut all, breakouts.take_changes());
        participants_changed(&mut all, participants.take_changes());
        all.extend(gone);
        entries_changed(&mut all, assignments.take_changes(), Change::Assigned);
        let waits = |(breakout, identity), ticket| Change::Waiting(breakout, identity, ticket);
        entries_changed(&mut all, waiting.take_changes(), waits);
        entries_changed(&mut all, addressing.take_changes(), Change::Addressing);
        entries_changed(&mut all, help.take_changes(), Change::Help);
        entries_changed(&mut all, people.take_changes(), Change::Person);
        entries_changed(&mut all, replies.take_changes(), Change::Reply);
        let knock = |(breakout, id), until| Change::Knock(breakout, id, until);
        entries_changed(&mut all, knocks.take_changes(), knock);
        let schedule = |id, it: Option<Schedule>| Change::Schedule(id, it.map(Box::new));
        entries_changed(&mut all, schedules.take_changes(), schedule);
        entries_changed(&mut all, arrangements.take_changes(), Change::Arrangement);
        entries_changed(&mut all, walls.take_changes(), Change::Wall);
        all
    }

    fn changes_of_room(&self, before: &ScalarsBefore) -> Vec<Change> {
        let mut all = Vec::new();
        if before.settings != self.config.settings {
            all.push(Change::Settings(Box::new(self.config.settings.clone())));
        }
        if before.room_gate != self.room_gate {
            all.push(Change::RoomGate(self.room_gate));
        }
        if before.timer != self.timer {
            all.push(Change::Timer(self.timer));
        }
        if before.counters != counters(self) {
            all.push(Change::Counters(counters(self)));
        }
        if before.draining != self.draining {
            all.push(Change::Draining(self.draining));
        }
        if before.closed != self.closed {
            all.push(Change::Closed(self.closed));
        }
        if before.ceiling != self.ceiling {
            all.push(Change::Ceiling(self.ceiling));
        }
        if before.next_schedule != self.next_schedule {
            all.push(Change::NextSchedule(self.next_schedule));
        }
        if before.rotation != self.rotation {
            all.push(Change::Rotation(self.rotation.clone()));
        }
        all
    }

    /// Forgets what was changed: it is kept, or follows from the journal.
    pub(crate) fn forget_changes(&mut self) {
        self.participants.forget_changes();
        self.breakouts.forget_changes();
        self.assignments.forget_changes();
        self.waiting.forget_changes();
        self.addressing.forget_changes();
        self.help.forget_changes();
        self.people.forget_changes();
        self.replies.forget_changes();
        self.knocks.forget_changes();
        self.schedules.forget_changes();
        self.arrangements.forget_changes();
        self.walls.forget_changes();
    }

    /// Makes a change again. It cannot fail: a change of something that is not there does nothing.
    pub(crate) fn make(&mut self, change: &Change) {
        match change {
            Change::Settings(settings) => self.config.settings.clone_from(settings),
            Change::RoomGate(gate) => self.room_gate = *gate,
            Change::Timer(timer) => self.timer = *timer,
            Change::Counters(next) => {
                self.next_participant = next.participant;
                self.next_track = next.track;
                self.next_breakout = next.breakout;
                self.next_ticket = next.ticket;
                self.draws = next.draws;
            }
            Change::Draining(draining) => self.draining = *draining,
            Change::Closed(closed) => self.closed = *closed,
            Change::Round(round) => self.keep_round(round.clone()),
            Change::BreakoutMade(id, made) => {
                let mut made = Breakout::clone(made);
                made.members.clear();
                self.breakouts.insert(*id, made);
            }
            Change::Breakout(id, field) => {
                if let Some(held) = self.breakouts.get_mut(id) {
                    field.make(held);
                }
            }
            Change::Came(id, one) => {
                let mut one = Participant::clone(one);
                let (group, dropped) = (one.group, one.dropped.take());
                one.group = GroupId::Parent;
                self.identities.insert(one.identity.clone(), *id);
                self.participants.insert(*id, one);
                self.change_participant(*id, |one| (one.group, one.dropped) = (group, dropped));
            }
            Change::Participant(id, field) => self.change_participant(*id, |one| field.make(one)),
            Change::Standing(id, standing) => {
                self.change_participant(*id, |one| one.keep_standing(*standing));
            }
            Change::Gone(id) => {
                self.change_participant(*id, |one| {
                    (one.group, one.dropped) = (GroupId::Parent, None)
                });
                if let Some(one) = self.participants.remove(id) {
                    self.identities.remove(&one.identity);
                }
            }
            Change::BreakoutGone(id) => drop(self.breakouts.remove(id)),
            Change::Assigned(identity, to) => change_entry(&mut self.assignments, identity, *to),
            Change::Waiting(breakout, identity, ticket) => {
                change_entry(&mut self.waiting, &(*breakout, identity.clone()), *ticket);
            }
            Change::Addressing(id, held) => change_entry(&mut self.addressing, id, held.clone()),
            Change::Help(id, request) => change_entry(&mut self.help, id, request.clone()),
            Change::Person(identity, known) => {
                change_entry(&mut self.people, identity, known.clone());
            }
            Change::Ceiling(ceiling) => self.ceiling = *ceiling,
            Change::Reply(id, to) => change_entry(&mut self.replies, id, *to),
            Change::Knock(breakout, id, until) => {
                change_entry(&mut self.knocks, &(*breakout, *id), *until);
            }
            Change::Schedule(id, held) => {
                change_entry(&mut self.schedules, id, held.as_deref().cloned());
            }
            Change::NextSchedule(next) => self.next_schedule = *next,
            Change::Arrangement(name, held) => {
                change_entry(&mut self.arrangements, name, held.clone());
            }
            Change::Rotation(held) => self.rotation.clone_from(held),
            Change::Wall(id, held) => change_entry(&mut self.walls, id, *held),
        }
    }

    /// Changes a participant, and what follows from where they are and until when they are dropped.
    fn change_participant(&mut self, id: ParticipantId, change: impl FnOnce(&mut Participant)) {
        let Some(one) = self.participants.get_mut(&id) else {
            return;
        };
        let (from, dropped) = (one.group, one.dropped);
        change(one);
        let (to, until) = (one.group, one.dropped);
        if let Some(dropped) = dropped {
            self.expiries.remove(&(dropped, id));
        }
        self.expiries.extend(until.map(|until| (until, id)));
        if from == to {
            return;
        }
        let left = from.breakout();
        if let Some(from) = left.and_then(|from| self.breakouts.derived_mut(&from)) {
            from.members.remove(&id);
        }
        let entered = to.breakout();
        if let Some(to) = entered.and_then(|to| self.breakouts.derived_mut(&to)) {
            to.members.insert(id);
        }
    }

    /// After a record: where the journal is.
    pub(crate) fn follow(&mut self, now: UnixMillis, chain: Chain) {
        self.seen = now;
        self.chain = chain;
    }
}

//! A room: commands go in; outcomes, events, journal records and route updates come out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sideroom_route::{Epoch, GroupId, ParticipantId, RoomId, RoutePlan, RouteUpdate, TrackKind};

use crate::ceiling::Ceiling;
use crate::change::{Before, Change};
use crate::diff_map::DiffMap;
use crate::journal::{Chain, digest_of};
use crate::memory::{Answer, Memory};
use crate::old::Rules;
use crate::planner::{Delta, Planner, route_tracks};
use crate::recall::Cause;
use crate::state::{State, TimerState, require};
use crate::turn::{Effects, Turn};
use crate::volatile::Volatile;
use crate::{
    Actor, Applied, BreakoutError, Command, Digest, Event, MoveLog, Outcome, ParentGate, Record,
    ReplayError, Request, RequestId, Rights, RoomConfig, RoomSettings, RoomView, SlotPool, Timer,
    UnixMillis, Viewer, apply, bounds,
};

/// One room: the only place where anything about it is decided.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) state: State,
    pub(crate) volatile: Volatile,
    pub(crate) memory: Memory,
    pub(crate) planner: Planner,
    pub(crate) epoch: Epoch,
    /// The rules of the commands that follow in a journal of an older format.
    pub(crate) old: Option<Rules>,
}

/// The state of the room on which a caller bases a decision. See [`Room::version`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// The state at this version.
    Version(u64),
    /// The room at this epoch, or at this version: for callers from before there were versions.
    Epoch(Epoch),
}

impl From<Epoch> for Expected {
    fn from(epoch: Epoch) -> Self {
        Self::Epoch(epoch)
    }
}

/// Under which conditions a command is applied.
pub(crate) enum Mode {
    /// As it comes.
    Live,
    /// If the caller has seen what there is.
    Expecting(Expected),
    /// From a journal of an older format: it led to this epoch, and to this place in the chain.
    Old(Rules, Epoch, Chain),
}

impl Room {
    /// An empty room. Refuses settings that cannot be.
    pub fn new(config: RoomConfig) -> Result<Self, BreakoutError> {
        apply::check_settings(&config.settings)?;
        apply::check_end(&config.settings.breakouts, config.created_at)?;
        let chain = Chain::new(&config);
        let created_at = config.created_at;
        let timer = TimerState::new(&config.settings.breakouts, created_at);
        let ceiling = Some(Ceiling::of(&config.settings));
        let mut room = Self {
            state: State {
                config,
                participants: DiffMap::default(),
                identities: BTreeMap::new(),
                people: DiffMap::default(),
                ceiling,
                breakouts: DiffMap::default(),
                assignments: DiffMap::default(),
                waiting: DiffMap::default(),
                room_gate: ParentGate::default(),
                addressing: DiffMap::default(),
                help: DiffMap::default(),
                rounds: VecDeque::new(),
                timer,
                expiries: BTreeSet::new(),
                next_participant: 1,
                next_track: 1,
                next_breakout: 1,
                next_ticket: 1,
                draws: 0,
                draining: false,
                closed: false,
                seen: created_at,
                version: 0,
                version_epoch: Epoch(0),
                chain,
            },
            volatile: Volatile::default(),
            memory: Memory::default(),
            planner: Planner::default(),
            epoch: Epoch(0),
            old: None,
        };
        room.rebuild();
        Ok(room)
    }

    /// Does what `command` asks, whole, or changes nothing. The same request id of the same actor with the
    /// same command gets the first answer again.
    pub fn apply(
        &mut self,
        now: UnixMillis,
        actor: Actor,
        request_id: &RequestId,
        command: Command,
    ) -> Result<Applied, BreakoutError> {
        let request = Request {
            now,
            actor,
            id: request_id.clone(),
            command,
        };
        self.run(request, &Mode::Live)
    }

    /// As [`Room::apply`], if the room is still as the caller has seen it. A repeated request is answered
    /// whatever the room is like by now.
    pub fn apply_at(
        &mut self,
        expected: impl Into<Expected>,
        now: UnixMillis,
        actor: Actor,
        (id, command): (&RequestId, Command),
    ) -> Result<Applied, BreakoutError> {
        let request = Request {
            now,
            actor,
            id: id.clone(),
            command,
        };
        self.run(request, &Mode::Expecting(expected.into()))
    }

    /// Does what has come due, in order.
    pub fn tick(&mut self, now: UnixMillis) -> Vec<Applied> {
        self.run_due(now, State::next_timer)
    }

    /// As [`Room::tick`], without the places of those who dropped: for a caller that counts their spans on a
    /// clock that does not jump, and ends them with [`Room::expire`].
    pub fn tick_calendar(&mut self, now: UnixMillis) -> Vec<Applied> {
        self.run_due(now, State::next_calendar_timer)
    }

    /// When [`Room::tick_calendar`] has something to do next.
    pub fn next_calendar_deadline(&self) -> Option<UnixMillis> {
        self.state.next_calendar_timer().map(|(at, _)| at)
    }

    /// The place of somebody who dropped is kept no longer, whatever the calendar says.
    pub fn expire(
        &mut self,
        now: UnixMillis,
        participant: ParticipantId,
    ) -> Result<Applied, BreakoutError> {
        let until = self.state.participant(participant)?.dropped;
        let now = until.map_or(now, |until| until.max(now));
        self.run_own_timer(now, Timer::Expire(participant))
    }

    fn run_due(
        &mut self,
        now: UnixMillis,
        next: fn(&State) -> Option<(UnixMillis, Timer)>,
    ) -> Vec<Applied> {
        let mut all = Vec::new();
        while let Some((at, timer)) = next(&self.state)
            && at <= now
        {
            match self.run_own_timer(now, timer) {
                Ok(applied) => all.push(applied),
                Err(_) => break,
            }
        }
        all
    }

    fn run_own_timer(&mut self, now: UnixMillis, timer: Timer) -> Result<Applied, BreakoutError> {
        let id = format!("timer-{}", self.state.chain.seq + 1);
        let id = RequestId::new(&id).expect("invariant: a number fits a request id");
        self.apply(now, Actor::System, &id, Command::Timer(timer))
    }

    /// When [`Room::tick`] has something to do next; `None`: not before something else happens.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        self.state.next_timer().map(|(at, _)| at)
    }

    /// The routing table as it is: what a worker is given that starts from nothing.
    pub fn table(&self) -> RoutePlan {
        self.planner.table(&self.state, self.epoch)
    }

    /// A digest of everything that is journalled.
    pub fn state_hash(&self) -> Digest {
        digest_of(&self.state)
    }

    /// The room as `viewer` may see it; `None` if the viewer is not in it.
    pub fn view(&self, viewer: Viewer) -> Option<RoomView> {
        self.state.view(viewer, self.epoch, self.seq())
    }

    /// The room's number on this node.
    pub fn id(&self) -> RoomId {
        self.state.config.id
    }

    /// The room's public id.
    pub fn name(&self) -> &str {
        &self.state.config.name
    }

    /// The room's settings.
    pub fn settings(&self) -> &RoomSettings {
        self.state.settings()
    }

    /// The version of the routing table.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The version of the room's state. It moves with every command that changes something, and with nothing
    /// else: not with who talks, nor with what is looked at, nor with texts. It is never below the epoch at
    /// which it began to hold.
    pub fn version(&self) -> u64 {
        self.state.version
    }

    /// The number of the last event.
    pub fn seq(&self) -> u64 {
        self.memory.events.seq()
    }

    /// The number of the last journal record.
    pub fn record_seq(&self) -> u64 {
        self.state.chain.seq
    }

    /// The room has ended.
    pub fn is_closed(&self) -> bool {
        self.state.closed
    }

    /// Everybody who is in the room or keeps its place.
    pub fn participants(&self) -> impl Iterator<Item = ParticipantId> + '_ {
        self.state.participants.keys().copied()
    }

    /// The participant with this identity, if it is in the room or keeps its place.
    pub fn participant_id(&self, identity: &str) -> Option<ParticipantId> {
        self.state.identities.get(identity).copied()
    }

    /// What the token says that a participant came in with last.
    pub fn token_of(&self, participant: ParticipantId) -> Option<Rights> {
        let one = self.state.participants.get(&participant)?;
        Some(one.token)
    }

    /// The identity of a participant.
    pub fn identity(&self, participant: ParticipantId) -> Option<&str> {
        let one = self.state.participants.get(&participant)?;
        Some(&one.identity)
    }

    /// The group that a participant is in.
    pub fn group_of(&self, participant: ParticipantId) -> Option<GroupId> {
        let one = self.state.participants.get(&participant)?;
        Some(one.group)
    }

    /// How much a participant can receive at once, and what it can send.
    pub fn media_of(&self, participant: ParticipantId) -> Option<(SlotPool, Vec<TrackKind>)> {
        let one = self.state.participants.get(&participant)?;
        let offered = one.tracks.iter().filter(|track| track.offered);
        Some((one.slots, offered.map(|track| track.kind).collect()))
    }

    /// How many breakouts there are.
    pub fn breakout_count(&self) -> usize {
        self.state.breakouts.len()
    }

    /// When the room was made.
    pub fn created_at(&self) -> UnixMillis {
        self.state.config.created_at
    }

    /// Who was where, and when.
    pub fn move_log(&self) -> &MoveLog {
        &self.memory.moves
    }

    pub(crate) fn run(&mut self, request: Request, mode: &Mode) -> Result<Applied, BreakoutError> {
        let old = match mode {
            Mode::Old(rules, ..) => Some(*rules),
            Mode::Live | Mode::Expecting(_) => None,
        };
        // Nobody repeats what the node itself asks.
        let remembered = old.is_none() && request.actor != Actor::System;
        let body = remembered.then(|| digest_of(&request.command));
        if remembered
            && let Some(answer) = self.memory.requests.answer_to(request.actor, &request.id)
        {
            return repeat(answer, body);
        }
        self.check_expected(mode)?;
        let now = self.moment(request.now);
        let (outcome, mut effects, before) = self.decide(&request, now, old)?;
        let update = self.advance(&effects.touched, effects.everyone);
        if let Mode::Old(_, epoch, _) = mode {
            self.epoch = *epoch;
        }
        let due = match request.command {
            Command::Timer(timer) => Some(timer),
            _ => None,
        };
        let cause = Cause {
            now,
            actor: request.actor,
            request_id: &request.id,
            by_timer: due.is_some(),
        };
        self.note_standings(&effects);
        let changes = self.state.take_changes(&before, effects.round);
        if !changes.is_empty() {
            self.state.version = self.epoch.0.max(self.state.version + 1);
            self.state.version_epoch = self.epoch;
        }
        let events = self.number_events(&cause, &effects);
        self.memory.events.keep(&events);
        self.note_moves(&cause, &effects);
        let record = if let Mode::Old(_, _, chain) = mode {
            self.state.follow(now, *chain);
            self.remember(&cause, None, &outcome);
            None
        } else {
            if remembered {
                self.remember(&cause, body, &outcome);
            }
            effects.keep_for_journal();
            let made = (outcome.clone(), changes, effects);
            Some(self.record(&cause, (request.command.name(), body), made))
        };
        Ok(Applied {
            outcome,
            events,
            update,
            epoch: self.epoch,
            version: self.state.version,
            seq: self.seq(),
            record,
            repeated: false,
            due,
        })
    }

    /// The moment of a command. The room's time does not run backwards, unless a calendar that was far ahead is
    /// set right.
    fn moment(&self, now: UnixMillis) -> UnixMillis {
        let seen = self.state.seen;
        match seen.since(now) > bounds::STEP_BACK_MS {
            true => now,
            false => now.max(seen),
        }
    }

    /// Does what is asked to the state and its tracks, or changes nothing.
    fn decide(
        &mut self,
        request: &Request,
        now: UnixMillis,
        replays: Option<Rules>,
    ) -> Result<(Outcome, Effects, Before), BreakoutError> {
        let before = Before::of(&self.state);
        let mut turn = Turn {
            state: &mut self.state,
            now,
            actor: request.actor,
            replays,
            effects: Effects::default(),
        };
        let outcome = apply::run(&mut turn, &request.command);
        let effects = turn.effects;
        match outcome {
            Err(error) => {
                self.state.settle();
                Err(error)
            }
            Ok(outcome) => {
                self.forget_absent(&effects);
                route_tracks(&mut self.state, &effects.touched, self.epoch.next());
                Ok((outcome, effects, before))
            }
        }
    }

    /// Whether the room is still as the caller has seen it.
    fn check_expected(&self, mode: &Mode) -> Result<(), BreakoutError> {
        let version = self.state.version;
        match mode {
            Mode::Expecting(Expected::Version(seen)) if *seen != version => {
                Err(BreakoutError::VersionMismatch { current: version })
            }
            Mode::Expecting(Expected::Epoch(seen)) => {
                // A version is never below its epoch, so an epoch from before it is no version.
                let same = (self.state.version_epoch..=self.epoch).contains(seen);
                let current = self.epoch;
                let fresh = same || seen.0 == version;
                require(fresh, BreakoutError::EpochMismatch { current })
            }
            Mode::Live | Mode::Old(..) | Mode::Expecting(Expected::Version(_)) => Ok(()),
        }
    }

    fn remember(&mut self, cause: &Cause<'_>, body: Option<Digest>, outcome: &Outcome) {
        let answer = Answer {
            body,
            outcome: outcome.clone(),
            epoch: self.epoch,
            version: self.state.version,
            seq: self.seq(),
        };
        let requests = &mut self.memory.requests;
        requests.remember(cause.now, cause.actor, cause.request_id, answer);
    }

    /// The next link of the journal.
    fn record(
        &mut self,
        cause: &Cause<'_>,
        (command, body): (&str, Option<Digest>),
        (outcome, changes, effects): (Outcome, Vec<Change>, Effects),
    ) -> Record {
        let mut record = Record {
            version: Record::VERSION,
            room: self.id(),
            seq: self.state.chain.seq + 1,
            epoch: self.epoch,
            state_version: self.state.version,
            last_event: self.seq(),
            now: cause.now,
            actor: cause.actor,
            request_id: cause.request_id.clone(),
            command: command.to_owned(),
            body,
            outcome,
            changes,
            effects,
            prev_hash: self.state.chain.hash,
            hash: Digest::default(),
        };
        record.hash = record.computed_hash();
        let chain = Chain {
            seq: record.seq,
            hash: record.hash,
        };
        self.state.follow(cause.now, chain);
        record
    }

    /// Does what a record says, the next in the chain. The table is not made anew: [`Room::rebuild`] does that
    /// once all records are read.
    pub(crate) fn follow(&mut self, record: &Record) -> Result<Vec<Event>, ReplayError> {
        let chain = self.state.chain.check(self.id(), record)?;
        for change in &record.changes {
            self.state.make(change);
        }
        self.state.settle();
        self.epoch = record.epoch;
        if self.state.version != record.state_version {
            self.state.version = record.state_version;
            self.state.version_epoch = record.epoch;
        }
        let cause = Cause {
            now: record.now,
            actor: record.actor,
            request_id: &record.request_id,
            by_timer: record.command == Command::TIMER,
        };
        let events = self.number_events(&cause, &record.effects);
        let wanted = record.last_event.checked_sub(self.seq());
        // Texts are missing, or another version of this server has told it in other events.
        if wanted == Some(events.len() as u64) {
            self.memory.events.keep(&events);
        } else {
            self.memory.events.lose(record.last_event);
        }
        self.note_moves(&cause, &record.effects);
        if record.body.is_some() {
            self.remember(&cause, record.body, &record.outcome);
        }
        self.state.follow(record.now, chain);
        Ok(events)
    }

    pub(crate) fn replan(&mut self, touched: &BTreeSet<ParticipantId>) -> Option<RouteUpdate> {
        self.advance(touched, false)
    }

    /// Lets the table follow the state: one step of the epoch, if anything is different.
    fn advance(
        &mut self,
        touched: &BTreeSet<ParticipantId>,
        everyone: bool,
    ) -> Option<RouteUpdate> {
        let delta: Delta = self
            .planner
            .update(&self.state, &self.volatile, touched, everyone);
        if delta.is_empty() {
            return None;
        }
        let after = self.epoch;
        self.epoch = after.next();
        Some(RouteUpdate {
            room: self.id(),
            after,
            epoch: self.epoch,
            max_active_talkers: delta.max_active_talkers,
            tracks: delta.tracks,
            routes: delta.routes,
        })
    }

    /// Makes the table of a room that has none yet.
    pub(crate) fn rebuild(&mut self) {
        self.planner = Planner::default();
        let everybody: BTreeSet<ParticipantId> = self.state.participants.keys().copied().collect();
        self.planner
            .update(&self.state, &self.volatile, &everybody, true);
    }
}

fn repeat(answer: &Answer, body: Option<Digest>) -> Result<Applied, BreakoutError> {
    if answer.body.is_some() && answer.body != body {
        return Err(BreakoutError::InvalidArgument(
            "this request id was used for another command",
        ));
    }
    let outcome: Outcome = answer.outcome.clone();
    Ok(Applied {
        outcome,
        events: Vec::new(),
        update: None,
        epoch: answer.epoch,
        version: answer.version,
        seq: answer.seq,
        record: None,
        repeated: true,
        due: None,
    })
}

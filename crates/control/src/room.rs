//! A room: commands go in; outcomes, events, journal records and route updates come out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sideroom_route::{Epoch, GroupId, ParticipantId, RoomId, RoutePlan, RouteUpdate, TrackKind};

use crate::ceiling::Ceiling;
use crate::journal::{Chain, digest_of};
use crate::memory::{Answer, Memory};
use crate::planner::{Delta, Planner, route_tracks};
use crate::state::{State, TimerState};
use crate::turn::{Effects, Turn};
use crate::volatile::Volatile;
use crate::{
    Actor, Applied, BreakoutError, Command, Digest, MoveLog, Outcome, ParentGate, Record, Request,
    RequestId, Rights, RoomConfig, RoomSettings, RoomView, SlotPool, Timer, UnixMillis, Viewer,
    apply,
};

/// One room: the only place where anything about it is decided.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) state: State,
    pub(crate) volatile: Volatile,
    pub(crate) memory: Memory,
    pub(crate) planner: Planner,
    pub(crate) epoch: Epoch,
}

/// Under which conditions a command is applied.
pub(crate) enum Mode {
    /// A new command.
    Live,
    /// If the table is at this epoch.
    Expecting(Epoch),
    /// A record that was once accepted.
    Replay {
        /// It led to this epoch.
        epoch: Epoch,
        /// The format of its record.
        version: u16,
    },
}

impl Room {
    /// An empty room. Refuses settings that cannot be.
    pub fn new(config: RoomConfig) -> Result<Self, BreakoutError> {
        apply::check_settings(&config.settings)?;
        apply::check_end(&config.settings.breakouts, config.created_at)?;
        let chain = Chain::new(&config);
        let timer = TimerState::new(&config.settings.breakouts, config.created_at);
        let ceiling = Some(Ceiling::of(&config.settings));
        let mut room = Self {
            state: State {
                config,
                participants: BTreeMap::new(),
                identities: BTreeMap::new(),
                people: BTreeMap::new(),
                ceiling,
                breakouts: BTreeMap::new(),
                assignments: BTreeMap::new(),
                waiting: BTreeMap::new(),
                room_gate: ParentGate::default(),
                addressing: BTreeMap::new(),
                help: BTreeMap::new(),
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
                chain,
            },
            volatile: Volatile::default(),
            memory: Memory::default(),
            planner: Planner::default(),
            epoch: Epoch(0),
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

    /// Like [`Room::apply`], if the routing table is still at `expected`. A repeated request is answered at
    /// any epoch.
    pub fn apply_at(
        &mut self,
        expected: Epoch,
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
        self.run(request, &Mode::Expecting(expected))
    }

    /// Runs all timers that are due, in order.
    pub fn tick(&mut self, now: UnixMillis) -> Vec<Applied> {
        self.run_due(now, State::next_timer)
    }

    /// Like [`Room::tick`], without grace periods: for a caller that measures these on a clock that does not
    /// jump, and ends them with [`Room::expire`].
    pub fn tick_calendar(&mut self, now: UnixMillis) -> Vec<Applied> {
        self.run_due(now, State::next_calendar_timer)
    }

    /// When [`Room::tick_calendar`] has something to do next.
    pub fn next_calendar_deadline(&self) -> Option<UnixMillis> {
        self.state.next_calendar_timer().map(|(at, _)| at)
    }

    /// Ends the grace period of a dropped participant, whatever the calendar says.
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

    /// The present routing table, for a worker that starts with none.
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

    /// All participants, including those within their grace period.
    pub fn participants(&self) -> impl Iterator<Item = ParticipantId> + '_ {
        self.state.participants.keys().copied()
    }

    /// The participant with this identity, including those within their grace period.
    pub fn participant_id(&self, identity: &str) -> Option<ParticipantId> {
        self.state.identities.get(identity).copied()
    }

    /// The rights in the token of a participant's last join.
    pub fn token_of(&self, participant: ParticipantId) -> Option<Rights> {
        let one = self.state.participants.get(&participant)?;
        Some(one.token)
    }

    pub fn identity(&self, participant: ParticipantId) -> Option<&str> {
        let one = self.state.participants.get(&participant)?;
        Some(&one.identity)
    }

    pub fn group_of(&self, participant: ParticipantId) -> Option<GroupId> {
        let one = self.state.participants.get(&participant)?;
        Some(one.group)
    }

    /// A participant's slots, and the kinds that their client can send.
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

    pub fn move_log(&self) -> &MoveLog {
        &self.memory.moves
    }

    pub(crate) fn run(&mut self, request: Request, mode: &Mode) -> Result<Applied, BreakoutError> {
        let body = digest_of(&request.command);
        if !matches!(mode, Mode::Replay { .. })
            && let Some(answer) = self.memory.requests.answer_to(request.actor, &request.id)
        {
            return repeat(answer, body);
        }
        let current = self.epoch;
        if matches!(mode, Mode::Expecting(expected) if *expected != current) {
            return Err(BreakoutError::EpochMismatch { current });
        }
        let mut turn = Turn {
            state: &mut self.state,
            now: request.now,
            actor: request.actor,
            replays: match mode {
                Mode::Replay { version, .. } => Some(*version),
                Mode::Live | Mode::Expecting(_) => None,
            },
            effects: Effects::default(),
        };
        let outcome = apply::run(&mut turn, &request.command)?;
        let mut effects = turn.effects;
        self.forget_absent(&effects);
        route_tracks(&mut self.state, &effects.touched, current.next());
        let update = self.advance(&effects.touched, effects.everyone);
        if let Mode::Replay { epoch, .. } = mode {
            self.epoch = *epoch;
        }
        let events = self.record_events(&request, &mut effects);
        let record = self.chain(request, current);
        let answer = Answer {
            body,
            outcome: outcome.clone(),
            epoch: self.epoch,
            seq: self.seq(),
        };
        let requests = &mut self.memory.requests;
        requests.remember(record.now, record.actor, &record.request_id, answer);
        Ok(Applied {
            outcome,
            events,
            update,
            epoch: self.epoch,
            seq: self.seq(),
            record: Some(record),
            repeated: false,
        })
    }

    /// The next link of the journal.
    fn chain(&mut self, request: Request, after: Epoch) -> Record {
        let mut record = Record {
            version: Record::VERSION,
            room: self.id(),
            seq: self.state.chain.seq + 1,
            after,
            epoch: self.epoch,
            now: request.now,
            actor: request.actor,
            request_id: request.id,
            command: request.command,
            prev_hash: self.state.chain.hash,
            hash: Digest::default(),
        };
        record.hash = record.computed_hash();
        self.state.chain = Chain {
            seq: record.seq,
            hash: record.hash,
        };
        record
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
        let everybody: BTreeSet<ParticipantId> = self.state.participants.keys().copied().collect();
        self.planner
            .update(&self.state, &self.volatile, &everybody, true);
    }
}

fn repeat(answer: &Answer, body: Digest) -> Result<Applied, BreakoutError> {
    if answer.body != body {
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
        seq: answer.seq,
        record: None,
        repeated: true,
    })
}

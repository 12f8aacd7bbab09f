//! A room: commands go in; outcomes, events, journal records and route updates come out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use sideroom_route::{Epoch, GroupId, ParticipantId, RoomId, RoutePlan, TrackKind};

use crate::ceiling::Ceiling;
use crate::diff_map::DiffMap;
use crate::journal::{Chain, digest_of};
use crate::memory::Memory;
use crate::old::Rules;
use crate::planner::Planner;
use crate::run::Mode;
use crate::state::{State, TimerState};
use crate::volatile::Volatile;
use crate::{
    Actor, Applied, Arrangement, BreakoutError, Command, Digest, MoveLog, ParentGate, Request,
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
    /// The rules of the commands that follow in a journal of an older format.
    pub(crate) old: Option<Rules>,
}

/// The state of the room on which a caller bases a decision. See [`Room::version`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
                replies: DiffMap::default(),
                knocks: DiffMap::default(),
                schedules: DiffMap::default(),
                next_schedule: 0,
                arrangements: DiffMap::default(),
                rotation: None,
                walls: DiffMap::default(),
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

    /// When the last command was given.
    pub fn last_seen(&self) -> UnixMillis {
        self.state.seen
    }

    /// An arrangement, by its name.
    pub fn arrangement(&self, name: &str) -> Option<&Arrangement> {
        self.state.arrangements.get(&name.to_owned())
    }

    pub fn move_log(&self) -> &MoveLog {
        &self.memory.moves
    }
}

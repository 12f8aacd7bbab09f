//! The machine: its state, what comes in from outside, and what it waits for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use sideroom_control::{Chance, Reoffer, RequestId, Room, Viewer};
use sideroom_route::{GroupId, ParticipantId, RoomId, Time, TrackId};

use crate::action::{Action, CommitId, Farewell};
use crate::backoff::Backoff;
use crate::connection::{Connection, Loss, SessionNumber};
use crate::cycle::Batch;
use crate::load::Loaded;
use crate::now::Now;
use crate::request::{Asked, Refusal, Request, Token};
use crate::volatile::Wall;
use crate::watchers::{WatcherId, Watchers};

/// Bounds of a machine.
pub mod bounds {
    use std::time::Duration;

    /// Requests that one cycle takes at most: more wait, so that nobody waits for a cycle that never ends.
    pub const BATCH: usize = 512;
    /// Requests that wait at most; the adapter keeps the others back.
    pub const QUEUE: usize = 1_024;
    /// A commit that takes longer counts as failed: whether it happened is read from the store.
    pub const COMMIT_WAIT: Duration = Duration::from_secs(5);
    /// A worker that has not applied an update by then is fenced.
    pub const PUBLISH_WAIT: Duration = Duration::from_millis(500);
    /// A timer that is due and refused is tried again after this.
    pub const TIMER_RETRY: Duration = Duration::from_secs(1);
    /// Those who are elsewhere learn of a group's talkers once in this time at most.
    pub const WALL_PACE: Duration = Duration::from_millis(500);
}

/// Options that stay for the machine's life.
#[derive(Clone, Debug)]
pub struct RoomOptions {
    /// The room is saved whole after this many records.
    pub snapshot_every: u32,
    /// A room that was empty for this long ends. Zero: never.
    pub empty_timeout: Duration,
    /// Participants at most, whatever the room's own settings say: the operator may have lowered the bound since.
    pub max_participants: u32,
    /// Commits carry the events too, for receivers outside.
    pub keeps_events: bool,
    /// Determines sessions, transports, request ids and waits.
    pub seed: u64,
}

/// Where a room is in its life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Lifecycle {
    /// The room is being read for the first time.
    Loading,
    /// Everything is taken.
    Live,
    /// A commit or load failed, or the room panicked: media go on, requests are refused, and the room is read again.
    Suspended,
    /// The room cannot be read, and an operator has to look at it.
    SetAside,
    /// The room is closed.
    Ended,
}

/// The machine's present step.
#[derive(Debug)]
pub(crate) enum Stage {
    /// A load is under way.
    Loading(CommitId),
    /// Ready for the next cycle.
    Idle,
    /// The records of a cycle are being stored.
    Committing(Batch, Time),
    /// The workers are applying the updates of a cycle.
    Publishing(Batch, Time),
    /// Waiting to be read again.
    Waiting(Time),
    /// The stored room is unreadable.
    SetAside,
    /// The room has ended.
    Ended,
}

/// Work for the next cycle besides requests.
#[derive(Debug, Default)]
pub(crate) struct Duties {
    /// Connections that are lost, and participants that have none.
    pub losses: BTreeMap<ParticipantId, Loss>,
    /// Participants whose transport is made, with the number of the transport.
    pub arrivals: Vec<(ParticipantId, u64)>,
    /// Offers that could not be answered: what held before.
    pub undone_offers: Vec<(Token, Reoffer)>,
    /// The latest talkers of each group.
    pub talkers: BTreeMap<GroupId, Vec<TrackId>>,
}

/// See the crate.
#[derive(Debug)]
pub struct RoomMachine {
    pub(crate) options: RoomOptions,
    pub(crate) id: RoomId,
    pub(crate) made_by: Option<Asked>,
    /// The room; ahead of the store while a cycle is under way.
    pub(crate) room: Option<Room>,
    /// The room as it was before a suspension, for its volatile state.
    pub(crate) before: Option<Room>,
    pub(crate) stage: Stage,
    /// True once the room has been live.
    pub(crate) loaded: bool,
    pub(crate) now: Now,
    pub(crate) chance: Chance,
    pub(crate) connections: BTreeMap<ParticipantId, Connection>,
    pub(crate) up: usize,
    pub(crate) watchers: Watchers,
    pub(crate) queue: VecDeque<(Token, Request)>,
    pub(crate) duties: Duties,
    pub(crate) wall: Wall,
    /// Offers that are being answered: what held before.
    pub(crate) offers: BTreeMap<Token, Reoffer>,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) backoff: Backoff,
    /// The number of the last event that watchers were told.
    pub(crate) told: u64,
    /// The end of each dropped participant's grace period by the monotonic clock, whatever the calendar says.
    pub(crate) kept: BTreeMap<ParticipantId, Time>,
    /// No timer is tried before this: one that is due and refused must not be tried without end.
    pub(crate) blocked_until: Time,
    pub(crate) empty_since: Option<Time>,
    /// Records since the room was last saved whole.
    pub(crate) unsaved: u32,
    /// The records that the last requested snapshot covers.
    pub(crate) saving: u32,
    pub(crate) save_after: Time,
    pub(crate) stopping: bool,
    next_commit: u64,
    next_session: u64,
    next_request: u64,
}

impl RoomMachine {
    /// A new room. Its first request is to be the one that makes it.
    pub fn create(now: Now, options: RoomOptions, room: Room, made_by: Asked) -> Self {
        let mut machine = Self::new(now, options, room.id());
        machine.made_by = Some(made_by);
        machine.room = Some(room);
        machine.stage = Stage::Idle;
        machine
    }

    /// A room that is in the store.
    pub fn load(now: Now, options: RoomOptions, id: RoomId) -> Self {
        let mut machine = Self::new(now, options, id);
        machine.ask_to_load();
        machine
    }

    /// A room that was read from the store already.
    pub fn revive(now: Now, options: RoomOptions, loaded: Loaded) -> Self {
        let mut machine = Self::new(now, options, loaded.room.id());
        machine.install(loaded);
        machine
    }

    fn new(now: Now, options: RoomOptions, id: RoomId) -> Self {
        Self {
            chance: Chance::new(options.seed),
            options,
            id,
            made_by: None,
            room: None,
            before: None,
            stage: Stage::Ended,
            loaded: false,
            now,
            connections: BTreeMap::new(),
            up: 0,
            watchers: Watchers::default(),
            queue: VecDeque::new(),
            duties: Duties::default(),
            wall: Wall::default(),
            offers: BTreeMap::new(),
            actions: VecDeque::new(),
            backoff: Backoff::default(),
            told: 0,
            kept: BTreeMap::new(),
            blocked_until: Time::ZERO,
            empty_since: None,
            unsaved: 0,
            saving: 0,
            save_after: Time::ZERO,
            stopping: false,
            next_commit: 0,
            next_session: 0,
            next_request: 0,
        }
    }

    /// Where the room is in its life.
    pub fn lifecycle(&self) -> Lifecycle {
        match &self.stage {
            Stage::Loading(_) | Stage::Waiting(_) if !self.loaded => Lifecycle::Loading,
            Stage::Loading(_) | Stage::Waiting(_) => Lifecycle::Suspended,
            Stage::Idle | Stage::Committing(..) | Stage::Publishing(..) => Lifecycle::Live,
            Stage::SetAside => Lifecycle::SetAside,
            Stage::Ended => Lifecycle::Ended,
        }
    }

    /// The room's number.
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The request that made the room.
    pub fn made_by(&self) -> Option<&Asked> {
        self.made_by.as_ref()
    }

    /// The room, for an adapter that carries out [`Action::Read`], [`Action::Save`] or a reply.
    pub fn room(&self) -> Option<&Room> {
        self.room.as_ref()
    }

    /// The connections, by participant.
    pub fn connections(&self) -> impl Iterator<Item = (ParticipantId, &Connection)> {
        let all = self.connections.iter();
        all.map(|(participant, connection)| (*participant, connection))
    }

    /// The present connection of a participant.
    pub fn connection(&self, participant: ParticipantId) -> Option<&Connection> {
        self.connections.get(&participant)
    }

    /// Participants whose transport is not up yet.
    pub fn connecting(&self) -> BTreeSet<ParticipantId> {
        let down = self.connections.iter().filter(|(_, held)| !held.up);
        down.map(|(participant, _)| *participant).collect()
    }

    /// How many more requests the machine takes now.
    pub fn capacity(&self) -> usize {
        bounds::QUEUE.saturating_sub(self.queue.len())
    }

    /// Queues a request. The answer comes once, by an action.
    pub fn handle_request(&mut self, now: Now, token: Token, request: Request) {
        self.now = now;
        let refusal = match self.lifecycle() {
            // Reads wait for the next load.
            Lifecycle::Suspended if matches!(request, Request::Read) && self.capacity() > 0 => {
                return self.queue.push_back((token, request));
            }
            Lifecycle::Suspended => Refusal::Store,
            Lifecycle::SetAside => return self.handle_set_aside(token, request),
            Lifecycle::Ended => Refusal::Ended,
            Lifecycle::Loading | Lifecycle::Live if self.capacity() == 0 => Refusal::Overloaded,
            Lifecycle::Loading | Lifecycle::Live => return self.queue.push_back((token, request)),
        };
        self.refuse(token, refusal);
    }

    /// Begins to tell `viewer` what happens from the room's present state on. For an adapter that carries
    /// out [`Action::Read`].
    pub fn add_watcher(&mut self, viewer: Viewer) -> WatcherId {
        self.watchers.add(viewer)
    }

    /// The watchers of one participant.
    pub fn watchers_of(&self, participant: ParticipantId) -> &[WatcherId] {
        self.watchers.of(participant)
    }

    /// True between two cycles: the room in memory equals the stored room.
    pub fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    /// How many watch.
    pub fn watcher_count(&self) -> usize {
        self.watchers.len()
    }

    /// A watcher is gone, or was cut off.
    pub fn handle_watcher_gone(&mut self, watcher: WatcherId) {
        self.watchers.remove(watcher);
    }

    /// Ends every watcher with a reason.
    pub fn handle_farewell(&mut self, farewell: Farewell) {
        for watcher in self.watchers.take_all() {
            self.actions.push_back(Action::Close(watcher, farewell));
        }
    }

    /// Finishes what is under way, saves the room and stops: the room goes on after a restart.
    pub fn handle_stop(&mut self, now: Now) {
        self.now = now;
        self.stopping = true;
    }

    /// Time has passed, or the calendar has jumped.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        match &self.stage {
            Stage::Committing(_, until) if *until <= now.at => self.give_up_commit(),
            Stage::Publishing(batch, until) if *until <= now.at => {
                let id = batch.id;
                self.actions.push_back(Action::Fence(id));
                self.finish_publishing();
            }
            Stage::Waiting(until) if *until <= now.at => self.ask_to_load(),
            _ => {}
        }
    }

    /// The next thing to do; `None`: wait for an input, or for [`Self::poll_timeout`].
    pub fn poll_action(&mut self) -> Option<Action> {
        if self.actions.is_empty() {
            self.begin_cycle();
        }
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do; [`Time::NEVER`]: not before another input.
    pub fn poll_timeout(&self) -> Time {
        match &self.stage {
            Stage::Committing(_, until) | Stage::Publishing(_, until) | Stage::Waiting(until) => {
                *until
            }
            Stage::Idle => self.next_duty(),
            Stage::Loading(_) | Stage::SetAside | Stage::Ended => Time::NEVER,
        }
    }

    pub(crate) fn refuse(&mut self, token: Token, refusal: Refusal) {
        self.actions.push_back(Action::Reply(token, Err(refusal)));
    }

    pub(crate) fn next_commit(&mut self) -> CommitId {
        self.next_commit += 1;
        CommitId(self.next_commit)
    }

    pub(crate) fn next_session(&mut self) -> SessionNumber {
        self.next_session += 1;
        SessionNumber(self.next_session)
    }

    /// Names a request of the room's own.
    pub(crate) fn next_request(&mut self) -> RequestId {
        self.next_request += 1;
        let name = format!("node-{:x}-{}", self.options.seed, self.next_request);
        RequestId::new(&name).expect("invariant: a request id of our own is short")
    }
}

//! The rooms of this node by name and by number, and their common limits.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use sideroom_control::RoomSettings;
use sideroom_net::Clock;
use sideroom_room::{Lifecycle, Now, RoomTotals};
use sideroom_route::RoomId;
use sideroom_rpc::ApiError;
use tokio::sync::{mpsc, watch};

use super::messages::{RoomAsk, RoomEvent};
use super::port::MediaPort;
use super::snapshot_pace::SavePace;
use crate::clock;
use crate::shutdown::{Phase, Shutdown};
use crate::store::Journal;

/// Quality events of the workers that may wait for one room; more are dropped.
const MAX_QUALITY: usize = 512;

/// Told whenever events were kept for receivers outside.
pub type News = Arc<watch::Sender<()>>;

/// Options for all rooms of the node.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Default settings of a new room.
    pub defaults: RoomSettings,
    /// Rooms at most.
    pub max_rooms: usize,
    /// Participants at most.
    pub max_participants: usize,
    /// Requests that wait for one room at most.
    pub max_queued: usize,
    /// A room is saved whole after this many records.
    pub snapshot_every: u32,
    /// A room that was empty for this long ends. Zero: never.
    pub empty_timeout: Duration,
    /// Clients are asked for Opus DTX.
    pub dtx: bool,
}

/// All rooms of this node, and the state that their tasks share.
pub struct Directory {
    pub(super) options: NodeOptions,
    pub(super) journal: Journal,
    pub(super) media: Arc<dyn MediaPort>,
    pub(super) shutdown: Shutdown,
    pub(super) saves: SavePace,
    /// Told when events were kept for receivers outside; `None`: none are kept.
    pub(super) outbox: Option<News>,
    clock: Clock,
    rooms: RwLock<Rooms>,
    /// Connections of all rooms.
    connections: AtomicUsize,
    /// Joins that are under way.
    entering: Arc<AtomicUsize>,
    life: watch::Sender<usize>,
}

#[derive(Default)]
struct Rooms {
    names: BTreeMap<String, Arc<RoomHandle>>,
    numbers: HashMap<RoomId, Arc<RoomHandle>>,
    next: RoomId,
    /// Rooms without a task, since nothing can be read of them.
    unreadable: usize,
}

/// How the rooms of a node are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RoomHealth {
    /// Rooms that take everything.
    pub live: usize,
    /// Rooms that wait to be read.
    pub suspended: usize,
    /// Rooms that cannot be read.
    pub set_aside: usize,
}

/// The share of one room in the counts of the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Counted {
    pub connections: usize,
    /// Participants, those included who dropped and whose place is kept.
    pub participants: usize,
}

/// Where a room is reached.
#[derive(Debug)]
pub(super) struct RoomHandle {
    pub id: RoomId,
    pub name: String,
    pub asks: mpsc::Sender<RoomAsk>,
    pub events: mpsc::UnboundedSender<RoomEvent>,
    /// Quality events that wait.
    pub quality: AtomicUsize,
    totals: Mutex<Option<RoomTotals>>,
    lifecycle: Mutex<Lifecycle>,
}

/// The task's ends of a [`RoomHandle`].
pub(super) struct Inbox {
    pub asks: mpsc::Receiver<RoomAsk>,
    pub events: mpsc::UnboundedReceiver<RoomEvent>,
}

/// Reserves a place on the node for a join until its connection is counted.
#[derive(Debug)]
pub(super) struct JoinReservation(Arc<AtomicUsize>);

impl Drop for JoinReservation {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why there is no new room.
pub(super) enum NoRoom {
    Exists(Arc<RoomHandle>),
    Refused(ApiError),
}

impl Directory {
    /// No rooms yet. `life` is informed of the number of participants, dropped ones whose place is kept included;
    /// `outbox` of events that were kept.
    pub fn new(
        options: NodeOptions,
        journal: Journal,
        media: Arc<dyn MediaPort>,
        shutdown: Shutdown,
        (life, outbox): (watch::Sender<usize>, Option<News>),
    ) -> Arc<Self> {
        Arc::new(Self {
            options,
            journal,
            media,
            shutdown,
            saves: SavePace::default(),
            outbox,
            clock: Clock::new(),
            rooms: RwLock::new(Rooms {
                next: RoomId(1),
                ..Rooms::default()
            }),
            connections: AtomicUsize::new(0),
            entering: Arc::default(),
            life,
        })
    }

    /// The present moment.
    pub(super) fn now(&self) -> Now {
        Now {
            at: self.clock.now(),
            wall: sideroom_control::UnixMillis(clock::unix_ms()),
        }
    }

    pub(super) fn find(&self, name: &str) -> Result<Arc<RoomHandle>, ApiError> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.names.get(name).cloned().ok_or(ApiError::RoomNotFound)
    }

    pub(super) fn numbered(&self, room: RoomId) -> Option<Arc<RoomHandle>> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.numbers.get(&room).cloned()
    }

    /// Rooms in the order of their names, after the name `after`.
    pub(super) fn after(&self, after: &str, limit: usize) -> Vec<Arc<RoomHandle>> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        let range = (Bound::Excluded(after), Bound::Unbounded);
        let rest = rooms.names.range::<str, _>(range);
        rest.take(limit).map(|(_, desk)| Arc::clone(desk)).collect()
    }

    pub(super) fn all(&self) -> Vec<Arc<RoomHandle>> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.numbers.values().cloned().collect()
    }

    /// How the rooms are.
    pub fn health(&self) -> RoomHealth {
        let mut health = RoomHealth {
            set_aside: self.unreadable(),
            ..RoomHealth::default()
        };
        for desk in self.all() {
            match desk.lifecycle() {
                Lifecycle::Live | Lifecycle::Ended => health.live += 1,
                Lifecycle::Loading | Lifecycle::Suspended => health.suspended += 1,
                Lifecycle::SetAside => health.set_aside += 1,
            }
        }
        health
    }

    /// Rooms of which nothing can be read.
    pub(super) fn unreadable(&self) -> usize {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.unreadable
    }

    pub(super) fn note_unreadable(&self) {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        rooms.unreadable += 1;
    }

    pub(super) fn begin_at(&self, next: RoomId) {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        rooms.next = next;
    }

    /// Reserves a name for a new room. Without a number it gets the next.
    pub(super) fn reserve(
        &self,
        name: &str,
        id: Option<RoomId>,
    ) -> Result<(Arc<RoomHandle>, Inbox), NoRoom> {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = rooms.names.get(name) {
            return Err(NoRoom::Exists(Arc::clone(desk)));
        }
        self.check_new(&rooms).map_err(NoRoom::Refused)?;
        let id = id.unwrap_or(rooms.next);
        rooms.next = rooms.next.max(RoomId(id.0 + 1));
        Ok(self.open(&mut rooms, id, name))
    }

    fn check_new(&self, rooms: &Rooms) -> Result<(), ApiError> {
        if self.is_draining() {
            return Err(ApiError::Draining);
        }
        if rooms.numbers.len() >= self.options.max_rooms {
            let sentence = "This server has no place for another room. Use another server.";
            return Err(ApiError::LimitReached(sentence.into()));
        }
        Ok(())
    }

    /// Whether another room would be made now.
    pub(super) fn check_place(&self) -> Result<(), ApiError> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        self.check_new(&rooms)
    }

    /// Enters a room that was kept.
    pub(super) fn enter(&self, id: RoomId, name: &str) -> (Arc<RoomHandle>, Inbox) {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        self.open(&mut rooms, id, name)
    }

    fn open(&self, rooms: &mut Rooms, id: RoomId, name: &str) -> (Arc<RoomHandle>, Inbox) {
        let (asks, asked) = mpsc::channel(self.options.max_queued.max(1));
        let (events, told) = mpsc::unbounded_channel();
        let desk = Arc::new(RoomHandle {
            id,
            name: name.to_owned(),
            asks,
            events,
            quality: AtomicUsize::new(0),
            totals: Mutex::new(None),
            lifecycle: Mutex::new(Lifecycle::Loading),
        });
        rooms.names.insert(name.to_owned(), Arc::clone(&desk));
        rooms.numbers.insert(id, Arc::clone(&desk));
        let inbox = Inbox {
            asks: asked,
            events: told,
        };
        (desk, inbox)
    }

    /// The room has ended: its name is free.
    pub(super) fn remove(&self, desk: &RoomHandle) {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        rooms.numbers.remove(&desk.id);
        if rooms
            .names
            .get(&desk.name)
            .is_some_and(|it| it.id == desk.id)
        {
            rooms.names.remove(&desk.name);
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.shutdown.phase() >= Phase::Draining
    }

    /// How many connections there are.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Reserves a place for a newcomer; false if the node is full, which keeps newcomers out.
    pub(super) fn take_place(&self) -> (JoinReservation, bool) {
        let entering = self.entering.fetch_add(1, Ordering::Relaxed);
        let place = JoinReservation(Arc::clone(&self.entering));
        let free = self.connections() + entering < self.options.max_participants;
        (place, free)
    }

    /// A room has more or fewer connections and participants than before.
    pub(super) fn count(&self, before: Counted, now: Counted) {
        if before.connections != now.connections {
            self.connections
                .fetch_add(now.connections, Ordering::Relaxed);
            self.connections
                .fetch_sub(before.connections, Ordering::Relaxed);
        }
        if before.participants != now.participants {
            self.life.send_modify(|all| {
                *all = (*all + now.participants).saturating_sub(before.participants);
            });
        }
    }
}

impl RoomHandle {
    /// The room as of its last cycle; `None`: it was never in memory.
    pub(super) fn totals(&self) -> Option<RoomTotals> {
        *lock(&self.totals)
    }

    pub(super) fn set_totals(&self, totals: RoomTotals) {
        *lock(&self.totals) = Some(totals);
    }

    pub(super) fn lifecycle(&self) -> Lifecycle {
        *lock(&self.lifecycle)
    }

    pub(super) fn set_lifecycle(&self, lifecycle: Lifecycle) {
        *lock(&self.lifecycle) = lifecycle;
    }

    /// Tells the room something. A room that has ended does not mind.
    pub(super) fn tell(&self, event: RoomEvent) {
        let _ = self.events.send(event);
    }

    /// Tells the room something that may be lost.
    pub(super) fn tell_quality(&self, event: RoomEvent) {
        if self.quality.fetch_add(1, Ordering::Relaxed) < MAX_QUALITY {
            self.tell(event);
        } else {
            self.quality.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

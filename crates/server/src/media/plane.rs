//! The media plane as the rooms see it: workers behind channels, and who is served where.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard};

use sideroom_forward::IngressConfig;
use sideroom_net::Waker;
use sideroom_route::{
    Epoch, OutOfOrder, ParticipantId, RoomId, Route, RoutePlan, RouteUpdate, SlotId, TrackId,
    TrackRoute, WorkerId,
};
use sideroom_session::sdp::OfferError;
use tokio::sync::oneshot;

use super::command::{Connect, Connected, WorkerCommand};
use super::counts::{PublishedCounts, WorkerCounts};
use super::fence::Fence;
use super::placement::Placement;
use super::relays::Relays;

/// How others reach a worker.
pub struct WorkerHandle {
    /// Its orders.
    pub commands: SyncSender<WorkerCommand>,
    /// Ends its sleep.
    pub waker: Waker,
    /// Its counters.
    pub counts: Arc<PublishedCounts>,
    /// Keeps it from sending.
    pub fence: Arc<Fence>,
    /// The thread.
    pub thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// Why a transport could not be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectError {
    /// The offer cannot be answered.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The worker is stuck or gone.
    #[error("the media worker does not answer; try again")]
    WorkerStuck,
}

/// What the plane knows of a room.
struct RoomMedia {
    /// The table as the workers have it, or will when they come to it.
    plan: RoutePlan,
    relays: Relays,
    /// How each track is wired, for the workers that it is relayed to.
    wired: HashMap<TrackId, IngressConfig>,
    /// Which workers each track crosses to.
    crossing: BTreeMap<TrackId, Vec<WorkerId>>,
}

/// How the workers are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WorkerHealth {
    /// Those that obey.
    pub working: usize,
    /// Those that have not obeyed in time and send nothing until they have.
    pub fenced: usize,
    /// Those that are gone or stuck for good.
    pub lost: usize,
}

impl WorkerHealth {
    /// All of them.
    pub const fn all(&self) -> usize {
        self.working + self.fenced + self.lost
    }
}

struct State {
    placement: Placement,
    rooms: HashMap<RoomId, RoomMedia>,
}

/// The workers of this node.
pub struct MediaPlane {
    workers: Vec<WorkerHandle>,
    state: Mutex<State>,
}

/// Resolves when every worker concerned is there.
pub struct Publishing(Vec<(WorkerId, oneshot::Receiver<Result<Epoch, OutOfOrder>>)>);

impl Publishing {
    /// Waits for the workers. A worker that is gone is not waited for: it forwards nothing. A call that is
    /// given up goes on where it was.
    pub async fn applied(&mut self) {
        while let Some((worker, waiting)) = self.0.last_mut() {
            if let Ok(Err(out_of_order)) = waiting.await {
                let worker = worker.0;
                tracing::error!(worker, %out_of_order, "a worker's table does not fit an update");
            }
            self.0.pop();
        }
    }

    /// The workers that have not answered yet.
    pub fn late(&self) -> impl Iterator<Item = WorkerId> + '_ {
        self.0.iter().map(|(worker, _)| *worker)
    }
}

impl MediaPlane {
    /// The plane over running workers.
    pub fn new(workers: Vec<WorkerHandle>, spread_above: usize) -> Self {
        let count = u16::try_from(workers.len()).unwrap_or(u16::MAX);
        let placement = Placement::new(count, spread_above);
        Self {
            workers,
            state: Mutex::new(State {
                placement,
                rooms: HashMap::new(),
            }),
        }
    }

    /// Makes (or replaces) a participant's transport. The order is given at once.
    pub fn connect(
        self: Arc<Self>,
        connect: Connect,
    ) -> impl Future<Output = Result<Connected, ConnectError>> + Send + 'static {
        let participant = connect.participant;
        let room = participant.room();
        let (answer, answered) = oneshot::channel();
        let home = {
            let mut state = self.state();
            let state = &mut *state;
            let is_new = state.placement.home_of(participant).is_none();
            let home = state.placement.place(participant);
            if is_new {
                self.bring_room(state, room, home);
                state.count_routes(participant, home);
            }
            self.order(home, WorkerCommand::Connect(Box::new(connect), answer));
            home
        };
        async move {
            let connected = answered.await.map_err(|_| ConnectError::WorkerStuck)??;
            self.wire(home, participant, &connected);
            Ok(connected)
        }
    }

    /// Answers a later offer on the same transport. The order is given at once.
    pub fn reoffer(
        self: Arc<Self>,
        connect: Connect,
    ) -> impl Future<Output = Result<Connected, ConnectError>> + Send + 'static {
        let participant = connect.participant;
        let home = self.state().placement.home_of(participant);
        let (answer, answered) = oneshot::channel();
        if let Some(home) = home {
            self.order(home, WorkerCommand::Reoffer(Box::new(connect), answer));
        }
        async move {
            let home = home.ok_or(ConnectError::WorkerStuck)?;
            let connected = answered.await.map_err(|_| ConnectError::WorkerStuck)??;
            self.wire(home, participant, &connected);
            Ok(connected)
        }
    }

    /// Ends a participant's transport.
    pub fn disconnect(&self, participant: ParticipantId) {
        let mut state = self.state();
        let state = &mut *state;
        let room = participant.room();
        let Some((home, last)) = state.placement.remove(participant) else {
            return;
        };
        self.order(home, WorkerCommand::Disconnect(participant));
        if let Some(held) = state.rooms.get_mut(&room) {
            let routes = held.plan.routes.range(slots_of(participant));
            for (_, route) in routes {
                held.relays.remove(route, home);
            }
            let gone: Vec<_> = held
                .wired
                .iter()
                .filter(|(_, config)| config.publisher == participant)
                .map(|(track, _)| *track)
                .collect();
            for track in gone {
                held.wired.remove(&track);
                self.order(home, WorkerCommand::SetRelays(track, Vec::new()));
                for worker in held.crossing.remove(&track).unwrap_or_default() {
                    self.order(worker, WorkerCommand::RemoveRelayed(track));
                }
            }
            self.cross(&state.placement, held);
        }
        if last {
            self.order(home, WorkerCommand::RemoveRoom(room));
        }
    }

    /// Sends a room's update to every worker that the room is on.
    pub fn publish(&self, update: Arc<RouteUpdate>) -> Publishing {
        let mut state = self.state();
        let State { placement, rooms } = &mut *state;
        let held = rooms
            .entry(update.room)
            .or_insert_with(|| RoomMedia::new(update.room, self.workers.len()));
        if held.plan.epoch != update.after {
            tracing::error!(room = update.room.0, "an update does not follow the table");
            return Publishing(Vec::new());
        }
        // The workers first: they can begin while the plane follows.
        let mut waiting = Vec::new();
        for worker in placement.workers_of(update.room) {
            let (answer, answered) = oneshot::channel();
            self.order(worker, WorkerCommand::Apply(Arc::clone(&update), answer));
            if !self.stays_fenced(worker) {
                waiting.push((worker, answered));
            }
        }
        let before = &held.plan.routes;
        held.relays.apply(
            &update,
            |subscriber, slot| before.get(&(subscriber, slot)).copied(),
            |participant| placement.home_of(participant),
        );
        let followed = held.plan.apply(&update);
        debug_assert!(followed.is_ok(), "invariant: it follows the table");
        self.cross(placement, held);
        Publishing(waiting)
    }

    /// Gives a room's whole table: after a start, or when control begins anew.
    pub fn publish_whole(&self, plan: RoutePlan) -> Publishing {
        let mut state = self.state();
        let State { placement, rooms } = &mut *state;
        let held = rooms
            .entry(plan.room)
            .or_insert_with(|| RoomMedia::new(plan.room, self.workers.len()));
        held.relays = Relays::new(self.workers.len());
        for ((subscriber, _), route) in &plan.routes {
            if let Some(worker) = placement.home_of(*subscriber) {
                held.relays.add(route, worker);
            }
        }
        held.plan = plan;
        let shared = Arc::new(held.plan.clone());
        let mut waiting = Vec::new();
        for worker in placement.workers_of(shared.room) {
            let (answer, answered) = oneshot::channel();
            let whole = WorkerCommand::ApplyWhole(Arc::clone(&shared), Some(answer));
            self.order(worker, whole);
            if !self.stays_fenced(worker) {
                waiting.push((worker, answered));
            }
        }
        self.cross(placement, held);
        Publishing(waiting)
    }

    /// These workers send nothing until they have carried out every order that they were given.
    pub fn fence(&self, workers: &[WorkerId]) {
        for worker in workers {
            if let Some(handle) = self.workers.get(usize::from(worker.0)) {
                handle.fence.raise();
            }
        }
    }

    /// True for a worker that sends nothing until it has carried out the order that it was just given: nobody
    /// needs to wait for it.
    fn stays_fenced(&self, worker: WorkerId) -> bool {
        let handle = self.workers.get(usize::from(worker.0));
        handle.is_some_and(|handle| handle.fence.renew())
    }

    /// Participants whose worker was lost since this was last asked: their transports are gone.
    pub fn take_lost(&self) -> Vec<ParticipantId> {
        let numbers = 0..u16::try_from(self.workers.len()).unwrap_or(u16::MAX);
        let lost = numbers.map(WorkerId).zip(&self.workers);
        let lost = lost.filter(|(_, handle)| handle.fence.is_lost());
        let mut participants = Vec::new();
        for (worker, _) in lost {
            participants.extend(self.state().placement.lose(worker));
        }
        for participant in &participants {
            self.disconnect(*participant);
        }
        participants
    }

    /// How the workers are.
    pub fn health(&self) -> WorkerHealth {
        let mut health = WorkerHealth::default();
        for worker in &self.workers {
            match (worker.fence.is_lost(), worker.fence.is_raised()) {
                (true, _) => health.lost += 1,
                (false, true) => health.fenced += 1,
                (false, false) => health.working += 1,
            }
        }
        health
    }

    /// How many workers are lost.
    pub fn lost_workers(&self) -> usize {
        let lost = self.workers.iter().filter(|worker| worker.fence.is_lost());
        lost.count()
    }

    /// Ends a room with everybody in it.
    pub fn close_room(&self, room: RoomId) {
        let mut state = self.state();
        let participants: Vec<_> = state.placement.participants_of(room).collect();
        state.rooms.remove(&room);
        for participant in participants {
            if let Some((home, _)) = state.placement.remove(participant) {
                self.order(home, WorkerCommand::Disconnect(participant));
                self.order(home, WorkerCommand::RemoveRoom(room));
            }
        }
    }

    /// A worker wants a keyframe of a track that another one has.
    pub fn ask_keyframe(&self, track: TrackId, layer: u8) {
        let state = self.state();
        let publisher = state
            .rooms
            .get(&track.room())
            .and_then(|held| held.wired.get(&track));
        let home = publisher.and_then(|config| state.placement.home_of(config.publisher));
        if let Some(home) = home {
            self.order(home, WorkerCommand::RelayedKeyframe(track, layer));
        }
    }

    /// True if this worker serves the track's publisher.
    pub fn is_home(&self, worker: WorkerId, track: TrackId) -> bool {
        let state = self.state();
        let wired = state
            .rooms
            .get(&track.room())
            .and_then(|held| held.wired.get(&track));
        wired.and_then(|config| state.placement.home_of(config.publisher)) == Some(worker)
    }

    /// The routes of a participant's slots.
    pub fn routes_of(&self, participant: ParticipantId) -> Vec<(SlotId, Route)> {
        let state = self.state();
        let held = state.rooms.get(&participant.room());
        let routes = held
            .into_iter()
            .flat_map(|held| held.plan.routes.range(slots_of(participant)));
        routes.map(|((_, slot), route)| (*slot, *route)).collect()
    }

    /// Where a track is routed.
    pub fn track(&self, track: TrackId) -> Option<TrackRoute> {
        self.state()
            .rooms
            .get(&track.room())?
            .plan
            .tracks
            .get(&track)
            .copied()
    }

    /// Who publishes a track that is routed.
    pub fn publisher_of(&self, track: TrackId) -> Option<ParticipantId> {
        self.track(track).map(|route| route.publisher)
    }

    /// The counters of every worker.
    pub fn counts(&self) -> Vec<WorkerCounts> {
        self.workers
            .iter()
            .map(|worker| worker.counts.read())
            .collect()
    }

    /// Ends the workers.
    pub fn stop(&self) {
        for worker in &self.workers {
            let _ = worker.commands.send(WorkerCommand::Stop);
            worker.waker.wake();
        }
        for worker in &self.workers {
            let thread = worker
                .thread
                .lock()
                .ok()
                .and_then(|mut thread| thread.take());
            if let Some(thread) = thread {
                let _ = thread.join();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        match self.state.lock() {
            Ok(state) => state,
            Err(poisoned) => poisoned.into_inner(),
        }
    }

    /// Gives an order; never waits. A worker whose whole queue is full, or whose thread has ended, is lost:
    /// it sends nothing any more, and its participants come back on other workers.
    fn order(&self, worker: WorkerId, command: WorkerCommand) {
        let Some(handle) = self.workers.get(usize::from(worker.0)) else {
            return;
        };
        if handle.fence.is_lost() {
            return;
        }
        match handle.commands.try_send(command) {
            Ok(()) => handle.waker.wake(),
            Err(error) => {
                if handle.fence.lose() {
                    let why = match error {
                        TrySendError::Full(_) => "it takes no orders",
                        TrySendError::Disconnected(_) => "its thread has ended",
                    };
                    tracing::error!(worker = worker.0, why, "a media worker is lost");
                    crate::metrics::workers_lost(self.lost_workers());
                }
            }
        }
    }

    /// Gives a worker the room's table if the room is new there.
    fn bring_room(&self, state: &mut State, room: RoomId, worker: WorkerId) {
        let held = state
            .rooms
            .entry(room)
            .or_insert_with(|| RoomMedia::new(room, self.workers.len()));
        if state.placement.count_on(room, worker) == 1 {
            let plan = Arc::new(held.plan.clone());
            self.order(worker, WorkerCommand::ApplyWhole(plan, None));
        }
    }

    /// Notes how a participant's tracks are wired, and counts the routes that it had already.
    fn wire(&self, home: WorkerId, participant: ParticipantId, connected: &Connected) {
        let mut state = self.state();
        let State { placement, rooms } = &mut *state;
        if placement.home_of(participant) != Some(home) {
            return;
        }
        let Some(held) = rooms.get_mut(&participant.room()) else {
            return;
        };
        for config in &connected.ingress {
            let before = held.wired.insert(config.track, config.clone());
            held.relays.touch(config.track);
            if before.is_some_and(|before| before != *config) {
                // Another browser took over, or a later offer changed the track: the others read it anew.
                for worker in held.crossing.get(&config.track).into_iter().flatten() {
                    self.order(*worker, WorkerCommand::AddRelayed(Box::new(config.clone())));
                }
            }
        }
        self.cross(placement, held);
    }

    /// Lets tracks cross to where they are wanted, and no longer to where they are not.
    fn cross(&self, placement: &Placement, held: &mut RoomMedia) {
        let wired = &held.wired;
        let home_of = |track| placement.home_of(wired.get(&track)?.publisher);
        for (track, home, wanted) in held.relays.take_changes(home_of) {
            let crossing = held.crossing.entry(track).or_default();
            if *crossing == wanted {
                continue;
            }
            if let Some(config) = held.wired.get(&track) {
                for worker in wanted.iter().filter(|worker| !crossing.contains(worker)) {
                    self.order(*worker, WorkerCommand::AddRelayed(Box::new(config.clone())));
                }
            }
            let gone = crossing.iter().filter(|worker| !wanted.contains(worker));
            for worker in gone {
                self.order(*worker, WorkerCommand::RemoveRelayed(track));
            }
            self.order(home, WorkerCommand::SetRelays(track, wanted.clone()));
            *crossing = wanted;
        }
    }
}

impl State {
    /// Counts the routes that a participant has already when it comes (back) to a worker.
    fn count_routes(&mut self, participant: ParticipantId, home: WorkerId) {
        if let Some(held) = self.rooms.get_mut(&participant.room()) {
            for (_, route) in held.plan.routes.range(slots_of(participant)) {
                held.relays.add(route, home);
            }
        }
    }
}

impl RoomMedia {
    fn new(room: RoomId, workers: usize) -> Self {
        Self {
            plan: RoutePlan::empty(room),
            relays: Relays::new(workers),
            wired: HashMap::new(),
            crossing: BTreeMap::new(),
        }
    }
}

/// Every slot that a participant can have.
fn slots_of(
    participant: ParticipantId,
) -> std::ops::RangeInclusive<(ParticipantId, sideroom_route::SlotId)> {
    let first = sideroom_route::SlotId::audio(0);
    let last = sideroom_route::SlotId::video(u8::MAX);
    (participant, first)..=(participant, last)
}

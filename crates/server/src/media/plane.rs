//! The media plane as the rooms see it: the plane's decisions, carried to workers behind channels.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::TrySendError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sideroom_plane::{Ending, Incarnation, Order, Plane, PlaneEvent, Report};
use sideroom_route::{
    Epoch, OutOfOrder, ParticipantId, RoomId, Route, RoutePlan, RouteUpdate, SlotId, TrackId,
    TrackRoute, WorkerId,
};
use sideroom_session::Proto;
use sideroom_session::sdp::OfferError;
use tokio::sync::{Notify, oneshot};

use super::command::{AnsweredOffer, Connect, Connected, WorkerCommand};
use super::counts::WorkerCounts;
use super::spawner::{Spawner, WorkerHandle};

/// Why a transport could not be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectError {
    /// The offer cannot be answered.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The worker is stuck or gone.
    #[error("the media worker does not answer; try again")]
    WorkerStuck,
    /// There is no transport that a later offer could be about.
    #[error("the transport is gone; join again")]
    Gone,
}

/// The number of workers in each state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WorkerHealth {
    /// Workers that apply orders in time.
    pub working: usize,
    /// Workers that have not applied an order in time, and send nothing until they have.
    pub fenced: usize,
    /// Workers that are gone or stuck, and not replaced yet.
    pub lost: usize,
}

impl WorkerHealth {
    /// All of them.
    pub const fn all(&self) -> usize {
        self.working + self.fenced + self.lost
    }
}

/// The plane and how its workers are reached, behind one lock.
pub(super) struct State {
    pub(super) plane: Plane,
    pub(super) handles: Vec<WorkerHandle>,
    /// Workers that take no orders.
    refusing: Vec<WorkerId>,
    /// For the rooms.
    news: VecDeque<PlaneEvent>,
    /// The node stops: workers that end are not replaced.
    pub(super) stopping: bool,
    counted_tables: u64,
}

/// The workers of this node.
pub struct MediaPlane {
    pub(super) spawner: Spawner,
    state: Mutex<State>,
    has_news: Notify,
}

/// An acknowledgement that is waited for.
type Waiting = (WorkerId, oneshot::Receiver<Result<Epoch, OutOfOrder>>);

/// Resolves when every worker concerned is there.
pub struct Publishing(Vec<Waiting>);

impl Publishing {
    /// Waits for the workers. A worker that is gone, or whose table did not fit, is not waited for: it forwards
    /// nothing. A call that is given up goes on where it was.
    pub async fn applied(&mut self) {
        while let Some((worker, waiting)) = self.0.last_mut() {
            if let Ok(Err(out_of_order)) = waiting.await {
                let worker = worker.0;
                tracing::error!(worker, %out_of_order, "a worker's table does not fit an update; it is closed and replaced");
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
    pub(super) fn new(spawner: Spawner, handles: Vec<WorkerHandle>) -> Self {
        let count = u16::try_from(handles.len()).unwrap_or(u16::MAX);
        let spread_above = spawner.options.spread_above;
        let plane = Plane::new(spawner.now(), count, spread_above);
        Self {
            spawner,
            state: Mutex::new(State {
                plane,
                handles,
                refusing: Vec::new(),
                news: VecDeque::new(),
                stopping: false,
                counted_tables: 0,
            }),
            has_news: Notify::new(),
        }
    }

    /// Makes (or replaces) a participant's transport. The offer is answered here, and the order is given at once.
    pub fn connect(
        self: Arc<Self>,
        connect: Connect,
    ) -> impl Future<Output = Result<Connected, ConnectError>> + Send + 'static {
        let participant = connect.participant;
        let ordered = self.answer(connect).and_then(|(home, answered)| {
            let answered = Box::new(answered);
            let order = |reply| WorkerCommand::Connect(answered, reply);
            Ok((home, self.order(home, participant, order)?))
        });
        self.wired(participant, ordered, ConnectError::WorkerStuck)
    }

    /// Answers the offer of a new transport. The lock is not held meanwhile: an offer takes its time.
    fn answer(&self, connect: Connect) -> Result<(WorkerId, AnsweredOffer), ConnectError> {
        let participant = connect.participant;
        let found = self.with(|state| {
            state.note_fences();
            let home = state.plane.handle_connect(participant)?;
            let handle = state.handles.get(usize::from(home.0))?;
            Some((home, Arc::clone(&handle.transports)))
        });
        let (home, transports) = found.ok_or(ConnectError::WorkerStuck)?;
        Ok((home, transports.answer(connect)?))
    }

    /// Gives a transport the answer to a later offer. The order is given at once.
    pub fn reoffer(
        self: Arc<Self>,
        answered: AnsweredOffer,
    ) -> impl Future<Output = Result<Connected, ConnectError>> + Send + 'static {
        let participant = answered.participant;
        let home = self.with(|state| state.plane.home_of(participant));
        let ordered = home.ok_or(ConnectError::Gone).and_then(|home| {
            let answered = Box::new(answered);
            let order = |reply| WorkerCommand::Reoffer(answered, reply);
            Ok((home, self.order(home, participant, order)?))
        });
        self.wired(participant, ordered, ConnectError::Gone)
    }

    /// Gives an order to the worker that serves the participant, unless it has changed meanwhile.
    fn order(
        &self,
        home: WorkerId,
        participant: ParticipantId,
        order: impl FnOnce(oneshot::Sender<Connected>) -> WorkerCommand,
    ) -> Result<oneshot::Receiver<Connected>, ConnectError> {
        let (reply, replied) = oneshot::channel();
        self.with(|state| {
            if state.plane.home_of(participant) != Some(home) {
                return Err(ConnectError::WorkerStuck);
            }
            state.queue_command(home, order(reply));
            Ok(replied)
        })
    }

    /// Waits for the worker, and notes how the participant's tracks are wired. Without a reply: `silent`.
    async fn wired(
        self: Arc<Self>,
        participant: ParticipantId,
        ordered: Result<(WorkerId, oneshot::Receiver<Connected>), ConnectError>,
        silent: ConnectError,
    ) -> Result<Connected, ConnectError> {
        let (home, replied) = ordered?;
        let connected = replied.await.map_err(|_| silent)?;
        self.wire(home, participant, &connected);
        Ok(connected)
    }

    /// Notes how a participant's tracks are wired.
    fn wire(&self, home: WorkerId, participant: ParticipantId, connected: &Connected) {
        self.with(|state| {
            let ingress = &connected.ingress;
            state.plane.handle_connected(home, participant, ingress);
        });
    }

    /// Ends a participant's transport.
    pub fn disconnect(&self, participant: ParticipantId) {
        self.with(|state| state.plane.handle_disconnect(participant));
    }

    /// Sends a room's update to every worker that the room is on. An error: it does not follow the table, and
    /// the workers forward nothing of the room until it is given whole.
    pub fn publish(&self, update: Arc<RouteUpdate>) -> Result<Publishing, OutOfOrder> {
        let mut waiting = Vec::new();
        self.with(|state| {
            state.plane.handle_update(&update)?;
            state.pass_orders_and(&mut waiting);
            Ok(Publishing(waiting))
        })
    }

    /// Publishes a room's whole table: after a start, or when control begins anew.
    pub fn publish_whole(&self, plan: RoutePlan) -> Publishing {
        let mut waiting = Vec::new();
        self.with(|state| {
            state.plane.handle_whole(plan);
            state.pass_orders_and(&mut waiting);
            Publishing(waiting)
        })
    }

    /// These workers send nothing until they have carried out every order that they were given.
    pub fn fence(&self, workers: &[WorkerId]) {
        let state = self.state();
        for worker in workers {
            if let Some(handle) = state.handles.get(usize::from(worker.0)) {
                handle.fence.raise();
            }
        }
    }

    /// How the workers are.
    pub fn health(&self) -> WorkerHealth {
        let mut health = WorkerHealth::default();
        for worker in &self.state().handles {
            match (worker.fence.is_lost(), worker.fence.is_raised()) {
                (true, _) => health.lost += 1,
                (false, true) => health.fenced += 1,
                (false, false) => health.working += 1,
            }
        }
        health
    }

    /// Ends a room with everybody in it.
    pub fn close_room(&self, room: RoomId) {
        self.with(|state| state.plane.handle_close(room));
    }

    /// Handles a worker's report.
    pub fn handle_report(&self, worker: WorkerId, life: Incarnation, report: Report) {
        self.with(|state| state.plane.handle_report(worker, life, report));
    }

    /// The next news for the rooms, if there are any.
    pub fn take_news(&self) -> Option<PlaneEvent> {
        self.state().news.pop_front()
    }

    /// Waits for news.
    pub async fn has_news(&self) {
        self.has_news.notified().await;
    }

    /// The routes of a participant's slots.
    pub fn routes_of(&self, participant: ParticipantId) -> Vec<(SlotId, Route)> {
        self.state().plane.routes_of(participant).collect()
    }

    /// Where a track is routed.
    pub fn track(&self, track: TrackId) -> Option<TrackRoute> {
        self.state().plane.track(track)
    }

    /// Where clients reach the workers over UDP, with the worker of each address.
    pub fn candidates(&self) -> Vec<(SocketAddr, WorkerId)> {
        let state = self.state();
        let workers = state.handles.iter().zip(0_u16..);
        let each = workers.flat_map(|(handle, number)| {
            let all = handle.transports.candidates.iter();
            let udp = all.filter(|candidate| candidate.proto == Proto::Udp);
            udp.map(move |candidate| (candidate.addr, WorkerId(number)))
        });
        each.collect()
    }

    /// The counters of every worker.
    pub fn counts(&self) -> Vec<WorkerCounts> {
        let state = self.state();
        state
            .handles
            .iter()
            .map(|worker| worker.counts.read())
            .collect()
    }

    /// Panics the thread of a worker, for tests of what follows. False: there is no such worker.
    pub fn panic_worker(&self, worker: WorkerId) -> bool {
        self.with(|state| {
            let there = state.handles.len() > usize::from(worker.0);
            state.queue_command(worker, WorkerCommand::Panic);
            there
        })
    }

    /// Ends the workers.
    pub fn stop(&self) {
        let threads: Vec<_> = {
            let mut state = self.state();
            state.stopping = true;
            state.handles.iter_mut().for_each(|worker| {
                let _ = worker.commands.try_send(WorkerCommand::Stop);
                worker.waker.wake();
            });
            // A thread that is stuck would keep the node from ending.
            let working = state.handles.iter_mut();
            let working = working.filter(|worker| !worker.fence.is_lost());
            working.filter_map(|worker| worker.thread.take()).collect()
        };
        for thread in threads {
            let _ = thread.join();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes something to the plane, and then its orders to the workers and its news to the rooms.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let done = act(&mut state);
        loop {
            state.pass_orders();
            let now = self.spawner.now();
            for worker in std::mem::take(&mut state.refusing) {
                if let Some(life) = state.plane.incarnation(worker) {
                    let why = Ending::QueueFull;
                    state.plane.handle_ended(now, worker, life, why);
                }
            }
            let Some(event) = state.plane.poll_event() else {
                break;
            };
            match event {
                PlaneEvent::WorkerEnded(worker, why) => state.lose(worker, why),
                PlaneEvent::Restart(worker, life) => self.restart(&mut state, worker, life),
                event => state.news.push_back(event),
            }
        }
        state.count_tables();
        if !state.news.is_empty() {
            self.has_news.notify_one();
        }
        done
    }
}

impl State {
    fn pass_orders(&mut self) {
        while let Some((worker, order)) = self.plane.poll_order() {
            self.queue_command(worker, WorkerCommand::Order(order, None));
        }
    }

    /// A newcomer is not placed on a worker that is fenced.
    fn note_fences(&mut self) {
        for (handle, number) in self.handles.iter().zip(0_u16..) {
            let fenced = handle.fence.is_raised();
            self.plane.handle_late(WorkerId(number), fenced);
        }
    }

    /// Passes orders, and asks for acknowledgements of those about tables.
    fn pass_orders_and(&mut self, waiting: &mut Vec<Waiting>) {
        while let Some((worker, order)) = self.plane.poll_order() {
            if !matches!(order, Order::Apply(_) | Order::ApplyWhole(_)) {
                self.queue_command(worker, WorkerCommand::Order(order, None));
                continue;
            }
            let (acknowledge, acknowledged) = oneshot::channel();
            self.queue_command(worker, WorkerCommand::Order(order, Some(acknowledge)));
            if !self.stays_fenced(worker) {
                waiting.push((worker, acknowledged));
            }
        }
    }

    /// True for a worker that sends nothing until it has carried out the order that it was just given: nobody
    /// needs to wait for it.
    fn stays_fenced(&self, worker: WorkerId) -> bool {
        let handle = self.handles.get(usize::from(worker.0));
        handle.is_some_and(|handle| handle.fence.renew())
    }

    /// Queues a command and never waits. A worker with a full queue, or whose thread has ended, is replaced.
    pub(super) fn queue_command(&mut self, worker: WorkerId, command: WorkerCommand) {
        let Some(handle) = self.handles.get(usize::from(worker.0)) else {
            return;
        };
        if handle.fence.is_lost() {
            return;
        }
        match handle.commands.try_send(command) {
            Ok(()) => handle.waker.wake(),
            Err(TrySendError::Full(_)) => {
                handle.fence.lose();
                self.refusing.push(worker);
            }
            // The end of its thread is told once its sockets are closed, see `supervise`.
            Err(TrySendError::Disconnected(_)) => drop(handle.fence.lose()),
        }
    }

    /// Fences a worker for good: it sends nothing from now on.
    fn lose(&mut self, worker: WorkerId, why: Ending) {
        let Some(handle) = self.handles.get_mut(usize::from(worker.0)) else {
            return;
        };
        handle.fence.lose();
        // Its end is not waited for.
        handle.thread = None;
        if self.stopping {
            return;
        }
        let why = match why {
            Ending::Ended => "its thread has ended",
            Ending::Stuck => "it stands still",
            Ending::QueueFull => "it takes no orders",
        };
        tracing::error!(
            worker = worker.0,
            why,
            "a media worker is lost and restarted; its participants connect again"
        );
        self.count_lost();
    }

    pub(super) fn count_lost(&self) {
        let lost = self.handles.iter().filter(|it| it.fence.is_lost()).count();
        crate::metrics::workers_lost(lost);
    }

    fn count_tables(&mut self) {
        let replaced = self.plane.replaced_tables();
        if replaced > self.counted_tables {
            crate::metrics::tables_replaced(replaced - self.counted_tables);
            self.counted_tables = replaced;
        }
    }
}

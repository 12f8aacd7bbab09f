//! The central part of the plane: it knows every worker, every room's table and every participant's worker.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use sideroom_forward::IngressConfig;
use sideroom_route::{
    GroupId, OutOfOrder, ParticipantId, RoomId, Route, RoutePlan, RouteUpdate, SlotId, Time,
    TrackId, TrackRoute, WorkerId,
};

use crate::order::Order;
use crate::relays::Relays;
use crate::report::Report;
use crate::room::{RoomMedia, slots_of};
use crate::supervision::{Ending, Incarnation, Supervised};
use crate::worker_assignment::WorkerAssignment;

/// News for the caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlaneEvent {
    /// A worker's life has ended. Nothing that it still sends may leave.
    WorkerEnded(WorkerId, Ending),
    /// Start a worker anew, with links to all others; answer with [`Plane::handle_restarted`] or
    /// [`Plane::handle_restart_failed`].
    Restart(WorkerId, Incarnation),
    /// A participant's transport ended with their worker. They can connect again at once.
    Lost(ParticipantId),
    /// The active talkers of a group changed, the most active first.
    Talkers {
        room: RoomId,
        group: GroupId,
        /// Tracks that are routed to the group.
        ranked: Vec<TrackId>,
    },
    /// The layers of a track that somebody receives changed.
    LayersWanted {
        track: TrackId,
        /// Its publisher and kind.
        route: TrackRoute,
        /// Bit 0 is the smallest layer.
        layers: u8,
    },
}

/// See the module.
#[derive(Debug)]
pub struct Plane {
    placement: WorkerAssignment,
    supervised: Vec<Supervised>,
    rooms: HashMap<RoomId, RoomMedia>,
    orders: VecDeque<(WorkerId, Order)>,
    events: VecDeque<PlaneEvent>,
    /// An update that was ordered and that the relays have not followed yet.
    following: Option<Arc<RouteUpdate>>,
    replaced_tables: u64,
}

impl Plane {
    /// A plane over running workers, at least one.
    pub fn new(now: Time, workers: u16, spread_above: usize) -> Self {
        let workers = workers.max(1);
        Self {
            placement: WorkerAssignment::new(workers, spread_above),
            supervised: (0..workers).map(|_| Supervised::new(now)).collect(),
            rooms: HashMap::new(),
            orders: VecDeque::new(),
            events: VecDeque::new(),
            following: None,
            replaced_tables: 0,
        }
    }

    /// The next order, and the worker that it is for. Poll until there is none before anything else is passed
    /// in: workers then begin with an update while the plane still follows it.
    pub fn poll_order(&mut self) -> Option<(WorkerId, Order)> {
        if self.orders.is_empty() {
            self.follow();
        }
        self.orders.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<PlaneEvent> {
        self.events.pop_front()
    }

    /// Whether a worker carries out its orders too late, so that it is fenced: newcomers are placed elsewhere
    /// meanwhile, if another worker runs.
    pub fn handle_late(&mut self, worker: WorkerId, late: bool) {
        self.placement.set_late(worker, late);
    }

    /// Takes the share of a core that a worker has used lately, in thousandths: new rooms go where least is to do.
    pub fn handle_load(&mut self, worker: WorkerId, permille: u32) {
        self.placement.set_load(worker, permille);
    }

    /// A participant gets a transport. Gives the worker for it: once every order is carried out there, the
    /// transport can be made. `None` if no worker runs.
    pub fn handle_connect(&mut self, participant: ParticipantId) -> Option<WorkerId> {
        self.follow();
        let is_new = self.placement.home_of(participant).is_none();
        let home = self.placement.place(participant)?;
        if is_new {
            self.bring_room(participant.room(), home);
            self.count_routes(participant, home);
        }
        Some(home)
    }

    /// Handles a new or changed transport of a participant on the worker `home`, with the wiring of each track.
    pub fn handle_connected(
        &mut self,
        home: WorkerId,
        participant: ParticipantId,
        ingress: &[IngressConfig],
    ) {
        self.follow();
        if self.placement.home_of(participant) != Some(home) {
            return;
        }
        let Some(held) = self.rooms.get_mut(&participant.room()) else {
            return;
        };
        let mut anew = Vec::new();
        for config in ingress {
            let track = config.track;
            let before = held.wired.insert(track, config.clone());
            held.relays.touch(track);
            // The client may be new or may have more layers, so the wanted layers are sent again.
            held.masks.tell_again(track);
            if before.is_some_and(|before| before != *config) {
                // Another browser took over, or a later offer changed the track: the others read it anew.
                let crossing = held.crossing.get(&track).into_iter().flatten();
                anew.extend(crossing.map(|worker| (*worker, config.clone())));
            }
        }
        for (worker, config) in anew {
            let config = Box::new(config);
            self.order(worker, Order::AddRelayed { home, config });
        }
        self.cross(participant.room());
    }

    /// A participant's transport ends.
    pub fn handle_disconnect(&mut self, participant: ParticipantId) {
        self.follow();
        let room = participant.room();
        let Some((home, last)) = self.placement.remove(participant) else {
            return;
        };
        self.order(home, Order::Disconnect(participant));
        let mut gone = Vec::new();
        if let Some(held) = self.rooms.get_mut(&room) {
            for (_, route) in held.plan.routes.range(slots_of(participant)) {
                held.relays.remove(route, home);
            }
            gone = held.unwire(participant);
        }
        for (track, crossing) in gone {
            self.order(home, Order::SetRelays(track, Vec::new()));
            for worker in crossing {
                self.order(worker, Order::RemoveRelayed(track));
            }
        }
        self.cross(room);
        if last {
            self.order(home, Order::RemoveRoom(room));
        }
    }

    /// Control changes a room's table. Gives the workers that have to apply it. An update that does not follow
    /// the table closes the room at every worker; the caller then gives the whole table.
    pub fn handle_update(
        &mut self,
        update: &Arc<RouteUpdate>,
    ) -> Result<Vec<WorkerId>, OutOfOrder> {
        self.follow();
        let held = self.room(update.room);
        let checked = update.check_follows(held.plan.room, held.plan.epoch);
        let workers: Vec<_> = self.placement.workers_of(update.room).collect();
        if let Err(error) = checked {
            self.replaced_tables += 1;
            self.set_plan(RoutePlan::empty(update.room));
            for worker in workers {
                self.order(worker, Order::RemoveRoom(update.room));
            }
            return Err(error);
        }
        for worker in &workers {
            self.order(*worker, Order::Apply(Arc::clone(update)));
        }
        self.following = Some(Arc::clone(update));
        Ok(workers)
    }

    /// Control gives a room's whole table: after a start, or when it begins anew. Gives the workers that have
    /// to apply it.
    pub fn handle_whole(&mut self, plan: RoutePlan) -> Vec<WorkerId> {
        self.follow();
        let room = plan.room;
        let shared = Arc::new(plan.clone());
        let workers: Vec<_> = self.placement.workers_of(room).collect();
        for worker in &workers {
            self.order(*worker, Order::ApplyWhole(Arc::clone(&shared)));
        }
        self.set_plan(plan);
        workers
    }

    /// A room ends with everybody in it.
    pub fn handle_close(&mut self, room: RoomId) {
        self.follow();
        let participants = self.placement.participants_of(room);
        let workers: Vec<_> = self.placement.workers_of(room).collect();
        self.rooms.remove(&room);
        for participant in participants {
            if let Some((home, _)) = self.placement.remove(participant) {
                self.order(home, Order::Disconnect(participant));
            }
        }
        for worker in workers {
            self.order(worker, Order::RemoveRoom(room));
        }
    }

    /// Handles a worker's report. Reports of an earlier incarnation of the worker are ignored.
    pub fn handle_report(&mut self, worker: WorkerId, life: Incarnation, report: Report) {
        self.follow();
        let held = self.supervised.get(usize::from(worker.0));
        if held.is_none_or(|held| held.incarnation != life || !held.is_running()) {
            return;
        }
        match report {
            Report::Talkers {
                room,
                group,
                ranked,
            } => {
                if let Some(held) = self.rooms.get_mut(&room) {
                    held.rankings.set(worker, group, ranked);
                    self.tell_talkers(room, group);
                }
            }
            Report::LayersWanted { track, layers } => {
                if let Some(held) = self.rooms.get_mut(&track.room()) {
                    held.masks.set(worker, track, layers);
                    self.tell_layers(track);
                }
            }
            Report::TableDiverged(room) => self.replace_table(worker, room),
        }
    }

    /// The whole table for a worker whose own does not fit.
    fn replace_table(&mut self, worker: WorkerId, room: RoomId) {
        self.replaced_tables += 1;
        if self.placement.count_on(room, worker) > 0
            && let Some(held) = self.rooms.get(&room)
        {
            let plan = Arc::new(held.plan.clone());
            self.order(worker, Order::ApplyWhole(plan));
        }
    }

    /// How often a table had to be replaced because an update did not follow it.
    pub const fn replaced_tables(&self) -> u64 {
        self.replaced_tables
    }

    /// Handles a worker's count of rounds, once in [`crate::HEARTBEAT_EVERY`].
    pub fn handle_heartbeat(&mut self, now: Time, worker: WorkerId, rounds: u64) {
        let held = self.supervised.get_mut(usize::from(worker.0));
        if held.is_some_and(|held| held.heartbeat(rounds)) {
            self.end_worker(now, worker, Ending::Stuck);
        }
    }

    /// A life of a worker has ended.
    pub fn handle_ended(&mut self, now: Time, worker: WorkerId, life: Incarnation, why: Ending) {
        if self.incarnation(worker) == Some(life) {
            self.end_worker(now, worker, why);
        }
    }

    /// A worker that was to be restarted runs.
    pub fn handle_restarted(&mut self, now: Time, worker: WorkerId) {
        if let Some(held) = self.supervised.get_mut(usize::from(worker.0)) {
            held.restarted(now);
            self.placement.restore(worker);
        }
    }

    /// A worker that was to be restarted cannot be: it is tried again later.
    pub fn handle_restart_failed(&mut self, now: Time, worker: WorkerId) {
        if let Some(held) = self.supervised.get_mut(usize::from(worker.0)) {
            held.restart_failed(now);
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Time {
        let due = self.supervised.iter().map(Supervised::due);
        due.min().unwrap_or(Time::NEVER)
    }

    /// Time passed: workers are restarted.
    pub fn handle_timeout(&mut self, now: Time) {
        for (held, number) in self.supervised.iter_mut().zip(0_u16..) {
            if let Some(life) = held.take_restart(now) {
                let restart = PlaneEvent::Restart(WorkerId(number), life);
                self.events.push_back(restart);
            }
        }
    }

    /// The present life of a worker.
    pub fn incarnation(&self, worker: WorkerId) -> Option<Incarnation> {
        let held = self.supervised.get(usize::from(worker.0));
        held.map(|held| held.incarnation)
    }

    /// True if the worker runs.
    pub fn is_running(&self, worker: WorkerId) -> bool {
        let held = self.supervised.get(usize::from(worker.0));
        held.is_some_and(Supervised::is_running)
    }

    /// The worker of a participant that has a transport.
    pub fn home_of(&self, participant: ParticipantId) -> Option<WorkerId> {
        self.placement.home_of(participant)
    }

    /// The workers that a room is on.
    pub fn workers_of(&self, room: RoomId) -> impl Iterator<Item = WorkerId> + '_ {
        self.placement.workers_of(room)
    }

    /// The routes of a participant's slots.
    pub fn routes_of(
        &self,
        participant: ParticipantId,
    ) -> impl Iterator<Item = (SlotId, Route)> + '_ {
        let held = self.rooms.get(&participant.room()).into_iter();
        let routes = held.flat_map(move |held| held.plan.routes.range(slots_of(participant)));
        routes.map(|((_, slot), route)| (*slot, *route))
    }

    /// Where a track is routed.
    pub fn track(&self, track: TrackId) -> Option<TrackRoute> {
        let held = self.rooms.get(&track.room())?;
        held.plan.tracks.get(&track).copied()
    }

    /// Ends a worker that is to be replaced: the reports are forgotten, and all transports on it are lost.
    fn end_worker(&mut self, now: Time, worker: WorkerId, why: Ending) {
        self.follow();
        let Some(held) = self.supervised.get_mut(usize::from(worker.0)) else {
            return;
        };
        if !held.end(now) {
            return;
        }
        self.events.push_back(PlaneEvent::WorkerEnded(worker, why));
        self.handle_timeout(now);
        let lost = self.placement.lose(worker);
        for participant in &lost {
            self.handle_disconnect(*participant);
        }
        let mut rooms: Vec<_> = self.rooms.keys().copied().collect();
        rooms.sort_unstable();
        for room in rooms {
            let held = self.rooms.get_mut(&room);
            let groups = held.map(|held| held.rankings.forget_worker(worker));
            for group in groups.into_iter().flatten() {
                self.tell_talkers(room, group);
            }
        }
        self.events.extend(lost.into_iter().map(PlaneEvent::Lost));
    }

    /// The ranking of a group, without tracks that have left it and without those of other workers' publishers.
    fn tell_talkers(&mut self, room: RoomId, group: GroupId) {
        let Some(held) = self.rooms.get(&room) else {
            return;
        };
        let placement = &self.placement;
        let ranked = held.rankings.merged(group, |worker, track| {
            let route = held.plan.tracks.get(&track);
            route.is_some_and(|route| {
                route.group == group && placement.home_of(route.publisher) == Some(worker)
            })
        });
        self.events.push_back(PlaneEvent::Talkers {
            room,
            group,
            ranked,
        });
    }

    /// Tells the layers that the workers which have a track want of it, if they have changed.
    fn tell_layers(&mut self, track: TrackId) {
        let Some(held) = self.rooms.get_mut(&track.room()) else {
            return;
        };
        let Some(route) = held.plan.tracks.get(&track).copied() else {
            return;
        };
        let home = self.placement.home_of(route.publisher);
        let crossing = held.crossing.get(&track);
        let has_track = |worker| {
            home == Some(worker) || crossing.is_some_and(|workers| workers.contains(&worker))
        };
        if let Some(layers) = held.masks.merge(track, has_track) {
            self.events.push_back(PlaneEvent::LayersWanted {
                track,
                route,
                layers,
            });
        }
    }

    /// Queues an order, unless the worker is down.
    fn order(&mut self, worker: WorkerId, order: Order) {
        if self.is_running(worker) {
            self.orders.push_back((worker, order));
        }
    }

    fn room(&mut self, room: RoomId) -> &mut RoomMedia {
        let workers = self.supervised.len();
        self.rooms
            .entry(room)
            .or_insert_with(|| RoomMedia::new(room, workers))
    }

    /// Orders a room's whole table to a worker that does not have the room yet.
    fn bring_room(&mut self, room: RoomId, worker: WorkerId) {
        let plan = self.room(room).plan.clone();
        if self.placement.count_on(room, worker) == 1 {
            self.order(worker, Order::ApplyWhole(Arc::new(plan)));
        }
    }

    /// Counts the routes that a participant had before they were placed.
    fn count_routes(&mut self, participant: ParticipantId, home: WorkerId) {
        if let Some(held) = self.rooms.get_mut(&participant.room()) {
            for (_, route) in held.plan.routes.range(slots_of(participant)) {
                held.relays.add(route, home);
            }
        }
        self.cross(participant.room());
    }

    /// Follows the update that the workers were given last.
    fn follow(&mut self) {
        let Some(update) = self.following.take() else {
            return;
        };
        let placement = &self.placement;
        let Some(held) = self.rooms.get_mut(&update.room) else {
            return;
        };
        let before = &held.plan.routes;
        held.relays.apply(
            &update,
            |subscriber, slot| before.get(&(subscriber, slot)).copied(),
            |participant| placement.home_of(participant),
        );
        let followed = held.plan.apply(&update);
        debug_assert!(followed.is_ok(), "invariant: it follows the table");
        self.cross(update.room);
        for change in update.tracks.iter().filter(|it| it.route.is_some()) {
            // A worker may have said which layers it wants before the track was routed.
            self.tell_layers(change.track);
        }
    }

    /// Replaces a room's table, and counts its open routes anew.
    fn set_plan(&mut self, plan: RoutePlan) {
        let (room, workers) = (plan.room, self.supervised.len());
        self.room(room);
        let Some(held) = self.rooms.get_mut(&room) else {
            return;
        };
        held.relays = Relays::new(workers);
        for ((subscriber, _), route) in &plan.routes {
            if let Some(worker) = self.placement.home_of(*subscriber) {
                held.relays.add(route, worker);
            }
        }
        for track in held.crossing.keys() {
            // It may be wanted nowhere any more.
            held.relays.touch(*track);
        }
        let tracks: Vec<_> = plan.tracks.keys().copied().collect();
        held.plan = plan;
        self.cross(room);
        for track in tracks {
            self.tell_layers(track);
        }
    }

    /// Lets tracks cross to workers that want them, and no longer to others.
    fn cross(&mut self, room: RoomId) {
        let Some(held) = self.rooms.get_mut(&room) else {
            return;
        };
        let (placement, wired) = (&self.placement, &held.wired);
        let home_of = |track| placement.home_of(wired.get(&track)?.publisher);
        for (track, home, wanted) in held.relays.take_changes(home_of) {
            self.cross_track(track, home, wanted);
        }
    }

    fn cross_track(&mut self, track: TrackId, home: WorkerId, wanted: Vec<WorkerId>) {
        let Some(held) = self.rooms.get_mut(&track.room()) else {
            return;
        };
        let crossing = held.crossing.insert(track, wanted.clone());
        let crossing = crossing.unwrap_or_default();
        if crossing != wanted {
            let config = held.wired.get(&track).cloned();
            let new = wanted.iter().filter(|worker| !crossing.contains(worker));
            for (worker, config) in new.zip(std::iter::repeat(config)) {
                if let Some(config) = config.map(Box::new) {
                    self.order(*worker, Order::AddRelayed { home, config });
                }
            }
            for worker in crossing.iter().filter(|worker| !wanted.contains(worker)) {
                self.order(*worker, Order::RemoveRelayed(track));
            }
            self.order(home, Order::SetRelays(track, wanted));
        }
        self.tell_layers(track);
    }
}

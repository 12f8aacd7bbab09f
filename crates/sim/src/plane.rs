//! The media plane of a world: the shipped plane over real forwarders, the transports of model clients, and
//! everything under way between them. Orders, links and reports delay and lose nothing; workers stall, panic and
//! come back.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use sideroom_control::SlotPool;
use sideroom_forward::{ForwardConfig, Forwarder, IngressConfig, IngressId, SubscriberId};
use sideroom_plane::{
    Follower, HEARTBEAT_EVERY, Incarnation, Link, Message, Order, Plane as Shipped, Report,
};
use sideroom_route::{Epoch, ParticipantId, Time, TrackId, TrackKind, WorkerId};
use sideroom_rtp::HeaderWriter;

use crate::chance::Chance;
use crate::packet::Draft;
use crate::sink::Sink;
use crate::story::PlaneSetting;
use crate::transport::Transport;

/// Transports by their number.
pub(crate) type TransportId = u32;

/// Something under way.
#[derive(Debug)]
pub(crate) enum Item {
    /// For the thread of a worker.
    Task(usize, Incarnation, Box<Task>),
    /// A message between two workers.
    Carried(usize, Incarnation, Rc<Carried>),
    /// From a worker to the plane.
    Report(usize, Incarnation, Report),
    /// A publisher's packet.
    Inbound(TransportId, Draft),
    /// The room's task learns how tracks are wired.
    Connected(usize, ParticipantId, Vec<IngressConfig>),
    /// A worker's thread has ended.
    Ended(usize, Incarnation),
    /// A client whose transport was lost, or could not be made, connects again.
    Rejoin(ParticipantId),
    /// A worker that stalled goes on.
    Awake(usize),
    /// The room waits no longer for workers to apply an epoch.
    Deadline(Epoch),
    /// The workers' rounds are looked at.
    Heartbeat,
}

/// A task of a worker's thread.
#[derive(Debug)]
pub(crate) enum Task {
    Order(Order),
    Connect(Transport),
}

/// How a client connects.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) participant: ParticipantId,
    pub(crate) pool: SlotPool,
    pub(crate) tracks: Vec<(TrackKind, TrackId)>,
}

/// A message with its address.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    pub(crate) to: WorkerId,
    pub(crate) track: TrackId,
    pub(crate) layer: u8,
    pub(crate) message: Owned,
}

/// A [`Message`] under way.
#[derive(Clone, Debug)]
pub(crate) enum Owned {
    Packet(Epoch, Vec<u8>),
    SenderReport(u64, u32),
    KeyframeWish,
}

impl Owned {
    pub(crate) fn as_message(&self) -> Message<'_> {
        match self {
            Self::Packet(since, bytes) => Message::Packet {
                since: *since,
                bytes,
            },
            Self::SenderReport(ntp, rtp) => Message::SenderReport {
                ntp: *ntp,
                rtp: *rtp,
            },
            Self::KeyframeWish => Message::KeyframeWish,
        }
    }
}

/// Messages that a worker has sent in one call.
#[derive(Debug, Default)]
pub(crate) struct Outgoing(pub(crate) Vec<Carried>);

impl Link for Outgoing {
    fn send(&mut self, to: WorkerId, track: TrackId, layer: u8, message: Message<'_>) -> bool {
        let message = match message {
            Message::Packet { since, bytes } => Owned::Packet(since, bytes.to_vec()),
            Message::SenderReport { ntp, rtp } => Owned::SenderReport(ntp, rtp),
            Message::KeyframeWish => Owned::KeyframeWish,
        };
        self.0.push(Carried {
            to,
            track,
            layer,
            message,
        });
        true
    }
}

#[derive(Debug)]
struct Due {
    at: Time,
    order: u64,
    item: Item,
}

/// One worker in its present life.
pub(crate) struct Worker {
    pub(crate) forwarder: Forwarder,
    pub(crate) follower: Follower,
    pub(crate) life: Incarnation,
    /// The epoch that its last order led to.
    pub(crate) held: Epoch,
    /// The worker stalls, and this work waits.
    pub(crate) backlog: Option<VecDeque<Item>>,
    /// The worker's thread has ended.
    pub(crate) is_dead: bool,
    /// The worker sends nothing.
    pub(crate) is_fenced: bool,
    /// Orders that it was given and has not carried out.
    pub(crate) waiting: usize,
    rounds: u64,
}

/// An epoch that the room waits for.
struct Pending {
    epoch: Epoch,
    workers: BTreeSet<usize>,
}

/// See the module.
pub(crate) struct Plane {
    pub(crate) shipped: Shipped,
    pub(crate) workers: Vec<Worker>,
    pub(crate) transports: BTreeMap<TransportId, Transport>,
    /// The transports of each worker, by participant.
    pub(crate) homes: BTreeMap<(usize, ParticipantId), TransportId>,
    pub(crate) subscribers: BTreeMap<(usize, SubscriberId), TransportId>,
    /// How each client connected last.
    pub(crate) clients: BTreeMap<ParticipantId, Client>,
    queue: BinaryHeap<Reverse<Due>>,
    order: u64,
    next_transport: TransportId,
    next_heartbeat: Time,
    /// Each way is in order: the last arrival on it.
    last: BTreeMap<(usize, usize), Time>,
    pending: VecDeque<Pending>,
    /// Every worker holds this epoch, is fenced or gone: the command that led to it is answered.
    pub(crate) answered: Epoch,
    pub(crate) asked: BTreeSet<TrackId>,
    /// The layers of each track that its publisher was told last.
    pub(crate) told_layers: BTreeMap<TrackId, u8>,
    pub(crate) setting: PlaneSetting,
    /// A quiet moment: messages arrive at once, restarts succeed.
    pub(crate) settles: bool,
    pub(crate) sink: Sink,
    pub(crate) writer: HeaderWriter,
    pub(crate) bytes: Vec<u8>,
    seed: u64,
}

/// The plane's end of a way, beside the numbers of workers.
const CENTRE: usize = usize::MAX;

impl Worker {
    fn new(seed: u64, life: Incarnation) -> Self {
        Self {
            forwarder: Forwarder::new(ForwardConfig {
                audio_ring_packets: 64,
                video_ring_packets: 64,
                audio_history: 64,
                video_history: 64,
                resend_after: Duration::from_millis(1),
                seed,
                ..ForwardConfig::default()
            }),
            follower: Follower::default(),
            life,
            held: Epoch(0),
            backlog: None,
            is_dead: false,
            is_fenced: false,
            waiting: 0,
            rounds: 0,
        }
    }
}

impl Plane {
    pub(crate) fn new(seed: u64, setting: PlaneSetting) -> Self {
        let workers = (0..setting.workers)
            .map(|index| Worker::new(seed.wrapping_add(u64::from(index)), Incarnation::default()));
        Self {
            shipped: Shipped::new(Time::ZERO, setting.workers, setting.spread_above),
            workers: workers.collect(),
            transports: BTreeMap::new(),
            homes: BTreeMap::new(),
            subscribers: BTreeMap::new(),
            clients: BTreeMap::new(),
            queue: BinaryHeap::new(),
            order: 0,
            next_transport: 1,
            next_heartbeat: Time::ZERO,
            last: BTreeMap::new(),
            pending: VecDeque::new(),
            answered: Epoch(0),
            asked: BTreeSet::new(),
            told_layers: BTreeMap::new(),
            setting,
            settles: false,
            sink: Sink::default(),
            writer: HeaderWriter::new(),
            bytes: Vec::new(),
            seed,
        }
    }

    /// The epoch of the table that a worker holds.
    pub(crate) fn epoch(&self, worker: usize) -> Epoch {
        self.workers.get(worker).map_or(Epoch(0), |it| it.held)
    }

    /// The plane has placed somebody of the room on the worker.
    pub(crate) fn serves(&self, worker: usize) -> bool {
        let mut workers = self.shipped.workers_of(crate::model::ROOM);
        workers.any(|it| usize::from(it.0) == worker)
    }

    /// The oldest epoch that a worker of the room may still forward by.
    pub(crate) fn oldest(&self) -> Epoch {
        let workers = self.shipped.workers_of(crate::model::ROOM);
        let held = workers.map(|worker| self.epoch(usize::from(worker.0)));
        held.min().unwrap_or(self.answered).min(self.answered)
    }

    pub(crate) fn push(&mut self, at: Time, item: Item) {
        self.order += 1;
        let order = self.order;
        self.queue.push(Reverse(Due { at, order, item }));
    }

    /// Pushes an item on a way that keeps the order.
    fn push_behind(&mut self, way: (usize, usize), at: Time, item: Item) {
        let last = self.last.entry(way).or_default();
        *last = at.max(*last);
        let at = *last;
        self.push(at, item);
    }

    /// The next item that has come due, the earliest first.
    pub(crate) fn next(&mut self, until: Time) -> Option<(Time, Item)> {
        let first = self.queue.peek().map_or(Time::NEVER, |due| due.0.at);
        if self.next_heartbeat <= first.min(until) {
            let at = self.next_heartbeat;
            self.next_heartbeat = at + HEARTBEAT_EVERY;
            return Some((at, Item::Heartbeat));
        }
        if first > until {
            return None;
        }
        self.queue.pop().map(|due| (due.0.at, due.0.item))
    }

    /// When everything under way has arrived.
    pub(crate) fn last_due(&self) -> Option<Time> {
        self.queue.iter().map(|due| due.0.at).max()
    }

    /// Sends the plane's orders on their way.
    pub(crate) fn pass_orders(&mut self, now: Time, chance: &mut Chance) {
        while let Some((worker, order)) = self.shipped.poll_order() {
            self.give(usize::from(worker.0), Task::Order(order), (now, chance));
        }
    }

    fn give(&mut self, index: usize, task: Task, (now, chance): (Time, &mut Chance)) {
        let Some(worker) = self.workers.get_mut(index) else {
            return;
        };
        worker.waiting += 1;
        let life = worker.life;
        let most = if chance.happens(0.1) { 80_000 } else { 6_000 };
        let at = now + Duration::from_micros(chance.below(most));
        let item = Item::Task(index, life, Box::new(task));
        self.push_behind((CENTRE, index), at, item);
    }

    /// Sends a message of a worker on its way.
    pub(crate) fn carry(
        &mut self,
        from: usize,
        carried: Carried,
        (now, chance): (Time, &mut Chance),
    ) {
        let to = usize::from(carried.to.0);
        let Some(life) = self.workers.get(to).map(|worker| worker.life) else {
            return;
        };
        let most = if chance.happens(0.1) { 50_000 } else { 2_000 };
        let most = if self.settles { 1 } else { most };
        let at = now + Duration::from_micros(chance.below(most));
        self.push_behind((from, to), at, Item::Carried(to, life, Rc::new(carried)));
    }

    /// Sends a report of a worker on its way.
    pub(crate) fn report(
        &mut self,
        from: usize,
        report: Report,
        (now, chance): (Time, &mut Chance),
    ) {
        if let Some(life) = self.workers.get(from).map(|worker| worker.life) {
            let at = now + Duration::from_micros(chance.below(20_000));
            self.push_behind((from, CENTRE), at, Item::Report(from, life, report));
        }
    }

    /// The room waits until these workers have applied an epoch.
    pub(crate) fn wait_for(&mut self, now: Time, epoch: Epoch, workers: &[WorkerId]) {
        /// As long as a room waits (`sideroom-room`).
        const PUBLISH_WAIT: Duration = Duration::from_millis(500);
        let workers = workers.iter().map(|worker| usize::from(worker.0));
        self.pending.push_back(Pending {
            epoch,
            workers: workers.collect(),
        });
        self.push(now + PUBLISH_WAIT, Item::Deadline(epoch));
        self.advance();
    }

    /// A worker is not waited for any more: it holds `epoch` or forwards nothing.
    pub(crate) fn acknowledge(&mut self, worker: usize, epoch: Epoch) {
        for pending in &mut self.pending {
            if pending.epoch <= epoch {
                pending.workers.remove(&worker);
            }
        }
        self.advance();
    }

    /// Workers that have not applied an epoch in time send nothing until they have.
    pub(crate) fn fence_late(&mut self, epoch: Epoch) {
        let late = self.pending.iter_mut().find(|it| it.epoch == epoch);
        let late = late.map(|pending| std::mem::take(&mut pending.workers));
        for index in late.into_iter().flatten() {
            if let Some(worker) = self.workers.get_mut(index)
                && self.setting.planted != Some(crate::story::Planted::LateWorkersSend)
            {
                worker.is_fenced = true;
            }
        }
        self.advance();
    }

    fn advance(&mut self) {
        while let Some(first) = self.pending.front()
            && first.workers.is_empty()
        {
            self.answered = first.epoch;
            self.pending.pop_front();
        }
    }

    /// A participant gets a transport; false if no worker can serve them now.
    pub(crate) fn connect(&mut self, client: &Client, (now, chance): (Time, &mut Chance)) -> bool {
        self.clients.insert(client.participant, client.clone());
        let home = self.shipped.handle_connect(client.participant);
        self.pass_orders(now, chance);
        let Some(home) = home.map(|worker| usize::from(worker.0)) else {
            return false;
        };
        self.next_transport += 1;
        let id = self.next_transport;
        let to = (home, client.pool);
        let transport = Transport::new(id, client.participant, to, &client.tracks);
        self.give(home, Task::Connect(transport), (now, chance));
        true
    }

    /// A participant's transport goes.
    pub(crate) fn disconnect(
        &mut self,
        participant: ParticipantId,
        (now, chance): (Time, &mut Chance),
    ) {
        self.shipped.handle_disconnect(participant);
        self.pass_orders(now, chance);
    }

    /// True if a participant has a transport at the worker where the plane has placed them.
    pub(crate) fn has_transport(&self, participant: ParticipantId) -> bool {
        let home = self.shipped.home_of(participant);
        home.is_some_and(|home| {
            let home = usize::from(home.0);
            self.homes.contains_key(&(home, participant))
        })
    }

    /// A worker makes a transport, in place of the one that the participant had.
    pub(crate) fn attach(&mut self, now: Time, mut transport: Transport) {
        self.detach(transport.worker, transport.participant);
        let home = transport.worker;
        let Some(worker) = self.workers.get_mut(home) else {
            return;
        };
        let id = worker
            .forwarder
            .add_subscriber(transport.subscriber_config());
        for slot in transport.slots() {
            worker.forwarder.add_slot(now, id, slot);
        }
        transport.subscriber = id;
        let mut configs = Vec::new();
        for source in &mut transport.sources {
            let config = source.config(transport.participant);
            source.ingress = worker.forwarder.add_ingress(config.clone());
            configs.push(config);
        }
        let participant = transport.participant;
        self.subscribers.insert((home, id), transport.id);
        self.homes.insert((home, participant), transport.id);
        self.transports.insert(transport.id, transport);
        let at = now + Duration::from_millis(1);
        self.push(at, Item::Connected(home, participant, configs));
    }

    /// Ends the transport of a participant on a worker, if there is one.
    pub(crate) fn detach(&mut self, home: usize, participant: ParticipantId) {
        let Some(id) = self.homes.remove(&(home, participant)) else {
            return;
        };
        let Some(transport) = self.transports.remove(&id) else {
            return;
        };
        self.subscribers.remove(&(home, transport.subscriber));
        if let Some(worker) = self.workers.get_mut(home) {
            for source in &transport.sources {
                worker.forwarder.remove_ingress(source.ingress);
            }
            worker.forwarder.remove_subscriber(transport.subscriber);
        }
    }

    /// A worker begins a new life: nothing of the one before is left.
    pub(crate) fn replace(&mut self, index: usize, life: Incarnation) {
        self.transports.retain(|_, it| it.worker != index);
        self.homes.retain(|(worker, _), _| *worker != index);
        self.subscribers.retain(|(worker, _), _| *worker != index);
        self.last
            .retain(|(from, to), _| *from != index && *to != index);
        let seed = self
            .seed
            .wrapping_add(u64::from(life.0) << 32 | index as u64);
        if let Some(worker) = self.workers.get_mut(index) {
            *worker = Worker::new(seed, life);
        }
    }

    /// Every worker that goes round is seen to.
    pub(crate) fn beat(&mut self, now: Time) {
        let serves = self.setting.planted == Some(crate::story::Planted::DeadWorkersServe);
        for (worker, number) in self.workers.iter_mut().zip(0_u16..) {
            let goes = !worker.is_dead && worker.backlog.is_none();
            worker.rounds += u64::from(goes || serves);
            self.shipped
                .handle_heartbeat(now, WorkerId(number), worker.rounds);
        }
        self.shipped.handle_timeout(now);
    }

    /// The ingress of a source at its worker.
    pub(crate) fn ingress(
        &self,
        transport: TransportId,
        kind: TrackKind,
    ) -> Option<(&Transport, IngressId, TrackId)> {
        let transport = self.transports.get(&transport)?;
        let source = transport.sources.iter().find(|it| it.kind == kind)?;
        Some((transport, source.ingress, source.track))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

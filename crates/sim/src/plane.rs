//! The media plane of a world: two real forwarders, the transports of model clients, and everything that
//! is under way between them. Updates reach each worker late but in order, packets as a bad network
//! leaves them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::rc::Rc;
use std::time::Duration;

use sideroom_control::SlotPool;
use sideroom_forward::{ForwardConfig, Forwarder, IngressId, SubscriberId};
use sideroom_route::{
    Epoch, Gate, ParticipantId, RoutePlan, RouteUpdate, Time, TrackId, TrackKind, WorkerId,
};
use sideroom_rtp::HeaderWriter;

use crate::chance::Chance;
use crate::model::ROOM;
use crate::packet::Draft;
use crate::sink::{Relay, Sink};
use crate::transport::Transport;

/// Workers of a world.
pub(crate) const WORKERS: usize = 2;

/// Transports by their number.
pub(crate) type TransportId = u32;

/// An item under way.
#[derive(Debug)]
pub(crate) enum Item {
    /// The table changes.
    Update(usize, Rc<RouteUpdate>),
    /// A publisher's packet.
    Inbound(TransportId, Draft),
    /// Another worker's packet.
    Relayed(usize, Rc<Relay>),
    /// A transport is ready.
    Attach(Box<Transport>),
    /// A transport is gone.
    Detach(TransportId),
}

#[derive(Debug)]
struct Due {
    at: Time,
    order: u64,
    item: Item,
}

pub(crate) struct Worker {
    pub(crate) forwarder: Forwarder,
    /// Updates arrive in order.
    last_update: Time,
}

/// All of it.
pub(crate) struct Plane {
    pub(crate) workers: [Worker; WORKERS],
    pub(crate) transports: BTreeMap<TransportId, Transport>,
    /// The newest transport of each participant.
    pub(crate) homes: BTreeMap<ParticipantId, TransportId>,
    pub(crate) subscribers: BTreeMap<(usize, SubscriberId), TransportId>,
    queue: BinaryHeap<Reverse<Due>>,
    order: u64,
    next_transport: TransportId,
    /// The transport that each participant shall have, ready or not yet.
    expected: BTreeMap<ParticipantId, TransportId>,
    /// Transports become ready in order.
    last_attach: Time,
    pub(crate) sink: Sink,
    pub(crate) writer: HeaderWriter,
    pub(crate) bytes: Vec<u8>,
}

impl Plane {
    pub(crate) fn new(seed: u64) -> Self {
        let worker = |index: u64| Worker {
            forwarder: Forwarder::new(ForwardConfig {
                audio_ring_packets: 64,
                video_ring_packets: 64,
                audio_history: 64,
                video_history: 64,
                resend_after: Duration::from_millis(1),
                seed: seed.wrapping_add(index),
                ..ForwardConfig::default()
            }),
            last_update: Time::ZERO,
        };
        Self {
            workers: [worker(0), worker(1)],
            transports: BTreeMap::new(),
            homes: BTreeMap::new(),
            subscribers: BTreeMap::new(),
            queue: BinaryHeap::new(),
            order: 0,
            next_transport: 1,
            expected: BTreeMap::new(),
            last_attach: Time::ZERO,
            sink: Sink::default(),
            writer: HeaderWriter::new(),
            bytes: Vec::new(),
        }
    }

    /// The epoch of the table that a worker really holds.
    pub(crate) fn epoch(&self, worker: usize) -> Epoch {
        let plan = self
            .workers
            .get(worker)
            .and_then(|it| it.forwarder.plan(ROOM));
        plan.map_or(Epoch(0), |plan| plan.epoch)
    }

    pub(crate) fn push(&mut self, at: Time, item: Item) {
        self.order += 1;
        let order = self.order;
        self.queue.push(Reverse(Due { at, order, item }));
    }

    /// The next item that is due, the earliest first.
    pub(crate) fn next(&mut self, until: Time) -> Option<(Time, Item)> {
        if self.queue.peek()?.0.at > until {
            return None;
        }
        self.queue.pop().map(|due| (due.0.at, due.0.item))
    }

    /// When everything under way has arrived.
    pub(crate) fn last_due(&self) -> Option<Time> {
        self.queue.iter().map(|due| due.0.at).max()
    }

    /// Sends an update on its way to both workers.
    pub(crate) fn publish(&mut self, now: Time, update: RouteUpdate, chance: &mut Chance) {
        let update = Rc::new(update);
        for index in 0..WORKERS {
            let slow = chance.happens(0.1);
            let most = if slow { 80_000 } else { 6_000 };
            let delay = Duration::from_micros(chance.below(most));
            let Some(worker) = self.workers.get_mut(index) else {
                continue;
            };
            worker.last_update = worker.last_update.max(now + delay);
            let at = worker.last_update;
            self.push(at, Item::Update(index, Rc::clone(&update)));
        }
    }

    /// Connects a participant's new transport; their old one is lost a little later.
    pub(crate) fn connect(
        &mut self,
        participant: ParticipantId,
        pool: SlotPool,
        tracks: &[(TrackKind, TrackId)],
        (now, chance): (Time, &mut Chance),
    ) {
        let delay = Duration::from_millis(chance.below(30));
        self.last_attach = self.last_attach.max(now + delay);
        self.disconnect(participant, (self.last_attach, chance));
        let worker = chance.below(WORKERS as u64) as usize;
        self.next_transport += 1;
        let id = self.next_transport;
        self.expected.insert(participant, id);
        let transport = Transport::new(id, participant, (worker, pool), tracks);
        self.push(self.last_attach, Item::Attach(Box::new(transport)));
    }

    /// A participant's transport goes.
    pub(crate) fn disconnect(
        &mut self,
        participant: ParticipantId,
        (now, chance): (Time, &mut Chance),
    ) {
        if let Some(id) = self.expected.remove(&participant) {
            let delay = Duration::from_millis(chance.below(60));
            let at = self.last_attach.max(now + delay);
            self.push(at, Item::Detach(id));
        }
    }

    /// A transport becomes the one of its participant.
    pub(crate) fn attach(&mut self, mut transport: Transport) {
        let home = transport.worker;
        for (index, worker) in self.workers.iter_mut().enumerate() {
            let forwarder = &mut worker.forwarder;
            for source in &mut transport.sources {
                let config = source.config(transport.participant);
                let ingress = if index == home {
                    forwarder.add_ingress(config)
                } else {
                    forwarder.add_relayed_ingress(config)
                };
                source.ingresses.push(ingress);
            }
            if index == home {
                let id = forwarder.add_subscriber(transport.subscriber_config());
                for slot in transport.slots() {
                    forwarder.add_slot(Time::ZERO, id, slot);
                }
                transport.subscriber = id;
            }
        }
        self.subscribers
            .insert((home, transport.subscriber), transport.id);
        self.homes.insert(transport.participant, transport.id);
        self.transports.insert(transport.id, transport);
        self.update_relays();
    }

    pub(crate) fn detach(&mut self, id: TransportId) {
        let Some(transport) = self.transports.remove(&id) else {
            return;
        };
        if self.homes.get(&transport.participant) == Some(&id) {
            self.homes.remove(&transport.participant);
        }
        self.subscribers
            .remove(&(transport.worker, transport.subscriber));
        for (index, worker) in self.workers.iter_mut().enumerate() {
            for source in &transport.sources {
                if let Some(ingress) = source.ingresses.get(index) {
                    worker.forwarder.remove_ingress(*ingress);
                }
            }
            if index == transport.worker {
                worker.forwarder.remove_subscriber(transport.subscriber);
            }
        }
        self.update_relays();
    }

    /// Relays the tracks with an open route to a subscriber at the other worker.
    pub(crate) fn update_relays(&mut self) {
        for index in 0..WORKERS {
            let Some(worker) = self.workers.get(index) else {
                continue;
            };
            let wanted = match worker.forwarder.plan(ROOM) {
                Some(plan) => wanted_elsewhere(plan, index, (&self.homes, &self.transports)),
                None => BTreeSet::new(),
            };
            let other = [WorkerId(1 - index as u16)];
            let Some(worker) = self.workers.get_mut(index) else {
                continue;
            };
            let own = self.transports.values_mut().filter(|it| it.worker == index);
            for source in own.flat_map(|it| &mut it.sources) {
                let relay = wanted.contains(&source.track);
                if source.relayed != relay {
                    source.relayed = relay;
                    let to = if relay { &other[..] } else { &[] };
                    worker.forwarder.set_relays(source.track, to);
                }
            }
        }
    }

    /// The ingress of a source at a worker.
    pub(crate) fn ingress(
        &self,
        transport: TransportId,
        kind: TrackKind,
    ) -> Option<(&Transport, IngressId, TrackId)> {
        let transport = self.transports.get(&transport)?;
        let source = transport.sources.iter().find(|it| it.kind == kind)?;
        let ingress = source.ingresses.get(transport.worker)?;
        Some((transport, *ingress, source.track))
    }
}

fn wanted_elsewhere(
    plan: &RoutePlan,
    here: usize,
    (homes, transports): (
        &BTreeMap<ParticipantId, TransportId>,
        &BTreeMap<TransportId, Transport>,
    ),
) -> BTreeSet<TrackId> {
    let mut wanted = BTreeSet::new();
    let mut last: Option<(ParticipantId, bool)> = None;
    for ((participant, _), route) in &plan.routes {
        let elsewhere = match last {
            Some((known, elsewhere)) if known == *participant => elsewhere,
            _ => {
                let home = homes.get(participant).and_then(|id| transports.get(id));
                home.is_some_and(|home| home.worker != here)
            }
        };
        last = Some((*participant, elsewhere));
        if elsewhere && route.gate == Gate::Open {
            wanted.insert(route.track);
        }
    }
    wanted
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

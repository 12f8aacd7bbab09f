//! Workers that stall and panic: they carry out orders in turn, and forward nothing while they are fenced.

use std::collections::{BTreeMap, VecDeque};

use sideroom_room::CommitId;
use sideroom_route::{Epoch, ParticipantId, RoomId, Time};

use crate::chance::Chance;

/// An order that waits for its worker.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Apply {
        room: RoomId,
        epoch: Epoch,
        asker: (usize, u64),
        id: CommitId,
    },
    Connect(Making),
    Renegotiate {
        asker: (usize, u64),
        token: sideroom_room::Token,
    },
}

/// A transport that is being made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Making {
    pub asker: (usize, u64),
    pub participant: ParticipantId,
    pub transport: u64,
}

/// A worker: its orders, and the tables that it forwards by.
#[derive(Debug, Default)]
pub(super) struct Worker {
    pub stalled_until: Time,
    orders: VecDeque<Order>,
    /// The version of each room's table.
    obeyed: BTreeMap<RoomId, Epoch>,
    pub fenced: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Plane {
    pub workers: Vec<Worker>,
    /// Each transport, and the worker that has it.
    transports: BTreeMap<ParticipantId, (u64, usize)>,
    /// The newest table of each room.
    newest: BTreeMap<RoomId, Epoch>,
}

impl Plane {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            workers: (0..workers).map(|_| Worker::default()).collect(),
            transports: BTreeMap::new(),
            newest: BTreeMap::new(),
        }
    }

    /// The workers that have somebody of the room.
    pub(super) fn workers_of(&self, room: RoomId) -> Vec<usize> {
        let of_room = self.transports.iter();
        let of_room = of_room.filter(|(participant, _)| participant.room() == room);
        let mut workers: Vec<usize> = of_room.map(|(_, (_, worker))| *worker).collect();
        workers.sort_unstable();
        workers.dedup();
        workers
    }

    pub(super) fn is_fenced(&self, worker: usize) -> bool {
        let worker = self.workers.get(worker);
        worker.is_some_and(|worker| worker.fenced)
    }

    pub(super) fn is_stalled(&self, worker: usize, now: Time) -> bool {
        let worker = self.workers.get(worker);
        worker.is_some_and(|worker| worker.stalled_until > now)
    }

    /// True for a worker that stalls and that new publications wait for.
    pub(super) fn delays(&self, worker: usize, now: Time) -> bool {
        self.is_stalled(worker, now) && !self.is_fenced(worker)
    }

    pub(super) fn publish(&mut self, room: RoomId, epoch: Epoch) {
        let newest = self.newest.entry(room).or_default();
        *newest = (*newest).max(epoch);
    }

    pub(super) fn order(&mut self, worker: usize, order: Order) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.orders.push_back(order);
        }
    }

    /// Places a participant on a worker, instead of the one before.
    pub(super) fn place(&mut self, making: Making, chance: &mut Chance) -> usize {
        let held = self.transports.get(&making.participant);
        let any = chance.below(self.workers.len() as u64) as usize;
        let worker = held.map_or(any, |(_, worker)| *worker);
        self.transports
            .insert(making.participant, (making.transport, worker));
        let room = making.participant.room();
        let newest = self.newest.get(&room).copied().unwrap_or_default();
        if let Some(worker) = self.workers.get_mut(worker) {
            // A room that is new to a worker comes with its whole table.
            worker.obeyed.entry(room).or_insert(newest);
        }
        worker
    }

    pub(super) fn transport_of(&self, participant: ParticipantId) -> Option<u64> {
        self.transports.get(&participant).map(|held| held.0)
    }

    pub(super) fn transports(&self) -> impl Iterator<Item = (ParticipantId, u64)> + '_ {
        self.transports.iter().map(|(one, held)| (*one, held.0))
    }

    pub(super) fn disconnect(&mut self, participant: ParticipantId) {
        self.transports.remove(&participant);
        let room = participant.room();
        for worker in 0..self.workers.len() {
            if !self.workers_of(room).contains(&worker)
                && let Some(worker) = self.workers.get_mut(worker)
            {
                worker.obeyed.remove(&room);
            }
        }
    }

    pub(super) fn close_room(&mut self, room: RoomId) {
        self.transports.retain(|one, _| one.room() != room);
        for worker in &mut self.workers {
            worker.obeyed.remove(&room);
        }
    }

    /// The worker carries out what it was ordered.
    pub(super) fn run_orders(&mut self, worker: usize) -> Vec<Order> {
        let Some(worker) = self.workers.get_mut(worker) else {
            return Vec::new();
        };
        worker.fenced = false;
        let orders: Vec<_> = worker.orders.drain(..).collect();
        for order in &orders {
            if let Order::Apply { room, epoch, .. } = order
                && let Some(held) = worker.obeyed.get_mut(room)
            {
                *held = (*held).max(*epoch);
            }
        }
        orders
    }

    /// The worker's thread panics. Everybody whom it served loses their transport, one after the other.
    pub(super) fn lose(&mut self, worker: usize) -> (Vec<(ParticipantId, u64)>, Vec<Order>) {
        let served = self.transports.iter().filter(|(_, held)| held.1 == worker);
        let served: Vec<_> = served.map(|(one, held)| (*one, held.0)).collect();
        let orders = match self.workers.get_mut(worker) {
            Some(worker) => std::mem::take(worker).orders.into(),
            None => Vec::new(),
        };
        (served, orders)
    }

    /// A worker that forwards a room by a table older than `epoch`.
    pub(super) fn is_behind(&self, room: RoomId, epoch: Epoch) -> Option<usize> {
        let with_room = self.workers_of(room).into_iter();
        let mut behind = with_room.filter(|worker| {
            let worker = self.workers.get(*worker);
            worker.is_some_and(|worker| {
                // A worker that has no table of the room forwards nothing of it.
                let held = worker.obeyed.get(&room);
                !worker.fenced && held.is_some_and(|held| *held < epoch)
            })
        });
        behind.next()
    }
}

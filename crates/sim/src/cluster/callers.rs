//! Callers: each command has a request id and is sent again, to any node, until it is answered.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_cluster::{CallRoute, NodeId};
use sideroom_route::RoomId;

use super::etcd::Deed;
use super::host::Parcel;
use super::world::{Event, World};

/// A command and its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub room: RoomId,
    pub deed: Deed,
    pub since: u64,
    /// The place in the journal that was answered.
    pub answer: Option<u64>,
}

/// All commands of a world.
#[derive(Default)]
pub(super) struct Callers {
    pub calls: BTreeMap<u64, Call>,
    /// The newest answered table of each room.
    pub answered: BTreeMap<RoomId, u64>,
    next: u64,
}

impl Callers {
    pub(super) fn make(&mut self, now: u64, room: RoomId, deed: Deed) -> u64 {
        self.next += 1;
        let call = Call {
            room,
            deed,
            since: now,
            answer: None,
        };
        self.calls.insert(self.next, call);
        self.next
    }

    /// Notes an answer. False if the same request had another one.
    pub(super) fn answer(&mut self, request: u64, place: u64) -> bool {
        let Some(call) = self.calls.get_mut(&request) else {
            return true;
        };
        let newest = self.answered.entry(call.room).or_default();
        *newest = (*newest).max(place);
        *call.answer.get_or_insert(place) == place
    }
}

impl World {
    pub(super) fn draw_command(&mut self) {
        let wait = self.chance.below(120_000);
        self.after(wait, Event::Command);
        let Some(room) = self.chance.pick(&self.rooms).copied() else {
            return;
        };
        let node = NodeId(1 + self.chance.below(self.hosts.len() as u64) as u16);
        let deed = match self.chance.below(4) {
            0 => Deed::Join(node),
            1 => Deed::Leave(node),
            _ => Deed::Move,
        };
        self.call(room, deed);
    }

    pub(super) fn call(&mut self, room: RoomId, deed: Deed) -> u64 {
        let request = self.callers.make(self.now, room, deed);
        self.after(0, Event::Retry(request));
        request
    }

    /// Sends a command to any node, unless it was answered.
    pub(super) fn retry(&mut self, request: u64) {
        let Some(call) = self.callers.calls.get(&request).copied() else {
            return;
        };
        if call.answer.is_some() || self.now > call.since + 30_000_000 {
            // Now and then a caller did not hear the answer.
            if !self.chance.happens(0.01) {
                return;
            }
        }
        let node = NodeId(1 + self.chance.below(self.hosts.len() as u64) as u16);
        let delay = self.draw_delay();
        self.after(
            delay,
            Event::Deliver {
                to: node,
                from: node,
                parcel: Parcel::Call(request),
            },
        );
        let again = 300_000 + self.chance.below(400_000);
        self.after(again, Event::Retry(request));
    }

    /// A call at a node: it is for this one, or goes on to the owner.
    pub(super) fn call_at(&mut self, id: NodeId, request: u64) {
        let Some(call) = self.callers.calls.get(&request).copied() else {
            return;
        };
        let Some(host) = self.host(id) else { return };
        let Some(machine) = &host.machine else { return };
        match machine.route(call.room) {
            CallRoute::Here(_) => {
                if let Some(task) = host.tasks.get_mut(&call.room)
                    && task.queue.len() < 64
                {
                    task.queue.push_back((request, call.deed));
                }
                self.with(id, |_, _| ());
            }
            CallRoute::At(owner) => self.post(id, owner, Parcel::Call(request)),
            CallRoute::Soon => {}
            CallRoute::Unknown => self.with(id, |machine, local| machine.take(local, call.room)),
        }
    }

    /// True if the journal says that the node has participants of the room.
    pub(super) fn is_member(&self, room: RoomId, node: NodeId) -> bool {
        let mut members = BTreeSet::new();
        for row in self.etcd.journals.get(&room).into_iter().flatten() {
            match row.deed {
                Deed::Join(node) => {
                    members.insert(node);
                }
                Deed::Leave(node) => {
                    members.remove(&node);
                }
                Deed::Move => {}
            }
        }
        members.contains(&node)
    }
}

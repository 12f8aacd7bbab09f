//! A node of the world: the shipped machine, its clock, and the tasks of the rooms that it owns.

use std::collections::BTreeMap;

use sideroom_cluster::{
    Action, ClusterNode, ClusterOptions, Incarnation, Message, NodeId, RoomState, Timing, WhenAlone,
};
use sideroom_route::{RoomId, Time};

use super::clock::Clock;
use super::etcd::Ask;
use super::plant::ClusterPlant;
use super::tasks::Task;
use super::world::{DRIFT_PPM, Event, World};

/// A message between two nodes, of the ownership code or of its adapter.
#[derive(Clone, Debug)]
pub(super) enum Parcel {
    Cluster(Message),
    /// A whole table; false: no participant of the room is on the receiving node.
    Table(RoomState, bool),
    /// The next change of a table.
    Order(RoomState, bool),
    /// A command for the owner.
    Call(u64),
}

/// A node and its process.
pub(super) struct Host {
    pub id: NodeId,
    /// `None`: it is down.
    pub machine: Option<ClusterNode>,
    /// Counts processes: what belongs to an earlier one is not delivered.
    pub life: u64,
    pub clock: Clock,
    pub frozen_until: u64,
    pub tasks: BTreeMap<RoomId, Task>,
    /// The tick that counts.
    pub tick: u64,
}

impl Host {
    pub(super) const fn now(&self, now: u64) -> Time {
        self.clock.read(now)
    }

    pub(super) const fn is_frozen(&self, now: u64) -> bool {
        now < self.frozen_until
    }
}

impl World {
    /// A new process on a node.
    pub(super) fn restart(&mut self, id: NodeId) {
        let now = self.now;
        let (local, drift) = (self.chance.below(1 << 40), self.draw_rate());
        let incarnation = Incarnation(self.chance.bits());
        let mut timing = Timing {
            drift_ppm: DRIFT_PPM,
            ..Timing::default()
        };
        let is_odd = id.0 % 2 == 1;
        match self.setting.plant {
            Some(ClusterPlant::DriftForgotten) => timing.drift_ppm = 0,
            Some(ClusterPlant::HoldTooLong) if is_odd => timing.hold *= 2,
            Some(ClusterPlant::PermissionTooLong) if is_odd => timing.permission *= 2,
            _ => {}
        }
        let options = ClusterOptions {
            me: id,
            incarnation,
            timing,
            when_alone: WhenAlone::Stop,
        };
        let Some(host) = self.host(id) else { return };
        if host.machine.is_some() {
            return;
        }
        host.life += 1;
        host.clock = Clock::new(now, local, drift);
        host.frozen_until = 0;
        host.tasks.clear();
        host.machine = Some(ClusterNode::new(host.now(now), options));
        let life = host.life;
        self.after(0, Event::Resync(id, life));
        self.with(id, |_, _| ());
    }

    pub(super) fn draw_rate(&mut self) -> i64 {
        let span = u64::from(DRIFT_PPM);
        self.chance.below(2 * span + 1) as i64 - span as i64
    }

    /// Lets the machine of a node do something, then does what it wants.
    pub(super) fn with(
        &mut self,
        id: NodeId,
        act: impl FnOnce(&mut ClusterNode, sideroom_route::Time),
    ) {
        let now = self.now;
        let Some(host) = self.host(id) else { return };
        let local = host.now(now);
        let Some(machine) = &mut host.machine else {
            return;
        };
        act(machine, local);
        while let Some(action) = self
            .host(id)
            .and_then(|it| it.machine.as_mut()?.poll_action())
        {
            self.carry_out(id, action);
        }
        self.go_on(id);
        let Some(host) = self.host(id) else { return };
        let Some(machine) = &host.machine else { return };
        let at = host.clock.moment(machine.poll_timeout()).max(now);
        host.tick += 1;
        let event = Event::Tick(id, host.life, host.tick);
        self.after(at - now, event);
    }

    pub(super) fn carry_out(&mut self, id: NodeId, action: Action) {
        match action {
            Action::Send(to, message) => {
                if self.setting.plant == Some(ClusterPlant::PromiseForged)
                    && let Message::AskPromise { ask, .. } = message
                {
                    self.post(to, id, Parcel::Cluster(Message::Promise { ask }));
                }
                self.post(id, to, Parcel::Cluster(message));
            }
            Action::Write(number, change) => self.ask_etcd(id, Ask::Write(number, change)),
            Action::ReadNode(node) => self.ask_etcd(id, Ask::ReadNode(node)),
            Action::ReadOwner(room) => self.ask_etcd(id, Ask::ReadOwner(room)),
            Action::Own(room, term) => {
                self.totals.owners += 1;
                let read = self.read_too_early(id, room);
                if let Some(host) = self.host(id) {
                    let mut task = Task::new(term);
                    if let Some(journal) = read {
                        task.load(journal);
                    }
                    host.tasks.insert(room, task);
                }
                self.ask_etcd(id, Ask::ReadJournal(room, term));
            }
            Action::Disown(room, term) => {
                if let Some(host) = self.host(id) {
                    host.tasks
                        .retain(|other, task| *other != room || task.term != term);
                }
            }
            Action::SendTable(room, to) => self.send_table(id, room, to),
            Action::Deposed => {
                self.crash(id);
                self.after(50_000, Event::Restart(id));
            }
            Action::Living(_) => {}
        }
    }

    pub(super) fn crash(&mut self, id: NodeId) {
        if let Some(host) = self.host(id) {
            host.machine = None;
            host.tasks.clear();
        }
    }
}

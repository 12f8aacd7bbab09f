//! Paths to etcd and between nodes: they delay, lose, double and reorder.

use sideroom_cluster::NodeId;

use super::etcd::{Answer, Ask};
use super::host::Parcel;
use super::world::{Event, World};

impl World {
    pub(super) fn ask_etcd(&mut self, id: NodeId, ask: Ask) {
        let delay = self.draw_delay();
        if let Some(life) = self.host(id).map(|it| it.life) {
            self.after(delay, Event::ToEtcd(id, life, ask));
        }
    }

    pub(super) fn reach_etcd(&mut self, id: NodeId, life: u64, ask: Ask) {
        let (requests, answers) = self.cut_from_etcd.get(&id).copied().unwrap_or((0, 0));
        if self.now < requests || self.now < self.etcd_down_until {
            return;
        }
        // A transaction of a process that has died meanwhile is written all the same.
        let answer = self.etcd.answer(id, ask);
        if self.now >= answers && !self.is_lost() {
            let delay = self.draw_delay();
            self.after(delay, Event::FromEtcd(id, life, answer));
        }
    }

    pub(super) fn is_lost(&mut self) -> bool {
        self.now >= self.no_faults_until && self.chance.happens(0.01)
    }

    pub(super) fn draw_delay(&mut self) -> u64 {
        let slow = self.now >= self.no_faults_until && self.chance.happens(0.02);
        200 + self.chance.below(if slow { 400_000 } else { 4_000 })
    }

    pub(super) fn post(&mut self, from: NodeId, to: NodeId, parcel: Parcel) {
        let is_cut = self
            .cut
            .get(&(from, to))
            .is_some_and(|until| self.now < *until);
        if is_cut || self.is_lost() {
            return;
        }
        let delay = self.draw_delay();
        if self.now >= self.no_faults_until && self.chance.happens(0.01) {
            let again = delay + self.chance.below(3_000_000);
            let parcel = parcel.clone();
            self.after(again, Event::Deliver { to, from, parcel });
        }
        self.after(delay, Event::Deliver { to, from, parcel });
    }

    pub(super) fn post_or_take(&mut self, from: NodeId, to: NodeId, parcel: Parcel) {
        if from == to {
            self.take_parcel(to, from, parcel);
        } else {
            self.post(from, to, parcel);
        }
    }

    pub(super) fn take_answer(&mut self, id: NodeId, answer: Answer) {
        match answer {
            Answer::Outcome(number, outcome) => {
                self.with(id, |machine, local| {
                    machine.handle_outcome(local, number, outcome)
                });
            }
            Answer::Node(node, record) => {
                self.with(id, |machine, local| {
                    machine.handle_node(local, node, record)
                });
            }
            Answer::Owner(room, owner, as_of) => self.with(id, |machine, local| match owner {
                Some((record, term)) => machine.handle_owner(local, room, record, term),
                None => machine.handle_no_owner(room, as_of),
            }),
            Answer::All(nodes, owners) => self.with(id, |machine, local| {
                machine.handle_node(local, id, None);
                for (node, record, at) in nodes {
                    machine.handle_node(local, node, Some((record, at)));
                }
                for (room, record, term) in owners {
                    machine.handle_owner(local, room, record, term);
                }
            }),
            Answer::Appended {
                room,
                place,
                row,
                is_written,
            } => {
                self.appended(id, room, (place, row), is_written);
            }
            Answer::Journal(room, term, journal) => self.loaded(id, room, term, journal),
        }
    }

    pub(super) fn take_parcel(&mut self, id: NodeId, from: NodeId, parcel: Parcel) {
        match parcel {
            Parcel::Cluster(message) => {
                self.with(id, |machine, local| {
                    machine.handle_message(local, from, message)
                });
            }
            Parcel::Table(state, is_member) => self.with(id, |machine, local| {
                if machine.handle_table(local, from, state) && !is_member {
                    machine.leave(state.room);
                }
            }),
            Parcel::Order(state, is_member) => self.with(id, |machine, _| {
                if machine.handle_order(state) && !is_member {
                    machine.leave(state.room);
                }
            }),
            Parcel::Call(request) => self.call_at(id, request),
        }
    }
}

//! Answers of etcd: outcomes of transactions, records of nodes, owners of rooms.

use sideroom_route::{RoomId, Time};

use crate::action::{Action, Change, Outcome};
use crate::node::{ClusterNode, ClusterOptions};
use crate::owned::OwnedRoom;
use crate::record::{NodeId, NodeRecord, OwnerRecord, Revision, Term};

impl ClusterNode {
    /// How etcd answered a write.
    pub fn handle_outcome(&mut self, now: Time, id: u64, outcome: Outcome) {
        let Some(change) = self.finish_write(id) else {
            return;
        };
        match (change, outcome) {
            (Change::Renew { record, .. }, Outcome::Written(revision)) => {
                self.handle_node(now, self.options.me, Some((record, revision)));
            }
            (Change::Renew { .. }, _) => self.push(Action::ReadNode(self.options.me)),
            (Change::Depose { node, .. }, Outcome::Written(revision)) => {
                if let Some(it) = self.neighbours.node(node) {
                    let deposed = NodeRecord {
                        deposed: true,
                        ..it.record.clone()
                    };
                    self.handle_node(now, node, Some((deposed, revision)));
                }
            }
            (Change::Depose { node, .. }, outcome) => {
                let it = self.neighbours.node_mut(node);
                // Refused: it was not written and never will be. Unknown: it may be, until a later record is seen.
                if let Some(it) = it.filter(|_| outcome == Outcome::Refused) {
                    it.may_be_deposed = false;
                    it.helper = None;
                }
                self.push(Action::ReadNode(node));
                self.push(Action::ReadNode(self.options.me));
            }
            (Change::Take { room, .. }, Outcome::Written(revision)) => {
                let ClusterOptions {
                    me: node,
                    incarnation,
                    ..
                } = self.options;
                let record = OwnerRecord { node, incarnation };
                self.handle_owner(now, room, record, Term(revision.0));
            }
            (Change::Take { room, .. }, _) => {
                if let Some(owner) = self.rooms.get_mut(room) {
                    owner.is_being_taken = false;
                }
                self.push(Action::ReadOwner(room));
            }
            (Change::HandOver { room, to, .. }, Outcome::Written(revision)) => {
                self.handle_owner(now, room, to, Term(revision.0));
            }
            // Refused: perhaps because an earlier attempt was written. Unknown: it still may be. The room
            // rests until a transaction of this node has settled it ([`Self::settle_leaving`]).
            (Change::HandOver { .. }, _) => {}
        }
    }

    /// A node's record, read or watched. `None`: it has none.
    pub fn handle_node(&mut self, now: Time, node: NodeId, record: Option<(NodeRecord, Revision)>) {
        if node == self.options.me {
            self.handle_own_record(now, record);
        } else if let Some((record, revision)) = record
            && self.neighbours.handle_record(now, node, record, revision)
        {
            self.mark_lost(now);
        }
        let living = self.neighbours.living();
        if living != self.living {
            self.living.clone_from(&living);
            self.push(Action::Living(living));
        }
    }

    pub(crate) fn handle_own_record(&mut self, now: Time, record: Option<(NodeRecord, Revision)>) {
        let Some((record, revision)) = record else {
            self.may_register = true;
            return;
        };
        self.may_register = true;
        let is_mine = record.incarnation == self.options.incarnation;
        if is_mine {
            self.hold.handle_record(&record, revision);
            self.mark_lost(now);
        } else if self.hold.revision().is_some_and(|known| known < revision) {
            self.hold.depose();
        } else if self.hold.revision().is_none() {
            self.neighbours
                .handle_record(now, self.options.me, record, revision);
            self.mark_lost(now);
        }
        if self.hold.is_deposed() {
            let rooms: Vec<_> = self.owned.keys().copied().collect();
            for room in rooms {
                self.disown(room);
            }
            self.push(Action::Deposed);
        }
    }

    /// Notes which rooms have lost their owners.
    pub(crate) fn mark_lost(&mut self, now: Time) {
        let ClusterOptions {
            me,
            incarnation: mine,
            ..
        } = self.options;
        // This life has replaced the record of an earlier one, whose claim had ended.
        let is_registered = self.hold.revision().is_some();
        for (_, owner) in self.rooms.iter_mut() {
            let OwnerRecord { node, incarnation } = owner.record;
            let is_over = match node == me {
                true => is_registered && incarnation != mine,
                false => self.neighbours.is_over(node, incarnation, owner.term),
            };
            if owner.lost_at.is_none() && is_over {
                owner.lost_at = Some(now);
            }
        }
    }

    /// A room has no owner: it is over, or was never made. `as_of`: when etcd said so.
    pub fn handle_no_owner(&mut self, room: RoomId, as_of: Revision) {
        if self.rooms.get(room).is_some_and(|it| it.term.0 < as_of.0) {
            self.rooms.forget(room);
            self.permissions.forget(room);
            self.disown(room);
        }
    }

    /// The owner of a room, read or watched.
    pub fn handle_owner(&mut self, now: Time, room: RoomId, record: OwnerRecord, term: Term) {
        if !self.rooms.handle_owner(room, record, term) {
            return;
        }
        self.disown(room);
        let ClusterOptions {
            me,
            incarnation,
            timing,
            ..
        } = self.options;
        if (record.node, record.incarnation) == (me, incarnation) {
            // The owner before had stopped to grant when this was written, and this is seen later.
            self.owned.insert(room, OwnedRoom::new(timing, term, now));
            self.push(Action::Own(room, term));
        }
        self.mark_lost(now);
    }

    pub(crate) fn disown(&mut self, room: RoomId) {
        self.leaving.remove(&room);
        if let Some(owned) = self.owned.remove(&room) {
            self.push(Action::Disown(room, owned.term()));
        }
    }
}

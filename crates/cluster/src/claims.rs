//! Transactions: a node renews its claim, ends the claims of dead nodes, takes rooms and gives them away.

use sideroom_route::{RoomId, Time};

use crate::action::Change;
use crate::message::Message;
use crate::node::{ClusterNode, ClusterOptions, REPEAT};
use crate::owned::OwnedRoom;
use crate::record::{NodeId, NodeRecord, OwnerRecord};
use crate::take_over;

impl ClusterNode {
    pub(crate) fn renew(&mut self, now: Time) {
        let is_own = |it: &Change| matches!(it, Change::Renew { .. });
        if now < self.renew_at || !self.may_register || self.is_writing(is_own) {
            return;
        }
        self.renew_at = now + self.options.timing.renew_every;
        let me = self.options.me;
        let expected = match self.hold.revision() {
            Some(revision) => Some(revision),
            // The record of an earlier life is replaced once its claim has ended.
            None if self.neighbours.is_stale(now, me) || self.earlier_is_deposed() => {
                self.neighbours.revision(me)
            }
            None if self.neighbours.node(me).is_some() => return,
            None => None,
        };
        let knows = self.neighbours.living();
        let record = NodeRecord {
            incarnation: self.options.incarnation,
            renewal: self.hold.renew(now, &knows),
            knows,
            deposed: false,
        };
        self.write(now, Change::Renew { record, expected });
    }

    pub(crate) fn earlier_is_deposed(&self) -> bool {
        let earlier = self.neighbours.node(self.options.me);
        earlier.is_some_and(|it| it.record.deposed)
    }

    /// Ends the lives of nodes that have not renewed their records.
    pub(crate) fn depose_stale(&mut self, now: Time) {
        if self.hold.is_silent(now) || !self.hold.holds(now) {
            return;
        }
        let stale: Vec<_> = self.neighbours.stale(now).collect();
        for node in stale {
            if node == self.options.me || now < self.promises.until(node) {
                continue;
            }
            let may = self.neighbours.may_depose(node);
            let by = self.options.incarnation;
            let Some(it) = self.neighbours.node_mut(node) else {
                continue;
            };
            if it.tried_at.is_some_and(|tried| now - tried < REPEAT) {
                continue;
            }
            it.tried_at = Some(now);
            let revision = it.revision;
            if may && self.promises.refuse(now, node, revision) {
                it.may_be_deposed = true;
                let helper = it
                    .helper
                    .filter(|_| !it.record.knows.contains(&self.options.me));
                self.write(
                    now,
                    Change::Depose {
                        node,
                        expected: revision,
                        by,
                        helper,
                    },
                );
            } else {
                let incarnation = it.record.incarnation;
                let helpers: Vec<_> = it.record.knows.iter().copied().collect();
                for helper in helpers.into_iter().filter(|it| *it != node) {
                    self.send(
                        helper,
                        Message::AskRefusal {
                            node,
                            incarnation,
                            revision,
                        },
                    );
                }
            }
        }
    }

    /// Takes rooms whose owners are over, when better candidates have had their time.
    pub(crate) fn take_lost(&mut self, now: Time) {
        if self.hold.is_silent(now) || !self.hold.holds(now) {
            return;
        }
        let living = self.neighbours.living();
        let ClusterOptions {
            me,
            incarnation: by,
            ..
        } = self.options;
        let mut due = Vec::new();
        for (room, owner) in self.rooms.iter_mut() {
            let Some(lost_at) = owner.lost_at.filter(|_| !owner.is_being_taken) else {
                continue;
            };
            if now >= lost_at + take_over::wait(me, room, &owner.heirs, living.iter().copied()) {
                owner.is_being_taken = true;
                due.push((room, owner.term));
            }
        }
        for (room, term) in due {
            self.write(
                now,
                Change::Take {
                    room,
                    expected: Some(term),
                    by,
                },
            );
        }
    }

    /// Takes back the rooms whose hand-over failed: with a new term, so that nothing of before counts. If the
    /// hand-over was written after all, this is refused.
    pub(crate) fn settle_leaving(&mut self, now: Time) {
        let by = self.options.incarnation;
        let rooms: Vec<_> = self.leaving.keys().copied().collect();
        for room in rooms {
            let is_about = |it: &Change| match it {
                Change::HandOver { room: other, .. } | Change::Take { room: other, .. } => {
                    *other == room
                }
                Change::Renew { .. } | Change::Depose { .. } => false,
            };
            let term = self.owned.get(&room).map(OwnedRoom::term);
            if !self.is_writing(is_about) {
                self.write(
                    now,
                    Change::Take {
                        room,
                        expected: term,
                        by,
                    },
                );
            }
        }
    }

    /// Takes a room that has no owner. The outcome is [`crate::Action::Own`], or a later [`crate::CallRoute`].
    pub fn take(&mut self, now: Time, room: RoomId) {
        let by = self.options.incarnation;
        let is_it = |it: &Change| matches!(it, Change::Take { room: other, .. } if *other == room);
        let may = self.hold.holds(now) && self.rooms.get(room).is_none();
        if may && !self.is_writing(is_it) {
            self.write(
                now,
                Change::Take {
                    room,
                    expected: None,
                    by,
                },
            );
        }
    }

    /// Gives a room to another node. From now on this node permits nothing there and must not append.
    pub fn hand_over(&mut self, now: Time, room: RoomId, to: NodeId) -> bool {
        let next = self.neighbours.node(to).filter(|it| !it.record.deposed);
        let (Some(owned), Some(next)) = (self.owned.get(&room), next) else {
            return false;
        };
        if self.leaving.contains_key(&room) {
            return false;
        }
        let to = OwnerRecord {
            node: to,
            incarnation: next.record.incarnation,
        };
        let expected = owned.term();
        self.leaving.insert(room, to);
        self.write(now, Change::HandOver { room, expected, to });
        true
    }
}

//! Messages between nodes: promises, refusals, permissions.

use sideroom_route::{RoomId, Time};

use crate::action::Action;
use crate::message::{Message, RoomState};
use crate::node::{ClusterNode, REPEAT, WhenAlone};
use crate::record::{Incarnation, NodeId, Revision, Term};

impl ClusterNode {
    pub(crate) fn ask_promises(&mut self, now: Time) {
        if now < self.promise_at || !self.hold.is_silent(now) || self.hold.revision().is_none() {
            return;
        }
        self.promise_at = now + REPEAT;
        let ask = self.hold.ask(now);
        let incarnation = self.options.incarnation;
        let promisers: Vec<_> = self.hold.promisers().collect();
        for node in promisers {
            self.send(node, Message::AskPromise { incarnation, ask });
        }
    }

    pub(crate) fn ask_permissions(&mut self, now: Time) {
        if now < self.ask_at {
            return;
        }
        self.ask_at = now + self.options.timing.ask_every;
        for (owner, ask, rooms) in self.permissions.ask(now) {
            if owner == self.options.me {
                let permitted = self.permit(now, owner, &rooms);
                self.permissions.handle_permission(owner, ask, &permitted);
            } else {
                self.send(owner, Message::AskPermission { ask, rooms });
            }
        }
    }

    /// The rooms of those asked for that a member may forward from now on.
    pub(crate) fn permit(
        &mut self,
        now: Time,
        member: NodeId,
        rooms: &[RoomState],
    ) -> Vec<(RoomId, Term)> {
        let holds = self.hold.holds(now);
        let is_me = member == self.options.me;
        let goes_on_alone =
            is_me && !self.hold.is_deposed() && self.options.when_alone == WhenAlone::Continue;
        let mut permitted = Vec::new();
        for state in rooms {
            let Some(owned) = self.owned.get_mut(&state.room) else {
                continue;
            };
            let may = holds || goes_on_alone && owned.is_only(member);
            if !may || self.leaving.contains_key(&state.room) {
                continue;
            }
            if owned.term() == state.term && owned.permit(now, member, state.epoch) {
                permitted.push((state.room, state.term));
            } else {
                self.actions
                    .push_back(Action::SendTable(state.room, member));
            }
        }
        permitted
    }

    /// A message of another node.
    pub fn handle_message(&mut self, now: Time, from: NodeId, message: Message) {
        match message {
            Message::AskPromise { incarnation, ask } => {
                if self.promise(now, from, incarnation) {
                    self.send(from, Message::Promise { ask });
                }
            }
            Message::Promise { ask } => self.hold.handle_promise(from, ask),
            Message::AskRefusal {
                node,
                incarnation,
                revision,
            } => {
                if self.refuse(now, node, incarnation, revision) {
                    let by = self.options.incarnation;
                    self.send(from, Message::Refusal { node, revision, by });
                }
            }
            Message::Refusal { node, revision, by } => {
                self.neighbours.handle_refusal((from, by), node, revision);
            }
            Message::AskPermission { ask, rooms } => {
                let rooms = self.permit(now, from, &rooms);
                if !rooms.is_empty() {
                    self.send(from, Message::Permission { ask, rooms });
                }
            }
            Message::Permission { ask, rooms } => {
                self.permissions.handle_permission(from, ask, &rooms);
            }
            Message::Applied(state) => self.handle_applied(from, state),
        }
    }

    /// Promises, unless this node may have deposed the other or is about to.
    pub(crate) fn promise(&mut self, now: Time, node: NodeId, incarnation: Incarnation) -> bool {
        // Only a registered life may promise: transactions of an earlier one fail from then on.
        if self.hold.revision().is_none() || self.hold.is_deposed() {
            return false;
        }
        let seen = self.neighbours.node(node);
        let is_gone = seen.is_none_or(|it| {
            it.may_be_deposed || it.record.deposed || it.record.incarnation != incarnation
        });
        // With etcd at hand, a node that cannot reach it is better replaced than kept.
        let is_replaced = !self.hold.is_silent(now) && self.neighbours.is_stale(now, node);
        let revision = self.neighbours.revision(node);
        !is_gone && !is_replaced && self.promises.promise(now, node, incarnation, revision)
    }

    pub(crate) fn refuse(
        &mut self,
        now: Time,
        node: NodeId,
        incarnation: Incarnation,
        revision: Revision,
    ) -> bool {
        if self.hold.revision().is_none() || self.hold.is_deposed() {
            return false;
        }
        let seen = self.neighbours.node(node);
        let is_later = seen.is_some_and(|it| it.revision > revision);
        let is_other = seen.is_some_and(|it| it.record.incarnation != incarnation);
        !is_later && !is_other && self.promises.refuse(now, node, revision)
    }

    pub(crate) fn handle_applied(&mut self, from: NodeId, state: RoomState) {
        let owned = self.owned.get_mut(&state.room);
        if let Some(owned) = owned.filter(|it| it.term() == state.term) {
            owned.handle_applied(from, state.epoch);
        }
    }

    pub(crate) fn tell_applied(&mut self, owner: NodeId, state: RoomState) {
        if owner == self.options.me {
            self.handle_applied(owner, state);
        } else {
            self.send(owner, Message::Applied(state));
        }
    }
}

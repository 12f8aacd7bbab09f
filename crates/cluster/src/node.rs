//! One node's part in the cluster: its own claim, its neighbours, the rooms that it owns and those it forwards.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use sideroom_route::{Epoch, RoomId, Time};

use crate::action::{Action, Change, Outcome};
use crate::hold::Hold;
use crate::message::{Message, RoomState};
use crate::neighbour::Neighbours;
use crate::owned::{OwnedRoom, TableApplied};
use crate::permission::Permissions;
use crate::promise::Promises;
use crate::record::{Incarnation, NodeId, OwnerRecord, Term};
use crate::rooms::{CallRoute, Rooms};
use crate::timing::Timing;

/// How often the machine looks around.
const TICK: Duration = Duration::from_millis(50);
/// Requests to other nodes are repeated after this.
pub(crate) const REPEAT: Duration = Duration::from_millis(100);

/// The behaviour of an owner that reaches neither etcd nor all other nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum WhenAlone {
    /// The owner's media stop: nobody can have been moved by another node and still be heard here.
    Stop,
    /// Rooms that are wholly on the node go on. Another node may have taken them meanwhile.
    #[default]
    Continue,
}

/// Settings that stay for the node's life.
#[derive(Clone, Copy, Debug)]
pub struct ClusterOptions {
    /// The node's own id.
    pub me: NodeId,
    /// This life of it, drawn at random.
    pub incarnation: Incarnation,
    /// The cluster's times.
    pub timing: Timing,
    /// See [`WhenAlone`].
    pub when_alone: WhenAlone,
}

/// See the crate.
#[derive(Clone, Debug)]
pub struct ClusterNode {
    pub(crate) options: ClusterOptions,
    pub(crate) hold: Hold,
    pub(crate) promises: Promises,
    pub(crate) neighbours: Neighbours,
    pub(crate) rooms: Rooms,
    pub(crate) owned: BTreeMap<RoomId, OwnedRoom>,
    /// Rooms that this node gives away: it grants nothing there until etcd has said what became of it.
    pub(crate) leaving: BTreeMap<RoomId, OwnerRecord>,
    pub(crate) permissions: Permissions,
    pub(crate) writes: BTreeMap<u64, (Change, Time)>,
    pub(crate) next_write: u64,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) living: BTreeSet<NodeId>,
    /// The node's own key was read: it may register.
    pub(crate) may_register: bool,
    pub(crate) renew_at: Time,
    pub(crate) ask_at: Time,
    pub(crate) promise_at: Time,
    pub(crate) tick_at: Time,
}

impl ClusterNode {
    /// A life of a node that begins now. It reads its own record first.
    pub fn new(now: Time, options: ClusterOptions) -> Self {
        let ClusterOptions {
            me,
            timing,
            incarnation,
            ..
        } = options;
        Self {
            options,
            hold: Hold::new(me, timing, incarnation.0),
            promises: Promises::new(now, timing),
            neighbours: Neighbours::new(me, timing),
            rooms: Rooms::default(),
            owned: BTreeMap::new(),
            leaving: BTreeMap::new(),
            permissions: Permissions::new(timing, incarnation.0),
            writes: BTreeMap::new(),
            next_write: 0,
            actions: [Action::ReadNode(me)].into(),
            living: BTreeSet::new(),
            may_register: false,
            renew_at: now,
            ask_at: now,
            promise_at: now,
            tick_at: now,
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub const fn poll_timeout(&self) -> Time {
        self.tick_at
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Time) {
        self.tick_at = now + TICK;
        if self.hold.is_deposed() {
            return;
        }
        self.give_up_writes(now);
        self.renew(now);
        self.ask_promises(now);
        self.ask_permissions(now);
        self.depose_stale(now);
        self.take_lost(now);
        self.settle_leaving(now);
    }

    pub(crate) fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(crate) fn send(&mut self, to: NodeId, message: Message) {
        self.push(Action::Send(to, message));
    }

    pub(crate) fn write(&mut self, now: Time, change: Change) {
        self.next_write += 1;
        self.writes.insert(self.next_write, (change.clone(), now));
        self.push(Action::Write(self.next_write, change));
    }

    pub(crate) fn finish_write(&mut self, id: u64) -> Option<Change> {
        self.writes.remove(&id).map(|(change, _)| change)
    }

    /// Writes without an answer count as unknown, and nothing waits for them any longer.
    fn give_up_writes(&mut self, now: Time) {
        let patience = self.options.timing.patience;
        let late = self
            .writes
            .iter()
            .filter(|(_, (_, sent))| now - *sent > patience);
        let late: Vec<_> = late.map(|(id, _)| *id).collect();
        for id in late {
            self.handle_outcome(now, id, Outcome::Unknown);
        }
    }

    pub(crate) fn is_writing(&self, is_it: impl Fn(&Change) -> bool) -> bool {
        self.writes.values().any(|(change, _)| is_it(change))
    }

    /// The journal of an owned room is replayed: the nodes that have participants, and all that ever had.
    pub fn handle_replayed(
        &mut self,
        room: RoomId,
        members: &BTreeSet<NodeId>,
        former: &BTreeSet<NodeId>,
    ) {
        if let Some(owned) = self.owned.get_mut(&room) {
            owned.set_members(members);
            owned.set_former(former);
        }
    }

    /// The nodes that have participants of an owned room.
    pub fn handle_members(&mut self, room: RoomId, members: &BTreeSet<NodeId>) {
        if let Some(owned) = self.owned.get_mut(&room) {
            owned.set_members(members);
        }
    }

    /// The nodes that should take the room if its owner dies, the best first.
    pub fn handle_heirs(&mut self, room: RoomId, heirs: Vec<NodeId>) {
        if let Some(owner) = self.rooms.get_mut(room) {
            owner.heirs = heirs;
        }
    }

    /// A table of an owned room goes out.
    pub fn publish(&mut self, now: Time, room: RoomId, epoch: Epoch) {
        if let Some(owned) = self.owned.get_mut(&room) {
            owned.publish(now, epoch);
        }
    }

    /// Whether a command of an owned room that led to this table may be answered. `None`: the room is
    /// not this node's, and the command is answered by nobody here.
    pub fn applied_by_all(
        &mut self,
        now: Time,
        room: RoomId,
        epoch: Epoch,
    ) -> Option<TableApplied> {
        self.owned
            .get_mut(&room)
            .map(|it| it.applied_by_all(now, epoch))
    }

    /// The table of a room that this node forwards; true if it is to be applied. The owner is told.
    pub fn handle_table(&mut self, now: Time, owner: NodeId, state: RoomState) -> bool {
        let term = self.permissions.table(state.room).map(|(_, term, _)| term);
        let is_applied = self.permissions.handle_table(owner, state);
        if is_applied {
            self.tell_applied(owner, state);
            // A permission of this term is needed at once.
            if term != Some(state.term) {
                self.ask_at = now;
                self.tick_at = now;
            }
        }
        is_applied
    }

    /// A change of such a table; true if it is to be applied. The owner is told.
    pub fn handle_order(&mut self, state: RoomState) -> bool {
        let is_applied = self.permissions.handle_order(state);
        if let Some((owner, ..)) = self.permissions.table(state.room).filter(|_| is_applied) {
            self.tell_applied(owner, state);
        }
        is_applied
    }

    /// A room has no participants here any more.
    pub fn leave(&mut self, room: RoomId) {
        self.permissions.leave(room);
    }

    /// True if packets of this room may leave this node now.
    #[inline]
    pub fn may_forward(&self, now: Time, room: RoomId) -> bool {
        self.permissions.may_forward(now, room)
    }

    /// The table of a room that this node forwards: its owner, term and version.
    pub fn table(&self, room: RoomId) -> Option<(NodeId, Term, Epoch)> {
        self.permissions.table(room)
    }

    /// True if no other node can have taken this node's rooms.
    pub fn holds(&self, now: Time) -> bool {
        self.hold.holds(now)
    }

    /// Until when that is certain, if this node hears nothing from now on.
    pub fn holds_until(&self) -> Time {
        self.hold.until()
    }

    /// True once this life's record is in etcd.
    pub fn is_registered(&self) -> bool {
        self.hold.revision().is_some() && !self.hold.is_deposed()
    }

    /// True if etcd has not answered this node for a while.
    pub fn is_etcd_silent(&self, now: Time) -> bool {
        self.hold.is_silent(now)
    }

    /// How long ago the last renewal was sent that etcd has answered.
    pub fn etcd_silent_for(&self, now: Time) -> Duration {
        self.hold.silent_for(now)
    }

    /// This life of the node.
    pub const fn incarnation(&self) -> Incarnation {
        self.options.incarnation
    }

    /// The nodes that are not deposed, this one included.
    pub fn living(&self) -> BTreeSet<NodeId> {
        self.neighbours.living()
    }

    /// The owner of each room that has one, and its term.
    pub fn owners(&self) -> impl Iterator<Item = (RoomId, OwnerRecord, Term)> {
        self.rooms.iter()
    }

    /// Where a call for this room is answered.
    pub fn route(&self, room: RoomId) -> CallRoute {
        if let Some(owned) = self.owned.get(&room) {
            return CallRoute::Here(owned.term());
        }
        match self.rooms.get(room) {
            None => CallRoute::Unknown,
            // An earlier life of this node owned it, until this one registers and takes it.
            Some(owner) if owner.record.node == self.options.me => CallRoute::Soon,
            Some(owner) if owner.lost_at.is_some() => CallRoute::Soon,
            Some(owner) => CallRoute::At(owner.record.node),
        }
    }

    /// The term under which this node may append to the room's journal.
    pub fn term(&self, room: RoomId) -> Option<Term> {
        let owned = self.owned.get(&room)?;
        (!self.leaving.contains_key(&room)).then(|| owned.term())
    }
}

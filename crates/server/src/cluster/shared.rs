//! The parts of a node's cluster, and the actions that its ownership machine asks for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sideroom_cluster::{
    Action, CallRoute, Change, ClusterNode, ClusterOptions, Incarnation, NodeId, Term, Timing,
};
use sideroom_etcd::{Coordinator as _, Etcd, EtcdCoordinator, EtcdStore, Registration};
use sideroom_route::{RoomId, Time};
use tokio::sync::watch;

use super::link::Links;
use super::state::{Held, Place, Stage, State};
use crate::media::Lease;
use crate::metrics;
use crate::rooms::{self, Directory, Node};

/// Between two attempts to read what the machine needs.
const READ_PAUSE: Duration = Duration::from_millis(100);
/// The task of a room that has ended tells everybody within this.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// A new leader of etcd is elected sooner: until then commands wait.
const GONE_AFTER: Duration = Duration::from_secs(3);
/// Attempts to read another node's record; the watch brings it too.
const READ_TRIES: usize = 10;

/// See the module.
pub(super) struct Cluster {
    pub me: NodeId,
    pub own: Mutex<Registration>,
    pub lease: Arc<Lease>,
    pub directory: Arc<Directory>,
    pub local: Arc<Node>,
    pub etcd: Etcd,
    pub coordinator: EtcdCoordinator,
    pub store: EtcdStore,
    pub links: Links,
    pub state: Mutex<State>,
    pub changed: watch::Sender<()>,
}

/// A life of this node that begins now.
pub(super) fn begin_life(now: Time, me: NodeId) -> ClusterNode {
    let options = ClusterOptions {
        me,
        incarnation: Incarnation(rooms::draw()),
        timing: Timing::default(),
        // Media are on the owner only, and follow the lease: see `State::lease`.
        when_alone: sideroom_cluster::WhenAlone::Stop,
    };
    ClusterNode::new(now, options)
}

impl Cluster {
    /// Changes or reads the state, and carries out what follows from that.
    pub(super) fn with<T>(self: &Arc<Self>, act: impl FnOnce(&mut State, Time) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.lease.now();
        let done = act(&mut state, now);
        while let Some(action) = state.machine.poll_action() {
            self.carry_out(&mut state, now, action);
        }
        self.lease.set(state.lease(now));
        let has_changed = std::mem::take(&mut state.has_changed);
        drop(state);
        if has_changed {
            self.changed.send_replace(());
        }
        done
    }

    fn carry_out(self: &Arc<Self>, state: &mut State, now: Time, action: Action) {
        match action {
            Action::Send(to, message) => self.links.tell(to.0, &message),
            Action::Write(id, change) => self.write(state.machine.incarnation(), id, change),
            Action::ReadNode(node) => self.read_node(state.machine.incarnation(), node),
            Action::ReadOwner(room) => {
                let this = Arc::clone(self);
                tokio::spawn(async move { this.read_owner(room).await });
            }
            Action::Own(room, term) => self.own_room(state, room, term),
            Action::Disown(room, term) => self.disown_room(state, room, term),
            // Other nodes forward nothing: the media of a room are on its owner.
            Action::SendTable(..) => {}
            Action::Deposed => {
                tracing::error!("the other nodes took this node for dead, and take its rooms");
                metrics::deposed();
                state.machine = begin_life(now, self.me);
                state.is_synced = false;
                state.begins_again = true;
            }
            Action::Living(living) => {
                tracing::info!(?living, "nodes of the cluster");
                state.has_changed = true;
            }
        }
    }

    fn write(self: &Arc<Self>, life: Incarnation, id: u64, change: Change) {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = this.coordinator.write(change).await;
            this.with(|state, now| {
                // Another life numbers its writes anew.
                if state.machine.incarnation() == life {
                    state.machine.handle_outcome(now, id, outcome);
                    state.has_changed = true;
                }
            });
        });
    }

    fn read_node(self: &Arc<Self>, life: Incarnation, node: NodeId) {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            for attempt in 1_usize.. {
                let read = this.coordinator.read_node(node).await;
                let is_done = this.with(|state, now| {
                    if state.machine.incarnation() != life {
                        return true;
                    }
                    if let Ok(record) = &read {
                        state.machine.handle_node(now, node, record.clone());
                    }
                    read.is_ok()
                });
                // Without its own record the node cannot begin.
                if is_done || node != this.me && attempt >= READ_TRIES {
                    return;
                }
                tokio::time::sleep(READ_PAUSE).await;
            }
        });
    }

    /// Reads the owner of a room. False: etcd does not say.
    pub(super) async fn read_owner(self: &Arc<Self>, room: RoomId) -> bool {
        let read = self.coordinator.read_owner(room).await;
        let Ok((owner, as_of)) = read else {
            return false;
        };
        self.with(|state, now| {
            match owner {
                Some((record, term)) => state.machine.handle_owner(now, room, record, term),
                None => state.machine.handle_no_owner(room, as_of),
            }
            state.has_changed = true;
        });
        true
    }

    fn own_room(self: &Arc<Self>, state: &mut State, room: RoomId, term: Term) {
        match state.named.get(&room) {
            Some(name) => self.store.own_named(room, term, name),
            None => self.store.own(room, term),
        }
        let stage = Stage::Opening;
        state.held.insert(room, Held { term, stage });
        state.has_changed = true;
        metrics::room_moved("taken");
        let this = Arc::clone(self);
        tokio::spawn(async move { this.open(room, term).await });
    }

    fn disown_room(self: &Arc<Self>, state: &mut State, room: RoomId, term: Term) {
        self.store.disown(room, term);
        if state.held.get(&room).is_some_and(|held| held.term == term) {
            state.held.remove(&room);
        }
        state.has_changed = true;
        if state.machine.route(room) == CallRoute::Unknown {
            // This node has ended the room, and its task has the last words.
            let this = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(LAST_WORDS).await;
                this.directory.abandon_room(room);
            });
            return;
        }
        if self.directory.serves(room) {
            tracing::warn!(%room, "another node owns the room now");
            metrics::room_moved("lost");
        }
        self.directory.abandon_room(room);
    }

    /// Where a call for a room goes.
    pub(super) fn place(&self, room: RoomId) -> Place {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.place(room) {
            // It has ended, and etcd's word of that is on its way.
            Place::Here(_) if !self.directory.serves(room) => Place::Soon,
            place => place,
        }
    }

    /// True if no other node can have taken this node's rooms.
    pub(super) fn holds(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.machine.holds(self.lease.now())
    }

    /// True if etcd has been silent for so long that a command is refused at once. The room is not asked: it goes on to
    /// answer reads.
    pub(super) fn is_etcd_gone(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.machine.etcd_silent_for(self.lease.now()) > GONE_AFTER
    }

    /// Why this node does not take part yet, or no more; `None`: it does.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.lease.now();
        if !state.is_synced {
            return Some("etcd has not been read yet");
        }
        if !state.machine.is_registered() {
            return Some(
                "it waits for the record of its earlier life to end; does another process have this node's name?",
            );
        }
        if !state.machine.holds(now) {
            return Some("neither etcd nor the other nodes answer");
        }
        None
    }
}

//! Drives the ownership machine: time, and what etcd's watch sees.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sideroom_cluster::{NodeId, NodeRecord, OwnerRecord, Revision, Term};
use sideroom_etcd::{Coordinator as _, Registration, Seen};
use sideroom_route::RoomId;

use super::shared::Cluster;
use super::state::State;
use crate::metrics;

/// How often the node's part in the cluster becomes metrics, and owned rooms are looked after.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);

/// Runs for the node's life.
pub(super) async fn run(cluster: Arc<Cluster>) {
    loop {
        let mut watch = cluster.coordinator.watch();
        loop {
            let sleep = tick(&cluster);
            tokio::select! {
                seen = watch.recv() => match seen {
                    Some(seen) => cluster.handle_seen(seen),
                    None => break,
                },
                () = tokio::time::sleep(sleep) => {}
            }
            // Another life knows nothing: everything is read again.
            if cluster.with(|state, _| std::mem::take(&mut state.begins_again)) {
                break;
            }
        }
    }
}

/// Lets the machine look around if it is time; how long it may sleep then.
fn tick(cluster: &Arc<Cluster>) -> Duration {
    cluster.with(|state, now| {
        state.note_tick(now);
        if state.machine.poll_timeout() <= now {
            state.machine.handle_timeout(now);
        }
        state.machine.poll_timeout() - now
    })
}

/// Publishes metrics, and looks after owned rooms.
pub(super) async fn observe(cluster: Arc<Cluster>) {
    let mut every = tokio::time::interval(OBSERVE_EVERY);
    loop {
        every.tick().await;
        cluster.with(|state, now| {
            let living = state.machine.living().len();
            metrics::cluster(living, state.held.len(), state.machine.holds(now));
        });
        cluster.look_after_rooms();
    }
}

impl Cluster {
    fn handle_seen(self: &Arc<Self>, seen: Seen) {
        match seen {
            Seen::All {
                nodes,
                owners,
                registered,
                names,
                as_of,
            } => {
                for (node, it) in &registered {
                    self.reach(*node, it);
                }
                self.with(|state, now| {
                    state.registered = registered.into_iter().collect();
                    state.names.clear();
                    state.named.clear();
                    for (name, room) in names {
                        state.name(name, Some(room));
                    }
                    for (node, record, revision) in nodes {
                        state
                            .machine
                            .handle_node(now, node, Some((record, revision)));
                    }
                    handle_owners(state, now, &owners, as_of);
                    state.is_synced = true;
                    state.has_changed = true;
                });
            }
            Seen::Node(node, record, revision) => self.handle_node(node, record, revision),
            Seen::Owner(room, record, term) => self.with(|state, now| {
                state.machine.handle_owner(now, room, record, term);
                state.has_changed = true;
            }),
            Seen::NoOwner(room, as_of) => self.with(|state, _| {
                state.machine.handle_no_owner(room, as_of);
                state.has_changed = true;
            }),
            Seen::Registered(node, registration) => {
                if let Some(it) = &registration {
                    self.reach(node, it);
                }
                self.with(|state, _| {
                    match registration {
                        Some(it) => state.registered.insert(node, it),
                        None => state.registered.remove(&node),
                    };
                    state.has_changed = true;
                });
            }
            Seen::Name(name, room) => self.with(|state, _| state.name(name, room)),
        }
    }

    fn handle_node(self: &Arc<Self>, node: NodeId, record: Option<NodeRecord>, revision: Revision) {
        self.with(|state, now| {
            let record = record.map(|record| (record, revision));
            state.machine.handle_node(now, node, record);
        });
    }

    fn reach(&self, node: NodeId, registration: &Registration) {
        let Registration { name, address, .. } = registration;
        if let Err(error) = self.links.set(node.0, name, address) {
            tracing::error!(%error, "a node of the cluster cannot be called");
        }
    }
}

/// The owners of all rooms: a room that is not named has none.
fn handle_owners(
    state: &mut State,
    now: sideroom_route::Time,
    owners: &[(RoomId, OwnerRecord, Term)],
    as_of: Revision,
) {
    let named: BTreeSet<_> = owners.iter().map(|(room, ..)| *room).collect();
    let known: Vec<_> = state.machine.owners().map(|(room, ..)| room).collect();
    for room in known.into_iter().filter(|room| !named.contains(room)) {
        state.machine.handle_no_owner(room, as_of);
    }
    for (room, record, term) in owners {
        state.machine.handle_owner(now, *room, *record, *term);
    }
}

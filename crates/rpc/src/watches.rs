//! How many watch: bounds for each viewer, each room and the node. Those of signaling servers are counted
//! apart, so that clients never take their places. A participant's own socket is not counted here.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sideroom_control::Viewer;
use sideroom_route::ParticipantId;

use crate::{config::RpcConfig, error::ApiError};

/// How many watches there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Bounds {
    node: usize,
    room: usize,
    viewer: usize,
}

/// All watches that are open.
#[derive(Debug)]
pub(crate) struct Watches {
    bounds: Bounds,
    open: Arc<Mutex<Open>>,
}

#[derive(Default, Debug)]
struct Open {
    operators: usize,
    clients: usize,
    rooms: HashMap<String, usize>,
    viewers: HashMap<ParticipantId, usize>,
}

/// One watch. It is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct WatchPlace {
    open: Arc<Mutex<Open>>,
    /// `None` for a signaling server.
    client: Option<(String, ParticipantId)>,
}

impl Watches {
    pub(crate) fn new(config: &RpcConfig) -> Self {
        Self {
            bounds: Bounds {
                node: config.max_watches,
                room: config.max_watches_per_room,
                viewer: config.max_watches_per_viewer,
            },
            open: Arc::default(),
        }
    }

    /// Counts one more, or says which bound it would break.
    pub(crate) fn begin(&self, room: &str, viewer: Viewer) -> Result<WatchPlace, ApiError> {
        let mut open = lock(&self.open);
        let client = match viewer {
            Viewer::Operator => None,
            Viewer::Participant(participant) => Some((room.to_owned(), participant)),
        };
        open.fits(self.bounds, client.as_ref())
            .map_err(|sentence| ApiError::LimitReached(sentence.into()))?;
        match &client {
            None => open.operators += 1,
            Some((room, participant)) => {
                open.clients += 1;
                *open.rooms.entry(room.clone()).or_default() += 1;
                *open.viewers.entry(*participant).or_default() += 1;
            }
        }
        drop(open);
        Ok(WatchPlace {
            open: Arc::clone(&self.open),
            client,
        })
    }
}

impl Open {
    fn fits(
        &self,
        bounds: Bounds,
        client: Option<&(String, ParticipantId)>,
    ) -> Result<(), &'static str> {
        const NODE: &str = "There are too many watches on this node. Try again later.";
        let Some((room, participant)) = client else {
            return if self.operators < bounds.node {
                Ok(())
            } else {
                Err(NODE)
            };
        };
        if held(&self.viewers, participant) >= bounds.viewer {
            return Err("This participant has as many watches as it may. Close one first.");
        }
        if held(&self.rooms, room) >= bounds.room {
            return Err("The room has as many watches of clients as it may. Close some first.");
        }
        if self.clients < bounds.node {
            Ok(())
        } else {
            Err(NODE)
        }
    }
}

impl Drop for WatchPlace {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        match self.client.take() {
            None => open.operators -= 1,
            Some((room, participant)) => {
                open.clients -= 1;
                release(&mut open.rooms, &room);
                release(&mut open.viewers, &participant);
            }
        }
    }
}

fn held<K: Hash + Eq>(counts: &HashMap<K, usize>, key: &K) -> usize {
    counts.get(key).copied().unwrap_or(0)
}

fn release<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    fn watches(node: usize, room: usize, viewer: usize) -> Watches {
        Watches::new(&RpcConfig {
            max_watches: node,
            max_watches_per_room: room,
            max_watches_per_viewer: viewer,
            ..RpcConfig::default()
        })
    }

    fn client(room: u32, number: u32) -> Viewer {
        Viewer::Participant(ParticipantId::new(RoomId(room), number))
    }

    #[test]
    fn each_bound_refuses_clients_only() {
        let all = watches(4, 3, 2);
        let mut held = vec![all.begin("a", client(1, 1)).unwrap()];
        held.push(all.begin("a", client(1, 1)).unwrap());
        assert!(all.begin("a", client(1, 1)).is_err(), "of one viewer");
        held.push(all.begin("a", client(1, 2)).unwrap());
        assert!(all.begin("a", client(1, 3)).is_err(), "of one room");
        held.push(all.begin("b", client(2, 1)).unwrap());
        assert!(all.begin("c", client(3, 1)).is_err(), "of the node");
        for _ in 0..4 {
            held.push(all.begin("a", Viewer::Operator).unwrap());
        }
        assert!(all.begin("a", Viewer::Operator).is_err());
        drop(held);
        let open = lock(&all.open);
        assert_eq!((open.operators, open.clients), (0, 0));
        assert!(open.rooms.is_empty() && open.viewers.is_empty());
    }
}

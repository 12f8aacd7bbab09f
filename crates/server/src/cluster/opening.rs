//! Rooms that this node has come to own: read and opened, or given up if they were never made.

use std::sync::Arc;
use std::time::Duration;

use sideroom_cluster::Term;
use sideroom_etcd::Coordinator as _;
use sideroom_route::RoomId;

use super::shared::Cluster;
use super::state::Stage;
use crate::metrics;
use crate::store::StoreError;

/// Between two attempts to read a room.
const RETRY: Duration = Duration::from_millis(200);
/// A claimed room that nobody has made for this long is given up.
const EMPTY_FOR: Duration = Duration::from_secs(3);

impl Cluster {
    /// Reads a room and begins to serve it, for as long as it is this node's.
    pub(super) async fn open(self: Arc<Self>, room: RoomId, term: Term) {
        while self.holds_at(room, term, Stage::Opening) {
            match self.directory.read_room(room).await {
                Ok(None) => {
                    self.with(|state, now| {
                        state.step(room, term, Stage::Opening, Stage::Empty(now))
                    });
                    return;
                }
                Ok(Some(stored)) => {
                    match self.is_the_name_its(room, stored.name()).await {
                        Some(true) if !stored.is_closed() => {}
                        Some(_) => return self.give_up(room, term, stored.name()).await,
                        None => {
                            tokio::time::sleep(RETRY).await;
                            continue;
                        }
                    }
                    self.with(|state, _| {
                        if state.step(room, term, Stage::Opening, Stage::Open) {
                            self.store.own_named(room, term, stored.name());
                            tracing::info!(%room, name = stored.name(), term = term.0, "a room is opened");
                            metrics::room_moved("opened");
                            self.directory.open_room(stored);
                        }
                    });
                    return;
                }
                Err(StoreError::Unreadable(why)) => return self.set_aside(room, term, &why),
                Err(error) => {
                    tracing::warn!(%room, %error, "a room cannot be read now");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    fn holds_at(self: &Arc<Self>, room: RoomId, term: Term, stage: Stage) -> bool {
        self.with(|state, _| {
            let held = state.held.get(&room);
            held.is_some_and(|held| held.term == term && held.stage == stage)
        })
    }

    /// Whether the name stands for this room still. A room that has ended and is taken by mistake must not take the name
    /// of the next. `None`: etcd does not say.
    async fn is_the_name_its(&self, room: RoomId, name: &str) -> Option<bool> {
        let read = self.coordinator.read_name(name).await;
        read.ok().map(|holder| holder == Some(room))
    }

    fn set_aside(self: &Arc<Self>, room: RoomId, term: Term, why: &str) {
        tracing::error!(%room, why, "a room cannot be read and is set aside; the others run");
        self.with(|state, _| {
            let name = state.named.get(&room).cloned();
            if let Some(name) = name
                && state.step(room, term, Stage::Opening, Stage::Open)
            {
                self.directory.set_room_aside(room, &name);
            }
        });
    }

    /// Frees a room that is of no use, with its name if that is its.
    async fn give_up(&self, room: RoomId, term: Term, name: &str) {
        if let Err(error) = self.coordinator.release(room, term, name).await {
            tracing::warn!(%room, %error, "a room that was never made, or has ended, is not freed yet");
        }
    }

    /// Gives up rooms that nobody made, and reads those again whose task has ended although etcd still has them.
    pub(super) fn look_after_rooms(self: &Arc<Self>) {
        let (abandoned, unserved) = self.with(|state, now| {
            let mut abandoned = Vec::new();
            let mut unserved = Vec::new();
            for (room, held) in &mut state.held {
                match held.stage {
                    Stage::Empty(since) if now - since > EMPTY_FOR => {
                        held.stage = Stage::Leaving;
                        let name = state.named.get(room).cloned().unwrap_or_default();
                        abandoned.push((*room, held.term, name));
                    }
                    Stage::Open if !self.directory.serves(*room) => {
                        held.stage = Stage::Opening;
                        unserved.push((*room, held.term));
                    }
                    _ => {}
                }
            }
            (abandoned, unserved)
        });
        for (room, term, name) in abandoned {
            let this = Arc::clone(self);
            tokio::spawn(async move {
                this.give_up(room, term, &name).await;
                // If etcd did not do it, it is tried again.
                this.with(|state, now| state.step(room, term, Stage::Leaving, Stage::Empty(now)));
            });
        }
        for (room, term) in unserved {
            let this = Arc::clone(self);
            tokio::spawn(async move { this.open(room, term).await });
        }
    }
}

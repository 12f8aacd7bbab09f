//! Rooms that are given away: one, because an operator says so, or all, because the node is about to end.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sideroom_cluster::{NodeId, Term};
use sideroom_etcd::register;
use sideroom_route::RoomId;
use sideroom_rpc::ApiError;
use sideroom_store::Store as _;

use super::shared::Cluster;
use super::state::{Place, Stage};
use crate::metrics;
use crate::shutdown::{Phase, Shutdown};

/// How long etcd may take to settle a hand-over.
const SETTLE_WAIT: Duration = Duration::from_secs(5);
/// Between two attempts to give rooms away.
const RETRY: Duration = Duration::from_millis(500);

impl Cluster {
    /// Gives a room to another node. Its task ends first, so that everything that was answered is in etcd; calls wait for
    /// the next owner.
    pub(super) async fn hand_over(
        self: &Arc<Self>,
        room: RoomId,
        term: Term,
        to: Option<NodeId>,
    ) -> Result<(), ApiError> {
        let to = self.with(|state, _| {
            let takers = state.takers(self.me);
            match to {
                Some(to) => takers.contains(&to).then_some(to),
                None => state.best_taker(self.me),
            }
        });
        let Some(to) = to else {
            let sentence = "No such node takes rooms now. See `sideroom cluster nodes`.";
            return Err(ApiError::BadRequest(sentence.into()));
        };
        let begun = self.with(|state, _| state.step(room, term, Stage::Open, Stage::Leaving));
        if !begun {
            let sentence = "The room is being opened or given away already. Look again.";
            return Err(ApiError::BadRequest(sentence.into()));
        }
        self.directory.stop_room(room).await;
        // The snapshot that the task has asked for is written before the next owner reads.
        drop(self.store.journal(room, u64::MAX, 0).await);
        let mut seen = self.changed.subscribe();
        let is_sent = self.with(|state, now| state.machine.hand_over(now, room, to));
        if !is_sent {
            // The target has died meanwhile: the room is opened again.
            self.with(|state, _| state.step(room, term, Stage::Leaving, Stage::Open));
            return Err(ApiError::Overloaded);
        }
        let settled = async {
            while self.holds_under(room, term) {
                if seen.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(SETTLE_WAIT, settled).await.is_err() {
            return Err(ApiError::StoreFailed);
        }
        match self.place(room) {
            Place::At(_) => {
                tracing::info!(%room, to = to.0, "a room is handed over");
                metrics::room_moved("handed_over");
                Ok(())
            }
            // etcd did not take it; the room comes back here, under another term.
            _ => Err(ApiError::Overloaded),
        }
    }

    fn holds_under(self: &Arc<Self>, room: RoomId, term: Term) -> bool {
        self.with(|state, _| state.held.get(&room).is_some_and(|held| held.term == term))
    }

    /// True without rooms, or without anybody to take them.
    pub(super) fn has_nothing_to_give(self: &Arc<Self>) -> bool {
        self.with(|state, _| state.held.is_empty() || state.takers(self.me).is_empty())
    }

    /// Gives all rooms away once the server drains, for as long as there is a node to take them.
    pub(super) async fn drain(self: Arc<Self>, shutdown: Shutdown) {
        shutdown.reached(Phase::Draining).await;
        self.tell_draining().await;
        loop {
            let rooms = self.with(|state, _| {
                let open = state
                    .held
                    .iter()
                    .filter(|(_, held)| held.stage == Stage::Open);
                open.map(|(room, held)| (*room, held.term))
                    .collect::<Vec<_>>()
            });
            for (room, term) in rooms {
                if let Err(error) = self.hand_over(room, term, None).await {
                    tracing::warn!(%room, %error, "a room is not given away yet");
                    break;
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Other nodes learn that this one takes no rooms any more.
    async fn tell_draining(&self) {
        let own = {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            own.draining = true;
            own.clone()
        };
        if let Err(error) = register(&self.etcd, &own).await {
            tracing::warn!(%error, "the other nodes do not learn that this one drains");
        }
    }
}

//! New rooms: a number for the whole cluster, the name claimed, and then made by the node that owns them.

use std::sync::Arc;

use sideroom_control::RoomView;
use sideroom_etcd::Coordinator as _;
use sideroom_route::RoomId;
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::CreateRoom;

use super::Deadline;
use crate::cluster::link::{Ask, Call, Replied, Reply};
use crate::cluster::shared::Cluster;

/// Which nodes may own a new room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::cluster) enum Placing {
    /// This one, or another if it takes none.
    Anywhere,
    /// This one: another node has asked.
    HereOnly,
}

impl Cluster {
    /// Makes a room, or passes the request to the room of that name.
    pub(in crate::cluster) async fn create(
        self: &Arc<Self>,
        request: CreateRoom,
        placing: Placing,
    ) -> Result<RoomView, ApiError> {
        let deadline = Deadline::new();
        let call = Call::Create(Box::new(request.clone()));
        while !deadline.is_over() {
            if let Some(room) = self.find(&request.name).await? {
                match self.try_at(&request.name, room, &call, deadline).await {
                    Some(Ok(Reply::View(view))) => return Ok(*view),
                    Some(Ok(_)) => return Err(ApiError::Internal),
                    Some(Err(error)) => return Err(error),
                    None => continue,
                }
            }
            match self.local.check_creation(&request) {
                Ok(()) => {}
                Err(ApiError::Draining | ApiError::LimitReached(_))
                    if placing == Placing::Anywhere && self.has_takers() =>
                {
                    return self.place_elsewhere(request).await;
                }
                Err(error) => return Err(error),
            }
            self.claim(&request.name).await?;
        }
        Err(ApiError::Overloaded)
    }

    /// Claims a name for a new room, and begins to take that room.
    async fn claim(self: &Arc<Self>, name: &str) -> Result<(), ApiError> {
        let failed = |error: sideroom_etcd::EtcdError| {
            tracing::warn!(%error, "no room can be made now");
            ApiError::StoreFailed
        };
        let room = self.coordinator.allot_rooms(1).await.map_err(failed)?;
        let holder = self
            .coordinator
            .claim_name(name, room)
            .await
            .map_err(failed)?;
        self.with(|state, now| {
            state.name(name.to_owned(), Some(holder));
            if holder == room {
                state.machine.take(now, room);
            }
        });
        Ok(())
    }

    fn has_takers(self: &Arc<Self>) -> bool {
        self.with(|state, _| state.best_taker(self.me).is_some())
    }

    async fn place_elsewhere(self: &Arc<Self>, request: CreateRoom) -> Result<RoomView, ApiError> {
        let taker = self.with(|state, _| state.best_taker(self.me));
        let node = taker.ok_or(ApiError::Draining)?;
        let ask = Ask {
            room: None::<RoomId>,
            call: Call::Place(Box::new(request)),
        };
        match self.links.ask(node.0, &ask).await {
            Ok(Replied::Reply(Ok(Reply::View(view)))) => Ok(*view),
            Ok(Replied::Reply(Err(error))) => Err(error),
            Ok(_) => Err(ApiError::Internal),
            Err(error) => {
                tracing::warn!(%error, node = node.0, "another node does not make a room");
                Err(ApiError::Overloaded)
            }
        }
    }
}

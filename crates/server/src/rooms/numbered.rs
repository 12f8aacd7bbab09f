//! Rooms of a cluster: their numbers and names are given by etcd, and this node makes them and tells of them.

use sideroom_control::{Room, RoomView};
use sideroom_route::RoomId;
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{CreateRoom, RoomSummary};
use tracing::{Instrument as _, info_span};

use super::node::Node;
use super::summary::summary;

impl Node {
    /// Whether this node would make such a room.
    pub(crate) fn check_creation(&self, request: &CreateRoom) -> Result<(), ApiError> {
        self.check_room_size(&request.settings)?;
        Room::new(self.config_of(request, RoomId(1)))?;
        self.rooms.check_place()
    }

    /// Makes a room under this number, which the caller has got for it.
    pub(crate) async fn create_numbered(
        &self,
        request: CreateRoom,
        id: RoomId,
    ) -> Result<RoomView, ApiError> {
        let span = info_span!(
            "create_room",
            room = request.name,
            request_id = request.request_id.as_str()
        );
        self.make_room(request, Some(id)).instrument(span).await
    }

    /// The lines of these rooms in a list, of those that are here.
    pub(crate) fn summaries(&self, names: &[String]) -> Vec<RoomSummary> {
        let desks = names.iter().filter_map(|name| self.rooms.find(name).ok());
        desks.filter_map(|desk| summary(&desk)).collect()
    }
}

//! Orders from the plane to a worker.

use std::sync::Arc;

use sideroom_forward::IngressConfig;
use sideroom_route::{ParticipantId, RoomId, RoutePlan, RouteUpdate, TrackId, WorkerId};

/// An order to a worker. A worker carries out its orders one after the other, each between two packets.
#[derive(Clone, Debug)]
pub enum Order {
    /// Change a room's table. Acknowledged.
    Apply(Arc<RouteUpdate>),
    /// Replace a room's table. Acknowledged.
    ApplyWhole(Arc<RoutePlan>),
    /// Forget a room: nothing of it is forwarded any more.
    RemoveRoom(RoomId),
    /// End a participant's transport.
    Disconnect(ParticipantId),
    /// Send a track of this worker's publishers to these workers, and to no others.
    SetRelays(TrackId, Vec<WorkerId>),
    /// Take in a track that the worker `home` relays.
    AddRelayed {
        /// The worker of the track's publisher.
        home: WorkerId,
        /// How the track is wired.
        config: Box<IngressConfig>,
    },
    /// Forget a relayed track.
    RemoveRelayed(TrackId),
}

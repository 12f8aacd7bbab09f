//! The media plane as a room needs it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sideroom_route::{
    OutOfOrder, ParticipantId, RoomId, Route, RoutePlan, RouteUpdate, SlotId, TrackId, TrackRoute,
    WorkerId,
};

use crate::media::{AnsweredOffer, Connect, ConnectError, Connected, MediaPlane, Publishing};

/// The media plane, as a room sees it. Calls send their commands at once, in order, and never block; only the
/// futures take time.
pub trait MediaPort: Send + Sync + 'static {
    /// Sends an update to every worker that the room is on. An error: it does not follow their tables, and they
    /// forward nothing of the room until it is published whole.
    fn publish(&self, update: Arc<RouteUpdate>) -> Result<Publishing, OutOfOrder>;
    /// Sends a room's whole table.
    fn publish_whole(&self, plan: RoutePlan) -> Publishing;
    /// These workers forward nothing until they have obeyed everything that they were ordered.
    fn fence(&self, workers: &[WorkerId]);
    /// Makes or replaces a participant's transport.
    fn connect(
        self: Arc<Self>,
        connect: Connect,
    ) -> BoxFuture<'static, Result<Connected, ConnectError>>;
    /// Gives a transport the answer to a further offer.
    fn reoffer(
        self: Arc<Self>,
        answered: AnsweredOffer,
    ) -> BoxFuture<'static, Result<Connected, ConnectError>>;
    /// Ends a participant's transport.
    fn disconnect(&self, participant: ParticipantId);
    /// Ends a room with everybody in it.
    fn close_room(&self, room: RoomId);
    /// The routes of a participant's slots.
    fn routes_of(&self, participant: ParticipantId) -> Vec<(SlotId, Route)>;
    /// Where a track is routed.
    fn track(&self, track: TrackId) -> Option<TrackRoute>;
}

impl MediaPort for MediaPlane {
    fn publish(&self, update: Arc<RouteUpdate>) -> Result<Publishing, OutOfOrder> {
        self.publish(update)
    }

    fn publish_whole(&self, plan: RoutePlan) -> Publishing {
        self.publish_whole(plan)
    }

    fn fence(&self, workers: &[WorkerId]) {
        self.fence(workers);
    }

    fn connect(
        self: Arc<Self>,
        connect: Connect,
    ) -> BoxFuture<'static, Result<Connected, ConnectError>> {
        Box::pin(MediaPlane::connect(self, connect))
    }

    fn reoffer(
        self: Arc<Self>,
        answered: AnsweredOffer,
    ) -> BoxFuture<'static, Result<Connected, ConnectError>> {
        Box::pin(MediaPlane::reoffer(self, answered))
    }

    fn disconnect(&self, participant: ParticipantId) {
        self.disconnect(participant);
    }

    fn close_room(&self, room: RoomId) {
        self.close_room(room);
    }

    fn routes_of(&self, participant: ParticipantId) -> Vec<(SlotId, Route)> {
        self.routes_of(participant)
    }

    fn track(&self, track: TrackId) -> Option<TrackRoute> {
        self.track(track)
    }
}

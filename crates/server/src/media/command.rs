//! What the plane tells a worker, and what a worker answers.

use std::sync::Arc;

use sideroom_forward::IngressConfig;
use sideroom_route::{
    Epoch, MediaEvent, OutOfOrder, ParticipantId, RoomId, RoutePlan, RouteUpdate, SlotId, TrackId,
    TrackKind, WorkerId,
};
use sideroom_session::sdp::OfferError;
use sideroom_session::{IceCredentials, RoomCodecs, TrackHint};
use tokio::sync::oneshot;

/// Makes a participant's transport, replacing the one that it had.
#[derive(Clone, Debug)]
pub struct Connect {
    /// Who.
    pub participant: ParticipantId,
    /// The client's offer.
    pub offer: String,
    /// What the client says of its media sections.
    pub hints: Vec<TrackHint>,
    /// The room's codecs.
    pub codecs: RoomCodecs,
    /// The track of each kind, as control handed them out.
    pub tracks: Vec<(TrackKind, TrackId)>,
    /// The server's half of the ICE credentials.
    pub credentials: IceCredentials,
    /// Where SSRCs come from.
    pub seed: u64,
}

/// The result of a negotiation.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The answer for the client.
    pub answer: String,
    /// The m-line of each slot.
    pub slots: Vec<(SlotId, String)>,
    /// The m-line of each track.
    pub tracks: Vec<(TrackKind, String)>,
    /// The tracks as other workers must know them who relay them.
    pub ingress: Vec<IngressConfig>,
}

/// Orders to a worker. Those that are answered are answered after they hold: no packet that follows is
/// treated as before.
#[derive(Debug)]
pub enum WorkerCommand {
    /// See [`Connect`].
    Connect(Box<Connect>, oneshot::Sender<Result<Connected, OfferError>>),
    /// A later offer on the same transport.
    Reoffer(Box<Connect>, oneshot::Sender<Result<Connected, OfferError>>),
    /// The participant's transport ends.
    Disconnect(ParticipantId),
    /// A room's table changes.
    Apply(Arc<RouteUpdate>, oneshot::Sender<Result<Epoch, OutOfOrder>>),
    /// A room's table, whole: the room is new on this worker, or an update was lost.
    ApplyWhole(
        Arc<RoutePlan>,
        Option<oneshot::Sender<Result<Epoch, OutOfOrder>>>,
    ),
    /// The room is served here no longer.
    RemoveRoom(RoomId),
    /// A track of this worker's publishers crosses to these workers from now on.
    SetRelays(TrackId, Vec<WorkerId>),
    /// A track of another worker's publisher will come in by relay.
    AddRelayed(Box<IngressConfig>),
    /// It will not any more.
    RemoveRelayed(TrackId),
    /// Another worker needs a keyframe of a layer of this worker's track.
    RelayedKeyframe(TrackId, u8),
    /// Ends the thread.
    Stop,
}

/// What a worker tells without being asked.
#[derive(Clone, Debug)]
pub struct WorkerEvent {
    /// Which worker.
    pub worker: WorkerId,
    /// The transport that it is about, if it is about one.
    pub transport: Option<u64>,
    /// What.
    pub event: MediaEvent,
}

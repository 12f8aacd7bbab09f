//! Commands to a worker, and its answers.

use std::sync::Arc;

use sideroom_forward::IngressConfig;
use sideroom_net::Waker;
use sideroom_plane::Order;
use sideroom_route::{
    Epoch, MediaEvent, OutOfOrder, ParticipantId, SlotId, TrackId, TrackKind, WorkerId,
};
use sideroom_session::sdp::Offer;
use sideroom_session::{Answer, IceCredentials, Negotiation, RoomCodecs, TrackHint};
use tokio::sync::oneshot;

use super::relay_ring::{RelayReader, RelayWriter};

/// Makes a transport for a participant, in place of an earlier one.
#[derive(Clone, Debug)]
pub struct Connect {
    pub participant: ParticipantId,
    /// The client's offer.
    pub offer: Arc<Offer>,
    /// The client's hints on media sections of the offer.
    pub hints: Vec<TrackHint>,
    /// The room's codecs.
    pub codecs: RoomCodecs,
    /// The track of each kind, as control handed them out.
    pub tracks: Vec<(TrackKind, TrackId)>,
    /// The server's half of the ICE credentials.
    pub credentials: IceCredentials,
    /// SSRCs are drawn from it.
    pub seed: u64,
}

/// An offer that was answered away from the workers, for the transport that it makes or changes.
#[derive(Clone, Debug)]
pub struct AnsweredOffer {
    /// The transport's owner.
    pub participant: ParticipantId,
    /// Names the transport.
    pub transport: u64,
    /// The agreement, from this answer on.
    pub negotiation: Arc<Negotiation>,
    pub answer: Answer,
    /// The track of each kind, as control handed them out.
    pub tracks: Vec<(TrackKind, TrackId)>,
}

/// A transport that is made, or changed.
#[derive(Clone, Debug)]
pub struct Connected {
    /// Later offers are checked against this.
    pub negotiation: Arc<Negotiation>,
    /// The answer for the client.
    pub answer: String,
    /// The m-line of each slot.
    pub slots: Vec<(SlotId, String)>,
    /// The slots of these numbers are other m-lines than before a later offer.
    pub renumbered: Vec<SlotId>,
    /// The m-line of each track.
    pub tracks: Vec<(TrackKind, String)>,
    /// How the tracks are wired, for the workers that they are relayed to.
    pub ingress: Vec<IngressConfig>,
}

/// Acknowledges an order about a table: the epoch that it is at from the next packet on.
pub(super) type Acknowledge = oneshot::Sender<Result<Epoch, OutOfOrder>>;

/// Commands to a worker's thread. Each is carried out between two packets, and answered once it holds.
#[derive(Debug)]
pub(super) enum WorkerCommand {
    /// See [`Connect`].
    Connect(Box<AnsweredOffer>, oneshot::Sender<Connected>),
    /// A later offer on the same transport. Without a reply: the transport is gone.
    Reoffer(Box<AnsweredOffer>, oneshot::Sender<Connected>),
    /// An order of the plane.
    Order(Order, Option<Acknowledge>),
    /// Another worker was started anew.
    Link(Box<NewLink>),
    /// Panics the thread, for tests of what follows.
    Panic,
    /// Ends the thread.
    Stop,
}

/// The link to a worker that was started anew, in place of the one to the worker before.
pub(super) struct NewLink {
    /// The other worker.
    pub(super) peer: WorkerId,
    /// The ring to the other worker.
    pub(super) writer: RelayWriter,
    /// The ring from the other worker.
    pub(super) reader: RelayReader,
    /// Wakes the other worker.
    pub(super) waker: Waker,
}

impl std::fmt::Debug for NewLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("NewLink").field(&self.peer).finish()
    }
}

/// News of a worker for control.
#[derive(Clone, Debug)]
pub struct WorkerEvent {
    /// The transport that the event is about, if there is one.
    pub transport: Option<u64>,
    pub event: MediaEvent,
}

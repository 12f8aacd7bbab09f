//! Routes of tracks and slots: the entries of a routing plan.

use serde::{Deserialize, Serialize};

use crate::{Epoch, Gate, GroupId, ParticipantId, TrackId, TrackKind};

/// Where a track is routed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct TrackRoute {
    pub publisher: ParticipantId,
    pub kind: TrackKind,
    /// The audience of the track.
    pub group: GroupId,
    /// The epoch in which it came to that audience. A relayed packet carries this number, and a worker
    /// that holds another one drops it: so a packet never crosses from one grouping into the next.
    pub since: Epoch,
}

/// The source of a slot, its gate and its priority.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Route {
    /// The source track.
    pub track: TrackId,
    /// Whether packets pass.
    pub gate: Gate,
    /// Why this source has the slot; bandwidth is shared out in this order too.
    pub placement: RouteReason,
    /// The largest picture that the client has use for, in lines. [`Route::ANY_HEIGHT`] if it did not say.
    pub max_height: u16,
}

/// Why a source was given a slot, the most important first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum RouteReason {
    /// A moderator speaks to every group.
    AddressAll,
    /// The source is in the subscriber's own group.
    OwnGroup,
    /// The source is in the parent, the subscriber is away.
    Parent,
    /// The subscriber listens in on the source's group.
    ListeningIn,
}

impl Route {
    /// The client set no limit to the size of the picture.
    pub const ANY_HEIGHT: u16 = u16::MAX;
}

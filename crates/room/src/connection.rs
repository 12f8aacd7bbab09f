//! Connections: which participant is connected over which transport.

use sideroom_route::{Time, TrackKind};

use crate::request::{Asked, Token};

/// Numbers the signaling connections of a room. A newer connection replaces an older one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionNumber(pub u64);

/// A participant's present connection. It exists from the commit of their join until the commit that ends
/// it; `lost` marks one whose end is not committed yet.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The number of the signaling connection.
    pub session: SessionNumber,
    /// Names their transport: events of an older one are not about it.
    pub transport: u64,
    /// When the connection began.
    pub since: Time,
    /// The request that they came in with.
    pub asked: Asked,
    /// They came back to their old place.
    pub resumed: bool,
    /// ICE and DTLS are up.
    pub up: bool,
    /// The transport or its owner is gone.
    pub(crate) lost: Option<Loss>,
    /// While the transport is made.
    pub(crate) entering: Option<Entering>,
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Loss {
    /// The place is kept for a while.
    Dropped,
    /// The join's answer did not arrive or was refused, so the newcomer leaves.
    NeverThere,
}

/// A participant whose transport is being made.
#[derive(Clone, Debug)]
pub(crate) struct Entering {
    /// The callers who wait: more than one if they repeat the request.
    pub tokens: Vec<Token>,
    /// Kinds to publish on arrival.
    pub publish: Vec<TrackKind>,
    /// The transport is made; the arrival waits for its cycle.
    pub made: bool,
}

impl Connection {
    /// The participant can send and receive, as far as the room knows.
    pub(crate) const fn is_usable(&self) -> bool {
        self.lost.is_none()
    }

    /// Whether the participant stays or leaves if this connection ends before any use.
    pub(crate) const fn loss_if_unused(&self) -> Loss {
        if self.resumed || self.up {
            Loss::Dropped
        } else {
            Loss::NeverThere
        }
    }
}

//! Requests to a room, and its answers.

use sideroom_control::{
    Actor, BreakoutError, Command, Digest, Expected, Join, Outcome, Reoffer, RequestId, Views,
};
use sideroom_route::{Epoch, ParticipantId};

use crate::connection::SessionNumber;

/// Names a caller who waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Token(pub u64);

/// A request: its id, and a digest of everything else in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The request's id.
    pub id: RequestId,
    /// The digest of the rest.
    pub body: Digest,
}

/// One request. Each is answered once, by [`crate::Action::Reply`] or [`crate::Action::Read`].
#[derive(Clone, Debug)]
pub enum Request {
    /// The room is to exist, as this request asks: answered once it is durable.
    Create(Asked),
    /// A command for the domain.
    Command(Order),
    /// The end of the room.
    Close(Order),
    /// A participant wants in, or back.
    Join(Box<JoinAsk>),
    /// A further offer on the same transport.
    Reoffer(Box<Reoffer>),
    /// A participant's views.
    SetViews(ParticipantId, Box<Views>),
    /// The adapter reads the room, as it is after everything that was asked before.
    Read,
}

/// A command for the room.
#[derive(Clone, Debug)]
pub struct Order {
    /// The caller of the command.
    pub actor: Actor,
    /// The caller's id for the request.
    pub request_id: RequestId,
    /// The state on which the caller decided: refuse if the room has changed since.
    pub expected: Option<Expected>,
    /// The command to apply.
    pub command: Command,
}

/// A join whose offer was parsed.
#[derive(Clone, Debug)]
pub struct JoinAsk {
    /// As control sees them.
    pub join: Join,
    /// The request, to know it again.
    pub asked: Asked,
    /// Publish everything that was offered.
    pub publish: bool,
    /// Whether the node takes newcomers. Those who come back to their place are always let in.
    pub admission: Admission,
}

/// Whether the node takes newcomers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Newcomers are taken.
    Open,
    /// The node is shutting down.
    Draining,
    /// The limit of participants is reached.
    Full,
}

/// An answer. Views are the adapter's to make, from [`crate::RoomMachine::room`].
#[derive(Clone, PartialEq, Debug)]
pub enum Response {
    /// A new room is durable, or was before.
    Created,
    /// To a command.
    Answer {
        /// The room's answer.
        outcome: Outcome,
        /// The epoch that every worker concerned has applied.
        epoch: Epoch,
        /// The version of the room's state.
        version: u64,
        /// The number of the last event.
        seq: u64,
        /// The request had been answered before.
        repeated: bool,
    },
    /// The room has ended.
    Closed,
    /// A join is complete.
    Joined {
        /// The participant's id.
        participant: ParticipantId,
        /// The number of the connection.
        session: SessionNumber,
        /// They have their old place.
        resumed: bool,
        /// True: this answers a repeated request with the first answer.
        repeated: bool,
    },
    /// A further offer was answered.
    Reoffered,
    /// Views are set.
    ViewsSet,
}

/// Why a request was not done. It has changed nothing.
#[derive(Clone, PartialEq, Debug)]
pub enum Refusal {
    /// The room's rules.
    Rule(BreakoutError),
    /// Another request has made a room of this name.
    Exists,
    /// The room could not be stored, or is being read again.
    Store,
    /// The room cannot be read at all.
    Unreadable,
    /// The room made a mistake and begins anew.
    Internal,
    /// The node shuts down.
    Draining,
    /// The node is full.
    NodeFull,
    /// Another connection has replaced this one, or the participant has left.
    SessionGone,
    /// No transport came about; the adapter knows why.
    NoTransport,
    /// The room has ended.
    Ended,
    /// Too many requests wait.
    Overloaded,
}

impl From<BreakoutError> for Refusal {
    fn from(error: BreakoutError) -> Self {
        Self::Rule(error)
    }
}

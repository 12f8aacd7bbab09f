//! The machine's outputs.

use std::sync::Arc;
use std::time::Duration;

use sideroom_control::{Event, Record};
use sideroom_route::{GroupId, ParticipantId, RoutePlan, RouteUpdate, TrackId, TrackKind};

use crate::request::{Refusal, Response, Token};
use crate::watchers::WatcherId;

/// Names a commit, a load or a publication: an answer to an earlier one is stale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CommitId(pub u64);

/// One thing to do, in the order in which they are polled.
#[derive(Clone, Debug)]
pub enum Action {
    /// Read the room from the store; answer with [`crate::RoomMachine::handle_loaded`].
    Load(CommitId),
    /// Make this durable, whole or not at all; answer with [`crate::RoomMachine::handle_committed`].
    Commit {
        /// Names the commit, so that its answer finds it.
        id: CommitId,
        /// The room is new: its first snapshot goes in before the records.
        create: bool,
        /// The records, in order.
        records: Vec<Record>,
        /// Their events for receivers outside, in order; none unless [`crate::RoomOptions`] asks for them. Texts are not
        /// among them.
        events: Vec<Arc<Event>>,
        /// The room ends with them.
        ends: bool,
    },
    /// Keep the room as a whole ([`crate::RoomMachine::room`], which is as committed); nobody waits.
    Save,
    /// The creation of the room was refused, and may have been stored nevertheless: remove it. No answer.
    Remove,
    /// Send these updates to the workers; answer with [`crate::RoomMachine::handle_published`].
    Publish(CommitId, Vec<Arc<RouteUpdate>>),
    /// Publishes a whole table, after a load.
    PublishWhole(CommitId, Box<RoutePlan>),
    /// The workers that have not applied the publication forward nothing until they have.
    Fence(CommitId),

    /// Make a transport from the offer of the caller `token`; answer with
    /// [`crate::RoomMachine::handle_transport`].
    Connect {
        /// The owner of the transport.
        participant: ParticipantId,
        /// Names the transport in later events.
        transport: u64,
        /// The track of each kind.
        tracks: Vec<(TrackKind, TrackId)>,
        /// The caller whose offer to use.
        token: Token,
    },
    /// Answer a further offer on a transport; answer with [`crate::RoomMachine::handle_renegotiated`].
    Renegotiate {
        /// The owner of the transport.
        participant: ParticipantId,
        /// The track of each kind.
        tracks: Vec<(TrackKind, TrackId)>,
        /// The caller whose offer to use.
        token: Token,
    },
    /// End a transport.
    Disconnect(ParticipantId),
    /// A transport has come up.
    Up(ParticipantId, Duration),

    /// Answer a caller. Report an undelivered join with [`crate::RoomMachine::handle_undelivered`].
    Reply(Token, Result<Response, Refusal>),
    /// Answer a caller from the room as it is now.
    Read(Token),
    /// Tell an event.
    Tell(Arc<Event>, Vec<WatcherId>),
    /// Workers obey this update: tell those whose slots it changes.
    Routed(Arc<RouteUpdate>),
    /// Tell who talks.
    Speakers(GroupId, Vec<TrackId>, Vec<WatcherId>),
    /// Tell a watcher why it ends, and end it.
    Close(WatcherId, Farewell),
    /// End a watcher that has missed events which are no longer kept.
    Cut(WatcherId),

    /// The room has ended: its name is free, its media end. Nothing follows but replies.
    End,
    /// The machine was told to stop, and everything is durable.
    Stopped,
}

/// Why a watcher ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Farewell {
    /// The participant left.
    Left,
    /// The room has ended.
    RoomClosed,
    /// They were sent away.
    Removed,
    /// They were banned.
    Banned,
    /// The identity joined elsewhere.
    Replaced,
    /// The participant's transport is gone.
    ConnectionLost,
    /// The node shuts down.
    Draining,
}

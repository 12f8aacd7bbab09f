//! What can be asked of the control loop.

use std::time::Duration;

use sideroom_control::{Rights, RoomView, SlotPool, Stay, Viewer, Views};
use sideroom_route::{ParticipantId, TrackId, TrackKind};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{
    Answer, CommandRequest, CreateRoom, JoinRequest, Joined, MovesRequest, Negotiated, RoomSummary,
    SessionId, Stats, Watch,
};
use sideroom_session::RoomCodecs;
use tokio::sync::oneshot;

use super::kept::KeptAnswer;

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, ApiError>>;

/// One request.
#[derive(Debug)]
pub enum Ask {
    /// A command for a room.
    Command(Box<CommandRequest>, Reply<Answer>),
    /// A new room.
    Create(Box<CreateRoom>, Reply<RoomView>),
    /// The end of a room.
    Delete(Box<CommandRequest>, Reply<()>),
    /// Somebody wants in, and its offer was looked at.
    Join(Box<Entrance>, Reply<Ticket>),
    /// Its transport is made.
    JoinDone(Box<Arrival>, Reply<Joined>),
    /// It could not be made.
    JoinFailed(ParticipantId, SessionId),
    /// A participant's signaling is gone for good.
    Disconnected(ParticipantId, SessionId),
    /// A participant's wishes.
    SetViews(ParticipantId, Box<Views>, Reply<()>),
    /// What changes nothing.
    Read(Read),
    /// Takes nothing new any more; everybody left at the deadline is sent away.
    Drain(Option<Duration>, Reply<()>),
    /// Sends everybody away at once.
    Close(Reply<()>),
}

/// What a participant can send and receive.
#[derive(Debug)]
pub struct MediaOf {
    /// The codecs of its room.
    pub codecs: RoomCodecs,
    /// How much it can receive at once.
    pub slots: SlotPool,
    /// What it can send.
    pub offers: Vec<TrackKind>,
}

/// What changes nothing. Answered after what was asked before it is kept.
#[derive(Debug)]
pub enum Read {
    /// The codecs of a room.
    Codecs(String, Reply<RoomCodecs>),
    /// Rooms by name.
    List(String, usize, Reply<Vec<RoomSummary>>),
    /// A room.
    Room(String, Viewer, Reply<RoomView>),
    /// Who has an identity.
    Participant(String, String, Reply<(ParticipantId, Rights)>),
    /// A participant's media.
    Media(ParticipantId, Reply<MediaOf>),
    /// A stream of what happens.
    Watch(String, Viewer, Option<u64>, Reply<Watch>),
    /// The move journal.
    Moves(MovesRequest, Reply<Vec<Stay>>),
    /// What the node does.
    Stats(Reply<Stats>),
}

/// Somebody at the door.
#[derive(Debug)]
pub struct Entrance {
    /// As it came.
    pub request: JoinRequest,
    /// How much it can receive.
    pub slots: SlotPool,
    /// What it can send.
    pub offers: Vec<TrackKind>,
}

/// Somebody who may come in.
#[derive(Debug)]
pub enum Ticket {
    /// Its transport is to be made.
    New {
        /// Its id.
        participant: ParticipantId,
        /// Its signaling connection.
        session: SessionId,
        /// Names its transport: events of an older one are not about it.
        transport: u64,
        /// Its tracks.
        tracks: Vec<(TrackKind, TrackId)>,
        /// It has its old place again.
        resumed: bool,
    },
    /// It is in: the same request was answered before.
    Repeated(Box<Joined>),
}

/// Somebody whose transport is made.
#[derive(Debug)]
pub struct Arrival {
    /// Who.
    pub participant: ParticipantId,
    /// Its signaling connection.
    pub session: SessionId,
    /// What was negotiated.
    pub media: Negotiated,
    /// The same, to be answered again.
    pub(super) kept: KeptAnswer,
    /// It has its old place again.
    pub resumed: bool,
    /// Publish all of it.
    pub publish: Vec<TrackKind>,
}

//! The messages to a room's task.

use std::sync::Arc;

use sideroom_control::{
    Arrangement, AttendancePage, DryRun, MovesPage, Rights, RoomView, Viewer, Views,
};
use sideroom_room::{Admission, Farewell, SessionNumber};
use sideroom_route::{GroupId, MediaEvent, ParticipantId, TrackId, TrackKind, TrackRoute};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{
    Answer, CommandRequest, CreateRoom, JoinRequest, MovesRequest, Negotiated, ReofferRequest,
    Watch,
};
use sideroom_session::{RoomCodecs, TrackHint, sdp};
use tokio::sync::oneshot;

use super::delivery::Delivered;
use super::directory::JoinReservation;

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, ApiError>>;

/// A request to the room's task.
#[derive(Debug)]
pub(super) enum RoomAsk {
    Command(Box<CommandRequest>, Reply<Answer>),
    Create(Box<CreateRoom>, Reply<RoomView>),
    Delete(Box<CommandRequest>, Reply<()>),
    Join(Box<ParsedJoin>, Reply<Delivered>),
    /// With the offer, which is read elsewhere.
    Reoffer(Box<ReofferRequest>, Arc<sdp::Offer>, Reply<Negotiated>),
    SetViews(ParticipantId, Box<Views>, Reply<()>),
    Read(Read),
}

/// A read. It is answered after all earlier requests.
#[derive(Debug)]
pub(super) enum Read {
    Room(Viewer, Reply<RoomView>),
    Participant(String, Reply<(ParticipantId, Rights)>),
    Watch(Viewer, Option<u64>, Reply<Watch>),
    Moves(MovesRequest, Reply<MovesPage>),
    Attendance(MovesRequest, Reply<AttendancePage>),
    Arrangement(Viewer, String, Reply<Arrangement>),
    DryRun(Box<CommandRequest>, Reply<DryRun>),
}

/// A join whose offer was parsed.
#[derive(Debug)]
pub(super) struct ParsedJoin {
    pub request: JoinRequest,
    pub offer: Offer,
    pub admission: Admission,
    /// Holds a place on the node until the answer.
    pub place: JoinReservation,
}

/// An offer that was read.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub parsed: Arc<sdp::Offer>,
    pub hints: Vec<TrackHint>,
    pub codecs: RoomCodecs,
    pub video: sideroom_control::VideoCodec,
    pub slots: sideroom_control::SlotPool,
    pub kinds: Vec<TrackKind>,
}

/// A notice to the room's task from elsewhere on this node.
#[derive(Debug)]
pub(super) enum RoomEvent {
    /// By a worker, about a transport or a slot.
    Media(Option<u64>, MediaEvent),
    /// The active talkers of a group, the most active first.
    Talkers(GroupId, Vec<TrackId>),
    /// The layers of a track that somebody receives.
    LayersWanted(TrackRoute, u8),
    /// The worker that serves this participant is lost.
    WorkerLost(ParticipantId),
    /// A participant's signaling is gone for good.
    Disconnected(ParticipantId, SessionNumber),
    /// A join's answer was dropped before its caller had it.
    Undelivered(ParticipantId, SessionNumber),
    /// The calendar has jumped.
    ClockJumped,
    /// Another node owns the room: answer nobody, and stop.
    Abandon,
    /// Every watcher is sent away.
    Farewell(Farewell),
    /// Finish, save and stop; dropped when that is done.
    Stop(oneshot::Sender<()>),
}

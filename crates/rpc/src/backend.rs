//! The server's interface to every front end. gRPC, JSON, the WebSocket, WHIP and WHEP all call this one
//! trait; the server implements it; tests implement it over a bare room.
//!
//! The front end has verified the token and checked its scope before it calls. The room decides, by role and
//! grants, whether a *participant* may give a command.

mod asked;
mod settings;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sideroom_control::{
    Actor, Arrangement, AttendancePage, BreakoutSettingsPatch, Command, DryRun, Event, Expected,
    Grants, MovesPage, MovesQuery, Outcome, RequestId, Rights, Role, RoomMode, RoomPatch, RoomView,
    UnixMillis, Viewer, Views,
};
use sideroom_route::{DropReason, Epoch, GroupId, ParticipantId, SlotId, SlotPause, TrackKind};
use tokio::sync::mpsc;

pub use asked::Asked;

use crate::error::ApiError;

/// The server, as the front ends see it. Cheap to call from many tasks at once; every answer comes after
/// the media plane obeys and the journal has it.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Passes a command to the room. `Join`, `Reconnect` and `Drop` have functions of their own below, since media
    /// go with them; `Command::Leave` and `Command::Remove` come here, and the backend ends the sessions concerned.
    async fn command(&self, request: CommandRequest) -> Result<Answer, ApiError>;

    /// Tells the result that a command would have, or its error. The room does not change, and the request id
    /// is not used.
    async fn dry_run(&self, request: CommandRequest) -> Result<DryRun, ApiError>;

    /// Makes a room. The same request again is answered by the room as it is; the same id with other
    /// settings is refused, and another request for the same name gets [`ApiError::RoomExists`].
    async fn create_room(&self, request: CreateRoom) -> Result<RoomView, ApiError>;

    /// Sends everybody away and ends the room, as [`Command::CloseRoom`] in `request` says. No error if it
    /// is not there.
    async fn delete_room(&self, request: CommandRequest) -> Result<(), ApiError>;

    /// Rooms in the order of their names, `limit` at most, those after the name `after`.
    async fn list_rooms(&self, after: &str, limit: usize) -> Result<Vec<RoomSummary>, ApiError>;

    /// A room, as `viewer` may see it.
    async fn room(&self, room: &str, viewer: Viewer) -> Result<RoomView, ApiError>;

    /// The participant with this identity in the room, connected or within the grace period, and the rights
    /// in the token that they joined with.
    async fn participant(
        &self,
        room: &str,
        identity: &str,
    ) -> Result<(ParticipantId, Rights), ApiError>;

    /// Answers an offer and lets its sender in. Fails with [`ApiError::BadOffer`] and changes nothing if
    /// the offer cannot be answered. If the identity is in the room already its old session is ended
    /// (its watchers get [`CloseReason::Replaced`]) and the newcomer has its place.
    async fn join(&self, request: JoinRequest) -> Result<Joined, ApiError>;

    /// Answers a further offer on the same transport.
    async fn reoffer(&self, request: ReofferRequest) -> Result<Negotiated, ApiError>;

    /// A candidate from the client, which an ICE-lite server hardly needs.
    async fn trickle(
        &self,
        room: &str,
        participant: ParticipantId,
        candidate: &str,
    ) -> Result<(), ApiError>;

    /// The participant's signaling is gone and was not resumed in time: their place is kept for the grace
    /// period. Does nothing if `session` is no longer their current one.
    async fn disconnected(&self, room: &str, participant: ParticipantId, session: SessionId);

    /// The participant's wishes for their slots.
    async fn set_views(
        &self,
        room: &str,
        participant: ParticipantId,
        views: Views,
    ) -> Result<(), ApiError>;

    /// Watches the room as `viewer` may see it, from now on or from after the event `after`.
    /// [`ApiError::OutOfRange`] if events after that number are no longer kept. A participant's watch begins
    /// with the sources of their slots.
    async fn watch(
        &self,
        room: &str,
        viewer: Viewer,
        after: Option<u64>,
    ) -> Result<Watch, ApiError>;

    /// The move journal.
    async fn moves(&self, request: MovesRequest) -> Result<MovesPage, ApiError>;

    /// The move journal with the times that people were connected.
    async fn attendance(&self, request: MovesRequest) -> Result<AttendancePage, ApiError>;

    /// An arrangement of a room. A participant must be a moderator.
    async fn arrangement(
        &self,
        room: &str,
        viewer: Viewer,
        name: &str,
    ) -> Result<Arrangement, ApiError>;

    /// Statistics of this node.
    async fn stats(&self) -> Result<Stats, ApiError>;

    /// Admits no new rooms and joins from now on; remaining participants are sent away at the deadline.
    async fn drain(&self, deadline: Option<Duration>) -> Result<(), ApiError>;
}

/// A command on its way to a room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CommandRequest {
    /// The room's public name.
    pub room: String,
    pub actor: Actor,
    /// Unique among the requests of the actor.
    pub request_id: RequestId,
    /// The state on which the asker decided: refuse if the room has changed since.
    pub expected: Option<Expected>,
    pub command: Command,
}

/// The outcome of a command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The room's own answer.
    pub outcome: Outcome,
    /// The epoch that every worker concerned has applied.
    pub epoch: Epoch,
    /// The version of the room's state.
    pub version: u64,
    /// The number of the last event.
    pub seq: u64,
    /// The request had been answered before.
    pub repeated: bool,
}

/// A new room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CreateRoom {
    /// The room's public name.
    pub name: String,
    /// Unique among the requests for this name.
    pub request_id: RequestId,
    /// In which mode it begins.
    pub mode: Option<RoomMode>,
    /// The settings that differ from the node's defaults.
    pub settings: RoomPatch,
    /// Settings of the room's breakouts.
    pub breakouts: BreakoutSettingsPatch,
}

/// One line of the list of rooms.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomSummary {
    /// The room's public name.
    pub name: String,
    /// How many people are in it.
    pub participants: u32,
    /// How many breakouts it has.
    pub breakouts: u32,
    /// When it was made.
    pub created_at: UnixMillis,
    /// The number of its last event.
    pub seq: u64,
    pub epoch: Epoch,
    /// The version of its state.
    pub version: u64,
}

/// A participant's signaling connection. A newer one replaces an older one.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct SessionId(pub u64);

/// A request to join.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The room's public name.
    pub room: String,
    pub identity: String,
    /// How it is called.
    pub display_name: String,
    pub role: Role,
    pub grants: Grants,
    /// The client's offer, SDP.
    pub offer: String,
    /// Track hints for the client's sending m-lines.
    pub hints: Vec<(String, TrackKind)>,
    /// Publish every track that was offered, at once: for clients that only know WHIP.
    pub publish: bool,
    /// Refuse the offer if one of its sections cannot be answered: for clients that tell nobody about it.
    pub whole: bool,
    /// Unique among the requests of this identity: the same one again, while its session lives, is
    /// answered as at first.
    pub request_id: RequestId,
}

/// A successful join.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Joined {
    pub participant: ParticipantId,
    /// The signaling connection, for [`Backend::disconnected`].
    pub session: SessionId,
    /// The answer to its offer.
    pub media: Negotiated,
    /// The room, as it sees it.
    pub room: RoomView,
    /// True: the participant is back in the old place.
    pub resumed: bool,
    /// True: this answers a repeated request with the first answer.
    pub repeated: bool,
}

/// A further offer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReofferRequest {
    /// The room's public name.
    pub room: String,
    pub participant: ParticipantId,
    /// The session description.
    pub offer: String,
    /// Track hints for the client's sending m-lines.
    pub hints: Vec<(String, TrackKind)>,
}

/// The answer to an offer.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Negotiated {
    /// The answer's session description.
    pub answer: String,
    /// The m-line on which each track is sent.
    pub tracks: Vec<(TrackKind, String)>,
    /// The m-line on which each slot is received.
    pub slots: Vec<(SlotId, String)>,
}

/// How many items may wait for a slow reader.
pub const WATCH_QUEUE: usize = 1024;

/// A stream of a room's events.
#[derive(Debug)]
pub struct Watch {
    /// The room as it was when the stream began; `None` if the stream resumes after a number.
    pub snapshot: Option<Box<RoomView>>,
    /// Items in order, [`WATCH_QUEUE`] at most. If it is full the backend drops its end: a stream that ends
    /// without [`WatchItem::Closed`] was read too slowly.
    pub items: mpsc::Receiver<WatchItem>,
}

/// One item of a stream. All but events and the end are volatile: they have no number, and go only to the
/// participant concerned.
#[derive(Clone, Debug)]
pub enum WatchItem {
    /// An event that the viewer may see.
    Event(Arc<SharedEvent>),
    /// The new source of one of the viewer's slots.
    SlotAssigned {
        slot: SlotId,
        /// The publisher and kind of the source; `None`: the slot is empty.
        source: Option<(ParticipantId, TrackKind)>,
        /// Why the gate is shut; `None`: packets pass.
        shut: Option<DropReason>,
    },
    /// The talkers of the viewer's group, the loudest first.
    Speakers {
        group: GroupId,
        ranked: Vec<ParticipantId>,
    },
    /// The server paused the source of a slot, or (`None`) resumed it.
    SlotPaused {
        slot: SlotId,
        /// The reason for the pause.
        reason: Option<SlotPause>,
    },
    /// The layers of the viewer's own track that anybody receives, bit 0 the smallest.
    LayersWanted {
        kind: TrackKind,
        /// One bit for each layer.
        layers: u8,
    },
    /// The end, and why.
    Closed(CloseReason),
}

/// An event, shared by all its watchers, with room to keep its rendering.
#[derive(Debug)]
pub struct SharedEvent {
    pub event: Arc<Event>,
    pub(crate) rendered: OnceLock<Arc<str>>,
}

impl SharedEvent {
    /// Wraps an event for many watchers.
    pub fn new(event: impl Into<Arc<Event>>) -> Arc<Self> {
        Arc::new(Self {
            event: event.into(),
            rendered: OnceLock::new(),
        })
    }
}

/// Why somebody is sent away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CloseReason {
    Left,
    /// The room is no more.
    RoomClosed,
    /// A moderator or the signaling server removed the participant.
    Removed,
    /// A moderator or the signaling server banned the person.
    Banned,
    /// The identity joined elsewhere.
    Replaced,
    /// The transport was gone for longer than the grace period.
    ConnectionLost,
    /// The node shuts down.
    Draining,
}

/// A request for a part of the move journal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MovesRequest {
    /// The room's public name.
    pub room: String,
    /// The author; a participant must be a moderator.
    pub viewer: Viewer,
    pub query: MovesQuery,
}

/// Statistics of a node.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Stats {
    /// The server's version.
    pub version: String,
    /// Time since the start.
    pub uptime: Duration,
    /// The node accepts no new rooms and joins.
    pub draining: bool,
    /// How many rooms.
    pub rooms: u32,
    /// How many people.
    pub participants: u32,
    /// How many breakouts.
    pub breakouts: u32,
    /// Each media worker.
    pub workers: Vec<WorkerStats>,
    /// Packets dropped since the start, by reason.
    pub drops: BTreeMap<DropReason, u64>,
}

/// Statistics of a media worker.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WorkerStats {
    pub worker: u16,
    /// How many people it serves.
    pub participants: u32,
    /// Since the start.
    pub packets_in: u64,
    /// Since the start.
    pub packets_out: u64,
    /// Since the start.
    pub bytes_in: u64,
    /// Since the start.
    pub bytes_out: u64,
    /// Share of one core over the last second, 0 to 1.
    pub load: f64,
}

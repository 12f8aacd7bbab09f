//! The backend of the front ends in a cluster: each call goes to the node that owns its room, in one hop, and goes
//! again if the room moves meanwhile. Request ids make that safe: a command that was done is answered as before.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sideroom_cluster::NodeId;
use sideroom_control::{
    Arrangement, AttendancePage, DryRun, MovesPage, Rights, RoomView, Viewer, Views,
};
use sideroom_etcd::Coordinator as _;
use sideroom_route::{ParticipantId, RoomId};
use sideroom_rpc::backend::{
    Answer, CommandRequest, CreateRoom, JoinRequest, Joined, MovesRequest, Negotiated,
    ReofferRequest, RoomSummary, SessionId, Stats, Watch,
};
use sideroom_rpc::{ApiError, Backend};
use tokio::time::Instant;

use super::link::{Ask, Call, Replied, Reply, Unanswered};
use super::shared::Cluster;
use super::state::Place;
use crate::{clock, metrics};

mod create;
mod list;
mod watch;

pub(super) use create::Placing;

/// How long a call may look for its room: less than the front ends wait for an answer.
const PATIENCE: Duration = Duration::from_secs(8);
/// Waiting calls look again at least this often.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// See the module.
pub(super) struct Router(pub Arc<Cluster>);

/// Bounds one call.
#[derive(Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn new() -> Self {
        Self(Instant::now() + PATIENCE)
    }

    pub(super) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

impl Cluster {
    /// The room of a name. A name that this node has not seen is looked up in etcd.
    pub(super) async fn find(self: &Arc<Self>, name: &str) -> Result<Option<RoomId>, ApiError> {
        let (known, is_silent) = self.with(|state, now| {
            let known = state.names.get(name).copied();
            (known, state.machine.is_etcd_silent(now))
        });
        if known.is_some() {
            return Ok(known);
        }
        if is_silent {
            return Err(ApiError::StoreFailed);
        }
        let read = self.coordinator.read_name(name).await;
        read.map_err(|_| ApiError::StoreFailed)
    }

    /// Waits until something about rooms and owners has changed, for a moment.
    pub(super) async fn wait(&self, seen: &mut tokio::sync::watch::Receiver<()>) {
        // The sender lives as long as we do.
        drop(tokio::time::timeout(LOOK_EVERY, seen.changed()).await);
    }

    /// Takes a call to the owner of a named room.
    async fn routed(self: &Arc<Self>, name: &str, call: Call) -> Result<Reply, ApiError> {
        let deadline = Deadline::new();
        loop {
            let room = self.find(name).await?.ok_or(ApiError::RoomNotFound)?;
            if let Some(reply) = self.try_at(name, room, &call, deadline).await {
                return reply;
            }
            if deadline.is_over() {
                return Err(ApiError::Overloaded);
            }
        }
    }

    /// Asks the owner of a room, once. `None`: it is not there any more, or not yet, or did not answer; look again.
    pub(super) async fn try_at(
        self: &Arc<Self>,
        name: &str,
        room: RoomId,
        call: &Call,
        deadline: Deadline,
    ) -> Option<Result<Reply, ApiError>> {
        let mut seen = self.changed.subscribe();
        let ask = || Ask {
            room: Some(room),
            call: call.clone(),
        };
        let replied = match self.place(room) {
            Place::Here(_) | Place::Empty(_) => self.perform(ask()).await,
            Place::At(node) => self.ask_other(node, room, &ask(), deadline).await,
            Place::Soon => Replied::NotHere,
            Place::Unowned => {
                self.take(name, room).await;
                Replied::NotHere
            }
        };
        match replied {
            Replied::Reply(reply) => Some(reply),
            Replied::NotHere => {
                self.wait(&mut seen).await;
                None
            }
        }
    }

    /// Asks another node, until it answers or the room is another's.
    async fn ask_other(
        self: &Arc<Self>,
        node: NodeId,
        room: RoomId,
        ask: &Ask,
        deadline: Deadline,
    ) -> Replied {
        let begun = clock::now();
        let asked = tokio::select! {
            asked = self.links.ask(node.0, ask) => asked,
            () = self.leaves(node, room) => Err(Unanswered::Lost("the room has moved".into())),
            () = tokio::time::sleep_until(deadline.0) => Err(Unanswered::Lost("time is up".into())),
        };
        let (result, replied) = match asked {
            Ok(Replied::Reply(reply)) => ("answered", Replied::Reply(reply)),
            Ok(Replied::NotHere) => {
                // The owner that this node knows may be of yesterday.
                self.read_owner(room).await;
                ("moved", Replied::NotHere)
            }
            Err(Unanswered::Lost(why)) => {
                tracing::debug!(%room, node = node.0, why, "another node does not answer");
                ("failed", Replied::NotHere)
            }
            Err(Unanswered::Unreadable(why)) => {
                tracing::error!(%room, node = node.0, why, "calls between nodes");
                ("failed", Replied::Reply(Err(ApiError::Internal)))
            }
        };
        metrics::passed_on(result, begun.elapsed());
        replied
    }

    /// Resolves when a room is not at this node any more.
    pub(super) async fn leaves(&self, node: NodeId, room: RoomId) {
        let mut seen = self.changed.subscribe();
        while self.place(room) == Place::At(node) {
            if seen.changed().await.is_err() {
                return;
            }
        }
    }

    /// Takes a room that has no owner, if etcd says the same and its name is still its.
    async fn take(self: &Arc<Self>, name: &str, room: RoomId) {
        if !self.read_owner(room).await || self.place(room) != Place::Unowned {
            return;
        }
        match self.coordinator.read_name(name).await {
            Ok(Some(holder)) if holder == room => {
                self.with(|state, now| state.machine.take(now, room));
            }
            Ok(holder) => self.with(|state, _| state.name(name.to_owned(), holder)),
            Err(error) => {
                tracing::debug!(%room, %error, "a room without an owner is not taken now")
            }
        }
    }
}

/// The reply of the expected kind. Another one is a fault of ours.
macro_rules! reply_of {
    ($reply:expr, $pattern:pat => $value:expr) => {
        match $reply? {
            $pattern => Ok($value),
            _ => Err(ApiError::Internal),
        }
    };
}

#[async_trait]
impl Backend for Router {
    async fn command(&self, request: CommandRequest) -> Result<Answer, ApiError> {
        let room = request.room.clone();
        let reply = self.0.routed(&room, Call::Command(Box::new(request))).await;
        reply_of!(reply, Reply::Answer(answer) => *answer)
    }

    async fn dry_run(&self, request: CommandRequest) -> Result<DryRun, ApiError> {
        let room = request.room.clone();
        let reply = self.0.routed(&room, Call::DryRun(Box::new(request))).await;
        reply_of!(reply, Reply::DryRun(result) => *result)
    }

    async fn create_room(&self, request: CreateRoom) -> Result<RoomView, ApiError> {
        self.0.create(request, Placing::Anywhere).await
    }

    async fn delete_room(&self, request: CommandRequest) -> Result<(), ApiError> {
        let room = request.room.clone();
        match self.0.routed(&room, Call::Delete(Box::new(request))).await {
            Ok(_) | Err(ApiError::RoomNotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn list_rooms(&self, after: &str, limit: usize) -> Result<Vec<RoomSummary>, ApiError> {
        self.0.list(after, limit).await
    }

    async fn room(&self, room: &str, viewer: Viewer) -> Result<RoomView, ApiError> {
        let reply = self
            .0
            .routed(room, Call::View(room.to_owned(), viewer))
            .await;
        reply_of!(reply, Reply::View(view) => *view)
    }

    async fn participant(
        &self,
        room: &str,
        identity: &str,
    ) -> Result<(ParticipantId, Rights), ApiError> {
        let call = Call::Participant(room.to_owned(), identity.to_owned());
        let reply = self.0.routed(room, call).await;
        reply_of!(reply, Reply::Participant(participant, rights) => (participant, rights))
    }

    async fn join(&self, request: JoinRequest) -> Result<Joined, ApiError> {
        let room = request.room.clone();
        let reply = self.0.routed(&room, Call::Join(Box::new(request))).await;
        reply_of!(reply, Reply::Joined(joined) => *joined)
    }

    async fn reoffer(&self, request: ReofferRequest) -> Result<Negotiated, ApiError> {
        let room = request.room.clone();
        let reply = self.0.routed(&room, Call::Reoffer(Box::new(request))).await;
        reply_of!(reply, Reply::Negotiated(negotiated) => negotiated)
    }

    async fn trickle(&self, _: &str, _: ParticipantId, _: &str) -> Result<(), ApiError> {
        // An ICE-lite server learns addresses from the checks that clients send.
        Ok(())
    }

    async fn disconnected(&self, room: &str, participant: ParticipantId, session: SessionId) {
        let call = Call::Disconnected(room.to_owned(), participant, session);
        if let Err(error) = self.0.routed(room, call).await {
            tracing::debug!(%participant, %error, "the room does not learn that a socket has ended");
        }
    }

    async fn set_views(
        &self,
        room: &str,
        participant: ParticipantId,
        views: Views,
    ) -> Result<(), ApiError> {
        let call = Call::SetViews(room.to_owned(), participant, views);
        self.0.routed(room, call).await.map(|_| ())
    }

    async fn watch(
        &self,
        room: &str,
        viewer: Viewer,
        after: Option<u64>,
    ) -> Result<Watch, ApiError> {
        self.0.watch(room, viewer, after).await
    }

    async fn moves(&self, request: MovesRequest) -> Result<MovesPage, ApiError> {
        let room = request.room.clone();
        let reply = self.0.routed(&room, Call::Moves(request)).await;
        reply_of!(reply, Reply::Moves(page) => page)
    }

    async fn attendance(&self, request: MovesRequest) -> Result<AttendancePage, ApiError> {
        let room = request.room.clone();
        let reply = self.0.routed(&room, Call::Attendance(request)).await;
        reply_of!(reply, Reply::Attendance(page) => page)
    }

    async fn arrangement(
        &self,
        room: &str,
        viewer: Viewer,
        name: &str,
    ) -> Result<Arrangement, ApiError> {
        let call = Call::Arrangement(room.to_owned(), viewer, name.to_owned());
        let reply = self.0.routed(room, call).await;
        reply_of!(reply, Reply::Arrangement(found) => found)
    }

    async fn stats(&self) -> Result<Stats, ApiError> {
        self.0.local.stats().await
    }

    async fn drain(&self, deadline: Option<Duration>) -> Result<(), ApiError> {
        self.0.local.drain(deadline).await
    }
}

//! Calls for rooms that this node owns, from its own front ends and from other nodes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sideroom_cluster::{Message, NodeId, Term};
use sideroom_route::RoomId;
use sideroom_rpc::backend::{CreateRoom, SessionId, WATCH_QUEUE, Watch};
use sideroom_rpc::{ApiError, Backend as _};
use tokio::sync::mpsc;

use super::link::{Ask, Begun, Call, Frame, Receiver, Replied, Reply, WatchAsk};
use super::router::Placing;
use super::shared::Cluster;
use super::state::{Place, Stage};

impl Cluster {
    /// Answers a call if its room is this node's.
    pub(super) async fn perform(self: &Arc<Self>, ask: Ask) -> Replied {
        let Some(room) = ask.room else {
            return Replied::Reply(self.perform_for_node(ask.call).await);
        };
        match (self.place(room), ask.call) {
            (Place::Here(term) | Place::Empty(term), Call::HandOver(to)) => {
                let to = to.map(NodeId);
                Replied::Reply(self.hand_over(room, term, to).await.map(|()| Reply::Done))
            }
            (Place::Here(_), call) if changes_rooms(&call) && self.is_etcd_gone() => {
                Replied::Reply(Err(ApiError::StoreFailed))
            }
            (Place::Here(term), call) => {
                let reply = self.perform_here((room, term), call).await;
                let is_here = self.place(room) == Place::Here(term);
                match reply {
                    // The room has gone meanwhile: its next owner answers, by the request's id.
                    Err(error) if !is_here && may_have_moved(&error) => Replied::NotHere,
                    Err(ApiError::StoreFailed) => Replied::Reply(Err(ApiError::StoreFailed)),
                    // Another node may have taken the room, and changed it, before this was read.
                    _ if !self.holds() => Replied::NotHere,
                    reply => Replied::Reply(reply),
                }
            }
            (Place::Empty(term), Call::Create(request)) => {
                let this = Arc::clone(self);
                // A caller who goes away does not leave it half made.
                let made = tokio::spawn(async move { this.make(room, term, *request).await });
                made.await.unwrap_or(Replied::NotHere)
            }
            (Place::Empty(_), Call::Delete(_)) => Replied::Reply(Ok(Reply::Done)),
            (Place::Empty(_), _) => Replied::Reply(Err(ApiError::RoomNotFound)),
            (Place::At(_) | Place::Soon | Place::Unowned, _) => Replied::NotHere,
        }
    }

    /// Makes a room whose name was claimed.
    async fn make(self: Arc<Self>, room: RoomId, term: Term, request: CreateRoom) -> Replied {
        let begun = self.with(|state, _| {
            let empty = state.held.get(&room).map(|held| held.stage);
            let is_empty = matches!(empty, Some(Stage::Empty(_)));
            is_empty && state.set_stage(room, term, Stage::Making)
        });
        if !begun {
            return Replied::NotHere;
        }
        self.store.own_named(room, term, &request.name);
        let made = self.local.create_numbered(request, room).await;
        self.with(|state, now| {
            let stage = match self.directory.serves(room) {
                true => Stage::Open,
                false => Stage::Empty(now),
            };
            state.step(room, term, Stage::Making, stage)
        });
        Replied::Reply(made.map(|view| Reply::View(Box::new(view))))
    }

    async fn perform_here(
        &self,
        (room, term): (RoomId, Term),
        call: Call,
    ) -> Result<Reply, ApiError> {
        let local = &self.local;
        Ok(match call {
            Call::Command(request) => Reply::Answer(Box::new(local.command(*request).await?)),
            Call::DryRun(request) => Reply::DryRun(Box::new(local.dry_run(*request).await?)),
            Call::Create(request) => {
                Reply::View(Box::new(local.create_numbered(*request, room).await?))
            }
            Call::Delete(request) => {
                local.delete_room(*request).await?;
                Reply::Done
            }
            Call::View(name, viewer) => Reply::View(Box::new(local.room(&name, viewer).await?)),
            Call::Participant(name, identity) => {
                let (participant, rights) = local.participant(&name, &identity).await?;
                Reply::Participant(participant, rights)
            }
            Call::Join(request) => {
                let mut joined = local.join(*request).await?;
                joined.session = session_under(term, joined.session);
                Reply::Joined(Box::new(joined))
            }
            Call::Reoffer(request) => Reply::Negotiated(local.reoffer(*request).await?),
            Call::Disconnected(name, participant, session) => {
                // A session of an earlier owner has ended with it.
                if let Some(session) = session_of(term, session) {
                    local.disconnected(&name, participant, session).await;
                }
                Reply::Done
            }
            Call::SetViews(name, participant, views) => {
                local.set_views(&name, participant, views).await?;
                Reply::Done
            }
            Call::Moves(request) => Reply::Moves(local.moves(request).await?),
            Call::Attendance(request) => Reply::Attendance(local.attendance(request).await?),
            Call::Arrangement(room, viewer, name) => {
                Reply::Arrangement(local.arrangement(&room, viewer, &name).await?)
            }
            Call::Place(_) | Call::Summaries(_) | Call::HandOver(_) | Call::Drain(_) => {
                return Err(ApiError::Internal);
            }
        })
    }

    async fn perform_for_node(self: &Arc<Self>, call: Call) -> Result<Reply, ApiError> {
        match call {
            Call::Summaries(names) => Ok(Reply::Summaries(self.local.summaries(&names))),
            Call::Place(request) => {
                // Boxed: making a room asks rooms.
                let made = Box::pin(self.create(*request, Placing::HereOnly));
                let view = made.await?;
                Ok(Reply::View(Box::new(view)))
            }
            Call::Drain(deadline_ms) => {
                let deadline = deadline_ms.map(Duration::from_millis);
                self.local.drain(deadline).await?;
                Ok(Reply::Done)
            }
            _ => Err(ApiError::Internal),
        }
    }

    /// Watches a room of this node; `None`: it is not this node's.
    pub(super) async fn watch_here(&self, ask: &WatchAsk) -> Option<Result<Watch, ApiError>> {
        let Place::Here(term) = self.place(ask.room) else {
            return match self.place(ask.room) {
                Place::Empty(_) => Some(Err(ApiError::RoomNotFound)),
                _ => None,
            };
        };
        let watch = self.local.watch(&ask.name, ask.viewer, ask.after).await;
        match watch {
            Err(error) if may_have_moved(&error) && self.place(ask.room) != Place::Here(term) => {
                None
            }
            Ok(_) if !self.holds() => None,
            watch => Some(watch),
        }
    }
}

/// A call that is answered only when etcd has kept what it changes.
const fn changes_rooms(call: &Call) -> bool {
    matches!(
        call,
        Call::Command(_) | Call::Create(_) | Call::Delete(_) | Call::Join(_)
    )
}

/// An error that a room gives because it is about to leave this node, too.
const fn may_have_moved(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::RoomNotFound | ApiError::StoreFailed | ApiError::Internal | ApiError::Draining
    )
}

/// Sessions are numbered by each owner from the beginning: the owner's term tells them apart.
const fn session_under(term: Term, session: SessionId) -> SessionId {
    SessionId((term.0 & 0xffff_ffff) << 32 | session.0 & 0xffff_ffff)
}

/// The session, if it began under this owner.
const fn session_of(term: Term, session: SessionId) -> Option<SessionId> {
    if session.0 >> 32 == term.0 & 0xffff_ffff {
        Some(SessionId(session.0 & 0xffff_ffff))
    } else {
        None
    }
}

/// Takes calls of other nodes.
pub(super) struct Incoming(pub Arc<Cluster>);

impl Receiver for Incoming {
    fn handle_message(&self, from: NodeId, message: Message) {
        self.0
            .with(|state, now| state.machine.handle_message(now, from, message));
    }

    fn handle_ask(&self, ask: Ask) -> Pin<Box<dyn Future<Output = Replied> + Send + '_>> {
        Box::pin(self.0.perform(ask))
    }

    fn handle_watch(
        &self,
        ask: WatchAsk,
    ) -> Pin<Box<dyn Future<Output = mpsc::Receiver<Frame>> + Send + '_>> {
        Box::pin(async move {
            let (frames, receiver) = mpsc::channel(WATCH_QUEUE);
            let (begun, items) = match self.0.watch_here(&ask).await {
                None => (Begun::NotHere, None),
                Some(Err(error)) => (Begun::Refused(error), None),
                Some(Ok(watch)) => (Begun::Watch(watch.snapshot), Some(watch.items)),
            };
            // It fits: the queue is new.
            let _ = frames.try_send(Frame::Begun(begun));
            if let Some(items) = items {
                tokio::spawn(relay(items, frames));
            }
            receiver
        })
    }
}

/// Carries items to the other node as fast as it reads. The room cuts off what reads too slowly.
async fn relay(
    mut items: mpsc::Receiver<sideroom_rpc::backend::WatchItem>,
    frames: mpsc::Sender<Frame>,
) {
    loop {
        let item = tokio::select! {
            item = items.recv() => item,
            () = frames.closed() => return,
        };
        let Some(item) = item else { return };
        if frames.send(Frame::Item((&item).into())).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_an_earlier_owner_is_not_taken_for_one_of_this() {
        let (first, second) = (Term(7), Term(0x1_0000_0009));
        let session = session_under(second, SessionId(3));
        assert_eq!(session_of(second, session), Some(SessionId(3)));
        assert_eq!(session_of(first, session), None);
    }
}

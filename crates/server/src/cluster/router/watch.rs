//! Watches of rooms wherever they are. A signaling server's watch follows its room from owner to owner; a participant's
//! ends with the owner, since their media do too, and they come back.

use std::sync::Arc;

use sideroom_cluster::NodeId;
use sideroom_control::Viewer;
use sideroom_route::RoomId;
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{CloseReason, WATCH_QUEUE, Watch, WatchItem};
use tokio::sync::mpsc;

use super::Deadline;
use crate::cluster::link::{Begun, Frame, WatchAsk};
use crate::cluster::shared::Cluster;
use crate::cluster::state::Place;

impl Cluster {
    pub(super) async fn watch(
        self: &Arc<Self>,
        name: &str,
        viewer: Viewer,
        after: Option<u64>,
    ) -> Result<Watch, ApiError> {
        let (room, watch) = self.begin_watch((name, None), viewer, after).await?;
        if viewer != Viewer::Operator {
            return Ok(watch);
        }
        let Watch { snapshot, items } = watch;
        let last = snapshot
            .as_ref()
            .map(|view| view.seq)
            .or(after)
            .unwrap_or(0);
        let (out, followed) = mpsc::channel(WATCH_QUEUE);
        let follower = Follower {
            cluster: Arc::clone(self),
            name: name.to_owned(),
            room,
            last,
            out,
        };
        tokio::spawn(follower.run(items));
        let items = followed;
        Ok(Watch { snapshot, items })
    }

    async fn begin_watch(
        self: &Arc<Self>,
        (name, same): (&str, Option<RoomId>),
        viewer: Viewer,
        after: Option<u64>,
    ) -> Result<(RoomId, Watch), ApiError> {
        let deadline = Deadline::new();
        loop {
            let room = self.find(name).await?.ok_or(ApiError::RoomNotFound)?;
            if same.is_some_and(|same| same != room) {
                return Err(ApiError::RoomNotFound);
            }
            let ask = WatchAsk {
                room,
                name: name.to_owned(),
                viewer,
                after,
            };
            let mut seen = self.changed.subscribe();
            let begun = match self.place(room) {
                Place::Here(_) | Place::Empty(_) => self.watch_here(&ask).await,
                Place::At(node) => self.watch_at(node, ask).await,
                Place::Soon => None,
                Place::Unowned => {
                    self.take(name, room).await;
                    None
                }
            };
            if let Some(begun) = begun {
                return begun.map(|watch| (room, watch));
            }
            if deadline.is_over() {
                return Err(ApiError::Overloaded);
            }
            self.wait(&mut seen).await;
        }
    }

    /// `None`: the room is not there, or the node does not answer.
    async fn watch_at(
        self: &Arc<Self>,
        node: NodeId,
        ask: WatchAsk,
    ) -> Option<Result<Watch, ApiError>> {
        let room = ask.room;
        let begin = async {
            let mut frames = self.links.watch(node.0, &ask).await.ok()?;
            let Some(Ok(Frame::Begun(begun))) = frames.next().await else {
                return None;
            };
            Some((begun, frames))
        };
        let (begun, mut frames) = tokio::select! {
            begun = begin => begun?,
            () = self.leaves(node, room) => return None,
        };
        let snapshot = match begun {
            Begun::Watch(snapshot) => snapshot,
            Begun::Refused(error) => return Some(Err(error)),
            Begun::NotHere => {
                self.read_owner(room).await;
                return None;
            }
        };
        let (out, items) = mpsc::channel(WATCH_QUEUE);
        let this = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                let frame = tokio::select! {
                    frame = frames.next() => frame,
                    () = this.leaves(node, room) => None,
                    () = out.closed() => return,
                };
                let item: WatchItem = match frame {
                    Some(Ok(Frame::Item(item))) => item.into(),
                    // The participant's media were at the owner, which is gone.
                    _ => WatchItem::Closed(CloseReason::ConnectionLost),
                };
                let is_end = matches!(item, WatchItem::Closed(_));
                // A reader that is too slow is cut off, as by the room itself.
                if out.try_send(item).is_err() || is_end {
                    return;
                }
            }
        });
        Some(Ok(Watch { snapshot, items }))
    }
}

/// Carries one watch from owner to owner, so that no number comes twice or is missing.
struct Follower {
    cluster: Arc<Cluster>,
    name: String,
    /// The room, and not another one of the same name.
    room: RoomId,
    /// The last number that was told.
    last: u64,
    out: mpsc::Sender<WatchItem>,
}

impl Follower {
    async fn run(mut self, mut items: mpsc::Receiver<WatchItem>) {
        loop {
            let item = tokio::select! {
                item = items.recv() => item,
                () = self.out.closed() => return,
            };
            match item {
                None | Some(WatchItem::Closed(CloseReason::ConnectionLost)) => {
                    match self.again().await {
                        Some(next) => items = next,
                        None => return,
                    }
                }
                Some(item) => {
                    if let WatchItem::Event(shared) = &item {
                        self.last = shared.event.seq;
                    }
                    let is_end = matches!(item, WatchItem::Closed(_));
                    if self.out.try_send(item).is_err() || is_end {
                        return;
                    }
                }
            }
        }
    }

    /// Watches on from the last number, at the next owner.
    async fn again(&self) -> Option<mpsc::Receiver<WatchItem>> {
        let after = Some(self.last);
        let begun =
            self.cluster
                .begin_watch((&self.name, Some(self.room)), Viewer::Operator, after);
        match begun.await {
            Ok((_, watch)) => Some(watch.items),
            Err(ApiError::RoomNotFound) => {
                // If it is full, its reader is cut off anyway.
                let _ = self
                    .out
                    .try_send(WatchItem::Closed(CloseReason::RoomClosed));
                None
            }
            // The reader is told to watch again from its last number.
            Err(error) => {
                tracing::warn!(room = self.name, %error, "a watch cannot follow its room");
                None
            }
        }
    }
}

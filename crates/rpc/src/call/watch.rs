//! `EventService.Watch`, as a stream that gRPC and JSON lines both carry.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::Stream;
use sideroom_control::Viewer;
use tokio::sync::mpsc;

use crate::{
    api::{Api, Caller},
    auth::Scope,
    backend::{CloseReason, WatchItem},
    encode,
    error::ApiError,
    proto::{WatchRequest, WatchResponse, watch_response::Item},
    watches::WatchPlace,
};

/// Begins to watch.
pub(crate) async fn watch(
    api: &Api,
    who: &Caller,
    request: WatchRequest,
) -> Result<Watching, ApiError> {
    let requester = api.requester(who, Scope::Watch, &request.room, "").await?;
    let viewer = requester.viewer();
    let withdrawn: Withdrawn = match who {
        Caller::Operator(operator) => Box::pin(api.keys.withdrawn(operator, Scope::Watch)),
        Caller::Client(_) | Caller::Seated { .. } => Box::pin(std::future::pending()),
    };
    let place = api.watches.begin(&requester.room, viewer)?;
    let watch = api
        .timed(
            api.backend
                .watch(&requester.room, viewer, request.after_seq),
        )
        .await?;
    Ok(Watching {
        snapshot: watch.snapshot.map(|view| encode::room(*view)),
        items: watch.items,
        viewer,
        volatile: request.include_volatile,
        ended: false,
        withdrawn,
        _place: place,
    })
}

/// Resolves when the watcher's key or certificate is no longer valid.
type Withdrawn = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A watch under way: the snapshot, then events, then, if it was cut off, the reason.
pub(crate) struct Watching {
    snapshot: Option<crate::proto::Room>,
    items: mpsc::Receiver<WatchItem>,
    viewer: Viewer,
    volatile: bool,
    ended: bool,
    withdrawn: Withdrawn,
    _place: WatchPlace,
}

/// A message to a watcher, in either form of the wire.
#[derive(Debug)]
pub(crate) enum Watched {
    /// The room when the watch began.
    Snapshot(Box<crate::proto::Room>),
    /// An item, as this viewer sees it.
    Item(WatchItem, Viewer),
}

impl Watched {
    /// The protobuf message; `None` for items that have none.
    pub(crate) fn message(self) -> Option<WatchResponse> {
        let item = match self {
            Self::Snapshot(room) => Item::Snapshot(*room),
            Self::Item(item, viewer) => encode::watch_item(&item, viewer, |_| String::new())?,
        };
        Some(WatchResponse { item: Some(item) })
    }

    /// The JSON text. An event is rendered once for all viewers who see the same.
    pub(crate) fn json(self) -> Option<String> {
        if let Self::Item(WatchItem::Event(shared), viewer) = &self {
            return Some(format!(r#"{{"event":{}}}"#, shared.json(*viewer)));
        }
        serde_json::to_string(&self.message()?).ok()
    }
}

impl Stream for Watching {
    type Item = Result<Watched, ApiError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(room) = this.snapshot.take() {
            return Poll::Ready(Some(Ok(Watched::Snapshot(Box::new(room)))));
        }
        if !this.ended && this.withdrawn.as_mut().poll(cx).is_ready() {
            this.ended = true;
            return Poll::Ready(Some(Err(ApiError::Unauthenticated(
                "the key or certificate of this watch is no longer valid".into(),
            ))));
        }
        while !this.ended {
            match std::task::ready!(this.items.poll_recv(cx)) {
                Some(WatchItem::Closed(reason)) => {
                    this.ended = true;
                    return Poll::Ready(error_of(reason).map(Err));
                }
                None => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(ApiError::TooSlow)));
                }
                Some(item) if this.volatile || matches!(item, WatchItem::Event(_)) => {
                    return Poll::Ready(Some(Ok(Watched::Item(item, this.viewer))));
                }
                Some(_) => {}
            }
        }
        Poll::Ready(None)
    }
}

/// A room that ends, or a participant that leaves, ends the stream in good order.
fn error_of(reason: CloseReason) -> Option<ApiError> {
    match reason {
        CloseReason::Left | CloseReason::RoomClosed => None,
        CloseReason::Banned => Some(ApiError::PermissionDenied(
            "This participant was banned from the room.".to_owned(),
        )),
        CloseReason::Removed => Some(ApiError::PermissionDenied(
            "This participant was sent away.".to_owned(),
        )),
        CloseReason::Replaced | CloseReason::ConnectionLost => Some(ApiError::SessionGone),
        CloseReason::Draining => Some(ApiError::Draining),
    }
}

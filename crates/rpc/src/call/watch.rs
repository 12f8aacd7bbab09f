//! `EventService.Watch`, as a stream that gRPC and JSON lines both carry.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::Stream;
use sideroom_control::Viewer;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::{
    api::{Api, Who},
    auth::Scope,
    backend::{CloseReason, WatchItem},
    encode,
    error::ApiError,
    proto::{WatchRequest, WatchResponse, watch_response::Item},
};

/// Begins to watch.
pub(crate) async fn watch(
    api: &Api,
    who: &Who,
    request: WatchRequest,
) -> Result<Watching, ApiError> {
    let asker = api.asker(who, Scope::Watch, &request.room, "").await?;
    let permit = api.watches.clone().try_acquire_owned().map_err(|_| {
        ApiError::LimitReached("There are too many watches on this node. Try again later.".into())
    })?;
    let viewer = asker.viewer();
    let watch = api
        .timed(api.backend.watch(&asker.room, viewer, request.after_seq))
        .await?;
    Ok(Watching {
        snapshot: watch.snapshot.map(|view| encode::room(*view)),
        items: watch.items,
        viewer,
        volatile: request.include_volatile,
        ended: false,
        _permit: permit,
    })
}

/// A watch under way: the snapshot, then what happens, then, if it was cut off, why.
#[derive(Debug)]
pub(crate) struct Watching {
    snapshot: Option<crate::proto::Room>,
    items: mpsc::Receiver<WatchItem>,
    viewer: Viewer,
    volatile: bool,
    ended: bool,
    _permit: OwnedSemaphorePermit,
}

impl Stream for Watching {
    type Item = Result<WatchResponse, ApiError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(room) = this.snapshot.take() {
            return Poll::Ready(Some(Ok(response(Item::Snapshot(room)))));
        }
        while !this.ended {
            let item = std::task::ready!(this.items.poll_recv(cx));
            match item {
                Some(WatchItem::Closed(reason)) => {
                    this.ended = true;
                    return Poll::Ready(error_of(reason).map(Err));
                }
                Some(WatchItem::Event(_)) | None => {}
                Some(_) if !this.volatile => continue,
                Some(_) => {}
            }
            let Some(item) = item else {
                this.ended = true;
                return Poll::Ready(Some(Err(ApiError::TooSlow)));
            };
            let item = encode::watch_item(&item, this.viewer, |_| String::new());
            if let Some(item) = item {
                return Poll::Ready(Some(Ok(response(item))));
            }
        }
        Poll::Ready(None)
    }
}

const fn response(item: Item) -> WatchResponse {
    WatchResponse { item: Some(item) }
}

/// A room that ends, or a participant that leaves, ends the stream in good order.
fn error_of(reason: CloseReason) -> Option<ApiError> {
    match reason {
        CloseReason::Left | CloseReason::RoomClosed => None,
        CloseReason::Removed => Some(ApiError::PermissionDenied(
            "This participant was sent away.".to_owned(),
        )),
        CloseReason::Replaced | CloseReason::ConnectionLost => Some(ApiError::SessionGone),
        CloseReason::Draining => Some(ApiError::Draining),
    }
}

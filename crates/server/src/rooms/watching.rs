//! Streams to watchers. A watcher that does not read is cut off, never waited for.

use std::sync::Arc;

use sideroom_control::{Event, Viewer};
use sideroom_room::{Farewell, WatcherId};
use sideroom_route::{Gate, GroupId, ParticipantId, Route, RouteUpdate, SlotId, TrackId};
use sideroom_rpc::backend::{CloseReason, SharedEvent, WATCH_QUEUE, WatchItem};
use tokio::sync::{mpsc, oneshot};

use super::port::MediaPort;
use super::task::{RoomTask, Worked};
use crate::metrics;

/// One watcher's end of its stream.
#[derive(Debug)]
pub(super) struct Watcher {
    items: mpsc::Sender<WatchItem>,
    /// Dropped with the watcher: ends the task that waits for the reader's end.
    _stop: oneshot::Sender<()>,
}

impl RoomTask {
    /// Adds a watcher for `viewer`, whose stream begins with `first`.
    pub(super) fn add_watcher(
        &mut self,
        viewer: Viewer,
        first: Vec<WatchItem>,
    ) -> mpsc::Receiver<WatchItem> {
        let (items, receiver) = mpsc::channel(WATCH_QUEUE + first.len());
        for item in first {
            // It fits: the queue was made so.
            let _ = items.try_send(item);
        }
        let id = self.machine.add_watcher(viewer);
        let (stop, stopped) = oneshot::channel();
        let reader = items.clone();
        self.working.push(Box::pin(async move {
            tokio::select! {
                () = reader.closed() => {}
                _ = stopped => {}
            }
            Worked::WatcherGone(id)
        }));
        let watcher = Watcher { items, _stop: stop };
        self.watchers.insert(id, watcher);
        receiver
    }

    pub(super) fn tell(&mut self, event: Arc<Event>, who: &[WatcherId]) {
        let shared = SharedEvent::new(event);
        for watcher in who {
            self.send(*watcher, WatchItem::Event(Arc::clone(&shared)));
        }
    }

    /// Informs the participants whose slots an update changes.
    pub(super) fn tell_slots(&mut self, update: &RouteUpdate) {
        for change in &update.routes {
            if self.machine.watchers_of(change.subscriber).is_empty() {
                continue;
            }
            let media = &*self.node.media;
            let item = slot_item(media, change.slot, change.route.as_ref());
            self.tell_participant(change.subscriber, &item);
        }
    }

    /// Tells a participant again which source each slot carries, if a later offer gave slots other m-lines. The
    /// gateway passes it on after the answer, with the new m-lines.
    pub(super) fn tell_renumbered(&mut self, participant: ParticipantId, slots: &[SlotId]) {
        if slots.is_empty() || self.machine.watchers_of(participant).is_empty() {
            return;
        }
        let routes = self.node.media.routes_of(participant);
        for slot in slots {
            let route = routes.iter().find(|(held, _)| held == slot);
            let item = slot_item(&*self.node.media, *slot, route.map(|(_, route)| route));
            self.tell_participant(participant, &item);
        }
    }

    pub(super) fn tell_speakers(&mut self, group: GroupId, ranked: &[TrackId], who: &[WatcherId]) {
        let tracks = ranked.iter();
        let publishers = tracks.filter_map(|track| self.node.media.track(*track));
        let ranked: Vec<ParticipantId> = publishers.map(|route| route.publisher).collect();
        for watcher in who {
            let ranked = ranked.clone();
            self.send(*watcher, WatchItem::Speakers { group, ranked });
        }
    }

    /// Tells those who watch as this participant.
    pub(super) fn tell_participant(&mut self, participant: ParticipantId, item: &WatchItem) {
        for watcher in self.machine.watchers_of(participant).to_vec() {
            self.send(watcher, item.clone());
        }
    }

    pub(super) fn close(&mut self, watcher: WatcherId, farewell: Farewell) {
        self.send(watcher, WatchItem::Closed(close_reason(farewell)));
        self.watchers.remove(&watcher);
    }

    fn send(&mut self, watcher: WatcherId, item: WatchItem) {
        let Some(held) = self.watchers.get(&watcher) else {
            return;
        };
        if let Err(error) = held.items.try_send(item) {
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                metrics::watcher_cut();
            }
            self.watchers.remove(&watcher);
            self.machine.handle_watcher_gone(watcher);
        }
    }
}

/// The item that tells a slot's owner its source.
pub(super) fn slot_item(media: &dyn MediaPort, slot: SlotId, route: Option<&Route>) -> WatchItem {
    let source = route.and_then(|route| {
        let track = media.track(route.track)?;
        Some((track.publisher, track.kind))
    });
    let shut = route.and_then(|route| match route.gate {
        Gate::Open => None,
        Gate::Shut(reason) => Some(reason),
    });
    WatchItem::SlotAssigned { slot, source, shut }
}

pub(super) const fn close_reason(farewell: Farewell) -> CloseReason {
    match farewell {
        Farewell::Left => CloseReason::Left,
        Farewell::RoomClosed => CloseReason::RoomClosed,
        Farewell::Removed => CloseReason::Removed,
        Farewell::Banned => CloseReason::Banned,
        Farewell::Replaced => CloseReason::Replaced,
        Farewell::ConnectionLost => CloseReason::ConnectionLost,
        Farewell::Draining => CloseReason::Draining,
    }
}

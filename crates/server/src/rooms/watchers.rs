//! Who watches a room, and how each is told. A watcher that does not read is cut off, never waited for.

use std::collections::{BTreeMap, HashMap};

use sideroom_control::{Event, Room, Viewer};
use sideroom_route::ParticipantId;
use sideroom_rpc::backend::{CloseReason, WATCH_QUEUE, WatchItem};
use tokio::sync::mpsc;

use crate::metrics;

/// Names a watcher of one room.
pub(super) type WatcherId = u64;

#[derive(Debug)]
struct Watcher {
    viewer: Viewer,
    items: mpsc::Sender<WatchItem>,
}

/// The watchers of one room.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    next: WatcherId,
    all: BTreeMap<WatcherId, Watcher>,
    of: HashMap<ParticipantId, Vec<WatcherId>>,
}

impl Watchers {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Begins to tell `viewer`, with `first` as the beginning.
    pub(super) fn add(
        &mut self,
        viewer: Viewer,
        first: Vec<WatchItem>,
    ) -> mpsc::Receiver<WatchItem> {
        let (items, receiver) = mpsc::channel(WATCH_QUEUE + first.len());
        for item in first {
            // It fits: the queue was made so.
            let _ = items.try_send(item);
        }
        self.next += 1;
        self.all.insert(self.next, Watcher { viewer, items });
        if let Viewer::Participant(participant) = viewer {
            self.of.entry(participant).or_default().push(self.next);
        }
        receiver
    }

    /// Those who may know of an event that has just happened.
    pub(super) fn who_may_see(&self, room: &Room, event: &Event) -> Vec<WatcherId> {
        let mut judged: HashMap<ParticipantId, bool> = HashMap::new();
        let may = |(id, watcher): (&WatcherId, &Watcher)| {
            let sees = match watcher.viewer {
                Viewer::Operator => true,
                Viewer::Participant(who) => *judged
                    .entry(who)
                    .or_insert_with(|| room.may_see(watcher.viewer, event)),
            };
            sees.then_some(*id)
        };
        self.all.iter().filter_map(may).collect()
    }

    /// Tells one watcher. One whose queue is full, or who is gone, is a watcher no longer.
    pub(super) fn tell(&mut self, id: WatcherId, item: WatchItem) {
        let Some(watcher) = self.all.get(&id) else {
            return;
        };
        if let Err(error) = watcher.items.try_send(item) {
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                metrics::watcher_cut();
            }
            self.remove(id);
        }
    }

    /// Tells whoever watches as this participant.
    pub(super) fn tell_participant(&mut self, participant: ParticipantId, item: &WatchItem) {
        for id in self.of.get(&participant).cloned().unwrap_or_default() {
            self.tell(id, item.clone());
        }
    }

    /// True if anybody watches as this participant.
    pub(super) fn has(&self, participant: ParticipantId) -> bool {
        self.of.contains_key(&participant)
    }

    /// Participants that are watched.
    pub(super) fn participants(&self) -> Vec<ParticipantId> {
        self.of.keys().copied().collect()
    }

    /// Ends the streams of a participant.
    pub(super) fn close_participant(&mut self, participant: ParticipantId, reason: CloseReason) {
        for id in self.of.get(&participant).cloned().unwrap_or_default() {
            self.tell(id, WatchItem::Closed(reason));
            self.remove(id);
        }
    }

    /// Ends all streams.
    pub(super) fn close_all(&mut self, reason: CloseReason) {
        for id in self.all.keys().copied().collect::<Vec<_>>() {
            self.tell(id, WatchItem::Closed(reason));
        }
        self.all.clear();
        self.of.clear();
    }

    /// Forgets watchers who are gone.
    pub(super) fn sweep(&mut self) {
        let gone: Vec<_> = self
            .all
            .iter()
            .filter(|(_, watcher)| watcher.items.is_closed())
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: WatcherId) {
        let Some(watcher) = self.all.remove(&id) else {
            return;
        };
        if let Viewer::Participant(participant) = watcher.viewer
            && let Some(held) = self.of.get_mut(&participant)
        {
            held.retain(|one| *one != id);
            if held.is_empty() {
                self.of.remove(&participant);
            }
        }
    }
}

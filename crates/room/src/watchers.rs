//! The room's watchers. The machine selects them for each event; the adapter sends.

use std::collections::{BTreeMap, HashMap};

use sideroom_control::{Event, Room, Viewer};
use sideroom_route::ParticipantId;

/// Names a watcher of one room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WatcherId(pub u64);

#[derive(Debug, Default)]
pub(crate) struct Watchers {
    next: u64,
    all: BTreeMap<WatcherId, Viewer>,
    of: HashMap<ParticipantId, Vec<WatcherId>>,
}

impl Watchers {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn add(&mut self, viewer: Viewer) -> WatcherId {
        self.next += 1;
        let id = WatcherId(self.next);
        self.all.insert(id, viewer);
        if let Viewer::Participant(participant) = viewer {
            self.of.entry(participant).or_default().push(id);
        }
        id
    }

    pub(crate) fn remove(&mut self, id: WatcherId) {
        if let Some(Viewer::Participant(participant)) = self.all.remove(&id)
            && let Some(held) = self.of.get_mut(&participant)
        {
            held.retain(|one| *one != id);
            if held.is_empty() {
                self.of.remove(&participant);
            }
        }
    }

    /// The watchers who may see an event that has just happened. Each viewer is checked once.
    pub(crate) fn who_may_see(&self, room: &Room, event: &Event) -> Vec<WatcherId> {
        let mut judged: HashMap<ParticipantId, bool> = HashMap::new();
        let may = |(id, viewer): (&WatcherId, &Viewer)| {
            let sees = match viewer {
                Viewer::Operator => true,
                Viewer::Participant(who) => *judged
                    .entry(*who)
                    .or_insert_with(|| room.may_see(*viewer, event)),
            };
            sees.then_some(*id)
        };
        self.all.iter().filter_map(may).collect()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (WatcherId, Viewer)> + '_ {
        self.all.iter().map(|(id, viewer)| (*id, *viewer))
    }

    /// The watchers of one participant.
    pub(crate) fn of(&self, participant: ParticipantId) -> &[WatcherId] {
        self.of.get(&participant).map_or(&[], Vec::as_slice)
    }

    /// Removes the watchers of a participant, and returns them.
    pub(crate) fn take_of(&mut self, participant: ParticipantId) -> Vec<WatcherId> {
        let taken = self.of.remove(&participant).unwrap_or_default();
        for id in &taken {
            self.all.remove(id);
        }
        taken
    }

    /// Removes all watchers, and returns them.
    pub(crate) fn take_all(&mut self) -> Vec<WatcherId> {
        self.of.clear();
        std::mem::take(&mut self.all).into_keys().collect()
    }
}

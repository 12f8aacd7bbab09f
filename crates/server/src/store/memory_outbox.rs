//! Events that go out, and notes, in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use sideroom_store::{KeptEvent, Note, OutboxRange, OutgoingEvent};

#[derive(Default)]
pub(super) struct MemoryOutbox {
    range: OutboxRange,
    events: BTreeMap<u64, Arc<KeptEvent>>,
    notes: BTreeMap<String, Vec<u8>>,
}

impl MemoryOutbox {
    pub(super) fn append(&mut self, events: Vec<OutgoingEvent>) {
        for event in events {
            let number = self.range.next;
            self.range.next += 1;
            self.range.bytes += event.size();
            self.events
                .insert(number, Arc::new(KeptEvent { number, event }));
        }
    }

    pub(super) const fn range(&self) -> OutboxRange {
        self.range
    }

    pub(super) fn after(
        &self,
        room: Option<&str>,
        number: u64,
        limit: usize,
    ) -> Vec<Arc<KeptEvent>> {
        let later = self.events.range(number.saturating_add(1)..);
        let wanted = later.filter(|(_, kept)| room.is_none_or(|room| kept.event.room == room));
        wanted
            .take(limit)
            .map(|(_, kept)| Arc::clone(kept))
            .collect()
    }

    pub(super) fn forget_before(&mut self, number: u64) {
        let end = number.min(self.range.next);
        let stays = self.events.split_off(&end);
        for kept in std::mem::replace(&mut self.events, stays).values() {
            self.range.bytes -= kept.event.size();
        }
        self.range.first = self.range.first.max(end);
    }

    pub(super) fn write_notes(&mut self, notes: Vec<Note>) {
        for (key, value) in notes {
            match value {
                Some(value) => drop(self.notes.insert(key, value)),
                None => drop(self.notes.remove(&key)),
            }
        }
    }

    pub(super) fn notes(&self, prefix: &str, after: &str, limit: usize) -> Vec<(String, Vec<u8>)> {
        let later = self.notes.range(prefix.max(after).to_owned()..);
        let wanted = later
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| *key != after);
        wanted
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

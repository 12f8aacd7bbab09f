//! Where a receiver is among the events, as the store keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sideroom_store::{Note, Store, StoreError};

/// Notes read at once.
const PAGE: usize = 1_024;

/// Keys of the notes of one receiver.
#[derive(Clone, Debug)]
pub(super) struct NoteKeys(String);

impl NoteKeys {
    /// The beginning of all keys.
    pub(super) const ALL: &str = "webhook/";

    pub(super) fn of(receiver: &str) -> Self {
        Self(format!("{}{receiver}/", Self::ALL))
    }

    /// The receiver of a key.
    pub(super) fn receiver(key: &str) -> Option<&str> {
        key.strip_prefix(Self::ALL)?
            .split_once('/')
            .map(|(id, _)| id)
    }

    /// The number up to which everything is settled.
    fn base(&self) -> String {
        format!("{}base", self.0)
    }

    /// The same of single rooms.
    fn ahead(&self) -> String {
        format!("{}ahead/", self.0)
    }

    /// The beginning of the keys of dead letters.
    pub(super) fn dead(&self) -> String {
        format!("{}dead/", self.0)
    }

    /// One dead letter. The keys are in the order of the numbers.
    pub(super) fn dead_letter(&self, number: u64) -> String {
        format!("{}{number:020}", self.dead())
    }

    /// The replay that is under way.
    pub(super) fn replay(&self) -> String {
        format!("{}replay", self.0)
    }
}

/// The place of a receiver.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    pub(super) base: u64,
    pub(super) ahead: BTreeMap<String, u64>,
}

impl Place {
    /// Reads it; `None` for a receiver that is new.
    pub(super) async fn read(
        store: &Arc<dyn Store>,
        keys: &NoteKeys,
    ) -> Result<Option<Self>, StoreError> {
        let base = store.notes(&keys.base(), "", 1).await?;
        let Some((_, base)) = base.first() else {
            return Ok(None);
        };
        let prefix = keys.ahead();
        let ahead = all_notes(store, &prefix).await?.into_iter();
        let ahead = ahead.filter_map(|(key, value)| {
            let room = key.strip_prefix(&prefix)?;
            Some((room.to_owned(), number(&value)))
        });
        Ok(Some(Self {
            base: number(base),
            ahead: ahead.collect(),
        }))
    }

    /// The notes that lead from `before` to this place.
    pub(super) fn notes_after(&self, before: Option<&Self>, keys: &NoteKeys) -> Vec<Note> {
        let mut notes = Vec::new();
        if before.is_none_or(|before| before.base != self.base) {
            notes.push((keys.base(), Some(self.base.to_be_bytes().to_vec())));
        }
        let prefix = keys.ahead();
        let none = BTreeMap::new();
        let old = before.map_or(&none, |before| &before.ahead);
        for (room, settled) in &self.ahead {
            if old.get(room) != Some(settled) {
                notes.push((
                    format!("{prefix}{room}"),
                    Some(settled.to_be_bytes().to_vec()),
                ));
            }
        }
        let gone = old.keys().filter(|room| !self.ahead.contains_key(*room));
        notes.extend(gone.map(|room| (format!("{prefix}{room}"), None)));
        notes
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}

/// All notes whose keys begin so.
pub(super) async fn all_notes(
    store: &Arc<dyn Store>,
    prefix: &str,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    loop {
        let after = all.last().map(|(key, _)| key.clone()).unwrap_or_default();
        let page = store.notes(prefix, &after, PAGE).await?;
        let is_last = page.len() < PAGE;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[tokio::test]
    async fn a_place_is_read_as_it_was_written() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let (keys, other) = (NoteKeys::of("a"), NoteKeys::of("ab"));
        assert_eq!(Place::read(&store, &keys).await, Ok(None));
        let place = |base, rooms: &[(&str, u64)]| Place {
            base,
            ahead: rooms
                .iter()
                .map(|(room, at)| ((*room).to_owned(), *at))
                .collect(),
        };
        let mut before = None;
        for now in [
            place(0, &[]),
            place(5, &[("math", 9), ("a/b", 7)]),
            place(8, &[("math", 9)]),
            place(20, &[]),
        ] {
            store
                .write_notes(now.notes_after(before.as_ref(), &keys))
                .await
                .unwrap();
            assert_eq!(Place::read(&store, &keys).await, Ok(Some(now.clone())));
            assert_eq!(Place::read(&store, &other).await, Ok(None));
            before = Some(now);
        }
        assert_eq!(NoteKeys::receiver("webhook/a/ahead/x/y"), Some("a"));
        assert_eq!(NoteKeys::receiver("other/a/base"), None);
    }
}

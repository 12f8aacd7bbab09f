//! Events that an operator has sent again: one after the other, in the order of their numbers, beside those whose
//! turn it is. The store keeps how far a replay has come.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sideroom_store::{Note, Store, StoreError};

use super::filter::Filter;
use super::letter::DeadLetter;
use super::place::NoteKeys;

/// Events looked through at once.
const PAGE: usize = 256;

/// The events to send again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// The events of these numbers, as far as they are kept. Without it: dead letters.
    pub range: bool,
    /// The first number that is left.
    pub from: u64,
    /// The last number.
    pub to: u64,
}

/// The next event of a replay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Again {
    pub(super) number: u64,
    pub(super) room: String,
    pub(super) event: Vec<u8>,
}

impl Replay {
    pub(super) async fn read(
        store: &Arc<dyn Store>,
        keys: &NoteKeys,
    ) -> Result<Option<Self>, StoreError> {
        let found = store.notes(&keys.replay(), "", 1).await?;
        Ok(found
            .first()
            .and_then(|(_, value)| serde_json::from_slice(value).ok()))
    }

    /// The note that keeps it; nothing left: none.
    pub(super) fn note(replay: Option<&Self>, keys: &NoteKeys) -> Note {
        let value = replay.and_then(|replay| serde_json::to_vec(replay).ok());
        (keys.replay(), value)
    }

    /// The next event, if any is left.
    pub(super) async fn next(
        &self,
        store: &Arc<dyn Store>,
        keys: &NoteKeys,
        filter: &Filter,
    ) -> Result<Option<Again>, StoreError> {
        match self.range {
            true => self.next_kept(store, filter).await,
            false => self.next_dead(store, keys).await,
        }
    }

    async fn next_kept(
        &self,
        store: &Arc<dyn Store>,
        filter: &Filter,
    ) -> Result<Option<Again>, StoreError> {
        let mut after = self.from.saturating_sub(1);
        while after < self.to {
            let events = store.events_after(None, after, PAGE).await?;
            let Some(last) = events.last() else {
                return Ok(None);
            };
            after = last.number;
            let mut wanted = events.iter().filter(|kept| filter.wants(&kept.event));
            if let Some(kept) = wanted.next() {
                return Ok((kept.number <= self.to).then(|| Again {
                    number: kept.number,
                    room: kept.event.room.clone(),
                    event: kept.event.bytes.clone(),
                }));
            }
        }
        Ok(None)
    }

    async fn next_dead(
        &self,
        store: &Arc<dyn Store>,
        keys: &NoteKeys,
    ) -> Result<Option<Again>, StoreError> {
        let after = keys.dead_letter(self.from.saturating_sub(1));
        let found = store.notes(&keys.dead(), &after, 1).await?;
        let letter = found
            .first()
            .and_then(|(_, value)| serde_json::from_slice::<DeadLetter>(value).ok());
        let letter = letter.filter(|letter| letter.number <= self.to);
        Ok(letter.map(|letter| Again {
            number: letter.number,
            room: letter.room,
            event: letter.event.into_bytes(),
        }))
    }
}

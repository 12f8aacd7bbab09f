//! A store that forgets everything with the process: for tests and development. Its journal is unreadable
//! once the process is gone, so of a long one only the latest rows are kept, and of rooms that have ended
//! only the latest.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sideroom_route::RoomId;

use super::memory_outbox::MemoryOutbox;
use super::{
    Change, Committed, KeptEvent, Note, OutboxRange, Row, Store, StoreError, Stored, StoredRoom,
};

/// Rows that are kept of those before the newest snapshot.
const MAX_OLD_ROWS: u64 = 4_096;
/// Bytes that rooms which have ended may hold in all. The one that ended first is forgotten first.
const MAX_ENDED_BYTES: usize = 256 * 1_024;
/// Rough memory of a room or a row beside its bytes.
const OVERHEAD: usize = 128;

/// Keeps everything in maps.
#[derive(Default)]
pub struct MemoryStore {
    rooms: Mutex<Rooms>,
}

#[derive(Default)]
struct Rooms {
    all: BTreeMap<RoomId, RoomRows>,
    /// Rooms that have ended, the first one first, with their sizes.
    ended: VecDeque<(RoomId, usize)>,
    ended_bytes: usize,
    outbox: MemoryOutbox,
}

#[derive(Default)]
struct RoomRows {
    /// The first and the newest.
    snapshots: Vec<Row>,
    rows: BTreeMap<u64, Vec<u8>>,
    ended_at_ms: Option<u64>,
}

impl RoomRows {
    fn ended_before(&self, at_ms: u64) -> bool {
        self.ended_at_ms.is_some_and(|ended| ended < at_ms)
    }
}

impl RoomRows {
    fn bytes(&self) -> usize {
        let snapshots = self.snapshots.iter().map(|row| &row.bytes);
        let rows = snapshots.chain(self.rows.values());
        rows.map(|bytes| bytes.len() + OVERHEAD).sum::<usize>() + OVERHEAD
    }
}

impl Rooms {
    fn end(&mut self, room: RoomId, ended_at_ms: u64) {
        let Some(kept) = self.all.get_mut(&room) else {
            return;
        };
        if kept.ended_at_ms.replace(ended_at_ms).is_some() {
            return;
        }
        let bytes = kept.bytes();
        self.ended.push_back((room, bytes));
        self.ended_bytes += bytes;
        while self.ended_bytes > MAX_ENDED_BYTES
            && let Some((first, bytes)) = self.ended.pop_front()
        {
            self.ended_bytes -= bytes;
            self.forget(first);
        }
    }

    /// Forgets a room. The newest stays known, so that its id is not handed out again.
    fn forget(&mut self, room: RoomId) {
        if self
            .all
            .last_key_value()
            .is_some_and(|(&last, _)| last > room)
        {
            self.all.remove(&room);
        } else if let Some(kept) = self.all.get_mut(&room) {
            kept.rows.clear();
            kept.snapshots.clear();
        }
    }
}

fn stored(room: RoomId, kept: &RoomRows) -> StoredRoom {
    let from = kept.snapshots.last().map_or(0, |snapshot| snapshot.seq + 1);
    StoredRoom {
        room,
        snapshot: kept.snapshots.last().cloned(),
        rows: rows_after(kept, from, usize::MAX),
    }
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn done<T: Send + 'static>(result: Result<T, StoreError>) -> Committed<T> {
    Box::pin(std::future::ready(result))
}

fn rows_after(kept: &RoomRows, from: u64, limit: usize) -> Vec<Row> {
    let rows = kept.rows.range(from..).take(limit);
    rows.map(|(&seq, bytes)| Row {
        seq,
        bytes: bytes.clone(),
    })
    .collect()
}

impl RoomRows {
    fn append(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        let last = self.rows.last_key_value().map_or(0, |(&seq, _)| seq);
        if !super::follows(last, &rows) {
            return Err(StoreError::Gap);
        }
        let rows = rows.into_iter().map(|row| (row.seq, row.bytes));
        self.rows.extend(rows);
        Ok(())
    }

    fn may_snapshot(&self, seq: u64, added: &[Row]) -> bool {
        let first = self.snapshots.first();
        first.is_none_or(|first| first.seq == seq)
            || self.rows.contains_key(&seq)
            || added.iter().any(|row| row.seq == seq)
    }

    fn save_snapshot(&mut self, snapshot: Row) {
        let first = self.snapshots.first();
        let replaced = first.is_some_and(|first| first.seq == snapshot.seq);
        let oldest = snapshot.seq.saturating_sub(MAX_OLD_ROWS);
        self.rows = self.rows.split_off(&oldest);
        self.snapshots.truncate(usize::from(!replaced));
        self.snapshots.push(snapshot);
    }

    fn change(&mut self, change: Change) -> Result<(), StoreError> {
        let snapshot = change.snapshot.as_ref();
        if snapshot.is_some_and(|snapshot| !self.may_snapshot(snapshot.seq, &change.rows)) {
            return Err(StoreError::Gap);
        }
        if !change.rows.is_empty() {
            self.append(change.rows)?;
        }
        if let Some(snapshot) = change.snapshot {
            self.save_snapshot(snapshot);
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn commit(&self, room: RoomId, mut change: Change) -> Committed {
        let mut rooms = self.kept();
        let ended_at_ms = change.ended_at_ms;
        let events = std::mem::take(&mut change.events);
        let changed = rooms.all.entry(room).or_default().change(change);
        if changed.is_ok() {
            rooms.outbox.append(events);
        }
        if let (Ok(()), Some(ended_at_ms)) = (&changed, ended_at_ms) {
            rooms.end(room, ended_at_ms);
        }
        done(changed)
    }

    fn load(&self) -> Committed<Stored> {
        let rooms = self.kept();
        let live = rooms
            .all
            .iter()
            .filter(|(_, kept)| kept.ended_at_ms.is_none());
        let next = rooms.all.last_key_value().map_or(1, |(room, _)| room.0 + 1);
        done(Ok(Stored {
            rooms: live.map(|(&room, kept)| stored(room, kept)).collect(),
            next_room: RoomId(next),
        }))
    }

    fn load_room(&self, room: RoomId) -> Committed<StoredRoom> {
        let rooms = self.kept();
        let nothing = RoomRows::default();
        done(Ok(stored(room, rooms.all.get(&room).unwrap_or(&nothing))))
    }

    fn snapshots(&self, room: RoomId) -> Committed<Vec<Row>> {
        let rooms = self.kept();
        done(Ok(rooms
            .all
            .get(&room)
            .map(|kept| kept.snapshots.clone())
            .unwrap_or_default()))
    }

    fn journal(&self, room: RoomId, from: u64, limit: usize) -> Committed<Vec<Row>> {
        let rooms = self.kept();
        done(Ok(rooms
            .all
            .get(&room)
            .map(|kept| rows_after(kept, from, limit))
            .unwrap_or_default()))
    }

    fn rooms(&self) -> Committed<Vec<RoomId>> {
        done(Ok(self.kept().all.keys().copied().collect()))
    }

    fn outbox(&self) -> Committed<OutboxRange> {
        done(Ok(self.kept().outbox.range()))
    }

    fn events_after(
        &self,
        room: Option<&str>,
        number: u64,
        limit: usize,
    ) -> Committed<Vec<Arc<KeptEvent>>> {
        done(Ok(self.kept().outbox.after(room, number, limit)))
    }

    fn forget_events_before(&self, number: u64) -> Committed {
        self.kept().outbox.forget_before(number);
        done(Ok(()))
    }

    fn write_notes(&self, notes: Vec<Note>) -> Committed {
        self.kept().outbox.write_notes(notes);
        done(Ok(()))
    }

    fn notes(&self, prefix: &str, after: &str, limit: usize) -> Committed<Vec<(String, Vec<u8>)>> {
        done(Ok(self.kept().outbox.notes(prefix, after, limit)))
    }

    fn forget_ended_before(&self, at_ms: u64) -> Committed {
        let mut rooms = self.kept();
        let old: Vec<_> = rooms
            .all
            .iter()
            .filter(|(_, kept)| kept.ended_before(at_ms))
            .map(|(&room, _)| room)
            .collect();
        // In falling order the newest is looked at first, and stays.
        for room in old.into_iter().rev() {
            rooms.forget(room);
        }
        let Rooms { all, ended, .. } = &mut *rooms;
        ended.retain(|(room, _)| all.get(room).is_some_and(|kept| kept.bytes() > OVERHEAD));
        rooms.ended_bytes = rooms.ended.iter().map(|(_, bytes)| bytes).sum();
        done(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: u64) -> Row {
        Row {
            seq,
            bytes: vec![1],
        }
    }

    #[tokio::test]
    async fn of_a_long_journal_only_the_latest_rows_are_kept() {
        let store = MemoryStore::new();
        let room = RoomId(1);
        store.save_snapshot(room, row(0)).await.unwrap();
        let all = 3 * MAX_OLD_ROWS;
        store
            .append(room, (1..=all).map(row).collect())
            .await
            .unwrap();
        store.save_snapshot(room, row(all)).await.unwrap();
        store.append(room, vec![row(all + 1)]).await.unwrap();
        let kept = store.journal(room, 0, usize::MAX).await.unwrap();
        assert_eq!(kept.first(), Some(&row(all - MAX_OLD_ROWS)));
        let live = store.load_room(room).await.unwrap();
        assert_eq!(live.snapshot, Some(row(all)));
        assert_eq!(live.rows, [row(all + 1)]);
    }

    #[tokio::test]
    async fn of_rooms_that_have_ended_only_the_latest_are_kept() {
        let store = MemoryStore::new();
        for id in 1..=10_000 {
            let room = RoomId(id);
            store.save_snapshot(room, row(0)).await.unwrap();
            store.append(room, vec![row(1)]).await.unwrap();
            store.remove_room(room, id.into()).await.unwrap();
        }
        let rooms = store.rooms().await.unwrap();
        assert!(rooms.len() <= MAX_ENDED_BYTES / OVERHEAD, "{}", rooms.len());
        let latest = store.journal(RoomId(10_000), 0, usize::MAX).await.unwrap();
        assert_eq!(latest, [row(1)]);
        assert_eq!(store.load().await.unwrap().next_room, RoomId(10_001));
        store.forget_ended_before(u64::MAX).await.unwrap();
        assert_eq!(store.rooms().await.unwrap(), [RoomId(10_000)]);
        assert_eq!(store.kept().ended_bytes, 0);
    }
}

//! The store's interface: rows of bytes in order for each room, and now and then the room as a whole.
//!
//! A store never answers before a change is durable, and never decides what rows mean. The server keeps them in
//! one file, a cluster in etcd; both pass the same tests (`crates/server/tests/store.rs`).

mod outbox;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sideroom_route::RoomId;

pub use outbox::{KeptEvent, Note, OutboxRange, OutgoingEvent, Tail};

/// One record of a room's journal, encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The row's number in the journal of the room, without gaps. The first may be any but 0.
    pub seq: u64,
    pub bytes: Vec<u8>,
}

/// A room as the store has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRoom {
    pub room: RoomId,
    /// The room as a whole, at some row.
    pub snapshot: Option<Row>,
    /// The rows after it, in order.
    pub rows: Vec<Row>,
}

/// A change of one room: all of it or nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Change {
    /// Rows to add to its journal.
    pub rows: Vec<Row>,
    /// The room as a whole, as of the row `seq`, after those rows are added. The first snapshot of a room
    /// stays until the journal is shortened, so that it can be replayed from there; of the others only
    /// the newest does.
    pub snapshot: Option<Row>,
    /// The room has ended, then: it is not loaded again. Its journal stays for a while.
    pub ended_at_ms: Option<u64>,
    /// Events that go out, in order. They get the next numbers.
    pub events: Vec<OutgoingEvent>,
}

/// Everything that was kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// Rooms that have not ended.
    pub rooms: Vec<StoredRoom>,
    /// The next room id: above that of every room that the store ever saw, ended or not.
    pub next_room: RoomId,
}

/// Why something is not kept.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full. Media goes on; commands fail until there is room.
    #[error("the store's disk is full; free some space")]
    Full,
    /// etcd's space quota is used up. Media goes on; commands fail until an operator has made room.
    #[error(
        "etcd's space quota is used up: compact and defragment its members, then run `etcdctl alarm disarm`; a \
         greater --quota-backend-bytes helps for longer"
    )]
    Quota,
    /// Another node owns the room: this one must neither write nor answer for it.
    #[error("another node owns the room now")]
    NotOwner,
    /// The store's file cannot be written.
    #[error("the store cannot be written; check its file system and permissions ({0})")]
    ReadOnly(String),
    /// Rows before this one were not kept, so this one must not be.
    #[error("an earlier record of the room was not kept")]
    Gap,
    /// More waits than the store can take.
    #[error("the store is overloaded; try again")]
    Overloaded,
    /// The file is not a store, of a newer version, or damaged.
    #[error("the store's file cannot be used: {0}")]
    Unusable(String),
    /// The stored rows of a room cannot be replayed.
    #[error("the room cannot be read: {0}")]
    Unreadable(String),
    /// The store keeps no events that go out.
    #[error("this store keeps no events for webhooks; set webhooks.receivers to none")]
    NoOutbox,
    /// Anything else that the system said.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The server shuts down.
    #[error("the store is closed")]
    Closed,
}

/// Resolves once the request is durable.
pub type Committed<T = ()> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Keeps rooms. Calls return at once, in the order in which their work is done; the future tells when
/// it is durable. Dropping the future does not undo the work.
pub trait Store: Send + Sync + 'static {
    /// Changes a room.
    fn commit(&self, room: RoomId, change: Change) -> Committed;

    /// Adds to the journal of a room.
    fn append(&self, room: RoomId, rows: Vec<Row>) -> Committed {
        let change = Change {
            rows,
            ..Change::default()
        };
        self.commit(room, change)
    }

    /// Keeps a room as a whole.
    fn save_snapshot(&self, room: RoomId, snapshot: Row) -> Committed {
        let change = Change {
            snapshot: Some(snapshot),
            ..Change::default()
        };
        self.commit(room, change)
    }

    /// The room has ended.
    fn remove_room(&self, room: RoomId, ended_at_ms: u64) -> Committed {
        let change = Change {
            ended_at_ms: Some(ended_at_ms),
            ..Change::default()
        };
        self.commit(room, change)
    }

    /// Every room that has not ended.
    fn load(&self) -> Committed<Stored>;

    /// One room, to begin again from the stored rows after an append failed.
    fn load_room(&self, room: RoomId) -> Committed<StoredRoom>;

    /// The first snapshot of a room and the newest, in order; those of ended rooms too.
    fn snapshots(&self, room: RoomId) -> Committed<Vec<Row>>;

    /// Rows of a room's journal from `from` on, `limit` at most, ended or not.
    fn journal(&self, room: RoomId, from: u64, limit: usize) -> Committed<Vec<Row>>;

    /// The rooms that have a journal, ended ones too.
    fn rooms(&self) -> Committed<Vec<RoomId>>;

    /// Forgets the journals of rooms that ended before this time.
    fn forget_ended_before(&self, at_ms: u64) -> Committed;

    /// The events that are kept.
    fn outbox(&self) -> Committed<OutboxRange> {
        no_outbox()
    }

    /// The events after this number, in order, `limit` at most: of all rooms, or of one.
    fn events_after(
        &self,
        _room: Option<&str>,
        _number: u64,
        _limit: usize,
    ) -> Committed<Vec<Arc<KeptEvent>>> {
        no_outbox()
    }

    /// Forgets the events before this number, a part at a time.
    fn forget_events_before(&self, _number: u64) -> Committed {
        no_outbox()
    }

    /// Writes notes, all or none.
    fn write_notes(&self, _notes: Vec<Note>) -> Committed {
        no_outbox()
    }

    /// The notes whose keys begin with `prefix` and come after the key `after`, in the order of the keys,
    /// `limit` at most.
    fn notes(
        &self,
        _prefix: &str,
        _after: &str,
        _limit: usize,
    ) -> Committed<Vec<(String, Vec<u8>)>> {
        no_outbox()
    }

    /// Why nothing can be kept at present; `None`: it works. A store that failed finds out by itself when
    /// it works again.
    fn trouble(&self) -> Option<String> {
        None
    }
}

fn no_outbox<T: Send + 'static>() -> Committed<T> {
    Box::pin(std::future::ready(Err(StoreError::NoOutbox)))
}

/// The snapshots to keep when one of the row `new` is added to `kept`, which is in order: the first, from which the
/// journal is replayed; one that can take its place; and the newest. `journal_rows`: rows before the newest
/// snapshot that the journal keeps at least; it holds twice as many at most, plus those between two snapshots.
pub fn snapshots_to_keep(kept: &[u64], new: u64, journal_rows: u64) -> Vec<u64> {
    let mut all: Vec<u64> = kept.iter().copied().filter(|seq| *seq < new).collect();
    all.push(new);
    let is_far = |first: &u64, seq: &u64| *seq >= first + journal_rows;
    let Some(mut first) = all.first().copied() else {
        return all;
    };
    // The next one takes the place of the first once it is old enough itself.
    if let Some(next) = all.iter().find(|seq| is_far(&first, seq)).copied()
        && is_far(&next, &new)
    {
        first = next;
    }
    let next = all.iter().find(|seq| is_far(&first, seq)).copied();
    let stays = |seq: &u64| *seq == first || Some(*seq) == next || *seq == new;
    all.retain(stays);
    all
}

/// True if `rows` go on where the journal ends, without a gap. `last` is 0 for an empty journal.
pub fn follows(last: u64, rows: &[Row]) -> bool {
    let first = rows.first().map_or(1, |row| row.seq);
    let expected = if last == 0 { first } else { last + 1 };
    first != 0
        && rows
            .iter()
            .zip(expected..)
            .all(|(row, expected)| row.seq == expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: u64 = 50_000;

    #[test]
    fn the_first_snapshot_moves_on_when_another_is_old_enough() {
        let mut kept = vec![0];
        for new in (1_000..=500_000).step_by(1_000) {
            kept = snapshots_to_keep(&kept, new, ROWS);
            assert!(kept.len() <= 3 && kept.last() == Some(&new), "{kept:?}");
            let behind = new - kept[0];
            assert!(behind <= 2 * ROWS, "{kept:?}");
            assert!(new < ROWS || behind >= ROWS, "{kept:?}");
        }
    }

    #[test]
    fn a_snapshot_of_the_same_row_replaces_the_older() {
        assert_eq!(snapshots_to_keep(&[0], 0, ROWS), [0]);
        assert_eq!(snapshots_to_keep(&[0, 1], 2, ROWS), [0, 2]);
    }
}

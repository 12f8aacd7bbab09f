//! What survives a `kill -9`: the journal of every room and, now and then, the room as a whole.
//!
//! A store keeps rows of bytes in order; what a row says is [`Journal`]'s business. It never answers
//! before a row is durable, and never decides what to keep.

mod journal;
mod memory;
mod redb;
mod redb_error;
mod redb_tables;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sideroom_route::RoomId;

use crate::config::StoreConfig;

pub use journal::{Journal, Kept, KeptRoom};
pub use memory::MemoryStore;
pub use redb::RedbStore;

/// One record of a room's journal, encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its place in the journal of its room, without gaps. The first may be any but 0.
    pub seq: u64,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// A room as the store has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRoom {
    /// Which room.
    pub room: RoomId,
    /// The room as a whole, at some row.
    pub snapshot: Option<Row>,
    /// The rows after it, in order.
    pub rows: Vec<Row>,
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
    /// Anything else that the system said.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The server shuts down.
    #[error("the store is closed")]
    Closed,
}

/// Resolves once what was asked is durable.
pub type Committed<T = ()> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Keeps rooms. Calls return at once, in the order in which their work is done; the future tells when
/// it is durable. Dropping the future does not undo the work.
pub trait Store: Send + Sync + 'static {
    /// Adds to the journal of a room.
    fn append(&self, room: RoomId, rows: Vec<Row>) -> Committed;

    /// Keeps a room as a whole, as of the row `snapshot.seq`. The first snapshot of a room stays, so that
    /// its journal can be replayed from its beginning; of the others only the newest does.
    fn save_snapshot(&self, room: RoomId, snapshot: Row) -> Committed;

    /// The room has ended: it is not loaded again. Its journal stays for a while.
    fn remove_room(&self, room: RoomId, ended_at_ms: u64) -> Committed;

    /// Every room that has not ended.
    fn load(&self) -> Committed<Stored>;

    /// One room, to begin again from what was kept after an append failed.
    fn load_room(&self, room: RoomId) -> Committed<StoredRoom>;

    /// The first snapshot of a room and the newest, in order; those of ended rooms too.
    fn snapshots(&self, room: RoomId) -> Committed<Vec<Row>>;

    /// Rows of a room's journal from `from` on, `limit` at most, ended or not.
    fn journal(&self, room: RoomId, from: u64, limit: usize) -> Committed<Vec<Row>>;

    /// Which rooms have a journal, ended ones too.
    fn rooms(&self) -> Committed<Vec<RoomId>>;

    /// Forgets the journals of rooms that ended before this time.
    fn forget_ended_before(&self, at_ms: u64) -> Committed;
}

/// The store that a configuration asks for.
pub fn open(config: &StoreConfig) -> Result<Arc<dyn Store>, StoreError> {
    if config.path == "memory" {
        return Ok(Arc::new(MemoryStore::new()));
    }
    let cache_bytes = usize::try_from(config.cache_bytes).unwrap_or(usize::MAX);
    Ok(Arc::new(RedbStore::open(
        config.path.as_ref(),
        cache_bytes,
    )?))
}

/// True if `rows` go on where the journal ends, without a gap. `last` is 0 for an empty journal.
fn follows(last: u64, rows: &[Row]) -> bool {
    let first = rows.first().map_or(1, |row| row.seq);
    let expected = if last == 0 { first } else { last + 1 };
    first != 0
        && rows
            .iter()
            .zip(expected..)
            .all(|(row, expected)| row.seq == expected)
}

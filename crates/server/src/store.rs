//! The store, which survives a `kill -9`: the journal of every room and, now and then, the room as a whole.
//!
//! A store keeps rows of bytes in order; [`Journal`] knows their content. It never answers before a row is
//! durable, and never decides what to keep.

mod journal;
mod memory;
mod memory_outbox;
mod redb;
mod redb_error;
mod redb_outbox;
mod redb_tables;
mod redb_writer;

use std::sync::Arc;

use crate::config::StoreConfig;

pub use journal::{Journal, KeptRoom, Rows, StoredRooms};
pub use memory::MemoryStore;
pub use redb::RedbStore;
pub use sideroom_store::{
    Change, Committed, KeptEvent, Note, OutboxRange, OutgoingEvent, Row, Store, StoreError, Stored,
    StoredRoom,
};
use sideroom_store::{follows, snapshots_to_keep};

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

/// Rows before its newest snapshot that a room's journal keeps at least. It holds twice as many at most, plus
/// those between two snapshots.
pub const JOURNAL_ROWS: u64 = 50_000;
/// Rows that one snapshot removes at most, so that others do not wait long for it.
const TRIMMED_ROWS: usize = 4_096;

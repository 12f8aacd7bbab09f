//! Between the domain's records and the store's bytes.
//!
//! A row is one byte that names its format and then the record or snapshot in postcard. A room's journal
//! begins with a snapshot at row 0, so that a room exists in the store before its first command.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use sideroom_control::{Entry, OldSnapshot, Record, ReplayError, Room, Snapshot};
use sideroom_route::RoomId;
use sideroom_rpc::backend::Asked;

use super::{Committed, Row, Store, StoreError};

/// The format of the rows that this server writes.
const FORMAT: u8 = 3;
/// The format before it, which is read too: its records are commands, and not what they led to.
const OLD_FORMAT: u8 = 2;

/// The journals of all rooms.
#[derive(Clone)]
pub struct Journal(Arc<dyn Store>);

/// A room as it was kept, not yet brought to life.
#[derive(Clone, Debug)]
pub struct KeptRoom {
    /// Which room.
    pub room: RoomId,
    /// The request that made it.
    pub made_by: Option<Asked>,
    /// The room as a whole, at some record.
    pub snapshot: Snapshot,
    /// The records after it.
    pub records: Vec<Entry>,
}

/// What a row with a snapshot says.
#[derive(Serialize, Deserialize)]
struct Whole<S> {
    made_by: Option<Asked>,
    snapshot: S,
}

/// A room that is written as its snapshot.
struct Now<'a>(&'a Room);

impl Serialize for Now<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_snapshot(to)
    }
}

/// Everything that was kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Rooms that have not ended.
    pub rooms: Vec<KeptRoom>,
    /// The id for the next new room.
    pub next_room: RoomId,
}

impl KeptRoom {
    /// The room as it was after its last record.
    pub fn revive(self) -> Result<Room, ReplayError> {
        let mut room = Room::restore(self.snapshot)?;
        room.replay_all(&self.records)?;
        Ok(room)
    }
}

impl Journal {
    /// Over this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Adds records to a room's journal, in order. If it fails, so does everything for the same room
    /// that was asked afterwards, until the room is begun again from [`Self::load_room`].
    pub fn append(&self, room: RoomId, records: &[Record]) -> Committed {
        let rows = records.iter().map(|record| row(record.seq, record));
        match rows.collect() {
            Ok(rows) => self.0.append(room, rows),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Keeps a room as a whole, as it was after its record `seq`: 0 for a new room, before its first
    /// command. `made_by` is the request that made the room, so that it can be repeated after a restart.
    pub fn save_snapshot(
        &self,
        room: RoomId,
        seq: u64,
        made_by: Option<&Asked>,
        room_now: &Room,
    ) -> Committed {
        let whole = Whole {
            made_by: made_by.cloned(),
            snapshot: Now(room_now),
        };
        match row(seq, &whole) {
            Ok(row) => self.0.save_snapshot(room, row),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// The room has ended and is not loaded again. Its journal stays for a while.
    pub fn remove(&self, room: RoomId, ended_at_ms: u64) -> Committed {
        self.0.remove_room(room, ended_at_ms)
    }

    /// Every room that has not ended.
    pub async fn load(&self) -> Result<Kept, StoreError> {
        let stored = self.0.load().await?;
        // A room whose first snapshot was never answered has no snapshot: it does not exist.
        let whole = stored
            .rooms
            .into_iter()
            .filter(|room| room.snapshot.is_some());
        let rooms = whole.map(kept).collect::<Result<_, _>>()?;
        Ok(Kept {
            rooms,
            next_room: stored.next_room,
        })
    }

    /// One room as it was last kept.
    pub async fn load_room(&self, room: RoomId) -> Result<KeptRoom, StoreError> {
        kept(self.0.load_room(room).await?)
    }

    /// A room as it was created, and all its records: what a verification replays.
    pub async fn from_the_beginning(&self, room: RoomId) -> Result<KeptRoom, StoreError> {
        let first = self.0.snapshots(room).await?.into_iter().next();
        let from = first.as_ref().map_or(0, |row| row.seq + 1);
        let rows = self.0.journal(room, from, usize::MAX).await?;
        kept(super::StoredRoom {
            room,
            snapshot: first,
            rows,
        })
    }

    /// Records of a room from `from` on, `limit` at most.
    pub async fn records(
        &self,
        room: RoomId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let rows = self.0.journal(room, from, limit).await?;
        rows.iter().map(entry).collect()
    }

    /// Which rooms have a journal, ended ones too.
    pub fn rooms(&self) -> Committed<Vec<RoomId>> {
        self.0.rooms()
    }

    /// Forgets the journals of rooms that ended before this time.
    pub fn forget_ended_before(&self, at_ms: u64) -> Committed {
        self.0.forget_ended_before(at_ms)
    }
}

fn kept(stored: super::StoredRoom) -> Result<KeptRoom, StoreError> {
    let room = stored.room;
    let missing = || StoreError::Unusable(format!("room {room} has no snapshot"));
    let Whole { made_by, snapshot } = snapshot(&stored.snapshot.ok_or_else(missing)?)?;
    let records = stored.rows.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(KeptRoom {
        room,
        made_by,
        snapshot,
        records,
    })
}

fn row(seq: u64, value: &impl Serialize) -> Result<Row, StoreError> {
    let bytes = postcard::to_extend(value, vec![FORMAT])
        .map_err(|error| StoreError::Failed(format!("row {seq} cannot be written: {error}")))?;
    Ok(Row { seq, bytes })
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    match format_of(row)? {
        (OLD_FORMAT, bytes) => Ok(Entry::Old(Box::new(parse(row.seq, bytes)?))),
        (_, bytes) => Ok(Entry::Record(Box::new(parse(row.seq, bytes)?))),
    }
}

fn snapshot(row: &Row) -> Result<Whole<Snapshot>, StoreError> {
    match format_of(row)? {
        (OLD_FORMAT, bytes) => {
            let old: Whole<OldSnapshot> = parse(row.seq, bytes)?;
            let snapshot = old
                .snapshot
                .read()
                .map_err(|error| damaged(row.seq, error))?;
            Ok(Whole {
                made_by: old.made_by,
                snapshot,
            })
        }
        (_, bytes) => parse(row.seq, bytes),
    }
}

fn format_of(row: &Row) -> Result<(u8, &[u8]), StoreError> {
    let seq = row.seq;
    match row.bytes.split_first() {
        Some((&format @ (FORMAT | OLD_FORMAT), rest)) => Ok((format, rest)),
        Some((format, _)) => Err(StoreError::Unusable(format!(
            "row {seq} has format {format}, this server knows {OLD_FORMAT} and {FORMAT}; run the server that \
             wrote it"
        ))),
        None => Err(StoreError::Unusable(format!("row {seq} is empty"))),
    }
}

fn parse<T: DeserializeOwned>(seq: u64, bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|error| damaged(seq, error))
}

fn damaged(seq: u64, error: impl std::fmt::Display) -> StoreError {
    StoreError::Unusable(format!("row {seq} is damaged: {error}"))
}

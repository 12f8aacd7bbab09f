//! Between the domain's records and the store's bytes.
//!
//! A row is one byte that names its format and then the record or snapshot in postcard. A room's journal
//! begins with a snapshot at row 0, so that a room exists in the store before its first command.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use sideroom_control::{
    Entry, OldRecord, OldSnapshot, Record, ReplayError, Room, Snapshot, in_layout,
};
use sideroom_route::RoomId;
use sideroom_rpc::backend::Asked;

use super::{Change, Committed, OutgoingEvent, Row, Store, StoreError};

/// The format of the rows that this server writes.
const FORMAT: u8 = 4;
/// A format of records and snapshots with fewer parts.
const EARLIER_FORMAT: u8 = 3;
/// The format before it, which is read too: its records are commands, and not what they led to.
const OLD_FORMAT: u8 = 2;

/// The journals of all rooms.
#[derive(Clone)]
pub struct Journal(Arc<dyn Store>);

/// A room as it was kept, not yet brought to life.
#[derive(Clone, Debug)]
pub struct KeptRoom {
    pub room: RoomId,
    /// The request that made it.
    pub made_by: Option<Asked>,
    /// The room as a whole, at some record.
    pub snapshot: Snapshot,
    /// The records after it.
    pub records: Vec<Entry>,
}

/// One change of a room.
#[derive(Default)]
pub struct Rows<'a> {
    /// The records, in order.
    pub records: &'a [Record],
    /// The room is new: as it was before the records, with the request that made it.
    pub new: Option<(&'a Room, Option<&'a Asked>)>,
    /// Events for receivers outside.
    pub events: Vec<OutgoingEvent>,
    /// The room ends after the records.
    pub ended_at_ms: Option<u64>,
}

/// The content of a row with a snapshot.
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
pub struct StoredRooms {
    /// Rooms that have not ended, and those whose rows cannot be read.
    pub rooms: Vec<Result<KeptRoom, (RoomId, StoreError)>>,
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

    /// Makes one change of a room durable, whole or not at all.
    ///
    /// If it fails, so does everything for the same room that was asked afterwards, until the room is begun
    /// again from [`Self::load_room`].
    pub fn commit(&self, room: RoomId, change: Rows<'_>) -> Committed {
        let rows = change.records.iter();
        let rows = rows.map(|record| row(record.seq, record));
        let new = change.new;
        let snapshot = new.map(|(room, made_by)| whole(0, made_by, room));
        match (rows.collect(), snapshot.transpose()) {
            (Ok(rows), Ok(snapshot)) => self.0.commit(
                room,
                Change {
                    rows,
                    snapshot,
                    ended_at_ms: change.ended_at_ms,
                    events: change.events,
                },
            ),
            (Err(error), _) | (_, Err(error)) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Adds records to a room's journal.
    pub fn append(&self, room: RoomId, records: &[Record]) -> Committed {
        let change = Rows {
            records,
            ..Rows::default()
        };
        self.commit(room, change)
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
        match whole(seq, made_by, room_now) {
            Ok(row) => self.0.save_snapshot(room, row),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// The room has ended and is not loaded again. Its journal stays for a while.
    pub fn remove(&self, room: RoomId, ended_at_ms: u64) -> Committed {
        self.0.remove_room(room, ended_at_ms)
    }

    /// Every room that has not ended.
    pub async fn load(&self) -> Result<StoredRooms, StoreError> {
        let stored = self.0.load().await?;
        // A room whose first snapshot was never answered has no snapshot: it does not exist.
        let whole = stored
            .rooms
            .into_iter()
            .filter(|room| room.snapshot.is_some());
        let rooms = whole.map(|stored| {
            let room = stored.room;
            decode_room(stored).map_err(|error| (room, error))
        });
        Ok(StoredRooms {
            rooms: rooms.collect(),
            next_room: stored.next_room,
        })
    }

    /// One room as it was last kept.
    pub async fn load_room(&self, room: RoomId) -> Result<KeptRoom, StoreError> {
        decode_room(self.0.load_room(room).await?)
    }

    /// The same; `None`: the room was never made.
    pub async fn find_room(&self, room: RoomId) -> Result<Option<KeptRoom>, StoreError> {
        let stored = self.0.load_room(room).await?;
        match stored.snapshot.is_some() {
            true => decode_room(stored).map(Some),
            false => Ok(None),
        }
    }

    /// A room as it was created, and all its records, for a verification.
    pub async fn from_the_beginning(&self, room: RoomId) -> Result<KeptRoom, StoreError> {
        let first = self.0.snapshots(room).await?.into_iter().next();
        let from = first.as_ref().map_or(0, |row| row.seq + 1);
        let rows = self.0.journal(room, from, usize::MAX).await?;
        decode_room(super::StoredRoom {
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

    /// Why nothing can be kept at present.
    pub fn trouble(&self) -> Option<String> {
        self.0.trouble()
    }

    /// The store itself.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0
    }

    /// The rooms that have a journal, ended ones too.
    pub fn rooms(&self) -> Committed<Vec<RoomId>> {
        self.0.rooms()
    }

    /// Forgets the journals of rooms that ended before this time.
    pub fn forget_ended_before(&self, at_ms: u64) -> Committed {
        self.0.forget_ended_before(at_ms)
    }
}

fn decode_room(stored: super::StoredRoom) -> Result<KeptRoom, StoreError> {
    let room = stored.room;
    let missing = || StoreError::Unreadable(format!("room {room} has no snapshot"));
    let Whole { made_by, snapshot } = snapshot(&stored.snapshot.ok_or_else(missing)?)?;
    let records = stored.rows.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(KeptRoom {
        room,
        made_by,
        snapshot,
        records,
    })
}

fn whole(seq: u64, made_by: Option<&Asked>, room: &Room) -> Result<Row, StoreError> {
    let whole = Whole {
        made_by: made_by.cloned(),
        snapshot: Now(room),
    };
    row(seq, &whole)
}

fn row(seq: u64, value: &impl Serialize) -> Result<Row, StoreError> {
    let bytes = postcard::to_extend(value, vec![FORMAT])
        .map_err(|error| StoreError::Failed(format!("row {seq} cannot be written: {error}")))?;
    Ok(Row { seq, bytes })
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    match format_of(row)? {
        (OLD_FORMAT, bytes) => {
            let record = OldRecord::decode(bytes).map_err(|error| damaged(row.seq, error))?;
            Ok(Entry::Old(Box::new(record)))
        }
        (format, bytes) => Ok(Entry::Record(Box::new(parse(row.seq, (format, bytes))?))),
    }
}

fn snapshot(row: &Row) -> Result<Whole<Snapshot>, StoreError> {
    match format_of(row)? {
        (OLD_FORMAT, bytes) => {
            let (made_by, rest) =
                postcard::take_from_bytes(bytes).map_err(|error| damaged(row.seq, error))?;
            let old = OldSnapshot::decode(rest).and_then(|old| old.read());
            let snapshot = old.map_err(|error| damaged(row.seq, error))?;
            Ok(Whole { made_by, snapshot })
        }
        (format, bytes) => parse(row.seq, (format, bytes)),
    }
}

fn format_of(row: &Row) -> Result<(u8, &[u8]), StoreError> {
    let seq = row.seq;
    match row.bytes.split_first() {
        Some((&format @ (FORMAT | EARLIER_FORMAT | OLD_FORMAT), rest)) => Ok((format, rest)),
        Some((format, _)) => Err(StoreError::Unreadable(format!(
            "row {seq} has format {format}, this server knows {OLD_FORMAT} to {FORMAT}; run the server that \
             wrote it"
        ))),
        None => Err(StoreError::Unreadable(format!("row {seq} is empty"))),
    }
}

/// Rows have the number of their layout.
fn parse<T: DeserializeOwned>(seq: u64, (format, bytes): (u8, &[u8])) -> Result<T, StoreError> {
    let read = in_layout(format.into(), || postcard::from_bytes(bytes));
    read.map_err(|error| damaged(seq, error))
}

fn damaged(seq: u64, error: impl std::fmt::Display) -> StoreError {
    StoreError::Unreadable(format!("row {seq} is damaged: {error}"))
}

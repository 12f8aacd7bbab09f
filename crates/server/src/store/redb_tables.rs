//! The tables of the store's file, and the effect of each request on them.

use std::collections::BTreeMap;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use sideroom_route::RoomId;

use super::redb_error::explain;
use super::redb_outbox as outbox;
use super::{
    Change, KeptEvent, Note, OutgoingEvent, Row, StoreError, Stored, StoredRoom, TRIMMED_ROWS,
};

/// Row of a room: its journal.
const ROWS: TableDefinition<(u32, u64), &[u8]> = TableDefinition::new("rows");
/// Room and the row it was taken at: the first snapshot of each room and the newest.
const SNAPSHOTS: TableDefinition<(u32, u64), &[u8]> = TableDefinition::new("snapshots");
/// Every room ever seen; when it ended, 0 while it lives.
const ROOMS: TableDefinition<u32, u64> = TableDefinition::new("rooms");
/// Properties of the file.
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// The layout of these tables. A greater number in a file means a newer server wrote it.
const LAYOUT: u64 = 1;

/// Makes the bytes below the database: a file, or in tests something that fails on demand.
pub(super) type Open = Box<dyn FnMut() -> Result<Database, redb::DatabaseError> + Send>;

/// A change of the file.
pub(super) enum Write {
    Change(RoomId, Change),
    ForgetEndedBefore(u64),
    ForgetEventsBefore(u64),
    Notes(Vec<Note>),
}

/// All rooms, ended ones too.
pub(super) fn rooms(db: &Database) -> Result<Vec<RoomId>, redb::Error> {
    let rooms = db.begin_read()?.open_table(ROOMS)?;
    rooms
        .iter()?
        .map(|entry| Ok(RoomId(entry?.0.value())))
        .collect()
}

/// The first snapshot of a room and the newest, in order.
pub(super) fn snapshots(
    transaction: &redb::ReadTransaction,
    room: RoomId,
) -> Result<Vec<Row>, redb::Error> {
    let table = transaction.open_table(SNAPSHOTS)?;
    let range = table.range((room.0, 0)..=(room.0, u64::MAX))?;
    range
        .map(|entry| {
            let (key, bytes) = entry?;
            Ok(Row {
                seq: key.value().1,
                bytes: bytes.value().to_vec(),
            })
        })
        .collect()
}

fn save_snapshot(
    transaction: &redb::WriteTransaction,
    room: RoomId,
    snapshot: &Row,
) -> Result<(), Refusal> {
    let mut snapshots = transaction.open_table(SNAPSHOTS)?;
    let room = room.0;
    let all = snapshots.range((room, 0)..=(room, u64::MAX))?;
    let kept = all.map(|entry| entry.map(|(key, _)| key.value().1));
    let kept: Vec<u64> = kept.collect::<Result<_, _>>()?;
    let stay = super::snapshots_to_keep(&kept, snapshot.seq, super::JOURNAL_ROWS);
    snapshots.retain_in((room, 0)..=(room, u64::MAX), |(_, seq), _| {
        stay.contains(&seq)
    })?;
    snapshots.insert((room, snapshot.seq), snapshot.bytes.as_slice())?;
    transaction.open_table(ROOMS)?.insert(room, 0)?;
    trim(transaction, room, stay.first().copied().unwrap_or(0))
}

/// Removes rows that come before the first snapshot, a part at a time.
fn trim(transaction: &redb::WriteTransaction, room: u32, first: u64) -> Result<(), Refusal> {
    if first == 0 {
        return Ok(());
    }
    let mut rows = transaction.open_table(ROWS)?;
    let mut left = TRIMMED_ROWS;
    let old = rows.extract_from_if((room, 0)..(room, first), |_, _| true)?;
    for removed in old {
        removed?;
        left -= 1;
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// Why one request of a batch is not done.
pub(super) enum Refusal {
    Gap,
    Failed(redb::Error),
}

impl<E: Into<redb::Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A transaction to which requests are applied. The table of rows, which nearly every request needs, is opened
/// once for all of them.
pub(super) struct Applying<'t> {
    transaction: &'t redb::WriteTransaction,
    rows: Option<redb::Table<'t, (u32, u64), &'static [u8]>>,
    /// Events that go out, of changes that are kept.
    events: Vec<&'t OutgoingEvent>,
}

impl<'t> Applying<'t> {
    pub(super) const fn new(transaction: &'t redb::WriteTransaction) -> Self {
        Self {
            transaction,
            rows: None,
            events: Vec::new(),
        }
    }

    /// Adds the events that go out, for all changes at once, and numbers them.
    pub(super) fn finish(self) -> Result<Vec<KeptEvent>, redb::Error> {
        match self.events.is_empty() {
            true => Ok(Vec::new()),
            false => outbox::append(self.transaction, &self.events),
        }
    }

    pub(super) fn apply(
        &mut self,
        last: &mut BTreeMap<RoomId, u64>,
        write: &'t Write,
    ) -> Result<(), Refusal> {
        match write {
            Write::Change(room, change) => {
                // A table can be open once.
                if change.snapshot.is_some() {
                    self.rows = None;
                    check_snapshot(self.transaction, *room, change)?;
                }
                if !change.rows.is_empty() {
                    self.append(last, *room, &change.rows)?;
                }
                if change.snapshot.is_some() {
                    self.rows = None;
                }
                change_room(self.transaction, last, *room, change)?;
                self.events.extend(&change.events);
                Ok(())
            }
            Write::ForgetEndedBefore(at_ms) => {
                self.rows = None;
                forget(self.transaction, *at_ms)
            }
            Write::ForgetEventsBefore(number) => {
                Ok(outbox::forget_before(self.transaction, *number)?)
            }
            Write::Notes(notes) => Ok(outbox::write_notes(self.transaction, notes)?),
        }
    }

    fn append(
        &mut self,
        last: &mut BTreeMap<RoomId, u64>,
        room: RoomId,
        rows: &[Row],
    ) -> Result<(), Refusal> {
        let table = match &mut self.rows {
            Some(table) => table,
            none => none.insert(self.transaction.open_table(ROWS)?),
        };
        let mut previous = match last.get(&room) {
            Some(&seq) => seq,
            None => {
                self.transaction.open_table(ROOMS)?.insert(room.0, 0)?;
                let newest = table.range((room.0, 0)..=(room.0, u64::MAX))?.next_back();
                newest.transpose()?.map_or(0, |(key, _)| key.value().1)
            }
        };
        // All rows or none: looked at before any is written.
        if !super::follows(previous, rows) {
            return Err(Refusal::Gap);
        }
        for row in rows {
            table.insert((room.0, row.seq), row.bytes.as_slice())?;
            previous = row.seq;
        }
        last.insert(room, previous);
        Ok(())
    }
}

/// A snapshot must not say more than the rows do: one of them may have been refused. Looked at before anything
/// is written.
fn check_snapshot(
    transaction: &redb::WriteTransaction,
    room: RoomId,
    change: &Change,
) -> Result<(), Refusal> {
    let Some(seq) = change.snapshot.as_ref().map(|snapshot| snapshot.seq) else {
        return Ok(());
    };
    let snapshots = transaction.open_table(SNAPSHOTS)?;
    let first = snapshots.range((room.0, 0)..=(room.0, u64::MAX))?.next();
    let first = first.transpose()?.map(|(key, _)| key.value().1);
    let replaces_first = first.is_none_or(|first| first == seq);
    let is_added = change.rows.iter().any(|row| row.seq == seq);
    let has_row = || -> Result<bool, Refusal> {
        Ok(transaction.open_table(ROWS)?.get((room.0, seq))?.is_some())
    };
    match replaces_first || is_added || has_row()? {
        true => Ok(()),
        false => Err(Refusal::Gap),
    }
}

/// The parts of a change that are not rows.
fn change_room(
    transaction: &redb::WriteTransaction,
    last: &mut BTreeMap<RoomId, u64>,
    room: RoomId,
    change: &Change,
) -> Result<(), Refusal> {
    if let Some(snapshot) = &change.snapshot {
        save_snapshot(transaction, room, snapshot)?;
    }
    if let Some(ended_at_ms) = change.ended_at_ms {
        let mut rooms = transaction.open_table(ROOMS)?;
        rooms.insert(room.0, ended_at_ms.max(1))?;
        last.remove(&room);
    }
    Ok(())
}

fn forget(transaction: &redb::WriteTransaction, at_ms: u64) -> Result<(), Refusal> {
    let mut rooms = transaction.open_table(ROOMS)?;
    let mut rows = transaction.open_table(ROWS)?;
    let mut snapshots = transaction.open_table(SNAPSHOTS)?;
    // The newest room stays known, so that its id is not handed out again.
    let newest = rooms.last()?.map_or(0, |(room, _)| room.value());
    let old: Vec<u32> = rooms
        .iter()?
        .filter_map(Result::ok)
        .filter(|(_, ended)| (1..at_ms).contains(&ended.value()))
        .map(|(room, _)| room.value())
        .collect();
    for room in old {
        rows.retain_in((room, 0)..=(room, u64::MAX), |_, _| false)?;
        snapshots.retain_in((room, 0)..=(room, u64::MAX), |_, _| false)?;
        if room != newest {
            rooms.remove(room)?;
        }
    }
    Ok(())
}

pub(super) fn load(db: &Database) -> Result<Stored, redb::Error> {
    let transaction = db.begin_read()?;
    let mut stored = Stored {
        rooms: Vec::new(),
        next_room: RoomId(1),
    };
    for entry in transaction.open_table(ROOMS)?.iter()? {
        let (room, ended) = entry?;
        let room = RoomId(room.value());
        stored.next_room = RoomId(room.0.saturating_add(1));
        if ended.value() == 0 {
            stored.rooms.push(load_room(&transaction, room)?);
        }
    }
    Ok(stored)
}

pub(super) fn load_room(
    transaction: &redb::ReadTransaction,
    room: RoomId,
) -> Result<StoredRoom, redb::Error> {
    let snapshot = snapshots(transaction, room)?.pop();
    let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq + 1);
    let rows = rows_from(transaction, room, from, usize::MAX)?;
    Ok(StoredRoom {
        room,
        snapshot,
        rows,
    })
}

pub(super) fn rows_from(
    transaction: &redb::ReadTransaction,
    room: RoomId,
    from: u64,
    limit: usize,
) -> Result<Vec<Row>, redb::Error> {
    let table = transaction.open_table(ROWS)?;
    let range = table.range((room.0, from)..=(room.0, u64::MAX))?;
    range
        .take(limit)
        .map(|entry| {
            let (key, bytes) = entry?;
            Ok(Row {
                seq: key.value().1,
                bytes: bytes.value().to_vec(),
            })
        })
        .collect()
}

/// Opens the file, makes its tables and refuses files of newer servers.
pub(super) fn prepare(open: &mut Open) -> Result<Database, StoreError> {
    let db = open().map_err(|error| explain(error.into()))?;
    let layout = check_layout(&db).map_err(explain)?;
    match layout <= LAYOUT {
        true => Ok(db),
        false => Err(StoreError::Unusable(format!(
            "its layout is {layout}, this server knows {LAYOUT}; run the server that wrote it"
        ))),
    }
}

/// Writes something that changes nothing.
pub(super) fn probe(transaction: &redb::WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(META)?.insert("layout", LAYOUT)?;
    Ok(())
}

fn check_layout(db: &Database) -> Result<u64, redb::Error> {
    if let Ok(meta) = db.begin_read()?.open_table(META)
        && let Some(layout) = meta.get("layout")?
    {
        return Ok(layout.value());
    }
    let transaction = db.begin_write()?;
    transaction.open_table(META)?.insert("layout", LAYOUT)?;
    transaction.open_table(ROWS)?;
    transaction.open_table(SNAPSHOTS)?;
    transaction.open_table(ROOMS)?;
    transaction.commit()?;
    Ok(LAYOUT)
}

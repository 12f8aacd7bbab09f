//! Reads rooms, each as of one revision.

use sideroom_route::RoomId;
use sideroom_store::{Row, StoreError, Stored, StoredRoom};

use crate::client::Etcd;
use crate::error::EtcdError;
use crate::keys::KeyRange;
use crate::proto::{KeyValue, RangeRequest};
use crate::records::{self, RoomRecord};
use crate::txn::signed;

use super::parts::Assembler;

/// Reads that begin again because etcd compacted their revision meanwhile.
const TRIES: usize = 3;

/// Every room that has not ended.
pub(super) async fn load(etcd: &Etcd) -> Result<Stored, StoreError> {
    let all = records_of_all(etcd).await?;
    let newest = all.last().map_or(0, |(room, ..)| room.0);
    let (counter, _) = etcd.get(etcd.keys().meta("next-room")).await?;
    let allotted = counter.as_ref().map(records::number).transpose()?;
    let allotted = u32::try_from(allotted.unwrap_or(1)).unwrap_or(u32::MAX);
    let mut rooms = Vec::new();
    for (room, record, _) in all {
        if record.ended_at_ms == 0 {
            rooms.push(load_room(etcd, room, None).await?);
        }
    }
    Ok(Stored {
        rooms,
        next_room: RoomId(allotted.max(newest.saturating_add(1))),
    })
}

/// One room as of a revision, or as of now.
pub(super) async fn load_room(
    etcd: &Etcd,
    room: RoomId,
    at: Option<u64>,
) -> Result<StoredRoom, StoreError> {
    again_if_compacted(|| room_at(etcd, room, at)).await
}

pub(super) async fn snapshots(etcd: &Etcd, room: RoomId) -> Result<Vec<Row>, StoreError> {
    again_if_compacted(|| snapshots_now(etcd, room)).await
}

pub(super) async fn journal(
    etcd: &Etcd,
    room: RoomId,
    from: u64,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    again_if_compacted(|| rows_now(etcd, room, from, limit)).await
}

pub(super) async fn rooms(etcd: &Etcd) -> Result<Vec<RoomId>, StoreError> {
    let all = records_of_all(etcd).await?;
    Ok(all.into_iter().map(|(room, ..)| room).collect())
}

/// The records of all rooms in order, and when each was written.
pub(super) async fn records_of_all(etcd: &Etcd) -> Result<Vec<RecordAt>, StoreError> {
    again_if_compacted(|| records_now(etcd)).await
}

/// The record of a room, and when it was written.
pub(super) type RecordAt = (RoomId, RoomRecord, u64);

async fn room_at(etcd: &Etcd, room: RoomId, at: Option<u64>) -> Result<StoredRoom, ReadError> {
    let (record, at) = record_at(etcd, room, at).await?;
    let snapshot = match record.snapshots.last() {
        Some(seq) => snapshot_at(etcd, room, (*seq, at)).await?,
        None => None,
    };
    let from = snapshot.as_ref().map_or(0, |row| row.seq + 1);
    let rows = rows_at(etcd, (room, &record), (from, usize::MAX), at).await?;
    Ok(StoredRoom {
        room,
        snapshot,
        rows,
    })
}

async fn snapshots_now(etcd: &Etcd, room: RoomId) -> Result<Vec<Row>, ReadError> {
    let (record, at) = record_at(etcd, room, None).await?;
    let mut rows = Vec::new();
    for seq in &record.snapshots {
        rows.extend(snapshot_at(etcd, room, (*seq, at)).await?);
    }
    Ok(rows)
}

async fn rows_now(
    etcd: &Etcd,
    room: RoomId,
    from: u64,
    limit: usize,
) -> Result<Vec<Row>, ReadError> {
    let (record, at) = record_at(etcd, room, None).await?;
    rows_at(etcd, (room, &record), (from, limit), at).await
}

async fn records_now(etcd: &Etcd) -> Result<Vec<RecordAt>, ReadError> {
    let mut all = Vec::new();
    let take = |kv: KeyValue| {
        if let Some(room) = etcd.keys().room_of(&kv.key) {
            all.push((room, records::room(&kv)?, kv.at()));
        }
        Ok(true)
    };
    etcd.scan(etcd.keys().rooms(), None, take).await?;
    Ok(all)
}

/// Why a read fails.
enum ReadError {
    Compacted,
    Failed(StoreError),
}

impl From<EtcdError> for ReadError {
    fn from(error: EtcdError) -> Self {
        match error {
            EtcdError::Compacted => Self::Compacted,
            error => Self::Failed(error.into()),
        }
    }
}

async fn again_if_compacted<T, F>(read: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, ReadError>>,
{
    for _ in 0..TRIES {
        match read().await {
            Ok(found) => return Ok(found),
            Err(ReadError::Failed(error)) => return Err(error),
            Err(ReadError::Compacted) => {}
        }
    }
    Err(EtcdError::Compacted.into())
}

/// A room's record, and the revision to read the rest at.
async fn record_at(
    etcd: &Etcd,
    room: RoomId,
    at: Option<u64>,
) -> Result<(RoomRecord, u64), ReadError> {
    let range = RangeRequest {
        key: etcd.keys().room(room),
        revision: at.map_or(0, signed),
        ..RangeRequest::default()
    };
    let found = etcd.range(range).await?;
    let revision = at.unwrap_or(found.revision());
    let record = found.kvs.first().map(records::room).transpose()?;
    Ok((record.unwrap_or_default(), revision))
}

async fn snapshot_at(
    etcd: &Etcd,
    room: RoomId,
    (seq, at): (u64, u64),
) -> Result<Option<Row>, ReadError> {
    let range = etcd.keys().snapshot_parts(room, seq);
    let mut rows = assemble(etcd, range, at, 1).await?;
    Ok(rows.pop())
}

/// Rows from one on, `limit` at most, as far as they count.
async fn rows_at(
    etcd: &Etcd,
    (room, record): (RoomId, &RoomRecord),
    (from, limit): (u64, usize),
    at: u64,
) -> Result<Vec<Row>, ReadError> {
    let from = from.max(record.first);
    if record.first == 0 || from > record.last || limit == 0 {
        return Ok(Vec::new());
    }
    let range = etcd.keys().rows(room, from, record.last + 1);
    assemble(etcd, range, at, limit).await
}

async fn assemble(
    etcd: &Etcd,
    range: KeyRange,
    at: u64,
    limit: usize,
) -> Result<Vec<Row>, ReadError> {
    let mut assembler = Assembler::default();
    let mut damaged = None;
    let take = |kv: KeyValue| {
        damaged = assembler.add(&kv).err();
        Ok(damaged.is_none() && assembler.whole() < limit)
    };
    etcd.scan(range, Some(at), take).await?;
    match damaged {
        Some(error) => Err(ReadError::Failed(error)),
        None => assembler.finish().map_err(ReadError::Failed),
    }
}

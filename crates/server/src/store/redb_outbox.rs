//! The tables of events that go out, and of the notes of those who send them.

use std::sync::Arc;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    WriteTransaction,
};
use sideroom_store::{KeptEvent, Note, OutboxRange, OutgoingEvent};

use super::TRIMMED_ROWS;

/// Number: room, type, time and the event.
const EVENTS: TableDefinition<u64, (&str, &str, u64, &[u8])> = TableDefinition::new("events");
/// The events of each room.
const ROOM_EVENTS: TableDefinition<(&str, u64), ()> = TableDefinition::new("room_events");
const NOTES: TableDefinition<&str, &[u8]> = TableDefinition::new("notes");
/// The fields of [`OutboxRange`].
const RANGE: TableDefinition<(), (u64, u64, u64)> = TableDefinition::new("events_range");

/// Bytes that one read takes at most.
const READ_BYTES: u64 = 1_024 * 1_024;

fn range_of(found: Option<redb::AccessGuard<'_, (u64, u64, u64)>>) -> OutboxRange {
    found.map_or_else(OutboxRange::default, |found| {
        let (first, next, bytes) = found.value();
        OutboxRange { first, next, bytes }
    })
}

/// Adds events, and numbers them.
pub(super) fn append(
    transaction: &WriteTransaction,
    events: &[&OutgoingEvent],
) -> Result<Vec<KeptEvent>, redb::Error> {
    let mut range_table = transaction.open_table(RANGE)?;
    let mut by_number = transaction.open_table(EVENTS)?;
    let mut by_room = transaction.open_table(ROOM_EVENTS)?;
    let mut range = range_of(range_table.get(())?);
    let mut kept = Vec::with_capacity(events.len());
    for event in events {
        let number = range.next;
        by_number.insert(
            number,
            (&*event.room, &*event.kind, event.at_ms, &*event.bytes),
        )?;
        by_room.insert((&*event.room, number), ())?;
        range.next += 1;
        range.bytes += event.size();
        kept.push(KeptEvent {
            number,
            event: (*event).clone(),
        });
    }
    range_table.insert((), (range.first, range.next, range.bytes))?;
    Ok(kept)
}

/// Forgets events before a number, a part at a time.
pub(super) fn forget_before(
    transaction: &WriteTransaction,
    number: u64,
) -> Result<(), redb::Error> {
    let mut range_table = transaction.open_table(RANGE)?;
    let mut by_number = transaction.open_table(EVENTS)?;
    let mut by_room = transaction.open_table(ROOM_EVENTS)?;
    let mut range = range_of(range_table.get(())?);
    let part = u64::try_from(TRIMMED_ROWS).unwrap_or(u64::MAX);
    let end = number.min(range.next).min(range.first.saturating_add(part));
    for number in range.first..end {
        if let Some(removed) = by_number.remove(number)? {
            let event = event_of(removed.value());
            range.bytes = range.bytes.saturating_sub(event.size());
            by_room.remove((&*event.room, number))?;
        }
    }
    range.first = range.first.max(end);
    range_table.insert((), (range.first, range.next, range.bytes))?;
    Ok(())
}

pub(super) fn write_notes(
    transaction: &WriteTransaction,
    notes: &[Note],
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(NOTES)?;
    for (key, value) in notes {
        match value {
            Some(value) => drop(table.insert(&**key, &**value)?),
            None => drop(table.remove(&**key)?),
        }
    }
    Ok(())
}

fn event_of((room, kind, at_ms, bytes): (&str, &str, u64, &[u8])) -> OutgoingEvent {
    OutgoingEvent {
        room: room.to_owned(),
        kind: kind.to_owned(),
        at_ms,
        bytes: bytes.to_vec(),
    }
}

/// A file of before there were these tables has none of them.
fn opened<T>(table: Result<T, TableError>) -> Result<Option<T>, redb::Error> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn range(db: &Database) -> Result<OutboxRange, redb::Error> {
    let Some(table) = opened(db.begin_read()?.open_table(RANGE))? else {
        return Ok(OutboxRange::default());
    };
    Ok(range_of(table.get(())?))
}

/// Events after a number: of all rooms, or of one. At least one if there is any, then as many as fit.
pub(super) fn after(
    db: &Database,
    room: Option<&str>,
    number: u64,
    limit: usize,
) -> Result<Vec<Arc<KeptEvent>>, redb::Error> {
    let transaction = db.begin_read()?;
    let Some(events) = opened(transaction.open_table(EVENTS))? else {
        return Ok(Vec::new());
    };
    let mut kept = Vec::new();
    let mut bytes = 0;
    let from = number.saturating_add(1);
    let mut keep = |number: u64, event: OutgoingEvent| {
        bytes += event.size();
        kept.push(Arc::new(KeptEvent { number, event }));
        bytes < READ_BYTES
    };
    match room {
        None => {
            for entry in events.range(from..)?.take(limit) {
                let (number, event) = entry?;
                if !keep(number.value(), event_of(event.value())) {
                    break;
                }
            }
        }
        Some(room) => {
            for number in room_numbers(&transaction, room, from, limit)? {
                if let Some(event) = events.get(number)?
                    && !keep(number, event_of(event.value()))
                {
                    break;
                }
            }
        }
    }
    Ok(kept)
}

fn room_numbers(
    transaction: &ReadTransaction,
    room: &str,
    from: u64,
    limit: usize,
) -> Result<Vec<u64>, redb::Error> {
    let Some(by_room) = opened(transaction.open_table(ROOM_EVENTS))? else {
        return Ok(Vec::new());
    };
    let range = by_room.range((room, from)..=(room, u64::MAX))?;
    range
        .take(limit)
        .map(|entry| Ok(entry?.0.value().1))
        .collect()
}

pub(super) fn notes(
    db: &Database,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
    let Some(table) = opened(db.begin_read()?.open_table(NOTES))? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in table.range(prefix.max(after)..)? {
        let (key, value) = entry?;
        if !key.value().starts_with(prefix) || found.len() == limit {
            break;
        }
        if key.value() != after {
            found.push((key.value().to_owned(), value.value().to_vec()));
        }
    }
    Ok(found)
}

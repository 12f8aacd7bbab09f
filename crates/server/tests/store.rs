//! Every store keeps its promises: in memory, in a file, in a file that fails, and in etcd.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use redb::StorageBackend;
use sideroom::store::{Change, MemoryStore, OutgoingEvent, RedbStore, Row, Store, StoreError};
use sideroom_cluster::{Change as OwnerChange, Incarnation, NodeId, NodeRecord, Outcome, Term};
use sideroom_etcd::{Coordinator, EtcdCoordinator, EtcdStore};
use sideroom_route::RoomId;

const ROOM: RoomId = RoomId(7);

fn row(seq: u64) -> Row {
    Row {
        seq,
        bytes: format!("row {seq}").into_bytes(),
    }
}

fn rows(seqs: std::ops::RangeInclusive<u64>) -> Vec<Row> {
    seqs.map(row).collect()
}

fn whole(seq: u64) -> Row {
    Row {
        seq,
        bytes: format!("whole at {seq}").into_bytes(),
    }
}

/// A change is kept whole or not at all.
async fn check_refused(store: &dyn Store) {
    let refused = Change {
        rows: rows(4..=4),
        snapshot: Some(whole(5)),
        ..Change::default()
    };
    assert_eq!(store.commit(ROOM, refused).await, Err(StoreError::Gap));
    assert_eq!(store.load_room(ROOM).await.unwrap().rows, rows(3..=3));
}

/// The story that every kind of store has to pass.
async fn check(store: &dyn Store) {
    assert_eq!(store.load().await.unwrap().next_room, RoomId(1));
    store.append(ROOM, rows(1..=3)).await.unwrap();
    store.append(RoomId(3), rows(1..=1)).await.unwrap();
    for seq in [0, 1, 2] {
        store.save_snapshot(ROOM, whole(seq)).await.unwrap();
    }
    assert_eq!(
        store.save_snapshot(ROOM, whole(4)).await,
        Err(StoreError::Gap),
        "of no row"
    );
    check_refused(store).await;
    assert_eq!(
        store.snapshots(ROOM).await.unwrap(),
        [whole(0), whole(2)],
        "first and newest"
    );

    let stored = store.load().await.unwrap();
    assert_eq!(stored.next_room, RoomId(8));
    assert_eq!(
        stored
            .rooms
            .iter()
            .map(|room| room.room)
            .collect::<Vec<_>>(),
        [RoomId(3), ROOM]
    );
    let room = store.load_room(ROOM).await.unwrap();
    assert_eq!(room, stored.rooms[1]);
    assert_eq!((room.snapshot.unwrap().seq, room.rows), (2, rows(3..=3)));

    assert_eq!(store.append(ROOM, rows(5..=6)).await, Err(StoreError::Gap));
    assert_eq!(store.append(ROOM, rows(3..=4)).await, Err(StoreError::Gap));
    assert_eq!(
        store.append(ROOM, vec![row(4), row(6)]).await,
        Err(StoreError::Gap)
    );
    assert_eq!(
        store.journal(ROOM, 0, 99).await.unwrap(),
        rows(1..=3),
        "a refusal keeps nothing"
    );
    assert_eq!(store.journal(ROOM, 2, 1).await.unwrap(), rows(2..=2));

    store.remove_room(ROOM, 1_000).await.unwrap();
    let stored = store.load().await.unwrap();
    assert_eq!(stored.rooms.len(), 1);
    assert_eq!(
        stored.next_room,
        RoomId(8),
        "an id is never handed out twice"
    );
    assert_eq!(
        store.journal(ROOM, 0, 99).await.unwrap().len(),
        3,
        "the journal outlives the room"
    );
    store.forget_ended_before(1_000).await.unwrap();
    assert_eq!(store.journal(ROOM, 0, 99).await.unwrap().len(), 3);
    store.forget_ended_before(1_001).await.unwrap();
    assert_eq!(store.journal(ROOM, 0, 99).await.unwrap(), []);
    assert_eq!(store.load().await.unwrap().next_room, RoomId(8));
    assert_eq!(store.rooms().await.unwrap(), [RoomId(3), ROOM]);
}

fn outgoing(room: &str, text: &str) -> OutgoingEvent {
    OutgoingEvent {
        room: room.into(),
        kind: "told".into(),
        at_ms: 5,
        bytes: text.into(),
    }
}

/// The texts of the events after a number, with their numbers.
async fn told(store: &dyn Store, room: Option<&str>, after: u64) -> Vec<(u64, String)> {
    let events = store.events_after(room, after, 3).await.unwrap();
    let told = events.iter().map(|kept| {
        let text = String::from_utf8(kept.event.bytes.clone()).unwrap();
        (kept.number, text)
    });
    told.collect()
}

fn numbered(all: &[(u64, &str)]) -> Vec<(u64, String)> {
    all.iter()
        .map(|(number, text)| (*number, (*text).to_owned()))
        .collect()
}

/// Events are kept with the rows that they follow from, or not at all, and numbered without a gap.
async fn check_events(store: &dyn Store) {
    let room = RoomId(50);
    let with = |rows, events| Change {
        rows,
        events,
        ..Change::default()
    };
    assert_eq!(told(store, None, 0).await, []);
    let events = vec![outgoing("a", "one"), outgoing("b", "two")];
    store.commit(room, with(rows(1..=1), events)).await.unwrap();
    let refused = with(rows(7..=7), vec![outgoing("a", "never")]);
    assert_eq!(store.commit(room, refused).await, Err(StoreError::Gap));
    let events = vec![outgoing("a", "three"), outgoing("a/", "four")];
    store.commit(room, with(rows(2..=2), events)).await.unwrap();
    let all = numbered(&[(1, "one"), (2, "two"), (3, "three")]);
    assert_eq!(told(store, None, 0).await, all);
    assert_eq!(told(store, None, 3).await, numbered(&[(4, "four")]));
    assert_eq!(told(store, None, 4).await, []);
    let of_a = numbered(&[(1, "one"), (3, "three")]);
    assert_eq!(told(store, Some("a"), 0).await, of_a);
    assert_eq!(told(store, Some("a"), 1).await, of_a[1..]);
    assert_eq!(told(store, Some("none"), 0).await, []);
    let before = store.outbox().await.unwrap();
    assert_eq!((before.first, before.next), (1, 5));

    store.forget_events_before(3).await.unwrap();
    let after = store.outbox().await.unwrap();
    assert_eq!((after.first, after.next), (3, 5));
    assert!(after.bytes < before.bytes && after.bytes > 0);
    assert_eq!(told(store, Some("a"), 0).await, of_a[1..]);
    store.forget_events_before(99).await.unwrap();
    let nothing = store.outbox().await.unwrap();
    assert_eq!((nothing.first, nothing.next, nothing.bytes), (5, 5, 0));

    let note = |key: &str, value: &str| (key.to_owned(), Some(value.as_bytes().to_vec()));
    let notes = vec![
        note("x/1", "p"),
        note("x/2", "q"),
        note("x/3", "r"),
        note("y/1", "s"),
    ];
    store.write_notes(notes).await.unwrap();
    store
        .write_notes(vec![("x/2".into(), None), note("x/3", "t")])
        .await
        .unwrap();
    let found = store.notes("x/", "", 9).await.unwrap();
    let expected = [
        ("x/1".to_owned(), b"p".to_vec()),
        ("x/3".to_owned(), b"t".to_vec()),
    ];
    assert_eq!(found, expected);
    assert_eq!(store.notes("x/", "x/1", 9).await.unwrap(), expected[1..]);
    assert_eq!(store.notes("x/", "", 1).await.unwrap(), expected[..1]);
}

#[path = "../../etcd/tests/members/mod.rs"]
mod members;

/// etcd, with this node as the owner of both rooms.
#[tokio::test]
async fn etcd_keeps_its_promises() {
    if !members::is_there() {
        return;
    }
    let etcd = members::Members::start(1, &[]).await;
    let coordinator = EtcdCoordinator::new(etcd.client(), NodeId(1));
    let life = Incarnation(members::nonce());
    let record = NodeRecord {
        incarnation: life,
        ..NodeRecord::default()
    };
    let renewed = coordinator.write(OwnerChange::Renew {
        record,
        expected: None,
    });
    assert!(matches!(renewed.await, Outcome::Written(_)));
    let store = EtcdStore::start(etcd.client(), None);
    for room in [RoomId(3), ROOM] {
        let take = OwnerChange::Take {
            room,
            expected: None,
            by: life,
        };
        let Outcome::Written(at) = coordinator.write(take).await else {
            panic!("nobody else takes rooms")
        };
        store.own(room, Term(at.0));
    }
    check(&store).await;

    // Another process on the same etcd goes on where this one ended.
    let (term, other) = (
        coordinator.read_owner(RoomId(3)).await,
        EtcdStore::start(etcd.client(), None),
    );
    other.own(RoomId(3), term.unwrap().0.unwrap().1);
    assert_eq!(other.load_room(RoomId(3)).await.unwrap().rows, rows(1..=1));
    assert_eq!(
        other.append(RoomId(3), rows(3..=3)).await,
        Err(StoreError::Gap)
    );
    other.append(RoomId(3), rows(2..=2)).await.unwrap();
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    check(&MemoryStore::new()).await;
    check_events(&MemoryStore::new()).await;
}

#[tokio::test]
async fn a_file_keeps_events_and_numbers_them_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rooms.redb");
    let store = RedbStore::open(&path, 1 << 20).unwrap();
    check_events(&store).await;
    drop(store);
    let store = RedbStore::open(&path, 1 << 20).unwrap();
    let change = Change {
        rows: rows(3..=3),
        events: vec![outgoing("a", "five")],
        ..Change::default()
    };
    store.commit(RoomId(50), change).await.unwrap();
    let five = numbered(&[(5, "five")]);
    assert_eq!(told(&store, None, 0).await, five, "read from the file");
    assert_eq!(told(&store, None, 4).await, five, "from the latest ones");
    assert_eq!(store.notes("y/", "", 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_keeps_its_promises_and_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/rooms.redb");
    let store = RedbStore::open(&path, 1 << 20).unwrap();
    check(&store).await;
    assert!(
        matches!(
            RedbStore::open(&path, 1 << 20),
            Err(StoreError::Unusable(_))
        ),
        "in use"
    );
    drop(store);
    let store = RedbStore::open(&path, 1 << 20).unwrap();
    assert_eq!(store.load_room(RoomId(3)).await.unwrap().rows, rows(1..=1));
    assert_eq!(
        store.append(RoomId(3), rows(3..=3)).await,
        Err(StoreError::Gap)
    );
    store.append(RoomId(3), rows(2..=2)).await.unwrap();
}

#[tokio::test]
async fn a_long_journal_is_shortened_and_can_be_replayed_from_what_is_left() {
    const BATCH: u64 = 4_000;
    let directory = tempfile::tempdir().unwrap();
    let store = RedbStore::open(&directory.path().join("rooms.redb"), 1 << 20).unwrap();
    store.save_snapshot(ROOM, whole(0)).await.unwrap();
    for first in (1..=240_000).step_by(BATCH as usize) {
        let last = first + BATCH - 1;
        let rows = (first..=last).map(|seq| Row {
            seq,
            bytes: vec![1],
        });
        store.append(ROOM, rows.collect()).await.unwrap();
        store.save_snapshot(ROOM, whole(last)).await.unwrap();
    }
    let rows = store.journal(ROOM, 0, usize::MAX).await.unwrap();
    let most = 2 * sideroom::store::JOURNAL_ROWS + BATCH;
    assert!(rows.len() as u64 <= most, "{} rows", rows.len());
    let snapshots = store.snapshots(ROOM).await.unwrap();
    let (oldest, newest) = (snapshots[0].seq, snapshots.last().unwrap().seq);
    assert!(oldest > 0 && rows[0].seq <= oldest + 1, "from {oldest} on");
    assert_eq!((newest, rows.last().unwrap().seq), (240_000, 240_000));
}

#[tokio::test]
async fn what_is_no_store_is_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rooms.redb");
    std::fs::write(&path, vec![7; 8192]).unwrap();
    let Err(error) = RedbStore::open(&path, 1 << 20) else {
        panic!("opened garbage")
    };
    assert!(!error.to_string().is_empty());
    assert_eq!(
        std::fs::read(&path).unwrap(),
        vec![7; 8192],
        "and left alone"
    );
}

/// Everything that waits shares a sync: a hundred rooms take far fewer syncs than requests.
#[tokio::test]
async fn waiting_requests_share_one_sync() {
    let disk = Disk::default();
    let store = disk.store();
    let before = disk.0.syncs.load(Ordering::SeqCst);
    let waiting: Vec<_> = (1..=2_000)
        .map(|n| {
            store.append(
                RoomId(n % 100),
                rows(1 + u64::from((n - 1) / 100)..=1 + u64::from((n - 1) / 100)),
            )
        })
        .collect();
    for committed in waiting {
        committed.await.unwrap();
    }
    let syncs = disk.0.syncs.load(Ordering::SeqCst) - before;
    assert!((1..200).contains(&syncs), "{syncs} syncs for 2000 requests");
}

/// After a failure every request fails until the disk works, and nothing refused is found later.
#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    let disk = Disk::default();
    let store = disk.store();
    store.append(ROOM, rows(1..=2)).await.unwrap();

    for (fault, error) in [
        (FULL, StoreError::Full),
        (READ_ONLY, StoreError::ReadOnly(String::new())),
    ] {
        disk.0.fault.store(fault, Ordering::SeqCst);
        let refused = store.append(ROOM, rows(3..=3)).await.unwrap_err();
        assert_eq!(
            std::mem::discriminant(&refused),
            std::mem::discriminant(&error),
            "{refused}"
        );
        assert!(store.append(ROOM, rows(4..=4)).await.is_err());
        disk.0.fault.store(NONE, Ordering::SeqCst);
        assert_eq!(store.load_room(ROOM).await.unwrap().rows, rows(1..=2));
        assert_eq!(store.append(ROOM, rows(4..=4)).await, Err(StoreError::Gap));
    }
    store.append(ROOM, rows(3..=4)).await.unwrap();
    assert_eq!(store.load_room(ROOM).await.unwrap().rows, rows(1..=4));
}

/// Power loss after any number of writes: answered writes are there, a batch is whole or absent.
#[tokio::test]
async fn whatever_was_answered_survives_power_loss_at_any_write() {
    for cut in 0..60 {
        let disk = Disk::default();
        let store = disk.store();
        disk.0.writes_left.store(cut, Ordering::SeqCst);
        let mut answered = 0;
        for batch in 0..20 {
            let first = batch * 3 + 1;
            match store.append(ROOM, rows(first..=first + 2)).await {
                Ok(()) => answered = first + 2,
                Err(_) => break,
            }
        }
        drop(store);
        let after = disk.after_power_loss();
        let kept = after.store().load_room(ROOM).await.unwrap().rows.len() as u64;
        assert!(
            kept >= answered && kept <= answered + 3 && kept.is_multiple_of(3),
            "cut {cut}: {kept} of {answered}"
        );
    }
}

const NONE: u8 = 0;
const FULL: u8 = 1;
const READ_ONLY: u8 = 2;

/// A disk that counts syncs, fails on demand and forgets unsynced writes.
#[derive(Clone, Default, Debug)]
struct Disk(Arc<Platter>);

#[derive(Debug)]
struct Platter {
    now: Mutex<Vec<u8>>,
    synced: Mutex<Vec<u8>>,
    syncs: AtomicI64,
    writes_left: AtomicI64,
    fault: AtomicU8,
}

impl Default for Platter {
    fn default() -> Self {
        Self {
            now: Mutex::default(),
            synced: Mutex::default(),
            syncs: AtomicI64::new(0),
            writes_left: AtomicI64::new(i64::MAX),
            fault: AtomicU8::new(NONE),
        }
    }
}

impl Disk {
    fn store(&self) -> RedbStore {
        let disk = self.clone();
        RedbStore::on_backend(move || disk.clone()).unwrap()
    }

    fn after_power_loss(&self) -> Self {
        let synced = self.0.synced.lock().unwrap().clone();
        Self(Arc::new(Platter {
            now: Mutex::new(synced.clone()),
            synced: Mutex::new(synced),
            ..Platter::default()
        }))
    }

    fn change(&self) -> Result<(), Error> {
        if self.0.writes_left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(Error::other("no power"));
        }
        match self.0.fault.load(Ordering::SeqCst) {
            NONE => Ok(()),
            FULL => Err(ErrorKind::StorageFull.into()),
            _ => Err(ErrorKind::ReadOnlyFilesystem.into()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.0.now.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let at = offset as usize;
        out.copy_from_slice(&self.0.now.lock().unwrap()[at..at + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.change()?;
        self.0.now.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.change()?;
        self.0.syncs.fetch_add(1, Ordering::SeqCst);
        *self.0.synced.lock().unwrap() = self.0.now.lock().unwrap().clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.change()?;
        let at = offset as usize;
        self.0.now.lock().unwrap()[at..at + data.len()].copy_from_slice(data);
        Ok(())
    }
}

//! Journals in a real etcd: fenced, whole or absent, and found again after whatever happens to etcd.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod members;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use members::{Members, Passage, Road, until};
use sideroom_cluster::{Incarnation, NodeId, NodeRecord, Outcome, Term};
use sideroom_etcd::{CommitObserver, Coordinator, Etcd, EtcdCoordinator, EtcdOptions, EtcdStore};
use sideroom_route::RoomId;
use sideroom_store::{Change, Row, Store, StoreError};

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

/// A node that lives, and can take rooms.
struct Node {
    coordinator: EtcdCoordinator,
    store: EtcdStore,
    life: Incarnation,
}

impl Node {
    async fn start(etcd: Etcd, id: u16) -> Self {
        let node = Self {
            coordinator: EtcdCoordinator::new(etcd.clone(), NodeId(id)),
            store: EtcdStore::start(etcd, None),
            life: Incarnation(members::nonce()),
        };
        let renew = || {
            node.coordinator.write(sideroom_cluster::Change::Renew {
                record: NodeRecord {
                    incarnation: node.life,
                    renewal: 1,
                    ..NodeRecord::default()
                },
                expected: None,
            })
        };
        // Without an answer, or refused because an earlier one was written: etcd knows.
        loop {
            let outcome = renew().await;
            if matches!(outcome, Outcome::Written(_)) {
                break;
            }
            let found = node.coordinator.read_node(NodeId(id)).await.unwrap();
            if found.is_some_and(|(record, _)| record.incarnation == node.life) {
                break;
            }
            assert_eq!(outcome, Outcome::Unknown, "another node has this name");
        }
        node
    }

    async fn take(&self, room: RoomId, expected: Option<Term>) -> Term {
        let take = || {
            self.coordinator.write(sideroom_cluster::Change::Take {
                room,
                expected,
                by: self.life,
            })
        };
        let term = loop {
            let outcome = take().await;
            if let Outcome::Written(revision) = outcome {
                break Term(revision.0);
            }
            let (owner, _) = self.coordinator.read_owner(room).await.unwrap();
            if let Some((_, term)) = owner.filter(|(owner, _)| owner.incarnation == self.life) {
                break term;
            }
            assert_eq!(outcome, Outcome::Unknown, "another node has the room");
        };
        self.store.own(room, term);
        term
    }
}

#[tokio::test]
async fn a_deposed_owner_can_neither_append_nor_read_what_the_next_one_writes() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let (a, b) = (
        Node::start(etcd.client(), 1).await,
        Node::start(etcd.client(), 2).await,
    );
    assert_eq!(
        a.store.append(ROOM, rows(1..=1)).await,
        Err(StoreError::NotOwner),
        "of nobody"
    );
    let first = a.take(ROOM, None).await;
    a.store.append(ROOM, rows(1..=2)).await.unwrap();
    let second = b.take(ROOM, Some(first)).await;
    assert!(second > first);

    assert_eq!(
        a.store.append(ROOM, rows(3..=3)).await,
        Err(StoreError::NotOwner)
    );
    b.store.append(ROOM, rows(3..=3)).await.unwrap();
    assert_eq!(
        a.store.append(ROOM, rows(4..=4)).await,
        Err(StoreError::NotOwner)
    );
    assert_eq!(a.store.load_room(ROOM).await, Err(StoreError::NotOwner));
    assert_eq!(b.store.load_room(ROOM).await.unwrap().rows, rows(1..=3));

    // The node takes it back; a task of its first term is still fenced.
    let earlier = a.store.under(ROOM, first);
    let third = a.take(ROOM, Some(second)).await;
    assert_eq!(
        earlier.append(ROOM, rows(4..=4)).await,
        Err(StoreError::NotOwner)
    );
    a.store
        .under(ROOM, third)
        .append(ROOM, rows(4..=4))
        .await
        .unwrap();
    a.store.disown(ROOM, first);
    a.store.append(ROOM, rows(5..=5)).await.unwrap();
    a.store.disown(ROOM, third);
    assert_eq!(
        a.store.append(ROOM, rows(6..=6)).await,
        Err(StoreError::NotOwner)
    );
    assert_eq!(b.store.journal(ROOM, 0, 99).await.unwrap(), rows(1..=5));
}

#[tokio::test]
async fn a_write_from_before_a_room_was_read_again_fails() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let node = Node::start(etcd.client(), 1).await;
    let term = node.take(ROOM, None).await;
    node.store.append(ROOM, rows(1..=1)).await.unwrap();
    // Another writer of the same owner stands for a transaction of it that is late.
    let late = EtcdStore::start(etcd.client(), None).under(ROOM, term);
    late.append(ROOM, rows(2..=2)).await.unwrap();
    assert_eq!(node.store.load_room(ROOM).await.unwrap().rows, rows(1..=2));
    assert_eq!(late.append(ROOM, rows(3..=3)).await, Err(StoreError::Gap));
    node.store.append(ROOM, rows(3..=3)).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_found_out() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let road = Road::to(&etcd.urls[0]).await;
    let over = |endpoints: Vec<String>, patience| EtcdOptions {
        endpoints,
        patience,
        ..etcd.options()
    };
    let direct = Node::start(etcd.client(), 1).await;
    let term = direct.take(ROOM, None).await;

    // With another way to etcd: the second attempt finds that the first was done.
    let both = over(
        vec![road.url.clone(), etcd.urls[0].clone()],
        members::SLOWEST,
    );
    let store = EtcdStore::start(Etcd::new(both).unwrap(), None).under(ROOM, term);
    store.append(ROOM, rows(1..=1)).await.unwrap();
    road.set(Passage::NoAnswers);
    store.append(ROOM, rows(2..=3)).await.unwrap();
    assert_eq!(store.load_room(ROOM).await.unwrap().rows, rows(1..=3));

    // Without one: the caller is told that it failed, and the room is read before it goes on.
    road.set(Passage::All);
    let one = over(vec![road.url.clone()], Duration::from_secs(5));
    let store = EtcdStore::start(Etcd::new(one).unwrap(), None).under(ROOM, term);
    store.append(ROOM, rows(4..=4)).await.unwrap();
    road.set(Passage::NoAnswers);
    let failed = store.append(ROOM, rows(5..=5)).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert!(store.trouble().is_some());
    road.set(Passage::Nothing);
    let at_once = store.append(ROOM, rows(6..=6)).await;
    assert!(matches!(at_once, Err(StoreError::Failed(_))), "{at_once:?}");
    road.set(Passage::All);
    until("it works again", || store.trouble().is_none()).await;
    let kept = store.load_room(ROOM).await.unwrap().rows;
    assert_eq!(kept, direct.store.journal(ROOM, 0, 99).await.unwrap());
    assert_eq!(kept, rows(1..=5), "etcd had it before the answer got lost");
    store.append(ROOM, rows(6..=6)).await.unwrap();
}

#[tokio::test]
async fn a_member_that_is_killed_and_comes_back_has_everything_that_was_answered() {
    if !members::is_there() {
        return;
    }
    let mut etcd = Members::start(1, &[]).await;
    let options = EtcdOptions {
        patience: Duration::from_secs(5),
        ..etcd.options()
    };
    let node = Node::start(Etcd::new(options).unwrap(), 1).await;
    node.take(ROOM, None).await;
    node.store.append(ROOM, rows(1..=3)).await.unwrap();
    etcd.kill(0).await;
    let failed = node.store.append(ROOM, rows(4..=4)).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert!(node.store.load_room(ROOM).await.is_err());
    etcd.run(0);
    until("it works again", || node.store.trouble().is_none()).await;
    assert_eq!(node.store.load_room(ROOM).await.unwrap().rows, rows(1..=3));
    node.store.append(ROOM, rows(4..=5)).await.unwrap();
}

/// Each member in turn, the leader first, dies or stands still while rows are written.
#[tokio::test]
async fn three_members_lose_one_after_the_other_and_no_row() {
    if !members::is_there() {
        return;
    }
    let mut etcd = Members::start(3, &[]).await;
    let node = Node::start(etcd.client(), 1).await;
    node.take(ROOM, None).await;
    let mut seq = 0;
    let mut append = async |count: u64| {
        for _ in 0..count {
            seq += 1;
            node.store.append(ROOM, rows(seq..=seq)).await.unwrap();
        }
    };
    append(5).await;
    for _ in 0..2 {
        let leader = etcd.leader().await;
        etcd.kill(leader).await;
        append(5).await;
        etcd.run(leader);
        append(5).await;
        let leader = etcd.leader().await;
        etcd.signal(leader, "-STOP").await;
        append(5).await;
        etcd.signal(leader, "-CONT").await;
        append(5).await;
    }
    assert_eq!(
        node.store.journal(ROOM, 0, usize::MAX).await.unwrap(),
        rows(1..=45)
    );
}

#[tokio::test]
async fn a_used_up_quota_is_told_apart_and_leaves_when_there_is_space_again() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &["--quota-backend-bytes=4000000"]).await;
    let node = Node::start(etcd.client(), 1).await;
    node.take(ROOM, None).await;
    node.store.append(ROOM, rows(1..=1)).await.unwrap();
    let whole = |_: u64| Row {
        seq: 1,
        bytes: vec![7; 300_000],
    };
    let mut refused = None;
    for attempt in 0..40 {
        refused = node.store.save_snapshot(ROOM, whole(attempt)).await.err();
        if refused.is_some() {
            break;
        }
    }
    assert_eq!(refused, Some(StoreError::Quota));
    assert_eq!(
        node.store.append(ROOM, rows(2..=2)).await,
        Err(StoreError::Quota),
        "at once"
    );
    assert!(node.store.trouble().unwrap().contains("quota"));
    assert_eq!(
        etcd.client().alarms().await.unwrap(),
        [sideroom_etcd::Alarm::NoSpace]
    );
    let stored = node.store.snapshots(ROOM).await.unwrap();
    assert_eq!(stored, [whole(0)], "it can be read");

    let revision = etcd.client().members().await.remove(0).1.unwrap().revision;
    etcd.ctl(&["compact", &revision.to_string()]).await.unwrap();
    etcd.ctl(&["defrag"]).await.unwrap();
    etcd.ctl(&["alarm", "disarm"]).await.unwrap();
    until("it works again", || node.store.trouble().is_none()).await;
    assert_eq!(
        node.store.load_room(ROOM).await.unwrap().snapshot,
        Some(whole(0))
    );
    node.store.append(ROOM, rows(2..=2)).await.unwrap();
    assert_eq!(etcd.client().alarms().await.unwrap(), []);
}

#[derive(Default)]
struct Counter {
    commits: AtomicUsize,
    changes: AtomicUsize,
}

impl CommitObserver for Counter {
    fn handle_commit(&self, _: Duration, changes: usize, _: u64) {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.changes.fetch_add(changes, Ordering::SeqCst);
    }

    fn handle_failure(&self, _: usize) {}
}

/// Many rooms share transactions; one that is fenced fails alone; a change too large for etcd is kept whole.
#[tokio::test]
async fn changes_share_transactions_and_large_ones_take_several() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let node = Node::start(etcd.client(), 1).await;
    let counter = Arc::new(Counter::default());
    let store = EtcdStore::start(
        etcd.client(),
        Some(Arc::clone(&counter) as Arc<dyn CommitObserver>),
    );
    for id in 1..=200 {
        let term = node.take(RoomId(id), None).await;
        store.own(RoomId(id), if id == 50 { Term(1) } else { term });
    }
    let waiting: Vec<_> = (1..=3)
        .flat_map(|seq| (1..=200).map(move |id| (id, seq)))
        .collect();
    let waiting: Vec<_> = waiting
        .into_iter()
        .map(|(id, seq)| (id, store.append(RoomId(id), rows(seq..=seq))))
        .collect();
    for (id, committed) in waiting {
        let expected = if id == 50 {
            Err(StoreError::NotOwner)
        } else {
            Ok(())
        };
        assert_eq!(committed.await, expected, "room {id}");
    }
    let commits = counter.commits.load(Ordering::SeqCst);
    assert_eq!(counter.changes.load(Ordering::SeqCst), 597);
    assert!(commits < 100, "{commits} transactions for 600 changes");

    let large = Change {
        rows: (4..=400)
            .map(|seq| Row {
                seq,
                bytes: vec![1; 5_000],
            })
            .collect(),
        snapshot: Some(Row {
            seq: 400,
            bytes: (0..3_000_000).map(|at| at as u8).collect(),
        }),
        ended_at_ms: None,
        events: Vec::new(),
    };
    store.commit(RoomId(1), large.clone()).await.unwrap();
    let read = store.load_room(RoomId(1)).await.unwrap();
    assert_eq!((read.snapshot, read.rows.len()), (large.snapshot, 0));
    let kept = store.journal(RoomId(1), 4, usize::MAX).await.unwrap();
    assert_eq!(kept, large.rows);
}

#[tokio::test]
async fn a_long_journal_is_shortened_and_can_be_replayed_from_what_is_left() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let options = EtcdOptions {
        journal_rows: 100,
        ..etcd.options()
    };
    let node = Node::start(Etcd::new(options).unwrap(), 1).await;
    node.take(ROOM, None).await;
    let whole = |seq| Row {
        seq,
        bytes: vec![9],
    };
    node.store.save_snapshot(ROOM, whole(0)).await.unwrap();
    for first in (1..=1_000).step_by(50) {
        let last = first + 49;
        node.store.append(ROOM, rows(first..=last)).await.unwrap();
        node.store.save_snapshot(ROOM, whole(last)).await.unwrap();
    }
    let kept = node.store.journal(ROOM, 0, usize::MAX).await.unwrap();
    assert!(kept.len() <= 250, "{} rows", kept.len());
    let snapshots = node.store.snapshots(ROOM).await.unwrap();
    let (oldest, newest) = (snapshots[0].seq, snapshots.last().unwrap().seq);
    assert!(oldest > 0 && kept[0].seq <= oldest + 1, "from {oldest} on");
    assert_eq!((newest, kept.last().unwrap().seq), (1_000, 1_000));
    let keys = etcd
        .ctl(&["get", "--prefix", "--keys-only", "/sideroom/rows/"])
        .await
        .unwrap();
    let left = keys.lines().filter(|line| !line.is_empty()).count();
    assert_eq!(left, kept.len(), "nothing is left behind");
}

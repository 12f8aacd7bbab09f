//! Owners and nodes in a real etcd: conditions, watches that resume, numbers that nobody gets twice.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod members;

use std::collections::BTreeSet;
use std::time::Duration;

use members::{Members, Passage, Road, SLOWEST};
use sideroom_cluster::{
    Change, Incarnation, NodeId, NodeRecord, Outcome, OwnerRecord, Revision, Term,
};
use sideroom_etcd::{
    CompactionOutcome, Coordinator, Etcd, EtcdCoordinator, EtcdOptions, Seen, compact_now,
};
use sideroom_route::RoomId;
use tokio::sync::mpsc;

const ROOM: RoomId = RoomId(7);
const LIFE: Incarnation = Incarnation(11);

fn record(life: Incarnation, renewal: u64) -> NodeRecord {
    NodeRecord {
        incarnation: life,
        renewal,
        knows: [NodeId(1), NodeId(2)].into(),
        deposed: false,
    }
}

async fn written(coordinator: &EtcdCoordinator, change: Change) -> Revision {
    match coordinator.write(change.clone()).await {
        Outcome::Written(revision) => revision,
        other => panic!("{change:?}: {other:?}"),
    }
}

async fn refused(coordinator: &EtcdCoordinator, change: Change) {
    assert_eq!(
        coordinator.write(change.clone()).await,
        Outcome::Refused,
        "{change:?}"
    );
}

const fn renew(record: NodeRecord, expected: Option<Revision>) -> Change {
    Change::Renew { record, expected }
}

const fn take(expected: Option<Term>, by: Incarnation) -> Change {
    Change::Take {
        room: ROOM,
        expected,
        by,
    }
}

type Nodes = Vec<(NodeId, NodeRecord, Revision)>;
type Owners = Vec<(RoomId, OwnerRecord, Term)>;

/// The nodes and owners of a watch that reads everything again.
fn everything(seen: Seen) -> (Nodes, Owners, Revision) {
    match seen {
        Seen::All {
            nodes,
            owners,
            as_of,
            ..
        } => (nodes, owners, as_of),
        seen => panic!("everything is read again, not {seen:?}"),
    }
}

#[tokio::test]
async fn every_write_compares_what_it_replaces_and_who_lives() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let [a, b] = [1, 2].map(|id| EtcdCoordinator::new(etcd.client(), NodeId(id)));
    let other = Incarnation(22);
    refused(&a, take(None, LIFE)).await;
    let first = written(&a, renew(record(LIFE, 1), None)).await;
    refused(&a, renew(record(LIFE, 2), None)).await;
    let second = written(&a, renew(record(LIFE, 2), Some(first))).await;
    refused(&a, renew(record(LIFE, 3), Some(first))).await;
    assert_eq!(
        a.read_node(NodeId(1)).await,
        Ok(Some((record(LIFE, 2), second)))
    );
    assert_eq!(a.read_node(NodeId(2)).await, Ok(None));
    let of_b = written(&b, renew(record(other, 1), None)).await;

    refused(&a, take(None, other)).await;
    let term = Term(written(&a, take(None, LIFE)).await.0);
    refused(&b, take(None, other)).await;
    let owner = |node, incarnation| OwnerRecord {
        node: NodeId(node),
        incarnation,
    };
    let (read, _) = b.read_owner(ROOM).await.unwrap();
    assert_eq!(read, Some((owner(1, LIFE), term)));
    let hand_over = |expected, to| Change::HandOver {
        room: ROOM,
        expected,
        to,
    };
    refused(&a, hand_over(term, owner(2, LIFE))).await;
    let handed = Term(written(&a, hand_over(term, owner(2, other))).await.0);
    refused(&a, hand_over(term, owner(2, other))).await;
    assert_eq!(
        b.read_owner(ROOM).await.unwrap().0,
        Some((owner(2, other), handed))
    );

    let depose = |expected, by, helper| Change::Depose {
        node: NodeId(2),
        expected,
        by,
        helper,
    };
    refused(&a, depose(first, LIFE, None)).await;
    refused(&a, depose(of_b, Incarnation(9), None)).await;
    refused(&a, depose(of_b, LIFE, Some((NodeId(3), LIFE)))).await;
    let deposed = written(&a, depose(of_b, LIFE, Some((NodeId(1), LIFE)))).await;
    let (after, at) = a.read_node(NodeId(2)).await.unwrap().unwrap();
    assert_eq!(
        (after.deposed, after.incarnation, at),
        (true, other, deposed)
    );
    refused(&b, renew(record(other, 2), Some(of_b))).await;
    refused(&b, take(Some(handed), other)).await;
    written(&a, take(Some(handed), LIFE)).await;
    // Another life of the deposed node begins where it ended.
    written(&b, renew(record(Incarnation(23), 1), Some(deposed))).await;
}

#[tokio::test]
async fn a_write_without_an_answer_is_unknown() {
    if !members::is_there() {
        return;
    }
    let mut etcd = Members::start(1, &[]).await;
    let coordinator = EtcdCoordinator::new(etcd.client(), NodeId(1));
    let first = written(&coordinator, renew(record(LIFE, 1), None)).await;
    let options = EtcdOptions {
        write_attempt: Duration::from_millis(300),
        ..etcd.options()
    };
    let brief = EtcdCoordinator::new(Etcd::new(options).unwrap(), NodeId(1));
    etcd.signal(0, "-STOP").await;
    let outcome = brief.write(renew(record(LIFE, 2), Some(first))).await;
    assert_eq!(outcome, Outcome::Unknown);
    etcd.signal(0, "-CONT").await;
    etcd.kill(0).await;
    let outcome = brief.write(renew(record(LIFE, 2), Some(first))).await;
    assert_eq!(outcome, Outcome::Unknown);
}

async fn next(watch: &mut mpsc::Receiver<Seen>) -> Seen {
    let seen = tokio::time::timeout(SLOWEST, watch.recv()).await;
    seen.expect("the watch says nothing")
        .expect("the watch has ended")
}

#[tokio::test]
async fn a_watch_resumes_where_it_broke_and_reads_again_what_was_compacted() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let road = Road::to(&etcd.urls[0]).await;
    let options = EtcdOptions {
        endpoints: vec![road.url.clone()],
        ..etcd.options()
    };
    let direct = EtcdCoordinator::new(etcd.client(), NodeId(1));
    let mut at = written(&direct, renew(record(LIFE, 1), None)).await;
    let watcher = EtcdCoordinator::new(Etcd::new(options).unwrap(), NodeId(2));
    let mut watch = watcher.watch();
    let Seen::All { nodes, owners, .. } = next(&mut watch).await else {
        panic!("everything comes first")
    };
    assert_eq!(
        (nodes, owners),
        (vec![(NodeId(1), record(LIFE, 1), at)], vec![])
    );
    let term = Term(written(&direct, take(None, LIFE)).await.0);
    let owner = OwnerRecord {
        node: NodeId(1),
        incarnation: LIFE,
    };
    assert_eq!(next(&mut watch).await, Seen::Owner(ROOM, owner, term));

    // It breaks; what happens meanwhile comes in order afterwards.
    for passage in [Passage::Nothing, Passage::NoAnswers] {
        road.set(passage);
        let mut meanwhile = Vec::new();
        for renewal in 2..5 {
            at = written(&direct, renew(record(LIFE, renewal), Some(at))).await;
            meanwhile.push(Seen::Node(NodeId(1), Some(record(LIFE, renewal)), at));
        }
        if passage == Passage::NoAnswers {
            // The connection ends with everything that it has lost.
            road.set(Passage::Nothing);
        }
        road.set(Passage::All);
        for expected in meanwhile {
            assert_eq!(next(&mut watch).await, expected);
        }
    }

    road.set(Passage::Nothing);
    for renewal in 5..9 {
        at = written(&direct, renew(record(LIFE, renewal), Some(at))).await;
    }
    etcd.ctl(&["del", "/sideroom/cluster/owners/0000000007"])
        .await
        .unwrap();
    let now = etcd.client().members().await.remove(0).1.unwrap().revision;
    etcd.ctl(&["compact", &now.to_string()]).await.unwrap();
    road.set(Passage::All);
    let (nodes, owners, as_of) = everything(next(&mut watch).await);
    assert_eq!(
        (nodes, owners),
        (vec![(NodeId(1), record(LIFE, 8), at)], vec![])
    );
    assert!(as_of.0 >= now);
    let term = Term(written(&direct, take(None, LIFE)).await.0);
    assert_eq!(next(&mut watch).await, Seen::Owner(ROOM, owner, term));
    etcd.ctl(&["del", "/sideroom/cluster/owners/0000000007"])
        .await
        .unwrap();
    assert!(matches!(next(&mut watch).await, Seen::NoOwner(ROOM, at) if at.0 > term.0));
}

#[tokio::test]
async fn a_watch_leaves_a_member_that_stands_still() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(3, &[]).await;
    let watcher = EtcdCoordinator::new(etcd.client(), NodeId(2));
    let direct = EtcdOptions {
        endpoints: etcd.urls[1..].to_vec(),
        write_attempt: Duration::from_secs(2),
        ..etcd.options()
    };
    let direct = EtcdCoordinator::new(Etcd::new(direct).unwrap(), NodeId(1));
    let mut watch = watcher.watch();
    assert!(matches!(next(&mut watch).await, Seen::All { .. }));
    etcd.signal(0, "-STOP").await;
    let at = loop {
        // The others may have to elect a leader first.
        match direct.write(renew(record(LIFE, 1), None)).await {
            Outcome::Written(at) => break at,
            Outcome::Unknown => {}
            Outcome::Refused => break direct.read_node(NodeId(1)).await.unwrap().unwrap().1,
        }
    };
    assert_eq!(
        next(&mut watch).await,
        Seen::Node(NodeId(1), Some(record(LIFE, 1)), at)
    );
    etcd.signal(0, "-CONT").await;
}

#[tokio::test]
async fn no_room_id_is_given_out_twice() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let nodes = (1..=4).map(|id| EtcdCoordinator::new(etcd.client(), NodeId(id)));
    let tasks = nodes.map(|node| {
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..10 {
                ids.push(node.allot_rooms(3).await.unwrap().0);
            }
            ids
        })
    });
    let mut all = BTreeSet::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.unwrap());
    }
    // An answer that comes late wastes ids, so there may be gaps.
    assert_eq!(all.len(), 40);
    let apart = all.iter().zip(all.iter().skip(1)).all(|(a, b)| b - a >= 3);
    assert!(apart, "{all:?}");
}

#[tokio::test]
async fn one_node_compacts_for_all_and_keeps_the_last_interval() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let options = EtcdOptions {
        attempt: SLOWEST,
        ..etcd.options()
    };
    let client = Etcd::new(options).unwrap();
    let coordinator = EtcdCoordinator::new(client.clone(), NodeId(1));
    let mut at = written(&coordinator, renew(record(LIFE, 1), None)).await;
    let (mut a, mut b) = (None, None);
    assert_eq!(
        compact_now(&client, &mut a).await,
        Ok(CompactionOutcome::Noted)
    );
    assert_eq!(
        compact_now(&client, &mut b).await,
        Ok(CompactionOutcome::Left)
    );
    for renewal in 2..6 {
        at = written(&coordinator, renew(record(LIFE, renewal), Some(at))).await;
    }
    let done = compact_now(&client, &mut a).await.unwrap();
    let CompactionOutcome::Compacted(before) = done else {
        panic!("{done:?}")
    };
    assert!(before < at.0);
    assert_eq!(
        compact_now(&client, &mut b).await,
        Ok(CompactionOutcome::Left)
    );
    let history = |revision: u64| {
        let revision = format!("--rev={revision}");
        let etcd = &etcd;
        async move { etcd.ctl(&["get", "/sideroom/meta/probe", &revision]).await }
    };
    assert!(history(before - 1).await.unwrap_err().contains("compacted"));
    assert!(history(before + 1).await.is_ok());
}

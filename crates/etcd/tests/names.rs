//! Names of rooms and numbers of nodes in a real etcd: each name is one room's at a time, each node keeps its number.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod members;

use members::{Members, SLOWEST};
use sideroom_cluster::{Change, Incarnation, NodeId, NodeRecord, Outcome, Term};
use sideroom_etcd::{
    Coordinator, EtcdCoordinator, EtcdStore, Registration, Seen, register, registrations,
};
use sideroom_route::RoomId;
use sideroom_store::{Row, Store, StoreError};

const LIFE: Incarnation = Incarnation(11);

async fn written(coordinator: &EtcdCoordinator, change: Change) -> u64 {
    match coordinator.write(change.clone()).await {
        Outcome::Written(revision) => revision.0,
        other => panic!("{change:?}: {other:?}"),
    }
}

/// A node that lives, and owns this room.
async fn owner(etcd: &Members, room: RoomId) -> (EtcdCoordinator, Term) {
    let node = EtcdCoordinator::new(etcd.client(), NodeId(1));
    let record = NodeRecord {
        incarnation: LIFE,
        ..NodeRecord::default()
    };
    let known = node.read_node(NodeId(1)).await.unwrap();
    let expected = known.map(|(_, revision)| revision);
    written(&node, Change::Renew { record, expected }).await;
    let take = Change::Take {
        room,
        expected: None,
        by: LIFE,
    };
    let term = Term(written(&node, take).await);
    (node, term)
}

fn row(seq: u64) -> Row {
    let bytes = vec![1, 2, 3];
    Row { seq, bytes }
}

#[tokio::test]
async fn a_name_is_one_rooms_until_that_room_ends() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let (first, next) = (RoomId(1), RoomId(2));
    let (node, term) = owner(&etcd, first).await;
    let name = "Math 101/ä";
    assert_eq!(node.read_name(name).await, Ok(None));
    assert_eq!(node.claim_name(name, first).await, Ok(first));
    assert_eq!(node.claim_name(name, first).await, Ok(first), "sent twice");
    assert_eq!(node.claim_name(name, next).await, Ok(first));
    let mut watch = node.watch();
    let seen = tokio::time::timeout(SLOWEST, watch.recv()).await;
    let Some(Seen::All { names, .. }) = seen.unwrap() else {
        panic!("everything comes first");
    };
    assert_eq!(names, [(name.to_owned(), first)]);

    let store = EtcdStore::start(etcd.client(), None);
    store.own_named(first, term, name);
    store.save_snapshot(first, row(0)).await.unwrap();
    assert_eq!(node.read_name(name).await, Ok(Some(first)));
    store.remove_room(first, 1).await.unwrap();
    assert_eq!(
        node.read_name(name).await,
        Ok(None),
        "freed as the room ended"
    );
    assert_eq!(node.claim_name(name, next).await, Ok(next));
    // The room has no owner any more: ending it again does not take the name of the next.
    assert_eq!(store.remove_room(first, 2).await, Err(StoreError::NotOwner));
    assert_eq!(node.release(first, term, name).await, Ok(false));
    assert_eq!(node.read_name(name).await, Ok(Some(next)));
    let freed = async {
        while watch.recv().await != Some(Seen::Name(name.into(), None)) {}
        while watch.recv().await != Some(Seen::Name(name.into(), Some(next))) {}
    };
    tokio::time::timeout(SLOWEST, freed).await.unwrap();
}

#[tokio::test]
async fn a_claimed_room_that_is_never_made_is_given_up() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let room = RoomId(7);
    let (node, term) = owner(&etcd, room).await;
    node.claim_name("math", room).await.unwrap();
    assert_eq!(
        node.release(room, Term(term.0 + 1), "math").await,
        Ok(false)
    );
    assert_eq!(node.read_name("math").await, Ok(Some(room)));
    assert_eq!(node.release(room, term, "math").await, Ok(true));
    assert_eq!(node.read_name("math").await, Ok(None));
    assert_eq!(node.read_owner(room).await.unwrap().0, None);
    // A room that has lost its name to another is given up without it.
    let (node, term) = owner(&etcd, room).await;
    node.claim_name("math", RoomId(8)).await.unwrap();
    assert_eq!(node.release(room, term, "math").await, Ok(true));
    assert_eq!(node.read_name("math").await, Ok(Some(RoomId(8))));
    assert_eq!(node.read_owner(room).await.unwrap().0, None);
}

#[tokio::test]
async fn a_node_keeps_its_number_and_no_two_have_one() {
    if !members::is_there() {
        return;
    }
    let etcd = Members::start(1, &[]).await;
    let node = |name: &str, address: &str| Registration {
        name: name.into(),
        address: address.into(),
        ..Registration::default()
    };
    let client = etcd.client();
    let names = ["a", "b", "c", "d"].map(|name| node(name, "10.0.0.1:1"));
    let numbers = futures_util::future::join_all(names.iter().map(|it| register(&client, it)));
    let mut numbers: Vec<_> = numbers.await.into_iter().map(|it| it.unwrap().0).collect();
    let of_a = numbers[0];
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let moved = node("a", "10.0.0.9:2");
    assert_eq!(register(&client, &moved).await, Ok(NodeId(of_a)));
    let all = registrations(&client).await.unwrap();
    let (_, found, _) = all.iter().find(|(node, ..)| node.0 == of_a).unwrap();
    assert_eq!((found, all.len()), (&moved, 4));
}

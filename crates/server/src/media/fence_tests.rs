//! Tests: a fenced worker is given its orders, and nobody waits for it.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use sideroom_net::{Port, PortOptions};
use sideroom_plane::Order;
use sideroom_route::{Epoch, ParticipantId, RoomId, RouteUpdate, WorkerId};
use sideroom_session::sdp::Offer;
use sideroom_session::{IceCredentials, RoomCodecs};

use super::command::WorkerCommand;
use super::spawner::{Spawner, WorkerHandle};
use super::transports::Transports;
use super::{Connect, MediaPlane, PublishedCounts};

const OFFER: &str = include_str!("../../../session/tests/offers/chromium156-recvonly.sdp");
const ROOM: RoomId = RoomId(1);

/// A worker that carries out no orders.
fn idle_worker() -> (WorkerHandle, Receiver<WorkerCommand>) {
    let (commands, orders) = sync_channel(64);
    let port = Port::bind("127.0.0.1:0".parse().unwrap(), &PortOptions::default()).unwrap();
    let worker = WorkerHandle {
        commands,
        waker: port.waker(),
        address: port.local_addr(),
        transports: Arc::new(Transports::of_tests()),
        counts: Arc::new(PublishedCounts::default()),
        heartbeat: Arc::default(),
        fence: Arc::default(),
        thread: None,
    };
    (worker, orders)
}

/// A plane whose only worker takes no orders, with somebody on it.
fn stuck() -> (Arc<MediaPlane>, Arc<super::Fence>, Receiver<WorkerCommand>) {
    let (worker, orders) = idle_worker();
    let fence = Arc::clone(&worker.fence);
    let plane = Arc::new(MediaPlane::new(Spawner::of_tests(), vec![worker]));
    drop(Arc::clone(&plane).connect(connect(1)));
    (plane, fence, orders)
}

fn connect(index: u32) -> Connect {
    Connect {
        participant: ParticipantId::new(ROOM, index),
        offer: Arc::new(Offer::parse(OFFER).unwrap()),
        hints: Vec::new(),
        codecs: RoomCodecs::default(),
        tracks: Vec::new(),
        credentials: IceCredentials {
            ufrag: "ours".into(),
            password: "a-password-of-the-server".into(),
        },
        seed: 1,
    }
}

fn connects(orders: &Receiver<WorkerCommand>) -> usize {
    let orders = orders.try_iter();
    orders
        .filter(|order| matches!(order, WorkerCommand::Connect(..)))
        .count()
}

#[test]
fn newcomers_are_not_placed_on_a_fenced_worker() {
    let (workers, orders): (Vec<_>, Vec<_>) = (0..2).map(|_| idle_worker()).unzip();
    let plane = Arc::new(MediaPlane::new(Spawner::of_tests(), workers));
    let given = || -> Vec<_> { orders.iter().map(connects).collect() };
    drop(Arc::clone(&plane).connect(connect(1)));
    assert_eq!(given(), [1, 0]);
    plane.fence(&[WorkerId(0)]);
    drop(Arc::clone(&plane).connect(connect(2)));
    assert_eq!(given(), [0, 1], "the room spreads to a worker that obeys");
    plane.fence(&[WorkerId(1)]);
    drop(Arc::clone(&plane).connect(connect(3)));
    assert_eq!(given().iter().sum::<usize>(), 1, "no other worker is there");
}

fn update(epoch: u64) -> Arc<RouteUpdate> {
    Arc::new(RouteUpdate {
        room: ROOM,
        after: Epoch(epoch - 1),
        epoch: Epoch(epoch),
        max_active_talkers: None,
        tracks: Vec::new(),
        routes: Vec::new(),
    })
}

fn epochs(orders: &Receiver<WorkerCommand>) -> Vec<u64> {
    let applied = orders.try_iter().filter_map(|order| match order {
        WorkerCommand::Order(Order::Apply(update), _) => Some(update.epoch.0),
        _ => None,
    });
    applied.collect()
}

#[test]
fn a_worker_is_waited_for_until_it_is_fenced() {
    let (plane, fence, orders) = stuck();
    let first: Vec<_> = plane.publish(update(1)).unwrap().late().collect();
    assert_eq!(first, [WorkerId(0)], "it has not obeyed yet");
    assert_eq!(plane.health().working, 1);
    plane.fence(&first);
    assert_eq!(plane.health().fenced, 1, "health tells");
    assert_eq!(plane.publish(update(2)).unwrap().late().count(), 0);
    let seen = fence.state();
    assert_eq!(plane.publish(update(3)).unwrap().late().count(), 0);
    assert_eq!(epochs(&orders), [1, 2, 3], "and is given every order");
    // The worker looked for orders before the last came, so the fence that it saw is not the present one.
    fence.lift(seen);
    assert!(fence.is_raised(), "it would forward by the table before");
    fence.lift(fence.state());
    assert_eq!(
        plane.publish(update(4)).unwrap().late().count(),
        1,
        "it obeys again"
    );
    drop(orders);
    assert_eq!(
        plane.publish(update(5)).unwrap().late().count(),
        0,
        "its thread has ended"
    );
    assert_eq!(plane.health().lost, 1, "health tells");
}

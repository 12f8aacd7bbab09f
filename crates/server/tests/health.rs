//! `/readyz`, `/healthz` and the metrics tell of rooms, store and workers as they are.
//!
//! Fenced and lost workers are in `src/media/fenced.rs`: from outside no worker can be made to stall.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod running;

use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use sideroom::store::{RedbStore, Row, Store as _};
use sideroom_route::RoomId;

use running::{Client, Server};

const PATIENCE: Duration = Duration::from_secs(30);

/// The store can write no byte beyond the first few.
fn fail_store(server: &Server, fails: bool) {
    let limit = Rlimit {
        current: fails.then_some(4_096),
        maximum: None,
    };
    let pid = Pid::from_child(&server.child);
    prlimit(Some(pid), Resource::Fsize, limit).unwrap();
}

fn create(client: &mut Client, room: &str) -> bool {
    let body = json!({ "room": room, "requestId": format!("create-{room}") });
    client.ask("RoomService/CreateRoom", &body).is_ok()
}

/// Waits until `/readyz` answers with this status and line. `meanwhile` is done between two looks.
fn await_ready(server: &Server, wanted: (u16, &str), mut meanwhile: impl FnMut()) {
    let begun = Instant::now();
    loop {
        let (status, said) = server.ready();
        if status == wanted.0 && said.contains(wanted.1) {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{status} {said}, not {wanted:?}"
        );
        meanwhile();
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn await_metric(server: &Server, line: &str) {
    let begun = Instant::now();
    while !server.metrics().lines().any(|one| one == line) {
        assert!(begun.elapsed() < PATIENCE, "no {line}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_store_that_fails_is_told_of_and_so_are_the_rooms_that_it_suspends() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory.path().join("rooms.redb"), &[]);
    let mut client = server.client();
    assert!(create(&mut client, "math"));
    await_ready(
        &server,
        (200, "rooms: 1 live, 0 suspended, 0 set aside"),
        || {},
    );
    let (_, said) = server.ready();
    assert!(said.starts_with("ready\n"), "{said}");
    assert!(
        said.contains("store: works\nworkers: 1 working, 0 fenced, 0 lost\n"),
        "{said}"
    );
    await_metric(&server, "sideroom_rooms_suspended 0");

    fail_store(&server, true);
    let mut number = 0;
    let rename = |client: &mut Client, number: &mut u64| {
        *number += 1;
        let body = json!({ "room": "math", "requestId": format!("q{number}"), "settings": { "maxBreakouts": 3 } });
        client.ask("RoomService/UpdateRoom", &body).is_ok()
    };
    assert!(!rename(&mut client, &mut number), "nothing can be stored");
    await_ready(&server, (503, "0 live, 1 suspended"), || {
        assert!(!rename(&mut client, &mut number), "nothing can be stored");
    });
    let (_, said) = server.ready();
    assert!(said.starts_with("store fails\n"), "{said}");
    assert!(!said.contains("store: works"), "{said}");
    let (status, alive) = server.healthy();
    assert_eq!(status, 200, "a restart would not help: {alive}");

    fail_store(&server, false);
    // Without any request, the room is back.
    await_ready(&server, (200, "rooms: 1 live, 0 suspended"), || {});
    assert!(rename(&mut client, &mut number));
    await_metric(&server, "sideroom_rooms_suspended 0");
}

#[tokio::test]
async fn a_room_that_cannot_be_read_is_told_of_and_the_others_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rooms.redb");
    let mut server = Server::start(&path, &[]);
    assert!(create(&mut server.client(), "math"));
    server.kill();
    let store = RedbStore::open(&path, 1 << 20).unwrap();
    let garbage = |seq| Row {
        seq,
        bytes: b"no room".to_vec(),
    };
    let room = RoomId(99);
    store.append(room, vec![garbage(1)]).await.unwrap();
    store.save_snapshot(room, garbage(1)).await.unwrap();
    drop(store);

    let server = Server::start(&path, &[]);
    await_ready(
        &server,
        (200, "rooms: 1 live, 0 suspended, 1 set aside"),
        || {},
    );
    await_metric(&server, "sideroom_rooms_set_aside 1");
    assert!(server.client().room("math").is_some());
}

//! Many nodes over a real etcd: any node answers for every room, and rooms go on when their owner dies, stands still or
//! is drained. Nothing that was answered is lost, and no number comes twice or is missing in a watch.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod many;
#[path = "../../etcd/tests/members/mod.rs"]
mod members;
mod running;

use std::collections::BTreeSet;

use many::{Cluster, NAMES, answered, create, rename, until};
use running::stream::{Stream, seq_of};
use running::{OFFER, Refused, api_token, client_token};
use rustix::process::Signal;
use serde_json::{Value, json};
use sideroom::cluster::certificates;

const RENAME: &str = "BreakoutService/UpdateBreakout";

fn names_at(cluster: &Cluster, at: usize) -> Vec<String> {
    let listed = answered(cluster, &[at], "RoomService/ListRooms", &json!({})).unwrap();
    let rooms = listed["rooms"].as_array().cloned().unwrap_or_default();
    let name = |room: &Value| room["name"].as_str().unwrap().to_owned();
    rooms.iter().map(name).collect()
}

fn room_at(cluster: &Cluster, at: usize, room: &str) -> Result<Value, (u16, String)> {
    let body = json!({ "room": room });
    answered(cluster, &[at], "RoomService/GetRoom", &body).map(|mut answer| answer["room"].take())
}

fn name_of_b1(room: &Value) -> String {
    room["breakouts"][0]["displayName"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn join(cluster: &Cluster, at: usize, room: &str) -> Value {
    let body = json!({
        "room": room, "requestId": "join", "clientToken": client_token(room, "ada"), "offer": OFFER,
    });
    answered(cluster, &[at], "ParticipantService/Join", &body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_node_answers_for_every_room() {
    if !members::is_there() {
        return;
    }
    let cluster = Cluster::start(1, 3).await;
    let mut participants = BTreeSet::new();
    for (at, name) in NAMES.iter().enumerate() {
        create(&cluster, at, name);
        // Somebody who joins through another node is let in, and ids are unique in the cluster.
        let joined = join(&cluster, (at + 1) % 3, name);
        let id = joined["participantId"].as_str().unwrap().to_owned();
        assert!(id.len() <= 5, "{id} is short");
        assert!(participants.insert(id));
        assert!(joined["sdp"].as_str().unwrap().contains("a=candidate:"));
    }
    for at in 0..3 {
        assert_eq!(names_at(&cluster, at), NAMES);
        for name in NAMES {
            let room = room_at(&cluster, at, name).unwrap();
            assert_eq!(room["participants"][0]["identity"], "ada");
        }
        let another = json!({ "room": NAMES[(at + 1) % 3], "requestId": "another" });
        let taken = answered(&cluster, &[at], "RoomService/CreateRoom", &another);
        assert_eq!(taken.unwrap_err().0, 409);
        let page = json!({ "pageSize": 1, "after": NAMES[0] });
        let page = answered(&cluster, &[at], "RoomService/ListRooms", &page).unwrap();
        assert_eq!(page["rooms"][0]["name"], NAMES[1]);
        assert_eq!(page["more"], true);
    }
    check_requests(&cluster);

    let delete = json!({ "room": NAMES[0], "requestId": "delete" });
    answered(&cluster, &[1], "RoomService/DeleteRoom", &delete).unwrap();
    for at in 0..3 {
        assert_eq!(room_at(&cluster, at, NAMES[0]).unwrap_err().0, 404);
    }
    answered(&cluster, &[2], "RoomService/DeleteRoom", &delete).unwrap();
    // Its name is free, and the next room of that name is another one.
    let made = create(&cluster, 2, NAMES[0]);
    let people = made["room"]["participants"].as_array();
    assert!(people.is_none_or(Vec::is_empty), "{made}");
}

/// The same request at any node is one request, and refusals come back in the words and codes of the room.
fn check_requests(cluster: &Cluster) {
    let first = answered(cluster, &[1], RENAME, &rename(NAMES[0], 1)).unwrap();
    let again = answered(cluster, &[2], RENAME, &rename(NAMES[0], 1)).unwrap();
    assert_eq!(first["answer"]["seq"], again["answer"]["seq"]);
    assert_eq!(again["answer"]["replayed"], true);
    let mut other = rename(NAMES[0], 2);
    other["requestId"] = json!("rename-1");
    assert_eq!(answered(cluster, &[2], RENAME, &other).unwrap_err().0, 400);
    let mut missing = rename(NAMES[0], 3);
    missing["breakoutId"] = json!("b9");
    for at in 0..3 {
        let (status, why) = answered(cluster, &[at], RENAME, &missing).unwrap_err();
        assert_eq!(status, 404);
        assert!(
            why.contains("There is no such breakout in this room"),
            "{why}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_of_a_killed_node_go_on_at_another() {
    if !members::is_there() {
        return;
    }
    let mut cluster = Cluster::start(1, 3).await;
    create(&cluster, 0, "math");
    let owner = cluster.owner_of("math").unwrap_or(0);
    let (one, other) = ((owner + 1) % 3, (owner + 2) % 3);
    let body = json!({ "room": "math" });
    let mut watch = Stream::open(cluster.node(other), &api_token(), &body).unwrap();
    let snapshot = watch.next().unwrap()["snapshot"].take();
    answered(&cluster, &[one], RENAME, &rename("math", 1)).unwrap();

    cluster.kill(owner);
    let again = answered(&cluster, &[one, other], RENAME, &rename("math", 1)).unwrap();
    assert_eq!(
        again["answer"]["replayed"], true,
        "it was answered, so it is not done twice"
    );
    answered(&cluster, &[other], RENAME, &rename("math", 2)).unwrap();
    assert_eq!(
        name_of_b1(&room_at(&cluster, one, "math").unwrap()),
        "name 2"
    );
    let events = watch.events_until(|event| event.to_string().contains("name 2"));
    let numbers: Vec<_> = events.iter().map(seq_of).collect();
    let from = seq_of(&snapshot) + 1;
    let expected: Vec<_> = (from..from + numbers.len() as u64).collect();
    assert_eq!(
        numbers, expected,
        "the watch followed its room, without a gap"
    );

    // The node comes back as a node among others, and passes calls on.
    cluster.restart(owner);
    answered(&cluster, &[owner], RENAME, &rename("math", 3)).unwrap();
    until("all nodes live", || {
        let status = cluster.tool(&["status"]).unwrap();
        let lives = |name: &&str| {
            let line = status.lines().find(|line| line.starts_with(*name));
            line.is_some_and(|line| line.contains(" lives "))
        };
        NAMES.iter().all(lives)
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stood_still_gives_up_its_rooms() {
    if !members::is_there() {
        return;
    }
    let cluster = Cluster::start(1, 2).await;
    create(&cluster, 0, "math");
    let owner = cluster.owner_of("math").unwrap_or(0);
    let other = 1 - owner;
    cluster.node(owner).signal(Signal::STOP);
    answered(&cluster, &[other], RENAME, &rename("math", 1)).unwrap();
    cluster.node(owner).signal(Signal::CONT);
    // It asks the new owner, and tells nothing old.
    let room = room_at(&cluster, owner, "math").unwrap();
    assert_eq!(name_of_b1(&room), "name 1");
    let again = answered(&cluster, &[owner], RENAME, &rename("math", 1)).unwrap();
    assert_eq!(again["answer"]["replayed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_handed_over_and_a_drained_node_ends_without_losing_any() {
    if !members::is_there() {
        return;
    }
    let mut cluster = Cluster::start(1, 3).await;
    for room in ["a", "b", "c"] {
        create(&cluster, 0, room);
    }
    let to = (cluster.owner_of("a").unwrap_or(0) + 1) % 3;
    until("the room is handed over", || {
        let moved = cluster.tool(&["hand-over", "a", "--to", NAMES[to]]);
        moved.is_ok() || cluster.owner_of("a") == Some(to)
    });
    answered(&cluster, &[0, 2], RENAME, &rename("a", 1)).unwrap();
    let wrong = cluster
        .tool(&["hand-over", "a", "--to", "media-9"])
        .unwrap_err();
    assert!(wrong.contains("media-1, media-2, media-3"), "{wrong}");
    let wrong = cluster.tool(&["hand-over", "z"]).unwrap_err();
    assert!(wrong.contains("there is no room `z`"), "{wrong}");

    cluster.tool(&["drain", NAMES[0]]).unwrap();
    let mut ended = cluster.nodes[0].take().unwrap();
    let status = ended.child.wait().unwrap();
    assert!(status.success(), "{status:?}");
    for room in ["a", "b", "c"] {
        answered(&cluster, &[1, 2], RENAME, &rename(room, 2)).unwrap();
        assert_eq!(name_of_b1(&room_at(&cluster, 1, room).unwrap()), "name 2");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_etcd_commands_are_refused_and_everything_is_back_with_it() {
    if !members::is_there() {
        return;
    }
    let mut cluster = Cluster::start(1, 2).await;
    create(&cluster, 0, "math");
    create(&cluster, 0, "art");
    answered(&cluster, &[1], RENAME, &rename("art", 1)).unwrap();
    cluster.etcd.kill(0).await;
    let mut refused = String::new();
    until("the store fails", || {
        let answer = cluster.client(1).ask(RENAME, &rename("math", 1));
        let Err(Refused::Status(503, why)) = answer else {
            panic!("it cannot have been stored: {answer:?}");
        };
        refused = why;
        refused.contains("StoreFailed")
    });
    assert!(refused.contains("media goes on"), "{refused}");
    for at in 0..2 {
        let answer = cluster.client(at).ask(RENAME, &rename("art", 2));
        let Err(Refused::Status(503, why)) = answer else {
            panic!("it cannot have been stored: {answer:?}");
        };
        assert!(why.contains("StoreFailed"), "{why}");
    }
    cluster.etcd.run(0);
    answered(&cluster, &[1], RENAME, &rename("math", 1)).unwrap();
    create(&cluster, 1, "next");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_authority_opens_no_node() {
    if !members::is_there() {
        return;
    }
    let cluster = Cluster::start(1, 2).await;
    create(&cluster, 0, "math");
    let other = tempfile::tempdir().unwrap();
    certificates::init(other.path(), &[NAMES[0].to_owned()]).unwrap();
    let own = cluster.settings(0);
    let mut settings = own.clone();
    // The right authority, so that the tool trusts the node, and a certificate that the node does not.
    for (name, value) in &mut settings {
        for file in ["media-1.pem", "media-1-key.pem"] {
            if value.ends_with(&format!("/{file}")) && name.contains("CLUSTER") {
                *value = other.path().join(file).display().to_string();
            }
        }
    }
    assert_ne!(settings, own);
    for arguments in [&["drain", NAMES[0]][..], &["hand-over", "math"]] {
        let refused = cluster.tool_with(arguments, settings.clone()).unwrap_err();
        assert!(refused.contains("does not answer"), "{refused}");
    }
    let (_, state) = cluster.node(0).ready();
    assert!(!state.starts_with("draining"), "{state}");
}

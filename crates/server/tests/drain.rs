//! SIGTERM with participants inside: newcomers are refused, meetings go on, and the process ends when the
//! last participant has left or the deadline has passed, telling the remaining ones what to do.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod running;

use std::time::{Duration, Instant};

use running::stream::Stream;
use running::websocket;
use running::{Client, OFFER, Refused, Server, api_token, client_token};
use serde_json::{Value, json};

/// Everything may take this long; nothing is expected to.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with Ann in a room, and a watcher of it.
fn meeting(deadline_s: &str) -> (Server, Client, Value, Stream) {
    let server = Server::start(
        "memory".as_ref(),
        &[("SIDEROOM_NODE_DRAIN_DEADLINE_S", deadline_s)],
    );
    let mut client = server.client();
    client.must(
        "RoomService/CreateRoom",
        json!({ "room": "math", "requestId": "create" }),
    );
    let ann = client.join("math", "ann", "ann")["participantId"].clone();
    let mut watch = Stream::open(&server, &api_token(), &json!({ "room": "math" })).unwrap();
    assert!(watch.next().unwrap().get("snapshot").is_some());
    assert_eq!(server.ready().0, 200);
    (server, client, ann, watch)
}

fn await_drain(server: &Server) {
    let begun = Instant::now();
    while server.ready().0 != 503 {
        assert!(begun.elapsed() < PATIENCE, "it does not drain");
        std::thread::yield_now();
    }
    let (_, said) = server.ready();
    assert!(said.contains("draining"), "{said}");
}

fn check_refused(client: &mut Client, method: &str, body: &Value) {
    let Err(Refused::Status(503, why)) = client.ask(method, body) else {
        panic!("{method} is let in")
    };
    assert!(why.contains("Draining"), "{method}: {why}");
}

/// The last words of a watch.
fn check_farewell(mut watch: Stream) {
    let mut last = None;
    while let Some(item) = watch.next() {
        last = Some(item);
    }
    let last = last.expect("something is said");
    assert_eq!(last["error"]["reason"], "Draining", "{last}");
}

#[test]
fn a_drain_lets_nobody_in_and_waits_for_the_last_to_leave() {
    let (mut server, mut client, ann, watch) = meeting("300");
    server.terminate();
    await_drain(&server);
    let create = json!({ "room": "other", "requestId": "other" });
    check_refused(&mut client, "RoomService/CreateRoom", &create);
    let token = client_token("math", "bob");
    let join = json!({ "room": "math", "clientToken": token, "offer": OFFER });
    check_refused(&mut client, "ParticipantService/Join", &join);
    // The meeting goes on.
    let update = json!({ "room": "math", "requestId": "fewer", "settings": { "maxBreakouts": 3 } });
    client.must("RoomService/UpdateRoom", update);
    assert!(server.child.try_wait().unwrap().is_none(), "Ann is inside");
    client.must(
        "ParticipantService/Leave",
        json!({ "room": "math", "requestId": "leave", "participantId": ann }),
    );
    drop(client);
    assert!(server.child.wait().unwrap().success());
    check_farewell(watch);
}

#[test]
fn a_drain_ends_at_its_deadline_with_a_reason() {
    let (mut server, client, _, watch) = meeting("1");
    drop(client);
    let begun = Instant::now();
    server.terminate();
    check_farewell(watch);
    assert!(server.child.wait().unwrap().success());
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1), "not before: {took:?}");
    assert!(took < PATIENCE, "{took:?}");
}

const PEOPLE: [&str; 6] = ["ann", "bob", "cy", "dee", "eve", "flo"];

fn connections(client: &mut Client) -> Vec<String> {
    let room = client.room("math").unwrap();
    let people = room["participants"].as_array().unwrap().iter();
    let states = people.map(|one| one["connection"].as_str().unwrap().to_owned());
    states.collect()
}

fn check_all_lost(client: &mut Client) {
    let begun = Instant::now();
    while connections(client) != ["CONNECTION_LOST"; PEOPLE.len()] {
        assert!(begun.elapsed() < PATIENCE, "{:?}", connections(client));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Checks that all participants return to their places and leave, and that the server then ends.
fn check_all_back(mut server: Server, round: &str) {
    let mut client = server.client();
    let mut ids = Vec::new();
    for identity in PEOPLE {
        let back = client.join("math", identity, &format!("{round}-{identity}"));
        assert_eq!(back["resumed"], true, "{back}");
        ids.push(back["participantId"].clone());
    }
    let token = client_token("math", "newcomer");
    let join = json!({ "room": "math", "clientToken": token, "offer": OFFER });
    check_refused(&mut client, "ParticipantService/Join", &join);
    let (_, said) = server.ready();
    assert!(said.starts_with("draining\n"), "all are inside: {said}");
    for (number, id) in ids.iter().enumerate() {
        let body =
            json!({ "room": "math", "requestId": format!("leave-{number}"), "participantId": id });
        client.must("ParticipantService/Leave", body);
    }
    drop(client);
    assert!(server.child.wait().unwrap().success());
}

/// All sockets end during the drain at once, as when a network goes away.
#[test]
fn everybody_whose_connection_drops_during_a_drain_gets_back_in() {
    let server = Server::start(
        "memory".as_ref(),
        &[
            ("SIDEROOM_NODE_DRAIN_DEADLINE_S", "300"),
            ("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "3600"),
        ],
    );
    let mut client = server.client();
    client.must(
        "RoomService/CreateRoom",
        json!({ "room": "math", "requestId": "create" }),
    );
    let sockets = PEOPLE.map(|identity| {
        let (socket, joined) = websocket::join(&server.http, "math", identity, identity);
        assert_eq!(joined["type"], "joined", "{joined}");
        socket
    });
    server.terminate();
    await_drain(&server);
    drop(sockets);
    check_all_lost(&mut client);
    check_all_back(server, "again");
}

/// The server was killed and started again, and is drained before anybody is back.
#[test]
fn a_drain_waits_for_those_whose_place_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let env = [
        ("SIDEROOM_NODE_DRAIN_DEADLINE_S", "300"),
        ("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "3600"),
    ];
    let mut server = Server::start(&store, &env);
    let mut client = server.client();
    client.must(
        "RoomService/CreateRoom",
        json!({ "room": "math", "requestId": "create" }),
    );
    for identity in PEOPLE {
        client.join("math", identity, identity);
    }
    server.kill();
    let server = Server::start(&store, &env);
    check_all_lost(&mut server.client());
    server.terminate();
    await_drain(&server);
    check_all_back(server, "back");
}

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

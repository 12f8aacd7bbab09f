//! Watchers and participants go on after the server was killed. A watcher who resumes after the last number gets
//! exactly the missed events, or is told to start afresh; participants have their places again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod running;

use std::path::Path;

use running::stream::{Stream, seq_of};
use running::{Client, Server, api_token, client_token};
use serde_json::{Value, json};

/// Long enough that a slow machine loses no place.
const LONG_GRACE: &[(&str, &str)] = &[("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "3600")];

fn create(client: &mut Client, room: &str) {
    client.must(
        "RoomService/CreateRoom",
        json!({ "room": room, "requestId": "create" }),
    );
    let definition = json!({ "maxRooms": 2, "participants": "4", "media": { "audio": true } });
    client.must(
        "BreakoutService/CreateBreakouts",
        json!({ "room": room, "requestId": "breakouts", "definition": definition }),
    );
}

/// Sends a command to `math`, and returns the number of the last event that the command led to.
fn command(client: &mut Client, method: &str, request_id: &str, mut body: Value) -> u64 {
    body["room"] = json!("math");
    body["requestId"] = json!(request_id);
    seq_of(&client.must(method, body)["answer"])
}

fn rename(client: &mut Client, number: u64) -> u64 {
    let name = json!({ "breakoutId": "b1", "displayName": format!("name {number}") });
    command(
        client,
        "BreakoutService/UpdateBreakout",
        &format!("rename-{number}"),
        name,
    )
}

fn move_to(client: &mut Client, who: &Value, group: &str, request_id: &str) -> u64 {
    let moves = json!({ "moves": [{ "participantId": who, "toGroupId": group }] });
    command(
        client,
        "BreakoutService/MoveParticipants",
        request_id,
        moves,
    )
}

fn watch(server: &Server, token: &str, after: Option<u64>) -> Result<Stream, (u16, Value)> {
    let mut body = json!({ "room": "math" });
    if let Some(after) = after {
        body["afterSeq"] = json!(after.to_string());
    }
    Stream::open(server, token, &body)
}

/// Events of `viewer` after `from`, for one that reads until the kill and one that comes back after it.
struct Seen {
    before: Vec<Value>,
    after: Vec<Value>,
}

/// Kills the server while everything up to `last` was answered, and compares.
fn check_resumed(seen: &Seen, from: u64, last: u64) {
    let numbers: Vec<u64> = seen.before.iter().map(seq_of).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    let missed: Vec<&Value> = seen
        .before
        .iter()
        .filter(|event| seq_of(event) > from)
        .collect();
    assert!(missed.len() > 3, "too few events to prove anything");
    let (told_again, new): (Vec<&Value>, Vec<&Value>) =
        seen.after.iter().partition(|event| seq_of(event) <= last);
    assert_eq!(told_again, missed, "exactly what was missed, word for word");
    // The restart itself causes an event for each participant: their connection is lost.
    let kinds: Vec<&str> = new
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["connectionChanged"; 2], "{new:?}");
    let numbers: Vec<u64> = new.iter().map(|event| seq_of(event)).collect();
    assert_eq!(numbers, [last + 1, last + 2]);
}

#[test]
fn a_watch_resumes_after_a_kill_with_exactly_what_it_missed() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let mut server = Server::start(&store, LONG_GRACE);
    let mut client = server.client();
    create(&mut client, "math");
    let ann = client.join("math", "ann", "ann")["participantId"].clone();
    let bob = client.join("math", "bob", "bob")["participantId"].clone();
    // As the operator, who may see everything, and as a participant, who may not.
    let viewers = [api_token(), client_token("math", "ann")];
    let mut streams = viewers
        .clone()
        .map(|token| watch(&server, &token, None).unwrap());
    for stream in &mut streams {
        assert!(stream.next().unwrap().get("snapshot").is_some());
    }

    rename(&mut client, 1);
    let from = move_to(&mut client, &ann, "b1", "in");
    for number in 2..6 {
        rename(&mut client, number);
    }
    move_to(&mut client, &bob, "b2", "away");
    let mute = json!({ "participantId": ann, "audioMuted": true });
    command(
        &mut client,
        "ParticipantService/SetParentGate",
        "mute",
        mute,
    );
    move_to(&mut client, &ann, "b2", "over");
    // The last event, which both watchers may see.
    let lock = json!({ "settings": { "allowReturn": false } });
    let last = command(&mut client, "BreakoutService/UpdateSettings", "lock", lock);
    let before = streams
        .each_mut()
        .map(|stream| stream.events_until(|event| seq_of(event) == last));
    server.kill();

    let server = Server::start(&store, LONG_GRACE);
    for (token, before) in viewers.iter().zip(before) {
        let mut stream = watch(&server, token, Some(from)).unwrap();
        let after = stream.events_until(|event| seq_of(event) == last + 2);
        check_resumed(&Seen { before, after }, from, last);
    }
    // A resumed watch goes on, and its numbers with it.
    let mut stream = watch(&server, &viewers[0], Some(last + 2)).unwrap();
    let mut client = server.client();
    let next = rename(&mut client, 7);
    let went_on = stream.events_until(|event| seq_of(event) == next);
    assert_eq!(seq_of(&went_on[0]), last + 3, "{went_on:?}");
}

#[test]
fn a_watcher_that_cannot_be_told_everything_learns_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let mut server = Server::start(&store, LONG_GRACE);
    let mut client = server.client();
    create(&mut client, "math");
    // More events than a room keeps: two for each command, from many at once.
    std::thread::scope(|scope| {
        for part in 0..16 {
            let mut client = server.client();
            scope.spawn(move || {
                for at in 0..135 {
                    rename(&mut client, part * 1_000 + at);
                }
            });
        }
    });
    let last = rename(&mut client, 99_999);
    assert!(last > 4_200, "{last} events");
    server.kill();
    let server = Server::start(&store, LONG_GRACE);
    check_out_of_range(&server, 1);
    check_out_of_range(&server, last + 1);
    let mut stream = watch(&server, &api_token(), Some(last - 4_000)).unwrap();
    assert_eq!(seq_of(&stream.event()), last - 3_999);
    drop(server);

    // The same name on another store is another room: a number from elsewhere opens nothing.
    let server = Server::start(Path::new("memory"), &[]);
    let (status, said) = watch(&server, &api_token(), Some(last)).err().unwrap();
    assert_eq!(
        (status, &said["error"]["reason"]),
        (404, &json!("NotFound"))
    );
    create(&mut server.client(), "math");
    check_out_of_range(&server, last);
}

fn check_out_of_range(server: &Server, after: u64) {
    let (status, said) = watch(server, &api_token(), Some(after)).err().unwrap();
    let error = &said["error"];
    assert_eq!(
        (status, &error["code"], &error["reason"]),
        (400, &json!("OUT_OF_RANGE"), &json!("OutOfRange")),
        "after {after}: {said}"
    );
}

#[test]
fn participants_have_their_places_again_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let mut server = Server::start(&store, LONG_GRACE);
    let mut client = server.client();
    create(&mut client, "math");
    let ann = client.join("math", "ann", "ann")["participantId"].clone();
    client.join("math", "bob", "bob");
    move_to(&mut client, &ann, "b2", "in");
    let mute = json!({ "participantId": ann, "audioMuted": true });
    command(
        &mut client,
        "ParticipantService/SetParentGate",
        "mute",
        mute,
    );
    let before = client.room("math").unwrap();
    server.kill();

    let server = Server::start(&store, LONG_GRACE);
    let mut client = server.client();
    for one in client.room("math").unwrap()["participants"]
        .as_array()
        .unwrap()
    {
        assert_eq!(one["connection"], "CONNECTION_LOST", "{one}");
    }
    for identity in ["ann", "bob"] {
        let again = client.join("math", identity, &format!("{identity}-again"));
        assert_eq!(again["resumed"], true, "{again}");
        assert!(again["sdp"].as_str().unwrap().starts_with("v=0"), "{again}");
    }
    let after = client.room("math").unwrap();
    assert_eq!(after["participants"], before["participants"]);
    assert_eq!(after["breakouts"], before["breakouts"]);
}

#[test]
fn whoever_does_not_come_back_within_the_grace_has_left() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let grace = &[("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "1")];
    let mut server = Server::start(&store, grace);
    let mut client = server.client();
    create(&mut client, "math");
    let ann = client.join("math", "ann", "ann")["participantId"].clone();
    let last = move_to(&mut client, &ann, "b1", "in");
    server.kill();

    let server = Server::start(&store, grace);
    let mut stream = watch(&server, &api_token(), Some(last)).unwrap();
    let events = stream.events_until(|event| event["type"] == "participantLeft");
    let left = &events.last().unwrap()["participantLeft"];
    assert_eq!(left["participantId"], ann);
    assert_eq!(left["reason"], "LEAVE_REASON_CONNECTION_LOST", "{left}");
    let again = server.client().join("math", "ann", "again");
    assert_ne!(again["resumed"], true);
    assert_ne!(again["participantId"], ann, "a place of its own");
}

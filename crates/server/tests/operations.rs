//! An operator's settings, signals and restarts do what operating.md says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod running;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use running::stream::Stream;
use running::{Client, OFFER, Server, client_token};
use serde_json::{Value, json};
use sideroom::store::{Journal, RedbStore, Store as _};
use sideroom_control::{Actor, Command, RequestId, Room, RoomConfig, RoomSettings, UnixMillis};
use sideroom_route::RoomId;

/// Everything may take this long; nothing is expected to.
const PATIENCE: Duration = Duration::from_secs(60);

fn create(client: &mut Client, room: &str) {
    let body = json!({ "room": room, "requestId": format!("create-{room}") });
    client.must("RoomService/CreateRoom", body);
}

fn rename(client: &mut Client, number: u64) {
    let settings = json!({ "maxBreakouts": 2 + number % 8 });
    let body = json!({ "room": "math", "requestId": format!("r{number}"), "settings": settings });
    client.must("RoomService/UpdateRoom", body);
}

fn await_true(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn an_empty_room_ends_and_one_with_somebody_in_it_does_not() {
    let env = [("SIDEROOM_ROOMS_EMPTY_TIMEOUT_S", "1")];
    let server = Server::start("memory".as_ref(), &env);
    let mut client = server.client();
    create(&mut client, "full");
    client.join("full", "ann", "ann");
    create(&mut client, "empty");
    await_true("it does not end", || client.room("empty").is_none());
    assert!(client.room("full").is_some(), "Ann is inside");
}

#[test]
fn a_drain_ends_at_the_deadline_of_its_call() {
    let env = [("SIDEROOM_NODE_DRAIN_DEADLINE_S", "300")];
    let mut server = Server::start("memory".as_ref(), &env);
    let mut client = server.client();
    create(&mut client, "math");
    client.join("math", "ann", "ann");
    let begun = Instant::now();
    client.must("NodeService/Drain", json!({ "deadlineMs": 500 }));
    drop(client);
    assert!(server.child.wait().unwrap().success());
    assert!(begun.elapsed() >= Duration::from_millis(500));
    assert!(
        begun.elapsed() < PATIENCE,
        "Ann is still inside, and 300 s are not over"
    );
}

#[test]
fn a_hangup_signal_ends_nothing() {
    let mut server = Server::start("memory".as_ref(), &[]);
    let mut client = server.client();
    create(&mut client, "math");
    server.signal(rustix::process::Signal::HUP);
    assert!(client.room("math").is_some());
    server.terminate();
    drop(client);
    assert!(
        server.child.wait().unwrap().success(),
        "it ends as it should"
    );
}

/// The codecs that the video section of an answer names.
fn video_codecs(joined: &Value) -> String {
    let sdp = joined["sdp"].as_str().unwrap();
    let video = sdp.split("m=video").nth(1).unwrap();
    let named = video.lines().filter(|line| line.starts_with("a=rtpmap:"));
    named.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_room_that_changes_its_codec_answers_with_it_from_then_on() {
    let server = Server::start("memory".as_ref(), &[]);
    let mut client = server.client();
    create(&mut client, "math");
    let before = video_codecs(&client.join("math", "ann", "ann"));
    assert!(
        before.contains("VP8") && !before.contains("VP9"),
        "{before}"
    );
    let settings = json!({ "videoCodec": "VIDEO_CODEC_VP9" });
    let body = json!({ "room": "math", "requestId": "vp9", "settings": settings });
    client.must("RoomService/UpdateRoom", body);
    let after = video_codecs(&client.join("math", "bob", "bob"));
    assert!(after.contains("VP9") && !after.contains("VP8"), "{after}");
}

/// It would publish its sound alone, and tell nobody.
#[test]
fn an_encoder_with_another_codec_than_the_rooms_is_refused_and_told_so() {
    let offer = include_str!("../../session/tests/offers/ffmpeg9.0.2-whip.sdp");
    let server = Server::start("memory".as_ref(), &[]);
    let mut client = server.client();
    create(&mut client, "math");
    let token = client_token("math", "ann");
    let publish = |client: &mut Client| client.offer("/whip/math", &token, offer);
    let (status, body) = publish(&mut client);
    assert_eq!(status, 400, "{body}");
    assert!(
        body.contains("BadOffer") && body.contains("VP8") && body.contains("H264"),
        "{body}"
    );
    let settings = json!({ "videoCodec": "VIDEO_CODEC_H264" });
    let change = json!({ "room": "math", "requestId": "h264", "settings": settings });
    client.must("RoomService/UpdateRoom", change);
    let (status, answer) = publish(&mut client);
    assert_eq!(status, 201, "{answer}");
    assert!(answer.contains("H264"), "{answer}");
}

/// The number of the newest snapshot of the first room, and that of its last row.
async fn saved(path: &Path) -> (u64, u64) {
    let store = RedbStore::open(path, 1 << 20).unwrap();
    let snapshots = store.snapshots(RoomId(1)).await.unwrap();
    let rows = store.journal(RoomId(1), 0, usize::MAX).await.unwrap();
    (snapshots.last().unwrap().seq, rows.last().unwrap().seq)
}

#[test]
fn rooms_are_saved_whole_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rooms.redb");
    let mut server = Server::start(&path, &[]);
    let mut client = server.client();
    create(&mut client, "math");
    for number in 0..10 {
        rename(&mut client, number);
    }
    server.terminate();
    drop(client);
    assert!(server.child.wait().unwrap().success());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(saved(&path)), (10, 10));
}

/// Words that people write to each other are told, and are nowhere afterwards: not in an export, and not in the
/// file.
#[test]
fn a_journal_that_is_exported_after_a_chat_has_no_text_of_it() {
    const TEXT: &str = "xyzzy-a-secret";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rooms.redb");
    let mut server = Server::start(&path, &[]);
    let mut client = server.client();
    create(&mut client, "math");
    let token = running::api_token();
    let mut watch = Stream::open(&server, &token, &json!({ "room": "math" })).unwrap();
    assert!(watch.next().unwrap().get("snapshot").is_some());
    let message = json!({ "room": "math", "requestId": "say", "text": TEXT });
    client.must("RoomService/SendMessage", message.clone());
    let mut all = message.clone();
    (all["requestId"], all["allGroups"]) = (json!("say-to-all"), json!(true));
    client.must("RoomService/SendMessage", all);
    for _ in 0..2 {
        let said = watch.event();
        assert!(said.to_string().contains(TEXT), "it is told: {said}");
    }
    let again = client.must("RoomService/SendMessage", message);
    assert_eq!(
        again["answer"]["replayed"], true,
        "the request is remembered"
    );
    server.terminate();
    drop((client, watch));
    assert!(server.child.wait().unwrap().success());

    let export = std::process::Command::new(running::binary())
        .args(["journal", "export", "--store"])
        .arg(&path)
        .output()
        .unwrap();
    let exported = String::from_utf8(export.stdout).unwrap();
    assert!(
        export.status.success() && exported.contains("say-to-all"),
        "{exported}"
    );
    assert!(!exported.contains(TEXT), "{exported}");
    let file = std::fs::read(&path).unwrap();
    let found = file.windows(TEXT.len()).any(|part| part == TEXT.as_bytes());
    assert!(!found, "in the file");
}

/// As a kill between the last record of a room and its removal leaves it.
async fn leave_a_closed_room(path: &Path) {
    let journal = Journal::new(Arc::new(RedbStore::open(path, 1 << 20).unwrap()));
    let mut room = Room::new(RoomConfig {
        id: RoomId(1),
        name: "math".to_owned(),
        settings: RoomSettings::default(),
        seed: 1,
        created_at: UnixMillis(1_790_000_000_000),
    })
    .unwrap();
    let saved = journal.save_snapshot(room.id(), 0, None, &room);
    saved.await.unwrap();
    let id = RequestId::new("close").unwrap();
    let now = UnixMillis(1_790_000_000_001);
    let closed = room.apply(now, Actor::Operator, &id, Command::CloseRoom);
    let record = closed.unwrap().record.unwrap();
    journal.append(room.id(), &[record]).await.unwrap();
}

#[test]
fn a_room_that_was_closed_but_not_removed_is_no_zombie() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rooms.redb");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(leave_a_closed_room(&path));
    let server = Server::start(&path, &[]);
    let mut client = server.client();
    await_true("its end is not finished", || client.room("math").is_none());
    let body = json!({ "room": "math", "requestId": "again" });
    await_true("its name stays taken", || {
        client.ask("RoomService/CreateRoom", &body).is_ok()
    });
    assert!(client.room("math").is_some());
}

#[test]
fn a_list_of_a_thousand_and_one_rooms_says_of_each_what_the_room_says() {
    let server = Server::start("memory".as_ref(), &[]);
    let mut client = server.client();
    for number in 0..1_001 {
        create(&mut client, &format!("room-{number:04}"));
    }
    let token = client_token("room-0007", "ann");
    let join =
        json!({ "room": "room-0007", "requestId": "ann", "clientToken": token, "offer": OFFER });
    client.must("ParticipantService/Join", join);
    let (mut rooms, mut more) = (Vec::<Value>::new(), true);
    while more {
        let after = rooms.last().map_or(json!(""), |room| room["name"].clone());
        let answer = client.must("RoomService/ListRooms", json!({ "after": after }));
        rooms.extend(answer["rooms"].as_array().unwrap().iter().cloned());
        more = answer["more"] == json!(true);
    }
    assert_eq!(rooms.len(), 1_001);
    for number in [6, 7, 1_000] {
        let listed = &rooms[number];
        let room = client.room(listed["name"].as_str().unwrap()).unwrap();
        for field in ["name", "seq", "epoch", "version"] {
            assert_eq!(listed[field], room[field], "{field} of {listed}");
        }
        let inside = room["participants"].as_array().map_or(0, Vec::len);
        assert_eq!(
            listed["participants"].as_u64().unwrap_or(0),
            inside as u64,
            "{listed}"
        );
    }
}

//! Stores that an earlier version has written are read, and go on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod running;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;

use serde_json::Value;
use sideroom::store::{Journal, MemoryStore, RedbStore, Row, Store as _};
use sideroom_control::*;
use sideroom_route::*;

use running::{Refused, Server};

/// A word in every text of the stores.
const TEXT: &str = "xyzzy";
const MATH: RoomId = RoomId(1);

/// Stores with rows of format 2, one for each set of rules that wrote them; and one of format 3.
const WRITTEN_BY: &[&str] = &["2-first", "2-sanctions", "2-invitations", "3"];

/// True if the server that wrote the store told how invitations end.
fn ends_invitations(rules: &str) -> bool {
    ["2-invitations", "3"].contains(&rules)
}

/// A store with rows of an earlier format, unpacked; and what the server that wrote it said of its rooms.
fn fixture(directory: &Path, rules: &str) -> (PathBuf, Vec<Value>) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let packed = std::fs::File::open(fixtures.join(format!("format-{rules}.redb.gz"))).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    let path = directory.join("rooms.redb");
    std::fs::write(&path, bytes).unwrap();
    let told = std::fs::read(fixtures.join(format!("format-{rules}.json"))).unwrap();
    (path, serde_json::from_slice(&told).unwrap())
}

fn open(path: &Path) -> Journal {
    Journal::new(Arc::new(RedbStore::open(path, 1 << 20).unwrap()))
}

/// Everything that was said then is said now; there may be more.
fn check_includes(now: &Value, then: &Value, at: &str) {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            for (key, then) in then {
                let now = now.get(key).unwrap_or(&Value::Null);
                check_includes(now, then, &format!("{at}.{key}"));
            }
        }
        (Value::Array(now), Value::Array(then)) => {
            assert_eq!(now.len(), then.len(), "{at}: {now:?}");
            for (index, then) in then.iter().enumerate() {
                check_includes(&now[index], then, &format!("{at}[{index}]"));
            }
        }
        _ => assert_eq!(now, then, "{at}"),
    }
}

/// Before invitations had an end, accepted ones were among the pending.
fn leave_out_invited(value: &mut Value) {
    match value {
        Value::Object(parts) => {
            parts.remove("invited");
            parts.values_mut().for_each(leave_out_invited);
        }
        Value::Array(all) => all.iter_mut().for_each(leave_out_invited),
        _ => {}
    }
}

async fn rooms(path: &Path) -> Vec<Room> {
    let kept = open(path).load().await.unwrap();
    assert_eq!(kept.next_room, RoomId(4), "one has ended");
    let rooms = kept.rooms.into_iter();
    rooms.map(|one| one.unwrap().revive().unwrap()).collect()
}

#[tokio::test]
async fn rooms_of_earlier_formats_are_as_they_were() {
    for rules in WRITTEN_BY {
        rooms_are_as_they_were(rules).await;
    }
}

async fn rooms_are_as_they_were(rules: &str) {
    let directory = tempfile::tempdir().unwrap();
    let (path, told) = fixture(directory.path(), rules);
    let rooms = rooms(&path).await;
    assert_eq!(rooms.len(), told.len());
    for (mut room, told) in rooms.into_iter().zip(told) {
        let view = serde_json::to_value(room.view(Viewer::Operator)).unwrap();
        let mut then = told["view"].clone();
        if !ends_invitations(rules) {
            // Before invitations had an end nobody was told of one.
            then.as_object_mut().unwrap().remove("seq");
            leave_out_invited(&mut then);
        }
        if *rules == *"2-first" {
            // Moderators needed no grants then; they have all of them now.
            for one in then["participants"].as_array_mut().unwrap() {
                if one["role"] == "moderator" {
                    one.as_object_mut().unwrap().remove("grants");
                }
            }
        }
        check_includes(&view, &then, room.name());
        let stays: Vec<&Stay> = room.move_log().stays().collect();
        check_includes(
            &serde_json::to_value(stays).unwrap(),
            &told["stays"],
            "stays",
        );
        // Asking again leads to the same answer, but for the node itself.
        let now = UnixMillis(told["now"].as_u64().unwrap());
        for asked in told["answers"].as_array().unwrap() {
            let actor: Actor = serde_json::from_value(asked["actor"].clone()).unwrap();
            if actor == Actor::System {
                continue;
            }
            let id = RequestId::new(asked["id"].as_str().unwrap()).unwrap();
            let again = room.apply(now, actor, &id, Command::CloseRoom);
            if *rules == *"3" {
                // The answer has the digest of its command, and this is another one.
                assert!(
                    matches!(again, Err(BreakoutError::InvalidArgument(_))),
                    "{asked}"
                );
                continue;
            }
            let again = again.unwrap();
            assert!(again.repeated, "{asked}");
            let outcome = serde_json::to_value(&again.outcome).unwrap();
            let mut then = asked["outcome"].clone();
            if !ends_invitations(rules) {
                leave_out_invited(&mut then);
            }
            check_includes(&outcome, &then, "outcome");
            if ends_invitations(rules) {
                assert_eq!(again.seq, asked["seq"].as_u64().unwrap());
            }
        }
    }
}

#[tokio::test]
async fn a_store_of_an_earlier_format_goes_on_in_todays() {
    for rules in WRITTEN_BY {
        store_goes_on(rules).await;
    }
}

async fn store_goes_on(rules: &str) {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = fixture(directory.path(), rules);
    let mut math = rooms(&path).await.into_iter().next().unwrap();
    let key = Actor::Key(KeyId::new("signaling").unwrap());
    let now = UnixMillis(1_800_000_000_000);
    let id = RequestId::new("new").unwrap();
    let open_all = || Command::Open(Selection::All);
    let applied = math.apply(now, key, &id, open_all()).unwrap();
    let record = applied.record.unwrap();
    open(&path)
        .append(MATH, std::slice::from_ref(&record))
        .await
        .unwrap();

    let mut again = rooms(&path).await.into_iter().next().unwrap();
    assert_eq!(again.state_hash(), math.state_hash());
    let repeated = again.apply(now, key, &id, open_all()).unwrap();
    assert!(repeated.repeated && repeated.outcome == applied.outcome);

    let seq = record.seq;
    open(&path)
        .save_snapshot(MATH, seq, None, &again)
        .await
        .unwrap();
    let third = rooms(&path).await.into_iter().next().unwrap();
    assert_eq!(third.state_hash(), math.state_hash());
    // From its beginning it leads to the same.
    let whole = open(&path).from_the_beginning(MATH).await.unwrap();
    let whole = whole.revive().unwrap();
    let seen = |room: &Room| {
        let mut view = room.view(Viewer::Operator).unwrap();
        (view.version, view.epoch, view.seq) = (0, Epoch(0), 0);
        let breakouts = view.breakouts.iter_mut();
        breakouts.for_each(|breakout| breakout.invited.clear());
        view
    };
    assert_eq!(seen(&whole), seen(&third));
}

#[tokio::test]
async fn texts_in_a_store_of_an_earlier_format_are_not_read() {
    for rules in WRITTEN_BY {
        texts_are_not_read(rules).await;
    }
}

async fn texts_are_not_read(rules: &str) {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = fixture(directory.path(), rules);
    for room in rooms(&path).await {
        let bytes = room.snapshot().encode();
        let found = String::from_utf8_lossy(&bytes).contains(TEXT);
        assert!(!found, "in the next snapshot of {}", room.name());
    }
    let journal = |what: &str| {
        let run = Process::new(env!("CARGO_BIN_EXE_sideroom"))
            .args(["journal", what, "--store"])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8(run.stdout).unwrap();
        assert!(
            run.status.success(),
            "{what}: {said} {}",
            String::from_utf8_lossy(&run.stderr)
        );
        said
    };
    let exported = journal("export");
    assert!(
        exported.to_lowercase().contains("chat") && !exported.contains(TEXT),
        "{exported}"
    );
    assert!(journal("verify").contains("verified"));
    assert!(journal("who-was-where").contains("AutoMoved"));
}

/// A row that cannot be read is an error of its room and no end of the process.
#[tokio::test]
async fn rows_that_are_no_rows_are_errors() {
    for rules in WRITTEN_BY {
        let directory = tempfile::tempdir().unwrap();
        let (path, _) = fixture(directory.path(), rules);
        let store = RedbStore::open(&path, 1 << 20).unwrap();
        let whole = store.snapshots(MATH).await.unwrap().remove(0);
        let rows = store.journal(MATH, 1, usize::MAX).await.unwrap();
        assert!(reads(&whole, &rows).await, "unbroken");
        for broken in (0..rows.len()).step_by(7) {
            for index in (0..rows[broken].bytes.len()).step_by(5) {
                for flip in [0x01, 0x80] {
                    let mut rows = rows.clone();
                    rows[broken].bytes[index] ^= flip;
                    let what = format!("{rules}: byte {index} of row {broken}");
                    assert!(!reads(&whole, &rows).await, "{what}");
                }
            }
        }
    }
}

/// Rows as this server writes them: if this fails, they need another format byte.
#[tokio::test]
async fn a_row_is_its_format_its_maker_and_the_room() {
    let memory = Arc::new(MemoryStore::new());
    let journal = Journal::new(Arc::clone(&memory) as Arc<dyn sideroom::store::Store>);
    let room = Room::new(RoomConfig {
        id: MATH,
        name: "math".to_owned(),
        settings: RoomSettings::default(),
        seed: 1,
        created_at: UnixMillis(1_790_000_000_000),
    })
    .unwrap();
    let maker = sideroom_rpc::backend::Asked {
        id: RequestId::new("make").unwrap(),
        body: Digest([7; 32]),
    };
    let whole = journal.save_snapshot(MATH, 0, Some(&maker), &room);
    whole.await.unwrap();
    let row = memory.snapshots(MATH).await.unwrap().remove(0);
    let head = [&[4, 1, 4][..], b"make", &[7; 32]].concat();
    assert_eq!(row.bytes[..head.len()], head);
    assert_eq!(row.bytes[head.len()..], room.snapshot().encode());
}

async fn reads(whole: &Row, rows: &[Row]) -> bool {
    let memory = Arc::new(MemoryStore::new());
    memory.save_snapshot(MATH, whole.clone()).await.unwrap();
    memory.append(MATH, rows.to_vec()).await.unwrap();
    let kept = Journal::new(memory).from_the_beginning(MATH).await;
    kept.is_ok_and(|kept| kept.revive().is_ok())
}

#[tokio::test]
async fn a_room_that_cannot_be_read_is_set_aside_and_the_others_run() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = fixture(directory.path(), "2-sanctions");
    let store = RedbStore::open(&path, 1 << 20).unwrap();
    let last = store.journal(MATH, 0, usize::MAX).await.unwrap();
    let broken = Row {
        seq: last.last().unwrap().seq + 1,
        bytes: vec![4, 0xff, 0xff],
    };
    store.append(MATH, vec![broken]).await.unwrap();
    drop(store);

    let server = Server::start(&path, &[]);
    let mut client = server.client();
    let art = client.room("art").unwrap();
    assert_eq!(art["breakouts"][0]["displayName"], "One");
    assert!(client.room("math").is_none());
    let metrics = server.metrics();
    assert!(metrics.contains("sideroom_rooms_set_aside 1"), "{metrics}");
    assert!(metrics.contains("sideroom_rooms 1"), "{metrics}");
    // The room that runs takes commands, and is there again after another start.
    let patch =
        serde_json::json!({ "room": "art", "requestId": "r1", "settings": { "maxBreakouts": 6 } });
    match client.ask("RoomService/UpdateRoom", &patch) {
        Ok(_) => {}
        Err(Refused::Status(status, why)) => panic!("{status}: {why}"),
        Err(Refused::Gone) => panic!("the server is gone"),
    }
    drop(server);
    let again = Server::start(&path, &[]);
    let art = again.client().room("art").unwrap();
    assert_eq!(art["settings"]["maxBreakouts"], 6);
}

//! Clients that hang up at random moments while they join, the first milliseconds included: no participant,
//! transport, memory or file descriptor stays behind.
//!
//! `make test` cancels 600 joins; `make nightly` 10,000 (`TEST_CANCELLED_JOINS=10000`).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod counted;
mod running;

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use counted::{Counting, HELD};
use running::{Chance, Client, OFFER, api_token, client_token, websocket};
use serde_json::{Value, json};
use sideroom::shutdown::Phase;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Callers at a time.
const CALLERS: usize = 4;
/// People that each caller is in turn: they come anew, and they come back.
const PEOPLE_EACH: u64 = 25;
/// A transport that never comes up ends after 30 s, and the place after one more.
const PATIENCE: Duration = Duration::from_secs(120);
/// A transport holds more than 30 KiB: one of two hundred that stayed would show.
const MOST_OF_A_JOIN: isize = 160;

/// Cancelled joins in one round.
fn joins() -> usize {
    let asked = std::env::var("TEST_CANCELLED_JOINS");
    asked.map_or(600, |count| count.parse().unwrap())
}

/// The time until a client hangs up.
fn wait(chance: &mut Chance) -> Duration {
    Duration::from_micros(match chance.below(3) {
        0 => chance.below(1_000),
        1 => chance.below(5_000),
        _ => chance.below(40_000),
    })
}

fn over_http(address: &str, room: &str, identity: &str, request: u64) -> (TcpStream, Vec<u8>) {
    let body = json!({
        "room": room, "requestId": format!("q{request}"), "offer": OFFER,
        "clientToken": client_token(room, identity),
    });
    let body = body.to_string();
    let head = format!(
        "POST /sideroom.v1.ParticipantService/Join HTTP/1.1\r\nhost: localhost\r\n\
         authorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        api_token(),
        body.len()
    );
    let stream = TcpStream::connect(address).unwrap();
    (stream, (head + &body).into_bytes())
}

fn over_websocket(address: &str, room: &str, identity: &str, request: u64) -> (TcpStream, Vec<u8>) {
    let frame = websocket::join_frame(room, identity, &format!("q{request}"));
    (websocket::open(address), frame)
}

/// Joins `count` times and hangs up each time.
fn call(address: &str, room: &str, caller: usize, count: usize) {
    let mut chance = Chance(caller as u64 + 1);
    for number in 0..count {
        let identity = format!("person-{caller}-{}", chance.below(PEOPLE_EACH));
        let request = (caller * 1_000_000 + number) as u64;
        let (mut stream, message) = match chance.below(3) {
            0 => over_websocket(address, room, &identity, request),
            _ => over_http(address, room, &identity, request),
        };
        let sent = match chance.below(10) {
            0 => chance.below(message.len() as u64) as usize,
            _ => message.len(),
        };
        stream.write_all(&message[..sent]).unwrap();
        // The moment of hanging up is chance; nothing is awaited by it.
        std::thread::sleep(wait(&mut chance));
    }
}

fn people(api: &mut Client, room: &str) -> Vec<Value> {
    let room = api.room(room).unwrap();
    room["participants"].as_array().cloned().unwrap_or_default()
}

/// A participant whose ICE is not up is not connected.
fn check_not_connected(people: &[Value]) {
    for one in people {
        assert_ne!(one["connection"], "CONNECTION_CONNECTED", "{one}");
    }
}

/// One round in a room of its own. When it returns, the room was empty and is gone.
fn round(address: &str, room: &str) {
    let mut api = Client::new(address);
    api.must("RoomService/CreateRoom", json!({ "room": room }));
    let (running, most) = (AtomicUsize::new(CALLERS), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let running = &running;
            scope.spawn(move || {
                call(address, room, caller, joins() / CALLERS);
                running.fetch_sub(1, Ordering::Release);
            });
        }
        let mut api = Client::new(address);
        while running.load(Ordering::Acquire) > 0 {
            let inside = people(&mut api, room);
            most.fetch_max(inside.len(), Ordering::Relaxed);
            check_not_connected(&inside);
        }
    });
    let most = most.into_inner();
    assert!(most > 0, "nobody was ever inside, so nothing was tried");
    let begun = Instant::now();
    loop {
        let inside = people(&mut api, room);
        check_not_connected(&inside);
        if inside.is_empty() {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "still there: {inside:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{} joins cancelled, {most} people inside at most", joins());
    api.must("RoomService/DeleteRoom", json!({ "room": room }));
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Waits until the server holds no more than `bound` bytes and descriptors; returns what it holds.
fn settle(address: &str, bound: (isize, usize)) -> (isize, usize) {
    let begun = Instant::now();
    loop {
        let now = held(address);
        if (now.0 <= bound.0 && now.1 <= bound.1) || begun.elapsed() > PATIENCE {
            return now;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Bytes and descriptors, when calls that were under way have come to their end.
fn held(address: &str) -> (isize, usize) {
    let mut api = Client::new(address);
    for _ in 0..20 {
        api.must("RoomService/ListRooms", json!({}));
    }
    drop(api);
    (HELD.load(Ordering::Relaxed), descriptors())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_of_joins_that_are_cancelled() {
    let (address, shutdown) = counted::start(&[
        ("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "1"),
        ("SIDEROOM_LIMITS_CONNECTIONS_PER_ADDRESS", "10000"),
        ("SIDEROOM_LIMITS_WAITING_SOCKETS_PER_ADDRESS", "10000"),
        ("SIDEROOM_LIMITS_REQUESTS_PER_S_PER_KEY", "10000000"),
        ("SIDEROOM_LIMITS_REQUESTS_PER_S_PER_ADDRESS", "10000000"),
    ])
    .await;
    let measured = tokio::task::spawn_blocking(move || {
        // The first round makes tables and pools.
        round(&address, "first");
        let before = held(&address);
        round(&address, "second");
        let most = before.0 + MOST_OF_A_JOIN * joins() as isize;
        (before, settle(&address, (most, before.1)), most)
    });
    let (before, after, most) = measured.await.unwrap();
    println!("bytes and descriptors before {before:?}, after {after:?}");
    assert!(after.0 <= most, "{before:?} became {after:?}");
    assert!(after.1 <= before.1, "{before:?} became {after:?}");
    shutdown.advance(Phase::Draining);
}

//! Memory that the server holds for idle visitors: sockets without a join, connections without a request,
//! rooms that were made and deleted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod counted;
mod running;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

use counted::{Counting, HELD};
use running::Client;
use serde_json::json;
use sideroom::shutdown::Phase;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bound of the issue: below 8 KiB.
const MOST_EACH: isize = 8 * 1_024;
const CROWD: usize = 400;
const ROOMS: usize = 1_500;
const PATIENCE: Duration = Duration::from_secs(30);

fn held() -> isize {
    HELD.load(Ordering::Relaxed)
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A WebSocket that says nothing once it is open.
fn socket(address: &str) -> TcpStream {
    let mut stream = connect(address);
    let request = "GET /v1/ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    stream
}

/// A connection on which a request has begun.
fn one_byte(address: &str) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(b"G").unwrap();
    stream
}

/// Bytes that the server holds for each of a crowd. `settled` is called when all of them are there.
fn cost(address: &str, open: fn(&str) -> TcpStream, settled: impl Fn()) -> isize {
    // The first ones make tables and pools.
    let _first: Vec<_> = (0..32).map(|_| open(address)).collect();
    settled();
    let before = held();
    let crowd: Vec<_> = (0..CROWD).map(|_| open(address)).collect();
    settled();
    let each = (held() - before) / CROWD as isize;
    drop(crowd);
    each
}

/// Makes and deletes rooms; returns the memory held afterwards.
fn churn(api: &mut Client) -> isize {
    for number in 0..ROOMS {
        let room = format!("room-{number}");
        api.must("RoomService/CreateRoom", json!({ "room": room }));
        api.must("RoomService/DeleteRoom", json!({ "room": room }));
    }
    held()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_of_those_who_do_nothing() {
    let (address, shutdown) = counted::start(&[
        ("SIDEROOM_LIMITS_CONNECTIONS_PER_ADDRESS", "10000"),
        ("SIDEROOM_LIMITS_WAITING_SOCKETS_PER_ADDRESS", "10000"),
    ])
    .await;
    let measured = tokio::task::spawn_blocking(move || {
        let mut api = Client::new(&address);
        // Rounds of calls let everything that was under way come to its end.
        let settled = || {
            let mut api = Client::new(&address);
            for _ in 0..20 {
                api.must("RoomService/ListRooms", json!({}));
            }
        };
        let sockets = cost(&address, socket, settled);
        let bytes = cost(&address, one_byte, settled);
        // The store's bounded record of ended rooms is full after the first rounds.
        let mut rounds: Vec<_> = (0..6).map(|_| churn(&mut api)).collect();
        let last = rounds.pop().unwrap();
        (
            sockets,
            bytes,
            (last - rounds.pop().unwrap()) / ROOMS as isize,
        )
    });
    let (sockets, bytes, rooms) = measured.await.unwrap();
    println!(
        "a waiting socket holds {sockets} bytes, a begun request {bytes}, a room that is gone {rooms}"
    );
    assert!(
        sockets < MOST_EACH,
        "a waiting socket holds {sockets} bytes"
    );
    assert!(bytes < MOST_EACH, "a begun request holds {bytes} bytes");
    assert!(rooms < 32, "of a room that is gone {rooms} bytes stay");
    shutdown.advance(Phase::Draining);
}

//! Measures the cost of a cluster: commands a second and the time of each, on a single node with its file, on one node
//! and on three over three members of etcd, and through a node that has to pass them on.
//!
//! `cargo bench -p sideroom --bench nodes`. All of it runs on this machine, etcd and the clients too, in turns, twice.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

#[path = "../tests/many/mod.rs"]
mod many;
#[path = "../../etcd/tests/members/mod.rs"]
mod members;
#[path = "../tests/running/mod.rs"]
mod running;

use std::time::{Duration, Instant};

use many::{Cluster, answered, create, rename};
use running::{Client, Server, api_token};
use serde_json::json;

const LENGTH: Duration = Duration::from_secs(4);
/// One caller alone shows the time of a command, many show how many there are in a second.
const CROWDS: [usize; 2] = [1, 32];

/// Each caller commands its own room at its own address, and asks again after each answer.
fn load(what: &str, addresses: &[String], part: usize) {
    let begun = Instant::now();
    let mut took = Vec::new();
    std::thread::scope(|scope| {
        let callers: Vec<_> = addresses
            .iter()
            .enumerate()
            .map(|(caller, address)| {
                scope.spawn(move || {
                    let mut client = Client::with_token(address, api_token());
                    let mut took = Vec::new();
                    for number in 0.. {
                        if begun.elapsed() > LENGTH {
                            break;
                        }
                        let mut body = rename(&format!("room-{caller}"), number);
                        body["requestId"] = json!(format!("{part}-{number}"));
                        let asked = Instant::now();
                        client.must("BreakoutService/UpdateBreakout", body);
                        took.push(asked.elapsed());
                    }
                    took
                })
            })
            .collect();
        for caller in callers {
            took.extend(caller.join().unwrap());
        }
    });
    took.sort_unstable();
    let at_ms = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what:<36} {:>3} callers {:>6.0}/s  p50 {:>6.2} ms  p99 {:>6.2} ms",
        addresses.len(),
        took.len() as f64 / LENGTH.as_secs_f64(),
        at_ms(0.5),
        at_ms(0.99),
    );
}

fn single(part: usize) {
    let directory = tempfile::tempdir_in(".").unwrap();
    let server = Server::start(&directory.path().join("rooms.redb"), &[]);
    let mut client = server.client();
    for room in 0..CROWDS[1] {
        let room = format!("room-{room}");
        client.must(
            "RoomService/CreateRoom",
            json!({ "room": room, "requestId": "create" }),
        );
        let definition = json!({ "maxRooms": 2, "participants": "4", "media": { "audio": true } });
        let body = json!({ "room": room, "requestId": "breakouts", "definition": definition });
        client.must("BreakoutService/CreateBreakouts", body);
    }
    for callers in CROWDS {
        let addresses = vec![server.http.clone(); callers];
        load("a single node, on disk", &addresses, 100 * part + callers);
    }
}

async fn cluster(nodes: usize, part: usize) {
    let cluster = Cluster::start(3, nodes).await;
    for room in 0..CROWDS[1] {
        create(&cluster, room % nodes, &format!("room-{room}"));
    }
    let owners: Vec<_> = (0..CROWDS[1])
        .map(|room| cluster.owner_of(&format!("room-{room}")).unwrap())
        .collect();
    let ways = match nodes {
        1 => vec![("one node over etcd".to_owned(), 0)],
        _ => vec![
            (format!("{nodes} nodes, at the owner"), 0),
            (format!("{nodes} nodes, at another node"), 1),
        ],
    };
    for (way, (what, hop)) in ways.iter().enumerate() {
        for callers in CROWDS {
            let addresses: Vec<_> = owners[..callers]
                .iter()
                .map(|owner| cluster.node((owner + hop) % nodes).http.clone())
                .collect();
            load(what, &addresses, 1_000 * (way + 1) + 100 * part + callers);
        }
    }
    // The rooms are as their callers left them, wherever they are asked for.
    answered(
        &cluster,
        &[nodes - 1],
        "RoomService/GetRoom",
        &json!({ "room": "room-0" }),
    )
    .unwrap();
}

fn main() {
    if !members::is_there() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for part in 1..=2 {
        single(part);
        runtime.block_on(cluster(1, part));
        runtime.block_on(cluster(3, part));
    }
}

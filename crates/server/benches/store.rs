//! How long a command waits for the store, and how many commands a second it takes.
//!
//! `cargo bench -p sideroom --bench store [-- DIRECTORY]` works on a file in DIRECTORY (default: the current
//! one), since it measures the disk's sync.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sideroom::clock;
use sideroom::store::{RedbStore, Row, Store};
use sideroom_route::RoomId;

/// About as large as the record of a move.
const ROW_BYTES: usize = 240;

fn main() {
    let directory = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let directory = directory.map_or_else(|| PathBuf::from("."), PathBuf::from);
    let directory = tempfile::tempdir_in(directory).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{:>10} {:>12} {:>10} {:>10} {:>10}",
        "waiting", "commands/s", "p50 ms", "p99 ms", "max ms"
    );
    for waiting in [1, 8, 64, 512] {
        let path = directory.path().join(format!("{waiting}.redb"));
        let store: Arc<dyn Store> = Arc::new(RedbStore::open(&path, 64 << 20).unwrap());
        runtime.block_on(closed_loop(store, waiting, Duration::from_secs(3)));
    }
    println!("{:>10}", "rate/s");
    for rate in [1_000, 5_000] {
        let path = directory.path().join(format!("rate-{rate}.redb"));
        let store: Arc<dyn Store> = Arc::new(RedbStore::open(&path, 64 << 20).unwrap());
        runtime.block_on(open_loop(store, rate, Duration::from_secs(3)));
    }
}

/// Rooms that each wait for their answer before they ask again.
async fn closed_loop(store: Arc<dyn Store>, rooms: u32, length: Duration) {
    let begun = clock::now();
    let mut tasks = tokio::task::JoinSet::new();
    for room in 0..rooms {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut took = Vec::new();
            for seq in 1.. {
                let asked = clock::now();
                if asked.duration_since(begun) > length {
                    break;
                }
                store.append(RoomId(room), vec![row(seq)]).await.unwrap();
                took.push(asked.elapsed());
            }
            took
        });
    }
    let took: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    report(rooms, took, begun.elapsed());
}

/// Commands at a fixed rate, without waiting for answers.
async fn open_loop(store: Arc<dyn Store>, rate: u32, length: Duration) {
    let begun = clock::now();
    let mut tasks = tokio::task::JoinSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let (mut seq, mut sent) = (0, 0);
    while begun.elapsed() < length {
        tick.tick().await;
        let due = (begun.elapsed().as_secs_f64() * f64::from(rate)) as u32;
        while sent < due {
            seq += u64::from(sent.is_multiple_of(100));
            let committed = store.append(RoomId(sent % 100), vec![row(seq)]);
            let asked = clock::now();
            tasks.spawn(async move {
                committed.await.unwrap();
                asked.elapsed()
            });
            sent += 1;
        }
    }
    let took = tasks.join_all().await;
    report(rate, took, begun.elapsed());
}

fn row(seq: u64) -> Row {
    Row {
        seq,
        bytes: vec![7; ROW_BYTES],
    }
}

fn report(what: u32, mut took: Vec<Duration>, length: Duration) {
    took.sort_unstable();
    let at = |share: f64| {
        let index = ((took.len() - 1) as f64 * share) as usize;
        took.get(index)
            .map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
    };
    let rate = took.len() as f64 / length.as_secs_f64();
    println!(
        "{what:>10} {rate:>12.0} {:>10.2} {:>10.2} {:>10.2}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

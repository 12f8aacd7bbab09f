//! A disk that fills up and is freed, and one that turns read-only and back: commands are refused meanwhile,
//! no sound is lost, and the room is back by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use sideroom::clock;
use sideroom::store::{Journal, RedbStore};

use crate::disk::Disk;
use crate::media::Kind;
use crate::peer::{Options, Peer};
use crate::server::{Server, text};
use crate::{PACE, PATIENCE, check_continuity, talk};

/// How long an outage lasts, so that the room's back-off reaches its longest wait.
const OUTAGE: Duration = Duration::from_secs(4);
/// A room is back this soon after its store is.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// The server and a breakout to rename.
struct Commander {
    server: Server,
    breakout: String,
    given: AtomicU64,
}

impl Commander {
    async fn new(server: Server) -> Self {
        let breakout = server.create_breakout().await;
        Self {
            server,
            breakout,
            given: AtomicU64::new(0),
        }
    }

    /// Sends a command that is to be stored. False if the store has failed.
    async fn command(&self) -> bool {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let name = format!("{number:>60}");
        let body = json!({ "breakoutId": self.breakout, "displayName": name });
        let (status, answer) = self
            .server
            .ask("BreakoutService/UpdateBreakout", body)
            .await;
        if status == 200 {
            return true;
        }
        let reason = text(&answer["error"]["reason"]);
        assert_eq!((status, reason.as_str()), (503, "StoreFailed"), "{answer}");
        false
    }

    async fn until(&self, stored: bool) {
        let trying = async {
            while self.command().await != stored {
                tokio::time::sleep(PACE).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, trying).await.is_ok();
        assert!(in_time, "commands are not answered with {stored}");
    }

    /// The disk works again, so commands do soon.
    async fn back(&self, after: &str) {
        let since = clock::now();
        self.until(true).await;
        let took = since.elapsed();
        println!("{after}: commands are stored again after {took:?}");
        assert!(took < BACK_WITHIN, "{took:?}");
        let ready = self.server.health.ready();
        assert!(
            ready.good && ready.text.contains("1 live"),
            "{}",
            ready.text
        );
    }

    async fn fill_and_free(&self, disk: &Disk) {
        disk.fill();
        self.until(false).await;
        disk.free();
        self.back("a full disk was freed").await;
    }

    async fn read_only_and_back(&self, disk: &Disk) {
        // A file that is open for writing forbids the remount, and a store that has failed closes its file.
        disk.fill();
        let turning = async {
            self.until(false).await;
            while !disk.try_read_only() {
                self.command().await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, turning).await.is_ok();
        assert!(in_time, "the disk cannot be made read-only");
        let ready = || self.server.health.ready();
        let since = clock::now();
        while since.elapsed() < OUTAGE || ready().good || !ready().text.contains("1 suspended") {
            assert!(!self.command().await, "stored on a read-only disk");
            assert!(since.elapsed() < PATIENCE, "{}", ready().text);
            tokio::time::sleep(PACE).await;
        }
        assert!(ready().text.starts_with("store fails"), "{}", ready().text);
        assert!(self.server.health.alive().good, "a restart would not help");
        disk.read_write();
        self.back("a read-only disk became writable").await;
        disk.free();
    }
}

/// Both send sound until it is over.
async fn keep_talking(peers: &[&Peer], over: &AtomicBool) {
    let mut pace = tokio::time::interval(PACE);
    while !over.load(Ordering::Acquire) {
        pace.tick().await;
        for peer in peers {
            peer.send(Kind::Audio).await;
        }
    }
}

/// Every packet of the sender from the first that was heard has arrived.
fn check_whole(listener: &Peer, sender: &Peer) {
    let heard = listener.received.borrow().of(sender.name, Kind::Audio);
    let lost = heard
        .windows(2)
        .map(|pair| pair[1] - pair[0] - 1)
        .sum::<u32>();
    let (listener, sender) = (listener.name, sender.name);
    println!(
        "{listener} heard {} packets of {sender}, {lost} lost",
        heard.len()
    );
    assert_eq!(lost, 0, "packets of {sender} that {listener} has not heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_costs_no_sound_and_rooms_are_back_by_themselves() {
    let Some(disk) = Disk::mount() else { return };
    let store = RedbStore::open(&disk.path("rooms.redb"), 1 << 20).unwrap();
    let server = Server::start_on(Journal::new(Arc::new(store))).await;
    let alice = Peer::join(&server, 1, Options::default()).await;
    let bob = Peer::join(&server, 2, Options::default()).await;
    let commander = Commander::new(server).await;
    let both = [&alice, &bob];
    talk(&both, &both, 10).await;
    let over = AtomicBool::new(false);
    let story = async {
        commander.fill_and_free(&disk).await;
        commander.read_only_and_back(&disk).await;
        over.store(true, Ordering::Release);
    };
    tokio::join!(keep_talking(&both, &over), story);
    talk(&both, &both, 10).await;
    check_whole(&alice, &bob);
    check_whole(&bob, &alice);
    check_continuity(&alice);
    check_continuity(&bob);
}

//! The server in the process of a test that counts the allocations of all threads.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use sideroom::config::Config;
use sideroom::health::Health;
use sideroom::listen::descriptors::Budget;
use sideroom::serve::ServerParts;
use sideroom::shutdown::{Phase, Shutdown};
use sideroom::store::{Journal, MemoryStore};
use sideroom_rpc::auth::Keys;
use tokio::net::TcpListener;

use crate::running::{self, keyring};

/// Counts the allocations of all threads. The cryptographic library allocates contexts by itself, some 4 KiB
/// for each participant, which are not in this count.
pub(crate) struct Counting;

pub(crate) static HELD: AtomicIsize = AtomicIsize::new(0);

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.dealloc(at, layout) }
    }
}

/// Starts the server in this process: the address of its API, and its end.
pub(crate) async fn start(more: &[(&str, &str)]) -> (String, Shutdown) {
    let env = [
        ("SIDEROOM_AUTH_KEYS", running::KEYS),
        ("SIDEROOM_NODE_WORKERS", "1"),
        ("SIDEROOM_MEDIA_BIND", "127.0.0.1"),
        ("SIDEROOM_MEDIA_FIRST_PORT", "0"),
    ];
    let env = env.iter().chain(more);
    let env = env.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = http.local_addr().unwrap().to_string();
    let shutdown = Shutdown::new();
    let journal = Journal::new(Arc::new(MemoryStore::new()));
    let launch = ServerParts {
        config: Arc::new(Config::load(None, env).unwrap()),
        dev: false,
        keys: Keys::new(keyring()),
        webhooks: None,
        desk: sideroom::webhooks::StartedWebhooks::default(),
        health: Health::new(shutdown.clone(), journal.clone()),
        journal,
        shutdown: shutdown.clone(),
        budget: Budget::share(1_024, 1, 1_000),
        http,
        grpc: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        tls: None,
        cluster: None,
    };
    let running = shutdown.reached(Phase::Running);
    tokio::spawn(async { sideroom::app::run(launch).await.unwrap() });
    running.await;
    (address, shutdown)
}

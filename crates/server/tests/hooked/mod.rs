//! A receiver of events that misbehaves on purpose, and keeps what it was sent.
#![allow(dead_code, reason = "each test uses its own part")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::running::Chance;

pub(crate) const SECRET: &str = "a secret of receivers, of 32 bytes";

/// How a receiver answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// Takes everything at once.
    Good,
    /// Of a hundred requests some are failed before or after they are taken, some are never answered, and the answers
    /// of the others are not in the order of the requests.
    Nasty,
    /// Answers 422 to requests with an event of the type `participantJoined`.
    Refusing,
    /// Answers 503 to everything.
    Away,
}

/// One room's events, as they came.
#[derive(Clone, Default, Debug)]
pub(crate) struct Came {
    /// The last event of the room, and its number.
    pub(crate) seq: u64,
    pub(crate) number: u64,
    /// Events that came again.
    pub(crate) doubles: u64,
    /// Events that did not follow the one before.
    pub(crate) astray: Vec<(u64, u64)>,
}

/// Everything that was taken.
#[derive(Default, Debug)]
pub(crate) struct Taken {
    pub(crate) rooms: BTreeMap<String, Came>,
    pub(crate) events: u64,
    pub(crate) requests: u64,
    pub(crate) replayed: Vec<(u64, String)>,
    /// Requests whose signature is wrong.
    pub(crate) forged: u64,
}

impl Taken {
    fn take(&mut self, letter: &Value) {
        self.requests += 1;
        for item in letter["events"].as_array().unwrap() {
            let number = item["number"].as_u64().unwrap();
            let event = &item["event"];
            if letter["replay"] == true {
                let kind = event["type"].as_str().unwrap().to_owned();
                self.replayed.push((number, kind));
                continue;
            }
            self.events += 1;
            let room = item["room"].as_str().unwrap();
            let came = self.rooms.entry(room.to_owned()).or_default();
            let seq = seq(event);
            if seq <= came.seq {
                came.doubles += 1;
                continue;
            }
            if seq != came.seq + 1 || number <= came.number {
                came.astray.push((came.seq, seq));
            }
            (came.seq, came.number) = (seq, number);
        }
    }
}

/// 64-bit numbers are strings in the JSON of protobuf.
pub(crate) fn seq(of: &Value) -> u64 {
    let seq = &of["seq"];
    seq.as_u64()
        .unwrap_or_else(|| seq.as_str().unwrap().parse().unwrap())
}

struct Shared {
    manner: Mutex<Manner>,
    chance: Mutex<Chance>,
    taken: Mutex<Taken>,
    came: watch::Sender<u64>,
}

/// A receiver on a port of its own. It can be stopped and started again.
pub(crate) struct Hooked {
    runtime: Runtime,
    at: SocketAddr,
    shared: Arc<Shared>,
    /// Everything of the server that is stopped at once.
    serving: Option<Runtime>,
}

impl Hooked {
    pub(crate) fn new(manner: Manner, seed: u64) -> Self {
        let runtime = runtime();
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            chance: Mutex::new(Chance(seed)),
            taken: Mutex::default(),
            came: watch::Sender::new(0),
        });
        let mut hooked = Self {
            runtime,
            at: SocketAddr::from(([127, 0, 0, 1], 0)),
            shared,
            serving: None,
        };
        hooked.start();
        hooked
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/events", self.at)
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    pub(crate) fn taken(&self) -> MutexGuard<'_, Taken> {
        self.shared.taken.lock().unwrap()
    }

    /// Begins to listen, on the port that it had before.
    pub(crate) fn start(&mut self) {
        let runtime = runtime();
        let guard = runtime.enter();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.at).unwrap();
        let listener = socket.listen(128).unwrap();
        self.at = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/events", post(receive))
            .with_state(Arc::clone(&self.shared));
        let serve = axum::serve(listener, router);
        runtime.spawn(async move {
            let _ = serve.await;
        });
        drop(guard);
        self.serving = Some(runtime);
    }

    /// Stops: connections end in the middle of requests.
    pub(crate) fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.shutdown_timeout(Duration::from_secs(10));
        }
    }

    /// Waits until `holds` of what was taken.
    pub(crate) fn wait_until(&self, what: &str, mut holds: impl FnMut(&Taken) -> bool) {
        let mut came = self.shared.came.subscribe();
        let waiting = async {
            loop {
                came.borrow_and_update();
                if holds(&self.taken()) {
                    return;
                }
                came.changed().await.unwrap();
            }
        };
        let waited = self
            .runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(600), waiting).await });
        assert!(waited.is_ok(), "{what}: {:?}", self.taken());
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let manner = *shared.manner.lock().unwrap();
    let (dice, wait) = {
        let mut chance = shared.chance.lock().unwrap();
        (chance.below(1_000), chance.below(10))
    };
    let letter: Value = serde_json::from_slice(&body).unwrap();
    let take = || {
        let mut taken = shared.taken.lock().unwrap();
        taken.forged += u64::from(!is_signed(&headers, &body));
        taken.take(&letter);
        drop(taken);
        shared.came.send_modify(|count| *count += 1);
        StatusCode::NO_CONTENT
    };
    let joined = |item: &Value| item["event"]["type"] == "participantJoined";
    match (manner, dice) {
        (Manner::Away, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Manner::Refusing, _) if letter["events"].as_array().unwrap().iter().any(joined) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        (Manner::Good | Manner::Refusing, _) => take(),
        (Manner::Nasty, 0..80) => StatusCode::INTERNAL_SERVER_ERROR,
        (Manner::Nasty, 80..140) => {
            take();
            StatusCode::BAD_GATEWAY
        }
        (Manner::Nasty, 140..145) => {
            // The request is lost, and no answer ever comes.
            std::future::pending::<()>().await;
            StatusCode::OK
        }
        (Manner::Nasty, 145..150) => {
            take();
            std::future::pending::<()>().await;
            StatusCode::OK
        }
        (Manner::Nasty, _) => {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            take()
        }
    }
}

/// The signature as a receiver checks it: that of the time and the body.
fn is_signed(headers: &HeaderMap, body: &[u8]) -> bool {
    let header = headers["sideroom-signature"].to_str().unwrap();
    let (time, code) = header
        .strip_prefix("t=")
        .and_then(|rest| rest.split_once(",v1="))
        .unwrap();
    let age = sideroom::clock::unix_ms() / 1_000 - time.parse::<u64>().unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = [time.as_bytes(), b".", body].concat();
    let bytes = (0..code.len()).step_by(2);
    let code: Option<Vec<u8>> = bytes
        .map(|at| u8::from_str_radix(code.get(at..at + 2)?, 16).ok())
        .collect();
    age < 300 && hmac::verify(&key, &signed, &code.unwrap()).is_ok()
}

//! Starts the real server in a separate process, with a small client of the JSON API.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod caller;
pub(crate) mod stream;
pub(crate) mod websocket;

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use sideroom::config::Config;
use sideroom_rpc::auth::{ApiClaims, ClientClaims, Keyring, RoleClaim};

/// The key that every server here knows.
pub(crate) const KEYS: &str = "app:0123456789abcdef0123456789abcdef";
/// How long anything may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server may take until it is ready.
const LONGEST_START: Duration = Duration::from_secs(120);

pub(crate) const OFFER: &str =
    include_str!("../../../session/tests/offers/chromium156-recvonly.sdp");

/// The server that was built with the test, or another one that is to be measured.
pub(crate) fn binary() -> OsString {
    std::env::var_os("BENCHED_SERVER").unwrap_or_else(|| env!("CARGO_BIN_EXE_sideroom").into())
}

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) http: String,
    pub(crate) grpc: String,
    pub(crate) admin: String,
}

impl Server {
    /// Starts one on free ports and waits until it says that it is ready.
    pub(crate) fn start(store: &Path, env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary());
        command
            .args(["serve", "--dev", "--workers", "1", "--store"])
            .arg(store);
        command
            .env_clear()
            .env("SIDEROOM_AUTH_KEYS", KEYS)
            .env("SIDEROOM_LOG_LEVEL", "warn");
        Self::start_as(&mut command, env)
    }

    /// Starts a server with this command line.
    pub(crate) fn start_as(command: &mut Command, env: &[(&str, &str)]) -> Self {
        let mut child = command
            .env("SIDEROOM_HTTP_LISTEN", "127.0.0.1:0")
            .env("SIDEROOM_GRPC_LISTEN", "127.0.0.1:0")
            .env("SIDEROOM_ADMIN_LISTEN", "127.0.0.1:0")
            .env("SIDEROOM_MEDIA_FIRST_PORT", "0")
            .env("SIDEROOM_LIMITS_REQUESTS_PER_S_PER_KEY", "10000000")
            .env("SIDEROOM_LIMITS_REQUESTS_PER_S_PER_ADDRESS", "10000000")
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let _watchdog = watchdog(&child);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut value = |name: &str| loop {
            let line = lines
                .next()
                .expect("the server ends before it is ready")
                .unwrap();
            if let Some(rest) = line.strip_prefix(name) {
                return rest.trim().to_owned();
            }
        };
        let (http, grpc, admin) = (value("http"), value("grpc"), value("admin"));
        Self {
            child,
            http,
            grpc,
            admin,
        }
    }

    /// Kills it, like a power cut.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The answer of `/readyz`.
    pub(crate) fn ready(&self) -> (u16, String) {
        let request = "GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n";
        Client::new(&self.admin).exchange(request).unwrap()
    }

    /// The status and body of `/healthz`.
    pub(crate) fn healthy(&self) -> (u16, String) {
        let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
        Client::new(&self.admin).exchange(request).unwrap()
    }

    /// As an operator or an orchestrator ends it.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// A client on a new connection.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.http)
    }

    /// The value of one metric, without labels, in `/metrics`.
    pub(crate) fn metrics(&self) -> String {
        Client::new(&self.admin).get("/metrics").unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Kills a server that does not become ready, so that its test fails instead of waiting for ever. Dropped when it is.
fn watchdog(child: &Child) -> Sender<()> {
    let pid = rustix::process::Pid::from_child(child);
    let (ready, waiting) = channel();
    std::thread::spawn(move || {
        if waiting.recv_timeout(LONGEST_START) == Err(RecvTimeoutError::Timeout) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    });
    ready
}

/// Speaks JSON over one connection that is kept.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    token: String,
    /// A header of its own, sent with every call, with its line break.
    pub(crate) header: String,
}

/// An error instead of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// The server said no: its status and body.
    Status(u16, String),
    /// No answer: it may have happened or not.
    Gone,
}

pub(crate) fn keyring() -> Keyring {
    let env = [("SIDEROOM_AUTH_KEYS".to_owned(), KEYS.to_owned())];
    Config::load(None, env).unwrap().keyring().unwrap()
}

/// A token with which `identity` may join `room`.
pub(crate) fn client_token(room: &str, identity: &str) -> String {
    client_token_as(room, identity, RoleClaim::Participant)
}

/// A client token with a role.
pub(crate) fn client_token_as(room: &str, identity: &str, role: RoleClaim) -> String {
    let exp = sideroom::clock::unix_ms() / 1_000 + 3_600;
    let claims = ClientClaims::new(room, identity, role, exp);
    keyring().mint_client("app", &claims).unwrap()
}

/// A token of the signaling server.
pub(crate) fn api_token() -> String {
    let exp = sideroom::clock::unix_ms() / 1_000 + 3_600;
    keyring().mint_api("app", &ApiClaims::new(exp)).unwrap()
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        Self::with_token(address, api_token())
    }

    /// Calls with this token.
    pub(crate) fn with_token(address: &str, token: String) -> Self {
        Self::over(TcpStream::connect(address).unwrap(), token, PATIENCE)
    }

    /// Calls over a connection, and waits for so long for each answer.
    pub(crate) fn over(stream: TcpStream, token: String, patience: Duration) -> Self {
        stream.set_read_timeout(Some(patience)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
            token,
            header: String::new(),
        }
    }

    /// Calls a method of the JSON API.
    pub(crate) fn ask(&mut self, method: &str, body: &Value) -> Result<Value, Refused> {
        let body = body.to_string();
        let head = format!(
            "POST /sideroom.v1.{method} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\n{}content-length: {}\r\n\r\n",
            self.token,
            self.header,
            body.len()
        );
        let (status, answer) = self.exchange(&(head + &body)).ok_or(Refused::Gone)?;
        match status {
            200 => Ok(serde_json::from_str(&answer).unwrap()),
            _ => Err(Refused::Status(status, answer)),
        }
    }

    /// Calls a method that must succeed.
    pub(crate) fn must(&mut self, method: &str, body: Value) -> Value {
        self.ask(method, &body)
            .unwrap_or_else(|refused| panic!("{method} {body}: {refused:?}"))
    }

    /// Lets a participant into a room; returns the answer.
    pub(crate) fn join(&mut self, room: &str, identity: &str, request_id: &str) -> Value {
        let token = client_token(room, identity);
        let body = json!({
            "room": room, "requestId": request_id, "clientToken": token, "offer": OFFER,
        });
        self.must("ParticipantService/Join", body)
    }

    /// Begins a WHIP or WHEP session; its status and body.
    pub(crate) fn offer(&mut self, path: &str, token: &str, sdp: &str) -> (u16, String) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/sdp\r\ncontent-length: {}\r\n\r\n",
            sdp.len()
        );
        self.exchange(&(head + sdp)).unwrap()
    }

    /// A room, as the operator sees it.
    pub(crate) fn room(&mut self, name: &str) -> Option<Value> {
        match self.ask("RoomService/GetRoom", &json!({ "room": name })) {
            Ok(mut answer) => Some(answer["room"].take()),
            Err(Refused::Status(404, _)) => None,
            Err(refused) => panic!("{name}: {refused:?}"),
        }
    }

    fn get(&mut self, path: &str) -> Option<String> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.exchange(&request).map(|(_, body)| body)
    }

    pub(crate) fn exchange(&mut self, request: &str) -> Option<(u16, String)> {
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let mut line = String::new();
        self.stream
            .read_line(&mut line)
            .ok()
            .filter(|read| *read > 0)?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream
                .read_line(&mut line)
                .ok()
                .filter(|read| *read > 0)?;
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some((status, String::from_utf8(body).unwrap()))
    }
}

/// Chance that can be repeated (splitmix64).
pub(crate) struct Chance(pub u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

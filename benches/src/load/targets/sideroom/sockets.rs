//! Joins over the WebSocket, as browsers do: one socket for each client, open until the client leaves.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use super::super::http::refused;
use crate::load::error::LoadError;

/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);
/// Messages that are passed over before the answer.
const MAX_PASSED: usize = 10_000;
/// A thread that only takes messages in needs little.
const STACK: usize = 128 << 10;

/// The sockets of all clients.
pub(super) struct Sockets {
    /// Host and port.
    address: String,
    open: Mutex<HashMap<String, TcpStream>>,
}

/// The content of a client's join.
pub(super) struct Offer<'a> {
    pub(super) token: &'a str,
    pub(super) sdp: &'a str,
    /// Track hints for each sending line.
    pub(super) tracks: Value,
}

impl Sockets {
    /// Sockets to the server with its API at `url`.
    pub(super) fn new(url: &str) -> Self {
        let address = url.split("://").last().unwrap_or(url);
        Self {
            address: address.trim_end_matches('/').to_owned(),
            open: Mutex::default(),
        }
    }

    /// Joins: the participant's id and the answer's SDP.
    pub(super) fn join(&self, offer: &Offer<'_>) -> Result<(String, String), LoadError> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{}/v1/ws", self.address);
        let (mut socket, _) = tungstenite::client(url, stream.try_clone()?)
            .map_err(|error| refused("the WebSocket", &error))?;
        let join = json!({ "type": "join", "requestId": "1", "token": offer.token,
            "offer": offer.sdp, "tracks": offer.tracks });
        socket
            .send(Message::text(join.to_string()))
            .map_err(|error| refused("join", &error))?;
        let joined = await_joined(&mut socket)?;
        let (participant, answer) = parts_of(&joined)?;
        stream.set_read_timeout(None)?;
        // The server cuts off a client that does not read; a browser reads everything too.
        let name = "events".to_owned();
        let thread = Builder::new().name(name).stack_size(STACK);
        thread.spawn(move || while socket.read().is_ok() {})?;
        self.open().insert(participant.clone(), stream);
        Ok((participant, answer))
    }

    /// Closes the socket of a participant who has left.
    pub(super) fn forget(&self, participant: &str) {
        if let Some(stream) = self.open().remove(participant) {
            close(&stream);
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.open().values().for_each(close);
    }
}

fn close(stream: &TcpStream) {
    // It may be gone already, which is as good.
    let _: io::Result<()> = stream.shutdown(Shutdown::Both);
}

fn await_joined(socket: &mut WebSocket<TcpStream>) -> Result<Value, LoadError> {
    for _ in 0..MAX_PASSED {
        let message = socket.read().map_err(|error| refused("join", &error))?;
        let Message::Text(text) = message else {
            continue;
        };
        let message: Value =
            serde_json::from_str(&text).map_err(|error| refused("join", &error))?;
        match message.get("type").and_then(Value::as_str) {
            Some("joined") => return Ok(message),
            Some("error" | "closing") => return Err(refused("join", &text)),
            _ => {}
        }
    }
    Err(LoadError::Answer("the WebSocket did not answer".to_owned()))
}

fn parts_of(joined: &Value) -> Result<(String, String), LoadError> {
    let text = |name: &str| {
        let found = joined.get(name).and_then(Value::as_str);
        let missing = || LoadError::Answer(format!("it has no {name}: {joined}"));
        found.map(str::to_owned).ok_or_else(missing)
    };
    Ok((text("participantId")?, text("answer")?))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_client_joins_passes_over_events_and_reads_on() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            let mut socket = tungstenite::accept(stream).expect("a WebSocket");
            let Message::Text(join) = socket.read().expect("a message") else {
                panic!("no text");
            };
            let join: Value = serde_json::from_str(&join).expect("JSON");
            assert_eq!(
                (&join["type"], &join["token"]),
                (&json!("join"), &json!("t"))
            );
            for answer in [
                json!({ "type": "event", "event": {} }),
                json!({ "type": "joined", "participantId": "p1.2", "answer": "v=0" }),
                json!({ "type": "event", "event": {} }),
            ] {
                socket
                    .send(Message::text(answer.to_string()))
                    .expect("sent");
            }
            // The thread ends when the client closes the socket.
            while socket.read().is_ok() {}
        });
        let sockets = Sockets::new(&format!("http://{address}/"));
        let offer = Offer {
            token: "t",
            sdp: "v=0",
            tracks: json!([]),
        };
        let joined = sockets.join(&offer).expect("joined");
        assert_eq!(joined, ("p1.2".to_owned(), "v=0".to_owned()));
        sockets.forget("p1.2");
        server.join().expect("it ended");
    }
}

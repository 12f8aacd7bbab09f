//! The browser's door: a WebSocket on which one joins.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{OFFER, PATIENCE, client_token};

/// A socket that is open, and on which nobody has joined.
pub(crate) fn open(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let upgrade = "GET /v1/ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{head:?}");
    stream
}

/// The frame with which `identity` joins.
pub(crate) fn join_frame(room: &str, identity: &str, request_id: &str) -> Vec<u8> {
    let token = client_token(room, identity);
    frame(&json!({ "type": "join", "requestId": request_id, "offer": OFFER, "token": token }))
}

fn frame(message: &Value) -> Vec<u8> {
    let text = message.to_string();
    // Masked, as a client must; the mask is 0.
    let length = u16::try_from(text.len()).unwrap();
    let mut frame = vec![0x81, 0x80 | length.min(126) as u8];
    if length >= 126 {
        frame.extend(length.to_be_bytes());
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// Joins: the socket, and what it was answered.
pub(crate) fn join(address: &str, room: &str, identity: &str, id: &str) -> (TcpStream, Value) {
    begin(address, &join_frame(room, identity, id))
}

/// The same with a token and an offer of one's own.
pub(crate) fn join_with(address: &str, token: &str, offer: &str) -> (TcpStream, Value) {
    let join = json!({ "type": "join", "requestId": "join", "offer": offer, "token": token });
    begin(address, &frame(&join))
}

/// Takes a seat again that lost its socket.
pub(crate) fn resume(address: &str, token: &Value) -> (TcpStream, Value) {
    begin(
        address,
        &frame(&json!({ "type": "resume", "requestId": "resume", "resumeToken": token })),
    )
}

fn begin(address: &str, frame: &[u8]) -> (TcpStream, Value) {
    let mut stream = open(address);
    stream.write_all(frame).unwrap();
    let answer = loop {
        let message = read_text(&mut stream);
        if ["joined", "resumed", "error"].contains(&message["type"].as_str().unwrap_or_default()) {
            break message;
        }
    };
    (stream, answer)
}

/// The next text of the server, which neither masks nor fragments.
fn read_text(stream: &mut TcpStream) -> Value {
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).unwrap();
        let mut length = usize::from(head[1]);
        if length == 126 {
            let mut long = [0; 2];
            stream.read_exact(&mut long).unwrap();
            length = usize::from(u16::from_be_bytes(long));
        } else if length == 127 {
            let mut long = [0; 8];
            stream.read_exact(&mut long).unwrap();
            length = usize::try_from(u64::from_be_bytes(long)).unwrap();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        if head[0] == 0x81 {
            return serde_json::from_slice(&body).unwrap();
        }
    }
}

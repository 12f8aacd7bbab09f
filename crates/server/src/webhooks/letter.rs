//! The body of a request, and the dead letter that is left of an event if a receiver never takes it.

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use sideroom_store::KeptEvent;

/// An event that a receiver has not taken: kept for an operator to look at and to send again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    pub number: u64,
    pub room: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    pub at_ms: u64,
    /// The last error.
    pub error: String,
    pub given_up_at_ms: u64,
    /// The event's JSON.
    pub event: String,
}

impl DeadLetter {
    pub(super) fn of(kept: &KeptEvent, error: &str, now_ms: u64) -> Self {
        let event = &kept.event;
        Self {
            number: kept.number,
            room: event.room.clone(),
            kind: event.kind.clone(),
            at_ms: event.at_ms,
            error: error.to_owned(),
            given_up_at_ms: now_ms,
            event: String::from_utf8_lossy(&event.bytes).into_owned(),
        }
    }
}

/// The body of a request: number, room and JSON of each event.
pub(super) fn body<'a>(
    receiver: &str,
    replay: bool,
    events: impl IntoIterator<Item = (u64, &'a str, &'a [u8])>,
) -> Bytes {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut body = format!(
        r#"{{"receiver":{},"replay":{replay},"events":["#,
        text(receiver)
    )
    .into_bytes();
    for (index, (number, room, event)) in events.into_iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        let room = text(room);
        body.extend_from_slice(format!(r#"{{"number":{number},"room":{room},"event":"#).as_bytes());
        body.extend_from_slice(event);
        body.push(b'}');
    }
    body.extend_from_slice(b"]}");
    Bytes::from(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_whatever_the_names_are() {
        let events: [(u64, &str, &[u8]); 2] = [(7, "a\"b", b"{\"seq\":1}"), (9, "é", b"{}")];
        let body = body("crm", true, events);
        let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let expected = serde_json::json!({
            "receiver": "crm",
            "replay": true,
            "events": [
                { "number": 7, "room": "a\"b", "event": { "seq": 1 } },
                { "number": 9, "room": "é", "event": {} },
            ],
        });
        assert_eq!(read, expected);
    }
}

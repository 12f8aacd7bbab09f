//! The HTTP API of Janus: a session and a handle for each client, requests by POST, events by a long poll.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::load::error::LoadError;
use crate::load::targets::http::{Http, refused};

/// An answer that takes longer is an error; a long poll of Janus ends after 30 seconds.
const PATIENCE: Duration = Duration::from_secs(40);
/// Janus's error for a subscriber while the publisher's connection is still being set up.
const NO_SUCH_FEED: u64 = 428;
/// How often it asks again, and after how long.
const TRIES: usize = 50;
const RETRY: Duration = Duration::from_millis(100);
/// Events that are passed over before the one that was asked for.
const MAX_EVENTS: usize = 64;

/// A connection to the HTTP API.
pub(super) struct Api {
    http: Http,
    url: String,
    transactions: AtomicU64,
}

/// A session and the handle in it, written as `SESSION/HANDLE`.
pub(super) struct Handle {
    session: u64,
    handle: u64,
}

/// The plugin's answer to a request.
#[derive(Debug)]
pub(super) struct Event(Value);

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.session, self.handle)
    }
}

impl Api {
    /// An API at `url`, such as `http://127.0.0.1:8088/janus`.
    pub(super) fn new(url: &str) -> Self {
        Self {
            http: Http::new(PATIENCE),
            url: url.trim_end_matches('/').to_owned(),
            transactions: AtomicU64::new(0),
        }
    }

    /// The server's own description; an error until it listens.
    pub(super) fn info(&self) -> Result<Value, LoadError> {
        self.http.read_json(&format!("{}/info", self.url))
    }

    /// A session with a handle of the VideoRoom plugin.
    pub(super) fn attach(&self) -> Result<Handle, LoadError> {
        let session = self.post("", json!({ "janus": "create" }))?;
        let session = number(&session, "/data/id")?;
        let attach = json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" });
        let handle = self.post(&format!("/{session}"), attach)?;
        let handle = number(&handle, "/data/id")?;
        Ok(Handle { session, handle })
    }

    /// Ends a session and everything in it.
    pub(super) fn destroy(&self, handle: &str) -> Result<(), LoadError> {
        let session = handle.split('/').next().unwrap_or_default();
        let path = format!("/{session}");
        self.post(&path, json!({ "janus": "destroy" })).map(|_| ())
    }

    /// A request that is answered at once.
    pub(super) fn ask(&self, handle: &Handle, body: &Value) -> Result<Event, LoadError> {
        let message = json!({ "janus": "message", "body": body });
        let event = Event(self.post(&format!("/{handle}"), message)?);
        event.accepted()
    }

    /// A request that is answered by an event, with a description of ours.
    pub(super) fn negotiate(
        &self,
        handle: &Handle,
        body: Value,
        description: Option<(&str, &str)>,
    ) -> Result<Event, LoadError> {
        self.request(handle, &body, description)?.accepted()
    }

    /// Asks for an offer with other people's tracks; those who have just joined may not be known yet.
    #[expect(
        clippy::disallowed_methods,
        reason = "Janus has no event for it that others are told"
    )]
    pub(super) fn subscribe(&self, handle: &Handle, body: &Value) -> Result<Event, LoadError> {
        let mut event = self.request(handle, body, None)?;
        for _ in 0..TRIES {
            if event.error() != Some(NO_SUCH_FEED) {
                break;
            }
            std::thread::sleep(RETRY);
            event = self.request(handle, body, None)?;
        }
        event.accepted()
    }

    fn request(
        &self,
        handle: &Handle,
        body: &Value,
        description: Option<(&str, &str)>,
    ) -> Result<Event, LoadError> {
        let mut message = json!({ "janus": "message", "body": body });
        if let (Some((kind, sdp)), Value::Object(fields)) = (description, &mut message) {
            fields.insert("jsep".to_owned(), json!({ "type": kind, "sdp": sdp }));
        }
        let asked = self.post(&format!("/{handle}"), message)?;
        let transaction = asked.get("transaction").cloned().unwrap_or_default();
        let poll = format!("{}/{}?maxev=1", self.url, handle.session);
        for _ in 0..MAX_EVENTS {
            let event = self.http.read_json(&poll)?;
            if event.get("transaction") == Some(&transaction) {
                return Ok(Event(event));
            }
        }
        Err(LoadError::Answer("Janus did not answer".to_owned()))
    }

    fn post(&self, path: &str, mut message: Value) -> Result<Value, LoadError> {
        let transaction = self.transactions.fetch_add(1, Ordering::Relaxed);
        let method = message.get("janus").cloned().unwrap_or_default();
        if let Value::Object(fields) = &mut message {
            fields.insert("transaction".to_owned(), transaction.to_string().into());
        }
        let url = format!("{}{path}", self.url);
        let name = method.as_str().unwrap_or_default();
        let answer = self.http.post_json(name, &url, &message, None)?;
        match answer.pointer("/error/reason") {
            Some(reason) => Err(refused(method.as_str().unwrap_or_default(), reason)),
            None => Ok(answer),
        }
    }
}

impl Event {
    fn error(&self) -> Option<u64> {
        self.0.pointer("/plugindata/data/error_code")?.as_u64()
    }

    fn accepted(self) -> Result<Self, LoadError> {
        match self.0.pointer("/plugindata/data/error") {
            Some(error) => Err(refused("message", error)),
            None => Ok(self),
        }
    }

    /// The description that came with it.
    pub(super) fn sdp(&self) -> Result<&str, LoadError> {
        let sdp = self.0.pointer("/jsep/sdp").and_then(Value::as_str);
        sdp.ok_or_else(|| LoadError::Answer(format!("it has no description: {}", self.0)))
    }

    /// A number of the plugin's answer.
    pub(super) fn number(&self, name: &str) -> Result<u64, LoadError> {
        number(&self.0, &format!("/plugindata/data/{name}"))
    }
}

fn number(answer: &Value, pointer: &str) -> Result<u64, LoadError> {
    let found = answer.pointer(pointer).and_then(Value::as_u64);
    found.ok_or_else(|| LoadError::Answer(format!("it has no {pointer}: {answer}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_and_an_error_refused() {
        let joined = Event(json!({
            "janus": "event", "jsep": { "type": "answer", "sdp": "v=0" },
            "plugindata": { "data": { "videoroom": "joined", "id": 7 } },
        }));
        let joined = joined.accepted().expect("no error");
        assert_eq!(
            (joined.sdp().ok(), joined.number("id").ok()),
            (Some("v=0"), Some(7))
        );
        let missing = Event(json!({
            "plugindata": { "data": { "error_code": 428, "error": "No such feed" } },
        }));
        assert_eq!(missing.error(), Some(NO_SUCH_FEED));
        let refused = missing.accepted().expect_err("an error");
        assert!(refused.to_string().contains("No such feed"), "{refused}");
    }
}

//! The messages of the gateway, as text.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    backend::CloseReason,
    encode,
    error::{ApiError, WireError},
    proto,
};

/// Any message of a client: the type decides on the fields. Never printed, since a message may hold a token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Incoming<'a> {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) request_id: String,
    #[serde(default)]
    pub(super) token: String,
    #[serde(default)]
    pub(super) room: String,
    #[serde(default)]
    pub(super) offer: String,
    #[serde(default)]
    pub(super) tracks: Vec<proto::TrackHint>,
    #[serde(default)]
    pub(super) resume_token: String,
    #[serde(default)]
    pub(super) after_seq: Option<Number>,
    #[serde(default)]
    pub(super) method: String,
    #[serde(borrow, default)]
    pub(super) body: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) id: String,
}

/// A 64-bit number, as a string or as a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Plain(u64),
    Text(String),
}

impl Number {
    pub(super) fn value(&self) -> Result<u64, ApiError> {
        match self {
            Self::Plain(number) => Ok(*number),
            Self::Text(text) => text
                .parse()
                .map_err(|_| ApiError::BadRequest("`afterSeq` is not a number.".to_owned())),
        }
    }
}

/// A message of ours with the fields of `body`, which is rendered as a JSON object.
pub(super) fn typed(kind: &str, body: &impl Serialize) -> String {
    let body = serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned());
    match body.strip_prefix('{') {
        Some("}") | None => format!(r#"{{"type":"{kind}"}}"#),
        Some(fields) => format!(r#"{{"type":"{kind}",{fields}"#),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Joined<'a> {
    pub(super) request_id: &'a str,
    pub(super) participant_id: String,
    pub(super) resumed: bool,
    pub(super) resume_token: &'a str,
    pub(super) answer: &'a str,
    pub(super) tracks: Vec<proto::NegotiatedTrack>,
    pub(super) slots: Vec<proto::NegotiatedSlot>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ice_servers: Vec<proto::IceServer>,
    pub(super) seq: String,
    pub(super) epoch: String,
    pub(super) room: proto::Room,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resumed<'a> {
    pub(super) participant_id: String,
    pub(super) resume_token: &'a str,
    pub(super) seq: String,
    pub(super) epoch: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) room: Option<proto::Room>,
}

/// `reoffered`.
pub(super) fn reoffered(
    request_id: &str,
    media: &crate::backend::Negotiated,
    ice_servers: Vec<proto::IceServer>,
) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Reoffered<'a> {
        request_id: &'a str,
        answer: &'a str,
        tracks: Vec<proto::NegotiatedTrack>,
        slots: Vec<proto::NegotiatedSlot>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ice_servers: Vec<proto::IceServer>,
    }
    let body = Reoffered {
        request_id,
        answer: &media.answer,
        tracks: encode::tracks(media),
        slots: encode::slots(media),
        ice_servers,
    };
    typed("reoffered", &body)
}

/// `result`; `body` is JSON.
pub(super) fn result(request_id: &str, method: &str, body: &[u8]) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    format!(
        r#"{{"type":"result","requestId":{},"method":{},"body":{}}}"#,
        quoted(request_id),
        quoted(method),
        String::from_utf8_lossy(body)
    )
}

/// `error`.
pub(super) fn error(request_id: &str, error: &ApiError) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Failed<'a> {
        #[serde(skip_serializing_if = "str::is_empty")]
        request_id: &'a str,
        #[serde(flatten)]
        error: WireError,
    }
    let body = Failed {
        request_id,
        error: error.wire(),
    };
    typed("error", &body)
}

/// `pong`.
pub(super) fn pong(id: &str, now_ms: u64) -> String {
    let body = serde_json::json!({ "id": id, "serverTimeMs": now_ms.to_string() });
    typed("pong", &body)
}

/// Why a socket is closed from our side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Closing {
    /// The backend closed it, with this reason.
    Backend(CloseReason),
    TooSlow,
    /// No join arrived in time: the network may be slow, so the client may try again.
    JoinTimeout,
    BadMessage,
    RateLimited,
    JoinFailed {
        retry: bool,
    },
}

impl Closing {
    /// The name, the close code, and whether to come back.
    const fn parts(self) -> (&'static str, u16, bool) {
        match self {
            Self::Backend(CloseReason::Left) => ("Left", 1000, false),
            Self::Backend(CloseReason::RoomClosed) => ("RoomClosed", 4000, false),
            Self::Backend(CloseReason::Removed) => ("Removed", 4001, false),
            Self::Backend(CloseReason::Replaced) => ("Replaced", 4002, false),
            Self::Backend(CloseReason::Banned) => ("Banned", 4010, false),
            Self::Backend(CloseReason::ConnectionLost) => ("ConnectionLost", 4003, true),
            Self::TooSlow => ("TooSlow", 4004, true),
            Self::Backend(CloseReason::Draining) => ("Draining", 4005, true),
            Self::JoinTimeout => ("JoinTimeout", 4006, true),
            Self::BadMessage => ("BadMessage", 4007, false),
            Self::RateLimited => ("RateLimited", 4008, true),
            Self::JoinFailed { retry } => ("JoinFailed", 4009, retry),
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Backend(CloseReason::Left) => "You left the room.",
            Self::Backend(CloseReason::RoomClosed) => "The room was closed.",
            Self::Backend(CloseReason::Removed) => "A moderator removed you from the room.",
            Self::Backend(CloseReason::Banned) => "A moderator banned you from the room.",
            Self::Backend(CloseReason::Replaced) => "You joined from somewhere else.",
            Self::Backend(CloseReason::ConnectionLost) => {
                "The connection was lost for too long. Join again."
            }
            Self::TooSlow => "Messages were not read fast enough. Connect again.",
            Self::Backend(CloseReason::Draining) => "This server is shutting down. Connect again.",
            Self::JoinTimeout => "No `join` arrived in time. Connect again.",
            Self::JoinFailed { .. } => "Joining failed, as the error before says.",
            Self::BadMessage => "The messages could not be understood.",
            Self::RateLimited => "Far too many messages. Slow down and connect again.",
        }
    }

    pub(super) const fn code(self) -> u16 {
        self.parts().1
    }

    pub(super) const fn reason(self) -> &'static str {
        self.parts().0
    }

    /// The last message.
    pub(super) fn text(self) -> String {
        let (reason, _, reconnect) = self.parts();
        let message = self.sentence();
        let body =
            serde_json::json!({ "reason": reason, "message": message, "reconnect": reconnect });
        typed("closing", &body)
    }
}

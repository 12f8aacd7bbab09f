//! Errors of calls and their form on each wire. [`ApiError::wire`] is the only mapping; gRPC, HTTP and the
//! WebSocket put the same words into their own envelopes.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use sideroom_control::BreakoutError;
use sideroom_route::Epoch;
use tonic::{Code, Status};

use crate::pasted::LineFault;
use tonic_types::{ErrorDetails, StatusExt as _};

/// The reason why a call failed. Each text says what to do next.
#[derive(Clone, PartialEq, Debug, thiserror::Error, Serialize, Deserialize)]
pub enum ApiError {
    /// The room refused the command.
    #[error(transparent)]
    Breakout(#[from] BreakoutError),
    /// No token or certificate, or not a valid one.
    #[error("Sign in again: {0}.")]
    Unauthenticated(Cow<'static, str>),
    /// A valid token that does not open this.
    #[error("{0}")]
    PermissionDenied(String),
    /// A page of another origin called.
    #[error(
        "Pages of this origin may not call. Serve the page from here, or add its origin to \
         `http.allowed_origins`."
    )]
    ForeignOrigin,
    /// Too many calls.
    #[error("Too many calls. Wait {} ms and try again.", .retry_after.as_millis())]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Clients have as many connections as they may.
    #[error(
        "This server has as many connections of clients as it may. Try again in {} s; another server \
         may answer at once.",
        FULL_RETRY_AFTER.as_secs()
    )]
    TooManyConnections,
    /// Some bound of the node or the room is reached.
    #[error("{0}")]
    LimitReached(String),
    /// The node shuts down.
    #[error("This server is shutting down. Connect again; another one will answer.")]
    Draining,
    /// The session description cannot be answered.
    #[error("{sentence}")]
    BadOffer {
        /// The problem, in a sentence.
        sentence: String,
        /// In which line, from 1, if it is one.
        line: Option<u32>,
    },
    /// The request cannot be understood, or asks for something that cannot be.
    #[error("{0}")]
    BadRequest(String),
    /// The message is longer than allowed.
    #[error("The message is longer than {limit} bytes. Send less at a time.")]
    TooLarge { limit: usize },
    /// No room of this name.
    #[error("There is no such room. Create it first, or check its name.")]
    RoomNotFound,
    /// A room of this name exists.
    #[error("A room of this name exists. Choose another name, or use that one.")]
    RoomExists,
    /// The caller, or the participant named, is not in the room.
    #[error("There is no such participant in the room. Join first, or check the id.")]
    ParticipantNotFound,
    /// A session that cannot be resumed.
    #[error("The session is gone. Join again; your place is kept for a while.")]
    SessionGone,
    /// A method that does not exist, or not here.
    #[error("There is no method `{0}`. See the reference for those that exist.")]
    NoSuchMethod(String),
    /// The events after this number are no longer known.
    #[error("The events after this number are no longer kept. Take a fresh snapshot.")]
    OutOfRange,
    /// The room has moved on.
    #[error("The room is at epoch {current} by now. Look again and decide anew.")]
    EpochMismatch {
        /// Where it is.
        current: Epoch,
    },
    /// The watcher reads too slowly.
    #[error("Events were not read fast enough. Watch again from the last number.")]
    TooSlow,
    /// The journal could not be written.
    #[error(
        "The change could not be stored, so it was not made. Tell the operator; media goes on."
    )]
    StoreFailed,
    /// The call was not answered in time.
    #[error("The server is too busy to answer. Try again with the same request id.")]
    Overloaded,
    /// A pasted list with lines that cannot be read.
    #[error("{}", list_text(.0))]
    BadList(Vec<LineFault>),
    /// Not in this version.
    #[error("{0}")]
    NotSupported(String),
    /// Our own fault.
    #[error("Something went wrong on our side. Try again; if it persists tell the operator.")]
    Internal,
}

/// The first faults of a list in a sentence; the others are in [`WireError::lines`].
fn list_text(faults: &[LineFault]) -> String {
    let told = faults.iter().take(3);
    let told: Vec<String> = told
        .map(|fault| format!("line {}: {}", fault.line, fault.problem))
        .collect();
    let more = match faults.len().saturating_sub(told.len()) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!(
        "The list cannot be read ({}{more}); nothing was kept.",
        told.join("; ")
    )
}

/// The wait that is suggested to clients while there are too many connections.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(5);

/// An error in the words of every wire. Its JSON is that of the HTTP body and of the WebSocket's `error`.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireError {
    /// The gRPC code by name.
    #[serde(serialize_with = "code_name")]
    pub code: Code,
    /// The stable name.
    pub reason: &'static str,
    /// The sentence for a person.
    pub message: String,
    /// The EnableX code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enablex_code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acs_code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acs_subcode: Option<u32>,
    /// The lines of a pasted list that cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineFault>,
    /// Set for `VersionMismatch`; a string, like all 64-bit numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_version: Option<String>,
    /// Set for `EpochMismatch`; a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_epoch: Option<String>,
    /// Set for `BadOffer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Set for `RateLimited`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn code_name<S: serde::Serializer>(code: &Code, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name_of(*code))
}

const fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The HTTP status of a code, as in the comments of `google.rpc.Code`.
const fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl ApiError {
    /// Names a method that does not exist, without the rest of the path.
    pub(crate) fn no_such_method(method: &str) -> Self {
        let name = method
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "/._".contains(*c));
        Self::NoSuchMethod(name.take(80).collect())
    }

    /// The one mapping: code, stable name, sentence, and the codes of the two dialects.
    pub fn wire(&self) -> WireError {
        let (code, reason) = self.code();
        let mut wire = WireError {
            code,
            reason,
            message: self.to_string(),
            enablex_code: None,
            acs_code: None,
            acs_subcode: None,
            current_version: None,
            current_epoch: None,
            line: None,
            lines: Vec::new(),
            retry_after_ms: None,
        };
        match self {
            Self::Breakout(error) => {
                wire.enablex_code = Some(error.enablex().into());
                wire.acs_code = error.acs().map(|acs| acs.code.into());
                wire.acs_subcode = error.acs().map(|acs| acs.subcode);
                match error {
                    BreakoutError::VersionMismatch { current } => {
                        wire.current_version = Some(current.to_string());
                    }
                    BreakoutError::EpochMismatch { current } => {
                        wire.current_epoch = Some(current.0.to_string());
                    }
                    BreakoutError::RateLimited { retry_ms } => {
                        wire.retry_after_ms = Some(u64::from(*retry_ms));
                    }
                    // Details of internal errors go to the log only.
                    BreakoutError::Internal(what) => {
                        tracing::error!(what, "a room made a mistake");
                        wire.message = Self::Internal.to_string();
                    }
                    _ => {}
                }
            }
            Self::EpochMismatch { current } => wire.current_epoch = Some(current.0.to_string()),
            Self::BadOffer { line, .. } => wire.line = *line,
            Self::BadList(faults) => {
                wire.line = faults.first().and_then(|it| u32::try_from(it.line).ok());
                wire.lines.clone_from(faults);
            }
            Self::RateLimited { retry_after } => {
                let ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
                wire.retry_after_ms = Some(ms.max(1));
            }
            Self::TooManyConnections => {
                wire.retry_after_ms = u64::try_from(FULL_RETRY_AFTER.as_millis()).ok();
            }
            _ => {}
        }
        if wire.enablex_code.is_none() {
            wire.enablex_code = Some(1138);
        }
        wire
    }

    const fn code(&self) -> (Code, &'static str) {
        match self {
            Self::Breakout(error) => (breakout_code(error), error.name()),
            Self::Unauthenticated(_) => (Code::Unauthenticated, "Unauthenticated"),
            Self::PermissionDenied(_) | Self::ForeignOrigin => {
                (Code::PermissionDenied, "PermissionDenied")
            }
            Self::RateLimited { .. } => (Code::ResourceExhausted, "RateLimited"),
            Self::LimitReached(_) => (Code::ResourceExhausted, "LimitReached"),
            Self::Draining => (Code::Unavailable, "Draining"),
            Self::BadOffer { .. } => (Code::InvalidArgument, "BadOffer"),
            Self::BadRequest(_) | Self::BadList(_) => (Code::InvalidArgument, "InvalidArgument"),
            Self::TooLarge { .. } => (Code::InvalidArgument, "TooLarge"),
            Self::RoomNotFound | Self::ParticipantNotFound => (Code::NotFound, "NotFound"),
            Self::RoomExists => (Code::AlreadyExists, "RoomExists"),
            Self::SessionGone => (Code::NotFound, "SessionGone"),
            Self::NoSuchMethod(_) => (Code::Unimplemented, "NoSuchMethod"),
            Self::OutOfRange => (Code::OutOfRange, "OutOfRange"),
            Self::EpochMismatch { .. } => (Code::Aborted, "EpochMismatch"),
            Self::TooSlow => (Code::ResourceExhausted, "TooSlow"),
            Self::StoreFailed => (Code::Unavailable, "StoreFailed"),
            Self::Overloaded | Self::TooManyConnections => (Code::Unavailable, "Overloaded"),
            Self::NotSupported(_) => (Code::Unimplemented, "NotSupported"),
            Self::Internal => (Code::Internal, "Internal"),
        }
    }
}

const fn breakout_code(error: &BreakoutError) -> Code {
    use BreakoutError as E;
    match error {
        E::ParticipantCountInvalid
        | E::ParticipantCountTooLarge { .. }
        | E::ParticipantCountMissing
        | E::DetailsUnreadable(_)
        | E::InvalidArgument(_) => Code::InvalidArgument,
        E::BreakoutLimitReached { .. }
        | E::BreakoutFull { .. }
        | E::RoomFull { .. }
        | E::RateLimited { .. } => Code::ResourceExhausted,
        E::NotFound(_) => Code::NotFound,
        E::NotModerator
        | E::Banned { .. }
        | E::ReturnNotAllowed
        | E::NotAssigned
        | E::BreakoutLocked
        | E::VideoNotAllowed => Code::PermissionDenied,
        E::Unauthenticated => Code::Unauthenticated,
        E::VersionMismatch { .. } | E::EpochMismatch { .. } => Code::Aborted,
        E::Draining => Code::Unavailable,
        E::Internal(_) | E::TokenFailed | E::CreateFailed(_) => Code::Internal,
        E::NotSupported => Code::Unimplemented,
        E::LectureMode
        | E::BreakoutsExist
        | E::Disabled
        | E::JoinFailed
        | E::HoldFailed
        | E::BreakoutClosed
        | E::ResumeFailed
        | E::LeaveFailed
        | E::NotInParent
        | E::AlreadyInBreakout
        | E::ScheduleFailed(_) => Code::FailedPrecondition,
    }
}

impl From<ApiError> for Status {
    /// `google.rpc.Status` with an `ErrorInfo`: the stable name is its reason, the codes its metadata.
    fn from(error: ApiError) -> Self {
        let wire = error.wire();
        let mut metadata = HashMap::new();
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                metadata.insert(key.to_owned(), value);
            }
        };
        put(
            "enablex_code",
            wire.enablex_code.map(|code| code.to_string()),
        );
        put("acs_code", wire.acs_code.map(|code| code.to_string()));
        put("acs_subcode", wire.acs_subcode.map(|code| code.to_string()));
        put("current_version", wire.current_version.clone());
        put("current_epoch", wire.current_epoch.clone());
        put("line", wire.line.map(|line| line.to_string()));
        let mut details = ErrorDetails::with_error_info(wire.reason, "sideroom", metadata);
        if let Some(ms) = wire.retry_after_ms {
            details.set_retry_info(Some(Duration::from_millis(ms)));
        }
        Self::with_error_details(wire.code, wire.message, details)
    }
}

impl IntoResponse for ApiError {
    /// `{"error": …}` with the HTTP status that goes with the code.
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: WireError,
        }
        let wire = self.wire();
        let status = match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoSuchMethod(_) => StatusCode::NOT_FOUND,
            _ => http_status(wire.code),
        };
        let retry_after_s = wire.retry_after_ms.map(|ms| ms.div_ceil(1000));
        let mut response = (status, axum::Json(Body { error: wire })).into_response();
        if let Some(seconds) = retry_after_s {
            let value = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        if matches!(self, Self::TooManyConnections) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        if status == StatusCode::UNAUTHORIZED {
            let value = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_says_the_same_of_an_error() {
        let error = ApiError::from(BreakoutError::BreakoutClosed);
        let wire = error.wire();
        assert_eq!(
            (wire.code, wire.reason),
            (Code::FailedPrecondition, "BreakoutClosed")
        );
        assert_eq!((wire.acs_code, wire.acs_subcode), (Some(412), Some(46256)));
        let status = Status::from(error.clone());
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.reason, "BreakoutClosed");
        assert_eq!(info.metadata["acs_subcode"], "46256");
        assert_eq!(status.message(), wire.message);
        assert_eq!(error.into_response().status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn our_own_faults_are_not_described_to_strangers() {
        let error = ApiError::from(BreakoutError::Internal("the secret inner life"));
        assert!(!error.wire().message.contains("secret"));
    }
}

//! Rewrites refusals of the gRPC library (a message that is too long or unreadable, a method that does not
//! exist) in our own error format, with the details that every other error has.

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use tonic::{Code, Status};

use crate::{api::Api, error::ApiError};

/// Health checks and reflection have their own words, which their clients know.
const OURS: &str = "/sideroom.v1.";

/// Lets a call through, and replaces a bare refusal by one of ours.
pub(super) async fn in_our_words(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(method) = request.uri().path().strip_prefix(OURS).map(str::to_owned) else {
        return next.run(request).await;
    };
    let response = next.run(request).await;
    match translated(response.headers(), &method, api.config.max_message_bytes) {
        None => response,
        Some(error) => Status::from(error).into_http(),
    }
}

/// Our error for a refusal without details. A refusal before a method runs has its status in the head of the
/// answer, and no details.
fn translated(headers: &HeaderMap, method: &str, limit: usize) -> Option<ApiError> {
    if headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return None;
    }
    let status = Status::from_header_map(headers)?;
    match status.code() {
        Code::OutOfRange => Some(ApiError::TooLarge { limit }),
        Code::Internal => Some(ApiError::BadRequest(
            "The message does not read as what this method takes. Check it against the protocol."
                .to_owned(),
        )),
        Code::Unimplemented if status.message().contains("ompress") => {
            Some(ApiError::NotSupported(
                "The message is compressed in a way that is not known here. Send it plain."
                    .to_owned(),
            ))
        }
        Code::Unimplemented => Some(ApiError::no_such_method(method)),
        _ => None,
    }
}

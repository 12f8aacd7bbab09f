//! Parts of an HTTP request: its address, bearer token and body.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use tokio::time::timeout;

use crate::{api::Api, error::ApiError};

/// The body, if it is not too long and comes in time.
pub(crate) async fn read(api: &Api, body: Body) -> Result<Bytes, ApiError> {
    let limit = api.config.max_message_bytes;
    let read = timeout(api.config.answer_timeout, to_bytes(body, limit)).await;
    let slow =
        || ApiError::BadRequest("The body did not come in time. Send it at once.".to_owned());
    read.map_err(|_| slow())?
        .map_err(|_| ApiError::TooLarge { limit })
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(bearer_of)
}

/// The token of an `Authorization` header. The scheme has no case (RFC 9110 section 11.1).
pub(crate) fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Where a request comes from, as far as is known.
pub(crate) struct From(pub(crate) Option<IpAddr>);

impl FromRequestParts<Api> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let socket = socket.map(|info| info.0.ip());
        let forwarded = parts
            .headers
            .get("x-forwarded-for")
            .filter(|_| api.config.trust_forwarded)
            .and_then(|value| value.to_str().ok())
            // The last one is what our own proxy has seen; those before may be forged.
            .and_then(|list| list.rsplit(',').next())
            .and_then(|last| last.trim().parse().ok());
        Ok(Self(forwarded.or(socket)))
    }
}

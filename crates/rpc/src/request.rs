//! Parts of an HTTP request: its address, bearer token and body.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, header, request::Parts},
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

/// The address that the connection of a request comes from: a client's or a proxy's.
pub(crate) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let socket = extensions.get::<ConnectInfo<SocketAddr>>();
    socket.map(|info| info.0.ip())
}

/// The client's address, if known.
pub(crate) struct From(pub(crate) Option<IpAddr>);

impl FromRequestParts<Api> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        let peer = peer(&parts.extensions);
        let client = |peer| api.config.proxies.client(peer, &parts.headers);
        Ok(Self(peer.map(client)))
    }
}

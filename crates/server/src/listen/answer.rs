//! One request on a connection, from its headers to the last byte of its answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::header::{HOST, HeaderValue};
use axum::http::{Request, Response, StatusCode, Version};
use axum::response::IntoResponse as _;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use sideroom_rpc::connection::{self, Connection};
use sideroom_rpc::error::ApiError;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::service::Service;
use super::stream::ConnectionState;
use crate::metrics;

/// An answer begins within this time, or the request has stalled: a body that does not come, most likely.
const ANSWER_WITHIN: Duration = Duration::from_secs(45);

/// Lets the router answer a request that came on the connection of `guest`.
pub(super) async fn answer(
    service: Arc<Service>,
    (guest, peer): (Arc<ConnectionState>, SocketAddr),
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let answering = Answering::begin(&guest, request.version() == Version::HTTP_2);
    if guest.name(request.headers()).is_err() {
        metrics::connection_cut("full");
        return Ok(ApiError::TooManyConnections.into_response());
    }
    if guest.is_strange() {
        service.turns.take().await;
    }
    let mut request = request.map(Body::new);
    name_host(&mut request);
    request.extensions_mut().insert(ConnectInfo(peer));
    if let Some(certificate) = guest.certificate() {
        request.extensions_mut().insert(Arc::clone(certificate));
    }
    let connection: Arc<dyn Connection> = guest;
    let answered = connection::on(connection, service.router.clone().oneshot(request));
    let response = match timeout(ANSWER_WITHIN, answered).await {
        Ok(response) => response?,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    Ok(response.map(|body| {
        Body::new(Answer {
            body,
            _answering: answering,
        })
    }))
}

/// HTTP/2 names the host in `:authority` (RFC 9113 section 8.3.1), and everything behind this reads `Host`.
fn name_host(request: &mut Request<Body>) {
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let host = authority.and_then(|authority| HeaderValue::from_str(authority).ok());
    if let Some(host) = host
        && request.version() == Version::HTTP_2
        && !request.headers().contains_key(HOST)
    {
        request.headers_mut().insert(HOST, host);
    }
}

/// Until this is dropped the connection is busy.
struct Answering(Arc<ConnectionState>);

impl Answering {
    fn begin(guest: &Arc<ConnectionState>, frames: bool) -> Self {
        guest.activity.begin(frames);
        Self(Arc::clone(guest))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if self.0.activity.end() {
            self.0.idle();
        }
    }
}

/// The body of an answer, which keeps the connection busy.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

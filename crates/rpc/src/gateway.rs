//! The browser gateway: one WebSocket for each participant, as `docs/gateway.md` describes it.

mod message;
mod seating;
mod seats;
mod socket;
mod text_socket;
mod waiting;

use std::sync::atomic::Ordering;

use axum::{
    extract::{State, WebSocketUpgrade},
    response::Response,
};

pub(crate) use seats::Seats;

use crate::{api::Api, error::ApiError, ice, request::From};
use waiting::Waiting;

/// Read at once of a socket, and held by each while it waits. A longer message gets a buffer of its size.
const READ_BYTES: usize = 2 * 1_024;

/// `GET /v1/ws`. The token comes in the first message, so that it is in no log of addresses.
pub(crate) async fn upgrade(
    State(api): State<Api>,
    From(from): From,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    api.check_address(from)?;
    let waiting = Waiting::begin(&api, from)?;
    let place = SocketPermit::take(&api)?;
    let limit = api.config.max_message_bytes;
    let upgrade = upgrade
        .protocols(["sideroom.v1"])
        .read_buffer_size(READ_BYTES)
        .max_message_size(limit)
        .max_frame_size(limit);
    let host = ice::host();
    // Boxed, so that the task of a waiting socket is no larger than what it waits for.
    Ok(upgrade.on_upgrade(move |socket| {
        let served = Box::pin(socket::serve(place.api.clone(), socket, (from, waiting)));
        async move {
            ice::at_host(host, served).await;
            drop(place);
        }
    }))
}

/// One of the sockets that this node serves at most.
struct SocketPermit {
    api: Api,
}

impl SocketPermit {
    fn take(api: &Api) -> Result<Self, ApiError> {
        let place = Self { api: api.clone() };
        if api.sockets.fetch_add(1, Ordering::Relaxed) < api.config.max_sockets {
            return Ok(place);
        }
        Err(ApiError::LimitReached(
            "There are too many connections to this node. Try again later.".to_owned(),
        ))
    }
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        self.api.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}

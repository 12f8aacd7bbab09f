//! One socket as such: texts in and out, a heartbeat, and a close that says why.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket},
};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use tokio::time::{Instant, timeout};

use super::{
    message::{self, Closing},
    seats::Kick,
};
use crate::error::ApiError;

const SILENT_FOR: Duration = Duration::from_secs(40);
/// A client that takes no bytes for so long reads too slowly.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// Messages that make no sense before the socket is closed.
const MAX_STRIKES: u32 = 8;

/// How a socket ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The client is gone, or silent.
    Gone,
    /// We close it.
    Closing(Closing),
    /// The join failed, which was said; trying again later may help.
    NotJoined { retry: bool },
    /// Another socket has the seat.
    Kicked(Kick),
}
/// A client's WebSocket, as text messages.
pub(super) struct TextSocket {
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    heard: Instant,
    strikes: u32,
}

impl TextSocket {
    pub(super) fn new(socket: WebSocket) -> Self {
        let (sink, stream) = socket.split();
        Self {
            sink,
            stream,
            heard: Instant::now(),
            strikes: 0,
        }
    }

    /// The next text; whatever else comes only shows that the client lives.
    pub(super) async fn next_text(&mut self) -> Result<Utf8Bytes, End> {
        loop {
            let message = self.stream.next().await;
            self.heard = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(End::Closing(Closing::BadMessage)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
            }
        }
    }

    pub(super) async fn ping(&mut self) -> Result<(), End> {
        if self.heard.elapsed() > SILENT_FOR {
            return Err(End::Gone);
        }
        self.feed(Message::Ping(Bytes::new())).await?;
        self.flush().await
    }

    pub(super) async fn flush(&mut self) -> Result<(), End> {
        within(self.sink.flush()).await
    }

    /// Answers a message that makes no sense, up to a point.
    pub(super) async fn record_offence(&mut self, id: &str, error: &ApiError) -> Result<(), End> {
        self.strikes += 1;
        self.send(message::error(id, error)).await?;
        if self.strikes >= MAX_STRIKES {
            return Err(End::Closing(Closing::BadMessage));
        }
        Ok(())
    }

    pub(super) async fn send(&mut self, text: String) -> Result<(), End> {
        within(self.sink.send(text.into())).await
    }

    pub(super) async fn feed(&mut self, message: Message) -> Result<(), End> {
        within(self.sink.feed(message)).await
    }

    pub(super) async fn close(&mut self, end: End) {
        let (text, code, reason) = match end {
            End::Gone => return,
            End::Kicked(Kick::Resumed) => (None, 1000, "Resumed"),
            End::Kicked(Kick::Replaced) => {
                let closing = Closing::Backend(crate::backend::CloseReason::Replaced);
                (Some(closing.text()), closing.code(), closing.reason())
            }
            End::NotJoined { retry } => {
                let closing = Closing::JoinFailed { retry };
                (Some(closing.text()), closing.code(), closing.reason())
            }
            End::Closing(closing) => (Some(closing.text()), closing.code(), closing.reason()),
        };
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        };
        let last = text.map(|text| Message::Text(text.into()));
        for message in last.into_iter().chain([Message::Close(Some(frame))]) {
            let sent = timeout(Duration::from_secs(1), self.sink.send(message)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
        // Reads no further messages, but the answer to the close frame, so that the client sees the code.
        let drain = async { while let Some(Ok(_)) = self.stream.next().await {} };
        let _ = timeout(Duration::from_secs(1), drain).await;
    }
}

async fn within<E>(sending: impl Future<Output = Result<(), E>>) -> Result<(), End> {
    match timeout(SEND_WITHIN, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Closing(Closing::TooSlow)),
    }
}

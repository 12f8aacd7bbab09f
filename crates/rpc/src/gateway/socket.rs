//! Serves one joined client until the socket ends: commands in, answers and events out.

use std::{net::IpAddr, time::Duration};

use axum::extract::ws::WebSocket;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use sideroom_control::Viewer;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use super::{
    message::{self, Closing, Incoming, typed},
    seating::{Newcomer, end_seat, mids_of, unreadable},
    seats::{Kick, Seated},
    text_socket::{End, TextSocket},
    waiting::Waiting,
};
use crate::{
    api::{Api, Caller},
    backend::{CloseReason, ReofferRequest, WatchItem},
    call::{call_json, check_offer, check_repeat, hints},
    clock, encode,
    error::ApiError,
    limit::Bucket,
    proto::watch_response::Item,
};

const PING_EVERY: Duration = Duration::from_secs(15);
/// Messages that go out with one flush at most.
const BATCH: usize = 64;
/// Commands of one socket that are under way at once, at most.
const MAX_OPEN: usize = 64;
/// Messages beyond the rate before the socket is closed.
const MAX_REFUSED: u32 = 200;

/// Answers that are being worked on, ready to be sent.
type Answers = FuturesUnordered<BoxFuture<'static, String>>;

struct Socket {
    api: Api,
    line: TextSocket,
    bucket: Bucket,
    refused: u32,
}

/// Serves one client until either side closes the socket.
pub(super) async fn serve(api: Api, socket: WebSocket, (from, waiting): (Option<IpAddr>, Waiting)) {
    let mut line = TextSocket::new(socket);
    let taken = Newcomer::new(&api, &mut line, from)
        .take_seat(waiting)
        .await;
    match taken {
        // Boxed, because the future of a joined client is large, and a waiting socket must not hold memory for that.
        Ok((seated, items)) => Box::pin(carry(api, line, seated, items)).await,
        Err(end) => Box::pin(line.close(end)).await,
    }
}

/// Serves a client that has joined.
async fn carry(
    api: Api,
    line: TextSocket,
    mut seated: Seated,
    mut items: mpsc::Receiver<WatchItem>,
) {
    let bucket = Bucket::full(api.config.rates.client, clock::now());
    let mut socket = Socket {
        api: api.clone(),
        line,
        bucket,
        refused: 0,
    };
    let (room, participant) = (seated.room.clone(), seated.participant);
    tracing::info!(%room, %participant, "a socket is up");
    let end = socket.run(&mut seated, &mut items).await;
    tracing::info!(%room, %participant, ?end, "a socket has ended");
    end_seat(&api, &seated, end).await;
    socket.line.close(end).await;
}

impl Socket {
    /// Carries commands in, answers and events out, until the end.
    async fn run(&mut self, seated: &mut Seated, items: &mut mpsc::Receiver<WatchItem>) -> End {
        let mut answers = Answers::new();
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                kick = &mut seated.kicked => Err(End::Kicked(kick.unwrap_or(Kick::Resumed))),
                text = self.line.next_text() => match text {
                    Ok(text) => self.handle_text(seated, &mut answers, &text).await,
                    Err(end) => Err(end),
                },
                item = items.recv() => self.tell(seated, item, items).await,
                Some(answer) = answers.next(), if !answers.is_empty() => self.line.send(answer).await,
                _ = pings.tick() => self.line.ping().await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn handle_text(
        &mut self,
        seated: &mut Seated,
        answers: &mut Answers,
        text: &str,
    ) -> Result<(), End> {
        let incoming = match serde_json::from_str::<Incoming<'_>>(text) {
            Ok(incoming) => incoming,
            Err(error) => return self.line.record_offence("", &unreadable(&error)).await,
        };
        let id = incoming.request_id.as_str();
        if let Err(retry_after) = self.bucket.take(self.api.config.rates.client, clock::now()) {
            self.refused += 1;
            if self.refused > MAX_REFUSED {
                return Err(End::Closing(Closing::RateLimited));
            }
            return self
                .line
                .send(message::error(id, &ApiError::RateLimited { retry_after }))
                .await;
        }
        self.refused = 0;
        match incoming.kind.as_str() {
            "command" => self.command(seated, answers, &incoming).await,
            "ping" => {
                self.line
                    .send(message::pong(&incoming.id, clock::unix_ms()))
                    .await
            }
            "reoffer" => {
                let answer = self.reoffer(seated, &incoming).await;
                self.line
                    .send(answer.unwrap_or_else(|error| message::error(id, &error)))
                    .await
            }
            "leave" => {
                let left = self.leave(seated, id).await;
                match left {
                    Ok(()) => Err(End::Closing(Closing::Backend(CloseReason::Left))),
                    Err(error) => self.line.send(message::error(id, &error)).await,
                }
            }
            other => {
                let known: String = other.chars().take(40).collect();
                let sentence = format!("`{known}` is no message for a client that has joined.");
                self.line
                    .record_offence(id, &ApiError::BadRequest(sentence))
                    .await
            }
        }
    }

    async fn command(
        &mut self,
        seated: &Seated,
        answers: &mut Answers,
        incoming: &Incoming<'_>,
    ) -> Result<(), End> {
        let id = incoming.request_id.clone();
        if let Err(error) = may_call(&id, &incoming.method, answers.len()) {
            return self.line.send(message::error(&id, &error)).await;
        }
        let who = Caller::Seated {
            room: seated.room.clone(),
            participant: seated.participant,
        };
        let api = self.api.clone();
        let method = incoming.method.clone();
        let body = incoming.body.map_or("{}", |body| body.get()).to_owned();
        answers.push(Box::pin(async move {
            let answer = call_json(&api, &who, &method, body.as_bytes(), Some(&id)).await;
            match answer {
                Ok(body) => message::result(&id, &method, &body),
                Err(error) => message::error(&id, &error),
            }
        }));
        Ok(())
    }

    async fn reoffer(
        &mut self,
        seated: &mut Seated,
        incoming: &Incoming<'_>,
    ) -> Result<String, ApiError> {
        check_offer(&self.api, &incoming.offer)?;
        let request = ReofferRequest {
            room: seated.room.clone(),
            participant: seated.participant,
            offer: incoming.offer.clone(),
            hints: hints(&incoming.tracks)?,
        };
        let id = &incoming.request_id;
        check_repeat(&self.api, seated.participant, id, request.body())?;
        let media = self.api.timed(self.api.backend.reoffer(request)).await?;
        seated.mids = mids_of(&media);
        let (participant, generation) = (seated.participant, seated.generation);
        self.api
            .seats
            .set_mids(participant, generation, &seated.mids);
        let ice_servers = self.api.ice_servers(seated.participant, true);
        Ok(message::reoffered(
            &incoming.request_id,
            &media,
            ice_servers,
        ))
    }

    async fn leave(&self, seated: &Seated, id: &str) -> Result<(), ApiError> {
        let left = self.api.leave(&seated.room, seated.participant, id);
        left.await.map(|_| ())
    }

    /// Sends this item and those that have queued up behind it, with one flush.
    async fn tell(
        &mut self,
        seated: &Seated,
        first: Option<WatchItem>,
        items: &mut mpsc::Receiver<WatchItem>,
    ) -> Result<(), End> {
        let mut next = Some(first.ok_or(End::Closing(Closing::TooSlow))?);
        let mut told = 0;
        let mut end = Ok(());
        while let Some(item) = next.take() {
            if let WatchItem::Closed(reason) = item {
                end = Err(End::Closing(Closing::Backend(reason)));
                break;
            }
            if let Some(text) = text_of(&item, seated) {
                self.line.feed(text.into()).await?;
            }
            told += 1;
            if told < BATCH {
                next = items.try_recv().ok();
            }
        }
        self.line.flush().await?;
        end
    }
}

fn text_of(item: &WatchItem, seated: &Seated) -> Option<String> {
    let viewer = Viewer::Participant(seated.participant);
    if let WatchItem::Event(shared) = item {
        return Some(format!(
            r#"{{"type":"event","event":{}}}"#,
            shared.json(viewer)
        ));
    }
    let mid_of = |slot| seated.mids.get(&slot).cloned().unwrap_or_default();
    Some(match encode::watch_item(item, viewer, mid_of)? {
        Item::Snapshot(_) | Item::Event(_) => return None,
        Item::Speakers(body) => typed("speakers", &body),
        Item::SlotAssigned(body) => typed("slotAssigned", &body),
        Item::SlotPaused(body) => typed("slotPaused", &body),
        Item::LayersWanted(body) => typed("layersWanted", &body),
    })
}

/// Joining, leaving and offers are messages of their own here; new rooms and tokens are the signaling server's.
fn may_call(request_id: &str, method: &str, open: usize) -> Result<(), ApiError> {
    if request_id.is_empty() {
        return Err(ApiError::BadRequest(
            "A command needs a `requestId`.".to_owned(),
        ));
    }
    if open >= MAX_OPEN {
        return Err(ApiError::RateLimited {
            retry_after: Duration::from_millis(100),
        });
    }
    let here = match method.split_once('/') {
        Some(("BreakoutService", _)) => true,
        Some(("RoomService", name)) => {
            matches!(
                name,
                "GetRoom"
                    | "UpdateRoom"
                    | "DeleteRoom"
                    | "SendMessage"
                    | "ListMoves"
                    | "ListAttendance"
            )
        }
        Some(("ParticipantService", name)) => !matches!(
            name,
            "Join" | "Reoffer" | "Trickle" | "Leave" | "CreateToken"
        ),
        _ => false,
    };
    if here {
        return Ok(());
    }
    let name = method
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '/');
    Err(ApiError::NoSuchMethod(name.take(80).collect()))
}

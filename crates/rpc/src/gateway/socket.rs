//! One socket from its first message to its last.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket},
};
use futures_util::{
    SinkExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{FuturesUnordered, SplitSink, SplitStream},
};
use sideroom_control::Viewer;
use sideroom_route::SlotId;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout, timeout_at},
};

use super::{
    message::{self, Closing, Incoming, Joined, Resumed, typed},
    seats::{Kick, Mids, Seated},
};
use crate::{
    api::{Api, Who, request_id_or_fresh},
    backend::{Negotiated, ReofferRequest, Watch, WatchItem},
    call::{call_json, check_offer, hints, join_as},
    clock, encode,
    error::ApiError,
    limit::Bucket,
    proto::watch_response::Item,
};

/// The first message must come by then.
const JOIN_WITHIN: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(15);
const SILENT_FOR: Duration = Duration::from_secs(40);
/// A client that takes no bytes for so long reads too slowly.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// Messages that go out with one flush at most.
const BATCH: usize = 64;
/// Commands of one socket that are under way at once, at most.
const MAX_OPEN: usize = 64;
/// Messages that make no sense, or come beyond the rate, before the socket is closed.
const MAX_STRIKES: u32 = 8;
const MAX_REFUSED: u32 = 200;

/// How a socket ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// It is gone, or silent.
    Gone,
    /// We close it.
    Closing(Closing),
    /// The join failed, which was said.
    NotJoined,
    /// Another socket has the seat.
    Kicked(Kick),
}

/// Answers that are being worked on, ready to be sent.
type Answers = FuturesUnordered<BoxFuture<'static, String>>;

struct Socket {
    api: Api,
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    heard: Instant,
    bucket: Bucket,
    strikes: u32,
    refused: u32,
}

/// Serves one client until it or we close the socket.
pub(super) async fn serve(api: Api, socket: WebSocket) {
    let (sink, stream) = socket.split();
    let bucket = Bucket::full(api.config.rates.client, clock::now());
    let mut socket = Socket {
        api: api.clone(),
        sink,
        stream,
        heard: Instant::now(),
        bucket,
        strikes: 0,
        refused: 0,
    };
    let end = match socket.take_seat().await {
        Ok((mut seated, mut items)) => {
            let end = socket.run(&mut seated, &mut items).await;
            rise(&api, &seated, end).await;
            end
        }
        Err(end) => end,
    };
    socket.close(end).await;
}

/// What becomes of the seat when its socket ends.
async fn rise(api: &Api, seated: &Seated, end: End) {
    let (participant, generation) = (seated.participant, seated.generation);
    match end {
        End::Closing(Closing::Backend(_)) => {
            api.seats.leave(participant, generation);
        }
        End::Kicked(_) => {}
        End::Gone | End::NotJoined | End::Closing(_) => {
            if !api.seats.detach(participant, generation) {
                return;
            }
            let api = api.clone();
            tokio::spawn(async move {
                tokio::time::sleep(api.config.socket_grace).await;
                if let Some((room, session)) = api.seats.leave(participant, generation) {
                    api.backend.disconnected(&room, participant, session).await;
                }
            });
        }
    }
}

impl Socket {
    /// Waits for a `join` or a `resume` that succeeds.
    async fn take_seat(&mut self) -> Result<(Seated, mpsc::Receiver<WatchItem>), End> {
        let deadline = Instant::now() + JOIN_WITHIN;
        loop {
            let text = timeout_at(deadline, self.next_text()).await;
            let text = text.unwrap_or(Err(End::Closing(Closing::Unauthenticated)))?;
            let incoming = match serde_json::from_str::<Incoming<'_>>(&text) {
                Ok(incoming) => incoming,
                Err(error) => {
                    self.strike("", &unreadable(&error)).await?;
                    continue;
                }
            };
            match incoming.kind.as_str() {
                "join" => match self.join(&incoming).await {
                    Ok(seat) => return Ok(seat),
                    Err(error) => {
                        self.send(message::error(&incoming.request_id, &error))
                            .await?;
                        return Err(End::NotJoined);
                    }
                },
                "resume" => match self.resume(&incoming).await {
                    Ok(seat) => return Ok(seat),
                    Err(error) => {
                        self.send(message::error(&incoming.request_id, &error))
                            .await?
                    }
                },
                "ping" => {
                    self.send(message::pong(&incoming.id, clock::unix_ms()))
                        .await?
                }
                _ => {
                    let error = ApiError::BadRequest("Send `join` or `resume` first.".to_owned());
                    self.strike(&incoming.request_id, &error).await?;
                }
            }
        }
    }

    async fn join(
        &mut self,
        incoming: &Incoming<'_>,
    ) -> Result<(Seated, mpsc::Receiver<WatchItem>), ApiError> {
        let api = self.api.clone();
        let claims = api
            .keyring
            .verify_client(&incoming.token, clock::unix_s())?;
        if !incoming.room.is_empty() && incoming.room != claims.room {
            return Err(ApiError::PermissionDenied(
                "This token is for another room.".to_owned(),
            ));
        }
        let hints = hints(&incoming.tracks)?;
        let offer = incoming.offer.clone();
        let joined = join_as(&api, &claims, offer, hints, &incoming.request_id).await?;
        let (participant, session) = (joined.participant, joined.session);
        let mids = mids_of(&joined.media);
        let seated = api
            .seats
            .sit(claims.room.clone(), participant, session, mids);
        let after = Some(joined.room.seq);
        let viewer = Viewer::Participant(participant);
        let watch = api
            .timed(api.backend.watch(&claims.room, viewer, after))
            .await;
        let body = Joined {
            request_id: &incoming.request_id,
            participant_id: participant.to_string(),
            resumed: joined.resumed,
            resume_token: &seated.token,
            answer: &joined.media.answer,
            tracks: encode::tracks(&joined.media),
            slots: encode::slots(&joined.media),
            seq: joined.room.seq.to_string(),
            epoch: joined.room.epoch.0.to_string(),
            room: encode::room(joined.room),
        };
        let sent = match watch {
            Ok(watch) => self
                .send(typed("joined", &body))
                .await
                .map(|()| watch.items),
            Err(error) => {
                rise(&api, &seated, End::NotJoined).await;
                return Err(error);
            }
        };
        match sent {
            Ok(items) => Ok((seated, items)),
            Err(end) => {
                rise(&api, &seated, end).await;
                Err(ApiError::SessionGone)
            }
        }
    }

    async fn resume(
        &mut self,
        incoming: &Incoming<'_>,
    ) -> Result<(Seated, mpsc::Receiver<WatchItem>), ApiError> {
        let api = self.api.clone();
        let after = incoming
            .after_seq
            .as_ref()
            .map(message::Number::value)
            .transpose()?;
        let seated = api
            .seats
            .resume(&incoming.resume_token)
            .ok_or(ApiError::SessionGone)?;
        let resumed = self.watch_again(&seated, after).await;
        let sent = match resumed {
            Ok((body, items)) => self.send(typed("resumed", &body)).await.map(|()| items),
            Err(_) => Err(End::Gone),
        };
        match sent {
            Ok(items) => Ok((seated, items)),
            Err(end) => {
                rise(&api, &seated, end).await;
                Err(ApiError::SessionGone)
            }
        }
    }

    /// The events after a number, or, if they are no longer known, the room as it is.
    async fn watch_again<'a>(
        &self,
        seated: &'a Seated,
        after: Option<u64>,
    ) -> Result<(Resumed<'a>, mpsc::Receiver<WatchItem>), ApiError> {
        let backend = &self.api.backend;
        let (room, viewer) = (&seated.room, Viewer::Participant(seated.participant));
        let mut watch = self.api.timed(backend.watch(room, viewer, after)).await;
        if after.is_some() && matches!(watch, Err(ApiError::OutOfRange)) {
            watch = self.api.timed(backend.watch(room, viewer, None)).await;
        }
        let Watch { snapshot, items } = watch?;
        let (seq, epoch, room) = match snapshot {
            Some(view) => (view.seq, view.epoch, Some(encode::room(*view))),
            None => {
                let view = self.api.timed(backend.room(room, viewer)).await?;
                (view.seq, view.epoch, None)
            }
        };
        let resumed = Resumed {
            participant_id: seated.participant.to_string(),
            resume_token: &seated.token,
            seq: seq.to_string(),
            epoch: epoch.0.to_string(),
            room,
        };
        Ok((resumed, items))
    }

    /// Carries commands in, answers and events out, until the end.
    async fn run(&mut self, seated: &mut Seated, items: &mut mpsc::Receiver<WatchItem>) -> End {
        let mut answers = Answers::new();
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                kick = &mut seated.kicked => Err(End::Kicked(kick.unwrap_or(Kick::Resumed))),
                text = self.next_text() => match text {
                    Ok(text) => self.handle_text(seated, &mut answers, &text).await,
                    Err(end) => Err(end),
                },
                item = items.recv() => self.tell(seated, item, items).await,
                Some(answer) = answers.next(), if !answers.is_empty() => self.send(answer).await,
                _ = pings.tick() => self.ping().await,
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
            Err(error) => return self.strike("", &unreadable(&error)).await,
        };
        let id = incoming.request_id.as_str();
        if let Err(retry_after) = self.bucket.take(self.api.config.rates.client, clock::now()) {
            self.refused += 1;
            if self.refused > MAX_REFUSED {
                return Err(End::Closing(Closing::RateLimited));
            }
            return self
                .send(message::error(id, &ApiError::RateLimited { retry_after }))
                .await;
        }
        self.refused = 0;
        match incoming.kind.as_str() {
            "command" => self.command(seated, answers, &incoming).await,
            "ping" => {
                self.send(message::pong(&incoming.id, clock::unix_ms()))
                    .await
            }
            "reoffer" => {
                let answer = self.reoffer(seated, &incoming).await;
                self.send(answer.unwrap_or_else(|error| message::error(id, &error)))
                    .await
            }
            "leave" => {
                let left = self.leave(seated, id).await;
                match left {
                    Ok(()) => Err(End::Closing(Closing::Backend(
                        crate::backend::CloseReason::Left,
                    ))),
                    Err(error) => self.send(message::error(id, &error)).await,
                }
            }
            other => {
                let known: String = other.chars().take(40).collect();
                let sentence = format!("`{known}` is no message for a client that has joined.");
                self.strike(id, &ApiError::BadRequest(sentence)).await
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
            return self.send(message::error(&id, &error)).await;
        }
        let who = Who::Seated {
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
        let media = self.api.timed(self.api.backend.reoffer(request)).await?;
        seated.mids = mids_of(&media);
        let (participant, generation) = (seated.participant, seated.generation);
        self.api
            .seats
            .set_mids(participant, generation, &seated.mids);
        Ok(message::reoffered(&incoming.request_id, &media))
    }

    async fn leave(&self, seated: &Seated, id: &str) -> Result<(), ApiError> {
        let id = request_id_or_fresh(id)?;
        let backend = &self.api.backend;
        let left = backend.leave(&seated.room, seated.participant, id);
        self.api.timed(left).await.map(|_| ())
    }

    /// Tells the client what happened: this item and what has queued up behind it, with one flush.
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
                self.feed(text.into()).await?;
            }
            told += 1;
            if told < BATCH {
                next = items.try_recv().ok();
            }
        }
        within(self.sink.flush()).await?;
        end
    }

    /// The next text; whatever else comes only shows that the client lives.
    async fn next_text(&mut self) -> Result<Utf8Bytes, End> {
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

    async fn ping(&mut self) -> Result<(), End> {
        if self.heard.elapsed() > SILENT_FOR {
            return Err(End::Gone);
        }
        self.feed(Message::Ping(Bytes::new())).await?;
        within(self.sink.flush()).await
    }

    /// Answers a message that makes no sense, up to a point.
    async fn strike(&mut self, id: &str, error: &ApiError) -> Result<(), End> {
        self.strikes += 1;
        self.send(message::error(id, error)).await?;
        if self.strikes >= MAX_STRIKES {
            return Err(End::Closing(Closing::BadMessage));
        }
        Ok(())
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        within(self.sink.send(text.into())).await
    }

    async fn feed(&mut self, message: Message) -> Result<(), End> {
        within(self.sink.feed(message)).await
    }

    async fn close(&mut self, end: End) {
        let (text, code, reason) = match end {
            End::Gone => return,
            End::Kicked(Kick::Resumed) => (None, 1000, "Resumed"),
            End::Kicked(Kick::Replaced) => {
                let closing = Closing::Backend(crate::backend::CloseReason::Replaced);
                (Some(closing.text()), closing.code(), closing.reason())
            }
            End::NotJoined => (Some(Closing::JoinFailed.text()), 4009, "JoinFailed"),
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
        // What the client still sends is not read; its answer to the close is, so that it sees the code.
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

fn mids_of(media: &Negotiated) -> Mids {
    let mids: HashMap<SlotId, String> = media.slots.iter().cloned().collect();
    Arc::new(mids)
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

/// Joining, leaving and offers are messages of their own here; rooms and tokens are the signaling server's.
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
            matches!(name, "GetRoom" | "UpdateRoom" | "SendMessage" | "ListMoves")
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

fn unreadable(error: &serde_json::Error) -> ApiError {
    let sentence: String = format!("The message cannot be read: {error}.");
    ApiError::BadRequest(sentence.chars().take(300).collect())
}

//! Taking a seat: a `join` or a `resume`, and the fate of the seat when its socket ends.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use axum::extract::ws::Utf8Bytes;
use sideroom_control::Viewer;
use sideroom_route::SlotId;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use tonic::Code;

use super::{
    message::{self, Closing, Incoming, Joined, Resumed, typed},
    seats::{Mids, Seated},
    text_socket::{End, TextSocket},
    waiting::Waiting,
};
use crate::{
    api::Api,
    backend::{Negotiated, Watch, WatchItem},
    call::{hints, join_as},
    clock, encode,
    error::ApiError,
};

/// A seat, and the stream of its room's events.
type NewSeat = (Seated, mpsc::Receiver<WatchItem>);

/// A socket that has not joined yet.
pub(super) struct Newcomer<'a> {
    api: &'a Api,
    line: &'a mut TextSocket,
    from: Option<IpAddr>,
    /// The place among those that wait; `None` since a valid token came.
    waiting: Option<Waiting>,
}

impl<'a> Newcomer<'a> {
    pub(super) const fn new(api: &'a Api, line: &'a mut TextSocket, from: Option<IpAddr>) -> Self {
        Self {
            api,
            line,
            from,
            waiting: None,
        }
    }
}

impl Newcomer<'_> {
    /// The next text. A socket that brings none in time, or must make way for others, is closed.
    async fn next_text(&mut self, deadline: Instant) -> Result<Utf8Bytes, End> {
        let Self { line, waiting, .. } = self;
        let make_way = async {
            match waiting {
                Some(waiting) => waiting.must_make_way().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            text = timeout_at(deadline, line.next_text()) => {
                text.unwrap_or(Err(End::Closing(Closing::JoinTimeout)))
            }
            () = make_way => Err(End::Gone),
        }
    }

    fn wait_no_longer(&mut self) -> Result<(), ApiError> {
        match self.waiting.take() {
            Some(waiting) => waiting.joined(),
            None => Ok(()),
        }
    }

    /// Waits for a `join` or a `resume` that succeeds.
    pub(super) async fn take_seat(&mut self, waiting: Waiting) -> Result<NewSeat, End> {
        self.waiting = Some(waiting);
        let deadline = Instant::now() + self.api.config.join_within;
        loop {
            let text = self.next_text(deadline).await?;
            // Boxed: a socket that waits holds only what waiting needs.
            if let Some(seat) = Box::pin(self.handle_text(&text)).await? {
                return Ok(seat);
            }
        }
    }

    /// Answers one message. `None`: the socket goes on waiting.
    async fn handle_text(&mut self, text: &str) -> Result<Option<NewSeat>, End> {
        let incoming = match serde_json::from_str::<Incoming<'_>>(text) {
            Ok(incoming) => incoming,
            Err(error) => {
                self.line.record_offence("", &unreadable(&error)).await?;
                return Ok(None);
            }
        };
        match incoming.kind.as_str() {
            "join" => return self.answer_join(&incoming).await.map(Some),
            "resume" => return self.answer_resume(&incoming).await,
            "ping" => {
                let pong = message::pong(&incoming.id, clock::unix_ms());
                self.line.send(pong).await?;
            }
            _ => {
                let error = ApiError::BadRequest("Send `join` or `resume` first.".to_owned());
                let id = &incoming.request_id;
                self.line.record_offence(id, &error).await?;
            }
        }
        Ok(None)
    }

    /// Joins; a socket whose join fails is told why and ends.
    async fn answer_join(&mut self, incoming: &Incoming<'_>) -> Result<NewSeat, End> {
        let error = match self.join(incoming).await {
            Ok(seat) => return Ok(seat),
            Err(error) => error,
        };
        if matches!(error, ApiError::Unauthenticated(_)) {
            // A client that guesses tokens is refused by address from some point on.
            let _ = self.api.count_address(self.from);
        }
        let answer = message::error(&incoming.request_id, &error);
        self.line.send(answer).await?;
        let retry = error.wire().code == Code::Unavailable;
        Err(End::NotJoined { retry })
    }

    /// Resumes; a socket that can't may still join.
    async fn answer_resume(&mut self, incoming: &Incoming<'_>) -> Result<Option<NewSeat>, End> {
        let error = match self.resume(incoming).await {
            Ok(seat) => return Ok(Some(seat)),
            Err(error) => error,
        };
        let answer = message::error(&incoming.request_id, &error);
        self.line.send(answer).await?;
        if matches!(error, ApiError::TooManyConnections) {
            return Err(End::NotJoined { retry: true });
        }
        Ok(None)
    }

    async fn join(&mut self, incoming: &Incoming<'_>) -> Result<NewSeat, ApiError> {
        let api = self.api.clone();
        let claims = api
            .keyring()
            .verify_client(&incoming.token, clock::unix_s())?;
        self.wait_no_longer()?;
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
            .take_seat(claims.room.clone(), participant, session, mids);
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
            ice_servers: api.ice_servers(participant, true),
            seq: joined.room.seq.to_string(),
            epoch: joined.room.epoch.0.to_string(),
            room: encode::room(joined.room),
        };
        let sent = match watch {
            Ok(watch) => self
                .line
                .send(typed("joined", &body))
                .await
                .map(|()| watch.items),
            Err(error) => {
                end_seat(&api, &seated, End::NotJoined { retry: true }).await;
                return Err(error);
            }
        };
        match sent {
            Ok(items) => Ok((seated, items)),
            Err(end) => {
                end_seat(&api, &seated, end).await;
                Err(ApiError::SessionGone)
            }
        }
    }

    async fn resume(&mut self, incoming: &Incoming<'_>) -> Result<NewSeat, ApiError> {
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
        if let Err(error) = self.wait_no_longer() {
            end_seat(&api, &seated, End::NotJoined { retry: true }).await;
            return Err(error);
        }
        let resumed = self.watch_again(&seated, after).await;
        let sent = match resumed {
            Ok((body, items)) => self
                .line
                .send(typed("resumed", &body))
                .await
                .map(|()| items),
            Err(_) => Err(End::Gone),
        };
        match sent {
            Ok(items) => Ok((seated, items)),
            Err(end) => {
                end_seat(&api, &seated, end).await;
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
}

/// Ends or keeps the seat when its socket ends.
pub(super) async fn end_seat(api: &Api, seated: &Seated, end: End) {
    let (participant, generation) = (seated.participant, seated.generation);
    match end {
        End::Closing(Closing::Backend(_)) => {
            api.seats.leave(participant, generation);
        }
        End::Kicked(_) => {}
        End::Gone | End::NotJoined { .. } | End::Closing(_) => {
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
/// The m-line of each slot.
pub(super) fn mids_of(media: &Negotiated) -> Mids {
    let mids: HashMap<SlotId, String> = media.slots.iter().cloned().collect();
    Arc::new(mids)
}

/// The error for a text that cannot be read.
pub(super) fn unreadable(error: &serde_json::Error) -> ApiError {
    let sentence: String = format!("The message cannot be read: {error}.");
    ApiError::BadRequest(sentence.chars().take(300).collect())
}

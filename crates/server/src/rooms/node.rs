//! The node as the front ends see it: asks the loop, and makes transports beside it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sideroom_control::{
    Actor, Command, Outcome, Reoffer, Rights, RoomView, SlotPool, Stay, Viewer, Views,
};
use sideroom_route::{Media, ParticipantId, TrackId, TrackKind};
use sideroom_rpc::backend::{
    Answer, CommandRequest, CreateRoom, JoinRequest, Joined, MovesRequest, Negotiated,
    ReofferRequest, RoomSummary, SessionId, Stats, Watch,
};
use sideroom_rpc::{ApiError, Backend};
use sideroom_session::TrackHint;
use sideroom_session::sdp::{OfferError, OfferSummary, summarize};
use tokio::sync::{mpsc, oneshot};
use tracing::field::Empty;
use tracing::{Instrument as _, info_span};

use super::ask::{Arrival, Ask, Entrance, Read, Reply, Ticket};
use super::chance;
use super::kept::KeptAnswer;
use crate::media::{Connect, ConnectError, Connected, MediaPlane};
use crate::shutdown::{Phase, Shutdown};
use crate::{clock, metrics};

/// This node. Cheap to share.
pub struct Node {
    asks: mpsc::Sender<Ask>,
    media: Arc<MediaPlane>,
    shutdown: Shutdown,
}

impl Node {
    /// Over a running loop.
    pub fn new(asks: mpsc::Sender<Ask>, media: Arc<MediaPlane>, shutdown: Shutdown) -> Self {
        Self {
            asks,
            media,
            shutdown,
        }
    }

    /// Asks the loop. A loop that is behind by its whole queue says so at once.
    async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Ask) -> Result<T, ApiError> {
        let (reply, answer) = oneshot::channel();
        match self.asks.try_send(make(reply)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(ApiError::Overloaded),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(ApiError::Draining),
        }
        answer.await.map_err(|_| ApiError::Draining)?
    }

    async fn read<T>(&self, make: impl FnOnce(Reply<T>) -> Read) -> Result<T, ApiError> {
        self.ask(|reply| Ask::Read(make(reply))).await
    }

    /// Looks at the offer, takes a place, makes the transport, and moves in.
    async fn let_in(&self, request: JoinRequest) -> Result<Joined, ApiError> {
        let begun = clock::now();
        let codecs = self
            .read(|reply| Read::Codecs(request.room.clone(), reply))
            .await?;
        let hints = hints(&request.hints);
        // The offer is looked at before anything is changed.
        let summary = summarize(&request.offer, &codecs, &hints).map_err(bad_offer)?;
        let slots = pool_of(&summary);
        let (offer, publish) = (request.offer.clone(), request.publish);
        let offers = summary.kinds.clone();
        let entrance = Box::new(Entrance {
            request,
            slots,
            offers: offers.clone(),
        });
        let ticket = self.ask(|reply| Ask::Join(entrance, reply)).await?;
        let (participant, session, transport, tracks, resumed) = match ticket {
            Ticket::Repeated(joined) => return Ok(*joined),
            Ticket::New {
                participant,
                session,
                transport,
                tracks,
                resumed,
            } => (participant, session, transport, tracks, resumed),
        };
        let connect = Connect {
            participant,
            offer,
            hints,
            codecs,
            tracks,
            credentials: chance::credentials(),
            seed: transport,
        };
        match self.media.connect(connect).await {
            Err(error) => {
                let _ = self.asks.send(Ask::JoinFailed(participant, session)).await;
                Err(cannot_connect(error))
            }
            Ok(connected) => {
                let media = negotiated(connected);
                let publish = if publish { offers } else { Vec::new() };
                let arrival = Box::new(Arrival {
                    participant,
                    session,
                    kept: KeptAnswer::pack(&media),
                    media,
                    resumed,
                    publish,
                });
                let joined = self.ask(|reply| Ask::JoinDone(arrival, reply)).await?;
                metrics::joined(begun.elapsed());
                Ok(joined)
            }
        }
    }

    /// Tells the room what a participant's offer is good for, and gives the tracks of it.
    async fn announce(
        &self,
        room: &str,
        reoffer: Reoffer,
    ) -> Result<Vec<(TrackKind, TrackId)>, ApiError> {
        let request = CommandRequest {
            room: room.to_owned(),
            actor: Actor::System,
            request_id: chance::request_id(),
            expected_epoch: None,
            command: Command::Reoffer(reoffer),
        };
        let answer = self
            .ask(|reply| Ask::Command(Box::new(request), reply))
            .await?;
        match answer.outcome {
            Outcome::Joined { tracks, .. } => Ok(tracks),
            _ => Err(ApiError::Internal),
        }
    }

    /// Sends everybody away; what was asked before is answered.
    pub async fn close(&self) {
        let _ = self.ask(Ask::Close).await;
    }
}

#[async_trait]
impl Backend for Node {
    async fn command(&self, request: CommandRequest) -> Result<Answer, ApiError> {
        let begun = clock::now();
        let (name, moves) = (
            metrics::command_name(&request.command),
            metrics::moves_people(&request.command),
        );
        let span = info_span!(
            "command",
            command = name,
            room = request.room,
            request_id = request.request_id.as_str(),
            actor = ?request.actor,
            result = Empty,
            epoch = Empty,
        );
        let answer = self
            .ask(|reply| Ask::Command(Box::new(request), reply))
            .instrument(span.clone())
            .await;
        let result = match &answer {
            Ok(answer) if answer.repeated => "repeated",
            Ok(_) => "ok",
            Err(error) => error.wire().reason,
        };
        span.record("result", result);
        if let Ok(answer) = &answer {
            span.record("epoch", answer.epoch.0);
        }
        metrics::answered(name, result, begun.elapsed());
        if moves && answer.is_ok() {
            metrics::moved(begun.elapsed());
        }
        answer
    }

    async fn create_room(&self, request: CreateRoom) -> Result<RoomView, ApiError> {
        let span = info_span!(
            "create_room",
            room = request.name,
            request_id = request.request_id.as_str(),
        );
        self.ask(|reply| Ask::Create(Box::new(request), reply))
            .instrument(span)
            .await
    }

    async fn delete_room(&self, request: CommandRequest) -> Result<(), ApiError> {
        let span = info_span!(
            "delete_room",
            room = request.room,
            request_id = request.request_id.as_str()
        );
        self.ask(|reply| Ask::Delete(Box::new(request), reply))
            .instrument(span)
            .await
    }

    async fn list_rooms(&self, after: &str, limit: usize) -> Result<Vec<RoomSummary>, ApiError> {
        self.read(|reply| Read::List(after.to_owned(), limit, reply))
            .await
    }

    async fn room(&self, room: &str, viewer: Viewer) -> Result<RoomView, ApiError> {
        self.read(|reply| Read::Room(room.to_owned(), viewer, reply))
            .await
    }

    async fn participant(
        &self,
        room: &str,
        identity: &str,
    ) -> Result<(ParticipantId, Rights), ApiError> {
        self.read(|reply| Read::Participant(room.to_owned(), identity.to_owned(), reply))
            .await
    }

    async fn join(&self, request: JoinRequest) -> Result<Joined, ApiError> {
        let span = info_span!(
            "join",
            room = request.room,
            request_id = request.request_id.as_str(),
            participant = Empty,
            resumed = Empty,
            result = Empty,
        );
        let joined = self.let_in(request).instrument(span.clone()).await;
        match &joined {
            Ok(joined) => {
                span.record("participant", joined.participant.to_string());
                span.record("resumed", joined.resumed);
                span.record("result", "ok");
            }
            Err(error) => drop(span.record("result", error.wire().reason)),
        }
        joined
    }

    async fn reoffer(&self, request: ReofferRequest) -> Result<Negotiated, ApiError> {
        let participant = request.participant;
        let before = self.read(|reply| Read::Media(participant, reply)).await?;
        let hints = hints(&request.hints);
        // The offer is looked at before anything is changed.
        let summary = summarize(&request.offer, &before.codecs, &hints).map_err(bad_offer)?;
        let now = Reoffer {
            participant,
            slots: pool_of(&summary),
            offers: summary.kinds.clone(),
        };
        let tracks = self.announce(&request.room, now).await?;
        let connect = Connect {
            participant,
            offer: request.offer,
            hints,
            codecs: before.codecs,
            tracks,
            credentials: chance::credentials(),
            seed: chance::draw(),
        };
        match self.media.reoffer(connect).await {
            Ok(connected) => Ok(negotiated(connected)),
            Err(error) => {
                let as_before = Reoffer {
                    participant,
                    slots: before.slots,
                    offers: before.offers,
                };
                self.announce(&request.room, as_before).await?;
                Err(cannot_connect(error))
            }
        }
    }

    async fn trickle(&self, _: &str, _: ParticipantId, _: &str) -> Result<(), ApiError> {
        // An ICE-lite server learns the client's addresses from its checks.
        Ok(())
    }

    async fn disconnected(&self, _: &str, participant: ParticipantId, session: SessionId) {
        let _ = self
            .asks
            .send(Ask::Disconnected(participant, session))
            .await;
    }

    async fn set_views(
        &self,
        _: &str,
        participant: ParticipantId,
        views: Views,
    ) -> Result<(), ApiError> {
        self.ask(|reply| Ask::SetViews(participant, Box::new(views), reply))
            .await
    }

    async fn watch(
        &self,
        room: &str,
        viewer: Viewer,
        after: Option<u64>,
    ) -> Result<Watch, ApiError> {
        self.read(|reply| Read::Watch(room.to_owned(), viewer, after, reply))
            .await
    }

    async fn moves(&self, request: MovesRequest) -> Result<Vec<Stay>, ApiError> {
        self.read(|reply| Read::Moves(request, reply)).await
    }

    async fn stats(&self) -> Result<Stats, ApiError> {
        self.read(Read::Stats).await
    }

    async fn drain(&self, deadline: Option<Duration>) -> Result<(), ApiError> {
        self.shutdown.advance(Phase::Draining);
        self.ask(|reply| Ask::Drain(deadline, reply)).await
    }
}

/// The slots that an offer makes room for.
fn pool_of(summary: &OfferSummary) -> SlotPool {
    let count = |media| {
        let slots = summary.slots.iter().filter(|slot| slot.media == media);
        u8::try_from(slots.count()).unwrap_or(u8::MAX)
    };
    SlotPool {
        audio: count(Media::Audio),
        video: count(Media::Video),
    }
}

fn hints(hints: &[(String, TrackKind)]) -> Vec<TrackHint> {
    hints
        .iter()
        .map(|(mid, kind)| TrackHint {
            mid: mid.clone(),
            kind: *kind,
        })
        .collect()
}

fn negotiated(connected: Connected) -> Negotiated {
    Negotiated {
        answer: connected.answer,
        tracks: connected.tracks,
        slots: connected.slots,
    }
}

fn bad_offer(error: OfferError) -> ApiError {
    let line = u32::try_from(error.line).ok().filter(|line| *line > 0);
    ApiError::BadOffer {
        sentence: error.sentence,
        line,
    }
}

fn cannot_connect(error: ConnectError) -> ApiError {
    match error {
        ConnectError::Offer(error) => bad_offer(error),
        ConnectError::WorkerStuck => ApiError::Overloaded,
    }
}

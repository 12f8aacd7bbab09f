//! Carries out the actions of a room's machine.

use std::sync::Arc;
use std::time::Duration;

use sideroom_control::{Event, Record, Room, hears};
use sideroom_room::{Action, CommitId, LoadFailure, Loaded, Token};
use sideroom_route::{ParticipantId, RouteUpdate, TrackId, TrackKind};
use sideroom_rpc::ApiError;
use sideroom_rpc::outgoing_json;

use super::chance;
use super::events::own;
use super::messages::Offer;
use super::offer;
use super::task::{Caller, RoomTask, Stored, Worked};
use crate::media::{AnsweredOffer, Connect};
use crate::store::{Journal, OutgoingEvent, Rows, StoreError};
use crate::{clock, metrics};

/// How often the rules are asked again about a route: they are slow, milliseconds in a large room.
const AUDIT_EVERY: Duration = Duration::from_secs(1);
/// How long a worker may take to make a transport.
const CONNECT_WAIT: Duration = Duration::from_secs(2);

impl RoomTask {
    pub(super) fn carry_out(&mut self, action: Action) {
        match action {
            Action::Load(id) => self.load(id),
            Action::Commit {
                id,
                create,
                records,
                events,
                ends,
            } => self.commit(id, create, (&records, &events), ends),
            Action::Save => self.save(),
            Action::Remove => {
                // If this fails too, the two rooms of one name are told apart after a restart.
                drop(self.node.journal.remove(self.desk.id, clock::unix_ms()));
            }
            Action::Publish(id, updates) => self.publish(id, updates),
            Action::PublishWhole(id, table) => {
                let publishing = vec![self.node.media.publish_whole(*table)];
                self.publishing = Some((id, publishing, clock::now()));
            }
            Action::Fence(id) => self.fence(id),
            Action::Connect {
                participant,
                transport,
                tracks,
                token,
            } => self.connect((participant, transport), tracks, token),
            Action::Renegotiate {
                participant,
                tracks,
                token,
            } => self.renegotiate(participant, tracks, token),
            Action::Disconnect(participant) => {
                self.answers.remove(&participant);
                self.node.media.disconnect(participant);
            }
            Action::Up(_, took) => metrics::connected(took),
            Action::Reply(token, result) => self.reply(token, result),
            Action::Read(token) => self.read(token),
            Action::Tell(event, who) => self.tell(event, &who),
            Action::Routed(update) => self.tell_slots(&update),
            Action::Speakers(group, ranked, who) => self.tell_speakers(group, &ranked, &who),
            Action::Close(watcher, farewell) => self.close(watcher, farewell),
            Action::Cut(watcher) => {
                metrics::watcher_cut();
                self.watchers.remove(&watcher);
            }
            Action::End => {
                self.node.remove(&self.desk);
                self.node.media.close_room(self.desk.id);
                self.ended = true;
            }
            Action::Stopped => self.ended = true,
        }
    }

    fn load(&mut self, id: CommitId) {
        let (journal, room) = (self.node.journal.clone(), self.desk.id);
        self.storing = Some(Box::pin(async move {
            Stored::Loaded(id, load(&journal, room).await.map(Box::new))
        }));
    }

    fn commit(
        &mut self,
        id: CommitId,
        create: bool,
        (records, events): (&[Record], &[Arc<Event>]),
        ends: bool,
    ) {
        let room = self.machine.room().filter(|_| create);
        let new = room.map(|room| (room, self.made_by.as_ref()));
        let ended_at_ms = ends.then(clock::unix_ms);
        let events = events.iter().map(|event| outgoing(&self.desk.name, event));
        let committed = self.node.journal.commit(
            self.desk.id,
            Rows {
                records,
                new,
                events: events.collect(),
                ended_at_ms,
            },
        );
        let news = self.node.outbox.clone();
        self.storing = Some(Box::pin(async move {
            let committed = committed.await;
            if let Some(news) = news {
                news.send_replace(());
            }
            Stored::Committed(id, committed)
        }));
    }

    /// Saves the room as a whole, so that a restart need not replay all of it. No caller waits for that.
    fn save(&mut self) {
        let now = self.node.now().at;
        if self.stopping.is_empty()
            && let Err(later) = self.node.saves.take(now)
        {
            return self.machine.postpone_save(later);
        }
        let (Some(room), id) = (self.machine.room(), self.desk.id) else {
            return;
        };
        let (seq, made_by) = (room.record_seq(), self.made_by.as_ref());
        let saved = self.node.journal.save_snapshot(id, seq, made_by, room);
        tokio::spawn(async move {
            if let Err(error) = saved.await {
                tracing::warn!(room = %id, %error, "not saved whole; a restart has more to replay");
            }
        });
    }

    fn publish(&mut self, id: CommitId, updates: Vec<Arc<RouteUpdate>>) {
        if let Some((last, room)) = updates.last().zip(self.machine.room())
            && self.audited.elapsed() >= AUDIT_EVERY
        {
            self.audited = clock::now();
            audit(room, last);
        }
        let media = &self.node.media;
        let mut publishing = Vec::with_capacity(updates.len());
        for update in updates {
            match media.publish(update) {
                Ok(one) => publishing.push(one),
                Err(error) => {
                    tracing::error!(room = %self.desk.id, %error, "an update does not follow the table; the workers get it whole");
                    let table = self.machine.room().map(sideroom_control::Room::table);
                    publishing.extend(table.map(|table| media.publish_whole(table)));
                    break;
                }
            }
        }
        self.publishing = Some((id, publishing, clock::now()));
    }

    /// Workers that have not obeyed in time forward nothing until they have.
    fn fence(&mut self, id: CommitId) {
        let Some((held, publishing, _)) = self.publishing.take() else {
            return;
        };
        if held != id {
            return;
        }
        let mut late: Vec<_> = publishing.iter().flat_map(|one| one.late()).collect();
        late.sort_unstable();
        late.dedup();
        for worker in &late {
            tracing::error!(room = %self.desk.id, worker = worker.0, "a worker does not obey; fenced");
            metrics::worker_fenced();
        }
        self.node.media.fence(&late);
    }

    fn connect(
        &mut self,
        (participant, transport): (ParticipantId, u64),
        tracks: Vec<(TrackKind, TrackId)>,
        token: Token,
    ) {
        let offer = match self.callers.get(&token) {
            // A caller who is gone needs no transport.
            Some(Caller::Join(caller)) if !caller.reply.is_closed() => caller.offer.clone(),
            _ => None,
        };
        let Some(offer) = offer else {
            let now = self.node.now();
            return self
                .machine
                .handle_transport(now, participant, transport, false);
        };
        let connect = connect(participant, offer, tracks, transport);
        let making = Arc::clone(&self.node.media).connect(connect);
        self.working.push(Box::pin(async move {
            let made = tokio::time::timeout(CONNECT_WAIT, making).await;
            Worked::Transport {
                participant,
                transport,
                token,
                made: made.unwrap_or(Err(crate::media::ConnectError::WorkerStuck)),
            }
        }));
    }

    fn renegotiate(
        &mut self,
        participant: ParticipantId,
        tracks: Vec<(TrackKind, TrackId)>,
        token: Token,
    ) {
        let offer = match self.callers.get_mut(&token) {
            Some(Caller::Reoffer(caller)) => caller.offer.take(),
            _ => None,
        };
        let answered = match offer.map(|offer| self.answer_further(participant, offer, tracks)) {
            Some(Ok(answered)) => answered,
            refused => {
                if let Some(Caller::Reoffer(caller)) = self.callers.get_mut(&token) {
                    caller.failed = refused.and_then(Result::err);
                }
                let now = self.node.now();
                return self.machine.handle_renegotiated(now, token, false);
            }
        };
        let making = Arc::clone(&self.node.media).reoffer(answered);
        self.working.push(Box::pin(async move {
            let done = tokio::time::timeout(CONNECT_WAIT, making).await;
            let done = done.unwrap_or(Err(crate::media::ConnectError::WorkerStuck));
            Worked::Renegotiated {
                participant,
                token,
                done,
            }
        }));
    }

    /// Answers a further offer, which the participant's later ones are held against from now on.
    fn answer_further(
        &mut self,
        participant: ParticipantId,
        offer: Offer,
        tracks: Vec<(TrackKind, TrackId)>,
    ) -> Result<AnsweredOffer, ApiError> {
        let transport = self.machine.connection(participant);
        let transport = transport.map(|held| held.transport);
        let held = self.answers.get_mut(&participant);
        let (transport, held) = transport.zip(held).ok_or(ApiError::SessionGone)?;
        let (next, answer) = held
            .negotiation
            .go_on(&offer.parsed, &offer.hints, chance::credentials())
            .map_err(offer::bad_offer)?;
        let negotiation = Arc::new(next);
        held.negotiation = Arc::clone(&negotiation);
        Ok(AnsweredOffer {
            participant,
            transport,
            negotiation,
            answer,
            tracks,
        })
    }
}

/// An event as receivers outside get it.
fn outgoing(room: &str, event: &Event) -> OutgoingEvent {
    let (kind, json) = outgoing_json(event);
    OutgoingEvent {
        room: room.to_owned(),
        kind: kind.to_owned(),
        at_ms: event.at.0,
        bytes: json.into_bytes(),
    }
}

/// A room as the store has it.
async fn load(
    journal: &Journal,
    id: sideroom_route::RoomId,
) -> Result<(Loaded, Option<sideroom_rpc::backend::Asked>), LoadFailure> {
    let kept = journal.load_room(id).await.map_err(|error| match error {
        StoreError::Unreadable(why) => {
            tracing::error!(room = %id, %why, "the room cannot be read");
            LoadFailure::Unreadable
        }
        error => {
            tracing::warn!(room = %id, %error, "the room cannot be read now");
            LoadFailure::Store
        }
    })?;
    let made_by = kept.made_by.clone();
    let unsaved = u32::try_from(kept.records.len()).unwrap_or(u32::MAX);
    let room = kept.revive().map_err(|error| {
        tracing::error!(room = %id, %error, "the room cannot be replayed");
        LoadFailure::Unreadable
    })?;
    let loaded = Loaded {
        room,
        made_by: made_by.clone().map(own),
        unsaved,
    };
    Ok((loaded, made_by))
}

fn connect(
    participant: ParticipantId,
    offer: Offer,
    tracks: Vec<(TrackKind, TrackId)>,
    seed: u64,
) -> Connect {
    Connect {
        participant,
        offer: offer.parsed,
        hints: offer.hints,
        codecs: offer.codecs,
        tracks,
        credentials: chance::credentials(),
        seed,
    }
}

/// Checks one of the routes that an update opens against the rules: the step-by-step plan must agree with
/// them. A disagreement is a bug of ours that an operator must learn of.
fn audit(room: &Room, update: &RouteUpdate) {
    let open = update.routes.iter().filter_map(|change| {
        let route = change.route.filter(|route| route.gate.is_open())?;
        Some((change.subscriber, route.track))
    });
    let open: Vec<_> = open.collect();
    let any = usize::try_from(update.epoch.0).unwrap_or(0);
    let Some((subscriber, track)) = open.get(any % open.len().max(1)).copied() else {
        return;
    };
    if !hears(room, subscriber, track) {
        tracing::error!(%subscriber, %track, epoch = %update.epoch, "a route against the rules");
        metrics::isolation_violated();
    }
}

//! Inputs of a room's task, passed on to its machine.

use std::sync::Arc;

use sideroom_control::{Join, Reoffer};
use sideroom_room::{JoinAsk, Order, Request, SessionNumber};
use sideroom_route::{LostReason, MediaEvent, ParticipantId};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{Asked, CommandRequest, Negotiated, ReofferRequest, WatchItem};
use sideroom_session::sdp;

use super::cached_answer::CachedAnswer;
use super::delivery::Delivered;
use super::messages::{ParsedJoin, Reply, RoomAsk, RoomEvent};
use super::offer;
use super::task::{Answered, Caller, Joining, Reoffering, RoomTask, Stored, Worked};
use crate::media::{ConnectError, Connected};
use crate::metrics;

impl RoomTask {
    pub(super) fn handle_ask(&mut self, ask: RoomAsk) {
        let (caller, request) = match ask {
            RoomAsk::Command(request, reply) => {
                (Caller::Command(reply), Request::Command(order(*request)))
            }
            RoomAsk::Delete(request, reply) => {
                (Caller::Delete(reply), Request::Close(order(*request)))
            }
            RoomAsk::Create(request, reply) => {
                let asked = request.asked();
                self.made_by.get_or_insert_with(|| asked.clone());
                (Caller::Create(reply), Request::Create(own(asked)))
            }
            RoomAsk::Join(entrance, reply) => return self.ask_to_join(*entrance, reply),
            RoomAsk::Reoffer(request, parsed, reply) => {
                return self.ask_to_reoffer(*request, parsed, reply);
            }
            RoomAsk::SetViews(participant, views, reply) => {
                (Caller::Views(reply), Request::SetViews(participant, views))
            }
            RoomAsk::Read(read) => (Caller::Read(read), Request::Read),
        };
        self.ask_machine(caller, request);
    }

    fn ask_machine(&mut self, caller: Caller, request: Request) {
        let token = self.next_token(caller);
        let now = self.node.now();
        self.machine.handle_request(now, token, request);
    }

    fn ask_to_join(&mut self, entrance: ParsedJoin, reply: Reply<Delivered>) {
        let ParsedJoin {
            request,
            offer,
            admission,
            place,
        } = entrance;
        let asked = own(request.asked());
        let ask = JoinAsk {
            join: Join {
                identity: request.identity,
                display_name: request.display_name,
                role: request.role,
                grants: request.grants,
                slots: offer.slots,
                offers: offer.kinds.clone(),
            },
            asked,
            publish: request.publish,
            admission,
        };
        let joining = Joining {
            reply,
            offer: Some(offer),
            media: None,
            failed: None,
            _place: place,
        };
        let request = Request::Join(Box::new(ask));
        self.ask_machine(Caller::Join(Box::new(joining)), request);
    }

    fn ask_to_reoffer(
        &mut self,
        request: ReofferRequest,
        parsed: Arc<sdp::Offer>,
        reply: Reply<Negotiated>,
    ) {
        let participant = request.participant;
        let Some(held) = self.answers.get(&participant) else {
            let _ = reply.send(Err(ApiError::ParticipantNotFound));
            return;
        };
        let codecs = (held.video, self.node.options.dtx);
        let read = match offer::read(parsed, &request.hints, codecs, false) {
            Ok(read) => read,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let reoffer = Reoffer {
            participant,
            slots: read.slots,
            offers: read.kinds.clone(),
        };
        let reoffering = Reoffering {
            reply,
            offer: Some(read),
            media: None,
            failed: None,
        };
        let caller = Caller::Reoffer(Box::new(reoffering));
        self.ask_machine(caller, Request::Reoffer(Box::new(reoffer)));
    }

    pub(super) fn handle_event(&mut self, event: RoomEvent) {
        let now = self.node.now();
        match event {
            RoomEvent::Media(transport, event) => self.handle_media(transport, event),
            RoomEvent::Talkers(group, ranked) => {
                self.took_quality();
                self.machine.handle_talkers(now, group, ranked);
            }
            RoomEvent::LayersWanted(route, layers) => {
                self.took_quality();
                let kind = route.kind;
                let item = WatchItem::LayersWanted { kind, layers };
                self.tell_participant(route.publisher, &item);
            }
            RoomEvent::WorkerLost(participant) => {
                let held = self.machine.connection(participant);
                if let Some(transport) = held.map(|held| held.transport) {
                    self.lose(participant, transport, LostReason::WorkerLost);
                }
            }
            RoomEvent::Disconnected(participant, session) => {
                self.machine.handle_disconnected(now, participant, session);
            }
            RoomEvent::Undelivered(participant, session) => {
                self.machine.handle_undelivered(now, participant, session);
            }
            RoomEvent::ClockJumped => self.machine.handle_timeout(now),
            RoomEvent::Abandon => self.abandon(),
            RoomEvent::Farewell(farewell) => self.machine.handle_farewell(farewell),
            RoomEvent::Stop(done) => {
                self.stopping.push(done);
                self.machine.handle_stop(now);
            }
        }
    }

    fn handle_media(&mut self, transport: Option<u64>, event: MediaEvent) {
        let now = self.node.now();
        match event {
            MediaEvent::Lost {
                participant,
                reason,
            } => self.lose(participant, transport.unwrap_or(0), reason),
            MediaEvent::Connected { participant } => {
                let transport = transport.unwrap_or(0);
                self.machine.handle_up(now, participant, transport);
            }
            MediaEvent::SlotPaused {
                subscriber,
                slot,
                reason,
                ..
            } => {
                self.took_quality();
                self.tell_participant(subscriber, &WatchItem::SlotPaused { slot, reason });
            }
            // These go to the plane, which merges them over the workers.
            MediaEvent::Talkers { .. }
            | MediaEvent::LayersWanted { .. }
            | MediaEvent::Applied { .. } => {}
        }
    }

    fn took_quality(&self) {
        let waiting = &self.desk.quality;
        waiting.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn lose(&mut self, participant: ParticipantId, transport: u64, reason: LostReason) {
        let now = self.node.now();
        if self
            .machine
            .handle_lost(now, participant, transport, reason)
        {
            tracing::info!(%participant, ?reason, "the transport is lost");
            metrics::transport_lost(reason);
        }
    }

    pub(super) fn handle_stored(&mut self, stored: Stored) {
        let now = self.node.now();
        match stored {
            Stored::Committed(id, result) => {
                if let Err(error) = &result {
                    let room = self.desk.id;
                    tracing::error!(%room, %error, "the journal could not be written");
                }
                self.machine.handle_committed(now, id, result.is_ok());
            }
            Stored::Loaded(id, Ok(read)) => {
                let (loaded, made_by) = *read;
                self.made_by = made_by.or(self.made_by.take());
                self.machine.handle_loaded(now, id, Ok(loaded));
            }
            Stored::Loaded(id, Err(failure)) => {
                self.machine.handle_loaded(now, id, Err(failure));
            }
        }
    }

    pub(super) fn handle_published(&mut self, id: sideroom_room::CommitId) {
        if let Some((_, _, begun)) = self.publishing.take() {
            metrics::applied(begun.elapsed());
        }
        let now = self.node.now();
        self.machine.handle_published(now, id);
    }

    pub(super) fn handle_worked(&mut self, worked: Worked) {
        let now = self.node.now();
        match worked {
            Worked::Transport {
                participant,
                transport,
                token,
                made,
            } => {
                let is_made = made.is_ok();
                self.keep_answer(participant, transport, token, made);
                self.machine
                    .handle_transport(now, participant, transport, is_made);
            }
            Worked::Renegotiated {
                participant,
                token,
                done,
            } => {
                let is_done = done.is_ok();
                if let Ok(connected) = &done {
                    self.tell_renumbered(participant, &connected.renumbered);
                }
                if let Some(Caller::Reoffer(caller)) = self.callers.get_mut(&token) {
                    match done {
                        Ok(connected) => caller.media = Some(offer::negotiated(connected)),
                        Err(error) => caller.failed = Some(offer::cannot_connect(error)),
                    }
                }
                self.machine.handle_renegotiated(now, token, is_done);
            }
            Worked::WatcherGone(watcher) => {
                self.watchers.remove(&watcher);
                self.machine.handle_watcher_gone(watcher);
            }
        }
    }

    /// Keeps the negotiated answer, for this reply and its repetition.
    fn keep_answer(
        &mut self,
        participant: ParticipantId,
        transport: u64,
        token: sideroom_room::Token,
        made: Result<Connected, ConnectError>,
    ) {
        let held = self.machine.connection(participant);
        let current = held.is_some_and(|held| held.transport == transport);
        let Some(Caller::Join(caller)) = self.callers.get_mut(&token).filter(|_| current) else {
            return;
        };
        match made {
            Err(error) => caller.failed = Some(offer::cannot_connect(error)),
            Ok(connected) => {
                let negotiation = Arc::clone(&connected.negotiation);
                let media = offer::negotiated(connected);
                let video = caller.offer.take().map(|offer| offer.video);
                let answered = Answered {
                    answer: CachedAnswer::pack(&media),
                    negotiation,
                    video: video.unwrap_or_default(),
                    receipt: std::sync::Weak::new(),
                };
                caller.media = Some(media);
                self.answers.insert(participant, answered);
            }
        }
    }
}

fn order(request: CommandRequest) -> Order {
    Order {
        actor: request.actor,
        request_id: request.request_id,
        expected: request.expected,
        command: request.command,
    }
}

pub(super) fn own(asked: Asked) -> sideroom_room::Asked {
    sideroom_room::Asked {
        id: asked.id,
        body: asked.body,
    }
}

/// The number of a session, in the room's words.
pub(super) const fn session(id: sideroom_rpc::backend::SessionId) -> SessionNumber {
    SessionNumber(id.0)
}

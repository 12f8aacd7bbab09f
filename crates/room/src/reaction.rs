//! The end of a cycle: what it led to is durable and the workers obey it, so now it is told.

use std::time::Duration;

use sideroom_control::{Event, EventKind, LeaveReason};
use sideroom_route::{ParticipantId, TrackId, TrackKind};

use crate::action::{Action, Farewell};
use crate::connection::{Connection, Entering, Loss};
use crate::cycle::Batch;
use crate::machine::{RoomMachine, Stage};
use crate::now::Now;
use crate::request::{Asked, Refusal, Response, Token};

/// The consequence of a change outside the room.
#[derive(Debug)]
pub(crate) enum Reaction {
    /// Events and routes only.
    None,
    /// A caller is answered.
    Reply(Token, Response),
    /// A caller is refused, by the room as it was after what came before.
    Refuse(Token, Refusal),
    /// A participant entered; make their transport.
    Enter(Box<Entry>),
    /// A participant's transport was made; answer the join.
    Arrive(ParticipantId, u64),
    /// A connection is over.
    Part(ParticipantId),
    /// A further offer is answered now; it holds what was before.
    Renegotiate {
        token: Token,
        participant: ParticipantId,
        tracks: Vec<(TrackKind, TrackId)>,
        before: Box<sideroom_control::Reoffer>,
    },
}

/// A participant who entered or resumed.
#[derive(Debug)]
pub(crate) struct Entry {
    pub tokens: Vec<Token>,
    pub participant: ParticipantId,
    pub asked: Asked,
    pub tracks: Vec<(TrackKind, TrackId)>,
    pub publish: Vec<TrackKind>,
    pub resumed: bool,
}

impl RoomMachine {
    /// Tells everybody what a cycle led to.
    pub(crate) fn react(&mut self, batch: Batch) {
        self.stage = Stage::Idle;
        if batch.reloads {
            self.tell_missed();
        }
        let (applied_at, mut left) = (batch.applied_at, Vec::new());
        for change in batch.changes {
            self.actions.extend(change.update.map(Action::Routed));
            for (event, who) in change.events {
                self.told = self.told.max(event.seq);
                self.notice(&event, applied_at, &mut left);
                if !who.is_empty() {
                    self.actions.push_back(Action::Tell(event, who));
                }
            }
            self.carry_out(change.reaction);
            for (participant, farewell) in left.drain(..) {
                self.part(participant, farewell);
            }
        }
        if batch.ends {
            self.end();
        }
        self.actions
            .extend(batch.reads.into_iter().map(Action::Read));
        self.watch_emptiness();
        if self.is_save_due() {
            self.save();
        }
    }

    /// Updates connections from an event.
    fn notice(
        &mut self,
        event: &Event,
        applied_at: Now,
        left: &mut Vec<(ParticipantId, Farewell)>,
    ) {
        match event.kind {
            EventKind::ParticipantLeft {
                participant,
                reason,
            } => {
                self.kept.remove(&participant);
                left.push((participant, farewell(reason)));
            }
            EventKind::ParticipantDropped { participant, until } => {
                // The room's time may be a little ahead of the calendar: see `bounds::STEP_BACK_MS` of control.
                let span = Duration::from_millis(until.since(event.at));
                self.kept.insert(participant, applied_at.at + span);
            }
            EventKind::ParticipantReconnected { participant } => {
                self.kept.remove(&participant);
            }
            _ => {}
        }
    }

    fn carry_out(&mut self, reaction: Reaction) {
        match reaction {
            Reaction::None => {}
            Reaction::Reply(token, response) => {
                self.actions.push_back(Action::Reply(token, Ok(response)));
            }
            Reaction::Refuse(token, refusal) => self.refuse(token, refusal),
            Reaction::Enter(entry) => self.enter(*entry),
            Reaction::Arrive(participant, transport) => self.arrive(participant, transport),
            Reaction::Part(participant) => self.part(participant, Farewell::ConnectionLost),
            Reaction::Renegotiate {
                token,
                participant,
                tracks,
                before,
            } => {
                self.offers.insert(token, *before);
                self.actions.push_back(Action::Renegotiate {
                    participant,
                    tracks,
                    token,
                });
            }
        }
    }

    fn enter(&mut self, entry: Entry) {
        let participant = entry.participant;
        self.replace(participant);
        let transport = self.chance.bits();
        let connection = Connection {
            session: self.next_session(),
            transport,
            since: self.now.at,
            asked: entry.asked,
            resumed: entry.resumed,
            up: false,
            lost: None,
            entering: Some(Entering {
                tokens: entry.tokens.clone(),
                publish: entry.publish,
                made: false,
            }),
        };
        self.connections.insert(participant, connection);
        let Some(token) = entry.tokens.first().copied() else {
            return;
        };
        self.actions.push_back(Action::Connect {
            participant,
            transport,
            tracks: entry.tracks,
            token,
        });
    }

    /// The old connection makes way for a new one. Its transport is replaced by the new one's.
    fn replace(&mut self, participant: ParticipantId) {
        for watcher in self.watchers.take_of(participant) {
            self.actions
                .push_back(Action::Close(watcher, Farewell::Replaced));
        }
        self.duties.losses.remove(&participant);
        if let Some(old) = self.connections.remove(&participant) {
            self.up -= usize::from(old.up);
            self.turn_away(old, &Refusal::SessionGone);
        }
    }

    /// The transport is made and everything that goes with it is durable: the newcomer is told.
    fn arrive(&mut self, participant: ParticipantId, transport: u64) {
        let held = self.connections.get_mut(&participant);
        let Some(held) = held.filter(|held| held.transport == transport) else {
            return;
        };
        let (session, resumed) = (held.session, held.resumed);
        let tokens = held.entering.take().map(|entering| entering.tokens);
        for (index, token) in tokens.unwrap_or_default().into_iter().enumerate() {
            let response = Response::Joined {
                participant,
                session,
                resumed,
                repeated: index > 0,
            };
            self.actions.push_back(Action::Reply(token, Ok(response)));
        }
    }

    /// Ends a participant's connection: transport, watchers and waiting callers.
    pub(crate) fn part(&mut self, participant: ParticipantId, farewell: Farewell) {
        for watcher in self.watchers.take_of(participant) {
            self.actions.push_back(Action::Close(watcher, farewell));
        }
        self.duties.losses.remove(&participant);
        let Some(held) = self.connections.remove(&participant) else {
            return;
        };
        self.up -= usize::from(held.up);
        self.actions.push_back(Action::Disconnect(participant));
        let refusal = match held.lost {
            Some(_) => Refusal::NoTransport,
            None => Refusal::SessionGone,
        };
        self.turn_away(held, &refusal);
    }

    fn turn_away(&mut self, connection: Connection, refusal: &Refusal) {
        let waiting = connection.entering.map(|entering| entering.tokens);
        for token in waiting.unwrap_or_default() {
            self.refuse(token, refusal.clone());
        }
    }

    /// Refuses every caller of a cycle that was not stored.
    pub(crate) fn fail(&mut self, batch: Batch, refusal: &Refusal) {
        for change in batch.changes {
            match change.reaction {
                Reaction::None | Reaction::Part(_) => {}
                Reaction::Reply(token, _)
                | Reaction::Refuse(token, _)
                | Reaction::Renegotiate { token, .. } => self.refuse(token, refusal.clone()),
                Reaction::Enter(entry) => {
                    for token in entry.tokens {
                        self.refuse(token, refusal.clone());
                    }
                }
                Reaction::Arrive(participant, transport) => {
                    self.give_up_arrival(participant, transport, refusal);
                }
            }
        }
        for token in batch.reads {
            self.refuse(token, refusal.clone());
        }
    }

    /// The arrival was not stored, so its caller is refused and the connection serves nobody.
    fn give_up_arrival(&mut self, participant: ParticipantId, transport: u64, refusal: &Refusal) {
        let held = self.connections.get_mut(&participant);
        let Some(held) = held.filter(|held| held.transport == transport) else {
            return;
        };
        let tokens = held.entering.take().map(|entering| entering.tokens);
        let loss: Loss = held.loss_if_unused();
        held.lost = Some(loss);
        for token in tokens.unwrap_or_default() {
            self.refuse(token, refusal.clone());
        }
    }
}

const fn farewell(reason: LeaveReason) -> Farewell {
    match reason {
        LeaveReason::Left => Farewell::Left,
        LeaveReason::Removed => Farewell::Removed,
        LeaveReason::Banned => Farewell::Banned,
        LeaveReason::Expired => Farewell::ConnectionLost,
        LeaveReason::RoomClosed => Farewell::RoomClosed,
    }
}

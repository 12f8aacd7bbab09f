//! Coming in, and being lost: the conversation of a join, from the request to the answer.

use sideroom_control::{Actor, BreakoutError, Command, Outcome, Reoffer, Views};
use sideroom_route::{LostReason, ParticipantId};

use crate::action::Action;
use crate::connection::{Loss, SessionNumber};
use crate::cycle::{Batch, other_command};
use crate::machine::RoomMachine;
use crate::now::Now;
use crate::reaction::{Entry, Reaction};
use crate::request::{Admission, JoinAsk, Refusal, Response, Token};

impl RoomMachine {
    /// Lets somebody in, or back to their place. The same request again gets the same answer.
    pub(crate) fn apply_join(&mut self, batch: &mut Batch, token: Token, ask: JoinAsk) {
        let identity = &ask.join.identity;
        let known = self
            .room
            .as_ref()
            .and_then(|room| room.participant_id(identity));
        if let Some(participant) = known {
            match self.joined_before(batch, token, participant, &ask) {
                None => {}
                Some(reaction) => return batch.react(reaction),
            }
        } else {
            match ask.admission {
                Admission::Open => {
                    if let Err(error) = self.check_place() {
                        return batch.react(Reaction::Refuse(token, Refusal::Rule(error)));
                    }
                }
                Admission::Draining => {
                    return batch.react(Reaction::Refuse(token, Refusal::Draining));
                }
                Admission::Full => return batch.react(Reaction::Refuse(token, Refusal::NodeFull)),
            }
        }
        let publish = match ask.publish {
            true => ask.join.offers.clone(),
            false => Vec::new(),
        };
        let applied = match self.apply_own(Actor::System, Command::Join(ask.join)) {
            Ok(applied) => applied,
            Err(refusal) => return batch.react(Reaction::Refuse(token, refusal)),
        };
        let Outcome::Joined {
            participant,
            ref tracks,
            resumed,
            ..
        } = applied.outcome
        else {
            return batch.react(Reaction::Refuse(token, Refusal::Internal));
        };
        let entry = Entry {
            tokens: vec![token],
            participant,
            asked: ask.asked,
            tracks: tracks.clone(),
            publish,
            resumed,
        };
        self.note(batch, applied, Reaction::Enter(Box::new(entry)));
    }

    /// Refuses a newcomer beyond the operator's bound.
    fn check_place(&self) -> Result<(), BreakoutError> {
        let most = self.options.max_participants;
        let count = self
            .room
            .as_ref()
            .map_or(0, |room| room.participants().count());
        match u32::try_from(count).unwrap_or(u32::MAX) < most {
            true => Ok(()),
            false => Err(BreakoutError::RoomFull { most }),
        }
    }

    /// The reaction to a repeated request; `None` for a new request.
    fn joined_before(
        &mut self,
        batch: &mut Batch,
        token: Token,
        participant: ParticipantId,
        ask: &JoinAsk,
    ) -> Option<Reaction> {
        let entries = batch.changes.iter_mut().rev();
        let entry = entries
            .filter_map(|change| match &mut change.reaction {
                Reaction::Enter(entry) if entry.participant == participant => Some(entry),
                _ => None,
            })
            .next();
        if let Some(entry) = entry {
            return match (entry.asked.id == ask.asked.id, entry.asked == ask.asked) {
                (false, _) => None,
                (true, false) => Some(Reaction::Refuse(token, other_command().into())),
                (true, true) => {
                    entry.tokens.push(token);
                    Some(Reaction::None)
                }
            };
        }
        let held = self.connections.get_mut(&participant)?;
        if held.asked.id != ask.asked.id || !held.is_usable() {
            return None;
        }
        if held.asked != ask.asked {
            return Some(Reaction::Refuse(token, other_command().into()));
        }
        if let Some(entering) = &mut held.entering {
            entering.tokens.push(token);
            return Some(Reaction::None);
        }
        let response = Response::Joined {
            participant,
            session: held.session,
            resumed: held.resumed,
            repeated: true,
        };
        Some(Reaction::Reply(token, response))
    }

    /// A transport was made, or not.
    pub fn handle_transport(
        &mut self,
        now: Now,
        participant: ParticipantId,
        transport: u64,
        made: bool,
    ) {
        self.now = now;
        let held = self.connections.get_mut(&participant);
        let Some(held) = held.filter(|held| held.transport == transport) else {
            return;
        };
        if made {
            if let Some(entering) = &mut held.entering {
                entering.made = true;
            }
            self.duties.arrivals.push((participant, transport));
        } else {
            // A newcomer was never there. Whoever came back keeps the place, and may try again.
            let loss = held.loss_if_unused();
            self.lose(participant, loss);
        }
    }

    pub(crate) fn apply_arrivals(&mut self, batch: &mut Batch) {
        for (participant, transport) in std::mem::take(&mut self.duties.arrivals) {
            let held = self.connections.get(&participant);
            let Some(held) = held.filter(|held| held.transport == transport && held.is_usable())
            else {
                continue;
            };
            let entering = held.entering.as_ref();
            let kinds = entering.map_or_else(Vec::new, |entering| entering.publish.clone());
            for kind in kinds {
                let command = Command::Publish { participant, kind };
                // The token may not grant this kind; the join goes on without it.
                if let Ok(applied) = self.apply_own(Actor::Participant(participant), command) {
                    self.note(batch, applied, Reaction::None);
                }
            }
            batch.react(Reaction::Arrive(participant, transport));
        }
    }

    /// ICE and DTLS are up.
    pub fn handle_up(&mut self, now: Now, participant: ParticipantId, transport: u64) {
        self.now = now;
        let held = self.connections.get_mut(&participant);
        if let Some(held) = held.filter(|held| held.transport == transport && !held.up) {
            held.up = true;
            self.up += 1;
            let took = now.at.since(held.since);
            self.actions.push_back(Action::Up(participant, took));
        }
    }

    /// The media plane has lost a transport. True if it was the participant's present one.
    pub fn handle_lost(
        &mut self,
        now: Now,
        participant: ParticipantId,
        transport: u64,
        _reason: LostReason,
    ) -> bool {
        self.now = now;
        let held = self.connections.get(&participant);
        let current = held.is_some_and(|held| held.transport == transport);
        if current {
            self.lose(participant, Loss::Dropped);
        }
        current
    }

    /// A participant's signaling is gone for good.
    pub fn handle_disconnected(
        &mut self,
        now: Now,
        participant: ParticipantId,
        session: SessionNumber,
    ) {
        self.now = now;
        let held = self.connections.get(&participant);
        if held.is_some_and(|held| held.session == session) {
            self.lose(participant, Loss::Dropped);
        }
    }

    /// The answer to a join has reached nobody: its caller had gone.
    pub fn handle_undelivered(
        &mut self,
        now: Now,
        participant: ParticipantId,
        session: SessionNumber,
    ) {
        self.now = now;
        let held = self.connections.get(&participant);
        if let Some(held) = held.filter(|held| held.session == session && !held.up) {
            let loss = held.loss_if_unused();
            self.lose(participant, loss);
        }
    }

    /// The connection serves nobody from now on; the next cycle says so.
    fn lose(&mut self, participant: ParticipantId, loss: Loss) {
        if let Some(held) = self.connections.get_mut(&participant) {
            held.lost = Some(loss);
            self.duties.losses.insert(participant, loss);
        }
    }

    pub(crate) fn apply_losses(&mut self, batch: &mut Batch) {
        for (participant, loss) in std::mem::take(&mut self.duties.losses) {
            let command = match loss {
                Loss::Dropped => Command::Drop { participant },
                Loss::NeverThere => Command::Leave { participant },
            };
            match self.apply_own(Actor::System, command) {
                Ok(applied) => self.note(batch, applied, Reaction::Part(participant)),
                // Gone already, for another reason.
                Err(_) => batch.react(Reaction::Part(participant)),
            }
        }
    }

    /// A further offer: the room follows it first, then the transport.
    pub(crate) fn apply_reoffer(&mut self, batch: &mut Batch, token: Token, reoffer: Reoffer) {
        let participant = reoffer.participant;
        let held = self
            .room
            .as_ref()
            .and_then(|room| room.media_of(participant));
        let before = held.map(|(slots, offers)| Reoffer {
            participant,
            slots,
            offers,
        });
        let applied = self.apply_own(Actor::System, Command::Reoffer(reoffer));
        match (applied, before) {
            (Err(refusal), _) => batch.react(Reaction::Refuse(token, refusal)),
            (Ok(_), None) => batch.react(Reaction::Refuse(token, Refusal::Internal)),
            (Ok(applied), Some(before)) => {
                let tracks = match &applied.outcome {
                    Outcome::Joined { tracks, .. } => tracks.clone(),
                    _ => Vec::new(),
                };
                let reaction = Reaction::Renegotiate {
                    token,
                    participant,
                    tracks,
                    before: Box::new(before),
                };
                self.note(batch, applied, reaction);
            }
        }
    }

    /// A further offer was answered by the transport, or not.
    pub fn handle_renegotiated(&mut self, now: Now, token: Token, done: bool) {
        self.now = now;
        let Some(before) = self.offers.remove(&token) else {
            return;
        };
        if done {
            let reply = Action::Reply(token, Ok(Response::Reoffered));
            self.actions.push_back(reply);
        } else {
            self.duties.undone_offers.push((token, before));
        }
    }

    /// Reverts the changes of offers that the transport refused.
    pub(crate) fn undo_offers(&mut self, batch: &mut Batch) {
        for (token, before) in std::mem::take(&mut self.duties.undone_offers) {
            let refuse = Reaction::Refuse(token, Refusal::NoTransport);
            match self.apply_own(Actor::System, Command::Reoffer(before)) {
                Ok(applied) => self.note(batch, applied, refuse),
                Err(_) => batch.react(refuse),
            }
        }
    }

    pub(crate) fn apply_views(
        &mut self,
        batch: &mut Batch,
        token: Token,
        participant: ParticipantId,
        views: Views,
    ) {
        let Some(room) = &mut self.room else { return };
        match room.set_views(participant, views) {
            Err(error) => batch.react(Reaction::Refuse(token, error.into())),
            Ok(update) => batch.update(update, Reaction::Reply(token, Response::ViewsSet)),
        }
    }
}

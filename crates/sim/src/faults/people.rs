//! Answers that reach callers, callers that vanish, and people who hang up.

use std::time::Duration;

use sideroom_room::{Response, Token};
use sideroom_route::ParticipantId;

use super::Plant;
use super::callers::{Answered, Ask, Call, Receipt, Session};
use super::plane::Making;
use super::world::{FaultWorld, Happening};
use crate::step::Violation;

/// Answers that are kept to be asked for again.
const REPEATABLE: usize = 64;

impl FaultWorld {
    /// An answer reaches its caller, if they are there still.
    pub(super) fn reach(&mut self, token: Token) -> Result<(), Violation> {
        let Some(call) = self.callers.calls.remove(&token) else {
            return Ok(());
        };
        let Some(Ok(response)) = call.answer.clone() else {
            return Ok(());
        };
        match (&call.ask, response) {
            (
                Ask::Command {
                    actor,
                    request,
                    command,
                },
                Response::Answer {
                    outcome,
                    repeated: false,
                    ..
                },
            ) if call.asked_at > self.callers.jumped_at => self.remember(Answered {
                slot: call.slot,
                room: self
                    .hosts
                    .get(call.slot)
                    .map_or(sideroom_route::RoomId(0), |host| host.id),
                actor: *actor,
                request: *request,
                command: command.clone(),
                outcome,
                at: self.now,
            }),
            (Ask::Join { identity, .. }, joined @ Response::Joined { .. }) => {
                let identity = identity.clone();
                return self.deliver(&call, &identity, &joined);
            }
            _ => {}
        }
        Ok(())
    }

    fn remember(&mut self, answered: Answered) {
        if self.callers.answered.len() == REPEATABLE {
            self.callers.answered.remove(0);
        }
        self.callers.answered.push(answered);
    }

    /// The answer to a join, which is accepted or has reached nobody.
    fn deliver(&mut self, call: &Call, identity: &str, joined: &Response) -> Result<(), Violation> {
        let Response::Joined {
            participant,
            session,
            ..
        } = *joined
        else {
            return Ok(());
        };
        let (slot, life) = (call.slot, call.life);
        let key = (participant, session);
        let Some(receipt) = self.callers.receipts.get_mut(&key) else {
            return Ok(());
        };
        receipt.under_way -= 1;
        if !call.vanished {
            receipt.accepted = true;
            let held = Session {
                slot,
                life,
                participant,
                session,
            };
            let newest = self.callers.sessions.entry(identity.to_owned());
            let newest = newest.or_insert(held);
            // Answers may overtake each other.
            if newest.session < session || newest.life != life {
                *newest = held;
            }
        }
        let Receipt {
            under_way,
            accepted,
            ..
        } = *receipt;
        if !call.vanished {
            self.come_up(call, participant);
        }
        if under_way > 0 {
            return Ok(());
        }
        self.callers.receipts.remove(&key);
        let current = self.hosts.get(slot).is_some_and(|host| host.life == life);
        let newer = self.callers.sessions.get(identity);
        let newer = newer.is_some_and(|held| held.session > session);
        if !accepted && current && !newer && !self.waits(identity) {
            // The answer has replaced the session of before, and has reached nobody.
            self.callers.sessions.remove(identity);
            let vanished = (slot, self.now);
            self.callers.vanished.insert(identity.to_owned(), vanished);
        }
        if accepted || !current || self.plant == Some(Plant::IgnoreHangUps) {
            return Ok(());
        }
        self.input(slot, |machine, now| {
            machine.handle_undelivered(now, participant, session);
        })
    }

    /// A caller hangs up before the answer.
    pub(super) fn vanish(&mut self, token: Token) -> Result<(), Violation> {
        let now = self.now;
        let Some(call) = self.callers.calls.get_mut(&token) else {
            return Ok(());
        };
        if call.vanished {
            return Ok(());
        }
        call.vanished = true;
        self.report.vanished += 1;
        let (slot, ask) = (call.slot, call.ask.clone());
        if let Ask::Join { identity, .. } = ask {
            let waits = self.waits(&identity);
            // A session from before was replaced, or is theirs still: then somebody is there.
            let session = self.callers.sessions.contains_key(&identity);
            if !waits && !session {
                self.callers.vanished.insert(identity, (slot, now));
            }
        }
        Ok(())
    }

    /// A client that has the answer connects, mostly.
    fn come_up(&mut self, call: &Call, participant: ParticipantId) {
        let machine = self.machine(call.slot);
        let held = machine.and_then(|machine| machine.connection(participant));
        let Some(transport) = held.map(|held| held.transport) else {
            return;
        };
        let making = Making {
            asker: (call.slot, call.life),
            participant,
            transport,
        };
        if self.chance.happens(0.95) {
            let late = Duration::from_millis(20 + self.chance.below(300));
            self.happens_in(late, Happening::Up(making));
        }
    }

    /// A caller waits for this person to be let in.
    fn waits(&self, identity: &str) -> bool {
        let same =
            |call: &Call| matches!(&call.ask, Ask::Join { identity: held, .. } if held == identity);
        let mut calls = self.callers.calls.values();
        calls.any(|call| same(call) && !call.vanished)
    }

    /// A person's signaling connection ends for good.
    pub(super) fn hang_up(&mut self, identity: &str) -> Result<(), Violation> {
        let Some(held) = self.callers.sessions.remove(identity) else {
            return Ok(());
        };
        let current = self.hosts.get(held.slot);
        if current.is_none_or(|host| host.life != held.life) {
            return Ok(());
        }
        let waits = self.waits(identity);
        if !waits {
            let now = self.now;
            let vanished = (held.slot, now);
            self.callers.vanished.insert(identity.to_owned(), vanished);
        }
        self.input(held.slot, |machine, now| {
            machine.handle_disconnected(now, held.participant, held.session);
        })
    }
}

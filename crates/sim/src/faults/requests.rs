//! Sends requests to rooms, by callers who may vanish at any moment, and repeats answered ones.

use std::time::Duration;

use sideroom_control::{
    Actor, Command, Digest, KeyId, Outcome, Reoffer, RequestId, Room, SlotPool,
};
use sideroom_room::{Asked, Order, Request, Token};
use sideroom_route::{ParticipantId, TrackKind};

use super::Plant;
use super::callers::{Answered, Ask, Call};
use super::world::{FaultWorld, Happening};
use crate::step::Violation;

/// A request is repeated within this.
const REPEAT_WITHIN: Duration = Duration::from_secs(120);

impl FaultWorld {
    pub(super) fn asked(&mut self) -> Asked {
        let request = self.callers.request();
        Asked {
            id: request_id(request),
            body: Digest([0; 32]),
        }
    }

    /// A caller gives a room a request, and may vanish at any moment.
    pub(super) fn give(
        &mut self,
        slot: usize,
        ask: Ask,
        expected: Option<Outcome>,
        request: Request,
    ) -> Result<(), Violation> {
        let Some(host) = self.hosts.get(slot) else {
            return Ok(());
        };
        if host
            .machine
            .as_ref()
            .is_none_or(|machine| machine.capacity() == 0)
        {
            return Ok(());
        }
        let life = host.life;
        self.note(format!("room {slot}: {ask:?}"));
        let call = Call {
            slot,
            life,
            ask,
            asked_at: self.now,
            vanished: false,
            answer: None,
            expected,
        };
        let token = self.callers.add(call);
        match self.chance.below(10) {
            0 => self.vanish_within(token, 5_000),
            1 => self.vanish_within(token, 2_000_000),
            _ => {}
        }
        if self.plant == Some(Plant::OneLoop) {
            self.wait_for_publications()?;
        }
        self.input(slot, |machine, now| {
            machine.handle_request(now, token, request)
        })
    }

    /// A loop of all rooms takes nothing while a publication of any of them is under way.
    fn wait_for_publications(&mut self) -> Result<(), Violation> {
        let until = self.now + Duration::from_millis(600);
        let busy = |world: &Self| world.hosts.iter().any(|host| host.publishing.is_some());
        while busy(self) && self.now < until {
            self.run_until(self.now + Duration::from_millis(1))?;
        }
        Ok(())
    }

    pub(super) fn vanish_within(&mut self, token: Token, micros: u64) {
        let wait = Duration::from_micros(self.chance.below(micros));
        self.happens_in(wait, Happening::Vanish(token));
    }

    pub(super) fn room_of(&self, slot: usize) -> Option<&Room> {
        self.hosts.get(slot)?.machine.as_ref()?.room()
    }

    /// A participant of the room.
    pub(super) fn somebody(&mut self, slot: usize) -> Option<ParticipantId> {
        let all: Vec<_> = self.room_of(slot)?.participants().collect();
        self.chance.pick(&all).copied()
    }

    pub(super) fn key(&mut self) -> Actor {
        let name = if self.chance.happens(0.5) {
            "one"
        } else {
            "two"
        };
        Actor::Key(KeyId::new(name).expect("invariant: the name is short"))
    }

    /// A request that was answered comes again.
    pub(super) fn again(&mut self) -> Result<(), Violation> {
        let Some(answered) = self.chance.pick(&self.callers.answered).cloned() else {
            return Ok(());
        };
        let Answered {
            slot,
            room,
            actor,
            request,
            command,
            outcome,
            at,
        } = answered;
        let same = self.hosts.get(slot).is_some_and(|host| host.id == room);
        if !same || self.now.since(at) > REPEAT_WITHIN {
            return Ok(());
        }
        let ask = Ask::Command {
            actor,
            request,
            command: command.clone(),
        };
        self.give(slot, ask, Some(outcome), order(actor, request, command))
    }

    pub(super) fn ask(&mut self, ask: Ask) -> Result<(), Violation> {
        let slot = self.slot();
        let request = match ask {
            Ask::Close => {
                let request = self.callers.request();
                let Request::Command(close) = order(self.key(), request, Command::CloseRoom) else {
                    return Ok(());
                };
                Request::Close(close)
            }
            Ask::Read => Request::Read,
            Ask::Views => {
                let Some(participant) = self.somebody(slot) else {
                    return Ok(());
                };
                Request::SetViews(participant, Box::default())
            }
            _ => {
                let Some(participant) = self.somebody(slot) else {
                    return Ok(());
                };
                let video = self.chance.below(4) as u8;
                Request::Reoffer(Box::new(Reoffer {
                    participant,
                    slots: SlotPool { audio: 3, video },
                    offers: vec![TrackKind::Audio, TrackKind::Camera],
                }))
            }
        };
        self.give(slot, ask, None, request)
    }
}

pub(super) fn request_id(request: u64) -> RequestId {
    RequestId::new(&request.to_string()).expect("invariant: a number is short")
}

pub(super) fn order(actor: Actor, request: u64, command: Command) -> Request {
    Request::Command(Order {
        actor,
        request_id: request_id(request),
        expected: None,
        command,
    })
}

//! Callers, who may vanish at any moment, and what they were answered.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_control::{Actor, Command, Outcome};
use sideroom_room::{Refusal, Response, SessionNumber, Token};
use sideroom_route::{ParticipantId, RoomId, Time};

/// A caller's request.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Create,
    Command {
        actor: Actor,
        request: u64,
        command: Command,
    },
    Join {
        identity: String,
        request: u64,
    },
    Reoffer,
    Views,
    Read,
    Close,
}

/// A caller who waits for an answer.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub slot: usize,
    pub life: u64,
    pub ask: Ask,
    pub asked_at: Time,
    pub vanished: bool,
    /// The answer, on its way.
    pub answer: Option<Result<Response, Refusal>>,
    /// The answer that a repeated request must get.
    pub expected: Option<Outcome>,
}

/// A command that was answered, to be repeated.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub slot: usize,
    pub room: RoomId,
    pub actor: Actor,
    pub request: u64,
    pub command: Command,
    pub outcome: Outcome,
    pub at: Time,
}

/// Shared by the answers to one join and its repetitions.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Receipt {
    pub slot: usize,
    pub under_way: u32,
    pub accepted: bool,
}

/// A person whose client has the answer to their join.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub slot: usize,
    pub life: u64,
    pub participant: ParticipantId,
    pub session: SessionNumber,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Callers {
    next: u64,
    pub calls: BTreeMap<Token, Call>,
    pub answered: Vec<Answered>,
    /// Requests from before this are remembered by another calendar.
    pub jumped_at: Time,
    pub receipts: BTreeMap<(ParticipantId, SessionNumber), Receipt>,
    pub sessions: BTreeMap<String, Session>,
    /// People whose last caller has vanished, and since when nobody waits for them.
    pub vanished: BTreeMap<String, (usize, Time)>,
    /// Callers that were told of a panic: what the machine answers them is for nobody.
    pub given_up: BTreeSet<Token>,
    pub next_request: u64,
    pub next_identity: u64,
}

impl Callers {
    pub(super) fn add(&mut self, call: Call) -> Token {
        self.next += 1;
        let token = Token(self.next);
        self.calls.insert(token, call);
        token
    }

    pub(super) fn request(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request
    }

    /// The life of a room's place is over: its callers learn that from their connections.
    pub(super) fn forget(&mut self, slot: usize) {
        self.calls.retain(|_, call| call.slot != slot);
        self.sessions.retain(|_, session| session.slot != slot);
        self.vanished.retain(|_, (of, _)| *of != slot);
        self.receipts.retain(|_, receipt| receipt.slot != slot);
    }

    /// Callers of a room that were not answered yet.
    pub(super) fn waiting(&self, slot: usize) -> Vec<Token> {
        let of_room = self.calls.iter();
        let of_room = of_room.filter(|(_, call)| call.slot == slot && call.answer.is_none());
        of_room.map(|(token, _)| *token).collect()
    }
}
